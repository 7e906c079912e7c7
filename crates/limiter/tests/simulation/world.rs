//! One limiter, its clients and its clock, from the first request to the last permit.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use doorward_limiter::{
    Admission, Client, Decision, Limiter, LimiterSettings, Limits, Policy, Rate, Reason, Scope, judge,
};

use crate::exact::Exact;
use crate::random::Random;

const REQUESTS_MAX: [u32; 20] =
    [1, 2, 3, 5, 10, 19, 20, 21, 22, 40, 63, 64, 65, 66, 100, 1000, 3000, 65_535, 65_536, u32::MAX];
const INTERVALS_MS: [u32; 14] =
    [1, 7, 16, 100, 200, 1000, 29_999, 65_535, 65_536, 100_000, 3_600_000, 1 << 29, 1 << 31, u32::MAX];
/// The most requests sent or held at once.
const BURST_MAX: u64 = 3100;
const HELD_MAX: usize = 500;

/// What happened, over all worlds.
#[derive(Default, Debug)]
pub struct Seen {
    pub events: u64,
    pub allowed: u64,
    pub over_rate: u64,
    pub over_concurrency: u64,
    /// Denials that only the whole oldest segment explains (D1).
    pub early: u64,
    /// Requests of a client that was evicted with something left.
    pub forgotten: u64,
    pub evictions: u64,
    pub pressure: u64,
    pub latest_ms: u64,
}

/// A client and a scope, both by number.
type Who = (u64, usize);

pub struct World {
    random: Random,
    limiter: Arc<Limiter>,
    policies: Vec<Policy>,
    clients: u64,
    crowded: bool,
    exact: HashMap<Who, Exact>,
    held: Vec<(Who, Admission)>,
    now_ms: u64,
}

impl World {
    /// A world with room for everybody, or one with far more clients than room.
    pub fn new(mut random: Random, crowded: bool) -> Self {
        let clients_max = if crowded { 8 << random.below(4) } else { 4000 };
        let settings = LimiterSettings { clients_max, evidence_max: 0, seed: random.next() };
        let policies = (0..=random.below(3) as u32).map(|scope| policy(&mut random, Scope(scope))).collect();
        let start_ms = match random.below(4) {
            0 => 0,
            1 => (1 << 40) - random.below(100_000),
            _ => (1u64 << random.pick(&[16, 29, 30, 31, 32, 33, 36, 39])).saturating_sub(random.below(100_000)),
        };
        let clients = if crowded { 40 + random.below(400) } else { 1 + random.below(12) };
        let (limiter, exact) = (Limiter::new(settings), HashMap::new());
        Self { random, limiter, policies, clients, crowded, exact, held: Vec::new(), now_ms: start_ms }
    }

    /// Lets so many things happen, then ends every request.
    pub fn live(mut self, events: u64, seen: &mut Seen) {
        let end = seen.events + events;
        while seen.events < end {
            match self.random.below(16) {
                0..8 => self.burst(seen),
                8..13 => self.wait(),
                _ => (0..self.random.below(40)).for_each(|_| self.end_one(seen)),
            }
            seen.events += 1;
        }
        self.finish(seen);
    }

    fn wait(&mut self) {
        let scope = self.random.below(self.policies.len() as u64) as usize;
        let interval_ms = self.policies[scope].limits.rate.map_or(100, |rate| u64::from(rate.interval_ms));
        self.now_ms += match self.random.below(64) {
            0 => 1 << self.random.pick(&[16, 29, 30, 31, 32, 33]),
            1..8 => interval_ms,
            8..16 => self.random.below(interval_ms + 2),
            16..32 => interval_ms / 16 + self.random.below(2),
            _ => self.random.below(interval_ms / 20 + 3),
        };
    }

    fn end_one(&mut self, seen: &mut Seen) {
        if self.held.is_empty() {
            return;
        }
        let (who, admission) = self.held.swap_remove(self.random.below(self.held.len() as u64) as usize);
        self.exact.get_mut(&who).unwrap().in_flight -= 1;
        seen.events += 1;
        drop(admission);
    }

    /// One client asks, mostly once or twice, sometimes as often as the limit and a little more.
    fn burst(&mut self, seen: &mut Seen) {
        let who = (self.random.below(self.clients), self.random.below(self.policies.len() as u64) as usize);
        let limit = self.policies[who.1].limits.rate.map_or(20, |rate| u64::from(rate.requests_max));
        let requests = if self.random.once_in(6) { limit.min(BURST_MAX) + 2 } else { 4.min(limit) };
        for _ in 0..=self.random.below(requests) {
            self.request(who, seen);
            seen.events += 1;
            if self.held.len() > HELD_MAX || !self.random.once_in(4) {
                self.end_one(seen);
            }
        }
    }

    fn request(&mut self, who: Who, seen: &mut Seen) {
        // Clocks of two threads differ; where clients are forgotten, the model could not tell by how much.
        let skew_ms = if self.crowded { 0 } else { self.random.below(3).min(self.now_ms) };
        let (asked_ms, client) = (self.now_ms - skew_ms, client(who.0));
        let policy = &self.policies[who.1];
        let pressure = if self.crowded { self.limiter.usage().pressure } else { 0 };
        let foretold = self.random.once_in(8).then(|| self.limiter.peek(policy, &client, asked_ms));
        let admission = self.limiter.decide(policy, &client, asked_ms);
        let exact = self.exact.entry(who).or_default();
        let now_ms = exact.at_least(asked_ms);
        exact.leave_shared(now_ms, policy.limits.rate);
        if self.crowded && self.limiter.usage().pressure > pressure {
            exact.shared = true;
        } else {
            if let Some(foretold) = foretold {
                assert_eq!(foretold, (admission.decision, admission.counts), "{who:?} at {asked_ms}");
            }
            if self.crowded {
                notice_eviction(exact, (&admission, policy), now_ms, seen);
            }
            check(exact, (&admission, policy), now_ms, seen);
        }
        let allowed = admission.decision == Decision::Allow;
        exact.stamp(now_ms, &policy.limits, allowed);
        if let Some(rate) = policy.limits.rate.filter(|_| !exact.shared) {
            assert!(exact.admitted(now_ms, rate) <= rate.requests_max, "{who:?} at {now_ms}: more than {rate:?}");
        }
        let stays = allowed || policy.logging_only;
        assert_eq!(admission.permit.is_held(), stays, "{who:?} at {now_ms}: {admission:?}");
        if stays {
            exact.in_flight += 1;
            self.held.push((who, admission));
        }
    }

    fn finish(mut self, seen: &mut Seen) {
        self.held.clear();
        self.now_ms += 1 << 36;
        for (client_number, scope) in self.exact.keys() {
            let (_, counts) = self.limiter.peek(&self.policies[*scope], &client(*client_number), self.now_ms);
            assert_eq!(counts.in_progress, 1, "a permit of client {client_number} is lost");
        }
        let usage = self.limiter.usage();
        assert_eq!((usage.in_use, usage.wide_in_use), (0, 0), "everybody has gone");
        assert!(self.crowded || usage.evictions + usage.pressure == 0, "{usage:?}");
        seen.evictions += usage.evictions;
        seen.pressure += usage.pressure;
        seen.latest_ms = seen.latest_ms.max(self.now_ms);
    }
}

/// Forgets in the model what an eviction took, which must not have been half of the limit or in flight (D21).
fn notice_eviction(exact: &mut Exact, (admission, policy): (&Admission, &Policy), now_ms: u64, seen: &mut Seen) {
    let counts = exact.counts(now_ms, policy.limits.rate, 16);
    if exact.shared {
        return;
    }
    // A full ring holds no more than it needs to deny.
    let limit = policy.limits.rate.map_or(0, |rate| rate.requests_max);
    if admission.counts.in_window < counts.in_window && admission.counts.in_window <= limit {
        assert!(counts.in_window - 1 < limit.div_ceil(2), "freed early: {:?} for {counts:?}", admission.counts);
        assert_eq!(exact.in_flight, 0, "evicted in flight");
        assert_eq!(admission.counts.in_window, 1, "evicted in part");
        exact.forget();
        seen.forgotten += 1;
    }
}

/// Exact up to 64 requests; above, never too lenient and at most a sixteenth of an interval too strict (D1).
fn check(exact: &Exact, (admission, policy): (&Admission, &Policy), now_ms: u64, seen: &mut Seen) {
    let (limits, rate) = (&policy.limits, policy.limits.rate);
    let decided = reason(admission.decision);
    match decided {
        None => seen.allowed += 1,
        Some(Reason::Concurrency) => seen.over_concurrency += 1,
        Some(_) => seen.over_rate += 1,
    }
    if exact.shared {
        return;
    }
    let counts = exact.counts(now_ms, rate, 16);
    assert_eq!(admission.counts.in_progress, counts.in_progress, "{limits:?} at {now_ms}");
    let truth = judge(counts, limits);
    if truth.is_some() || rate.is_none_or(|rate| rate.requests_max <= 64) {
        assert_eq!(decided, truth, "{:?} against {counts:?}, {limits:?} at {now_ms}", admission.counts);
    } else if decided.is_some() {
        let strict = judge(exact.counts(now_ms, rate, 17), limits);
        assert_eq!(decided, strict, "more than a sixteenth early: {admission:?}, {counts:?}, {policy:?} at {now_ms}");
        seen.early += 1;
    }
}

fn policy(random: &mut Random, scope: Scope) -> Policy {
    let rate = Rate { requests_max: random.pick(&REQUESTS_MAX), interval_ms: random.pick(&INTERVALS_MS) };
    let concurrent_max = match random.below(4) {
        0 => Some(40_000),
        1 => Some(1 + random.below(30) as u32),
        _ => None,
    };
    let rate = (concurrent_max.is_none() || !random.once_in(6)).then_some(rate);
    let limits = Limits { concurrent_max, rate, count_denied: !random.once_in(3) };
    let ipv6_prefix_length = random.pick(&[64, 64, 128]);
    Policy { limits, logging_only: random.once_in(4), ipv6_prefix_length, ..Policy::open(scope) }
}

/// Every third client speaks IPv6.
fn client(number: u64) -> Client {
    let address = match number % 3 {
        0 => Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(number) << 64 | 1).into(),
        _ => Ipv4Addr::from_bits(0xcb00_7100 + number as u32).into(),
    };
    Client::direct(address)
}

fn reason(decision: Decision) -> Option<Reason> {
    match decision {
        Decision::Allow => None,
        Decision::Deny { reason, .. } => Some(reason),
    }
}
