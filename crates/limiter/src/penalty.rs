//! Terms during which a client that broke the rate is not let in at all, longer each time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{ClientKey, IpNet, Scope};

/// Clients serving a term, or who lately served one, at most; beyond that nobody new is penalised.
const TERMS_MAX: usize = 100_000;

/// How long a client over the rate is kept out, beyond what the window asks for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Penalty {
    /// The first term, in milliseconds. Each further one is twice as long.
    pub first_ms: u64,
    /// The longest term, in milliseconds. Who stays within the rate so long after a term starts anew with the first.
    pub max_ms: u64,
}

#[derive(Copy, Clone)]
#[expect(clippy::struct_field_names, reason = "the unit ends every name")]
struct Term {
    until_ms: u64,
    length_ms: u64,
    /// When the past is forgotten.
    forgotten_ms: u64,
}

/// All terms.
#[derive(Default)]
pub(crate) struct Terms {
    rows: Mutex<HashMap<(ClientKey, Scope), Term>>,
    count: AtomicUsize,
    denied: AtomicU64,
}

impl Terms {
    /// How much of its term a client still has to serve, in milliseconds; zero when it serves none.
    pub(crate) fn left_ms(&self, owner: (ClientKey, Scope), now_ms: u64) -> u64 {
        if self.count.load(Relaxed) == 0 {
            return 0;
        }
        self.locked().get(&owner).map_or(0, |term| term.until_ms.saturating_sub(now_ms))
    }

    /// Begins a term for a client that broke the rate just now; one that is being served goes on as it is.
    pub(crate) fn begin(&self, owner: (ClientKey, Scope), penalty: Penalty, now_ms: u64) {
        let mut rows = self.locked();
        if rows.len() >= TERMS_MAX && !rows.contains_key(&owner) {
            rows.retain(|_, term| term.forgotten_ms > now_ms);
            if rows.len() >= TERMS_MAX {
                return;
            }
        }
        let before = rows.get(&owner).copied().filter(|term| term.forgotten_ms > now_ms);
        if before.is_some_and(|term| term.until_ms > now_ms) {
            return;
        }
        let longer = before.map_or(penalty.first_ms, |term| term.length_ms.saturating_mul(2));
        let length_ms = longer.min(penalty.max_ms.max(penalty.first_ms));
        let until_ms = now_ms.saturating_add(length_ms);
        rows.insert(owner, Term { until_ms, length_ms, forgotten_ms: until_ms.saturating_add(penalty.max_ms) });
        self.count.store(rows.len(), Relaxed);
    }

    /// Ends the terms of a network's clients and forgets them; returns whose.
    pub(crate) fn forget(&self, network: &IpNet, scope: Option<Scope>) -> Vec<(ClientKey, Scope)> {
        let mut rows = self.locked();
        let goes = |(key, own): &(ClientKey, Scope)| key.overlaps(network) && scope.is_none_or(|scope| scope == *own);
        let gone: Vec<_> = rows.extract_if(|owner, _| goes(owner)).map(|(owner, _)| owner).collect();
        self.count.store(rows.len(), Relaxed);
        gone
    }

    /// Counts a request denied because of a term.
    pub(crate) fn count_denied(&self) {
        self.denied.fetch_add(1, Relaxed);
    }

    /// Requests denied because of a term.
    pub(crate) fn denied(&self) -> u64 {
        self.denied.load(Relaxed)
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<(ClientKey, Scope), Term>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PENALTY: Penalty = Penalty { first_ms: 100, max_ms: 350 };

    fn owner(number: u32) -> (ClientKey, Scope) {
        (ClientKey::new(std::net::Ipv4Addr::from_bits(number).into(), 64), Scope(1))
    }

    /// Breaks the rate at these times; how long each term is then.
    fn check(times: &[u64], expected: &[u64]) {
        let terms = Terms::default();
        let left = |time: &u64| {
            terms.begin(owner(1), PENALTY, *time);
            terms.left_ms(owner(1), *time)
        };
        assert_eq!(times.iter().map(left).collect::<Vec<_>>(), expected, "{times:?}");
    }

    #[test]
    fn terms_double_up_to_the_longest_and_are_forgotten() {
        check(&[0], &[100]);
        check(&[0, 40], &[100, 60]);
        check(&[0, 100, 300, 650], &[100, 200, 350, 350]);
        check(&[0, 449], &[100, 200]);
        check(&[0, 450], &[100, 100]);
    }

    #[test]
    fn others_are_free_and_terms_end() {
        let terms = Terms::default();
        terms.begin(owner(1), PENALTY, 0);
        assert_eq!((terms.left_ms(owner(2), 0), terms.left_ms(owner(1), 100)), (0, 0));
        assert_eq!(terms.forget(&"0.0.0.0/24".parse().unwrap(), Some(Scope(2))), []);
        assert_eq!(terms.forget(&"0.0.0.0/24".parse().unwrap(), None), [owner(1)]);
        assert_eq!(terms.left_ms(owner(1), 0), 0);
    }

    #[test]
    fn there_is_an_end_to_them() {
        let terms = Terms::default();
        (0..u32::try_from(TERMS_MAX).unwrap()).for_each(|number| terms.begin(owner(number), PENALTY, 0));
        terms.begin(owner(u32::MAX), PENALTY, 1);
        assert_eq!(terms.left_ms(owner(u32::MAX), 1), 0, "no room");
        terms.begin(owner(u32::MAX), PENALTY, 450);
        assert_eq!(terms.left_ms(owner(u32::MAX), 450), 100, "the past made room");
    }
}
