//! More clients than there is room for (D21).

use std::net::{Ipv4Addr, Ipv6Addr};

use doorward_limiter::{Admission, Client, Reason};

use crate::desk::{Desk, concurrent, rate, reason};

/// A different address for each number.
fn spoofed(number: u32) -> Client {
    Client::direct(Ipv4Addr::from_bits(0x0b00_0000 + number.wrapping_mul(2_654_435_761) % 0x7000_0000).into())
}

fn attacker(number: u32) -> Client {
    Client::direct(Ipv4Addr::from_bits(0xcb00_7100 + number).into())
}

fn honest(number: u32) -> Client {
    Client::direct(Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(number) << 64 | 1).into())
}

#[test]
fn when_nobody_can_go_newcomers_share_with_their_neighbourhood() {
    let desk = Desk::sized(concurrent(3), 64);
    let ask = |client: &Client| desk.limiter.decide(&desk.policy, client, 0);
    let settled: Vec<Admission> = (0..1000).map(|number| ask(&honest(number << 16))).collect();
    let usage = desk.limiter.usage();
    assert!(usage.pressure > 0 && usage.evictions == 0, "{usage:?}");
    assert_eq!(usage.in_use, usage.capacity);
    let neighbours: Vec<Admission> = (0..20).map(|number| ask(&attacker(number))).collect();
    let admitted = neighbours.iter().filter(|one| reason(one.decision).is_none()).count();
    assert!(admitted <= 3, "twenty newcomers of one /24 share one counter, {admitted} got in");
    let before = ask(&honest(0)).counts.in_progress;
    assert_eq!(before, 2, "whoever has an entry is not disturbed");
    let (next, _) = desk.limiter.peek(&desk.policy, &attacker(99), 0);
    assert_eq!(reason(next), Some(Reason::Concurrency));
    drop((settled, neighbours));
    assert_eq!(desk.limiter.usage().in_use, 0);
    assert_eq!(ask(&attacker(99)).counts.in_progress, 1);
}

#[test]
fn neighbourhoods_are_limited_even_where_one_request_convicts() {
    let desk = Desk::sized(rate(1, 60_000), 64);
    let admitted = (0..10_000).filter(|n| {
        let client = attacker(n % 250);
        reason(desk.limiter.decide(&desk.policy, &client, u64::from(*n)).decision).is_none()
    });
    // As many as have an entry of their own, and one for the rest.
    assert!(admitted.count() <= desk.limiter.usage().capacity + 1);
}

#[test]
fn the_wide_slots_are_bounded_too() {
    let desk = Desk::sized(rate(50, 100_000), 64);
    for number in 0..100_000 {
        let _ = desk.limiter.decide(&desk.policy, &spoofed(number), u64::from(number) / 100);
    }
    let usage = desk.limiter.usage();
    assert!(usage.wide_in_use <= usage.wide_capacity && usage.wide_in_use > 0 && usage.in_use == 0);
}

#[test]
fn a_neighbourhood_with_little_to_remember_is_remembered() {
    let desk = Desk::sized(rate(3, 60_000), 64);
    let pass = |client: &Client| reason(desk.limiter.decide(&desk.policy, client, 0).decision).is_none();
    for number in 0..2000 {
        pass(&honest((number / 2) << 16));
    }
    let before = desk.limiter.usage().pressure;
    let admitted = (0..20).filter(|number| pass(&attacker(*number))).count();
    assert_eq!((admitted <= 3, desk.limiter.usage().pressure - before), (true, 20), "{admitted} got in");
}
