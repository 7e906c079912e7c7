//! Two threads at one client.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use crate::desk::{Desk, concurrent, rate};
use doorward_limiter::{Decision, Limits};

const A: &str = "203.0.113.9";

#[test]
fn never_more_in_progress_than_allowed_and_none_left_behind() {
    for max in [1, 5, 40_000] {
        let desk = Desk::new(concurrent(max));
        let (inside, most) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|threads| {
            for _ in 0..2 {
                threads.spawn(|| {
                    for _ in 0..20_000 {
                        let held: Vec<_> = (0..4).map(|_| desk.ask(A, 0)).collect();
                        let allowed = held.iter().filter(|one| one.decision == Decision::Allow).count() as u32;
                        most.fetch_max(inside.fetch_add(allowed, SeqCst) + allowed, SeqCst);
                        inside.fetch_sub(allowed, SeqCst);
                    }
                });
            }
        });
        assert!(most.load(SeqCst) <= max);
        assert_eq!(desk.peek(A, 0).1.in_progress, 1);
    }
}

#[test]
fn exactly_as_many_as_the_rate_allows_get_in() {
    for requests_max in [20, 64, 5_000] {
        let desk = Desk::new(Limits { count_denied: true, ..rate(requests_max, 1000) });
        let admitted = AtomicU32::new(0);
        std::thread::scope(|threads| {
            for thread in 0..2 {
                let (desk, admitted) = (&desk, &admitted);
                threads.spawn(move || {
                    for n in 0..10_000u64 {
                        if desk.pass(A, 500 + (n + thread) % 3).is_none() {
                            admitted.fetch_add(1, SeqCst);
                        }
                    }
                });
            }
        });
        assert_eq!(admitted.load(SeqCst), requests_max);
    }
}

#[test]
fn many_clients_at_once_leave_a_clean_table() {
    let desk = Desk::sized(Limits { concurrent_max: Some(2), ..rate(20, 50) }, 512);
    std::thread::scope(|threads| {
        for thread in 0..2u64 {
            let desk = &desk;
            threads.spawn(move || {
                let mut held = Vec::new();
                for n in 0..100_000u64 {
                    let address = format!("10.0.{}.{}", (n * 7 + thread) % 16, n % 251);
                    held.push(desk.ask(&address, n / 50));
                    if held.len() > 50 {
                        let _ = held.swap_remove((n % 50) as usize);
                    }
                }
            });
        }
    });
    desk.pass(A, 1_000_000);
    assert!(desk.limiter.usage().in_use <= 1);
}
