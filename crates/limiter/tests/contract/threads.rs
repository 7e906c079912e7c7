//! Two threads at one client, and at many.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use doorward_limiter::{Decision, Limits};

use crate::desk::{Desk, concurrent, rate};

const A: &str = "203.0.113.9";

/// Runs the work in two threads at once, which are told their number.
fn twice(work: impl Fn(u64) + Sync) {
    std::thread::scope(|threads| {
        for thread in 0..2 {
            let work = &work;
            threads.spawn(move || work(thread));
        }
    });
}

fn check_concurrency(max: u32) {
    let desk = Desk::new(concurrent(max));
    let (inside, most) = (AtomicU32::new(0), AtomicU32::new(0));
    let hold_four = || {
        let held: Vec<_> = (0..4).map(|_| desk.ask(A, 0)).collect();
        let allowed = held.iter().map(|one| u32::from(one.decision == Decision::Allow)).sum();
        most.fetch_max(inside.fetch_add(allowed, SeqCst) + allowed, SeqCst);
        inside.fetch_sub(allowed, SeqCst);
    };
    twice(|_| (0..20_000).for_each(|_| hold_four()));
    assert!(most.load(SeqCst) <= max);
    assert_eq!(desk.peek(A, 0).1.in_progress, 1);
}

#[test]
fn never_more_in_progress_than_allowed_and_none_left_behind() {
    check_concurrency(1);
    check_concurrency(5);
    check_concurrency(40_000);
}

fn check_rate(requests_max: u32) {
    let desk = Desk::new(rate(requests_max, 1000));
    let admitted = AtomicU32::new(0);
    let ask = |now_ms| u32::from(desk.pass(A, now_ms).is_none());
    twice(|thread| {
        let own: u32 = (0..10_000).map(|n| ask(500 + (n + thread) % 3)).sum();
        admitted.fetch_add(own, SeqCst);
    });
    assert_eq!(admitted.load(SeqCst), requests_max);
}

#[test]
fn exactly_as_many_as_the_rate_allows_get_in() {
    check_rate(20);
    check_rate(64);
    check_rate(5_000);
}

#[test]
fn many_clients_at_once_leave_a_clean_table() {
    let desk = Desk::sized(Limits { concurrent_max: Some(2), ..rate(20, 50) }, 512);
    twice(|thread| {
        let mut held = Vec::new();
        for n in 0..100_000 {
            let address = format!("10.0.{}.{}", (n * 7 + thread) % 16, n % 251);
            held.push(desk.ask(&address, n / 50));
            if held.len() > 50 {
                let _ = held.swap_remove((n % 50) as usize);
            }
        }
    });
    desk.pass(A, 1_000_000);
    assert!(desk.limiter.usage().in_use <= 1);
    let usage = desk.limiter.usage();
    assert_eq!(usage.allowed + usage.denied_rate + usage.denied_concurrency, 200_001);
}
