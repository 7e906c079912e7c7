//! Limits that change while clients are counted (D6).

use doorward_limiter::{Limits, Reason};

use crate::desk::{Desk, concurrent, rate};

const A: &str = "203.0.113.9";

/// Sends ten requests under the old limits, then changes them: how many of the next are let in at once?
fn check(before: Limits, after: Limits, admitted: u32) {
    let mut desk = Desk::new(before);
    (0..10).for_each(|n| assert_eq!(desk.pass(A, 1000 + n), None));
    desk.policy.limits = after;
    assert_eq!(desk.peek(A, 1010).1.in_window, 11, "{before:?} to {after:?}");
    let counted = (0..2000).filter(|_| desk.pass(A, 1010).is_none()).count();
    assert_eq!(counted, admitted as usize, "{before:?} to {after:?}");
}

#[test]
fn stamps_move_between_all_ways_of_counting() {
    let ways = [rate(20, 10_000), rate(60, 10_000), rate(1000, 10_000), rate(70_000, 10_000), rate(20, 70_000)];
    for before in ways {
        for (after, requests_max) in [(ways[0], 20), (ways[1], 60), (ways[2], 1000), (ways[4], 20)] {
            check(before, after, requests_max - 10);
        }
    }
}

#[test]
fn stricter_limits_hold_at_once() {
    check(rate(20, 10_000), rate(5, 10_000), 0);
    check(rate(1000, 10_000), rate(10, 10_000), 0);
    check(rate(60, 10_000), rate(11, 10_000), 1);
}

#[test]
fn requests_in_flight_count_across_a_change_and_back() {
    let mut desk = Desk::new(Limits { concurrent_max: Some(3), ..rate(20, 1000) });
    let two = [desk.ask(A, 0), desk.ask(A, 0)];
    desk.policy.limits = Limits { concurrent_max: Some(3), ..rate(50, 1000) };
    let third = desk.ask(A, 0);
    assert_eq!(third.counts.in_progress, 3);
    assert_eq!(desk.pass(A, 0), Some(Reason::Concurrency));
    assert_eq!(desk.peek(A, 0).1.in_progress, 4);
    desk.policy.limits = Limits { concurrent_max: Some(3), ..rate(20, 1000) };
    assert_eq!(desk.pass(A, 0), Some(Reason::Concurrency));
    drop((two, third));
    assert_eq!(desk.pass(A, 0), None);
    assert_eq!(desk.peek(A, 0).1.in_progress, 1);
}

#[test]
fn a_rate_switched_on_later_starts_empty_but_knows_who_is_in_flight() {
    let mut desk = Desk::new(concurrent(5));
    let held = [desk.ask(A, 0), desk.ask(A, 0)];
    desk.policy.limits = Limits { concurrent_max: Some(2), ..rate(1, 1000) };
    assert_eq!(desk.pass(A, 0), Some(Reason::Concurrency));
    drop(held);
    assert_eq!([desk.pass(A, 1000), desk.pass(A, 1000)], [None, Some(Reason::Rate)]);
}

#[test]
fn a_longer_interval_keeps_segments_for_longer() {
    let mut desk = Desk::new(rate(100, 1_600));
    (0..100).for_each(|_| assert_eq!(desk.pass(A, 0), None));
    desk.policy.limits = rate(100, 32_000);
    assert_eq!([1_000, 3_000].map(|now_ms| desk.pass(A, now_ms)), [Some(Reason::Rate); 2]);
}
