//! The operator's story in `docs/guide/limits.md`, played on a real server and compared line by line.

use std::path::Path;
use std::process::Command;

use crate::harness::client::Client;
use crate::harness::doorward::Doorward;
use crate::harness::guide::{blocks, steps, words};
use crate::harness::home::{Home, finish};
use crate::harness::net::Net;

/// The network in the page, and the port.
const TOLD: (&str, &str) = ("127.77.9.", ":8080");

/// As told in the page, with the network, port and folders of this run.
fn here(net: Net, text: &str) -> String {
    text.replace(TOLD.0, &format!("{}.", net.prefix())).replace(TOLD.1, &format!(":{}", net.port))
}

/// As the page would tell it: its network and folders, one moment for all, and no more than two spaces in a row, since
/// columns are as wide as addresses are.
fn as_told(front: &Doorward, text: &str) -> String {
    let config = front.path("home/config").display().to_string();
    let text = text.replace(&config, "/etc/doorward").replace(&format!("{}.", front.net.prefix()), TOLD.0);
    let mut told = String::new();
    for line in text.lines() {
        let columns: Vec<&str> =
            line.trim_end().split("  ").filter(|column| !column.is_empty()).map(str::trim).collect();
        told += &columns.join("  ").split(' ').map(moment_or).collect::<Vec<_>>().join(" ");
        told.push('\n');
    }
    told
}

/// A moment like any other, or the word itself.
fn moment_or(word: &str) -> String {
    let shape: String = word.chars().map(|one| if one.is_ascii_digit() { '0' } else { one }).collect();
    if shape.starts_with("0000-00-00T00:00:00Z") { shape } else { word.to_owned() }
}

/// Runs a command of the page; what it prints.
fn play(front: &mut Doorward, command: &str) -> String {
    if command == "doorward stop && doorward run &" {
        front.restart();
        return String::new();
    }
    let here = here(front.net, command);
    if here.starts_with("curl ") {
        let mut shell = Command::new("sh");
        shell.args(["-c", &here]).current_dir(front.path(""));
        return finish(&shell).expect_ok();
    }
    let words = words(here.strip_prefix("doorward ").unwrap_or_else(|| panic!("a command of another kind: {command}")));
    front.cli(&words.iter().map(String::as_str).collect::<Vec<_>>()).expect_ok()
}

#[test]
fn the_operators_story_is_as_the_guide_tells_it() {
    let net = Net::of("the_operators_story_is_as_the_guide_tells_it");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/limits.md");
    let page = std::fs::read_to_string(path).unwrap();
    let home = Home::on(net).file("shop/index.html", "shop");
    let www = home.path("www/shop").display().to_string();
    let configuration = here(net, &blocks(&page, "xml")[0]).replace("/srv/shop", &www);
    let mut front = home.config(&configuration).start();
    // The office first; the others go on for longer, each a little more than the one before.
    for (host, requests) in [(20, 22), (12, 33), (13, 34), (14, 35), (15, 36)] {
        // One connection: on another the place of the answer before may be given back a moment later.
        let mut connection = Client::from(net.ip(host)).connect(net.at(2)).unwrap();
        for number in 1..=requests {
            connection.send_get("shop", &format!("/price/{number}")).unwrap();
            connection.receive().unwrap();
        }
    }
    let (mut told, mut seen) = (String::new(), String::new());
    for (command, printed) in blocks(&page, "console").iter().flat_map(|block| steps(block)) {
        let played = play(&mut front, &command);
        told.extend(["$ ", &command, "\n", &as_told(&front, &printed)]);
        seen.extend(["$ ", &command, "\n", &as_told(&front, &played)]);
        println!("$ {command}\n{}", played.replace(&format!("{}.", net.prefix()), TOLD.0));
    }
    assert_eq!(told, seen, "the page tells it differently; what was printed stands above");
}
