//! Limits behind a proxy: the PROXY protocol, and every vector of forwarded headers through a running server.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;

use crate::harness::client::{Client, Ending};
use crate::harness::config::{document, dynamic, location, rate, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::net::Net;

/// A `<location>` with settings of our own section group.
fn own(site: &str, settings: &str) -> String {
    format!("\n  <location path=\"{site}\">\n    <doorward>{settings}</doorward>\n  </location>")
}

/// One GET behind a version 1 header.
fn proxied(client: Client, at: SocketAddr, source: &str, fields: &str) -> u16 {
    let (family, own) = if source.contains(':') { ("TCP6", "::1") } else { ("TCP4", "127.0.0.1") };
    let request = format!(
        "PROXY {family} {source} {own} 50000 80\r\nGET / HTTP/1.1\r\nHost: x\r\n{fields}Connection: close\r\n\r\n"
    );
    client.exchange(at, &request).status
}

#[test]
fn the_proxy_protocol_names_the_peer() {
    let net = Net::of("the_proxy_protocol_names_the_peer");
    let rest = location("shop", &dynamic("", &rate(2, 3_600_000)))
        + &own("shop", &format!("<proxyProtocol trusted=\"{}/32\" />", net.ip(200)));
    let configuration = document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), &rest);
    let front = Home::on(net).config(&configuration).file("shop/index.html", "shop").start();
    let (proxy, stranger, at) = (net.client(0), net.client(1), net.at(2));
    let ask = |source: &str| proxied(proxy, at, source, "");
    assert_eq!([(); 3].map(|()| ask("203.0.113.9")), [200, 200, 403], "the client behind the proxy is limited");
    assert_eq!(ask("2001:db8::7"), 200, "another client is not");
    // Version 2 for the same client, and with bytes of the request in the same segment.
    let mut second = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    second.extend([203, 0, 113, 9, 127, 0, 0, 1, 0xc3, 0x50, 0, 80]);
    second.extend_from_slice(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut connection = proxy.connect(at).unwrap();
    connection.send_raw(&second).unwrap();
    assert_eq!(connection.receive().unwrap().status, 403);
    // A health check of the proxy itself.
    assert_eq!(proxy.exchange(at, "PROXY UNKNOWN\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
    // Without a header the trusted peer gets nothing; a stranger speaks plain HTTP, and no header of its is believed.
    let mut silent = proxy.connect(at).unwrap();
    silent.send_get("x", "/").unwrap();
    assert_eq!(silent.ending(), Ending::Reset);
    assert_eq!(stranger.status(at, "/"), 200);
    assert_eq!(stranger.exchange(at, "PROXY TCP4 203.0.113.9 127.0.0.1 1 2\r\nGET / HTTP/1.1\r\n\r\n").status, 400);
    let peers: Vec<String> = front.w3c(1, 7).iter().map(|line| line.field("c-ip").to_owned()).collect();
    assert_eq!(peers.iter().filter(|peer| *peer == "203.0.113.9").count(), 4, "{peers:?}");
    assert!(peers.contains(&"2001:db8::7".to_owned()) && peers.contains(&net.ip(200).to_string()), "{peers:?}");
    let reasons: Vec<String> = front.http_err(2).iter().map(|line| line.field("s-reason").to_owned()).collect();
    assert!(reasons.contains(&"ProxyHeader_Missing".to_owned()), "{reasons:?}");
}

/// One row of the shared vectors.
struct Row {
    id: String,
    trusted: String,
    peer: String,
    header: String,
    lines: String,
    client: String,
    key: String,
}

fn rows() -> Option<Vec<Row>> {
    let shared = std::env::var_os("DOORWARD_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), std::path::PathBuf::from);
    let text = std::fs::read_to_string(shared.join("vectors/xff.tsv")).ok()?;
    let row = |line: &str| {
        let mut cells = line.split('\t').map(str::to_owned);
        let mut next = || cells.next().unwrap();
        let (id, trusted, peer, header) = (next(), next(), next(), next());
        Row { id, trusted, peer, header, lines: next(), client: next(), key: next() }
    };
    Some(text.lines().skip(1).map(row).collect())
}

/// The escapes of the vectors: `\r \n \t \\ \xHH` and `\{STR*N}`.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let (escape, after) = (rest.as_bytes()[at + 1], &rest[at + 2..]);
        rest = after;
        match escape {
            b'r' => bytes.push(b'\r'),
            b'n' => bytes.push(b'\n'),
            b't' => bytes.push(b'\t'),
            b'\\' => bytes.push(b'\\'),
            b'x' => {
                bytes.push(u8::from_str_radix(&after[..2], 16).unwrap());
                rest = &after[2..];
            }
            b'{' => {
                let (body, after) = after.split_once('}').unwrap();
                let (unit, count) = body.rsplit_once('*').unwrap();
                bytes.extend(unescape(unit).repeat(count.parse().unwrap()));
                rest = after;
            }
            other => panic!("escape {other} in {text}"),
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// What the limiter of a running server holds responsible, after one request that the static list denies.
fn held_responsible(front: &Doorward) -> Option<String> {
    let rows: Value = serde_json::from_str(&front.cli(&["limits", "clients", "--json"]).expect_ok()).unwrap();
    for all in ["0.0.0.0/0", "::/0"] {
        front.cli(&["limits", "unblock", all]).expect_ok();
    }
    let rows = rows.as_array().unwrap();
    assert!(rows.len() < 2, "{rows:?}");
    rows.first().map(|row| row["address"].as_str().unwrap().to_owned())
}

#[test]
fn every_vector_of_forwarded_headers_live() {
    let test = "every_vector_of_forwarded_headers_live";
    let Some(rows) = rows() else {
        println!("SKIP(shared): {test}");
        return;
    };
    let net = Net::of(test);
    // One site for each way of trusting and each header; the peer of a row is named by the PROXY protocol.
    let mut ways: Vec<(&str, &str)> = rows.iter().map(|row| (&*row.trusted, &*row.header)).collect();
    ways.sort_unstable();
    ways.dedup();
    let (mut sites, mut rest) = (String::new(), String::new());
    for (number, (trusted, header)) in (2..).zip(&ways) {
        let name = format!("way{number}");
        sites += &site(number, &name, &[&format!("http/{{NET}}.{number}:{{PORT}}:")]);
        rest +=
            &location(&name, "<security><ipSecurity allowUnlisted=\"false\" enableProxyMode=\"true\" /></security>");
        let trust = if *trusted == "iis" {
            "trustAnyProxy=\"true\"".to_owned()
        } else {
            format!("trustedProxies=\"{trusted}\"")
        };
        let client = net.ip(200);
        rest += &own(
            &name,
            &format!("<limiter {trust} clientHeader=\"{header}\" /><proxyProtocol trusted=\"{client}\" />"),
        );
    }
    let front = Home::on(net).config(&document(&sites, &rest)).start();
    for row in &rows {
        let way = ways.iter().position(|way| *way == (&*row.trusted, &*row.header)).unwrap();
        let at = net.at(u8::try_from(way + 2).unwrap());
        let (family, own) = if row.peer.contains(':') { ("TCP6", "::1") } else { ("TCP4", "127.0.0.1") };
        let mut request =
            format!("PROXY {family} {} {own} 50000 80\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", row.peer)
                .into_bytes();
        let lines = unescape(&row.lines);
        request.extend_from_slice(&lines);
        request.extend_from_slice(if lines.is_empty() { b"\r\n" } else { b"\r\n\r\n" });
        let mut connection = net.client(0).connect(at).unwrap();
        connection.send_raw(&request).unwrap();
        let status = connection.receive().unwrap_or_else(|error| panic!("{}: {error}", row.id)).status;
        let held = held_responsible(&front);
        if row.client.starts_with("(400") {
            assert_eq!((status, held), (400, None), "{}", row.id);
            continue;
        }
        // Keys of IPv6 are networks in the vectors too.
        assert_eq!((status, held.as_deref()), (403, Some(row.key.as_str())), "{}", row.id);
        assert!(!row.client.is_empty(), "{}", row.id);
    }
}
