//! The limiter: one decision and the end of its request.

use std::hint::black_box;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use doorward_limiter::{AddressList, AddressRule, Client, Limiter, LimiterSettings, Limits, Policy, Rate, Scope};

use super::Work;

pub const ONE: Work = Work {
    name: "limiter-one-client",
    about: "decide and leave, the same client again and again, never denied",
    prepare: || Box::new(steps(1, (20, 200), 20)),
    warm_up: 1000,
    times: 20_000,
};

pub const CROWD: Work = Work {
    name: "limiter-10k-clients",
    about: "decide and leave, 10 000 clients at random, 20 in 200 ms, half denied",
    prepare: || Box::new(steps(10_000, (20, 200), 0)),
    warm_up: 20_000,
    times: 20_000,
};

pub const NEWCOMERS: Work = Work {
    name: "limiter-newcomers",
    about: "decide and leave, every client for the first time",
    prepare: || {
        let (limiter, policy) = (table(1_000_000), policy((20, 200)));
        let mut number = 0;
        Box::new(move || {
            number += 1;
            drop(limiter.decide(&policy, &client(number), 1000 + u64::from(number) / 1000));
        })
    },
    warm_up: 10,
    times: 20_000,
};

pub const DENIED: Work = Work {
    name: "limiter-denied",
    about: "decide, the same client over its rate",
    prepare: || Box::new(steps(1, (20, 200), 0)),
    warm_up: 1000,
    times: 20_000,
};

pub const FULL: Work = Work {
    name: "limiter-full-set",
    about: "the longest way: a newcomer while all eight places have a past worth keeping",
    prepare: || {
        let (limiter, policy) = (table(8), policy((20, 60_000)));
        for number in 0..200 {
            drop(limiter.decide(&policy, &client(number % 12), 1000));
        }
        let mut number = 1000;
        Box::new(move || {
            number += 1;
            drop(limiter.decide(&policy, &client(number), 2000));
        })
    },
    warm_up: 100,
    times: 5000,
};

pub const LONGEST: Work = Work {
    name: "limiter-longest-call",
    about: "the longest of many calls, while a small table fills up, overflows, is forgotten, and eras pass",
    prepare: || {
        let (limiter, policy) = (table(256), policy((20, 200)));
        let mut calls = 0;
        Box::new(move || {
            calls += 1;
            drop(limiter.decide(&policy, &client(calls % 700), moment(calls)));
        })
    },
    warm_up: 0,
    times: 3000,
};

/// Ten calls in a millisecond; after every thousand of them nobody comes for ten days, so that eras of twelve begin.
fn moment(calls: u32) -> u64 {
    const TEN_DAYS_MS: u64 = 10 * 24 * 3600 * 1000;
    1000 + u64::from(calls / 10) + u64::from(calls / 1000) * TEN_DAYS_MS
}

pub const SCREEN: Work = Work {
    name: "limiter-100k-prefixes",
    about: "the static list of 100 000 networks, an address at random",
    prepare: || {
        let rule = |number: u32| AddressRule {
            network: format!("{}/28", Ipv4Addr::from_bits(number.wrapping_mul(2_654_435_761)))
                .parse()
                .unwrap_or_default(),
            allowed: number.is_multiple_of(3),
        };
        let list = AddressList::new((0..100_000).map(rule).collect(), true);
        let mut random = Random(1);
        Box::new(move || {
            black_box(list.screen(Ipv4Addr::from_bits(random.below(u32::MAX)).into()));
        })
    },
    warm_up: 1000,
    times: 20_000,
};

/// Requests of random clients; `gap_ms` milliseconds of the limiter's clock lie between them, or 1000 of them in one.
fn steps(clients: u32, rate: (u32, u32), gap_ms: u64) -> impl FnMut() {
    let (limiter, policy) = (table(1_000_000), policy(rate));
    let mut visitor = Visitor { gap_ms, ..Visitor::new(clients, 0) };
    move || visitor.visit(&limiter, &policy)
}

/// A limiter with room for so many clients, and IIS's usual limits.
pub fn roomy(clients: u32) -> (Arc<Limiter>, Policy) {
    (table(clients as usize), policy((20, 200)))
}

/// Lets every one of so many clients in once.
pub fn meet(clients: u32, limiter: &Arc<Limiter>, policy: &Policy) {
    (0..clients).for_each(|number| drop(limiter.decide(policy, &client(number), 1000)));
}

/// A limiter that has seen each of so many clients, with IIS's usual limits.
pub fn filled(clients: u32) -> (Arc<Limiter>, Policy) {
    let (limiter, policy) = roomy(clients.max(1_000_000));
    meet(clients, &limiter, &policy);
    (limiter, policy)
}

fn table(clients_max: usize) -> Arc<Limiter> {
    Limiter::new(LimiterSettings { clients_max, evidence_max: 100, seed: 42 })
}

fn policy((requests_max, interval_ms): (u32, u32)) -> Policy {
    let rate = Some(Rate { requests_max, interval_ms });
    Policy { limits: Limits { concurrent_max: Some(100), rate, count_denied: true }, ..Policy::open(Scope(1)) }
}

fn client(number: u32) -> Client {
    Client::direct(Ipv4Addr::from_bits(0x0a00_0000 ^ number.wrapping_mul(2_654_435_761)).into())
}

/// One line of 64 bytes for each client, strewn over as much memory as the limiter's table takes, and nothing else.
pub struct Lines {
    words: Vec<AtomicU64>,
}

impl Lines {
    const WORDS: usize = 8;

    /// As many lines as the table of [`filled`] has slots, each written once.
    pub fn new(clients: u32) -> Self {
        let lines = clients.max(1_000_000) as usize * 4 / 3;
        Self { words: (0..lines * Self::WORDS).map(|_| AtomicU64::new(1)).collect() }
    }

    /// Locks the line of a client, adds something, and gives it back. Returns zero, which nobody knows before the line
    /// has come.
    fn touch(&self, client: u32) -> u32 {
        let place = u64::from(client).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let line = (u128::from(place) * (self.words.len() / Self::WORDS) as u128) >> 64;
        let word = &self.words[line as usize * Self::WORDS];
        let before = word.load(Relaxed);
        if word.compare_exchange(before, u64::MAX, Acquire, Relaxed).is_ok() {
            word.store(before.wrapping_add(2), Release);
        }
        (before >> 63) as u32
    }
}

/// A stream of requests of random clients.
pub struct Visitor {
    random: Random,
    clients: u32,
    requests: u64,
    start_ms: u64,
    /// Between two requests; 0 for a thousand requests in a millisecond.
    gap_ms: u64,
    /// What [`Lines::touch`] said last, so that the next line is asked for after this one has come.
    zero: u32,
}

impl Visitor {
    pub fn new(clients: u32, seed: u64) -> Self {
        Self { random: Random(seed + 1), clients, requests: 0, start_ms: 2000 + seed / 2 * 200, gap_ms: 0, zero: 0 }
    }

    /// One request, from its decision to its end.
    pub fn visit(&mut self, limiter: &Limiter, policy: &Policy) {
        self.requests += 1;
        let passed_ms = if self.gap_ms == 0 { self.requests / 1000 } else { self.requests * self.gap_ms };
        drop(limiter.decide(policy, &client(self.random.below(self.clients)), self.start_ms + passed_ms));
    }

    /// Touches the line of a random client for a decision, and once more for the end.
    pub fn touch(&mut self, lines: &Lines) {
        let client = self.random.below(self.clients) + self.zero;
        lines.touch(black_box(client));
        self.zero = lines.touch(black_box(client));
    }
}

/// Xorshift: the same numbers every time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (((self.0 >> 32) * u64::from(end)) >> 32) as u32
    }
}
