//! Larger IPv6 networks that are denied as a whole, once several clients in them broke the limits.
//!
//! Whoever owns a /48 owns 65 536 clients as they are counted (D10), and each may use its limit up.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{ClientKey, IpNet, Reason, Scope};

/// Networks remembered at most: 8 MB. Beyond that nothing new is watched until others calm down.
const NETWORKS_MAX: usize = 16_384;
/// Room is looked for so often at most.
const SWEEP_INTERVAL_MS: u64 = 1_000;
/// Clients remembered of each; no more are ever needed.
const CLIENTS_MAX: u32 = 16;

/// When a larger IPv6 network is denied as a whole.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Wider {
    /// Leading bits of the address that make the network.
    pub prefix_length: u8,
    /// So many different clients in it have to be over their limits; 1 to 16.
    pub clients: u32,
    /// Within so many milliseconds, for which it also stays denied.
    pub interval_ms: u64,
}

/// How a network stands that is watched.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct WiderStanding {
    /// The network.
    pub network: IpNet,
    /// Clients in it that were over their limits lately.
    pub convicted: u32,
    /// So many make it denied.
    pub needed: u32,
}

/// What a denied network says to one of its clients.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// What its clients did last.
    pub(crate) reason: Reason,
    /// Whether this client is one of those who did it.
    pub(crate) is_culprit: bool,
}

type Owner = (ClientKey, Scope);

/// All networks that are watched.
#[derive(Default)]
pub(crate) struct Regions {
    rows: Mutex<Rows>,
    /// Networks that are denied, or were until lately.
    full: AtomicUsize,
    denied: AtomicU64,
}

#[derive(Default)]
struct Rows {
    regions: HashMap<Owner, Region>,
    /// When room was last looked for.
    swept_ms: u64,
}

struct Region {
    /// Who broke a limit, and when last.
    culprits: Vec<(ClientKey, u64)>,
    reason: Reason,
    rule: Wider,
}

impl Region {
    fn needed(&self) -> usize {
        self.rule.clients.clamp(1, CLIENTS_MAX) as usize
    }

    fn is_full(&self) -> bool {
        self.culprits.len() >= self.needed()
    }

    fn forget_old(&mut self, now_ms: u64) {
        let interval_ms = self.rule.interval_ms;
        self.culprits.retain(|(_, last_ms)| now_ms.saturating_sub(*last_ms) < interval_ms);
    }

    fn note(&mut self, culprit: ClientKey, now_ms: u64) {
        if let Some((_, last_ms)) = self.culprits.iter_mut().find(|(own, _)| *own == culprit) {
            *last_ms = now_ms.max(*last_ms);
            return;
        }
        if self.is_full()
            && let Some(oldest) = self.culprits.iter_mut().min_by_key(|(_, last_ms)| *last_ms)
        {
            *oldest = (culprit, now_ms);
            return;
        }
        self.culprits.push((culprit, now_ms));
    }
}

impl Regions {
    /// Notes that a client broke a limit.
    pub(crate) fn note(&self, owner: Owner, (culprit, reason): (ClientKey, Reason), (rule, now_ms): (Wider, u64)) {
        let mut rows = self.locked();
        if rows.regions.len() >= NETWORKS_MAX
            && !rows.regions.contains_key(&owner)
            && !self.make_room(&mut rows, now_ms)
        {
            return;
        }
        let region = rows.regions.entry(owner).or_insert_with(|| Region { culprits: Vec::new(), reason, rule });
        let was_full = region.is_full();
        (region.reason, region.rule) = (reason, rule);
        region.forget_old(now_ms);
        region.note(culprit, now_ms);
        self.count_full(was_full, region.is_full());
    }

    /// What a network says to a client, where it is denied.
    pub(crate) fn verdict(&self, owner: Owner, client: ClientKey, now_ms: u64) -> Option<Verdict> {
        if self.full.load(Relaxed) == 0 {
            return None;
        }
        let mut rows = self.locked();
        let region = rows.regions.get_mut(&owner)?;
        let was_full = region.is_full();
        region.forget_old(now_ms);
        self.count_full(was_full, region.is_full());
        let is_culprit = region.culprits.iter().any(|(own, _)| *own == client);
        region.is_full().then_some(Verdict { reason: region.reason, is_culprit })
    }

    /// How a network stands; `None` when nobody in it did anything lately.
    pub(crate) fn standing(&self, owner: Owner, now_ms: u64) -> Option<WiderStanding> {
        let mut rows = self.locked();
        let region = rows.regions.get_mut(&owner)?;
        let was_full = region.is_full();
        region.forget_old(now_ms);
        self.count_full(was_full, region.is_full());
        let [convicted, needed] =
            [region.culprits.len(), region.needed()].map(|count| u32::try_from(count).unwrap_or(0));
        (convicted > 0).then(|| WiderStanding { network: owner.0.network(), convicted, needed })
    }

    /// Whether a network is denied.
    pub(crate) fn is_denied(&self, owner: Owner, now_ms: u64) -> bool {
        self.standing(owner, now_ms).is_some_and(|standing| standing.convicted >= standing.needed)
    }

    /// Forgets the networks that have an address in common with this one; returns which were watched.
    pub(crate) fn forget(&self, network: &IpNet, scope: Option<Scope>) -> Vec<Owner> {
        let mut rows = self.locked();
        let goes = |(key, own): &Owner| key.overlaps(network) && scope.is_none_or(|scope| scope == *own);
        let gone: Vec<(Owner, Region)> = rows.regions.extract_if(|owner, _| goes(owner)).collect();
        for (_, region) in &gone {
            self.count_full(region.is_full(), false);
        }
        gone.into_iter().map(|(owner, _)| owner).collect()
    }

    /// Counts a request denied because of its network.
    pub(crate) fn count_denied(&self) {
        self.denied.fetch_add(1, Relaxed);
    }

    /// Requests denied because of their network.
    pub(crate) fn denied(&self) -> u64 {
        self.denied.load(Relaxed)
    }

    /// Lets go of networks that have calmed down, once a second at most; whether there is room.
    fn make_room(&self, rows: &mut Rows, now_ms: u64) -> bool {
        if now_ms.saturating_sub(rows.swept_ms) < SWEEP_INTERVAL_MS {
            return false;
        }
        rows.swept_ms = now_ms;
        rows.regions.retain(|_, region| {
            region.forget_old(now_ms);
            !region.culprits.is_empty()
        });
        self.full.store(rows.regions.values().filter(|region| region.is_full()).count(), Relaxed);
        rows.regions.len() < NETWORKS_MAX
    }

    fn count_full(&self, before: bool, after: bool) {
        match (before, after) {
            (false, true) => self.full.fetch_add(1, Relaxed),
            (true, false) => self.full.fetch_sub(1, Relaxed),
            (true, true) | (false, false) => return,
        };
    }

    fn locked(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Wider = Wider { prefix_length: 48, clients: 3, interval_ms: 100 };

    fn key(text: &str, length: u8) -> ClientKey {
        ClientKey::new(text.parse().unwrap(), length)
    }

    fn owner() -> Owner {
        (key("2001:db8:1::", 48), Scope(1))
    }

    /// Clients by number that broke a limit at a time; what the network says then to client 1 at `now_ms`.
    fn check(broke: &[(u16, u64)], now_ms: u64, expected: Option<bool>) {
        let regions = Regions::default();
        for (number, at_ms) in broke {
            let culprit = key(&format!("2001:db8:1:{number:x}::"), 64);
            regions.note(owner(), (culprit, Reason::Rate), (RULE, *at_ms));
        }
        let verdict = regions.verdict(owner(), key("2001:db8:1:1::", 64), now_ms);
        assert_eq!(verdict.map(|verdict| verdict.is_culprit), expected, "{broke:?} at {now_ms}");
        assert_eq!(regions.is_denied(owner(), now_ms), expected.is_some());
        assert_eq!(regions.full.load(Relaxed), usize::from(expected.is_some()), "{broke:?} at {now_ms}");
    }

    #[test]
    fn so_many_different_clients_within_the_interval_convict_the_network() {
        check(&[], 0, None);
        check(&[(1, 0), (2, 0)], 0, None);
        check(&[(1, 0), (1, 1), (1, 2), (1, 3)], 3, None);
        check(&[(1, 0), (2, 10), (3, 20)], 20, Some(true));
        check(&[(2, 0), (3, 10), (4, 20)], 20, Some(false));
        check(&[(1, 0), (2, 10), (3, 20)], 99, Some(true));
        check(&[(1, 0), (2, 10), (3, 20)], 100, None);
        check(&[(1, 0), (2, 10), (3, 100)], 100, None);
        check(&[(1, 0), (2, 10), (3, 20), (1, 90)], 109, Some(true));
        check(&[(1, 0), (2, 10), (3, 20), (4, 90)], 109, Some(false));
    }

    #[test]
    fn forgetting_an_address_forgets_its_network() {
        let regions = Regions::default();
        for number in 1..=3 {
            regions.note(owner(), (key(&format!("2001:db8:1:{number}::"), 64), Reason::Concurrency), (RULE, 0));
        }
        let standing = regions.standing(owner(), 0).unwrap();
        assert_eq!(
            (standing.network.to_string().as_str(), standing.convicted, standing.needed),
            ("2001:db8:1::/48", 3, 3)
        );
        let address = "2001:db8:1:9::1/128".parse().unwrap();
        assert_eq!(regions.forget(&address, Some(Scope(2))), []);
        assert_eq!(regions.forget(&address, None), [owner()]);
        assert_eq!((regions.standing(owner(), 0), regions.full.load(Relaxed)), (None, 0));
    }

    #[test]
    fn only_so_many_networks_are_watched_and_the_calm_make_room() {
        let regions = Regions::default();
        let network = |number: u32| (key(&format!("2001:{:x}:{:x}::", number >> 16, number & 0xffff), 48), Scope(1));
        let note = |number: u32, now_ms: u64| {
            (1..=3).for_each(|client| {
                let culprit = ClientKey::from_parts(network(number).0.parts().0 | client << 64, 64);
                regions.note(network(number), (culprit, Reason::Rate), (RULE, now_ms));
            });
            regions.is_denied(network(number), now_ms)
        };
        let count = u32::try_from(NETWORKS_MAX).unwrap();
        assert!((0..count).all(|number| note(number, 2_000)));
        assert_eq!(regions.full.load(Relaxed), NETWORKS_MAX);
        assert!(!note(count, 2_050), "no room");
        assert!(note(0, 2_050) && !note(count + 1, 2_999), "looked for room a moment ago");
        assert!(note(count, 3_100), "the others are quiet");
        assert_eq!((regions.locked().regions.len(), regions.full.load(Relaxed)), (1, 1));
    }
}
