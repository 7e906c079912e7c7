//! Who can be forgotten when a set is full (D21).

use super::gauge::Gauge;
use super::scopes::Scopes;
use super::slot::Slot;

/// What forgetting a client would lose, least first.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Worth {
    /// Nothing: no request in flight and none in the window.
    Drained,
    /// A few requests; of equals, the one that was quiet longest goes first.
    Little { requests: u32, last_ms: u64 },
    /// Too much: in flight, over a limit, or at least half way there.
    Kept,
}

impl Worth {
    /// Judges a slot by the rate last seen in its scope.
    pub(super) fn of<const WIDE: bool>(slot: &Slot<'_, WIDE>, scopes: &Scopes, now_ms: u64) -> Self {
        let head = slot.head(now_ms);
        if head.in_flight > 0 {
            return Self::Kept;
        }
        let (_, scope) = slot.owner();
        let Some(rate) = scopes.rate(scope) else { return Self::Drained };
        let gauge = Gauge::Ring { interval_ms: rate.interval_ms };
        let requests = gauge.live(slot, &head, now_ms.max(head.last_ms));
        match requests {
            0 => Self::Drained,
            few if few < rate.requests_max.div_ceil(2) => Self::Little { requests: few, last_ms: head.last_ms },
            _ => Self::Kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::cells::Cells;
    use crate::table::slot::Layout;
    use crate::{ClientKey, Limits, Rate, Scope};

    /// The worth at time 100 of a client that made so many requests at time 50, under 4 requests per 100 ms.
    fn check(requests: u32, in_flight: u32, now_ms: u64, expected: Worth) {
        let (scopes, cells) = (Scopes::new(), Cells::zeroed(1).unwrap());
        let rate = Some(Rate { requests_max: 4, interval_ms: 100 });
        scopes.note(Scope(1), &Limits { rate, ..Limits::NONE }, (Layout::Narrow, true));
        let slot = Slot::<false>::new(cells.words(0, 1));
        slot.claim(&ClientKey::new("1.2.3.4".parse().unwrap(), 64), Scope(1));
        let mut head = slot.head(50);
        (0..requests).for_each(|live| Gauge::Ring { interval_ms: 100 }.stamp(&slot, &mut head, (50, live)));
        head.in_flight = in_flight;
        slot.set_head(&head);
        assert_eq!(Worth::of(&slot, &scopes, now_ms), expected);
    }

    #[test]
    fn in_flight_convicted_and_half_full_stay() {
        check(0, 1, 1000, Worth::Kept);
        check(4, 0, 100, Worth::Kept);
        check(2, 0, 100, Worth::Kept);
        check(1, 0, 100, Worth::Little { requests: 1, last_ms: 50 });
        check(4, 0, 150, Worth::Drained);
        check(0, 0, 100, Worth::Drained);
    }

    #[test]
    fn worth_is_ordered() {
        let little = |requests, last_ms| Worth::Little { requests, last_ms };
        assert!(Worth::Drained < little(1, 0) && little(9, 9) < Worth::Kept);
        assert!(little(1, 9) < little(2, 0) && little(1, 1) < little(1, 2));
    }
}
