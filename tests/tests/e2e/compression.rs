//! Compressed answers: `urlCompression` and `httpCompression`, of files and of upstreams, over HTTP/1.1 and HTTP/2.

use std::io::Read as _;

use crate::harness::client::Response;
use crate::harness::config::{document, location, proxy, site, site_with};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::http2::Http2;
use crate::harness::net::Net;
use crate::harness::upstream::{LINE, LINES, Upstream};
use crate::harness::wait_until;

/// Copies are made at the first request.
const AT_ONCE: &str = "<httpCompression staticCompressionIgnoreHitFrequency=\"true\" />";

fn ask(front: &Doorward, path: &str, fields: &str) -> Response {
    ask_as(front, (&format!("GET {path} HTTP/1.1"), fields))
}

fn ask_as(front: &Doorward, (line, fields): (&str, &str)) -> Response {
    let mut connection = front.net.client(0).connect(front.net.at(2)).unwrap();
    connection.send(&format!("{line}\r\nHost: x\r\n{fields}\r\n")).unwrap();
    if line.starts_with("HEAD") { connection.receive_head().unwrap() } else { connection.receive().unwrap() }
}

/// The coding of an answer, `-` for none.
fn coding(response: &Response) -> &str {
    response.header("content-encoding").unwrap_or("-")
}

fn decoded(response: &Response) -> String {
    decode(coding(response), &response.body)
}

fn decode(coding: &str, bytes: &[u8]) -> String {
    let mut text = String::new();
    let read = match coding {
        "gzip" => flate2::read::GzDecoder::new(bytes).read_to_string(&mut text),
        "br" => brotli::Decompressor::new(bytes, 4096).read_to_string(&mut text),
        "zstd" => zstd::stream::read::Decoder::new(bytes).unwrap().read_to_string(&mut text),
        _ => (&mut &*bytes).read_to_string(&mut text),
    };
    read.unwrap();
    text
}

fn check(front: &Doorward, path: &str, fields: &str, expected: &str) {
    let seen = ask(front, path, fields);
    assert_eq!((seen.status, coding(&seen)), (200, expected), "{path} {fields}");
}

#[test]
fn files_are_compressed_once_and_sent_to_who_takes_it() {
    let text = LINE.repeat(LINES);
    let rest = location("", AT_ONCE)
        + &location("shop/off", "<urlCompression doStaticCompression=\"false\" />")
        + &location("shop/gzip", "<httpCompression><remove name=\"br\" /><remove name=\"zstd\" /></httpCompression>")
        + &location("shop/cache", "<httpCompression sendCacheHeaders=\"true\" />")
        + &location(
            "shop/all",
            "<httpCompression noCompressionForHttp10=\"false\" noCompressionForProxies=\"false\" noCompressionForRange=\"false\" />",
        );
    let config = document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), &rest);
    let mut home = Home::of("files_are_compressed_once_and_sent_to_who_takes_it").config(&config);
    for name in ["a.txt", "a.bin", "off/a.txt", "gzip/a.txt", "cache/a.txt", "all/a.txt", "near.txt"] {
        home = home.file(&format!("shop/{name}"), &text);
    }
    let front = home.file("shop/small.txt", &text[..2000]).file("shop/near.txt.gz", "neighbour").start();
    let every = "Accept-Encoding: gzip, deflate, br, zstd\r\n";
    for (path, fields, expected) in [
        ("/a.txt", every, "br"),
        ("/a.txt", "", "-"),
        ("/a.txt", "Accept-Encoding: identity, gzip;q=0\r\n", "-"),
        ("/gzip/a.txt", every, "gzip"),
        ("/off/a.txt", every, "-"),
        ("/a.bin", every, "-"),
        ("/small.txt", every, "-"),
        ("/a.txt", &format!("{every}Via: 1.1 proxy\r\n"), "-"),
        ("/all/a.txt", &format!("{every}Via: 1.1 proxy\r\n"), "br"),
        ("/near.txt", "Accept-Encoding: gzip\r\n", "gzip"),
    ] {
        check(&front, path, fields, expected);
    }
    assert_eq!(ask(&front, "/near.txt", "Accept-Encoding: gzip\r\n").text(), "neighbour", "neighbours win");
    let old = |path: &str| ask_as(&front, (&format!("GET {path} HTTP/1.0"), every));
    assert_eq!((coding(&old("/a.txt")), coding(&old("/all/a.txt"))), ("-", "br"));
    let whole = ask(&front, "/gzip/a.txt", every);
    assert_eq!(decoded(&whole), text);
    assert!(whole.body.len() < text.len() / 10 && whole.content_length() == Some(whole.body.len() as u64));
    let plain = ask(&front, "/gzip/a.txt", "");
    for answer in [&whole, &plain] {
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
    }
    assert_eq!(ask(&front, "/a.bin", "").header("vary"), None);
    let (coded, bare) = (whole.header("etag").unwrap(), plain.header("etag").unwrap());
    assert_ne!(coded, bare);
    for (tag, fields, status) in [(coded, every, 304), (bare, every, 200), (bare, "", 304)] {
        let seen = ask(&front, "/gzip/a.txt", &format!("{fields}If-None-Match: {tag}\r\n"));
        assert_eq!((seen.status, seen.header("etag").is_some()), (status, true), "{tag} {fields}");
    }
    let part = ask(&front, "/gzip/a.txt", &format!("{every}Range: bytes=0-9\r\n"));
    assert_eq!((part.status, part.text().as_str()), (206, &text[..10]), "parts are of the file itself");
    let all = ask(&front, "/all/a.txt", every);
    let part = ask(&front, "/all/a.txt", &format!("{every}Range: bytes=1-9\r\n"));
    assert_eq!((part.status, coding(&part), &part.body), (206, "br", &all.body[1..10].to_vec()));
    let advised = ask(&front, "/cache/a.txt", every);
    assert_eq!(advised.header("cache-control"), Some("max-age=86400"));
    assert_eq!(advised.header("expires"), Some("Wed, 01 Jan 1997 12:00:00 GMT"));
    let head = ask_as(&front, ("HEAD /gzip/a.txt HTTP/1.1", every));
    assert_eq!((coding(&head), head.content_length()), ("gzip", whole.content_length()));
    std::fs::write(front.path("www/shop/gzip/a.txt"), LINE.repeat(LINES * 2)).unwrap();
    wait_until("the changed file is compressed anew", || {
        let seen = ask(&front, "/gzip/a.txt", every);
        (coding(&seen) == "gzip" && decoded(&seen).len() == LINE.len() * LINES * 2).then_some(())
    });
}

#[test]
fn a_file_is_compressed_once_it_is_asked_for_often() {
    let config = document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), "");
    let front = Home::of("a_file_is_compressed_once_it_is_asked_for_often")
        .config(&config)
        .file("shop/a.txt", LINE.repeat(LINES))
        .start();
    let gzip = "Accept-Encoding: gzip\r\n";
    check(&front, "/a.txt", gzip, "-");
    wait_until("a file that is asked for again is compressed", || {
        (coding(&ask(&front, "/a.txt", gzip)) == "gzip").then_some(())
    });
}

#[test]
fn forwarded_answers_are_compressed_and_not_held_back() {
    let net = Net::of("forwarded_answers_are_compressed_and_not_held_back");
    let upstream = Upstream::start(net.ip(100));
    let types = |more: &str| {
        format!(
            "<httpCompression><dynamicTypes><add mimeType=\"text/*\" enabled=\"true\" />{more}</dynamicTypes></httpCompression>"
        )
    };
    let rest = proxy("shop", &upstream.url())
        + &location("shop", &types(""))
        + &location("shop/off", "<urlCompression doDynamicCompression=\"false\" />");
    let log = "<logFile logExtFileFlags=\"UriStem, BytesSent\" />";
    let front = Home::on(net).config(&document(&site_with(1, "shop", &["http/{NET}.2:{PORT}:"], log), &rest)).start();
    let every = "Accept-Encoding: zstd, gzip;q=0.9\r\n";
    for (path, fields, expected) in [
        ("/with/X-Any/1", every, "zstd"),
        ("/with/X-Any/1", "Accept-Encoding: gzip\r\n", "gzip"),
        ("/with/X-Any/1", "Accept-Encoding: br\r\n", "br"),
        ("/with/X-Any/1", "", "-"),
        ("/off/with/X-Any/1", every, "-"),
        ("/with/Content-Encoding/x-own", every, "x-own"),
        ("/with/Cache-Control/no-transform", every, "-"),
        ("/with/X-Any/1", &format!("{every}Via: 1.1 x\r\n"), "-"),
    ] {
        check(&front, path, fields, expected);
    }
    for (fields, coding) in [(every, "zstd"), ("Accept-Encoding: gzip\r\n", "gzip"), ("Accept-Encoding: br\r\n", "br")]
    {
        let seen = ask(&front, "/with/Accept-Ranges/bytes", fields);
        assert_eq!(decoded(&seen), LINE.repeat(LINES), "{coding}");
        assert_eq!((seen.header("etag"), seen.header("accept-ranges")), (Some("W/\"v1\""), None));
        assert_eq!((seen.header("vary"), seen.content_length()), (Some("Accept-Encoding"), None));
    }
    assert_eq!(
        ask(&front, "/with/Vary/Accept-Encoding", "").headers.iter().filter(|(name, _)| name == "Vary").count(),
        1
    );
    let plain = ask(&front, "/with/X-Any/1", "");
    assert_eq!((plain.header("vary"), plain.header("etag")), (Some("Accept-Encoding"), Some("\"v1\"")));
    let head = ask_as(&front, ("HEAD /with/X-Any/1 HTTP/1.1", every));
    assert_eq!((coding(&head), head.content_length()), ("zstd", None));
    let mut events = front.net.client(0).connect(front.net.at(2)).unwrap();
    events.send(&format!("GET /events HTTP/1.1\r\nHost: x\r\n{every}\r\n")).unwrap();
    let answer = events.receive_head().unwrap();
    assert_eq!(coding(&answer), "zstd");
    let mut decoder = zstd::stream::write::Decoder::new(Vec::new()).unwrap();
    let mut until = |text: &str| {
        use std::io::Write as _;
        while !String::from_utf8_lossy(decoder.get_ref()).contains(text) {
            let chunk = events.receive_chunk().unwrap();
            decoder.write_all(&chunk).unwrap();
            decoder.flush().unwrap();
        }
    };
    until("data: first\n\n");
    upstream.release(1);
    until("data: second\n\n");
    let line =
        front.w3c(1, 15).into_iter().find(|line| line.field("cs-uri-stem") == "/with/Accept-Ranges/bytes").unwrap();
    let sent: usize = line.field("sc-bytes").parse().unwrap();
    assert!(sent < LINE.len() * LINES / 5, "sc-bytes is what went out: {sent}");
}

#[test]
fn answers_are_compressed_over_http2_too() {
    let net = Net::of("answers_are_compressed_over_http2_too");
    let upstream = Upstream::start(net.ip(100));
    let rest = location("", AT_ONCE)
        + &proxy("shop/up", &upstream.url())
        + &location(
            "shop/up",
            "<httpCompression><dynamicTypes><add mimeType=\"*/*\" enabled=\"true\" /></dynamicTypes></httpCompression>",
        );
    let front = Home::on(net)
        .config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), &rest))
        .file("shop/gzip.txt", LINE.repeat(LINES))
        .file("shop/br.txt", LINE.repeat(LINES))
        .file("shop/zstd.txt", LINE.repeat(LINES))
        .start();
    let http2 = Http2::connect(front.net, 0, front.net.at(2));
    for wanted in ["gzip", "br", "zstd"] {
        for path in [&format!("/{wanted}.txt"), "/up/with/X-Any/1"] {
            let mut request = http2.request(path);
            request.headers_mut().insert("accept-encoding", wanted.parse().unwrap());
            let answer = http2.send(request, b"").unwrap().answer().unwrap();
            let told = answer.fields.get("content-encoding").map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(told.as_deref(), Some(wanted), "{path}");
            assert_eq!(decode(wanted, &answer.body), LINE.repeat(LINES), "{path} {wanted}");
        }
    }
}
