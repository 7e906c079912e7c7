//! Forgetting in time: stamps of narrow slots are ticks of 32 bits, which come again after 49 days. No request waits
//! until a whole table is looked through for old ones.

use super::slot::{Head, Stamps};
use super::store::LockedSet;
use super::{Table, for_each_slot_of};
use crate::sync::Ordering::Relaxed;

/// After so long (12 days) old stamps of narrow slots are cleared, before 32-bit ticks repeat.
const ERA_BITS: u32 = 30;
/// Stamps younger than this are kept then. Nothing a narrow slot measures is older than half an era; the rest is for
/// threads whose clocks are behind. A stamp that is kept is read rightly for three eras more, and looked at again in
/// the next one.
const ERA_KEPT_MS: u64 = 3 << (ERA_BITS - 2);
/// Sets that are cleared at a time, so that no request waits for a million of them.
const CLEARED_AT_A_TIME: usize = 4;

impl Table {
    /// Notes the time. In the beginning of an era of twelve days, each new millisecond clears a few sets of what 32-bit
    /// ticks could mistake for fresh.
    #[inline]
    pub(super) fn advance(&self, now_ms: u64) {
        let latest_ms = self.latest_ms.load(Relaxed);
        if now_ms <= latest_ms {
            return;
        }
        if now_ms >> ERA_BITS == latest_ms >> ERA_BITS {
            // A late store of an earlier time does no harm.
            self.latest_ms.store(now_ms, Relaxed);
            if self.cleared.load(Relaxed) < self.clearable() as u64 {
                self.clear_old(now_ms, CLEARED_AT_A_TIME);
            }
            return;
        }
        let before = self.latest_ms.fetch_max(now_ms, Relaxed) >> ERA_BITS;
        if before < now_ms >> ERA_BITS {
            self.begin_era(now_ms, before);
        }
    }

    /// Who had so little to do in a whole era that sets are left has time for all of them at once.
    #[cold]
    fn begin_era(&self, now_ms: u64, before: u64) {
        if (now_ms >> ERA_BITS) - before == 1 {
            self.clear_old(now_ms, self.clearable());
            self.cleared.store(0, Relaxed);
        } else {
            (0..self.clearable()).for_each(|set| self.clear_set(set, |_| true));
            self.cleared.store(self.clearable() as u64, Relaxed);
        }
    }

    #[cold]
    fn clear_old(&self, now_ms: u64, sets: usize) {
        let from = self.cleared.fetch_add(sets as u64, Relaxed) as usize;
        for set in from..self.clearable().min(from.saturating_add(sets)) {
            self.clear_set(set, |head| now_ms.abs_diff(head.last_ms) > ERA_KEPT_MS);
        }
    }

    /// Sets whose stamps are ticks.
    fn clearable(&self) -> usize {
        self.narrow.sets() + self.shared.sets()
    }

    fn clear_set(&self, number: usize, is_old: impl Fn(&Head) -> bool) {
        let now_ms = self.latest_ms.load(Relaxed);
        let clear = |set: &mut LockedSet<'_, false>, way: usize| {
            let slot = set.slot(way);
            let mut head = slot.head(now_ms);
            if is_old(&head) {
                head.stamps = Stamps::Nothing;
                slot.set_head(&head);
            }
        };
        match number.checked_sub(self.narrow.sets()) {
            None => for_each_slot_of(&self.narrow, number, clear),
            Some(number) => for_each_slot_of(&self.shared, number, clear),
        }
    }
}
