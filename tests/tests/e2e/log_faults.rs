//! What goes wrong with log files: requests are answered all the same, and files keep their shape.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;

use crate::harness::config::{document, site_with};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::log_file::{files, read_folder};
use crate::harness::{root_or_skip, wait_until};

const REQUESTS: usize = 300;

fn home(test: &str) -> Home {
    let log = "<logFile directory=\"{WWW}/own/logs\" />";
    Home::of(test)
        .config(&document(&site_with(1, "shop", &["http/{NET}.2:{PORT}:"], log), ""))
        .file("shop/a.txt", "a")
        .file("own/logs/made", "")
}

/// Asks for a page so often, with long lines for the log; every answer must be 200.
fn ask_all(front: &Doorward, path: &str) {
    let mut connection = front.net.client(0).connect(front.net.at(2)).unwrap();
    let agent = "x".repeat(1000);
    for _ in 0..REQUESTS {
        connection.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: {agent}\r\n\r\n")).unwrap();
        assert_eq!(connection.receive().unwrap().status, 200);
    }
}

/// Messages about the log on standard error.
fn complaints(front: &Doorward) -> Vec<String> {
    let all = fs::read_to_string(front.path("run.err")).unwrap();
    all.lines().filter(|line| line.contains("log")).map(str::to_owned).collect()
}

/// A disk of 64 kB, gone with the test.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn at(path: PathBuf) -> SmallDisk {
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "doorward-test"]).arg(&path).status();
        assert!(mounted.unwrap().success());
        SmallDisk(path)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_costs_lines_and_nothing_else() {
    if !root_or_skip("a_full_disk_costs_lines_and_nothing_else") {
        return;
    }
    let home = home("a_full_disk_costs_lines_and_nothing_else");
    let disk = SmallDisk::at(home.path("www/own/logs"));
    let front = home.start();
    ask_all(&front, "/a.txt");
    let dropped = wait_until("lost lines in the status", || {
        front.status()["logs"]["lines_dropped"].as_u64().filter(|lines| *lines > 0)
    });
    let folder = disk.0.join("W3SVC1");
    let kept = read_folder(&folder).len();
    assert!(kept < REQUESTS && dropped > 0, "{kept} kept, {dropped} lost");
    wait_until("one message", || (complaints(&front).len() == 1).then_some(()));
    assert!(complaints(&front)[0].contains("W3SVC1"), "{:?}", complaints(&front));
    for file in files(&folder) {
        fs::remove_file(file).unwrap();
    }
    wait_until("a line after the room was freed", || {
        assert_eq!(front.net.client(0).status(front.net.at(2), "/a.txt?freed"), 200);
        read_folder(&folder).iter().any(|line| line.field("cs-uri-query") == "freed").then_some(())
    });
    drop(front);
}

#[test]
fn a_folder_that_is_removed_comes_back() {
    let front = home("a_folder_that_is_removed_comes_back").start();
    let folder = front.path("www/own/logs/W3SVC1");
    ask_all(&front, "/a.txt");
    wait_until("all lines", || (read_folder(&folder).len() == REQUESTS).then_some(()));
    fs::remove_dir_all(front.path("www/own/logs")).unwrap();
    ask_all(&front, "/a.txt?again");
    wait_until("lines in a new folder", || (read_folder(&folder).len() == REQUESTS).then_some(()));
}

#[test]
fn killed_under_load_no_line_is_broken() {
    let mut front = home("killed_under_load_no_line_is_broken").start();
    let folder = front.path("www/own/logs/W3SVC1");
    ask_all(&front, "/a.txt");
    wait_until("the first lines", || (!read_folder(&folder).is_empty()).then_some(()));
    ask_all(&front, "/a.txt");
    front.signal(Signal::KILL);
    // Killed by a signal, it has no exit code.
    assert_eq!(front.wait_exit(), None);
    let text = fs::read(&files(&folder)[0]).unwrap();
    assert!(text.ends_with(b"\r\n"), "{:?}", String::from_utf8_lossy(&text[text.len() - 80..]));
    let lines = read_folder(&folder).len();
    assert!((REQUESTS..=2 * REQUESTS).contains(&lines), "{lines}");
}
