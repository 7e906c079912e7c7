//! `redirection.config`: the configuration lies in another folder (IIS's shared configuration).

use std::fs;

use crate::harness::config::{document, site};
use crate::harness::home::Home;
use crate::harness::net::Net;
use crate::harness::wait_until;

fn redirection(attributes: &str) -> String {
    format!(
        "<configuration><configSections><section name=\"configurationRedirection\" /></configSections>\
         <configurationRedirection {attributes} /></configuration>"
    )
}

/// A home whose own file has a site nobody may see, and whose redirection is this.
fn home(net: Net, attributes: &str) -> Home {
    let home = Home::on(net).config(&document(&site(9, "own", &["http/{NET}.9:{PORT}:"]), ""));
    let text = redirection(&attributes.replace("{SHARED}", &home.path("shared").to_string_lossy()));
    fs::write(home.path("home/config/redirection.config"), text).unwrap();
    home
}

#[test]
fn a_shared_configuration_is_served_and_edited_where_it_lies() {
    let net = Net::of("a_shared_configuration_is_served_and_edited_where_it_lies");
    let home =
        home(net, "enabled=\"true\" path=\"{SHARED}\"").file("one/index.html", "one").file("two/index.html", "two");
    let shared = home.path("shared/applicationHost.config");
    fs::create_dir_all(home.path("shared")).unwrap();
    fs::write(&shared, home.fill(&document(&site(1, "one", &["http/{NET}.2:{PORT}:"]), ""))).unwrap();
    let own = fs::read(home.config_file()).unwrap();
    assert!(home.cli(&["check"]).expect_ok().contains(&shared.display().to_string()));
    let front = home.start();
    let get = |host: u8| net.client(0).get(net.at(host), "/");
    assert_eq!(get(2).text(), "one");
    assert!(net.client(0).is_refused(net.at(9)), "the site of the home's own file");
    let add = ["appcmd", "add", "site", "/name:two", "/bindings:http/{NET}.3:{PORT}:", "/physicalPath:{WWW}/two"];
    front.cli(&add).expect_ok();
    assert_eq!(get(3).text(), "two");
    assert!(fs::read_to_string(&shared).unwrap().contains("name=\"two\""));
    assert_eq!(fs::read(front.config_file()).unwrap(), own, "the home's own file");
    // Another machine changes the shared file.
    let text = fs::read_to_string(&shared).unwrap();
    fs::write(&shared, text.replace(&front.fill("{NET}.3:{PORT}"), &front.fill("{NET}.4:{PORT}"))).unwrap();
    wait_until("the new address", || (!net.client(0).is_refused(net.at(4))).then_some(()));
    assert_eq!(get(4).text(), "two");
}

#[test]
fn a_redirection_that_leads_nowhere_is_told_and_nothing_is_begun() {
    let net = Net::of("a_redirection_that_leads_nowhere_is_told_and_nothing_is_begun");
    for (attributes, part) in [
        ("enabled=\"true\"", "redirection.config:1:92: error[value]: Missing required attribute 'path'"),
        ("enabled=\"true\" path=\"\\\\server\\share\"", "mount the share"),
        ("enabled=\"perhaps\"", "The 'enabled' attribute is invalid"),
        ("enabled=\"true\" path=\"{SHARED}\"", "is the folder mounted?"),
    ] {
        let home = home(net, attributes);
        for command in [
            &["check"][..],
            &["run"],
            &["appcmd", "list", "sites"],
            &["site", "add", "new", "--bind", "http/{NET}.2:{PORT}:", "--path", "{WWW}"],
        ] {
            let done = home.cli(command);
            assert!(done.code != 0 && done.all().contains(part), "{attributes} {command:?}: {done:?}");
        }
        assert!(!home.path("shared").exists(), "{attributes}");
    }
}
