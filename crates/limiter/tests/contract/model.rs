//! The limiter beside a naive model that keeps every time for ever.

use std::collections::{HashMap, VecDeque};

use doorward_limiter::{Admission, Counts, Decision, Limits, Rate, Reason, Scope, judge};
use proptest::prelude::*;

use crate::desk::{Desk, client, reason};

const CLIENTS: [&str; 4] = ["203.0.113.9", "203.0.113.10", "2001:db8::1", "2001:db8:0:1::1"];

/// All that was ever counted of one client in one scope.
#[derive(Default)]
struct Exact {
    stamps: VecDeque<u64>,
    in_flight: u32,
}

impl Exact {
    /// Stamps younger than this many sixteenths of the interval.
    fn younger(&self, now_ms: u64, interval_ms: u32, sixteenths: u64) -> u32 {
        let is_young = |stamp: &&u64| (now_ms - **stamp) * 16 < u64::from(interval_ms) * sixteenths;
        self.stamps.iter().rev().take_while(is_young).count() as u32
    }

    fn counts(&self, now_ms: u64, rate: Option<Rate>, sixteenths: u64) -> Counts {
        let in_window = rate.map_or(0, |rate| self.younger(now_ms, rate.interval_ms, sixteenths) + 1);
        Counts { in_progress: self.in_flight + 1, in_window }
    }
}

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// Time passes, as a share of the interval and some milliseconds.
    Wait { thousandths: u64, ms: u64 },
    /// A very long time passes.
    Sleep { bits: u32 },
    /// One client sends several requests at once.
    Burst { client: usize, scope: u32, requests: u32 },
    /// Some of the requests in flight end.
    End { count: usize },
}

fn step(requests_max: u32) -> impl Strategy<Value = Step> {
    let burst = (0..CLIENTS.len(), 0u32..2, prop_oneof![1u32..4, 1..=requests_max + 2]);
    prop_oneof![
        6 => burst.prop_map(|(client, scope, requests)| Step::Burst { client, scope, requests }),
        4 => (prop_oneof![0u64..100, 0u64..1100, Just(1000)], 0u64..3)
            .prop_map(|(thousandths, ms)| Step::Wait { thousandths, ms }),
        2 => (0usize..40).prop_map(|count| Step::End { count }),
        1 => prop_oneof![Just(16), Just(29), Just(30), Just(31), Just(32), Just(33)].prop_map(|bits| Step::Sleep { bits }),
    ]
}

#[derive(Clone, Debug)]
struct Run {
    limits: Limits,
    logging_only: bool,
    ipv6_prefix_length: u8,
    start_ms: u64,
    steps: Vec<Step>,
}

fn run(requests_max: &'static [u32]) -> impl Strategy<Value = Run> {
    let intervals = [1u32, 7, 16, 200, 1000, 29_999, 65_535, 65_536, 100_000, 3_600_000, 1 << 31, u32::MAX];
    let starts = [0u64, (1 << 16) - 50, (1 << 31) - 300, (1 << 32) - 300, (1 << 40) - 100];
    let limits = (
        prop::sample::select(requests_max),
        prop::sample::select(intervals.to_vec()),
        prop_oneof![Just(None), (1u32..30).prop_map(Some), Just(Some(40_000))],
        any::<bool>(),
    );
    limits.prop_flat_map(move |(requests_max, interval_ms, concurrent_max, count_denied)| {
        let limits = Limits { concurrent_max, rate: Some(Rate { requests_max, interval_ms }), count_denied };
        let start = prop::sample::select(starts.to_vec());
        let prefix = prop::sample::select(vec![64u8, 128]);
        let steps = prop::collection::vec(step(requests_max), 1..60);
        (any::<bool>(), prefix, start, steps).prop_map(move |(logging_only, ipv6_prefix_length, start_ms, steps)| Run {
            limits,
            logging_only,
            ipv6_prefix_length,
            start_ms,
            steps,
        })
    })
}

/// The limiter and the model side by side.
struct World {
    desk: Desk,
    exact: HashMap<(usize, u32), Exact>,
    held: VecDeque<((usize, u32), Admission)>,
    now_ms: u64,
}

impl World {
    fn new(run: &Run) -> Self {
        let mut desk = Desk::new(run.limits);
        desk.policy.logging_only = run.logging_only;
        desk.policy.ipv6_prefix_length = run.ipv6_prefix_length;
        Self { desk, exact: HashMap::new(), held: VecDeque::new(), now_ms: run.start_ms }
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let interval_ms = self.desk.policy.limits.rate.map_or(0, |rate| u64::from(rate.interval_ms));
        match step {
            Step::Wait { thousandths, ms } => self.now_ms += interval_ms * thousandths / 1000 + ms,
            Step::Sleep { bits } => self.now_ms += 1 << bits,
            Step::End { count } => (0..*count).for_each(|_| self.end_one()),
            Step::Burst { client, scope, requests } => {
                (0..*requests).try_for_each(|_| self.request((*client, *scope)))?;
            }
        }
        Ok(())
    }

    fn end_one(&mut self) {
        if let Some((who, admission)) = self.held.pop_front() {
            self.exact.entry(who).or_default().in_flight -= 1;
            drop(admission);
        }
    }

    fn request(&mut self, who: (usize, u32)) -> Result<(), TestCaseError> {
        self.desk.policy.scope = Scope(who.1);
        let client = client(CLIENTS[who.0]);
        let (foretold, seen) = self.desk.limiter.peek(&self.desk.policy, &client, self.now_ms);
        let admission = self.desk.limiter.decide(&self.desk.policy, &client, self.now_ms);
        prop_assert_eq!((foretold, seen), (admission.decision, admission.counts));
        let exact = self.exact.entry(who).or_default();
        check(&admission, exact, (&self.desk.policy.limits, self.now_ms))?;
        let allowed = admission.decision == Decision::Allow;
        if allowed || self.desk.policy.limits.count_denied {
            exact.stamps.push_back(self.now_ms);
        }
        let stays = allowed || self.desk.policy.logging_only;
        prop_assert_eq!(admission.permit.is_held(), stays);
        if stays {
            exact.in_flight += 1;
            self.held.push_back((who, admission));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(), TestCaseError> {
        self.held.clear();
        for ((client_index, scope), _) in self.exact {
            self.desk.policy.scope = Scope(scope);
            prop_assert_eq!(self.desk.peek(CLIENTS[client_index], self.now_ms).1.in_progress, 1);
        }
        Ok(())
    }
}

/// Exact up to 64 requests; above, never too lenient and at most a sixteenth of an interval too strict.
fn check(admission: &Admission, exact: &Exact, (limits, now_ms): (&Limits, u64)) -> Result<(), TestCaseError> {
    let decided = reason(admission.decision);
    let counts = exact.counts(now_ms, limits.rate, 16);
    prop_assert_eq!(admission.counts.in_progress, counts.in_progress);
    let truth = judge(counts, limits);
    if limits.rate.is_some_and(|rate| rate.requests_max <= 64) || truth.is_some() {
        prop_assert_eq!(decided, truth, "{:?} against {:?}", admission.counts, counts);
    } else {
        let strict = judge(exact.counts(now_ms, limits.rate, 17), limits);
        prop_assert!(decided.is_none() || decided == strict, "denied more than a sixteenth early");
    }
    if decided == Some(Reason::Concurrency) {
        prop_assert!(limits.concurrent_max.is_some_and(|max| counts.in_progress > max));
    }
    Ok(())
}

fn check_run(run: &Run) -> Result<(), TestCaseError> {
    let mut world = World::new(run);
    run.steps.iter().try_for_each(|step| world.step(step))?;
    world.finish()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn exact_up_to_sixty_four(run in run(&[1, 2, 5, 20, 21, 64])) {
        check_run(&run)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    #[test]
    fn never_too_lenient_above(run in run(&[65, 100, 1000])) {
        check_run(&run)?;
    }
}

/// Requests at steps of time through ticks that wrap, against the model, for a long stretch of one client's life.
#[test]
fn a_steady_client_is_judged_exactly_through_every_wrap() {
    let limits = Limits { rate: Some(Rate { requests_max: 5, interval_ms: 200 }), count_denied: false, ..Limits::NONE };
    for bits in [16, 30, 31, 32, 33, 40] {
        let desk = Desk::new(limits);
        let mut exact = Exact::default();
        for now_ms in ((1u64 << bits) - 2_000..(1 << bits) + 2_000).step_by(13) {
            let admission = desk.ask(CLIENTS[0], now_ms);
            assert_eq!(reason(admission.decision), judge(exact.counts(now_ms, limits.rate, 16), &limits));
            if admission.decision == Decision::Allow {
                exact.stamps.push_back(now_ms);
            }
        }
    }
}
