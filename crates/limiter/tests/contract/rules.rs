//! Each decision of the design in a few requests.

use doorward_limiter::{
    AddressList, AddressRule, Admission, Client, Counts, Decision, DenyAction, Limits, Policy, Rate, Reason, Sample,
    Scope, Via,
};

use crate::desk::{Desk, client, concurrent, deny, rate};

const A: &str = "203.0.113.9";
const SAMPLE: Sample<'_> =
    Sample { method: "GET", path: "/", user_agent: b"agent", site_id: 3, speaks_for_others: false };

/// Sends one request at each time and tells which were let in, as a string of `+` and `-`.
fn check_rate(limits: Limits, times_ms: &[u64], expected: &str) {
    let desk = Desk::new(limits);
    let verdict = |time_ms: &u64| if desk.pass(A, *time_ms).is_none() { '+' } else { '-' };
    assert_eq!(times_ms.iter().map(verdict).collect::<String>(), expected, "{limits:?}");
}

#[test]
fn d1_the_window_slides_and_a_request_one_interval_old_is_out() {
    check_rate(rate(2, 200), &[0, 100, 199, 400], "++-+");
    check_rate(rate(2, 200), &[0, 199, 200, 398], "+++-");
    check_rate(rate(1, 60_000), &[5, 60_004, 120_004], "+-+");
}

#[test]
fn d2_denied_requests_count_unless_switched_off() {
    check_rate(rate(2, 200), &[0, 0, 100, 150, 280, 480], "++---+");
    let forgiving = Limits { count_denied: false, ..rate(2, 200) };
    check_rate(forgiving, &[0, 0, 100, 150, 280, 480], "++--++");
}

#[test]
fn d3_concurrency_comes_first_and_still_stamps_the_rate() {
    let limits = Limits { concurrent_max: Some(1), ..rate(3, 200) };
    let desk = Desk::new(limits);
    let first = desk.ask(A, 0);
    assert_eq!([desk.pass(A, 0), desk.pass(A, 0)], [Some(Reason::Concurrency); 2]);
    drop(first);
    assert_eq!(desk.pass(A, 0), Some(Reason::Rate));
    assert_eq!(desk.pass(A, 200), None);
}

#[test]
fn d3_an_enforced_denial_gives_its_place_back_at_once() {
    let desk = Desk::new(concurrent(1));
    let first = desk.ask(A, 0);
    let second = desk.ask(A, 0);
    assert_eq!(second.decision, deny(Reason::Concurrency, DenyAction::Forbidden, true));
    assert_eq!(second.counts, Counts { in_progress: 2, in_window: 0 });
    assert!(first.permit.is_held() && !second.permit.is_held());
    drop(first);
    assert_eq!(desk.pass(A, 0), None);
}

#[test]
fn d3_d18_logging_only_keeps_the_place_and_beats_abort() {
    let mut desk = Desk::new(concurrent(1));
    desk.policy = Policy { logging_only: true, action: DenyAction::Abort, ..desk.policy };
    let held: Vec<Admission> = (0..3).map(|_| desk.ask(A, 0)).collect();
    let over = deny(Reason::Concurrency, DenyAction::Abort, false);
    assert_eq!(held.iter().map(|one| one.decision).collect::<Vec<_>>(), [Decision::Allow, over, over]);
    assert!(held.iter().all(|one| one.permit.is_held()));
    assert_eq!(held[2].counts.in_progress, 3);
    drop(held);
    assert_eq!(desk.peek(A, 0).1.in_progress, 1);
}

#[test]
fn d4_as_many_as_the_limit_are_let_in() {
    for requests_max in [1, 2, 5, 20, 21, 64, 65, 1000, 70_000] {
        let desk = Desk::new(rate(requests_max, 200));
        let admitted = (0..requests_max + 10).filter(|_| desk.pass(A, 7).is_none()).count();
        assert_eq!(admitted, requests_max as usize);
    }
}

#[test]
fn the_logging_example_of_the_seed_reads_the_same() {
    // iis.md §2.3: rate 2 per 200 ms and 2 concurrent, logging only.
    let mut desk = Desk::new(Limits { concurrent_max: Some(2), ..rate(2, 200) });
    desk.policy.logging_only = true;
    assert_eq!(desk.pass(A, 0), None);
    let style = desk.ask(A, 10);
    let script = desk.ask(A, 12);
    assert_eq!(crate::desk::reason(script.decision), Some(Reason::Rate));
    assert_eq!([desk.pass(A, 14), desk.pass(A, 15)], [Some(Reason::Concurrency); 2]);
    drop((style, script));
    assert_eq!(desk.pass(A, 100), Some(Reason::Rate));
}

fn listed(rules: &[(&str, bool)], allow_unlisted: bool, limits: Limits) -> Desk {
    let rule = |(network, allowed): &(&str, bool)| AddressRule { network: network.parse().unwrap(), allowed: *allowed };
    let mut desk = Desk::new(limits);
    desk.policy.list = AddressList::new(rules.iter().map(rule).collect(), allow_unlisted);
    desk.policy.list_action = DenyAction::NotFound;
    desk
}

#[test]
fn static_denials_are_enforced_always_and_touch_no_counter() {
    let mut desk = listed(&[("203.0.113.9/32", false)], true, rate(1, 200));
    desk.policy.logging_only = true;
    let denied = desk.ask(A, 0);
    assert_eq!(denied.decision, deny(Reason::Address, DenyAction::NotFound, true));
    assert_eq!((denied.counts, denied.permit.is_held()), (Counts::default(), false));
    desk.policy.list = AddressList::open();
    assert_eq!(desk.peek(A, 0).1, Counts { in_progress: 1, in_window: 1 });
}

#[test]
fn d5_an_explicit_allow_entry_exempts_and_being_unlisted_does_not() {
    let mut desk = listed(&[("203.0.113.9/32", true)], true, rate(1, 200));
    let many: Vec<Admission> = (0..5).map(|_| desk.ask(A, 0)).collect();
    assert!(many.iter().all(|one| one.exempt && one.decision == Decision::Allow && !one.permit.is_held()));
    assert_eq!([desk.pass("203.0.113.8", 0), desk.pass("203.0.113.8", 0)], [None, Some(Reason::Rate)]);
    desk.policy.exempt_allowed = false;
    assert_eq!([desk.pass(A, 0), desk.pass(A, 0)], [None, Some(Reason::Rate)]);
}

#[test]
fn d9_a_header_nobody_vouches_for_exempts_nobody() {
    let desk = listed(&[("1.1.1.1/32", true)], true, rate(1, 200));
    let named = |via| Client { via, address: "1.1.1.1".parse().unwrap(), ..client("10.0.0.1") };
    assert!(desk.limiter.decide(&desk.policy, &named(Via::Listed), 0).exempt);
    assert!(!desk.limiter.decide(&desk.policy, &named(Via::Implicit), 0).exempt);
    let second = desk.limiter.decide(&desk.policy, &named(Via::AnyProxy), 0);
    assert_eq!(second.decision, deny(Reason::Rate, DenyAction::Forbidden, true));
}

#[test]
fn d6_scopes_count_apart() {
    let mut desk = Desk::new(rate(1, 200));
    assert_eq!(desk.pass(A, 0), None);
    desk.policy.scope = Scope(2);
    assert_eq!([desk.pass(A, 0), desk.pass(A, 0)], [None, Some(Reason::Rate)]);
}

#[test]
fn d10_an_ipv6_prefix_is_one_client_and_a_mapped_address_is_ipv4() {
    let mut desk = Desk::new(rate(1, 200));
    assert_eq!([desk.pass("2001:db8::1", 0), desk.pass("2001:db8::2", 0)], [None, Some(Reason::Rate)]);
    assert_eq!(desk.pass("2001:db8:0:1::1", 0), None);
    assert_eq!([desk.pass(A, 0), desk.pass("::ffff:203.0.113.9", 0)], [None, Some(Reason::Rate)]);
    desk.policy.ipv6_prefix_length = 128;
    assert_eq!([desk.pass("2001:db8::1", 0), desk.pass("2001:db8::2", 0)], [None, None]);
    assert_eq!(desk.pass("2001:db8::1", 0), Some(Reason::Rate));
}

#[test]
fn an_open_policy_counts_nothing() {
    let desk = Desk::new(Limits::NONE);
    let one = desk.ask(A, 0);
    assert_eq!((one.decision, one.counts, one.permit.is_held()), (Decision::Allow, Counts::default(), false));
    assert_eq!(desk.limiter.usage().in_use, 0);
}

#[test]
fn a_rate_over_no_time_denies_nobody() {
    let desk = Desk::new(Limits { rate: Some(Rate { requests_max: 1, interval_ms: 0 }), ..Limits::NONE });
    assert!((0..100).all(|_| desk.pass(A, 5).is_none()));
}

#[test]
fn peeking_charges_nothing() {
    let desk = Desk::new(rate(1, 200));
    for _ in 0..5 {
        assert_eq!(desk.peek(A, 0), (None, Counts { in_progress: 1, in_window: 1 }));
    }
    assert_eq!(desk.pass(A, 0), None);
    assert_eq!(desk.peek(A, 0), (Some(Reason::Rate), Counts { in_progress: 1, in_window: 2 }));
    assert_eq!(desk.peek(A, 200).0, None);
}

/// Asks, and notes the denial as the server would.
fn ask_and_note(desk: &Desk, now_ms: u64) -> Option<Reason> {
    let admission = desk.ask(A, now_ms);
    desk.limiter.note_denial(&desk.policy, &client(A), &admission, SAMPLE, now_ms);
    crate::desk::reason(admission.decision)
}

#[test]
fn denied_clients_are_listed_while_it_matters() {
    let desk = Desk::new(rate(1, 200));
    for n in 0..3 {
        let _ = ask_and_note(&desk, 10 * n);
    }
    let [row] = desk.limiter.denied_clients(30).try_into().unwrap();
    assert_eq!((row.key.to_string().as_str(), row.scope, row.site_id), (A, Scope(1), 3));
    assert_eq!((row.reason, row.denied, row.since_ms, row.last_ms), (Reason::Rate, 2, 10, 20));
    assert!(row.enforced && row.blocked_now);
    assert!(!desk.limiter.denied_clients(220)[0].blocked_now);
    assert!(desk.limiter.denied_clients(60_020).is_empty());
}

#[test]
fn a_client_still_limited_is_listed_however_long_ago_its_denial_was() {
    let desk = Desk::new(rate(1, 3_600_000));
    for _ in 0..2 {
        let _ = ask_and_note(&desk, 0);
    }
    assert!(desk.limiter.denied_clients(3_599_999)[0].blocked_now);
    assert!(desk.limiter.denied_clients(3_600_000).is_empty());
}

#[test]
fn unblocking_forgets_the_rate_and_the_evidence_but_not_what_is_in_flight() {
    let desk = Desk::new(Limits { concurrent_max: Some(1), ..rate(2, 60_000) });
    for _ in 0..3 {
        let _ = ask_and_note(&desk, 0);
    }
    let network = "203.0.113.0/24".parse().unwrap();
    assert_eq!(desk.limiter.unblock(network, Some(Scope(2))), 0);
    assert_eq!(desk.limiter.unblock(network, Some(Scope(1))), 1);
    assert!(desk.limiter.denied_clients(0).is_empty());
    let held = desk.ask(A, 0);
    assert_eq!(held.decision, Decision::Allow);
    assert_eq!(desk.limiter.unblock(network, None), 1);
    assert_eq!(desk.pass(A, 0), Some(Reason::Concurrency));
    drop(held);
    assert_eq!(desk.pass(A, 0), None);
}

#[test]
fn unblocking_knows_prefixes_of_every_length() {
    for length in [33, 48, 64, 65, 80, 95, 96, 97, 127, 128] {
        let mut desk = Desk::new(rate(1, 1000));
        desk.policy.ipv6_prefix_length = length;
        let (one, other) = ("2001:db8:8765:4321:fedc:ba98:7654:3210", "2001:db8:765:4321:fedc:ba98:7654:3210");
        let denied = |address, now_ms| desk.pass(address, now_ms).is_some();
        assert_eq!([denied(one, 0), denied(one, 1), denied(other, 0), denied(other, 1)], [false, true, false, true]);
        assert_eq!(desk.limiter.unblock(format!("{one}/128").parse().unwrap(), None), 1, "/{length}");
        assert!(!denied(one, 2) && denied(other, 2), "/{length}");
    }
}

#[test]
fn unblocking_an_address_frees_its_whole_prefix() {
    let desk = Desk::new(rate(1, 60_000));
    for _ in 0..2 {
        let _ = desk.pass("2001:db8::1", 0);
    }
    assert_eq!(desk.limiter.unblock("2001:db8::77/128".parse().unwrap(), None), 1);
    assert_eq!(desk.pass("2001:db8::1", 0), None);
}

#[test]
fn usage_tells_what_was_decided() {
    let mut desk = listed(&[("1.1.1.1/32", true), ("2.2.2.2/32", false)], true, rate(1, 200));
    for address in [A, A, "1.1.1.1", "2.2.2.2", "3.3.3.3"] {
        desk.pass(address, 0);
    }
    desk.policy.logging_only = true;
    desk.pass(A, 0);
    let by_name = Admission::denied_by_host_name(&desk.policy);
    assert_eq!(by_name.decision, deny(Reason::HostName, DenyAction::NotFound, true));
    desk.limiter.note_denial(&desk.policy, &client(A), &by_name, SAMPLE, 0);
    let usage = desk.limiter.usage();
    assert_eq!((usage.allowed, usage.exempt, usage.logged_only, usage.in_use), (3, 1, 1, 2));
    assert_eq!((usage.denied_rate, usage.denied_concurrency), (1, 0));
    assert!(usage.capacity >= 1000 && usage.wide_capacity >= 250 && usage.wide_in_use == 0, "{usage:?}");
    let mut wide = Desk::new(rate(1, 3_600_000));
    wide.policy.ipv6_prefix_length = 128;
    wide.pass("2001:db8::1", 0);
    assert_eq!(wide.limiter.usage().wide_in_use, 1);
    assert_eq!((usage.denied_address, usage.denied_host_name), (1, 1));
    desk.pass(A, 10_000);
    assert_eq!(desk.limiter.usage().in_use, 1);
}

#[test]
fn usage_adds_up_all_kinds_of_places() {
    let mut desk = Desk::new(concurrent(1));
    let narrow = desk.ask(A, 0);
    assert_eq!([desk.pass(A, 0), desk.pass(A, 0)], [Some(Reason::Concurrency); 2]);
    desk.policy.ipv6_prefix_length = 128;
    let wide = desk.ask("2001:db8::1", 0);
    assert_eq!(desk.pass("2001:db8::1", 0), Some(Reason::Concurrency));
    let usage = desk.limiter.usage();
    assert_eq!((usage.allowed, usage.denied_concurrency, usage.denied_rate), (2, 3, 0));
    assert_eq!((usage.in_use, usage.wide_in_use), (1, 1));
    drop((narrow, wide));
}

#[test]
fn a_client_of_many_scopes_crowds_nobody() {
    let mut desk = Desk::new(rate(1, 200));
    let scopes = || (1..=200).map(Scope);
    let mut pass = |scope| {
        desk.policy.scope = scope;
        desk.pass(A, 0)
    };
    assert!(scopes().all(|scope| pass(scope).is_none()));
    assert!(scopes().all(|scope| pass(scope) == Some(Reason::Rate)));
    let usage = desk.limiter.usage();
    assert_eq!((usage.pressure, usage.evictions), (0, 0));
}

#[test]
fn noted_denials_are_counted_by_site() {
    let desk = Desk::new(rate(1, 200));
    let denied = (0..4).filter(|_| ask_and_note(&desk, 0).is_some()).count();
    assert_eq!(denied, 3);
    let [row] = desk.limiter.denials_by_site().try_into().unwrap();
    assert_eq!((row.site_id, row.denied_rate, row.denied_concurrency), (SAMPLE.site_id, 3, 0));
}

#[test]
fn clocks_of_threads_may_differ_a_little() {
    let desk = Desk::new(rate(3, 200));
    let verdicts: Vec<_> = [100, 97, 101, 98, 299].map(|now_ms| desk.pass(A, now_ms)).into();
    assert_eq!(verdicts, [None, None, None, Some(Reason::Rate), Some(Reason::Rate)]);
    let desk = Desk::new(rate(100, 160));
    assert!((0..100u64).all(|n| desk.pass(A, 1000 + n % 7).is_none()));
    assert_eq!(desk.pass(A, 999), Some(Reason::Rate));
}

/// A tick has 32 bits; a jump over its half must not turn the past into the future.
fn check_silence(hundredths_of_eras: [u64; 3]) {
    let [before, between, after] = hundredths_of_eras.map(|hundredths| (hundredths << 30) / 100);
    for requests_max in [5, 100] {
        let desk = Desk::new(rate(requests_max, 30_000));
        (0..requests_max).for_each(|_| assert_eq!(desk.pass(A, before), None));
        assert_eq!(desk.pass("203.0.113.10", between), None);
        assert_eq!(desk.pass(A, after), None, "{requests_max} requests long ago, {hundredths_of_eras:?}");
    }
}

#[test]
fn nobody_is_frozen_by_a_silence_of_weeks() {
    check_silence([280, 310, 491]);
    check_silence([230, 301, 595]);
    check_silence([230, 301, 631]);
    check_silence([399, 401, 599]);
}

/// Four eras later a tick is the same again: by then it has to be gone, a few sets at a time.
#[test]
fn old_stamps_are_cleared_little_by_little() {
    const ERA_MS: u64 = 1 << 30;
    let desk = Desk::new(rate(5, 30_000));
    let long_ago = 39 * ERA_MS / 10;
    (0..5).for_each(|_| assert_eq!(desk.pass(A, long_ago), None));
    assert_eq!(desk.pass(A, long_ago), Some(Reason::Rate));
    for era in 4..=7 {
        (0..200).for_each(|ms| drop(desk.ask("203.0.113.10", era * ERA_MS + ms)));
    }
    assert_eq!(desk.pass(A, long_ago + 4 * ERA_MS), None);
}

#[test]
fn a_narrow_count_ends_where_it_is_full() {
    let desk = Desk::new(rate(50_000, 1000));
    let held: Vec<_> = (0..33_000).map(|_| desk.ask(A, 0)).collect();
    assert_eq!(held.iter().filter(|one| one.permit.is_held()).count(), 0x7fff);
    drop(held);
    assert_eq!(desk.peek(A, 0), (None, Counts { in_progress: 1, in_window: 33_001 }));
}
