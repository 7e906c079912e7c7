//! A ring of times: exact counts while the limit fits into it (D1).
//!
//! Stamps are the low bits of times and are read relative to the last one, so that an interval may be as long as a
//! lane can count: 65 535 ms in a narrow slot, 2³² − 1 ms in a wide one.

use super::slot::{Head, Slot, Stamps};

/// How many stamps of a ring lie in the interval before `now_ms`, which is not before the last stamp. A stamp
/// exactly one interval old is out.
pub(super) fn live<const WIDE: bool>(slot: &Slot<'_, WIDE>, head: &Head, now_ms: u64, interval_ms: u32) -> u8 {
    let Stamps::Ring { mut len, next } = head.stamps else { return 0 };
    let passed = now_ms.saturating_sub(head.last_ms);
    if passed >= u64::from(interval_ms) {
        return 0;
    }
    while len > 0 {
        let oldest = wrapped::<WIDE>(next + Slot::<WIDE>::LAYOUT.ring_len_max() - len);
        if passed + u64::from(age_at_last(slot, head, oldest)) < u64::from(interval_ms) {
            break;
        }
        len -= 1;
    }
    len
}

/// Adds a stamp after the `live` ones, which the caller has counted for `now_ms`; the others are dropped, and the
/// oldest when the ring is full.
pub(super) fn push<const WIDE: bool>(slot: &Slot<'_, WIDE>, head: &mut Head, now_ms: u64, live: u8) {
    let next = match head.stamps {
        Stamps::Ring { next, .. } => next,
        Stamps::Nothing | Stamps::Segments => 0,
    };
    slot.set_lane(usize::from(next), now_ms as u32);
    let len_max = Slot::<WIDE>::LAYOUT.ring_len_max();
    head.stamps = Stamps::Ring { len: (live + 1).min(len_max), next: wrapped::<WIDE>(next + 1) };
    head.last_ms = now_ms;
}

/// The times in a ring, oldest first.
pub(super) fn times<'a, const WIDE: bool>(slot: &'a Slot<'_, WIDE>, head: &'a Head) -> impl Iterator<Item = u64> + 'a {
    let (len, next) = match head.stamps {
        Stamps::Ring { len, next } => (len, next),
        Stamps::Nothing | Stamps::Segments => (0, 0),
    };
    let len_max = Slot::<WIDE>::LAYOUT.ring_len_max();
    (0..len).map(move |n| {
        let lane = wrapped::<WIDE>(wrapped::<WIDE>(next + len_max - len) + n);
        head.last_ms.saturating_sub(u64::from(age_at_last(slot, head, lane)))
    })
}

/// A lane number below twice the length of the ring, back inside it.
fn wrapped<const WIDE: bool>(lane: u8) -> u8 {
    lane.checked_sub(Slot::<WIDE>::LAYOUT.ring_len_max()).unwrap_or(lane)
}

/// How much older than the last stamp the one in this lane is.
fn age_at_last<const WIDE: bool>(slot: &Slot<'_, WIDE>, head: &Head, lane: u8) -> u32 {
    (head.last_ms as u32).wrapping_sub(slot.lane(usize::from(lane))) & Slot::<WIDE>::LAYOUT.lane_max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::cells::Cells;
    use crate::table::slot::Layout;

    /// Pushes the times, then counts at `now_ms`.
    fn check(layout: Layout, interval_ms: u32, times_ms: &[u64], counted: (u64, u8)) {
        match layout {
            Layout::Narrow => check_in::<false>(interval_ms, times_ms, counted),
            Layout::Wide => check_in::<true>(interval_ms, times_ms, counted),
        }
    }

    fn check_in<const WIDE: bool>(interval_ms: u32, times_ms: &[u64], counted: (u64, u8)) {
        let layout = Slot::<WIDE>::LAYOUT;
        let cells = Cells::zeroed(layout.cells()).unwrap();
        let slot = Slot::<WIDE>::new(cells.words(0, layout.cells()));
        let mut head = slot.head(0);
        for time_ms in times_ms {
            let live = live(&slot, &head, *time_ms, interval_ms);
            push(&slot, &mut head, *time_ms, live);
        }
        assert_eq!(live(&slot, &head, counted.0, interval_ms), counted.1, "{times_ms:?}");
        let kept = times_ms.len().min(usize::from(layout.ring_len_max()));
        if times_ms.last().unwrap() - times_ms[0] < u64::from(interval_ms) {
            assert_eq!(times(&slot, &head).collect::<Vec<_>>(), times_ms[times_ms.len() - kept..], "oldest first");
        }
    }

    #[test]
    fn stamps_leave_exactly_one_interval_later() {
        check(Layout::Narrow, 200, &[0, 100, 150], (199, 3));
        check(Layout::Narrow, 200, &[0, 100, 150], (200, 2));
        check(Layout::Narrow, 200, &[0, 100, 150], (350, 0));
        check(Layout::Narrow, 0, &[0], (0, 0));
    }

    #[test]
    fn a_full_ring_forgets_the_oldest() {
        check(Layout::Narrow, 200, &[5; 30], (5, 20));
        check(Layout::Wide, 200, &[5; 100], (5, 64));
    }

    #[test]
    fn the_longest_intervals_of_each_layout_are_exact() {
        check(Layout::Narrow, 65_535, &[0, 65_534], (65_534, 2));
        check(Layout::Narrow, 65_535, &[0, 65_534], (65_535, 1));
        check(Layout::Narrow, 65_535, &[0, 65_534], (131_068, 1));
        check(Layout::Narrow, 65_535, &[0, 65_534], (131_069, 0));
        check(Layout::Wide, u32::MAX, &[0, (1 << 32) - 2], ((1 << 32) - 2, 2));
        check(Layout::Wide, u32::MAX, &[0, (1 << 32) - 2], ((1 << 32) - 1, 1));
    }

    #[test]
    fn ticks_may_wrap() {
        for wrap in [1u64 << 16, 1 << 32, 1 << 40] {
            check(Layout::Narrow, 200, &[wrap - 150, wrap - 1, wrap + 1], (wrap + 49, 3));
            check(Layout::Narrow, 200, &[wrap - 150, wrap - 1, wrap + 1], (wrap + 50, 2));
        }
    }
}
