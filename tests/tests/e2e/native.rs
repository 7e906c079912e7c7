//! The native commands: the same edits with and without a running server, any section, JSON everywhere.

use std::fs;

use crate::harness::config::{document, dynamic, location, rate, site};
use crate::harness::home::{Done, Home};
use crate::harness::net::Net;

/// Commands that print something, and the exit code of each.
const PRINTING: &[&[&str]] = &[
    &["status"],
    &["site", "list"],
    &["binding", "list"],
    &["binding", "list", "one"],
    &["listen", "list"],
    &["cert", "list"],
    &["limits", "clients"],
    &["limits", "blocks"],
    &["limits", "show", "--site", "one"],
    &["limits", "explain", "127.0.0.1", "--site", "one"],
    &["logs", "paths"],
    &["config", "get", "one", "directoryBrowse"],
    &["config", "get", "/", "webLimits", "--all"],
    &["config", "explain", "one/a", "dynamicIpSecurity"],
    &["check"],
    &["who", "{PORT}"],
    &["probe", "{NET}.99:{PORT}"],
];

fn one_site() -> String {
    document(&site(1, "one", &["http/{NET}.2:{PORT}:"]), "")
}

#[test]
fn every_printing_command_speaks_json() {
    let front =
        Home::of("every_printing_command_speaks_json").config(&one_site()).file("one/index.html", "one").start();
    for words in PRINTING {
        let plain = front.cli(words).expect_ok();
        assert!(!plain.starts_with(['{', '[']), "{words:?}: {plain}");
        let text = front.cli(&[words, &["--json"][..]].concat()).expect_ok();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{words:?}: {e}: {text}"));
        assert!(value.is_object() || value.is_array(), "{words:?}: {text}");
    }
}

#[test]
fn native_commands_edit_files_without_a_server() {
    let net = Net::of("native_commands_edit_files_without_a_server");
    let home = Home::on(net).file("index.html", "by files").file("a/b.txt", "b");
    let done = |words: &[&str]| home.cli(words).expect_ok();
    let said = done(&["site", "add", "shop", "--bind", "http/{NET}.2:{PORT}:", "--root", "www"]);
    assert!(said.starts_with("SITE object \"shop\" added\n") && said.contains("no doorward is running"), "{said}");
    done(&["binding", "add", "shop", "http/{NET}.3:{PORT}:"]);
    done(&["binding", "add", "shop", "http/*:{PORT2}:"]);
    done(&["listen", "add", "{NET}.4"]);
    done(&["binding", "remove", "SHOP", "http/{NET}.3:{PORT}:"]);
    done(&["limits", "set", "--site", "shop", "--rate", "3/60s"]);
    done(&["config", "set", "shop/a", "directoryBrowse", "enabled=true"]);
    done(&[
        "config",
        "set",
        "shop",
        "httpProtocol",
        "--add",
        "customHeaders.[name='X-By',value='files']",
        "--in-folder",
    ]);
    done(&["site", "add", "gone", "--bind", "http/{NET}.5:{PORT}:", "--path", "www"]);
    done(&["site", "remove", "gone"]);
    let listed = done(&["site", "list"]);
    assert!(listed.contains("shop  Unknown") && !listed.contains("gone"), "{listed}");
    let refused = home.cli(&["binding", "add", "shop", "http/{NET}.2:{PORT}:"]);
    assert_eq!((refused.code, refused.err.contains("duplicate")), (1, true), "{refused:?}");
    let front = home.start();
    let page = net.client(0).get(net.at(2), "/");
    assert_eq!((page.text().as_str(), page.header("X-By")), ("by files", Some("files")));
    assert!(net.client(0).is_refused(net.at(3)));
    assert!(net.client(0).get(net.at(2), "/a/").text().contains("b.txt"));
    let other = std::net::SocketAddr::new(net.ip(4), net.port2);
    assert_eq!(net.client(1).get(other, "/").text(), "by files");
    assert_eq!(net.client(0).status(net.at(2), "/"), 200);
    assert_ne!(net.client(0).status(net.at(2), "/"), 200, "the fourth request within a minute");
    // And with a server: at once.
    front.cli(&["binding", "add", "shop", "http/{NET}.3:{PORT}:"]).expect_ok();
    assert_eq!(net.client(2).get(net.at(3), "/").text(), "by files");
    front
        .cli(&["config", "set", "shop", "httpProtocol", "--remove", "customHeaders.[name='X-By']", "--in-folder"])
        .expect_ok();
    assert_eq!(net.client(2).get(net.at(3), "/").header("X-By"), None);
}

#[test]
fn a_section_is_explained_with_the_lines_that_decide() {
    let limits = dynamic("denyAction=\"NotFound\"", &rate(7, 5000));
    let settings = location("one", &limits);
    let text = document(&site(1, "one", &["http/{NET}.2:{PORT}:"]), &settings);
    let home = Home::of("a_section_is_explained_with_the_lines_that_decide").config(&text).file("one/index.html", "");
    let ok = |words: &[&str]| home.cli(words).expect_ok();
    ok(&["config", "set", "/", "dynamicIpSecurity", "denyAction=Forbidden"]);
    ok(&["config", "set", "one/a", "dynamicIpSecurity", "denyByRequestRate.maxRequests=9"]);
    let file = home.config_file();
    let config = fs::read_to_string(&file).unwrap();
    let place = |part: &str| {
        let (index, line) = config.lines().enumerate().find(|(_, line)| line.contains(part)).unwrap();
        let name = part.split('=').next().unwrap();
        format!("{}:{}:{}", file.display(), index + 1, line.find(name).unwrap() + 1)
    };
    let (at_site, at_server, at_folder) =
        (place("denyAction=\"NotFound\""), place("denyAction=\"Forbidden\""), place("maxRequests=\"9\""));
    let said = ok(&["config", "explain", "one/a", "dynamicIpSecurity"]);
    assert!(
        said.contains(&format!(
            "denyAction = NotFound\n    {at_site}, for the site\n    instead of Forbidden at {at_server}\n"
        )),
        "{said}"
    );
    assert!(
        said.contains(&format!("denyByRequestRate.maxRequests = 9\n    {at_folder}, for /a\n    instead of 7 at")),
        "{said}"
    );
    assert!(said.contains("web.config files may not set it"), "{said}");
    assert_eq!(ok(&["config", "get", "one/a", "dynamicIpSecurity", "denybyrequestrate.maxrequests"]), "9\n");
    let check = |words: &[&str], part: &str| {
        let Done { code, err, .. } = home.cli(words);
        assert_eq!((code, err.contains(part)), (1, true), "{words:?}: {err}");
    };
    check(&["config", "get", "one", "dynamicIpSecurity", "nothing"], "has no value 'nothing'");
    check(&["config", "get", "two", "dynamicIpSecurity"], "Unrecognized configuration path");
    check(&["config", "get", "one", "nothing"], "there is no section 'nothing'");
    check(&["config", "set", "one", "dynamicIpSecurity", "enableProxyMode=yes"], "write true or false");
    check(&["config", "set", "one", "dynamicIpSecurity", "enableProxyMode=true", "--in-folder"], "locked");
    check(&["config", "set", "one", "dynamicIpSecurity"], "there is nothing to change");
    check(&["config", "set", "one", "ipSecurity", "--add", "[ipAddress='10.0.0.1"], "a quote that is not closed");
    assert_eq!(fs::read_to_string(&file).unwrap(), config, "what is refused writes nothing");
}
