//! Static files: documents, validators, ranges, directories, and nothing outside the root.

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::harness::client::Response;
use crate::harness::config::{document, location, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::log_file::{verdict_of, verdicts};
use crate::harness::net::Net;

/// One site `files` on .2.
fn home(test: &str, settings: &str) -> Home {
    let rest = if settings.is_empty() { String::new() } else { location("files", settings) };
    Home::of(test).config(&document(&site(1, "files", &["http/{NET}.2:{PORT}:"]), &rest))
}

/// Sends a request line and header lines; checks the status and gives the answer as `headers` and body text.
fn check(front: &Doorward, request: &str, status: u16) -> Response {
    let net: Net = front.net;
    let (line, fields) = request.split_once('\n').unwrap_or((request, ""));
    let fields: String = fields.lines().map(|field| format!("{field}\r\n")).collect();
    let mut connection = net.client(0).connect(net.at(2)).unwrap();
    connection.send(&format!("{line} HTTP/1.1\r\nHost: files\r\n{fields}\r\n")).unwrap();
    let answer = if line.starts_with("HEAD") { connection.receive_head() } else { connection.receive() };
    let answer = answer.unwrap_or_else(|error| panic!("{request:?}: {error}"));
    assert_eq!(answer.status, status, "{request:?}: {}", answer.text());
    answer
}

#[test]
fn methods_validators_and_ranges() {
    let front = home("methods_validators_and_ranges", "").file("files/a.txt", "0123456789").start();
    let whole = check(&front, "GET /a.txt", 200);
    assert_eq!((whole.text().as_str(), whole.header("content-type")), ("0123456789", Some("text/plain")));
    assert!(whole.header("date").is_some() && whole.header("accept-ranges") == Some("bytes"), "{whole:?}");
    assert_eq!(check(&front, "HEAD /a.txt", 200).content_length(), Some(10));
    let (tag, date) = (whole.header("etag").unwrap(), whole.header("last-modified").unwrap());
    let unchanged = check(&front, &format!("GET /a.txt\nIf-None-Match: {tag}"), 304);
    assert!(unchanged.header("etag") == Some(tag) && unchanged.body.is_empty(), "{unchanged:?}");
    check(&front, "GET /a.txt\nIf-None-Match: \"other\"", 200);
    check(&front, &format!("GET /a.txt\nIf-None-Match: \"other\", W/{}", tag.trim_start_matches("W/")), 304);
    check(&front, &format!("GET /a.txt\nIf-Modified-Since: {date}"), 304);
    check(&front, "GET /a.txt\nIf-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT", 200);
    check(&front, "GET /a.txt\nIf-Match: \"other\"", 412);
    let range = |text: &str, status| check(&front, &format!("GET /a.txt\nRange: bytes={text}"), status);
    let part = range("2-4", 206);
    assert_eq!((part.text().as_str(), part.header("content-range")), ("234", Some("bytes 2-4/10")));
    assert_eq!(range("7-", 206).text(), "789");
    assert_eq!(range("-2", 206).text(), "89");
    assert_eq!(range("5-100", 206).text(), "56789");
    assert_eq!(range("10-", 416).header("content-range"), Some("bytes */10"));
    assert_eq!(range("nonsense", 200).text(), "0123456789");
    check(&front, "GET /a.txt\nRange: bytes=0-1\nIf-Range: \"other\"", 200);
    let refused = check(&front, "DELETE /a.txt", 405);
    assert!(refused.header("allow").is_some_and(|allow| allow.contains("GET") && allow.contains("HEAD")));
    let missing = check(&front, "GET /none.txt", 404);
    assert!(missing.header("content-type").unwrap().starts_with("text/html"));
    let told = verdicts(&front.w3c(1, 17));
    assert_eq!(told.iter().filter(|verdict| *verdict == "304 0 0").count(), 3, "{told:?}");
    assert_eq!(told[13..16], ["404 0 2", "405 0 1", "412 0 0"]);
}

#[test]
fn default_documents_and_directories() {
    let front = home("default_documents_and_directories", "")
        .file("files/index.html", "root")
        .file("files/both/Default.htm", "first")
        .file("files/both/index.html", "second")
        .file("files/bare/a.txt", "a")
        .start();
    assert_eq!(check(&front, "GET /", 200).text(), "root");
    assert_eq!(check(&front, "GET /both/", 200).text(), "first");
    let moved = check(&front, "GET /both?x=1", 301);
    assert!(moved.header("location").unwrap().ends_with("/both/?x=1"), "{moved:?}");
    check(&front, "GET /bare/", 403);
    assert_eq!(verdict_of(&front.w3c(1, 4), "/bare/"), "403 14 0");
    check(&front, "POST /\nContent-Length: 0", 405);
    check(&front, "GET /a.txt/more", 404);
}

#[test]
fn nothing_outside_the_root() {
    let home = home("nothing_outside_the_root", "").file("files/a.txt", "a").file("secret.txt", "secret");
    let root = home.path("www/files");
    std::os::unix::fs::symlink(home.path("www/secret.txt"), root.join("link.txt")).unwrap();
    std::os::unix::fs::symlink(home.path("www"), root.join("up")).unwrap();
    mknodat(CWD, root.join("pipe.txt"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let front = home.start();
    let attempts = [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/a/../../secret.txt",
        "/link.txt",
        "/up/secret.txt",
        "/pipe.txt",
        "/a.txt%00.html",
        "/a.txt::$DATA",
        "//etc/passwd",
    ];
    for path in attempts {
        let answer = front.net.client(0).exchange(front.net.at(2), &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert!([400, 403, 404].contains(&answer.status), "{path}: {answer:?}");
        assert!(!answer.text().contains("secret\n") && answer.text() != "secret", "{path}");
    }
    assert_eq!(check(&front, "GET /b/../a.txt", 200).text(), "a", "dots that stay inside are fine");
    assert_eq!(check(&front, "GET /%61.txt", 200).text(), "a");
}

#[test]
fn mime_types() {
    let settings = "<staticContent><remove fileExtension=\".css\" /><mimeMap fileExtension=\".shop\" mimeType=\"text/x-shop\" /></staticContent>";
    let names = ["a.html", "a.HTML", "a.shop", "a.css", "a.unknown", "plain"];
    let home = names.iter().fold(home("mime_types", settings), |home, name| home.file(&format!("files/{name}"), "x"));
    let front = home.start();
    let kind = |name: &str| check(&front, &format!("GET /{name}"), 200).header("content-type").unwrap().to_owned();
    assert_eq!([kind("a.html"), kind("a.HTML"), kind("a.shop")], ["text/html", "text/html", "text/x-shop"]);
    for name in ["a.css", "a.unknown", "plain"] {
        check(&front, &format!("GET /{name}"), 404);
    }
    assert_eq!(verdicts(&front.w3c(1, 6))[3..], ["404 3 50"; 3]);
}

#[test]
fn a_large_file_is_whole() {
    let content: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let front = home("a_large_file_is_whole", "").file("files/large.bin", &content).start();
    assert!(check(&front, "GET /large.bin", 200).body == content);
    let part = check(&front, "GET /large.bin\nRange: bytes=5000000-9999999", 206);
    assert!(part.body == content[5_000_000..10_000_000]);
}
