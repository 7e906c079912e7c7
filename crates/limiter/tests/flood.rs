//! A million spoofed addresses against a small table (D21), in a process of its own, since it measures memory.
//! `DOORWARD_FLOOD_ADDRESSES` asks for more.
//!
//! The panics of `unwrap` in shared code here are the test's own.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "the test reads its own memory use")]

use std::net::{Ipv4Addr, Ipv6Addr};

use doorward_limiter::{Client, Decision, Limiter, LimiterSettings, Limits, Policy, Rate, Reason, Scope};

/// Resident memory in bytes, as Linux tells it.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// A different address for each number.
fn spoofed(number: u32) -> Client {
    Client::direct(Ipv4Addr::from_bits(0x0b00_0000 + number.wrapping_mul(2_654_435_761) % 0x7000_0000).into())
}

fn attacker(number: u32) -> Client {
    Client::direct(Ipv4Addr::from_bits(0xcb00_7100 + number).into())
}

/// An attacker that comes back only once, just before its time is over.
fn patient(number: u32) -> Client {
    Client::direct(Ipv4Addr::from_bits(0xc633_6400 + number).into())
}

fn honest(number: u32) -> Client {
    Client::direct(Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(number) << 64 | 1).into())
}

#[test]
fn a_million_spoofed_addresses_free_no_attacker_deny_no_honest_client_and_take_no_memory() {
    let limiter = Limiter::new(LimiterSettings { clients_max: 4096, evidence_max: 100, seed: 7 });
    let rate = Some(Rate { requests_max: 20, interval_ms: 10_000 });
    let policy = Policy { limits: Limits { rate, ..Limits::NONE }, ..Policy::open(Scope(1)) };
    let ask = |client: &Client, now_ms| match limiter.decide(&policy, client, now_ms).decision {
        Decision::Allow => None,
        Decision::Deny { reason, .. } => Some(reason),
    };
    for number in 0..64 {
        let admitted = (0..40).filter(|_| ask(&attacker(number), 0).is_none()).count();
        assert_eq!(admitted, 20);
    }
    let spoofed_max: u32 = std::env::var("DOORWARD_FLOOD_ADDRESSES").map_or(1_000_000, |text| text.parse().unwrap());
    let mut warm_bytes = 0;
    for number in 0..spoofed_max {
        let now_ms = u64::from(number) / 100;
        ask(&spoofed(number), now_ms);
        if number % 50 == 0 {
            let round = number / 50;
            assert_eq!(ask(&honest(round % 1000), now_ms), None, "honest client denied at {now_ms} ms");
        }
        if number % 500 == 0 {
            let round = number / 500;
            assert_eq!(ask(&attacker(round % 64), now_ms), Some(Reason::Rate), "attacker freed at {now_ms} ms");
        }
        // Twenty seconds pass from one burst to the next.
        if number % 2_000_000 == 0 {
            let admitted = (0..640).filter(|n| ask(&patient(n % 16), now_ms).is_none()).count();
            assert_eq!(admitted, 16 * 20, "at {now_ms} ms");
        }
        if number % 2_000_000 == 999_900 {
            (0..16).for_each(|n| assert_eq!(ask(&patient(n), now_ms), Some(Reason::Rate), "freed at {now_ms} ms"));
        }
        if number == 100_000 {
            warm_bytes = resident_bytes();
        }
    }
    let grown = resident_bytes().saturating_sub(warm_bytes);
    let usage = limiter.usage();
    println!("{spoofed_max} addresses: {warm_bytes} bytes resident at 100 000, {grown} more at the end, {usage:?}");
    // The addresses alone would take 16 MB.
    assert!(grown < 1 << 20, "memory grew by {grown} bytes");
    assert!(usage.evictions > u64::from(spoofed_max) * 9 / 10 && usage.in_use <= usage.capacity, "{usage:?}");
    assert_eq!(usage.pressure, 0);
}
