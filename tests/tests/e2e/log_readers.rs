//! Other people's programs over our logs: none turns a line away, and their totals are what the clients saw.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::harness::config::{document, dynamic, location, rate, site_with};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::log_file;
use crate::harness::peer::find;
use crate::harness::wait_until;
use crate::harness::wall_clock::epoch;

/// A day of requests: each of these once an hour, to each site. `{LONG}` is a value too long for a log.
const MIXED: [&str; 24] = [
    "GET / HTTP/1.1\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    "GET /a.txt HTTP/1.1\nUser-Agent: curl/7.88.1\nReferer: http://shop.test/?q=a b",
    "GET /none%23such?x=%22q%22&y=1%2B2 HTTP/1.1",
    "GET /a.txt HTTP/1.1\nIf-None-Match: *",
    "GET /a.txt HTTP/1.1\nRange: bytes=1-3\nUser-Agent: x \"y\" # 'z' ; |",
    "GET /a.txt HTTP/1.1\nRange: bytes=900-",
    "GET /a.txt HTTP/1.1\nIf-Match: \"other\"",
    "HEAD /a.txt HTTP/1.1\nUser-Agent: -",
    "GET /caf%C3%A9.txt HTTP/1.1\nUser-Agent: caf\u{e9} \u{4e2d}\u{6587} \u{202e}x",
    "GET /none%20such%22.html HTTP/1.1\nReferer: -",
    "GET /folder HTTP/1.1\nUser-Agent: NaN",
    "GET /folder/ HTTP/1.1\nUser-Agent: null",
    "GET /web.config HTTP/1.1\nUser-Agent: \"",
    "GET /bin/x.dll HTTP/1.1\nReferer: \"\"",
    "GET /a.unknown HTTP/1.1\nCookie: a=1; b=2",
    "DELETE /a.txt HTTP/1.1",
    "OPTIONS /a.txt HTTP/1.1",
    "POST /a.txt HTTP/1.1\nContent-Length: 0",
    "GET /a.txt?{LONG} HTTP/1.1",
    "GET /a.txt HTTP/1.1\nUser-Agent: {LONG}\nReferer: {LONG}",
    "GET /limited/a.txt HTTP/1.1\nUser-Agent: hammer",
    "GET /limited/a.txt HTTP/1.1\nUser-Agent: hammer",
    "GET /limited/a.txt HTTP/1.1\nUser-Agent: hammer",
    "GET /%2e/a.txt?%20%0d%0a HTTP/1.1\nUser-Agent:\tx\ty",
];

/// How often each status came.
type Totals = BTreeMap<String, usize>;

/// Asks for a day's mix at each site; gives what came, which both sites have to agree on.
fn a_day(test: &str) -> (Doorward, Totals) {
    let sites = site_with(1, "w3c", &["http/{NET}.2:{PORT}:"], "")
        + &site_with(2, "ncsa", &["http/{NET}.3:{PORT}:"], "<logFile logFormat=\"NCSA\" />");
    let limit = |site: &str| location(&format!("{site}/limited"), &dynamic("", &rate(2, 3_600_000)));
    let mut home = Home::of(test).config(&document(&sites, &(limit("w3c") + &limit("ncsa"))));
    for name in ["index.html", "a.txt", "caf\u{e9}.txt", "folder/index.html", "limited/a.txt", "a.unknown"] {
        home = home.file(&format!("w3c/{name}"), "0123456789").file(&format!("ncsa/{name}"), "0123456789");
    }
    let (front, clock) = home.start_with_clock(&epoch("2026-10-24T00:00:00Z"), "UTC");
    let mut totals = [Totals::new(), Totals::new()];
    for hour in 0..24 {
        clock.set(&epoch(&format!("2026-10-24T{hour:02}:59:59Z")));
        for (site, totals) in totals.iter_mut().enumerate() {
            for request in MIXED {
                *totals.entry(ask(&front, 2 + site as u8, request).to_string()).or_default() += 1;
            }
        }
    }
    let [w3c, ncsa] = totals;
    assert_eq!(w3c, ncsa);
    wait_until("all lines", || (lines(&front, 1) == lines(&front, 2) && lines(&front, 1) == 576).then_some(()));
    (front, w3c)
}

fn ask(front: &Doorward, host: u8, request: &str) -> u16 {
    let request = request.replace("{LONG}", &"l".repeat(4200)).replace('\n', "\r\n");
    let mut connection = front.net.client(0).connect(front.net.at(host)).unwrap();
    connection.send(&format!("{request}\r\nHost: x\r\nConnection: close\r\n\r\n")).unwrap();
    connection.receive_head().unwrap_or_else(|error| panic!("{request}: {error}")).status
}

fn log_text(front: &Doorward, site_id: u32) -> String {
    let files = log_file::files(&front.log_folder(site_id));
    assert!(files.len() < 2, "one day, one file: {files:?}");
    files.first().map(|file| fs::read_to_string(file).unwrap()).unwrap_or_default()
}

/// Records in a site's log.
fn lines(front: &Doorward, site_id: u32) -> usize {
    log_text(front, site_id).lines().filter(|line| !line.starts_with('#')).count()
}

/// What goaccess makes of a log: valid and failed requests, and how often each status came.
fn goaccess(log: &Path, format: &str) -> (u64, u64, Totals) {
    let report = log.with_extension("json");
    let mut command = Command::new(find("goaccess", "goaccess"));
    command.arg(log).args(["--no-global-config", "--log-format", format, "-o"]).arg(&report);
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {done:?}");
    let told: Value = serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
    fs::remove_file(&report).unwrap();
    let number = |name: &str| told["general"][name].as_u64().unwrap();
    let families = told["status_codes"]["data"].as_array().unwrap();
    let codes = families.iter().flat_map(|family| family["items"].as_array().unwrap());
    let total = |code: &Value| {
        let status = code["data"].as_str().unwrap()[..3].to_owned();
        (status, code["hits"]["count"].as_u64().unwrap() as usize)
    };
    (number("valid_requests"), number("failed_requests"), codes.map(total).collect())
}

#[test]
fn goaccess_reads_every_line() {
    let (front, totals) = a_day("goaccess_reads_every_line");
    let all = totals.values().sum::<usize>() as u64;
    for (site_id, format) in [(1, "W3C"), (2, "COMMON")] {
        let log = &log_file::files(&front.log_folder(site_id))[0];
        assert_eq!(goaccess(log, format), (all, 0, totals.clone()), "{format}");
    }
}

/// The first block of a language in the documentation of logs.
fn documented(language: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = fs::read_to_string(folder.join("docs/logs.md")).unwrap();
    let (_, rest) = text.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn pandas_reads_every_line_by_the_documented_recipe() {
    let (front, totals) = a_day("pandas_reads_every_line_by_the_documented_recipe");
    let log = &log_file::files(&front.log_folder(1))[0];
    let more = r#"
print("Totals:", *(f"{status} {count}" for status, count in log.groupby("sc-status").size().items()), sep="\n")
print("Agents:", log["cs(User-Agent)"].isna().sum(), (log["cs(User-Agent)"] == "NaN").sum())
"#;
    let program = front.path("recipe.py");
    fs::write(&program, documented("python") + more).unwrap();
    let mut command = Command::new(find("python3", "python3"));
    let done = command.arg(&program).arg(log).output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{done:?}");
    let read = text.split_once("Totals:\n").unwrap().1.lines().filter_map(|line| line.split_once(' '));
    let read = read.filter_map(|(status, count)| Some((status.to_owned(), count.parse().ok()?)));
    assert_eq!(read.collect::<Totals>(), totals, "{text}");
    let without = MIXED.iter().filter(|request| !request.contains("User-Agent") || request.ends_with("Agent: -"));
    assert!(text.contains(&format!("Agents: {} 24\n", 24 * without.count())), "{text}");
}

#[test]
fn logrotate_turns_files_by_the_documented_recipe() {
    let log = "<logFile period=\"MaxSize\" truncateSize=\"4294967295\" />";
    let front = Home::of("logrotate_turns_files_by_the_documented_recipe")
        .config(&document(&site_with(1, "shop", &["http/{NET}.2:{PORT}:"], log), ""))
        .start();
    let own = front.command();
    let own: Vec<_> =
        [own.get_program()].into_iter().chain(own.get_args()).map(|word| word.to_str().unwrap()).collect();
    let recipe = documented("logrotate")
        .replace("/var/log/doorward", front.path("home/logs").to_str().unwrap())
        .replace("        doorward ", &format!("        {} ", own.join(" ")));
    let settings = front.path("logrotate.conf");
    fs::write(&settings, recipe).unwrap();
    let ask_and_turn = |path: &str| {
        front.net.client(0).get(front.net.at(2), path);
        let current = front.log_folder(1).join("u_extend1.log");
        wait_until(path, || fs::read_to_string(&current).ok().filter(|text| text.contains(path)));
        let mut command = Command::new(find("logrotate", "logrotate"));
        let done = command.args(["--force", "--state"]).arg(front.path("state")).arg(&settings).output().unwrap();
        assert!(done.status.success() && done.stderr.is_empty(), "{done:?}");
    };
    ["/first", "/second", "/third"].into_iter().for_each(ask_and_turn);
    let names = log_file::files(&front.log_folder(1));
    let names: Vec<_> = names.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["u_extend1.log.1", "u_extend1.log.2.gz", "u_extend1.log.3.gz"]);
    let last = log_file::files(&front.log_folder(1)).remove(0);
    assert!(fs::read_to_string(last).unwrap().starts_with("#Software: "), "every file has its header");
}
