//! The usual request in one go: limits that a narrow ring measures, at a client whose slot is there or whose place is
//! free. Everything else goes the long way, which does the same for it.

use super::cells::Cell;
use super::charge::denied_by;
use super::slot::{Label, Layout, RingHead};
use super::store::{self, Verdict};
use super::{Entered, Place, RoomKind, Table, Visit};
use crate::{Counts, Limits, Reason};

/// The longest interval, the largest rate and the most requests at once that are usual.
const INTERVAL_MAX_MS: u32 = Layout::Narrow.lane_max();
const REQUESTS_MAX: u32 = Layout::Narrow.ring_len_max() as u32;
const IN_FLIGHT_MAX: u32 = Layout::Narrow.in_flight_max();

/// Limits a narrow ring measures.
struct Usual {
    concurrent_max: u32,
    requests_max: u32,
    interval_ms: u32,
    count_denied: bool,
}

impl Usual {
    fn of(limits: &Limits) -> Option<Self> {
        let rate = limits.rate?;
        let concurrent_max = limits.concurrent_max.unwrap_or(IN_FLIGHT_MAX);
        let fits = rate.requests_max <= REQUESTS_MAX
            && rate.interval_ms.wrapping_sub(1) < INTERVAL_MAX_MS
            && limits.concurrent_max.is_none_or(|max| max < IN_FLIGHT_MAX);
        fits.then_some(Self {
            concurrent_max,
            requests_max: rate.requests_max,
            interval_ms: rate.interval_ms,
            count_denied: limits.count_denied,
        })
    }

    fn judge(&self, counts: Counts) -> Option<Reason> {
        if counts.in_progress > self.concurrent_max {
            return Some(Reason::Concurrency);
        }
        (counts.in_window > self.requests_max).then_some(Reason::Rate)
    }
}

impl Table {
    /// Judges and counts a usual request; `None`, with nothing counted, when the long way has to be gone.
    #[inline]
    pub(super) fn enter_usual(&self, visit: &Visit<'_>) -> Option<Entered> {
        let usual = Usual::of(visit.limits)?;
        if !Layout::Narrow.fits(&visit.key)
            || self.scopes.note(visit.scope, visit.limits, (Layout::Narrow, visit.key.is_v4()))
        {
            return None;
        }
        let hash = self.hash(&visit.key, visit.scope);
        let mut set = self.narrow.lock(hash);
        let label = Label::of(&visit.key, visit.scope);
        let way = match set.find_where(hash, |way| label.is_on(set.cell(way))) {
            Some(way) => way,
            None if set.is_used(store::preferred(hash)) => return None,
            None => {
                let way = store::preferred(hash);
                set.claim(way, hash, (&visit.key, visit.scope));
                way
            }
        };
        let (counts, reason, stays) = usual.charge(set.cell(way), visit)?;
        match reason {
            None => set.count(Verdict::Allowed),
            Some(reason) if !visit.keeps_denied => set.count(denied_by(reason)),
            Some(_) => {}
        }
        let place = Place { room: RoomKind::Narrow, index: set.index(way) };
        Some(Entered { counts, reason, place: stays.then_some(place) })
    }
}

impl Usual {
    /// Counts, judges and charges a request at its slot; `None` when the slot holds segments.
    #[inline]
    fn charge(&self, cell: &Cell, visit: &Visit<'_>) -> Option<(Counts, Option<Reason>, bool)> {
        let mut head = RingHead::of(cell)?;
        let ahead = head.len > 0 && (visit.now_ms as u32).wrapping_sub(head.last).cast_signed() < 0;
        // The clock of another thread may have been a little ahead.
        let now = if ahead { head.last } else { visit.now_ms as u32 };
        let live = head.live(cell, now, self.interval_ms);
        let counts = Counts { in_progress: head.in_flight.wrapping_add(1), in_window: live.wrapping_add(1) };
        let reason = self.judge(counts);
        if reason.is_none() || self.count_denied {
            head.push(cell, now, live);
        }
        let stays = (reason.is_none() || visit.keeps_denied) && head.in_flight < IN_FLIGHT_MAX;
        head.in_flight = head.in_flight.wrapping_add(u32::from(stays));
        head.put(cell);
        Some((counts, reason, stays))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{ClientKey, Rate, Scope};

    fn check(rate: (u32, u32), concurrent_max: Option<u32>, expected: bool) {
        let rate = Some(Rate { requests_max: rate.0, interval_ms: rate.1 });
        let limits = Limits { concurrent_max, rate, ..Limits::NONE };
        assert_eq!(Usual::of(&limits).is_some(), expected, "{limits:?}");
    }

    #[test]
    fn usual_is_what_a_narrow_ring_measures() {
        check((20, 200), Some(5), true);
        check((20, 65_535), None, true);
        check((20, 65_536), None, false);
        check((21, 200), None, false);
        check((20, 0), None, false);
        check((20, 200), Some(32_766), true);
        check((20, 200), Some(32_767), false);
        assert!(Usual::of(&Limits { concurrent_max: Some(5), ..Limits::NONE }).is_none());
    }

    /// One event: after how many milliseconds, which client, which limits, and whether a request ends before.
    type Step = (i64, u32, usize, bool);

    /// What a table answers to the steps, the long way only or as it likes.
    fn answers(steps: &[Step], only_long: bool) -> Vec<(Counts, Option<Reason>, bool)> {
        let table = Table::new(64, 7);
        let limits = |concurrent_max, requests_max, interval_ms, count_denied| Limits {
            concurrent_max,
            rate: Some(Rate { requests_max, interval_ms }),
            count_denied,
        };
        let all = [limits(Some(3), 4, 50, true), limits(None, 20, 200, true), limits(Some(2), 20, 60_000, false)];
        let (mut now_ms, mut places) = (10_000_u64, std::collections::VecDeque::new());
        let step = |(passed_ms, client, which, ends): &Step| {
            now_ms = now_ms.saturating_add_signed(*passed_ms);
            if *ends && let Some(place) = places.pop_front() {
                table.leave(place);
            }
            let key = ClientKey::new(std::net::Ipv4Addr::from_bits(*client).into(), 64);
            let visit = Visit { key, scope: Scope(1), limits: &all[*which], keeps_denied: *which == 1, now_ms };
            table.advance(now_ms);
            let entered = if only_long { table.enter_any(&visit) } else { table.enter(&visit) };
            places.extend(entered.place);
            (entered.counts, entered.reason, entered.place.is_some())
        };
        steps.iter().map(step).collect()
    }

    proptest! {
        #[test]
        fn the_short_way_answers_as_the_long_one(
            steps in prop::collection::vec((-3_i64..40, 0_u32..9, 0_usize..3, any::<bool>()), 0..400)
        ) {
            prop_assert_eq!(answers(&steps, false), answers(&steps, true));
        }
    }
}
