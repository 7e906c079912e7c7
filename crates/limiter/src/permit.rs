//! The right to be counted as in progress, and the counters kept beside it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::table::{Place, Table};
use crate::{Decision, Reason, Usage};

/// The right to be counted as in progress. Hold it until the last byte of the answer is sent; dropping it gives the
/// place back. Only the limiter makes one. It is empty when nothing is counted: no limits, exempt, denied.
#[must_use = "a dropped permit no longer counts its request as in progress"]
pub struct Permit {
    held: Option<(Arc<Stripe>, Place)>,
}

impl Permit {
    /// A permit for a request that is not counted.
    pub(crate) fn empty() -> Self {
        Self { held: None }
    }

    #[inline]
    pub(crate) fn new(stripe: &Arc<Stripe>, place: Option<Place>) -> Self {
        Self { held: place.map(|place| (Arc::clone(stripe), place)) }
    }

    /// Whether a request is counted as in progress through this permit.
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some((stripe, place)) = self.held.take() {
            stripe.table.leave(place);
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Permit").field("held", &self.is_held()).finish()
    }
}

/// One of several handles on the table with counters of its own, so that threads do not fight over one cache line
/// for every permit and every tally.
#[repr(align(64))]
pub(crate) struct Stripe {
    pub(crate) table: Arc<Table>,
    allowed: AtomicU64,
    exempt: AtomicU64,
    denied: [AtomicU64; 4],
    logged_only: AtomicU64,
    /// The latest time seen.
    latest_ms: AtomicU64,
}

impl Stripe {
    pub(crate) fn new(table: Arc<Table>) -> Self {
        let zero = AtomicU64::default;
        let denied = [zero(), zero(), zero(), zero()];
        Self { table, allowed: zero(), exempt: zero(), denied, logged_only: zero(), latest_ms: zero() }
    }

    /// Tallies a decision.
    #[inline]
    pub(crate) fn tally(&self, decision: Decision, exempt: bool, now_ms: u64) {
        if self.latest_ms.load(Relaxed) < now_ms {
            self.latest_ms.store(now_ms, Relaxed);
        }
        if exempt {
            self.exempt.fetch_add(1, Relaxed);
        }
        let tally = match decision {
            Decision::Allow => &self.allowed,
            Decision::Deny { enforced: false, .. } => &self.logged_only,
            Decision::Deny { reason, .. } => &self.denied[index(reason)],
        };
        tally.fetch_add(1, Relaxed);
    }

    pub(crate) fn latest_ms(&self) -> u64 {
        self.latest_ms.load(Relaxed)
    }

    /// Adds this stripe's tallies to a reading.
    pub(crate) fn add_to(&self, usage: &mut Usage) {
        let denied = |reason| self.denied[index(reason)].load(Relaxed);
        usage.allowed += self.allowed.load(Relaxed);
        usage.exempt += self.exempt.load(Relaxed);
        usage.denied_concurrency += denied(Reason::Concurrency);
        usage.denied_rate += denied(Reason::Rate);
        usage.denied_address += denied(Reason::Address);
        usage.denied_host_name += denied(Reason::HostName);
        usage.logged_only += self.logged_only.load(Relaxed);
    }
}

fn index(reason: Reason) -> usize {
    match reason {
        Reason::Concurrency => 0,
        Reason::Rate => 1,
        Reason::Address => 2,
        Reason::HostName => 3,
    }
}
