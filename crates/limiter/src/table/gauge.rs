//! Which slot and which way of keeping times a set of limits needs, and the way from one to another.

use super::ring;
use super::segments;
use super::slot::{Head, Layout, Slot, Stamps};
use crate::{ClientKey, Limits, Rate};

/// The most requests per interval that are counted exactly (D1).
const EXACT_MAX: u32 = Layout::Wide.ring_len_max() as u32;
/// Segments in a narrow slot are kept for intervals up to six days, so that 32-bit ticks stay unambiguous.
const NARROW_SEGMENTS_INTERVAL_MAX_MS: u32 = 1 << 29;

/// How the rate of a client is measured.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Gauge {
    /// No rate is limited.
    Off,
    /// By a ring of times.
    Ring { interval_ms: u32 },
    /// By segments of the interval.
    Segments { interval_ms: u32 },
}

impl Gauge {
    /// The slot and the gauge these limits need for this client.
    pub(super) fn choose(limits: &Limits, key: &ClientKey) -> (Layout, Self) {
        let narrow = Layout::Narrow;
        let crowded = limits.concurrent_max.is_some_and(|max| max >= narrow.in_flight_max());
        let layout = if crowded || !narrow.fits(key) { Layout::Wide } else { narrow };
        let Some(Rate { requests_max, interval_ms }) = effective(limits.rate) else { return (layout, Self::Off) };
        if requests_max <= u32::from(narrow.ring_len_max()) && interval_ms <= narrow.lane_max() {
            return (layout, Self::Ring { interval_ms });
        }
        if requests_max <= EXACT_MAX {
            return (Layout::Wide, Self::Ring { interval_ms });
        }
        let fits = requests_max <= narrow.lane_max() && interval_ms <= NARROW_SEGMENTS_INTERVAL_MAX_MS;
        (if fits { layout } else { Layout::Wide }, Self::Segments { interval_ms })
    }

    /// Limits that a narrow slot can measure, not wider than the given ones.
    pub(super) fn narrowed(limits: &Limits) -> (Limits, Self) {
        let narrow = Layout::Narrow;
        let rate = effective(limits.rate).map(|rate| Rate {
            requests_max: rate.requests_max.min(narrow.lane_max()),
            interval_ms: rate.interval_ms.min(NARROW_SEGMENTS_INTERVAL_MAX_MS),
        });
        let gauge = rate.map_or(Self::Off, |Rate { requests_max, interval_ms }| {
            let exact = requests_max <= u32::from(narrow.ring_len_max()) && interval_ms <= narrow.lane_max();
            if exact { Self::Ring { interval_ms } } else { Self::Segments { interval_ms } }
        });
        let concurrent_max = limits.concurrent_max.map(|max| max.min(narrow.in_flight_max() - 1));
        (Limits { concurrent_max, rate, ..*limits }, gauge)
    }

    /// Requests in the interval before `now_ms`, not counting the one asked about. Reads stamps of any kind.
    pub(super) fn live<const WIDE: bool>(self, slot: &Slot<'_, WIDE>, head: &Head, now_ms: u64) -> u32 {
        match self {
            Self::Off => 0,
            Self::Ring { interval_ms } | Self::Segments { interval_ms } => match head.stamps {
                Stamps::Nothing => 0,
                Stamps::Ring { .. } => u32::from(ring::live(slot, head, now_ms, interval_ms)),
                Stamps::Segments => segments::live(slot, head, now_ms),
            },
        }
    }

    /// Counts a request at `now_ms` in stamps of this gauge's kind; `live` is what [`Self::live`] said of that time.
    pub(super) fn stamp<const WIDE: bool>(self, slot: &Slot<'_, WIDE>, head: &mut Head, (now_ms, live): (u64, u32)) {
        match self {
            Self::Off => head.last_ms = now_ms,
            // A ring never counts more than it holds, which fits a byte.
            Self::Ring { .. } => ring::push(slot, head, now_ms, live as u8),
            Self::Segments { interval_ms } => {
                if head.stamps != Stamps::Segments {
                    segments::start(slot, head, now_ms, interval_ms);
                }
                segments::add(slot, head, now_ms, 1);
            }
        }
    }

    /// Rewrites stamps that another gauge made; those that still fit are kept (D6).
    pub(super) fn adopt<const WIDE: bool>(self, slot: &Slot<'_, WIDE>, head: &mut Head) {
        let fits = match (self, head.stamps) {
            (_, Stamps::Nothing) | (Self::Ring { .. }, Stamps::Ring { .. }) => true,
            (Self::Segments { interval_ms }, Stamps::Segments) => interval_ms == slot.interval_ms(),
            (Self::Off | Self::Ring { .. } | Self::Segments { .. }, Stamps::Ring { .. } | Stamps::Segments) => false,
        };
        if !fits {
            let past = Past::of(slot, head);
            head.stamps = Stamps::Nothing;
            self.replay(slot, head, &past);
        }
    }

    /// Counts past requests again, oldest first.
    pub(super) fn replay<const WIDE: bool>(self, slot: &Slot<'_, WIDE>, head: &mut Head, past: &Past) {
        for (time_ms, requests) in &past.requests[..past.len] {
            let time_ms = if head.stamps == Stamps::Nothing { *time_ms } else { head.last_ms.max(*time_ms) };
            match self {
                Self::Off => {}
                Self::Ring { interval_ms } => {
                    let requests = (*requests).min(u32::from(Slot::<WIDE>::LAYOUT.ring_len_max()));
                    for _ in 0..requests {
                        let live = ring::live(slot, head, time_ms, interval_ms);
                        ring::push(slot, head, time_ms, live);
                    }
                }
                Self::Segments { interval_ms } => {
                    if head.stamps != Stamps::Segments {
                        segments::start(slot, head, time_ms, interval_ms);
                    }
                    segments::add(slot, head, time_ms, *requests);
                }
            }
        }
    }
}

/// A rate that can deny anything: an interval of zero never does.
fn effective(rate: Option<Rate>) -> Option<Rate> {
    rate.filter(|rate| rate.interval_ms > 0)
}

/// Past requests on their way from one gauge or slot to another: times and numbers, oldest first.
pub(super) struct Past {
    requests: [(u64, u32); EXACT_MAX as usize],
    len: usize,
}

impl Past {
    /// The requests a slot remembers.
    pub(super) fn of<const WIDE: bool>(slot: &Slot<'_, WIDE>, head: &Head) -> Self {
        let mut past = Self { requests: [(0, 0); EXACT_MAX as usize], len: 0 };
        let times = ring::times(slot, head).map(|time_ms| (time_ms, 1));
        for (place, request) in past.requests.iter_mut().zip(times.chain(segments::counts(slot, head))) {
            *place = request;
            past.len += 1;
        }
        past
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::cells::Cells;

    fn check_choice(requests_max: u32, interval_ms: u32, layout: Layout, gauge: Gauge) {
        let rate = Some(Rate { requests_max, interval_ms });
        let key = ClientKey::new("1.2.3.4".parse().unwrap(), 64);
        assert_eq!(Gauge::choose(&Limits { rate, ..Limits::NONE }, &key), (layout, gauge));
    }

    #[test]
    fn the_usual_limits_stay_narrow() {
        check_choice(20, 200, Layout::Narrow, Gauge::Ring { interval_ms: 200 });
        check_choice(20, 65_535, Layout::Narrow, Gauge::Ring { interval_ms: 65_535 });
        check_choice(20, 65_536, Layout::Wide, Gauge::Ring { interval_ms: 65_536 });
        check_choice(21, 200, Layout::Wide, Gauge::Ring { interval_ms: 200 });
        check_choice(64, u32::MAX, Layout::Wide, Gauge::Ring { interval_ms: u32::MAX });
        check_choice(65, 200, Layout::Narrow, Gauge::Segments { interval_ms: 200 });
        check_choice(65_535, 200, Layout::Narrow, Gauge::Segments { interval_ms: 200 });
        check_choice(65_536, 200, Layout::Wide, Gauge::Segments { interval_ms: 200 });
        check_choice(65, u32::MAX, Layout::Wide, Gauge::Segments { interval_ms: u32::MAX });
        check_choice(5, 0, Layout::Narrow, Gauge::Off);
    }

    fn check_narrowed((concurrent_max, requests_max, interval_ms): (u32, u32, u32), expected: (u32, u32, u32, Gauge)) {
        let rate = Some(Rate { requests_max, interval_ms });
        let limits = Limits { rate, concurrent_max: Some(concurrent_max), ..Limits::NONE };
        let (narrowed, gauge) = Gauge::narrowed(&limits);
        let rate = narrowed.rate.unwrap();
        assert_eq!((narrowed.concurrent_max.unwrap(), rate.requests_max, rate.interval_ms, gauge), expected);
    }

    #[test]
    fn what_neighbours_share_is_never_wider_than_what_was_asked() {
        let in_flight_max = Layout::Narrow.in_flight_max() - 1;
        check_narrowed((5, 20, 200), (5, 20, 200, Gauge::Ring { interval_ms: 200 }));
        check_narrowed((u32::MAX, 20, 65_535), (in_flight_max, 20, 65_535, Gauge::Ring { interval_ms: 65_535 }));
        check_narrowed((5, 21, 200), (5, 21, 200, Gauge::Segments { interval_ms: 200 }));
        check_narrowed((5, 20, 65_536), (5, 20, 65_536, Gauge::Segments { interval_ms: 65_536 }));
    }

    #[test]
    fn long_prefixes_and_large_concurrency_are_wide() {
        let key = ClientKey::new("2001:db8::1".parse().unwrap(), 128);
        assert_eq!(Gauge::choose(&Limits::NONE, &key).0, Layout::Wide);
        let key = ClientKey::new("2001:db8::1".parse().unwrap(), 64);
        let limits = |max| Limits { concurrent_max: Some(max), ..Limits::NONE };
        assert_eq!(Gauge::choose(&limits(32_766), &key).0, Layout::Narrow);
        assert_eq!(Gauge::choose(&limits(32_767), &key).0, Layout::Wide);
    }

    /// Stamps ten requests, one each 10 ms, then changes the gauge and counts at once.
    fn check_adoption<const WIDE: bool>(before: Gauge, after: Gauge, counted: u32) {
        let layout = Slot::<WIDE>::LAYOUT;
        let cells = Cells::zeroed(layout.cells()).unwrap();
        let slot = Slot::<WIDE>::new(cells.words(0, layout.cells()));
        let mut head = slot.head(0);
        for now_ms in (1000..1100).step_by(10) {
            let live = before.live(&slot, &head, now_ms);
            before.stamp(&slot, &mut head, (now_ms, live));
        }
        after.adopt(&slot, &mut head);
        assert_eq!(after.live(&slot, &head, 1090), counted, "{before:?} to {after:?}");
    }

    fn check_adoptions<const WIDE: bool>() {
        let (ring, segments) =
            (|interval_ms| Gauge::Ring { interval_ms }, |interval_ms| Gauge::Segments { interval_ms });
        check_adoption::<WIDE>(ring(1000), ring(50), 5);
        check_adoption::<WIDE>(ring(1000), segments(1600), 10);
        check_adoption::<WIDE>(segments(1600), ring(1000), 10);
        check_adoption::<WIDE>(segments(1600), segments(3200), 10);
        check_adoption::<WIDE>(ring(1000), Gauge::Off, 0);
    }

    #[test]
    fn changed_limits_keep_what_still_fits() {
        check_adoptions::<false>();
        check_adoptions::<true>();
    }
}
