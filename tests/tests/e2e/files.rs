//! Static files beyond the ordinary: several ranges, codings beside a file, listings, names in another case, files of
//! odd kinds and sizes.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use crate::harness::client::Response;
use crate::harness::config::{document, location, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::is_root;
use crate::harness::log_file::verdict_of;

/// One site `files` on .2.
fn home(test: &str, rest: &str) -> Home {
    Home::of(test).config(&document(&site(1, "files", &["http/{NET}.2:{PORT}:"]), rest))
}

/// Sends a GET with header lines; checks the status.
fn check(front: &Doorward, path: &str, fields: &str, status: u16) -> Response {
    let fields: String = fields.lines().map(|field| format!("{field}\r\n")).collect();
    let request = format!("GET {path} HTTP/1.1\r\nHost: files\r\n{fields}\r\n");
    let answer = front.net.client(0).exchange(front.net.at(2), &request);
    assert_eq!(answer.status, status, "{request:?}: {answer:?}");
    answer
}

/// The parts of a `multipart/byteranges` body: `Content-Range` and bytes.
fn parts(answer: &Response) -> Vec<(String, String)> {
    let kind = answer.header("content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/byteranges; boundary=").unwrap_or_else(|| panic!("{answer:?}"));
    let text = answer.text();
    let (body, rest) = text.rsplit_once(&format!("\r\n--{boundary}--\r\n")).unwrap();
    assert!(rest.is_empty());
    let mark = format!("\r\n--{boundary}\r\n");
    let pieces = body.split(&mark).skip(1);
    let read = |piece: &str| {
        let (head, bytes) = piece.split_once("\r\n\r\n").unwrap();
        let range = head.lines().find_map(|line| line.strip_prefix("Content-Range: ")).unwrap();
        (range.to_owned(), bytes.to_owned())
    };
    pieces.map(read).collect()
}

#[test]
fn several_ranges_of_small_and_large_files() {
    let large: String = (0..30_000).map(|number| format!("{number:09}\n")).collect();
    let front = home("several_ranges_of_small_and_large_files", "")
        .file("files/small.txt", "0123456789")
        .file("files/large.txt", &large)
        .start();
    let small = parts(&check(&front, "/small.txt", "Range: bytes=0-1,7-,4-4", 206));
    let told: Vec<_> = small.iter().map(|(range, bytes)| format!("{range}={bytes}")).collect();
    assert_eq!(told, ["bytes 0-1/10=01", "bytes 7-9/10=789", "bytes 4-4/10=4"]);
    let answer = check(&front, "/large.txt", "Range: bytes=0-9,299990-,100000-100009", 206);
    let told: Vec<_> = parts(&answer).into_iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(told, ["000000000\n", "000029999\n", "000010000\n"]);
    assert_eq!(answer.content_length(), Some(answer.body.len() as u64));
    assert_eq!(check(&front, "/small.txt", "Range: bytes=0-3,2-5", 206).text(), "012345");
    assert_eq!(check(&front, "/small.txt", "Range: bytes=0-,0-,0-", 200).text(), "0123456789");
    let many = vec!["0-0"; 1000].join(",");
    check(&front, "/small.txt", &format!("Range: bytes={many}"), 200);
    check(&front, "/small.txt", "Range: bytes=10-,20-", 416);
}

#[test]
fn a_neighbour_is_sent_to_those_who_take_its_coding() {
    let home = home("a_neighbour_is_sent_to_those_who_take_its_coding", "")
        .file("files/a.js", "plain plain plain plain plain")
        .file("files/a.js.br", "brotli")
        .file("files/a.js.gz", "gzip gzip")
        .file("files/b.js", "plain")
        .file("files/b.js.gz", "made from an older file");
    let stale = File::options().write(true).open(home.path("www/files/b.js.gz")).unwrap();
    stale.set_modified(SystemTime::now() - Duration::from_hours(1)).unwrap();
    let front = home.start();
    let plain = check(&front, "/a.js", "", 200);
    assert_eq!((plain.text().len(), plain.header("vary")), (29, Some("Accept-Encoding")));
    let tag = plain.header("etag").unwrap().to_owned();
    for (accept, coding, body) in [
        ("br, gzip", Some("br"), "brotli"),
        ("gzip;q=1.0, br;q=0.5", Some("gzip"), "gzip gzip"),
        ("zstd", None, "plain plain plain plain plain"),
        ("br;q=0, gzip;q=0", None, "plain plain plain plain plain"),
    ] {
        let answer = check(&front, "/a.js", &format!("Accept-Encoding: {accept}"), 200);
        assert_eq!((answer.header("content-encoding"), answer.text().as_str()), (coding, body), "{accept}");
        assert_eq!(answer.header("content-type"), plain.header("content-type"));
        assert_eq!(answer.header("etag") == Some(&tag), coding.is_none(), "each coding has its own validator");
    }
    check(&front, "/a.js", &format!("Accept-Encoding: br\nIf-None-Match: {tag}"), 200);
    assert_eq!(check(&front, "/a.js", "Accept-Encoding: br\nRange: bytes=0-1", 206).text(), "br");
    let stale = check(&front, "/b.js", "Accept-Encoding: gzip", 200);
    assert_eq!((stale.text().as_str(), stale.header("content-encoding")), ("plain", None));
}

#[test]
fn folders_are_listed_where_the_operator_says_so() {
    let rest = location("files/open", "<directoryBrowse enabled=\"true\" showFlags=\"Size, Extension\" />");
    let home = home("folders_are_listed_where_the_operator_says_so", &rest)
        .file("files/open/b.txt", "12345")
        .file("files/open/<i>.txt", "")
        .file("files/open/.git/x.txt", "")
        .file("files/open/sub/index.html", "welcome")
        .file("files/closed/a.txt", "");
    mknodat(CWD, home.path("www/files/open/pipe.txt"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    let front = home.start();
    let page = check(&front, "/open/", "", 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let text = page.text();
    let shows = ["b.txt</a>", "sub/</a>", "&lt;i&gt;.txt", "title=\"5 bytes\"", "1 folder, 2 files"];
    assert!(shows.iter().all(|part| text.contains(part)), "{text}");
    assert!(["<i>", ".git", "pipe", "Modified"].iter().all(|part| !text.contains(part)), "{text}");
    assert_eq!(check(&front, "/open", "", 301).header("location"), Some("/open/"));
    assert_eq!(check(&front, "/open/sub/", "", 200).text(), "welcome");
    check(&front, "/open/none/", "", 404);
    check(&front, "/closed/", "", 403);
    assert_eq!(verdict_of(&front.w3c(1, 5), "/closed/"), "403 14 0");
}

#[test]
fn names_in_another_case_keep_their_policy() {
    let ignore = "<location path=\"files\"><doorward><files ignoreCase=\"true\" /></doorward></location>";
    // U+212A KELVIN SIGN is a k in lower case: a location tag for /Key must hold for it, too.
    let denied = location("files/Key", "<security><ipSecurity allowUnlisted=\"false\" /></security>");
    let front = home("names_in_another_case_keep_their_policy", &format!("{ignore}{denied}"))
        .file("files/Images/Logo.TXT", "logo")
        .file("files/both.txt", "lower")
        .file("files/Both.txt", "upper")
        .file("files/Docs/DEFAULT.HTM", "welcome")
        .file("files/Key/a.txt", "secret")
        .start();
    assert_eq!(check(&front, "/images/logo.txt", "", 200).text(), "logo");
    assert_eq!(check(&front, "/IMAGES/logo.TXT", "", 200).header("content-type"), Some("text/plain"));
    assert_eq!(check(&front, "/both.txt", "", 200).text(), "lower");
    assert_eq!(check(&front, "/Both.txt", "", 200).text(), "upper");
    assert_eq!(check(&front, "/docs/", "", 200).text(), "welcome");
    check(&front, "/images/none.png", "", 404);
    check(&front, "/Key/a.txt", "", 403);
    check(&front, "/key/a.txt", "", 403);
    let by_kelvin = check(&front, "/%e2%84%aaey/a.txt", "", 404);
    assert!(!by_kelvin.text().contains("secret"));
}

#[test]
fn files_of_odd_kinds_and_sizes() {
    let home = home("files_of_odd_kinds_and_sizes", "")
        .file("files/a.txt", "inside")
        .file("files/grows.txt", vec![b'x'; 100_000])
        .file("outside.txt", "outside")
        .sparse_file("files/huge.bin", (8 << 30) + 5);
    let root = home.path("www/files");
    for (target, name) in
        [("a.txt", "in.txt"), ("../outside.txt", "out.txt"), ("/dev/zero", "zero.txt"), ("loop.txt", "loop.txt")]
    {
        symlink(target, root.join(name)).unwrap();
    }
    mknodat(CWD, root.join("pipe.txt"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    // Making one needs root.
    if is_root() {
        mknodat(CWD, root.join("device.txt"), FileType::CharacterDevice, Mode::RUSR, makedev(1, 5)).unwrap();
    }
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket.txt")).unwrap();
    let front = home.start();
    assert_eq!(check(&front, "/in.txt", "", 200).text(), "inside");
    for name in ["out.txt", "zero.txt", "loop.txt", "pipe.txt", "socket.txt", "device.txt"] {
        assert!(!check(&front, &format!("/{name}"), "", 404).text().contains("outside"));
    }
    let far = check(&front, "/huge.bin", "Range: bytes=8589934590-", 206);
    assert_eq!((far.header("content-range"), far.body.len()), (Some("bytes 8589934590-8589934596/8589934597"), 7));
    let mut connection = front.net.client(0).connect(front.net.at(2)).unwrap();
    connection.send("HEAD /huge.bin HTTP/1.1\r\nHost: files\r\n\r\n").unwrap();
    assert_eq!(connection.receive_head().unwrap().content_length(), Some((8 << 30) + 5));

    // A file that grows is sent as long as it was when the answer began.
    let first = check(&front, "/grows.txt", "", 200);
    File::options().append(true).open(root.join("grows.txt")).unwrap().write_all(b"more").unwrap();
    assert_eq!(first.body.len(), 100_000);
    let longer = crate::harness::wait_until("the longer file", || {
        Some(check(&front, "/grows.txt", "", 200)).filter(|answer| answer.body.len() == 100_004)
    });
    assert_ne!(longer.header("etag"), first.header("etag"));
    fs::write(root.join("new.txt"), "another").unwrap();
    fs::rename(root.join("new.txt"), root.join("grows.txt")).unwrap();
    crate::harness::wait_until("the file in its place", || {
        (check(&front, "/grows.txt", "", 200).text() == "another").then_some(())
    });
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_ends_the_connection() {
    let home =
        home("a_file_that_shrinks_while_it_is_sent_ends_the_connection", "").sparse_file("files/long.bin", 64 << 20);
    let path = home.path("www/files/long.bin");
    let front = home.start();
    let mut connection = front.net.client(0).connect_slow(front.net.at(2)).unwrap();
    connection.send_get("files", "/long.bin").unwrap();
    assert_eq!(connection.receive_head().unwrap().content_length(), Some(64 << 20));
    // The server waits for this reader with most of the file still to come.
    File::options().write(true).open(path).unwrap().set_len(1 << 20).unwrap();
    let ending = connection.take_text(64 << 20);
    assert!(ending.is_err(), "64 MiB were promised, and no bytes may be made up");
    crate::harness::wait_until("the shorter file", || {
        (check(&front, "/long.bin", "", 200).body.len() == 1 << 20).then_some(())
    });
}

#[test]
fn a_file_that_grows_while_it_is_sent_keeps_its_announced_length() {
    let home = home("a_file_that_grows_while_it_is_sent_keeps_its_announced_length", "")
        .sparse_file("files/long.bin", 64 << 20);
    let path = home.path("www/files/long.bin");
    let front = home.start();
    let mut connection = front.net.client(0).connect_slow(front.net.at(2)).unwrap();
    connection.send_get("files", "/long.bin").unwrap();
    assert_eq!(connection.receive_head().unwrap().content_length(), Some(64 << 20));
    // The server waits for this reader with most of the file still to come.
    File::options().append(true).open(path).unwrap().write_all(b"more").unwrap();
    assert_eq!(connection.drain(64 << 20).unwrap(), 64 << 20);
    connection.send_get("files", "/none.txt").unwrap();
    assert_eq!(connection.receive().unwrap().status, 404, "the next answer begins where this one ends");
}
