//! How often each decision was taken that the table does not see.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::{ClientKey, Decision, Reason, Usage};

/// Sets of counters; a power of two.
const STRIPES: usize = 16;

/// Counters in several copies, so that threads seldom fight over one cache line.
#[derive(Default)]
pub(crate) struct Tally {
    stripes: [Stripe; STRIPES],
}

#[derive(Default)]
#[repr(align(64))]
struct Stripe {
    allowed: AtomicU64,
    exempt: AtomicU64,
    denied_address: AtomicU64,
    denied_host_name: AtomicU64,
    denied_block: AtomicU64,
    logged_only: AtomicU64,
    /// Verdicts of the table that were not the last word on their request.
    overruled: AtomicU64,
}

impl Tally {
    /// Counts a decision about a client. Enforced denials by a limit are counted in the table.
    pub(crate) fn add(&self, key: &ClientKey, decision: Decision, exempt: bool) {
        let stripe = &self.stripes[key.spread() as usize % STRIPES];
        let counter = match decision {
            Decision::Allow if exempt => &stripe.exempt,
            Decision::Allow => &stripe.allowed,
            Decision::Deny { enforced: false, .. } => &stripe.logged_only,
            Decision::Deny { reason: Reason::HostName, .. } => &stripe.denied_host_name,
            Decision::Deny { reason: Reason::Block, .. } => &stripe.denied_block,
            Decision::Deny { reason: Reason::Address, .. } => &stripe.denied_address,
            Decision::Deny { reason: Reason::Concurrency | Reason::Rate, .. } => return,
        };
        counter.fetch_add(1, Relaxed);
    }

    /// Takes back what was counted as allowed by limits that did not have the last word.
    pub(crate) fn overrule(&self, key: &ClientKey, allowed: u64) {
        self.stripes[key.spread() as usize % STRIPES].overruled.fetch_add(allowed, Relaxed);
    }

    /// Adds the counters to a reading.
    pub(crate) fn add_to(&self, usage: &mut Usage) {
        let mut overruled = 0;
        for stripe in &self.stripes {
            let exempt = stripe.exempt.load(Relaxed);
            usage.allowed += stripe.allowed.load(Relaxed) + exempt;
            overruled += stripe.overruled.load(Relaxed);
            usage.exempt += exempt;
            usage.denied_address += stripe.denied_address.load(Relaxed);
            usage.denied_host_name += stripe.denied_host_name.load(Relaxed);
            usage.denied_block += stripe.denied_block.load(Relaxed);
            usage.logged_only += stripe.logged_only.load(Relaxed);
        }
        usage.allowed = usage.allowed.saturating_sub(overruled);
    }
}
