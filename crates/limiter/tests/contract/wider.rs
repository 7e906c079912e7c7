//! Larger IPv6 networks that are denied once several clients in them broke the limits.

use std::collections::HashMap;

use doorward_limiter::{DenyAction, Policy, Reason, Sample, Scope, Wider};
use proptest::prelude::*;

use crate::desk::{Desk, client, deny, rate, reason};

/// Two requests a second of a /64; three of them over it within 10 s condemn their /48.
fn desk() -> Desk {
    let desk = Desk::new(rate(2, 1000));
    let wider = Some(Wider { prefix_length: 48, clients: 3, interval_ms: 10_000 });
    Desk { policy: Policy { wider, ..desk.policy.clone() }, ..desk }
}

fn address(network: u16, number: u16) -> String {
    format!("2001:db8:{network:x}:{number:x}::7")
}

/// Breaks the limit of so many clients of network 1, one millisecond each.
fn convict(desk: &Desk, clients: u16, now_ms: u64) {
    for number in 0..clients {
        (0..3).for_each(|_| drop(desk.ask(&address(1, number), now_ms + u64::from(number))));
    }
}

#[test]
fn two_culprits_are_two_culprits_and_three_are_their_network() {
    let desk = desk();
    convict(&desk, 2, 0);
    assert_eq!(desk.pass(&address(1, 9), 10), None);
    convict(&desk, 3, 20);
    assert_eq!(desk.pass(&address(1, 8), 30), Some(Reason::Rate));
    assert_eq!(desk.pass(&address(2, 8), 30), None, "the neighbours are free");
    assert_eq!(desk.peek(&address(1, 9), 30).0, Some(Reason::Rate));
    assert_eq!(desk.pass(&address(1, 8), 10_022), None, "calm for ten seconds");
    assert_eq!(desk.limiter.usage().denied_wider, 1);
}

#[test]
fn who_hammers_keeps_the_network_denied_and_who_asks_now_and_then_does_not() {
    let desk = desk();
    convict(&desk, 3, 0);
    for now_ms in (100..30_000).step_by(200) {
        (0..3).for_each(|number| assert_eq!(desk.pass(&address(1, number), now_ms), Some(Reason::Rate)));
    }
    assert_eq!(desk.pass(&address(1, 9), 30_000), Some(Reason::Rate));
    let late = (30_000..50_000).step_by(1000).map(|now_ms| desk.pass(&address(1, 9), now_ms));
    assert_eq!(late.flatten().count(), 10, "its asking does not prolong what others did");
}

#[test]
fn every_scope_and_logging_only_are_for_themselves_and_ipv4_is_not_widened() {
    let desk = desk();
    convict(&desk, 3, 0);
    let elsewhere = Policy { scope: Scope(2), ..desk.policy.clone() };
    let asked = desk.limiter.decide(&elsewhere, &client(&address(1, 9)), 10).decision;
    assert_eq!(reason(asked), None);
    let logged = Policy { logging_only: true, ..desk.policy.clone() };
    assert_eq!(reason(desk.limiter.decide(&logged, &client(&address(1, 9)), 10).decision), None);
    for number in 0..9 {
        (0..3).for_each(|_| drop(desk.ask(&format!("10.0.0.{number}"), 20)));
    }
    assert_eq!(desk.pass("10.0.0.200", 21), None);
}

#[test]
fn it_is_shown_and_unblocked_as_a_network() {
    let desk = desk();
    convict(&desk, 3, 0);
    let one = client(&address(1, 9));
    let admission = desk.ask(&address(1, 9), 10);
    assert_eq!(admission.decision, deny(Reason::Rate, DenyAction::Forbidden, true));
    let sample = Sample { method: "GET", path: "/", user_agent: b"", site_id: 1, speaks_for_others: false };
    desk.limiter.note_denial(&desk.policy, &one, &admission, sample, 10);
    let standing = desk.limiter.wider_standing(&desk.policy, &one, 20).unwrap();
    assert_eq!((standing.convicted, standing.needed), (3, 3));
    let shown = |now_ms| {
        let listed = desk.limiter.denied_clients(now_ms);
        listed.into_iter().map(|row| (row.key.to_string(), row.blocked_now)).collect::<Vec<_>>()
    };
    assert_eq!(shown(20), [("2001:db8:1::/48".to_owned(), true)]);
    assert_eq!(shown(10_020), [("2001:db8:1::/48".to_owned(), false)]);
    assert_eq!(desk.limiter.retry_after_ms(&desk.policy, (&one, &admission), 10), 10_000);
    let desk = self::desk();
    convict(&desk, 3, 0);
    assert_eq!(desk.limiter.unblock("2001:db8:1:9::7/128".parse().unwrap(), None), 1);
    assert_eq!(desk.pass(&address(1, 9), 30), None);
    assert_eq!(desk.pass(&address(1, 1), 30), Some(Reason::Rate), "the culprits stay what they are");
}

/// The slow way: every request of a client, and when each last broke the limit.
#[derive(Default)]
struct Exact {
    stamps: HashMap<(u16, u16), Vec<u64>>,
    broken: HashMap<u16, HashMap<u16, u64>>,
}

impl Exact {
    /// Whether a request is denied under two requests per second, three culprits in ten.
    fn ask(&mut self, (network, number): (u16, u16), now_ms: u64) -> bool {
        let broken = self.broken.entry(network).or_default();
        let recent = |last_ms: &u64| now_ms - last_ms < 10_000;
        let is_denied = broken.values().filter(|last_ms| recent(last_ms)).count() >= 3;
        // Culprits are the three who broke it last.
        let mut last: Vec<_> = broken.iter().map(|(number, last_ms)| (*last_ms, *number)).collect();
        last.sort_unstable_by(|a, b| b.cmp(a));
        let is_culprit = last.iter().take(3).any(|(last_ms, own)| *own == number && recent(last_ms));
        if is_denied && !is_culprit {
            return true;
        }
        let stamps = self.stamps.entry((network, number)).or_default();
        let is_over = stamps.iter().filter(|stamp| now_ms - **stamp < 1000).count() >= 2;
        stamps.push(now_ms);
        if is_over {
            broken.insert(number, now_ms);
        }
        is_over || is_denied
    }
}

proptest! {
    #[test]
    fn equal_to_a_naive_model(steps in prop::collection::vec((0u16..2, 0u16..6, 1u64..400, 1u32..5), 1..200)) {
        let (desk, mut exact, mut now_ms) = (desk(), Exact::default(), 0);
        for (network, number, wait_ms, requests) in steps {
            for _ in 0..requests {
                // No two at one moment, so that the order of the culprits is plain.
                now_ms += 1;
                let is_denied = desk.pass(&address(network, number), now_ms).is_some();
                prop_assert_eq!(is_denied, exact.ask((network, number), now_ms), "{}:{} at {}", network, number, now_ms);
            }
            now_ms += wait_ms * if requests == 4 { 20 } else { 1 };
        }
    }
}
