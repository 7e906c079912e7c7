//! Counts per sixteenth of the interval, for limits no ring holds (D1).
//!
//! The 17 lanes hold the running sixteenth and the 16 before it. All of them count, so that the sum covers at least
//! one whole interval and less than a sixteenth more: it never admits too many and may deny that much early.

use super::slot::{Head, Slot, Stamps};

/// Segments an interval is divided into; one more is kept and counted whole.
const PER_INTERVAL: u64 = 16;
const KEPT: u64 = PER_INTERVAL + 1;

/// Requests counted at `now_ms`, which is not before the last stamp.
pub(super) fn live<const WIDE: bool>(slot: &Slot<'_, WIDE>, head: &Head, now_ms: u64) -> u32 {
    if head.stamps != Stamps::Segments {
        return 0;
    }
    let interval_ms = slot.interval_ms();
    let (now, last) = (segment(now_ms, interval_ms), segment(head.last_ms, interval_ms));
    let first = now.saturating_sub(PER_INTERVAL);
    if first > last {
        return 0;
    }
    let (start, count) = (lane(first), (last - first + 1) as usize);
    let lanes = (start..KEPT as usize).chain(0..start).take(count);
    lanes.fold(0, |sum: u32, index| sum.saturating_add(slot.lane(index)))
}

/// Starts empty segments of this interval.
pub(super) fn start<const WIDE: bool>(slot: &Slot<'_, WIDE>, head: &mut Head, now_ms: u64, interval_ms: u32) {
    (0..KEPT as usize).for_each(|index| slot.set_lane(index, 0));
    slot.set_interval_ms(interval_ms);
    head.stamps = Stamps::Segments;
    head.last_ms = now_ms;
}

/// Counts requests at `now_ms`, which is not before the last stamp. A full lane stays full.
pub(super) fn add<const WIDE: bool>(slot: &Slot<'_, WIDE>, head: &mut Head, now_ms: u64, requests: u32) {
    let interval_ms = slot.interval_ms();
    let (now, last) = (segment(now_ms, interval_ms), segment(head.last_ms, interval_ms));
    let stale = (last + 1).max((now + 1).saturating_sub(KEPT))..=now;
    if last < now {
        stale.for_each(|index| slot.set_lane(lane(index), 0));
    }
    let sum = slot.lane(lane(now)).saturating_add(requests);
    slot.set_lane(lane(now), sum.min(Slot::<WIDE>::LAYOUT.lane_max()));
    head.last_ms = now_ms;
}

/// The counts, oldest first, each with the latest time it may stand for.
pub(super) fn counts<'a, const WIDE: bool>(
    slot: &'a Slot<'_, WIDE>,
    head: &'a Head,
) -> impl Iterator<Item = (u64, u32)> + 'a {
    let interval_ms = slot.interval_ms();
    let last = segment(head.last_ms, interval_ms);
    let kept = if head.stamps == Stamps::Segments { KEPT } else { 0 };
    (0..kept).rev().filter_map(move |back| {
        let index = last.checked_sub(back)?;
        let end_ms = ((index + 1) * u64::from(interval_ms)).div_ceil(PER_INTERVAL).saturating_sub(1);
        let requests = slot.lane(lane(index));
        (requests > 0).then_some((end_ms.min(head.last_ms), requests))
    })
}

/// The number of the segment a time lies in, counted from time zero.
fn segment(time_ms: u64, interval_ms: u32) -> u64 {
    time_ms.saturating_mul(PER_INTERVAL) / u64::from(interval_ms.max(1))
}

fn lane(segment: u64) -> usize {
    (segment % KEPT) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::cells::Cells;

    /// Adds one request at each time, then counts at `now_ms`, in both layouts.
    fn check(interval_ms: u32, times_ms: &[u64], counted: (u64, u32)) {
        check_in::<false>(interval_ms, times_ms, counted);
        check_in::<true>(interval_ms, times_ms, counted);
    }

    fn check_in<const WIDE: bool>(interval_ms: u32, times_ms: &[u64], counted: (u64, u32)) {
        let cells = Cells::zeroed(Slot::<WIDE>::LAYOUT.cells()).unwrap();
        let slot = Slot::<WIDE>::new(cells.words(0, Slot::<WIDE>::LAYOUT.cells()));
        let mut head = slot.head(0);
        start(&slot, &mut head, times_ms[0], interval_ms);
        for time_ms in times_ms {
            add(&slot, &mut head, *time_ms, 1);
        }
        assert_eq!(live(&slot, &head, counted.0), counted.1, "{times_ms:?} at {}", counted.0);
        let sum: u32 = counts(&slot, &head).map(|(_, requests)| requests).sum();
        assert_eq!(sum, live(&slot, &head, head.last_ms));
    }

    #[test]
    fn the_whole_interval_counts_and_less_than_a_sixteenth_more() {
        check(1600, &[0, 50, 100], (1600, 3));
        check(1600, &[0, 50, 100], (1699, 3));
        check(1600, &[0, 50, 100], (1700, 1));
        check(1600, &[0, 50, 100], (1800, 0));
        check(1600, &[99], (1600 + 99, 1));
        check(1600, &[99], (1600 + 100, 0));
    }

    #[test]
    fn a_count_stands_for_the_latest_time_of_its_segment() {
        let cells = Cells::zeroed(1).unwrap();
        let slot = Slot::<false>::new(cells.words(0, 1));
        let mut head = slot.head(0);
        start(&slot, &mut head, 250, 1600);
        for time_ms in [250, 299, 420] {
            add(&slot, &mut head, time_ms, 1);
        }
        assert_eq!(counts(&slot, &head).collect::<Vec<_>>(), [(299, 2), (420, 1)]);
    }

    #[test]
    fn intervals_that_no_sixteen_divides_work() {
        check(100, &[6, 6, 7], (106, 3));
        check(100, &[6], (107, 0));
        check(1, &[5, 5, 6], (6, 3));
        check(1, &[5, 5, 6], (7, 1));
        check(7, &[70, 71, 76], (76, 3));
        check(7, &[70, 71, 76], (77, 3));
        check(7, &[70, 71, 76], (78, 2));
    }

    #[test]
    fn long_pauses_clear_everything() {
        check(1600, &[0, 1_000_000], (1_000_000, 1));
        check(1600, &[1 << 40, (1 << 40) + 1599], ((1 << 40) + 1599, 2));
    }

    #[test]
    fn a_full_lane_stays_full() {
        let cells = Cells::zeroed(1).unwrap();
        let slot = Slot::<false>::new(cells.words(0, 1));
        let mut head = slot.head(0);
        start(&slot, &mut head, 0, 16);
        add(&slot, &mut head, 0, 65_535);
        add(&slot, &mut head, 0, 9);
        assert_eq!(live(&slot, &head, 0), 65_535);
    }
}
