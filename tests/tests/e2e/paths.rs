//! Every request target of the shared vectors against a fixed document root: the right file or the right refusal, no
//! secret, no open redirect, and one log line each with the right substatus. They are read where they are.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::harness::client::Response;
use crate::harness::config::{document, location, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;

/// Files that may be seen; each holds its own name.
const PUBLIC: &[&str] = &[
    "index.html",
    "a.txt",
    "dir/index.html",
    "dir/b.txt",
    "sp ace.txt",
    "plus+.txt",
    "semi;colon.txt",
    "per%cent.txt",
    "uni-é.txt",
    "a..b.txt",
    "..foo.txt",
    ".well-known/acme-challenge/tok",
    "a.txt.gz",
    "a.txt~",
    "growing.log",
    "src/x.unknownext",
    "nolist/x.txt",
];

/// Files that may not.
const SECRET: &[&str] = &[
    ".env",
    ".git/config",
    ".git/HEAD",
    ".htaccess",
    ".DS_Store",
    "dir/.hidden",
    ".svn/entries",
    ".ssh/id_ed25519",
    ".a.txt.swp",
    ".well-known-x/y",
    "web.config",
    "dir/web.config",
    "bin/app.dll",
    "dir/bin/app.dll",
    "App_Data/x.mdf",
    "App_Code/x.cs",
    "src/x.cs",
    "src/other.config",
    "src/x.mdb",
    "Global.asax",
    "noperm.txt",
    "noperm/x.txt",
];

const LINKS: &[(&str, &str)] = &[
    ("link-in", "a.txt"),
    ("dirlink-in", "dir"),
    ("link-out", "../outside/secret.txt"),
    ("dirlink-out", "../outside"),
    ("link-abs", "/etc/hostname"),
    ("link-loop", "link-loop"),
    ("link-dangling", "nope"),
    ("link-zero", "/dev/zero"),
    ("link-proc", "/proc/self/environ"),
];

/// One row: what is asked for, and what may come of it.
struct Row {
    id: String,
    group: String,
    target: String,
    expect: String,
}

/// The rows; `None` where the shared folder is absent.
fn rows() -> Option<Vec<Row>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("DOORWARD_SHARED").map_or_else(beside, PathBuf::from);
    let text = fs::read_to_string(shared.join("vectors/paths.tsv")).ok()?;
    let row = |line: &str| {
        let cells: Vec<_> = line.split('\t').map(str::to_owned).collect();
        let [id, group, target, expect, ..] = &*cells else { panic!("not a row: {line:?}") };
        Row { id: id.clone(), group: group.clone(), target: target.clone(), expect: expect.clone() }
    };
    Some(text.lines().skip(1).map(row).collect())
}

/// A server without rights on the fixture, with no configured media types.
fn start(test: &str, rest: &str) -> Doorward {
    let frame = document(&site(1, "site", &["http/{NET}.2:{PORT}:"]), rest);
    // The frame's own short list would turn the fixture's names away.
    let (before, after) = frame.split_once("<staticContent>").unwrap();
    let after = after.split_once("</staticContent>").unwrap().1;
    // First, for it changes the owner of everything there is, also of what links lead to.
    let mut home = Home::of(test).unprivileged().config(&format!("{before}{after}"));
    for name in PUBLIC {
        home = home.file(&format!("site/{name}"), format!("FILE {name}\n"));
    }
    for name in SECRET {
        // A `web.config` is read for its settings: one that is no XML would answer 500.19 for all of its folder.
        let content = if name.ends_with("web.config") {
            format!("<!-- TOPSECRET {name} -->\n<configuration />\n")
        } else {
            format!("TOPSECRET {name}\n")
        };
        home = home.file(&format!("site/{name}"), content);
    }
    home = home.file("outside/secret.txt", "TOPSECRET").file("site-private/secret.txt", "TOPSECRET");
    home = home.sparse_file("site/sparse.bin", 8 << 30);
    let root = home.path("www/site");
    for (name, target) in LINKS {
        symlink(target, root.join(name)).unwrap();
    }
    mknodat(CWD, root.join("fifo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    drop(UnixListener::bind(root.join("sock")).unwrap());
    let allow = |name: &str, bits| fs::set_permissions(root.join(name), Permissions::from_mode(bits)).unwrap();
    allow("noperm.txt", 0);
    allow("noperm", 0o644);
    let mut command = home.command();
    // One thread, so that lines are in the order of the requests.
    command.args(["run", "--threads", "1"]);
    home.start_as(command)
}

fn ask(front: &Doorward, row: &Row) -> Response {
    let method = if row.id == "sparse" { "HEAD" } else { "GET" };
    let mut connection = front.net.client(0).connect(front.net.at(2)).unwrap();
    connection
        .send(&format!("{method} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", row.target))
        .unwrap();
    let answer = if method == "HEAD" { connection.receive_head() } else { connection.receive() };
    answer.unwrap_or_else(|error| panic!("{}: {error}", row.id))
}

/// The alternative that fits: status, then file or location.
fn fits(expect: &str, row: &Row, answer: &Response) -> bool {
    let (code, detail) = expect.split_once(' ').map_or((expect, None), |(code, detail)| (code, Some(detail)));
    let status: u16 = code.split('.').next().unwrap().parse().unwrap();
    answer.status == status
        && match (status, detail) {
            (301, Some(location)) => answer.header("location") == Some(location),
            (200, Some(file)) => row.id == "sparse" || answer.text() == format!("FILE {file}\n"),
            _ => true,
        }
}

/// What is wrong whatever was expected.
fn is_dangerous(answer: &Response) -> bool {
    let location = answer.header("location").unwrap_or_default();
    answer.text().contains("TOPSECRET")
        || (answer.status >= 500 && answer.status != 505)
        || location.starts_with("//")
        || location.starts_with("/\\")
        || answer.header("x-injected").is_some()
}

fn check_rows(front: &Doorward, rows: &[Row]) {
    let mut wrong = Vec::new();
    let mut logged = Vec::new();
    for row in rows {
        let answer = ask(front, row);
        let chosen = row.expect.split('|').find(|expect| fits(expect, row, &answer));
        if chosen.is_none() || is_dangerous(&answer) {
            let got = answer.header("location").unwrap_or_default();
            wrong.push(format!("{}: want {}, got {} {got}", row.id, row.expect, answer.status));
        }
        // The pages of a refusal before a site was chosen: such requests stand in HTTPERR.
        if answer.header("content-type") != Some("text/html; charset=us-ascii") {
            logged.push((row, answer.status, chosen.unwrap_or_default()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let lines = front.w3c(1, logged.len());
    for (line, (row, status, chosen)) in lines.iter().zip(logged) {
        let told = format!("{}.{}", line.field("sc-status"), line.field("sc-substatus"));
        assert!(told.starts_with(&status.to_string()), "{}: {status}, logged as {told}", row.id);
        let is_exact = chosen.contains('.') && !chosen.contains(' ') && !row.expect.contains('|');
        assert!(!is_exact || told == chosen, "{}: want {chosen}, logged as {told}", row.id);
    }
}

#[test]
fn every_path_of_the_vectors() {
    let Some(rows) = rows() else {
        println!("SKIP(shared): every_path_of_the_vectors");
        return;
    };
    let front = start("every_path_of_the_vectors", "");
    let (routes, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.group == "route");
    assert!(rows.len() > 200 && routes.len() > 20);
    check_rows(&front, &rows);
}

#[test]
fn a_denied_folder_is_denied_in_every_spelling() {
    let Some(rows) = rows() else {
        println!("SKIP(shared): a_denied_folder_is_denied_in_every_spelling");
        return;
    };
    let denied = location("site/dir", "<security><ipSecurity allowUnlisted=\"false\" /></security>");
    let front = start("a_denied_folder_is_denied_in_every_spelling", &denied);
    let routes: Vec<_> = rows.into_iter().filter(|row| row.group == "route").collect();
    check_rows(&front, &routes);
}
