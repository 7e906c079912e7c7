//! The command line and the control socket.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use crate::harness::config::{document, site};
use crate::harness::home::Home;
use crate::harness::is_root;

/// One site on .2, LF ends.
fn home(test: &str) -> Home {
    let configuration = document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), "");
    Home::of(test).config(&configuration).file("shop/index.html", "shop").file("new/index.html", "new")
}

#[test]
fn wrong_flags_exit_2_with_usage() {
    let home = Home::of("the_cli_says_what_it_cannot_do");
    for arguments in
        [&["--nonsense"][..], &["run", "--nonsense"], &["site"], &["site", "frob"], &["nonsense"], &["who", "x"]]
    {
        let done = home.cli(arguments);
        assert_eq!(done.code, 2, "{arguments:?}: {done:?}");
        assert!(done.err.contains("Usage") || done.err.contains("--help"), "{arguments:?}: {done:?}");
    }
    let help = home.cli(&["--help"]).expect_ok();
    assert!(["run", "check", "status", "site", "listen", "limits"].iter().all(|word| help.contains(word)), "{help}");
    assert!(home.cli(&["--version"]).expect_ok().contains("doorward"));
}

#[test]
fn the_cli_says_what_it_cannot_do() {
    let front = home("the_cli_says_what_it_cannot_do").start();
    for (arguments, part) in [
        (&["site", "stop", "nobody"][..], "nobody"),
        (&["site", "start", "nobody"], "nobody"),
        (&["site", "remove", "nobody"], "nobody"),
        (&["site", "add", "shop", "--bind", "http/{NET}.9:{PORT}:", "--path", "{WWW}/new"], "shop"),
        (&["site", "add", "x", "--bind", "http/1.1.1.1.1:80:", "--path", "{WWW}/new"], "1.1.1.1.1"),
        (&["listen", "add", "no-address"], "no-address"),
        (&["listen", "remove", "{NET}.77"], ".77"),
    ] {
        let done = front.cli(arguments);
        assert!([1, 2].contains(&done.code), "{arguments:?}: {done:?}");
        assert!(done.err.contains(part), "{arguments:?}: {done:?}");
    }
    assert_eq!(front.net.client(0).get(front.net.at(2), "/").text(), "shop");
    let idle = Home::of("the_cli_says_what_it_cannot_do");
    let status = idle.cli(&["status"]);
    assert!(status.code == 1 && status.err.contains("doorward run"), "nothing runs here: {status:?}");
}

#[test]
fn the_control_socket_is_private() {
    let front = home("the_control_socket_is_private").start();
    let [folder, socket] =
        ["home/run", "home/run/control.sock"].map(|name| fs::symlink_metadata(front.path(name)).unwrap());
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    assert_eq!(socket.uid(), rustix::process::geteuid().as_raw());
    let status = front.status();
    assert_eq!(status["pid"].as_u64(), Some(front.pid().into()), "{status}");
    assert_eq!(status["sites"][0]["bindings"][0], *front.fill("http/{NET}.2:{PORT}:"), "{status}");
    assert!(status["version"].is_string() && status["limiter"].is_object() && status["logs"].is_object(), "{status}");
    let text = front.cli(&["status"]).expect_ok();
    assert!(text.contains("shop") && text.contains("Started"), "{text}");
    // A second one on the same home names the first.
    let again = front.cli(&["run"]);
    assert_eq!(again.code, 1);
    assert!(again.err.contains(&format!("pid {}", front.pid())), "{again:?}");
    if is_root() {
        let stranger = Home::of("the_control_socket_is_private").unprivileged();
        let mut command = stranger.bare_command();
        command.arg("--home").arg(front.path("home")).arg("status");
        assert_eq!(crate::harness::home::finish(&command).code, 1, "a stranger is refused");
    }
}

#[test]
fn sites_are_added_and_removed_in_a_crlf_file() {
    let home = home("sites_are_added_and_removed_in_a_crlf_file");
    let before = format!("\u{feff}{}", fs::read_to_string(home.config_file()).unwrap().replace('\n', "\r\n"));
    fs::write(home.config_file(), &before).unwrap();
    let front = home.start();
    let net = front.net;
    let add = [
        "site",
        "add",
        "new",
        "--bind",
        "http/{NET}.4:{PORT}:",
        "--bind",
        "http/{NET}.5:{PORT}:",
        "--path",
        "{WWW}/new",
    ];
    front.cli(&add).expect_ok();
    assert_eq!(
        (net.client(0).get(net.at(4), "/").text(), net.client(0).get(net.at(5), "/").text()),
        ("new".into(), "new".into())
    );
    let edited = fs::read_to_string(front.config_file()).unwrap();
    assert_eq!(edited.matches('\n').count(), edited.matches("\r\n").count(), "every line still ends with CRLF");
    let kept = edited.lines().filter(|line| before.lines().any(|old| old == *line)).count();
    assert!(edited.starts_with('\u{feff}') && kept >= before.lines().count(), "the other lines are as they were");
    front.cli(&["site", "remove", "new"]).expect_ok();
    assert!(net.client(0).is_refused(net.at(4)));
    assert_eq!(fs::read_to_string(front.config_file()).unwrap(), before, "removing gives the old bytes back");
    assert_eq!(net.client(0).get(net.at(2), "/").text(), "shop");
}

#[test]
fn check_lists_sites_and_places() {
    let home = home("the_cli_says_what_it_cannot_do");
    let fine = home.cli(&["check"]);
    assert!(fine.code == 0 && fine.out.contains("shop"), "{fine:?}");
    home.write_config(
        &document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), "")
            .replace("<webLimits />", "<webLimits colour=\"red\" />"),
    );
    let line =
        1 + fs::read_to_string(home.config_file()).unwrap().lines().position(|line| line.contains("colour")).unwrap();
    let bad = home.cli(&["check"]);
    let place = format!("applicationHost.config:{line}:");
    assert_eq!(bad.code, 1, "{bad:?}");
    let finding = bad.out.lines().find(|line| line.contains(&place)).unwrap_or_else(|| panic!("no {place} in {bad:?}"));
    assert!(finding.contains(" error") && finding.contains("Unrecognized attribute 'colour'"), "{finding}");
}
