//! The reverse proxy (scenario 16 and its neighbours).

use std::net::SocketAddr;

use crate::harness::config::{document, proxy, proxy_with, site};
use crate::harness::home::Home;
use crate::harness::log_file::verdict_of;
use crate::harness::net::Net;
use crate::harness::peer::Peer;
use crate::harness::proc::{resident_kib, resident_peak_kib};
use crate::harness::upstream::Upstream;

const GIBIBYTE: u64 = 1 << 30;

/// How much memory a gibibyte each way may cost, in KiB.
const GROWTH_KIB_MAX: u64 = 40 * 1024;

#[test]
fn a_program_behind_to_streams_a_gibibyte_each_way() {
    let net = Net::of("a_program_behind_to_streams_a_gibibyte_each_way");
    let behind = SocketAddr::new(net.ip(100), net.port2);
    let _program = Peer::python(include_str!("programs/count.py"), behind);
    // An empty machine, and the command of the README.
    let front = Home::on(net).config(&document("", "")).start();
    let bind = "http/{NET}.4:{PORT}:";
    front.cli(&["site", "add", "shop", "--bind", bind, "--to", &format!("http://{behind}")]).expect_ok();
    let at = net.at(4);
    assert_eq!(net.client(0).get(at, "/stream/3").text(), "ddd");
    assert_eq!(net.client(0).get(at, "/stream/300000/chunked").body.len(), 300_000);
    let before = resident_kib(front.pid());

    let mut upload = net.client(0).connect(at).unwrap();
    upload.send(&format!("POST /count HTTP/1.1\r\nHost: shop\r\nContent-Length: {GIBIBYTE}\r\n\r\n")).unwrap();
    upload.send_bytes(GIBIBYTE).unwrap();
    assert_eq!(upload.receive().unwrap().text(), GIBIBYTE.to_string());
    upload.send_get("shop", &format!("/stream/{GIBIBYTE}")).unwrap();
    assert_eq!(upload.receive_head().unwrap().content_length(), Some(GIBIBYTE));
    assert_eq!(upload.drain(GIBIBYTE).unwrap(), GIBIBYTE);

    let grown = resident_peak_kib(front.pid()).saturating_sub(before);
    assert!(grown < GROWTH_KIB_MAX, "memory grew by {grown} KiB");
}

/// A site that forwards to a Rust upstream.
fn forwarding(net: Net, attributes: &str, url: &str) -> Home {
    Home::on(net).config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), &proxy_with("shop", url, attributes)))
}

#[test]
fn hop_by_hop_headers_stay_here() {
    let net = Net::of("hop_by_hop_headers_stay_here");
    let upstream = Upstream::start(net.ip(100));
    let front = forwarding(net, "", &upstream.url()).start();
    let seen = net.client(0).exchange(
        net.at(2),
        "POST /a/b?c=d HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 3\r\nConnection: X-Mine\r\nX-Mine: 1\r\n\
         Keep-Alive: timeout=5\r\nProxy-Connection: x\r\nTE: trailers\r\nX-Other: 2\r\n\r\nabc",
    );
    assert_eq!(seen.status, 200);
    let head = seen.text().to_ascii_lowercase();
    assert!(head.starts_with("post /a/b?c=d http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nx-other: 2\r\n") && head.contains("\r\ncontent-length: 3\r\n"), "{head}");
    for gone in ["\r\nx-mine:", "\r\nkeep-alive:", "\r\nproxy-connection:", "\r\nte:"] {
        assert!(!head.contains(gone), "{gone:?} was forwarded: {head}");
    }
    assert_eq!(seen.header("x-hop"), None, "the upstream's own hop-by-hop field");
    assert_eq!(front.w3c(1, 1)[0].field("cs-uri-query"), "c=d");
}

#[test]
fn a_response_streams_while_the_upstream_still_writes() {
    let net = Net::of("a_response_streams_while_the_upstream_still_writes");
    let upstream = Upstream::start(net.ip(100));
    let _front = forwarding(net, "", &upstream.url()).start();
    let mut connection = net.client(0).connect(net.at(2)).unwrap();
    connection.send_get("x", "/half").unwrap();
    assert_eq!(connection.receive_head().unwrap().content_length(), Some(12));
    assert_eq!(connection.take_text(6).unwrap(), "first-");
    upstream.wait_held(1);
    upstream.release(1);
    assert_eq!(connection.take_text(6).unwrap(), "second");
}

#[test]
fn a_body_waits_for_100_continue() {
    let net = Net::of("a_body_waits_for_100_continue");
    let upstream = Upstream::start(net.ip(100));
    let _front = forwarding(net, "", &upstream.url()).start();
    let mut connection = net.client(0).connect(net.at(2)).unwrap();
    connection.send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n").unwrap();
    assert_eq!(connection.receive_head().unwrap().status, 100);
    connection.send("abc").unwrap();
    assert_eq!(connection.receive().unwrap().status, 200);
}

#[test]
fn a_dead_upstream_is_502_and_a_silent_one_504() {
    let net = Net::of("a_dead_upstream_is_502_and_a_silent_one_504");
    let upstream = Upstream::start(net.ip(100));
    let nobody = SocketAddr::new(net.ip(101), net.port2);
    let more = proxy("shop/nobody", &format!("http://{nobody}"));
    let text = document(
        &site(1, "shop", &["http/{NET}.2:{PORT}:"]),
        &(proxy_with("shop", &upstream.url(), "responseTimeoutMs=\"300\"") + &more),
    );
    let front = Home::on(net).config(&text).start();
    let ask = |path: &str| net.client(0).status(net.at(2), path);
    assert_eq!([ask("/nobody/x"), ask("/dead"), ask("/held"), ask("/fine")], [502, 502, 504, 200]);
    let lines = front.w3c(1, 4);
    let told = ["/nobody/x", "/dead", "/held", "/fine"].map(|stem| verdict_of(&lines, stem));
    let told = told.each_ref().map(|verdict| verdict.rsplit_once(' ').unwrap().0);
    assert_eq!(told, ["502 3", "502 3", "504 0", "200 0"]);
    upstream.release(1);
}
