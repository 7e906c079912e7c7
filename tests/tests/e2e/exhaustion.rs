//! Clients that hold on to what they have: half-open ones that take every descriptor, and those that are slow on purpose.

use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::harness::client::Connection;
use crate::harness::config::{document, proxy, site};
use crate::harness::home::Home;
use crate::harness::http2::Http2;
use crate::harness::net::Net;
use crate::harness::peer::find;
use crate::harness::proc::{cpu_ticks, descriptors};
use crate::harness::upstream::Upstream;
use crate::harness::{silence, wait_until, wait_within};

/// Longest that anything here may take beyond its limit. On an idle machine it is a fraction of a second.
const LATE: Duration = Duration::from_secs(5);
const BIG_BYTES: u64 = 64 << 20;

/// A configuration with these attributes of `webLimits`.
fn with_web_limits(sites: &str, rest: &str, attributes: &str) -> String {
    document(sites, rest).replace("<webLimits />", &format!("<webLimits {attributes} />"))
}

/// `doorward run` that may have this many descriptors and cannot get more.
fn run_with_descriptors(home: &Home, count: u32) -> Command {
    let inner = home.command();
    let mut command = Command::new(find("prlimit", "util-linux"));
    command.arg(format!("--nofile={count}:{count}")).arg(inner.get_program()).args(inner.get_args()).arg("run");
    command.current_dir(home.path("home"));
    command
}

#[test]
fn half_open_clients_leave_the_operator_his_door() {
    let net = Net::of("half_open_clients_leave_the_operator_his_door");
    let sites = site(1, "one", &["http/{NET}.2:{PORT}:"]);
    let home = Home::on(net).config(&document(&sites, "")).file("one/index.html", "one");
    let command = run_with_descriptors(&home, 64);
    let front = home.start_as(command);
    let half_open = |_| {
        let mut connection = net.client(0).connect(net.at(2)).unwrap();
        connection.send("GET / HT").unwrap();
        connection
    };
    let clients: Vec<Connection> = (0..150).map(half_open).collect();
    wait_until("no connection to be accepted any more", || {
        front.status()["accept_errors"].as_u64().filter(|waits| *waits > 0)
    });
    assert!(descriptors(front.pid()) < 64, "some are left to the operator, the logs and the files");
    let before = cpu_ticks(front.pid());
    silence(2_000);
    // 100 ticks are a second: 5 % of the two seconds are 10.
    let used = cpu_ticks(front.pid()) - before;
    assert!(used < 10, "{used} ticks in two seconds");
    for _ in 0..10 {
        assert_eq!(front.site_state("one").as_deref(), Some("Started"));
    }
    drop(clients);
    let since = Instant::now();
    assert_eq!(net.client(1).get(net.at(2), "/").text(), "one");
    assert!(since.elapsed() < LATE, "back after {:?}", since.elapsed());
}

/// Sends `first`, then nothing; gives the time until the server ended the connection, whatever it said before.
fn patience_after(net: Net, first: &str) -> Duration {
    let mut connection = net.client(0).connect(net.at(2)).unwrap();
    connection.send(first).unwrap();
    let since = Instant::now();
    connection.ending();
    since.elapsed()
}

/// Sends what never ends, after `first` a byte ten times a second; gives the time until the server no longer took it.
fn patience_with_a_trickle(net: Net, first: &str) -> Duration {
    let mut connection = net.client(0).connect(net.at(2)).unwrap();
    connection.send(first).unwrap();
    let since = Instant::now();
    while connection.send("x").is_ok() && since.elapsed() < LATE * 2 {
        silence(100);
    }
    since.elapsed()
}

#[test]
fn silent_clients_are_left_in_time() {
    let net = Net::of("silent_clients_are_left_in_time");
    let upstream = Upstream::start(net.ip(100));
    let sites = site(1, "one", &["http/{NET}.2:{PORT}:"]);
    let limits = r#"connectionTimeout="00:00:02" headerWaitTimeout="00:00:01""#;
    let configuration = with_web_limits(&sites, &proxy("one/app", &upstream.url()), limits);
    let front = Home::on(net).config(&configuration).file("one/index.html", "one").start();
    let mut told = Vec::new();
    let mut check = |what: &str, limit_s: u64, reason: &str, taken: Duration| {
        let limit = Duration::from_secs(limit_s);
        // The clock of the client starts a moment after the server's.
        assert!(taken + Duration::from_millis(200) > limit && taken < limit + LATE, "{what}: {taken:?}");
        told.push(reason.to_owned());
        let lines = front.http_err(told.len());
        let mut reasons: Vec<_> = lines.iter().map(|line| line.field("s-reason").to_owned()).collect();
        reasons.sort();
        told.sort();
        assert_eq!(reasons, told, "{what}");
    };
    check("nothing", 2, "Timer_ConnectionIdle", patience_after(net, ""));
    check("half a head", 1, "Timer_HeaderWait", patience_after(net, "GET / HTTP/1.1\r\nHost"));
    check("a trickled head", 1, "Timer_HeaderWait", patience_with_a_trickle(net, "GET / HTTP/1.1\r\nX: "));
    let forwarded = "POST /app/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc";
    check("half a body", 2, "Timer_EntityBody", patience_after(net, forwarded));
    let trickled = "POST /app/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n";
    check("a trickled body", 2, "Timer_EntityBody", patience_with_a_trickle(net, trickled));
    let unwanted = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n";
    check("a trickled body that nobody wants", 2, "Timer_EntityBody", patience_with_a_trickle(net, unwanted));
}

#[test]
fn http2_a_trickled_body_is_left_in_time() {
    let net = Net::of("http2_a_trickled_body_is_left_in_time");
    let upstream = Upstream::start(net.ip(100));
    let sites = site(1, "one", &["http/{NET}.2:{PORT}:"]);
    let limits = r#"connectionTimeout="00:00:02""#;
    let configuration = with_web_limits(&sites, &proxy("one/app", &upstream.url()), limits);
    let front = Home::on(net).config(&configuration).start();
    let http2 = Http2::connect(net, 0, net.at(2));
    let (sent, mut body) = http2.begin_upload_of("/app/", Some(100_000));
    let since = Instant::now();
    while body.send_data(Bytes::from_static(b"x"), false).is_ok() && since.elapsed() < LATE * 2 {
        silence(100);
    }
    let taken = since.elapsed();
    assert!(taken > Duration::from_millis(1800) && taken < Duration::from_secs(2) + LATE, "{taken:?}");
    assert!(sent.answer().is_err());
    let line = &front.http_err(1)[0];
    assert_eq!((line.field("s-reason"), line.field("streamid")), ("Timer_EntityBody", "1"));
}

#[test]
fn a_changed_time_limit_holds_for_the_next_wait() {
    let net = Net::of("a_changed_time_limit_holds_for_the_next_wait");
    let sites = site(1, "one", &["http/{NET}.2:{PORT}:"]);
    let front = Home::on(net).config(&document(&sites, "")).file("one/index.html", "one").start();
    front.write_config(&with_web_limits(&sites, "", r#"connectionTimeout="00:00:01""#));
    front.cli(&["reload"]).expect_ok();
    let taken = patience_after(net, "GET /");
    assert!(taken < Duration::from_secs(1) + LATE, "{taken:?}");
    assert_eq!(front.http_err(1)[0].field("s-reason"), "Timer_HeaderWait", "it follows connectionTimeout");
}

#[test]
fn a_client_that_takes_nothing_is_left_in_time() {
    let net = Net::of("a_client_that_takes_nothing_is_left_in_time");
    let sites = site(1, "one", &["http/{NET}.2:{PORT}:"]);
    let front = Home::on(net).config(&document(&sites, "")).sparse_file("one/big.bin", BIG_BYTES).start();
    let mut reader = net.client(0).connect_slow(net.at(2)).unwrap();
    let since = Instant::now();
    reader.send_get("x", "/big.bin").unwrap();
    assert_eq!(reader.receive_head().unwrap().status, 200);
    // Its time is 30 seconds, whatever the least speed is.
    silence(25_000);
    // Under pressure the kernel takes a little more for the client now and then, which begins its time anew.
    let first = || front.http_err_now().into_iter().next();
    let line = wait_within(Duration::from_secs(90), "the HTTPERR line", first);
    assert_eq!(line.field("s-reason"), "Timer_MinBytesPerSecond");
    assert!(since.elapsed() >= Duration::from_secs(29), "{:?}", since.elapsed());
    assert!(reader.drain(BIG_BYTES).map_or(0, |bytes| bytes) < BIG_BYTES);
}
