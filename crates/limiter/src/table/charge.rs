//! One request at one slot: count, judge, charge (D2, D3).

use super::gauge::{Gauge, Past};
use super::slot::{Slot, Stamps};
use super::store::{LockedSet, Verdict};
use super::{Entered, Place, Visit};
use crate::{Counts, Reason, judge};

/// A request about to be counted.
pub(super) struct Charge<'v> {
    pub(super) visit: &'v Visit<'v>,
    gauge: Gauge,
    /// Requests in flight that other limits left in another slot.
    pub(super) elsewhere: u32,
    /// Past requests that other limits left there.
    pub(super) past: Option<&'v Past>,
}

impl<'v> Charge<'v> {
    pub(super) fn new(visit: &'v Visit<'v>, gauge: Gauge) -> Self {
        Self { visit, gauge, elsewhere: 0, past: None }
    }

    /// Judges the request by what the slot holds, and counts it there.
    pub(super) fn enter<const WIDE: bool>(&self, slot: &Slot<'_, WIDE>, place: Place) -> Entered {
        let limits = self.visit.limits;
        let mut head = slot.head(self.visit.now_ms);
        self.gauge.adopt(slot, &mut head);
        if let Some(past) = self.past {
            self.gauge.replay(slot, &mut head, past);
        }
        // The clock of another thread may have been a little ahead.
        let now_ms = match head.stamps {
            Stamps::Nothing => self.visit.now_ms,
            Stamps::Ring { .. } | Stamps::Segments => self.visit.now_ms.max(head.last_ms),
        };
        let own = Counts { in_progress: head.in_flight, in_window: self.gauge.live(slot, &head, now_ms) };
        let counts = self.counts_of(own, Counts { in_progress: self.elsewhere, in_window: 0 });
        let reason = judge(counts, limits);
        if reason.is_none() || limits.count_denied {
            self.gauge.stamp(slot, &mut head, (now_ms, own.in_window));
        }
        let stays =
            (reason.is_none() || self.visit.keeps_denied) && head.in_flight < Slot::<WIDE>::LAYOUT.in_flight_max();
        if stays {
            head.in_flight += 1;
        }
        slot.set_head(&head);
        Entered { counts, reason, place: stays.then_some(place) }
    }

    /// The counts with this request in them.
    pub(super) fn counts_of(&self, own: Counts, elsewhere: Counts) -> Counts {
        let with_this = |own: u32, elsewhere: u32| own.saturating_add(elsewhere).saturating_add(1);
        Counts {
            in_progress: with_this(own.in_progress, elsewhere.in_progress),
            in_window: match self.gauge {
                Gauge::Off => 0,
                Gauge::Ring { .. } | Gauge::Segments { .. } => with_this(own.in_window, elsewhere.in_window),
            },
        }
    }
}

/// Counts a verdict in its set. In logging-only mode only what was let in without a reason counts here.
pub(super) fn count<const WIDE: bool>(set: &mut LockedSet<'_, WIDE>, entered: &Entered, visit: &Visit<'_>) {
    match entered.reason {
        None => set.count(Verdict::Allowed),
        Some(_) if visit.keeps_denied => {}
        Some(reason) => set.count(denied_by(reason)),
    }
}

/// The verdict that is counted for a limit.
pub(super) fn denied_by(reason: Reason) -> Verdict {
    match reason {
        Reason::Concurrency => Verdict::OverConcurrency,
        Reason::Rate | Reason::Address | Reason::HostName | Reason::Block => Verdict::OverRate,
    }
}

/// What a slot holds at the time of a visit, read as the visit's limits would.
pub(super) fn counts_in<const WIDE: bool>(slot: &Slot<'_, WIDE>, visit: &Visit<'_>) -> Counts {
    let head = slot.head(visit.now_ms);
    let gauge = visit.limits.rate.map_or(Gauge::Off, |rate| Gauge::Ring { interval_ms: rate.interval_ms });
    let in_window = gauge.live(slot, &head, visit.now_ms.max(head.last_ms));
    Counts { in_progress: head.in_flight, in_window }
}
