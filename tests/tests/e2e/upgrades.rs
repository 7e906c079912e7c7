//! Upgraded connections and event streams: forwarded, counted by a rule of their own, told in the log.

use std::net::SocketAddr;

use serde_json::Value;

use crate::harness::client::{Connection, Ending};
use crate::harness::config::{concurrent, document, dynamic, location, proxy_with, rate, site_with};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::http2::{Broken, Http2};
use crate::harness::log_file::LogLine;
use crate::harness::net::Net;
use crate::harness::peer::Peer;
use crate::harness::wait_until;
use crate::limits_proxied::own;
use crate::tls::{certify, entry, http_config};

/// The opening of RFC 6455 1.2, with its key.
const OPENING: &str = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const ACCEPTED: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Site `chat` in front of the program, on .2 with and without TLS.
fn chat(net: Net, limits: &str, (rest, more): (&str, &str)) -> (Doorward, Peer) {
    let behind = SocketAddr::new(net.ip(100), net.port2);
    let program = Peer::python(include_str!("programs/upgrade.py"), behind);
    let log = r#"<logFile logExtFileFlags="Date, Time, UriStem, HttpStatus, HttpSubStatus, Win32Status, BytesSent, BytesRecv, TimeTaken" />"#;
    let sites = site_with(1, "chat", &["http/{NET}.2:{PORT}:", "https/{NET}.2:{PORT2}:"], log);
    let rest =
        location("chat", &dynamic("", limits)) + &proxy_with("chat/ws", &format!("http://{behind}"), more) + rest;
    let home = Home::on(net).config(&document(&sites, &rest)).file("chat/index.html", "chat");
    let home = home.http_config(&http_config(&entry("ipPort=\"{NET}.2:{PORT2}\"", "chat")));
    certify(&home, "chat");
    (home.start(), program)
}

/// How many upgraded connections and event streams there are.
fn long_lived(front: &Doorward) -> u64 {
    front.status()["long_lived"].as_u64().unwrap()
}

fn wait_long_lived(front: &Doorward, count: u64) {
    wait_until(&format!("{count} upgraded connections and event streams"), || {
        (long_lived(front) == count).then_some(())
    });
}

/// Opens the echo on a connection; gives the bytes of both heads.
fn open(connection: &mut Connection) -> usize {
    let request = format!("GET /ws/echo HTTP/1.1\r\nHost: x\r\n{OPENING}\r\n");
    connection.send(&request).unwrap();
    let head = connection.receive_head().unwrap();
    assert_eq!(
        (head.status, head.header("upgrade"), head.header("connection")),
        (101, Some("websocket"), Some("Upgrade"))
    );
    assert_eq!(head.header("sec-websocket-accept"), Some(ACCEPTED));
    assert_eq!(connection.take_text(5).unwrap(), "hello", "what came with the head");
    request.len()
}

fn echo(connection: &mut Connection, text: &str) {
    connection.send(text).unwrap();
    assert_eq!(connection.take_text(text.len()).unwrap(), text);
}

/// The lines of upgraded requests, as soon as there are `count`.
fn upgraded(front: &Doorward, count: usize) -> Vec<LogLine> {
    wait_until(&format!("{count} lines with 101"), || {
        let lines: Vec<_> = front.w3c_now(1).into_iter().filter(|line| line.field("sc-status") == "101").collect();
        (lines.len() >= count).then_some(lines)
    })
}

#[test]
fn a_websocket_goes_both_ways_and_is_in_progress_until_it_ends() {
    let net = Net::of("a_websocket_goes_both_ways_and_is_in_progress_until_it_ends");
    let (front, _program) = chat(net, &(concurrent(2) + &rate(6, 3_600_000)), ("", ""));
    let client = net.client(0);
    let mut plain = client.connect(net.at(2)).unwrap();
    let received = open(&mut plain);
    let mut secure = client.connect_tls(SocketAddr::new(net.ip(2), net.port2)).unwrap();
    open(&mut secure);
    assert_eq!(long_lived(&front), 2);
    for connection in [&mut plain, &mut secure] {
        echo(connection, "abc");
        echo(connection, &"0123456789".repeat(20_000));
    }
    assert_eq!(client.status(net.at(2), "/"), 403, "two are in progress");
    assert_eq!(net.client(1).status(net.at(2), "/"), 200);
    let words = ["limits", "explain", &net.ip(200).to_string(), "--site", "chat", "--json"];
    let standing: Value = serde_json::from_str(&front.cli(&words).expect_ok()).unwrap();
    let counts = ["in_progress", "in_window"].map(|name| standing[0][name].as_u64().unwrap());
    assert_eq!(counts, [3, 4], "two and the next; three requests and the next: {standing}");
    let table = front.cli(&["limits", "clients"]).expect_ok();
    assert!(table.contains("3/2 at once"), "{table}");
    // The client ends one, the program the other.
    plain.vanish();
    wait_long_lived(&front, 1);
    wait_until("the place of the one that ended", || (client.status(net.at(2), "/") == 200).then_some(()));
    secure.send("bye").unwrap();
    assert_eq!((secure.take_text(3).unwrap().as_str(), secure.ending()), ("bye", Ending::Closed));
    wait_long_lived(&front, 0);
    // Threads hand their lines over each in its own time: the bytes tell the two apart.
    let mut lines = upgraded(&front, 2);
    lines.sort_by_key(|line| line.field("cs-bytes").to_owned());
    assert!(lines.iter().all(|line| line.field("cs-uri-stem") == "/ws/echo"));
    let bytes = |line: &LogLine, name: &str| line.field(name).parse::<usize>().unwrap();
    let first = &lines[0];
    assert_eq!(bytes(first, "cs-bytes"), received + 200_003, "{}", first.text());
    assert!(bytes(first, "sc-bytes") > 200_008 && bytes(first, "sc-bytes") < 201_000, "{}", first.text());
    assert_eq!(lines[1].verdict(), "101 0 0", "{}", lines[1].text());
    assert_eq!(bytes(&lines[1], "cs-bytes"), received + 200_006);
}

#[test]
fn http2_a_websocket_is_a_stream() {
    let net = Net::of("http2_a_websocket_is_a_stream");
    let off = location("chat/ws/off", "<webSocket enabled=\"false\" />");
    let (front, _program) = chat(net, &concurrent(2), (&off, ""));
    let http2 = Http2::connect(net, 0, net.at(2));
    assert_eq!(http2.status("/"), 200);
    let open = |http2: &Http2| {
        let mut socket = http2.open_websocket("/ws/echo").unwrap_or_else(|other| panic!("{other:?}"));
        assert_eq!(socket.take_text(5).unwrap(), "hello", "what came with the upstream's head");
        socket
    };
    let mut socket = open(&http2);
    let mut echo = |text: &str| {
        socket.send(text);
        assert_eq!(socket.take_text(text.len()).unwrap(), text);
    };
    echo("abc");
    echo(&"0123456789".repeat(20_000));
    // Small messages are no flood, however many there are.
    (0..3000).for_each(|_| socket.send("x"));
    assert_eq!(socket.take_text(3000).unwrap().len(), 3000);
    assert_eq!(long_lived(&front), 1);
    let other = open(&http2);
    assert_eq!(http2.status("/"), 403, "two are in progress");
    drop(other);
    wait_long_lived(&front, 1);
    wait_until("the place of the one that was reset", || (http2.status("/") == 200).then_some(()));
    socket.send("bye");
    assert_eq!(socket.take_text(4).unwrap(), "bye", "the program closed");
    wait_long_lived(&front, 0);
    let mut socket = open(&http2);
    socket.end();
    assert_eq!(socket.take_text(1).unwrap(), "", "the client closed");
    wait_long_lived(&front, 0);
    let refused = |path: &str| http2.open_websocket(path).err().unwrap().unwrap();
    let paths = ["/", "/ws/plain", "/ws/other", "/ws/forged", "/ws/off"];
    assert_eq!(paths.map(refused), [501, 502, 502, 502, 501]);
    let lines = wait_until("the lines of three WebSockets", || {
        let lines: Vec<_> = front.w3c_now(1).into_iter().filter(|own| own.field("cs-uri-stem") == "/ws/echo").collect();
        (lines.len() == 3).then_some(lines)
    });
    let number = |line: &LogLine, name: &str| line.field(name).parse::<usize>().unwrap();
    let longest = lines.iter().max_by_key(|line| number(line, "cs-bytes")).unwrap();
    assert_eq!(longest.verdict(), "200 0 0", "{}", longest.text());
    assert!((203_006..204_000).contains(&number(longest, "cs-bytes")), "{}", longest.text());
    assert!((203_011..204_000).contains(&number(longest, "sc-bytes")), "{}", longest.text());
}

/// What the program saw of a request, or the status where it was not asked.
fn seen(front: &Doorward, request: &str) -> Result<String, u16> {
    let answer = front.net.client(0).exchange(front.net.at(2), request);
    if answer.status == 200 { Ok(answer.text().to_lowercase()) } else { Err(answer.status) }
}

#[test]
fn only_what_is_an_upgrade_is_forwarded_as_one() {
    let net = Net::of("only_what_is_an_upgrade_is_forwarded_as_one");
    let off = location("chat/ws/off", "<webSocket enabled=\"false\" />");
    let (front, _program) = chat(net, "", (&off, ""));
    let check = |(path, version, fields, body): (&str, &str, &str, &str), expected: Option<&str>| {
        let request = format!("GET {path} HTTP/{version}\r\nHost: x\r\n{fields}\r\n{body}");
        let head = seen(&front, &request).unwrap();
        let offered = head.lines().find_map(|line| line.strip_prefix("upgrade: "));
        assert_eq!(offered, expected, "{request}: {head}");
        assert_eq!(head.contains("connection: upgrade\r\n"), expected.is_some(), "{head}");
    };
    check(("/ws/x", "1.1", OPENING, ""), Some("websocket"));
    check(("/ws/x", "1.1", "Connection: upgrade\r\nUpgrade: h2c, IRC/6.9\r\n", ""), Some("irc/6.9"));
    check(("/ws/x", "1.1", "Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n", ""), None);
    check(("/ws/x", "1.1", "Upgrade: websocket\r\n", ""), None);
    check(("/ws/x", "1.0", OPENING, ""), None);
    check(("/ws/x", "1.1", "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n", "ab"), None);
    check(("/ws/off", "1.1", OPENING, ""), None);
    // An upstream that switches to what nobody asked for has not answered; one that goes on in HTTP keeps the connection.
    assert_eq!(seen(&front, &format!("GET /ws/other HTTP/1.1\r\nHost: x\r\n{OPENING}\r\n")), Err(502));
    assert_eq!(seen(&front, "GET /ws/other HTTP/1.1\r\nHost: x\r\n\r\n"), Err(502));
    let mut kept = net.client(0).connect(net.at(2)).unwrap();
    for _ in 0..2 {
        kept.send(&format!("GET /ws/x HTTP/1.1\r\nHost: x\r\n{OPENING}\r\n")).unwrap();
        assert_eq!(kept.receive().unwrap().status, 200);
    }
    assert_eq!(long_lived(&front), 0);
}

#[test]
fn an_event_stream_is_in_progress_until_it_ends() {
    let net = Net::of("an_event_stream_is_in_progress_until_it_ends");
    let (front, _program) = chat(net, &concurrent(1), ("", ""));
    let at = net.at(2);
    let mut events = net.client(0).connect(at).unwrap();
    events.send_get("x", "/ws/events").unwrap();
    assert_eq!(events.receive_head().unwrap().status, 200);
    assert_eq!((long_lived(&front), net.client(0).status(at, "/")), (1, 403));
    events.vanish();
    wait_until("the place of the stream", || (net.client(0).status(at, "/") == 200).then_some(()));
    let http2 = Http2::connect(net, 1, at);
    let stream = http2.begin("/ws/events").head().unwrap();
    assert_eq!((long_lived(&front), http2.status("/")), (1, 403));
    drop(stream);
    wait_until("the place of the stream in HTTP/2", || (http2.status("/") == 200).then_some(()));
    wait_long_lived(&front, 0);
}

#[test]
fn long_lived_requests_may_be_left_uncounted() {
    let net = Net::of("long_lived_requests_may_be_left_uncounted");
    let free = own("chat", "<limiter countLongLived=\"false\" />");
    // Two, since a request may still be in progress for a moment when its client has the answer.
    let (front, _program) = chat(net, &(concurrent(2) + &rate(4, 3_600_000)), (&free, ""));
    let (client, at) = (net.client(0), net.at(2));
    let mut socket = client.connect(at).unwrap();
    open(&mut socket);
    let mut events = client.connect(at).unwrap();
    events.send_get("x", "/ws/events").unwrap();
    assert_eq!(events.receive_head().unwrap().status, 200);
    assert_eq!(long_lived(&front), 2, "shown all the same");
    assert_eq!([(); 3].map(|()| client.status(at, "/")), [200, 200, 403], "each was one request towards the rate");
    echo(&mut socket, "still there");
    drop((socket, events));
    wait_long_lived(&front, 0);
}

#[test]
fn a_silent_tunnel_is_closed_in_time() {
    let net = Net::of("a_silent_tunnel_is_closed_in_time");
    let (front, _program) = chat(net, &concurrent(1), ("", "responseTimeoutMs=\"2000\" "));
    let mut socket = net.client(0).connect(net.at(2)).unwrap();
    open(&mut socket);
    echo(&mut socket, "a last word");
    assert_eq!(socket.ending(), Ending::Closed);
    assert_eq!(front.http_err(1)[0].field("s-reason"), "Timer_ConnectionIdle");
    assert_eq!(upgraded(&front, 1)[0].verdict(), "101 0 121");
    wait_until("its place to be free", || (net.client(0).status(net.at(2), "/") == 200).then_some(()));
    let http2 = Http2::connect(net, 0, net.at(2));
    assert_eq!(http2.status("/"), 200);
    let mut socket = http2.open_websocket("/ws/echo").unwrap_or_else(|other| panic!("{other:?}"));
    assert_eq!(socket.take_text(5).unwrap(), "hello");
    assert_eq!(socket.take_text(1), Err(Broken::Stream(h2::Reason::CANCEL)));
    let line = &front.http_err(2)[1];
    assert_eq!((line.field("s-reason"), line.field("streamid")), ("Timer_ConnectionIdle", "3"));
    assert_eq!(http2.status("/"), 200, "its place is free and its connection lives");
}
