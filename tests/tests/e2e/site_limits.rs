//! What a site's `limits` allow all its clients together: `maxConnections` and `maxBandwidth`.

use std::thread;

use crate::harness::config::{document, proxy, site, site_with};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::http2::Http2;
use crate::harness::net::Net;
use crate::harness::upstream::{LINE, LINES, Upstream};
use crate::harness::wait_until;
use crate::tls::{certify, entry, http_config};

#[test]
fn a_site_takes_so_many_connections() {
    let sites = site_with(1, "full", &["http/{NET}.2:{PORT}:full.test"], "<limits maxConnections=\"2\" />")
        + &site(2, "free", &["http/{NET}.2:{PORT}:"]);
    let front = Home::of("a_site_takes_so_many_connections")
        .config(&document(&sites, ""))
        .file("full/index.html", "full")
        .file("free/index.html", "free")
        .start();
    let connect = || {
        let mut connection = front.net.client(0).connect(front.net.at(2)).unwrap();
        connection.send_get("full.test", "/").unwrap();
        let status = connection.receive().unwrap().status;
        (connection, status)
    };
    let (mut first, status) = connect();
    assert_eq!(status, 200);
    let (second, status) = connect();
    assert_eq!(status, 200);
    let mut third = front.net.client(0).connect(front.net.at(2)).unwrap();
    third.send_get("full.test", "/").unwrap();
    let refused = third.receive().unwrap();
    assert_eq!((refused.status, refused.body.len()), (503, 326), "HTTP.sys's page: {}", refused.text());
    assert!(refused.text().contains("HTTP Error 503. The service is unavailable."));
    third.ending();
    let line = &front.http_err(1)[0];
    assert_eq!((line.field("sc-status"), line.field("s-reason")), ("503", "ConnLimit"));
    first.send_get("full.test", "/").unwrap();
    assert_eq!(first.receive().unwrap().status, 200, "who has a place keeps it");
    let http2 = Http2::connect(front.net, 0, front.net.at(2));
    assert_eq!(http2.status("/"), 200, "another site has places of its own");
    first.send_get("other.test", "/").unwrap();
    assert_eq!(first.receive().unwrap().text(), "free");
    let (fourth, status) = connect();
    assert_eq!(status, 200, "a connection that went to another site has left its place");
    drop((second, fourth));
    wait_until("a closed connection leaves its place", || (connect().1 == 200).then_some(()));
}

#[test]
fn http2_and_tls_connections_take_places_of_a_site() {
    let net = Net::of("http2_and_tls_connections_take_places_of_a_site");
    let bindings = ["http/{NET}.2:{PORT}:", "https/{NET}.3:{PORT}:"];
    let home = Home::on(net)
        .config(&document(&site_with(1, "full", &bindings, "<limits maxConnections=\"1\" />"), ""))
        .http_config(&http_config(&entry("ipPort=\"0.0.0.0:{PORT}\"", "any")))
        .file("full/index.html", "full");
    certify(&home, "any");
    let front = home.start();
    let mut refused = 0;
    let mut reason = || {
        refused += 1;
        let lines = front.http_err(refused);
        (lines[refused - 1].field("sc-status").to_owned(), lines[refused - 1].field("s-reason").to_owned())
    };
    let conn_limit = ("503".to_owned(), "ConnLimit".to_owned());
    let mut secret = net.client(0).connect_tls(net.at(3)).unwrap();
    secret.send_get("x", "/").unwrap();
    assert_eq!(secret.receive().unwrap().status, 200);
    assert_eq!(Http2::connect(net, 0, net.at(2)).status("/"), 503, "TLS has the place");
    assert_eq!(reason(), conn_limit);
    secret.send_get("x", "/").unwrap();
    assert_eq!(secret.receive().unwrap().status, 200, "who has a place keeps it");
    drop(secret);
    let http2 = wait_until("the place to be free again", || {
        let http2 = Http2::connect(net, 0, net.at(2));
        (http2.status("/") == 200).then_some(http2)
    });
    let told = front.http_err_now().len();
    assert_eq!([http2.status("/"), http2.status("/")], [200, 200], "all its streams are one connection");
    let mut late = net.client(0).connect_tls(net.at(3)).unwrap();
    late.send_get("x", "/").unwrap();
    assert_eq!(late.receive().unwrap().status, 503, "HTTP/2 has the place");
    let line = front.http_err(told + 1).pop().unwrap();
    assert_eq!(line.field("s-reason"), "ConnLimit");
}

/// The longest time of the answers for a path, in milliseconds, and their bytes, by the site's log.
fn taken(front: &Doorward, path: &str, count: usize) -> (u64, u64) {
    let lines = wait_until("the answers are logged", || {
        let lines: Vec<_> = front.w3c_now(1).into_iter().filter(|line| line.field("cs-uri-stem") == path).collect();
        (lines.len() >= count).then_some(lines)
    });
    let number = |line: &crate::harness::log_file::LogLine, name: &str| line.field(name).parse::<u64>().unwrap();
    let longest = lines.iter().map(|line| number(line, "time-taken")).max().unwrap();
    (longest, lines.iter().map(|line| number(line, "sc-bytes")).sum())
}

/// What was sent for a path needed the time that the site's bandwidth asks for. More time is no fault.
fn check(front: &Doorward, path: &str, count: usize) {
    let (taken_ms, bytes) = taken(front, path, count);
    // What may be sent ahead after a pause, and the last piece.
    let least_ms = (bytes * 1000 / BYTES_PER_SECOND).saturating_sub(200);
    assert!(taken_ms >= least_ms, "{path}: {bytes} bytes in {taken_ms} ms");
    assert!(least_ms > 200, "{path}: {bytes} bytes prove nothing");
}

const BYTES_PER_SECOND: u64 = 40_000;

#[test]
fn all_answers_of_a_site_keep_its_bandwidth() {
    let net = Net::of("all_answers_of_a_site_keep_its_bandwidth");
    let upstream = Upstream::start(net.ip(100));
    let more = format!(
        "<logFile logExtFileFlags=\"UriStem, BytesSent, TimeTaken\" /><limits maxBandwidth=\"{BYTES_PER_SECOND}\" />"
    );
    let sites = site_with(1, "slow", &["http/{NET}.2:{PORT}:", "https/{NET}.4:{PORT}:"], &more)
        + &site(2, "free", &["http/{NET}.3:{PORT}:"]);
    let home = Home::on(net)
        .config(&document(&sites, &proxy("slow/up", &upstream.url())))
        .http_config(&http_config(&entry("ipPort=\"0.0.0.0:{PORT}\"", "any")))
        .file("slow/secret.bin", vec![7; 40_000])
        .file("slow/large.bin", vec![7; 40_000])
        .file("slow/second.bin", vec![7; 40_000])
        .file("slow/together.bin", vec![7; 12_000])
        .file("free/large.bin", vec![7; 4_000_000]);
    certify(&home, "any");
    let front = home.start();
    assert_eq!(front.net.client(0).get(front.net.at(3), "/large.bin").body.len(), 4_000_000, "another site is free");
    assert_eq!(front.net.client(0).get(front.net.at(2), "/large.bin").body.len(), 40_000);
    check(&front, "/large.bin", 1);
    let http2 = Http2::connect(front.net, 0, front.net.at(2));
    assert_eq!(http2.get("/second.bin").unwrap().body.len(), 40_000);
    check(&front, "/second.bin", 1);
    for (path, length) in [("/secret.bin", 40_000), ("/up/with/X-Any/2", LINE.len() * LINES)] {
        let mut secret = net.client(0).connect_tls(net.at(4)).unwrap();
        secret.send_get("x", path).unwrap();
        assert_eq!(secret.receive().unwrap().body.len(), length, "over TLS");
        check(&front, path, 1);
    }
    assert_eq!(front.net.client(0).get(front.net.at(2), "/up/with/X-Any/1").text(), LINE.repeat(LINES));
    check(&front, "/up/with/X-Any/1", 1);
    thread::scope(|scope| {
        for client in 0..4 {
            let net = front.net;
            scope.spawn(move || assert_eq!(net.client(client).get(net.at(2), "/together.bin").body.len(), 12_000));
        }
    });
    check(&front, "/together.bin", 4);
}
