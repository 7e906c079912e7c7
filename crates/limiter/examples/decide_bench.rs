//! Nanoseconds per decision: `cargo run --release --example decide_bench -p doorward-limiter`.
//!
//! One request is `decide` and the drop of its permit, at random clients of a set of each size. Two numbers after
//! `--` choose one number of clients and of threads.
#![allow(clippy::print_stdout)]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::net::Ipv4Addr;
use std::time::Instant;

use doorward_limiter::{Client, Limiter, LimiterSettings, Limits, Policy, Rate, Scope};

const REQUESTS: u32 = 500_000;
const ROUNDS: u64 = 21;

fn main() {
    let mut chosen = std::env::args().skip(1).filter_map(|number| number.parse::<u32>().ok());
    let sizes = chosen.next().map_or(vec![1, 10_000, 1_000_000], |clients| vec![clients]);
    let crews = chosen.next().map_or(vec![1, 2], |threads| vec![threads]);
    let rates = [(20, 200), (20, 60_000), (50, 10_000), (1000, 60_000)];
    for (requests_max, interval_ms) in rates {
        let limits =
            Limits { concurrent_max: Some(100), rate: Some(Rate { requests_max, interval_ms }), count_denied: true };
        for clients in &sizes {
            for threads in &crews {
                measure(limits, *clients, u64::from(*threads));
            }
        }
    }
}

/// Prints the median and the best of some rounds.
fn measure(limits: Limits, clients: u32, threads: u64) {
    let limiter = Limiter::new(LimiterSettings { seed: 42, ..LimiterSettings::default() });
    let policy = Policy { limits, ..Policy::open(Scope(1)) };
    for number in 0..clients {
        let _ = limiter.decide(&policy, &client(number), 1000);
    }
    let mut ns: Vec<f64> = (0..ROUNDS)
        .map(|round| {
            let start = Instant::now();
            std::thread::scope(|scope| {
                for thread in 0..threads {
                    let (limiter, policy) = (&limiter, &policy);
                    scope.spawn(move || drive(limiter, policy, (clients, round * 8 + thread)));
                }
            });
            start.elapsed().as_secs_f64() * 1e9 / f64::from(REQUESTS)
        })
        .collect();
    ns.sort_by(f64::total_cmp);
    let rate = limits.rate.map_or(0, |rate| rate.requests_max);
    let usage = limiter.usage();
    let denied = usage.denied_rate * 100 / (usage.allowed + usage.denied_rate).max(1);
    let (median, best) = (ns[ns.len() / 2], ns[0]);
    println!(
        "rate {rate:>4} / {:>5} ms, {clients:>7} clients, {threads} threads: {median:>6.1} ns (best {best:.1}), {denied} % denied",
        limits.rate.map_or(0, |rate| rate.interval_ms)
    );
}

/// Requests of random clients, 1000 per millisecond of the limiter's clock.
fn drive(limiter: &Limiter, policy: &Policy, (clients, seed): (u32, u64)) {
    let mut random = 0x9e37_79b9_7f4a_7c15u64.wrapping_mul(seed + 1);
    for n in 0..REQUESTS {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let number = ((random >> 32) * u64::from(clients)) >> 32;
        let _ = limiter.decide(
            policy,
            &client(number as u32),
            2000 + seed / 8 * u64::from(REQUESTS) / 1000 + u64::from(n) / 1000,
        );
    }
}

fn client(number: u32) -> Client {
    Client::direct(Ipv4Addr::from_bits(0x0a00_0000 ^ number.wrapping_mul(2_654_435_761)).into())
}
