//! HTTP/2: the same sites, limits and logs.

use std::io::{Read, Write};

use bytes::Bytes;
use h2::Reason;
use http::{HeaderValue, Request};

use crate::harness::config::{concurrent, document, dynamic, location, proxy, rate, site, site_with};
use crate::harness::home::Home;
use crate::harness::http2::{Broken, Http2};
use crate::harness::log_file::verdicts;
use crate::harness::net::Net;
use crate::harness::upstream::Upstream;
use crate::harness::wait_until;

/// What every client of HTTP/2 sends first, with empty SETTINGS.
const BEGINNING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const PING: &[u8] = b"\0\0\x08\x06\0\0\0\0\0pingpong";
const GOAWAY: u8 = 7;

/// One site `shop` on .2 with these limits, and a page; `more` follows the location tag.
fn limited(net: Net, attributes: &str, limits: &str, more: &str) -> Home {
    let rest = location("shop", &dynamic(attributes, limits)) + more;
    Home::on(net).config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), &rest)).file("shop/index.html", "shop")
}

#[test]
fn http2_lines_have_version_and_bytes() {
    let net = Net::of("http2_lines_have_version_and_bytes");
    let log = r#"<logFile logExtFileFlags="Date, Time, Method, UriStem, UriQuery, HttpStatus, HttpSubStatus, Win32Status, BytesSent, BytesRecv, ProtocolVersion, Host" />"#;
    let sites = site_with(1, "shop", &["http/{NET}.2:{PORT}:"], log);
    let front = Home::on(net).config(&document(&sites, "")).file("shop/index.html", "shop").start();
    let client = Http2::connect(net, 0, net.at(2));
    let answer = client.get("/?q").unwrap();
    assert_eq!((answer.status, answer.text()), (200, "shop"));
    assert!(answer.fields.contains_key("etag") && !answer.fields.contains_key("connection"), "{:?}", answer.fields);
    let line = &front.w3c(1, 1)[0];
    let host = net.at(2).to_string();
    let received = [":methodGET", ":schemehttp", ":authority", &host, ":path/?q"].concat().len();
    let expected = ["HTTP/2", &host, &answer.bytes().to_string(), &received.to_string()];
    let seen = ["cs-version", "cs-host", "sc-bytes", "cs-bytes"].map(|name| line.field(name));
    assert_eq!(seen, expected, "{}", line.text());
}

#[test]
fn http2_files_are_whole() {
    let net = Net::of("http2_files_are_whole");
    let content: Vec<u8> = (0_u32..700_000).flat_map(u32::to_be_bytes).collect();
    let front = limited(net, "", "", "").file("shop/big.bin", &content).start();
    let client = Http2::connect(net, 0, net.at(2));
    let downloads: Vec<_> = (0..3).map(|_| client.begin("/big.bin")).collect();
    for download in downloads {
        assert!(download.answer().unwrap().body == content);
    }
    let mut part = client.request("/big.bin");
    part.headers_mut().insert("range", HeaderValue::from_static("bytes=100000-199999,0-4"));
    let answer = client.send(part, b"").unwrap().answer().unwrap();
    assert_eq!(answer.status, 206);
    assert!(answer.body.windows(100_000).any(|window| *window == content[100_000..200_000]));
    let mut head = client.request("/big.bin");
    *head.method_mut() = http::Method::HEAD;
    let answer = client.send(head, b"").unwrap().answer().unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(answer.fields["content-length"], "2800000");
    assert_eq!(client.status("/missing.txt"), 404);
    front.w3c(1, 6);
}

#[test]
fn http2_bodies_go_through_a_proxy() {
    let net = Net::of("http2_bodies_go_through_a_proxy");
    let upstream = Upstream::start(net.ip(100));
    let front = limited(net, "", "", &proxy("shop/api", &upstream.url())).start();
    let client = Http2::connect(net, 0, net.at(2));
    let mut request = client.request("/api/x?y");
    *request.method_mut() = http::Method::POST;
    for (name, value) in [("content-length", "5"), ("cookie", "a=1"), ("cookie", "b=2")] {
        request.headers_mut().append(name, HeaderValue::from_static(value));
    }
    let answer = client.send(request, b"hello").unwrap().answer().unwrap();
    let head = answer.text();
    assert!(head.starts_with("POST /api/x?y HTTP/1.1\r\n"), "{head}");
    for line in [format!("Host: {}", net.at(2)), "cookie: a=1; b=2".to_owned(), "Content-Length: 5".to_owned()] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{line} in {head}");
    }
    assert!(!answer.fields.contains_key("x-hop"), "{:?}", answer.fields);
    assert_eq!(client.status("/api/dead"), 502);
    let half = client.begin("/api/half");
    upstream.wait_held(1);
    assert_eq!(client.status("/"), 200, "other streams go on meanwhile");
    upstream.release(1);
    assert_eq!(half.answer().unwrap().text(), "first-second");
    let lines = front.w3c(1, 4);
    let dead = lines.iter().find(|line| line.field("cs-uri-stem") == "/api/dead").unwrap();
    assert_eq!(dead.verdict(), "502 3 12030", "{lines:#?}");
}

#[test]
fn http2_rates_are_limited() {
    let net = Net::of("http2_rates_are_limited");
    let front = limited(net, "", &rate(5, 3_600_000), "").start();
    let client = Http2::connect(net, 0, net.at(2));
    let seen: Vec<_> = (0..6).map(|_| client.status("/")).collect();
    assert_eq!(seen, [200, 200, 200, 200, 200, 403]);
    assert_eq!(verdicts(&front.w3c(1, 6))[4..], ["200 0 0", "403 502 0"]);
    assert_eq!(net.client(0).status(net.at(2), "/"), 403, "both versions are counted together");
    assert_eq!(Http2::connect(net, 1, net.at(2)).status("/"), 200, "another client has its own count");
}

#[test]
fn http2_streams_count_as_requests_in_progress() {
    let net = Net::of("http2_streams_count_as_requests_in_progress");
    let upstream = Upstream::start(net.ip(100));
    let front = limited(net, "", &concurrent(2), &proxy("shop/slow", &upstream.url())).start();
    let client = Http2::connect(net, 0, net.at(2));
    let held = ["/slow/held1", "/slow/held2"].map(|path| client.begin(path));
    upstream.wait_held(2);
    assert_eq!(client.status("/"), 403);
    assert_eq!(verdicts(&front.w3c(1, 1)), ["403 501 0"]);
    upstream.release(2);
    assert_eq!(held.map(|sent| sent.answer().unwrap().status), [200, 200]);
    wait_until("a place to be free", || (client.status("/") == 200).then_some(()));
    // A stream that its client resets gives its place back, too.
    let gone = ["/slow/held3", "/slow/held4"].map(|path| client.begin(path));
    upstream.wait_held(2);
    assert_eq!(client.status("/"), 403);
    drop(gone);
    wait_until("the places of reset streams to be free", || (client.status("/") == 200).then_some(()));
}

#[test]
fn http2_logging_only_serves_and_tells() {
    let net = Net::of("http2_logging_only_serves_and_tells");
    let attributes = "enableLoggingOnlyMode=\"true\" denyAction=\"AbortRequest\"";
    let front = limited(net, attributes, &rate(2, 3_600_000), "").start();
    let client = Http2::connect(net, 0, net.at(2));
    assert_eq!([(); 3].map(|()| client.status("/")), [200; 3]);
    assert_eq!(verdicts(&front.w3c(1, 3)), ["200 0 0", "200 0 0", "200 502 0"]);
}

#[test]
fn http2_abort_resets_the_stream_then_the_connection() {
    let net = Net::of("http2_abort_resets_the_stream_then_the_connection");
    let upstream = Upstream::start(net.ip(100));
    let more = proxy("shop/slow", &upstream.url());
    let front = limited(net, "denyAction=\"AbortRequest\"", &rate(2, 3_600_000), &more).start();
    let client = Http2::connect(net, 0, net.at(2));
    assert_eq!(client.status("/"), 200);
    let held = client.begin("/slow/held");
    upstream.wait_held(1);
    assert_eq!(client.get("/?over").unwrap_err(), Broken::Stream(Reason::ENHANCE_YOUR_CALM));
    assert_eq!(front.http_err(1)[0].field("s-reason"), "AbortRequest_502");
    let refused = client.get("/?again").unwrap_err();
    assert!(matches!(refused, Broken::Stream(_) | Broken::Connection(_) | Broken::Io), "{refused:?}");
    assert!(client.ending().is_err(), "the second denial costs the connection");
    assert!(held.answer().is_err());
    let lines = front.http_err(2);
    let seen = ["cs-version", "cs-uri", "streamid", "sc-status", "s-siteid"].map(|name| lines[0].field(name));
    assert_eq!(seen, ["HTTP/2", "/?over", "5", "-", "1"], "{}", lines[0].text());
    let logged = verdicts(&front.w3c(1, 2));
    assert_eq!(logged, ["200 0 0", "400 604 64"], "the page, and the request that was cut off");
}

#[test]
fn http2_a_place_is_held_until_the_last_byte() {
    let net = Net::of("http2_a_place_is_held_until_the_last_byte");
    let front = limited(net, "", &concurrent(1), "").sparse_file("shop/big.bin", 64 << 20).start();
    let slow = Http2::connect(net, 0, net.at(2));
    let unread = slow.begin("/big.bin").head().unwrap();
    let other = Http2::connect(net, 0, net.at(2));
    assert_eq!(other.status("/"), 403, "the window is shut, and the download is still in progress");
    drop(unread);
    wait_until("the place to be free", || (other.status("/") == 200).then_some(()));
    let line = wait_until("the broken download in the log", || {
        front.w3c_now(1).into_iter().find(|line| line.field("cs-uri-stem") == "/big.bin")
    });
    assert_eq!(line.verdict(), "200 0 64");
}

#[test]
fn http2_two_readings_of_a_host_are_refused() {
    let net = Net::of("http2_two_readings_of_a_host_are_refused");
    let front = limited(net, "", "", "").start();
    let client = Http2::connect(net, 0, net.at(2));
    let ask = |name: &'static str, value: &'static str| {
        let mut request: Request<()> = client.request("/");
        request.headers_mut().append(name, HeaderValue::from_static(value));
        client.send(request, b"").unwrap().answer().unwrap().status
    };
    assert_eq!([ask("host", "other.test"), ask("x-a", " y")], [400; 2]);
    assert_eq!(client.status("/"), 200, "the connection goes on");
    let lines = front.http_err(2);
    let reasons: Vec<_> = lines.iter().map(|line| line.field("s-reason")).collect();
    assert_eq!(reasons, ["Hostname", "Header"]);
    front.w3c(1, 1);
}

#[test]
fn http2_floods_are_sent_away() {
    let net = Net::of("http2_floods_are_sent_away");
    let front = limited(net, "", "", "").start();
    let mut stream = std::net::TcpStream::connect(net.at(2)).unwrap();
    let flood = [BEGINNING, &PING.repeat(2000)].concat();
    let mut answer = Vec::new();
    // The server may close while we write or read; what it said before that counts.
    let _closed = stream.write_all(&flood);
    let _closed = stream.read_to_end(&mut answer);
    let mut rest = &answer[..];
    let mut last = None;
    while let [a, b, c, kind, _, _, _, _, _, after @ ..] = rest {
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        last = Some((*kind, after[..length].last().copied()));
        rest = &after[length..];
    }
    assert_eq!(last, Some((GOAWAY, Some(u32::from(Reason::ENHANCE_YOUR_CALM) as u8))));
    assert_eq!(front.http_err(1)[0].field("s-reason"), "Http2_Calm");
    assert_eq!(Http2::connect(net, 0, net.at(2)).status("/"), 200);
}

#[test]
fn http2_requests_in_progress_outlive_a_stop() {
    let net = Net::of("http2_requests_in_progress_outlive_a_stop");
    let upstream = Upstream::start(net.ip(100));
    let mut front = limited(net, "", "", &proxy("shop/slow", &upstream.url())).start();
    let (busy, idle) = (Http2::connect(net, 0, net.at(2)), Http2::connect(net, 1, net.at(2)));
    assert_eq!(idle.status("/"), 200);
    let held = busy.begin("/slow/held");
    upstream.wait_held(1);
    front.signal(rustix::process::Signal::TERM);
    assert_eq!(idle.ending(), Ok(()), "an idle connection is told farewell");
    upstream.release(1);
    assert_eq!(held.answer().unwrap().status, 200);
    assert_eq!(busy.ending(), Ok(()));
    assert_eq!(front.wait_exit(), Some(0));
    assert_eq!(verdicts(&front.w3c(1, 2)), ["200 0 0"; 2]);
}

#[test]
fn http2_can_be_switched_off() {
    let net = Net::of("http2_can_be_switched_off");
    let sites = site(1, "shop", &["http/{NET}.2:{PORT}:"]).replace("<binding ", "<binding sslFlags=\"4\" ");
    let front = Home::on(net).config(&document(&sites, "")).file("shop/index.html", "shop").start();
    let mut stream = std::net::TcpStream::connect(net.at(2)).unwrap();
    stream.write_all(BEGINNING).unwrap();
    let mut answer = Vec::new();
    let _closed = stream.read_to_end(&mut answer);
    assert!(answer.starts_with(b"HTTP/1.1 505 "), "{:?}", Bytes::from(answer));
    assert_eq!(front.http_err(1)[0].field("s-reason"), "Version_N/S");
}

#[test]
fn http2_a_changed_limit_reaches_a_kept_connection() {
    let net = Net::of("http2_a_changed_limit_reaches_a_kept_connection");
    let front = limited(net, "", "", "").start();
    let kept = Http2::connect(net, 0, net.at(2));
    assert_eq!(kept.status("/"), 200);
    let limit = location("shop", &dynamic("", &rate(1, 3_600_000)));
    front.write_config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), &limit));
    front.cli(&["reload"]).expect_ok();
    assert_eq!([kept.status("/"), kept.status("/")], [200, 403]);
}
