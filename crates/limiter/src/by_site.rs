//! Denials by site and reason, of as many sites as there is room for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{PoisonError, RwLock};

use crate::Reason;

/// Sites counted one by one; later ones share one row.
const SITES_MAX: usize = 4096;
/// The row that stands for all sites beyond those, and for requests of no site.
const OTHERS: u32 = 0;

/// Denials of one site since the start.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteDenials {
    /// The site; 0 stands for requests of no site, and for all sites beyond the first 4096 that denied anything.
    pub site_id: u32,
    /// Enforced, for too many requests in progress.
    pub denied_concurrency: u64,
    /// Enforced, for too many requests in the interval or a penalty still being served.
    pub denied_rate: u64,
    /// By the static address list.
    pub denied_address: u64,
    /// By host name.
    pub denied_host_name: u64,
    /// By an operator's block.
    pub denied_block: u64,
    /// Denials that logging-only mode did not enforce.
    pub logged_only: u64,
}

#[derive(Default)]
struct Row {
    concurrency: AtomicU64,
    rate: AtomicU64,
    address: AtomicU64,
    host_name: AtomicU64,
    block: AtomicU64,
    logged_only: AtomicU64,
}

impl Row {
    fn add(&self, reason: Reason, enforced: bool) {
        let counter = match (enforced, reason) {
            (false, _) => &self.logged_only,
            (true, Reason::Concurrency) => &self.concurrency,
            (true, Reason::Rate) => &self.rate,
            (true, Reason::Address) => &self.address,
            (true, Reason::HostName) => &self.host_name,
            (true, Reason::Block) => &self.block,
        };
        counter.fetch_add(1, Relaxed);
    }

    fn read(&self, site_id: u32) -> SiteDenials {
        SiteDenials {
            site_id,
            denied_concurrency: self.concurrency.load(Relaxed),
            denied_rate: self.rate.load(Relaxed),
            denied_address: self.address.load(Relaxed),
            denied_host_name: self.host_name.load(Relaxed),
            denied_block: self.block.load(Relaxed),
            logged_only: self.logged_only.load(Relaxed),
        }
    }
}

/// The counters. Only denials touch them, and only the first of a site locks others out.
#[derive(Default)]
pub(crate) struct BySite {
    rows: RwLock<BTreeMap<u32, Row>>,
}

impl BySite {
    /// Counts one denial.
    pub(crate) fn add(&self, site_id: u32, reason: Reason, enforced: bool) {
        let known = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(row) = known.get(&site_id) {
            return row.add(reason, enforced);
        }
        drop(known);
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        let has_room = rows.len() < SITES_MAX || rows.contains_key(&site_id);
        rows.entry(if has_room { site_id } else { OTHERS }).or_default().add(reason, enforced);
    }

    /// All sites that denied anything, in the order of their numbers.
    pub(crate) fn all(&self) -> Vec<SiteDenials> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        rows.iter().map(|(site_id, row)| row.read(*site_id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(denials: &[(u32, Reason, bool)], expected: &[SiteDenials]) {
        let by_site = BySite::default();
        for (site, reason, enforced) in denials {
            by_site.add(*site, *reason, *enforced);
        }
        assert_eq!(by_site.all(), expected);
    }

    #[test]
    fn each_reason_has_its_counter() {
        let none = SiteDenials { site_id: 2, ..SiteDenials::default() };
        check(&[], &[]);
        check(&[(2, Reason::Concurrency, true)], &[SiteDenials { denied_concurrency: 1, ..none }]);
        check(&[(2, Reason::Rate, true)], &[SiteDenials { denied_rate: 1, ..none }]);
        check(&[(2, Reason::Address, true)], &[SiteDenials { denied_address: 1, ..none }]);
        check(&[(2, Reason::HostName, true)], &[SiteDenials { denied_host_name: 1, ..none }]);
        check(&[(2, Reason::Block, true)], &[SiteDenials { denied_block: 1, ..none }]);
        check(&[(2, Reason::Rate, false)], &[SiteDenials { logged_only: 1, ..none }]);
    }

    #[test]
    fn sites_are_counted_apart() {
        let rate = |site_id, denied_rate| SiteDenials { site_id, denied_rate, ..SiteDenials::default() };
        check(&[(7, Reason::Rate, true), (3, Reason::Rate, true), (7, Reason::Rate, true)], &[rate(3, 1), rate(7, 2)]);
    }

    #[test]
    fn beyond_the_room_sites_share_a_row_and_nothing_is_lost() {
        let by_site = BySite::default();
        (1..=5000).chain(1..=10).for_each(|site| by_site.add(site, Reason::Block, true));
        let rows = by_site.all();
        assert!(rows.len() <= SITES_MAX + 1);
        assert_eq!((rows[0].site_id, rows[0].denied_block), (OTHERS, 5000 - SITES_MAX as u64));
        assert_eq!(rows.iter().map(|row| row.denied_block).sum::<u64>(), 5010);
        assert_eq!(rows[1].denied_block, 2);
    }
}
