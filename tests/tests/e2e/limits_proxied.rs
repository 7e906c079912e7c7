//! Limits behind a proxy: the PROXY protocol, and every vector of forwarded headers through a running server.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;

use crate::harness::client::{Client, Ending};
use crate::harness::config::{concurrent, document, dynamic, location, proxy, rate, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::log_file::verdicts;
use crate::harness::net::Net;
use crate::harness::proxies::{self, Tells};
use crate::harness::upstream::Upstream;
use crate::harness::{silence, wait_until};

/// A `<location>` with settings of our own section group.
pub fn own(site: &str, settings: &str) -> String {
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

/// Four sites with one limit each, told to believe the proxy at .150: `rate`, `abort`, `logged`, and `slow`, which
/// forwards to an upstream that holds its requests.
fn four_sites(net: Net, upstream: &Upstream) -> Home {
    let names = ["rate", "abort", "logged", "slow"];
    let limits = [rate(2, 3_600_000), rate(2, 3_600_000), rate(2, 3_600_000), concurrent(2)];
    let attributes = ["", "denyAction=\"AbortRequest\"", "enableLoggingOnlyMode=\"true\"", ""];
    let (mut sites, mut rest) = (String::new(), String::new());
    for (number, name) in (1..).zip(names) {
        let at = usize::try_from(number).unwrap() - 1;
        sites += &site(number, name, &[&format!("http/{{NET}}.{}:{{PORT}}:", number + 1)]);
        let attributes = format!("enableProxyMode=\"true\" {}", attributes[at]);
        rest += &location(name, &dynamic(&attributes, &limits[at]));
        rest += &own(name, &format!("<limiter trustedProxies=\"{}\" />", net.ip(150)));
    }
    rest += &proxy("slow/slow", &upstream.url());
    let home = Home::on(net).config(&document(&sites, &rest));
    names.iter().fold(home, |home, name| home.file(&format!("{name}/index.html"), name))
}

#[test]
fn behind_nginx_each_client_is_its_own() {
    let net = Net::of("behind_nginx_each_client_is_its_own");
    let upstream = Upstream::start(net.ip(100));
    let front = four_sites(net, &upstream).start();
    let routes: Vec<_> = (2..6).map(|host| (net.at(host + 20), net.at(host))).collect();
    let _nginx = proxies::nginx(&routes, net.ip(150), Tells::Header);
    let ask = |client: u8, host: u8| net.client(client).status(net.at(host + 20), "/");
    // The limit is each client's, although one proxy brings all of them.
    assert_eq!([(); 3].map(|()| ask(0, 2)), [200, 200, 403]);
    assert_eq!([(); 3].map(|()| ask(1, 2)), [200, 200, 403]);
    assert_eq!(verdicts(&front.w3c(1, 6))[4..], ["403 502 0", "403 502 0"]);
    // What a client writes into the header stands left of what nginx adds, and is not believed.
    let spoofed = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n";
    assert_eq!(net.client(1).exchange(net.at(22), spoofed).status, 403);
    // A reset reaches nginx, which tells its client so; the log has no line for it, HTTPERR does.
    assert_eq!([(); 3].map(|()| ask(0, 3)), [200, 200, 502]);
    assert_eq!(front.http_err(1)[0].field("s-reason"), "AbortRequest_502");
    assert_eq!([(); 3].map(|()| ask(0, 4)), [200, 200, 200], "only logged");
    assert_eq!(verdicts(&front.w3c(3, 3)), ["200 0 0", "200 0 0", "200 502 0"]);
    // Two requests in progress are allowed, and another client's are not counted with them.
    let held: Vec<_> = (0..2)
        .map(|number| {
            let mut slow = net.client(0).connect(net.at(25)).unwrap();
            slow.send_get("x", "/slow/held").unwrap();
            upstream.wait_held(number + 1);
            slow
        })
        .collect();
    assert_eq!((ask(0, 5), ask(1, 5)), (403, 200));
    upstream.release(2);
    for mut slow in held {
        assert_eq!(slow.receive().unwrap().status, 200);
    }
    let text = front.cli(&["limits", "explain", &net.ip(150).to_string(), "--site", "rate"]).expect_ok();
    assert!(text.contains("the next request is served"), "nothing is held against the proxy itself: {text}");
}

#[test]
fn clock_jumps_free_nobody_and_freeze_nobody() {
    let net = Net::of("clock_jumps_free_nobody_and_freeze_nobody");
    let sites = site(1, "long", &["http/{NET}.2:{PORT}:"]) + &site(2, "short", &["http/{NET}.3:{PORT}:"]);
    let limits = location("long", &dynamic("", &rate(1, 3_600_000))) + &location("short", &dynamic("", &rate(1, 700)));
    let home = Home::on(net).config(&document(&sites, &limits));
    let home = home.file("long/index.html", "long").file("short/index.html", "short");
    let (front, clock) = home.start_with_clock("+0", "UTC");
    let ask = |host: u8| net.client(0).get(net.at(host), "/");
    assert_eq!([(); 2].map(|()| ask(2).status), [200, 403]);
    let mut dates = Vec::new();
    for offset in ["+1d", "-1d", "+3600s", "-3600s"] {
        clock.set(offset);
        let denied = wait_until("the server's wall clock to jump", || {
            let denied = ask(2);
            let date = denied.header("date").unwrap().to_owned();
            (!dates.contains(&date[..22].to_owned())).then(|| dates.push(date[..22].to_owned())).map(|()| denied)
        });
        assert_eq!(denied.status, 403, "{offset}: nobody is freed");
        silence(700);
        assert_eq!([ask(3).status, ask(3).status], [200, 403], "{offset}: nobody is frozen");
    }
    assert_eq!(dates.len(), 4, "{dates:?}");
    drop(front);
}
