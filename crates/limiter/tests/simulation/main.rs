//! A seeded simulation beside a model that keeps every time: worlds with limits of all sizes, scopes, a virtual clock
//! from 0 to 2^40 ms, and tables too small for their clients.
//!
//! A million events by default; `DOORWARD_SIMULATION_EVENTS` asks for more and `DOORWARD_SIMULATION_SEED` for others.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that reads its own size and seed")]

mod exact;
mod random;
mod world;

use std::time::Instant;

use crate::random::Random;
use crate::world::{Seen, World};

/// Events in the life of one limiter.
const WORLD_EVENTS: u64 = 10_000;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn a_long_life_agrees_with_the_exact_model() {
    let events = number("DOORWARD_SIMULATION_EVENTS", 1_000_000);
    let seed = number("DOORWARD_SIMULATION_SEED", 1);
    let (begun, mut story) = (Instant::now(), Seen::default());
    for world in 0..events.div_ceil(WORLD_EVENTS) {
        let world_seed = seed << 32 | world;
        let crowded = world % 4 == 3;
        World::new(Random::new(world_seed), crowded).live(WORLD_EVENTS, &mut story);
    }
    println!("{story:?} in {:?}", begun.elapsed());
    // Nothing is shown by a simulation in which nothing happens.
    assert!(story.events >= events && story.latest_ms >= 1 << 40, "{story:?}");
    assert!(story.allowed > events / 10 && story.over_rate > events / 50, "{story:?}");
    assert!(story.over_concurrency > events / 500 && story.early > 0, "{story:?}");
    assert!(story.forgotten > 0 && story.evictions >= story.forgotten && story.pressure > 0, "{story:?}");
}
