//! Broken lines of the native commands: what each says, its exit code, and that nothing is written; on files alone, and
//! asked of a running server. `DOORWARD_BLESS=1` writes down what came out; read the difference before it is kept.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::harness::config::{document, site};
use crate::harness::guide::{steps, words};
use crate::harness::home::{Done, Home};
use crate::harness::net::Net;

/// What is printed is the same on every machine.
fn plain(home: &Home, done: &Done) -> String {
    let folder = home.path("").display().to_string();
    let text = done.all().replace(folder.trim_end_matches('/'), "DIR").replace(&home.net.prefix(), "{NET}");
    let text = text.replace(&home.net.port.to_string(), "{PORT}");
    // How to write it right is the parser's, and long.
    let short = text.split("\n\nUsage:").next().unwrap_or_default();
    short.trim_end().lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Everything below a folder that an operator writes.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting: Vec<_> = ["config", "certs", "state"].iter().map(|name| folder.join(name)).collect();
    while let Some(at) = waiting.pop() {
        for entry in fs::read_dir(at).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.insert(path.display().to_string(), fs::read(path).unwrap());
            }
        }
    }
    found
}

fn line(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

#[test]
fn broken_native_lines_say_why_and_write_nothing() {
    let net = Net::of("broken_native_lines_say_why_and_write_nothing");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/cases/native_broken.txt");
    let text = fs::read_to_string(&path).unwrap();
    let sites = site(1, "shop", &["http/{NET}.2:{PORT}:"]);
    let listen = "<httpService><ipListen><add address=\"{NET}.2\" /></ipListen></httpService>";
    let home = Home::on(net).config(&document(&sites, "")).http_config(listen).file("shop/index.html", "shop");
    fs::write(home.path("bad.pem"), "no certificate").unwrap();
    let before = contents(&home.path("home"));
    let commands: Vec<Vec<String>> = steps(&text).into_iter().map(|(command, _)| words(&command)).collect();
    let refused = |home: &Home, words: &[String], before: &BTreeMap<_, _>| {
        let done = home.cli(&line(words));
        assert!([1, 2].contains(&done.code), "{words:?}: {done:?}");
        assert!(contents(&home.path("home")) == *before, "{words:?} wrote something: {done:?}");
        done
    };
    let alone: Vec<Done> = commands.iter().map(|words| refused(&home, words, &before)).collect();
    let front = home.start();
    let before = contents(&front.path("home"));
    let mut found = String::new();
    for ((command, _), (words, alone)) in steps(&text).into_iter().zip(commands.iter().zip(&alone)) {
        let asked = refused(&front, words, &before);
        assert_eq!(asked.code, alone.code, "{command}: {asked:?}");
        found.extend(["$ ", &command, "\n", &plain(&front, alone), &format!("exit {}\n", alone.code)]);
        if plain(&front, &asked) != plain(&front, alone) {
            found.extend(["a server says\n", &plain(&front, &asked)]);
        }
    }
    assert_eq!(net.client(0).get(net.at(2), "/").text(), "shop");
    assert!(commands.len() >= 60, "only {} lines", commands.len());
    if std::env::var_os("DOORWARD_BLESS").is_some() {
        fs::write(&path, &found).unwrap();
    }
    for (number, (expected, got)) in text.lines().zip(found.lines()).enumerate() {
        assert_eq!(expected, got, "{}:{}", path.display(), number + 1);
    }
    assert_eq!(text.lines().count(), found.lines().count());
}
