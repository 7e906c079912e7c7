//! Upgraded connections and event streams: one request towards the rate, in progress for as long as they are open.

use doorward_limiter::{Admission, Policy, Reason};

use crate::desk::{Desk, client, concurrent, rate, reason};

const A: &str = "203.0.113.9";
const HOUR_MS: u64 = 3_600_000;

/// Two at once and five a minute, room for few, and two connections opened at 0.
fn two_open(counts_long_lived: bool) -> (Desk, [Admission; 2]) {
    let desk = Desk::sized(doorward_limiter::Limits { concurrent_max: Some(2), ..rate(5, 60_000) }, 64);
    let policy = Policy { counts_long_lived, ..desk.policy.clone() };
    let desk = Desk { policy, ..desk };
    let open = [(); 2].map(|()| {
        let mut admission = desk.ask(A, 0);
        assert_eq!(reason(admission.decision), None);
        admission.live_long(&desk.policy);
        admission
    });
    (desk, open)
}

/// What `A` is told once a second for an hour, while others crowd the table.
fn an_hour(desk: &Desk, every_ms: u64) -> Vec<Option<Reason>> {
    let told = (1..HOUR_MS / every_ms).map(|turn| {
        let now_ms = turn * every_ms;
        for other in 0..16 {
            let octets = (turn * 16 + other).to_be_bytes();
            assert_eq!(desk.pass(&format!("10.{}.{}.{}", octets[5], octets[6], octets[7]), now_ms), None);
        }
        desk.pass(A, now_ms)
    });
    told.collect()
}

#[test]
fn an_hour_open_is_an_hour_in_progress() {
    let (desk, [first, second]) = two_open(true);
    assert!(an_hour(&desk, 1000).iter().all(|told| *told == Some(Reason::Concurrency)));
    let (_, counts) = desk.peek(A, HOUR_MS + 60_000);
    assert_eq!((counts.in_progress, counts.in_window), (3, 1), "the two, and the next; their own stamps are long gone");
    drop(first);
    let later = HOUR_MS + 60_000;
    assert_eq!(desk.pass(A, later), None);
    drop(second);
    assert_eq!(desk.peek(A, later).1.in_progress, 1, "nothing is left behind");
}

#[test]
fn each_is_one_request_towards_the_rate() {
    let (desk, open) = two_open(true);
    drop(open);
    assert_eq!([1, 2, 3, 4].map(|now_ms| desk.pass(A, now_ms)), [None, None, None, Some(Reason::Rate)]);
}

#[test]
fn where_they_do_not_count_their_places_are_free_at_once() {
    let (desk, open) = two_open(false);
    assert!(open.iter().all(|admission| !admission.permit.is_held()));
    assert!(an_hour(&desk, 15_000).iter().all(Option::is_none), "four a minute are fewer than five");
    drop(open);
    assert_eq!(desk.peek(A, 2 * HOUR_MS).1.in_progress, 1);
}

#[test]
fn the_place_at_a_limit_with_a_pattern_goes_with_it() {
    for counts_long_lived in [true, false] {
        let desk = Desk::new(rate(100, 1000));
        let pattern = doorward_limiter::PatternLimit {
            name: "chat".into(),
            pattern: doorward_limiter::RequestPattern { methods: Vec::new(), path: "/chat".to_owned() },
            limits: concurrent(1),
            action: None,
            scope: doorward_limiter::Scope(9),
        };
        let policy = Policy { counts_long_lived, patterns: vec![pattern], ..desk.policy.clone() };
        let ask = |now_ms| {
            let client = client(A);
            let asked = doorward_limiter::Asked { client: &client, host: None, method: "GET", path: "/chat" };
            desk.limiter.decide_request(&policy, &asked, now_ms)
        };
        let mut open = ask(0);
        open.live_long(&policy);
        assert_eq!(reason(ask(1).decision).is_some(), counts_long_lived);
        drop(open);
        assert_eq!(reason(ask(2).decision), None);
    }
}
