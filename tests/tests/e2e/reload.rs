//! Changes of configuration while serving (scenario 13) and configuration that is broken.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use rustix::process::Signal;

use crate::harness::client::Client;
use crate::harness::config::{document, dynamic, location, rate, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::net::Net;
use crate::harness::peer::find;
use crate::harness::wait_until;
use crate::tls::{certify, entry, http_config};

/// The configuration of this file's tests: site `busy` on .2, site `strict` on .3 with a limit, and more sites.
fn configuration(requests_max: u32, more_sites: &str) -> String {
    let sites = site(1, "busy", &["http/{NET}.2:{PORT}:"]) + &site(2, "strict", &["http/{NET}.3:{PORT}:"]) + more_sites;
    document(&sites, &location("strict", &dynamic("", &rate(requests_max, 3_600_000))))
}

fn start(net: Net) -> Doorward {
    let home = Home::on(net).config(&configuration(2, ""));
    ["busy", "strict", "extra"].iter().fold(home, |home, name| home.file(&format!("{name}/index.html"), name)).start()
}

/// A site on .4 that the first configuration does not have.
fn extra() -> String {
    site(3, "extra", &["http/{NET}.4:{PORT}:"])
}

/// What the clients of the load did.
#[derive(Default)]
struct Load {
    over: AtomicBool,
    answered: AtomicUsize,
}

/// One client: kept-alive and single requests by turns until the load is over, at most 20 000.
fn ask_on(load: &Load, client: Client, net: Net) {
    let mut kept = client.connect(net.at(2)).unwrap();
    for _ in 0..10_000 {
        if load.over.load(Ordering::Relaxed) {
            return;
        }
        kept.send_get("busy", "/").unwrap();
        assert_eq!(kept.receive().expect("the kept-alive connection").text(), "busy");
        assert_eq!(client.get(net.at(2), "/").text(), "busy");
        load.answered.fetch_add(2, Ordering::Relaxed);
    }
}

/// Waits until the load got a few more answers, so that each state of the configuration saw some.
fn let_it_work(load: &Load) {
    let enough = load.answered.load(Ordering::Relaxed) + 50;
    wait_until("answers under load", || (load.answered.load(Ordering::Relaxed) >= enough).then_some(()));
}

#[test]
fn no_request_fails_under_reload() {
    let net = Net::of("no_request_fails_under_reload");
    let front = start(net);
    let load = Load::default();
    thread::scope(|scope| {
        for number in 0..3 {
            let load = &load;
            scope.spawn(move || ask_on(load, net.client(number), net));
        }
        let finish = EndOf(&load);
        change_everything(&front, &load);
        drop(finish);
    });
    let lines = front.w3c(1, load.answered.load(Ordering::Relaxed));
    assert!(lines.iter().all(|line| line.verdict() == "200 0 0"));
}

/// Ends the load also when a check fails, so that the failure shows and nothing hangs.
struct EndOf<'a>(&'a Load);

impl Drop for EndOf<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

fn change_everything(front: &Doorward, load: &Load) {
    let net = front.net;
    let client = net.client(10);
    let strict = || client.status(net.at(3), "/");
    let_it_work(load);
    assert_eq!([strict(), strict(), strict()], [200, 200, 403]);
    front.write_config(&configuration(100, ""));
    front.cli(&["reload"]).expect_ok();
    assert_eq!(strict(), 200, "the new limit");
    let_it_work(load);
    front.write_config(&configuration(100, &extra()));
    front.cli(&["reload"]).expect_ok();
    assert_eq!(client.get(net.at(4), "/").text(), "extra");
    for sites in ["", &extra()].repeat(10) {
        front.write_config(&configuration(100, sites));
        front.cli(&["reload"]).expect_ok();
    }
    let_it_work(load);
    break_the_file(front);
    let_it_work(load);
    assert_eq!((client.status(net.at(4), "/"), strict()), (200, 200), "the broken file changed nothing");
    front.write_config(&configuration(100, ""));
    front.cli(&["reload"]).expect_ok();
    assert!(client.is_refused(net.at(4)), "the site is gone");
    assert!(front.status()["configuration"]["last_error"].is_null());
}

/// The same over https and HTTP/2, with somebody else's client.
#[test]
fn no_https_request_fails_under_reload() {
    let net = Net::of("no_https_request_fails_under_reload");
    let sites = site(1, "busy", &["https/{NET}.2:{PORT}:"]);
    let home = Home::on(net)
        .config(&document(&sites, ""))
        .http_config(&http_config(&entry("ipPort=\"{NET}.2:{PORT}\"", "busy")))
        .file("busy/index.html", "busy");
    certify(&home, "busy");
    let front = home.start();
    let mut load = Command::new(find("h2load", "nghttp2-client"));
    load.args(["-n", "4000", "-c", "4", "-m", "10", &format!("https://{}/", net.at(2))]);
    let mut load = load.stdout(Stdio::piped()).spawn().unwrap();
    let mut reloads = 0;
    while load.try_wait().unwrap().is_none() {
        front.write_config(&document(&(sites.clone() + &if reloads % 2 == 0 { extra() } else { String::new() }), ""));
        front.cli(&["reload"]).expect_ok();
        reloads += 1;
    }
    let printed = String::from_utf8(load.wait_with_output().unwrap().stdout).unwrap();
    assert!(printed.contains("4000 succeeded, 0 failed, 0 errored, 0 timeout"), "{printed}");
    assert!(reloads > 2, "{reloads} reloads are too few to tell");
}

fn break_the_file(front: &Doorward) {
    let text = configuration(1, "").replace("<webLimits />", "<webLimits");
    let line = 1 + text.lines().position(|line| line.trim() == "<webLimits").unwrap();
    front.write_config(&text);
    let refused = front.cli(&["reload"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    for told in [refused.all(), front.status()["configuration"]["last_error"].to_string()] {
        // A parser may see the harm at the unfinished tag or where the next one begins.
        let places = [line, line + 1].map(|line| format!("applicationHost.config:{line}:"));
        assert!(places.iter().any(|place| told.contains(place)), "{places:?} in {told}");
    }
}

#[test]
fn hand_edits_and_sighup_are_picked_up() {
    let net = Net::of("hand_edits_and_sighup_are_picked_up");
    let front = start(net);
    let serves = || net.client(0).try_get(net.at(4), "/").is_ok_and(|response| response.text() == "extra");
    front.overwrite_config(&configuration(2, &extra()));
    wait_until("the edited file to be read", || serves().then_some(()));
    front.write_config(&configuration(2, ""));
    wait_until("the renamed file to be read", || net.client(0).is_refused(net.at(4)).then_some(()));
    front.write_config(&configuration(2, &extra()));
    front.signal(Signal::HUP);
    wait_until("the file to be read after SIGHUP", || serves().then_some(()));
    // A broken hand edit is told on the console and in `status`, and changes nothing.
    front.overwrite_config("<configuration>");
    front.wait_printed("applicationHost.config:1:");
    wait_until("the error in status", || front.status()["configuration"]["last_error"].as_str().map(str::to_owned));
    assert!(serves());
}

#[test]
fn a_broken_file_at_start_is_named() {
    let home =
        Home::of("a_broken_file_at_start_is_named").config("<configuration>\n  <system.webServer>\n</configuration>");
    let done = home.cli(&["run"]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("applicationHost.config:3:"), "{done:?}");
    assert!(done.err.contains("Configuration file is not well-formed XML"), "{done:?}");
}

#[test]
fn one_bad_site_leaves_the_others() {
    let net = Net::of("one_bad_site_leaves_the_others");
    let bad = site(3, "bad", &["http/{NET}.4:{PORT}:"]).replace("id=\"3\"", "id=\"3\" serverAutoStart=\"perhaps\"");
    let front = Home::on(net).config(&configuration(2, &bad)).file("busy/index.html", "busy").start();
    assert_eq!(net.client(0).get(net.at(2), "/").text(), "busy");
    assert!(net.client(0).is_refused(net.at(4)));
    let status = front.status();
    let row = status["sites"].as_array().unwrap().iter().find(|row| row["name"] == "bad").unwrap();
    assert!(row["state"] == "Stopped" && row["problem"].as_str().unwrap().contains("serverAutoStart"), "{row}");
    let check = front.cli(&["check"]);
    assert!(check.code == 1 && check.out.contains("serverAutoStart") && check.out.contains("error"), "{check:?}");
}

#[test]
fn a_hand_edit_stands_in_the_history() {
    let net = Net::of("a_hand_edit_stands_in_the_history");
    let front = start(net);
    let text = |mark: &str| front.fill(&configuration(2, &format!("<!-- {mark} -->")));
    let kept = || {
        let folders = std::fs::read_dir(front.path("home/state/history")).into_iter().flatten();
        let mut folders: Vec<_> = folders.map(|entry| entry.unwrap().path()).collect();
        // One that is being made has a name of its own.
        folders.retain(|folder| folder.file_name().unwrap().to_string_lossy().starts_with("CFGHISTORY_"));
        folders.sort();
        folders
            .iter()
            .map(|own| std::fs::read_to_string(own.join("applicationHost.config")).unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(kept(), [""; 0]);
    let first = std::fs::read_to_string(front.config_file()).unwrap();
    front.overwrite_config(&text("one"));
    wait_until("the first edit in the history", || (kept().len() == 2).then_some(()));
    assert_eq!(kept(), [first.clone(), text("one")]);
    // What cannot be used is not in force, and not in the history.
    front.overwrite_config("<configuration>");
    front.wait_printed("The configuration was not changed:");
    assert_eq!(kept().len(), 2);
    front.write_config(&text("two"));
    front.cli(&["reload"]).expect_ok();
    assert_eq!(kept(), [first, text("one"), text("two")]);
    // A command finds the state before it there already.
    front.cli(&["config", "set", "busy", "directoryBrowse", "enabled=true"]).expect_ok();
    assert_eq!(kept().len(), 3);
    front.cli(&["appcmd", "restore", "backup", "CFGHISTORY_0000000002"]).expect_ok();
    assert_eq!(std::fs::read_to_string(front.config_file()).unwrap(), text("one"));
}
