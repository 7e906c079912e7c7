//! What one client did in one scope, as nobody could afford to keep it.

use std::collections::VecDeque;

use doorward_limiter::{Counts, Limits, Rate};

/// All that was counted of a client in a scope.
#[derive(Default)]
pub struct Exact {
    /// Times of all counted requests, oldest first.
    stamps: VecDeque<u64>,
    /// Times of those that were let in.
    admitted: VecDeque<u64>,
    pub in_flight: u32,
    /// Whether some of it was counted at an entry shared with the neighbourhood.
    pub shared: bool,
}

impl Exact {
    /// Time does not run backwards for a client, whichever thread asks.
    pub fn at_least(&self, now_ms: u64) -> u64 {
        self.stamps.back().map_or(now_ms, |last| now_ms.max(*last))
    }

    /// The counts with the next request in them, of so many sixteenths of the interval.
    pub fn counts(&self, now_ms: u64, rate: Option<Rate>, sixteenths: u64) -> Counts {
        let in_window = rate.map_or(0, |rate| younger(&self.stamps, (now_ms, rate), sixteenths) + 1);
        Counts { in_progress: self.in_flight + 1, in_window }
    }

    pub fn stamp(&mut self, now_ms: u64, limits: &Limits, admitted: bool) {
        let Some(rate) = limits.rate else { return };
        if admitted || limits.count_denied {
            push(&mut self.stamps, now_ms, rate);
        }
        if admitted {
            push(&mut self.admitted, now_ms, rate);
        }
    }

    /// Requests let in during the interval that ends now.
    pub fn admitted(&self, now_ms: u64, rate: Rate) -> u32 {
        younger(&self.admitted, (now_ms, rate), 16)
    }

    /// Who has nothing left anywhere has nothing left at a shared entry either.
    pub fn leave_shared(&mut self, now_ms: u64, rate: Option<Rate>) {
        if self.shared && self.in_flight == 0 && self.counts(now_ms, rate, 17).in_window <= 1 {
            self.forget();
            self.shared = false;
        }
    }

    /// The past is gone, as after an eviction.
    pub fn forget(&mut self) {
        self.stamps.clear();
        self.admitted.clear();
    }
}

/// Stamps younger than this many sixteenths of the interval.
fn younger(stamps: &VecDeque<u64>, (now_ms, rate): (u64, Rate), sixteenths: u64) -> u32 {
    let is_old = |stamp: &u64| (now_ms - stamp) * 16 >= u64::from(rate.interval_ms) * sixteenths;
    (stamps.len() - stamps.partition_point(is_old)) as u32
}

/// Adds a time, and drops those that no question reaches any more.
fn push(stamps: &mut VecDeque<u64>, now_ms: u64, rate: Rate) {
    while stamps.front().is_some_and(|first| now_ms - first > 2 * u64::from(rate.interval_ms) + 10) {
        stamps.pop_front();
    }
    stamps.push_back(now_ms);
}
