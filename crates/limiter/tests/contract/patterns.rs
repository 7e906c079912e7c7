//! Limits with a method or path pattern, beside the policy's own.

use std::collections::HashMap;

use doorward_limiter::{
    AddressList, AddressRule, Admission, Asked, Counts, Decision, DenyAction, Limiter, LimiterSettings, Limits,
    PatternLimit, Policy, Rate, Reason, RequestPattern, Sample, Scope,
};
use proptest::prelude::*;

use crate::desk::{Desk, client, concurrent, deny, rate, reason};

const A: &str = "203.0.113.9";

fn pattern(name: &str, (methods, path): (&str, &str), limits: Limits) -> PatternLimit {
    let methods = methods.split_whitespace().map(str::to_owned).collect();
    let pattern = RequestPattern { methods, path: path.to_owned() };
    let scope = Scope(100 + u32::from(name.as_bytes()[0]));
    PatternLimit { name: name.into(), pattern, limits, action: None, scope }
}

/// Three requests a second in all, two to `/login` with POST, and one at a time to what ends in `/search`.
fn desk() -> Desk {
    let desk = Desk::new(rate(3, 1000));
    let patterns =
        vec![pattern("login", ("POST", "/login*"), rate(2, 5000)), pattern("search", ("", "*/search"), concurrent(1))];
    Desk { policy: Policy { patterns, ..desk.policy.clone() }, ..desk }
}

impl Desk {
    fn request(&self, (method, path): (&str, &str), now_ms: u64) -> Admission {
        self.limiter.decide_request(&self.policy, &Asked { client: &client(A), host: None, method, path }, now_ms)
    }

    /// Asks and lets the request end at once: the reason of a denial, and which limit said so.
    fn verdict(&self, asked: (&str, &str), now_ms: u64) -> Option<(Reason, String)> {
        let admission = self.request(asked, now_ms);
        let name = admission.limit(&self.policy).map_or(String::new(), |limit| limit.name.to_string());
        reason(admission.decision).map(|reason| (reason, name))
    }

    fn standing(&self, (method, path): (&str, &str), now_ms: u64) -> Vec<(String, Option<Reason>, Counts)> {
        let asked = Asked { client: &client(A), host: None, method, path };
        let standing = self.limiter.peek_patterns(&self.policy, &asked, now_ms);
        standing.into_iter().map(|at| (at.limit.name.to_string(), reason(at.decision), at.counts)).collect()
    }
}

const LOGIN: (&str, &str) = ("POST", "/Login/form");
const SEARCH: (&str, &str) = ("GET", "/de/search");
const OTHER: (&str, &str) = ("GET", "/");

#[test]
fn the_own_limits_come_first_and_every_matching_limit_has_to_agree() {
    let desk = desk();
    let login = |now_ms| desk.verdict(LOGIN, now_ms);
    assert_eq!([0, 1].map(login), [None, None]);
    assert_eq!(login(2), Some((Reason::Rate, "login".into())));
    assert_eq!(login(3), Some((Reason::Rate, String::new())), "three and this one within the second");
    assert_eq!(desk.verdict(OTHER, 4), Some((Reason::Rate, String::new())));
    assert_eq!(desk.verdict(OTHER, 1004), None);
    let denied = Some((Reason::Rate, "login".to_owned()));
    assert_eq!([1005, 1006].map(login), [denied.clone(), denied.clone()], "its own interval is longer");
    assert_eq!(login(5002), denied, "the denied ones counted");
    assert_eq!(login(10_002), None);
}

#[test]
fn a_limit_behind_the_one_that_denies_does_not_see_the_request() {
    let desk = desk();
    (0..9).for_each(|now_ms| drop(desk.request(LOGIN, now_ms)));
    let [(_, verdict, counts)] = desk.standing(LOGIN, 9).try_into().unwrap();
    assert_eq!((verdict, counts.in_window), (Some(Reason::Rate), 4), "three saw it, and the next");
}

#[test]
fn a_place_is_held_at_every_limit_and_given_back_with_the_admission() {
    let desk = desk();
    let held = desk.request(SEARCH, 0);
    assert_eq!(desk.verdict(SEARCH, 1), Some((Reason::Concurrency, "search".into())));
    let in_progress = |now_ms| desk.standing(SEARCH, now_ms)[0].2.in_progress;
    assert_eq!(in_progress(2), 2);
    drop(held);
    assert_eq!(in_progress(2), 1);
    assert_eq!(desk.verdict(SEARCH, 3), None);
}

#[test]
fn where_denied_requests_do_not_count_a_denied_one_counts_nowhere() {
    let mut desk = desk();
    desk.policy.limits.count_denied = false;
    desk.policy.patterns.iter_mut().for_each(|limit| limit.limits.count_denied = false);
    let login = |now_ms| desk.verdict(LOGIN, now_ms);
    assert_eq!([0, 1].map(login), [None, None]);
    assert!((2..50).map(login).all(|verdict| verdict == Some((Reason::Rate, "login".into()))));
    assert_eq!(desk.verdict(OTHER, 50), None, "the own limit has seen two");
    assert_eq!(desk.verdict(LOGIN, 51), Some((Reason::Rate, String::new())));
    assert_eq!(desk.verdict(LOGIN, 5000), None);
    let usage = desk.limiter.usage();
    assert_eq!((usage.allowed, usage.denied_rate), (4, 49));
}

#[test]
fn logging_only_lets_through_and_goes_on_counting() {
    let mut desk = desk();
    desk.policy.logging_only = true;
    let admissions: Vec<_> = (0..5).map(|now_ms| desk.request(LOGIN, now_ms)).collect();
    let names = admissions.iter().map(|own| own.limit(&desk.policy).map(|limit| limit.name.to_string()));
    assert_eq!(names.collect::<Vec<_>>(), [None, None, Some("login".into()), None, None]);
    assert_eq!(admissions[2].decision, deny(Reason::Rate, DenyAction::Forbidden, false));
    assert_eq!(desk.standing(LOGIN, 5)[0].2, Counts { in_progress: 6, in_window: 6 });
    let usage = desk.limiter.usage();
    assert_eq!((usage.allowed, usage.logged_only, usage.denied_rate), (2, 3, 0));
    drop(admissions);
    assert_eq!(desk.standing(LOGIN, 5)[0].2.in_progress, 1);
}

#[test]
fn each_request_is_one_decision_in_the_figures() {
    let desk = desk();
    let held: Vec<_> = (0..9).map(|now_ms| desk.request(LOGIN, now_ms)).collect();
    let usage = desk.limiter.usage();
    assert_eq!((usage.allowed, usage.denied_rate), (2, 7));
    drop(held);
}

#[test]
fn who_is_exempt_or_denied_before_counts_at_no_limit() {
    for allowed in [true, false] {
        let mut desk = desk();
        let network = "203.0.113.0/24".parse().unwrap();
        desk.policy.list = AddressList::new(vec![AddressRule { network, allowed }], true);
        let expected = if allowed { None } else { Some((Reason::Address, String::new())) };
        assert!((0..9).all(|now_ms| desk.verdict(LOGIN, now_ms) == expected));
        assert_eq!(desk.standing(LOGIN, 9), []);
    }
}

#[test]
fn a_limit_may_have_its_own_action_and_is_named_in_the_evidence() {
    let mut desk = desk();
    desk.policy.patterns[0].action = Some(DenyAction::NotFound);
    assert_eq!([0, 1].map(|now_ms| desk.verdict(LOGIN, now_ms)), [None, None]);
    let admission = desk.request(LOGIN, 2);
    assert_eq!(admission.decision, deny(Reason::Rate, DenyAction::NotFound, true));
    let sample = Sample { method: "POST", path: "/login", user_agent: b"", site_id: 1, speaks_for_others: false };
    desk.limiter.note_denial(&desk.policy, &client(A), &admission, sample, 2);
    let [evidence] = desk.limiter.denied_clients(2).try_into().unwrap();
    assert_eq!((evidence.limit.as_deref(), evidence.blocked_now), (Some("login"), true));
    assert_eq!((evidence.counts.in_window, evidence.limits.rate.unwrap().interval_ms), (3, 5000));
    assert_eq!(desk.limiter.retry_after_ms(&desk.policy, (&client(A), &admission), 2), 5000);
    assert_eq!(desk.limiter.unblock("203.0.113.9/32".parse().unwrap(), None), 2, "at both limits");
    assert_eq!(desk.verdict(LOGIN, 3), None);
}

/// The slow way: every time ever counted, by limit.
#[derive(Default)]
struct Exact {
    stamps: HashMap<usize, Vec<u64>>,
}

impl Exact {
    /// Which of the limits, each requests and interval, denies; counts the request where it is seen.
    fn ask(&mut self, limits: &[(usize, u32, u32)], count_denied: bool, now_ms: u64) -> Option<usize> {
        let full = |stamps: &Vec<u64>, (max, interval_ms): (u32, u32)| {
            stamps.iter().filter(|stamp| now_ms - **stamp < u64::from(interval_ms)).count() as u32 >= max
        };
        let denier = limits
            .iter()
            .find(|(limit, max, interval_ms)| {
                self.stamps.get(limit).is_some_and(|stamps| full(stamps, (*max, *interval_ms)))
            })
            .map(|(limit, ..)| *limit);
        for (limit, ..) in limits {
            if denier.is_none() || count_denied {
                self.stamps.entry(*limit).or_default().push(now_ms);
            }
            if denier == Some(*limit) {
                break;
            }
        }
        denier
    }
}

proptest! {
    #[test]
    fn equal_to_a_naive_model(
        own in (1u32..8, 1u32..300),
        first in (1u32..6, 1u32..900),
        second in (1u32..6, 1u32..900),
        count_denied in any::<bool>(),
        steps in prop::collection::vec((0usize..4, 0u64..120), 1..200),
    ) {
        let limits = |(requests_max, interval_ms)| {
            Limits { rate: Some(Rate { requests_max, interval_ms }), count_denied, ..Limits::NONE }
        };
        let patterns = vec![pattern("first", ("POST", ""), limits(first)), pattern("second", ("", "/s*"), limits(second))];
        let limiter = Limiter::new(LimiterSettings { clients_max: 100, ..LimiterSettings::default() });
        let policy = Policy { limits: limits(own), patterns, ..Policy::open(Scope(1)) };
        let desk = Desk { limiter, policy };
        let (mut exact, mut now_ms, mut denied) = (Exact::default(), 0, 0);
        let count = steps.len();
        for (kind, wait_ms) in steps {
            now_ms += wait_ms;
            let asked = [("GET", "/"), ("POST", "/"), ("GET", "/s1"), ("POST", "/s2")][kind];
            let mut seen = vec![(0, own.0, own.1)];
            seen.extend((kind % 2 == 1).then_some((1, first.0, first.1)));
            seen.extend((kind >= 2).then_some((2, second.0, second.1)));
            let expected = exact.ask(&seen, count_denied, now_ms);
            let admission = desk.request(asked, now_ms);
            let decided_by = admission.limit(&desk.policy).map(|limit| if &*limit.name == "first" { 1 } else { 2 });
            let found = (admission.decision != Decision::Allow).then(|| decided_by.unwrap_or(0));
            prop_assert_eq!(found, expected, "{:?} at {}", asked, now_ms);
            denied += u64::from(found.is_some());
        }
        let usage = desk.limiter.usage();
        prop_assert_eq!((usage.allowed, usage.denied_rate), (count as u64 - denied, denied));
    }
}
