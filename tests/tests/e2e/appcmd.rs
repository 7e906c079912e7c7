//! IIS's command at work on a running server, and without one.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::config::{document, proxy, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::{Home, binary, finish};
use crate::harness::net::Net;
use crate::harness::root_or_skip;
use crate::harness::upstream::Upstream;

#[path = "../../../crates/doors/tests/cases/mod.rs"]
mod cases;

use cases::Case;

const STOCK: &str = include_str!("../../../crates/doors/tests/cases/stock.config");
/// The process that the cases name.
const PRETENDED_PID: &str = "4711";

/// `http.config` that keeps `*` bindings on the test's own address.
const LISTEN: &str = "<httpService><ipListen><add address=\"{NET}.2\"/></ipListen></httpService>";

#[test]
fn every_appcmd_case_against_a_running_doorward() {
    let own = "every_appcmd_case_against_a_running_doorward";
    // The cases' sites are on port 80.
    if !root_or_skip(own) {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/doors/tests/cases");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.file_name().unwrap().to_string_lossy().starts_with("appcmd_") {
            continue;
        }
        let text = cases::with_server(&fs::read_to_string(&path).unwrap());
        let found = cases::rewritten(&text, &mut |case| {
            count += 1;
            run(case, Net::of(own))
        });
        assert!(found == text, "{}\n{}", path.display(), cases::difference(&text, &found));
    }
    assert!(count > 50, "only {count} cases");
}

/// Runs the commands of a case on a server of its own: what each printed, and what changed on disk.
fn run(case: &Case, net: Net) -> (Vec<String>, String) {
    let home = Home::on(net).config(STOCK).http_config(LISTEN);
    let folder = home.path("home");
    fs::create_dir_all(folder.join("drives/c/inetpub/wwwroot")).unwrap();
    for (name, text) in &case.files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let before = cases::contents(&folder);
    let front = home.start();
    let printed = case.commands.iter().map(|command| piped(&front, &command.pipe)).collect();
    (printed, cases::changes(&before, &cases::contents(&folder)))
}

/// What the last command of a pipe printed, and its exit code as the cases write it.
fn piped(front: &Doorward, pipe: &[Vec<String>]) -> String {
    let (mut input, mut code) = (Vec::new(), 0);
    for words in pipe {
        let mut command = front.command();
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(&input).unwrap();
        let output = child.wait_with_output().unwrap();
        (input, code) = (output.stdout, output.status.code().unwrap());
    }
    let text = String::from_utf8(input).unwrap();
    let text = text.replace(&front.path("home").display().to_string(), "HOME");
    format!("{}exit {code}\n", text.replace(&front.pid().to_string(), PRETENDED_PID))
}

#[test]
fn a_change_by_appcmd_is_served_at_once() {
    let net = Net::of("a_change_by_appcmd_is_served_at_once");
    let sites = site(1, "one", &["http/{NET}.2:{PORT}:"]);
    let front =
        Home::on(net).config(&document(&sites, "")).file("one/index.html", "one").file("two/index.html", "two").start();
    let appcmd = |words: &[&str]| front.cli(&[&["appcmd"], words].concat());
    let get = |host: u8| net.client(0).get(net.at(host), "/");
    appcmd(&["add", "site", "/name:two", "/bindings:http/{NET}.3:{PORT}:", "/physicalPath:{WWW}/two"]).expect_ok();
    assert_eq!(get(3).text(), "two");
    appcmd(&["stop", "site", "two"]).expect_ok();
    assert!(net.client(0).is_refused(net.at(3)));
    let listed = appcmd(&["list", "sites", "/text:state"]).expect_ok();
    assert_eq!(listed, "Started\nStopped\n");
    appcmd(&["start", "site", "/site.name:two"]).expect_ok();
    // A section of the server's file, then one of the folder's own.
    let redirect = ["set", "config", "two", "/section:httpRedirect", "/enabled:true", "/destination:http://x.test/"];
    appcmd(&[&redirect[..], &["/commit:apphost"]].concat()).expect_ok();
    assert_eq!(get(3).status, 302);
    appcmd(&["set", "config", "two", "/section:httpRedirect", "/enabled:false"]).expect_ok();
    assert_eq!(get(3).text(), "two");
    assert!(front.path("www/two/web.config").exists());
    // What is refused changes nothing.
    let before = fs::read_to_string(front.config_file()).unwrap();
    let refused = appcmd(&["set", "config", "/section:sites", "/[name='two'].limits.maxBandwidth:5"]);
    assert_eq!((refused.code, &*get(3).text()), (13, "two"));
    assert_eq!(fs::read_to_string(front.config_file()).unwrap(), before);
    appcmd(&["delete", "site", "two"]).expect_ok();
    assert!(net.client(0).is_refused(net.at(3)));
    assert_eq!(get(2).text(), "one");
}

#[test]
fn appcmd_tells_requests_in_progress() {
    let net = Net::of("appcmd_tells_requests_in_progress");
    let upstream = Upstream::start(net.ip(9));
    let sites = site(7, "one", &["http/{NET}.2:{PORT}:"]);
    let front = Home::on(net).config(&document(&sites, &proxy("one", &upstream.url()))).start();
    let list = |filter: &[&str]| front.cli(&[&["appcmd", "list", "requests"], filter].concat()).expect_ok();
    assert_eq!(list(&[]), "");
    let mut waiting = net.client(0).connect(net.at(2)).unwrap();
    waiting.send_get("x", "/held?a=1").unwrap();
    upstream.wait_held(1);
    let line = list(&[]);
    let tail = format!(" msec,client:{})\n", net.ip(200));
    assert!(
        line.starts_with("REQUEST \"0000") && line.contains("(url:GET /held?a=1,time:") && line.ends_with(&tail),
        "{line}"
    );
    assert_eq!(list(&["/site.id:7", "/text:url"]), "/held?a=1\n");
    assert_eq!(list(&["/site.name:other"]), "");
    upstream.release(1);
    assert_eq!(waiting.receive().unwrap().status, 200);
    crate::harness::wait_until("no request to be in progress", || list(&[]).is_empty().then_some(()));
}

#[test]
fn appcmd_edits_files_without_a_server() {
    let net = Net::of("appcmd_edits_files_without_a_server");
    let home = Home::on(net).file("index.html", "by files");
    let words = ["add", "site", "/name:one", "/bindings:http/{NET}.2:{PORT}:", "/physicalPath:{WWW}"];
    // By its other name, with the home from the environment, as scripts of IIS people call it.
    let appcmd = home.path("appcmd");
    symlink(binary(), &appcmd).unwrap();
    let mut command = Command::new(&appcmd);
    command.env("DOORWARD_HOME", home.path("home")).args(words.map(|word| home.fill(word)));
    assert_eq!(finish(&command).expect_ok().lines().next(), Some("SITE object \"one\" added"));
    let listed = home.cli(&["appcmd", "list", "site", "/text:state"]).expect_ok();
    assert_eq!(listed, "Unknown\n");
    let stopped = home.cli(&["appcmd", "stop", "site", "one"]);
    assert_eq!(stopped.code, 0x0426 & 0xff, "{stopped:?}");
    let front = home.start();
    assert_eq!(net.client(0).get(net.at(2), "/").text(), "by files");
    drop(front);
}
