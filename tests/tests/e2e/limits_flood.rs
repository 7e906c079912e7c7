//! Many real addresses, each with a connection of its own: memory stays within the table, honest clients are let in, and
//! an attacker is not forgotten among them.
//!
//! `DOORWARD_FLOOD_ADDRESSES=1000000` asks for the full flood, which takes minutes; CI has a small one.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use crate::harness::client::Client;
use crate::harness::config::{document, dynamic, location, rate, site};
use crate::harness::home::Home;
use crate::harness::net::Net;
use crate::harness::proc;

const REQUESTS_MAX: u32 = 100;
const HONEST: u32 = 1_000;
const THREADS: u32 = 4;
/// The table is made for a million clients: so much memory is its own when all of them have come.
const TABLE_KIB: u64 = 90 * 1024;
/// What serving so many connections may take beside it: buffers, caches, the log.
const BESIDE_KIB: u64 = 24 * 1024;

/// Address number `n` of one of three groups that no test uses.
fn address(group: u32, n: u32) -> Client {
    Client::from(IpAddr::V4(Ipv4Addr::from_bits(0x7f80_0000 + (group << 20) + n)))
}

#[test]
fn a_flood_of_addresses_hides_no_attacker_and_hits_no_honest_client() {
    let net = Net::of("a_flood_of_addresses_hides_no_attacker_and_hits_no_honest_client");
    let addresses = std::env::var("DOORWARD_FLOOD_ADDRESSES").ok().map_or(3_000, |count| count.parse::<u32>().unwrap());
    assert!(addresses <= 1 << 20);
    // Without a log of a million lines.
    let quiet = "<httpLogging dontLog=\"true\" />";
    let limits = dynamic("", &rate(REQUESTS_MAX, 60_000));
    let rest = location("shop", &format!("{limits}{quiet}"));
    let configuration = document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), &rest);
    let front = Home::on(net).config(&configuration).file("shop/index.html", "shop").start();
    let (at, attacker) = (net.at(2), address(2, 1));
    let asked: Vec<_> = (0..=REQUESTS_MAX).map(|_| attacker.status(at, "/")).collect();
    assert_eq!((asked[99], asked[100]), (200, 403));
    let before_kib = proc::resident_kib(front.pid());
    let (counter, hidden, hit) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
    let ask = |client: Client| {
        let mut connection = client.connect(at).unwrap();
        connection.send_get("x", "/").unwrap();
        let status = connection.receive().unwrap().status;
        // A reset, so that a million ports do not wait for their last segments.
        connection.vanish();
        status
    };
    let turn = |n: u32| {
        assert_eq!(ask(address(0, n)), 200, "a newcomer is let in");
        if n.is_multiple_of(10) && ask(address(1, n / 10 % HONEST)) != 200 {
            hit.fetch_add(1, Ordering::Relaxed);
        }
        if n.is_multiple_of(50) && ask(attacker) != 403 {
            hidden.fetch_add(1, Ordering::Relaxed);
        }
    };
    let numbers = || Some(counter.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < addresses);
    thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| std::iter::from_fn(numbers).for_each(turn));
        }
    });
    let grown_kib = proc::resident_kib(front.pid()).saturating_sub(before_kib);
    let status = front.status();
    println!("{addresses} addresses: {grown_kib} KiB more than {before_kib}; limiter {}", status["limiter"]);
    assert_eq!((hit.into_inner(), hidden.into_inner()), (0, 0), "honest ones denied, attacker let in");
    assert!(grown_kib < TABLE_KIB + BESIDE_KIB, "{grown_kib} KiB more");
    assert!(addresses > 100_000 || grown_kib < BESIDE_KIB, "{grown_kib} KiB more for {addresses} addresses");
    assert!(status["limiter"]["in_use"].as_u64().unwrap() <= status["limiter"]["capacity"].as_u64().unwrap());
}
