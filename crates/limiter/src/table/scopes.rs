//! What the table remembers of each scope: its rate, for eviction, and which slots its clients may be in.

use super::slot::Layout;
use crate::sync::{AtomicU64, Ordering::Relaxed, zeroed_words};
use crate::{Limits, Rate, Scope};

/// Scopes remembered one by one; higher numbers share a place, which costs precision in eviction, not in counting.
const PLACES: usize = 1 << 12;

/// Two words per place: the rate, and a bit per layout and address family that was ever used.
pub(super) struct Scopes {
    words: Box<[AtomicU64]>,
}

impl Scopes {
    pub(super) fn new() -> Self {
        let refused = || (0..2 * PLACES).map(|_| AtomicU64::new(0)).collect();
        Self { words: zeroed_words(2 * PLACES).unwrap_or_else(refused) }
    }

    /// Notes the limits in force; true when clients of this family may also be in slots of the other layout,
    /// because the limits were different before.
    pub(super) fn note(&self, scope: Scope, limits: &Limits, (layout, is_v4): (Layout, bool)) -> bool {
        let [rate, used] = self.place(scope);
        let packed = limits.rate.map_or(0, |rate| u64::from(rate.requests_max) << 32 | u64::from(rate.interval_ms));
        if rate.load(Relaxed) != packed {
            rate.store(packed, Relaxed);
        }
        let bit = bit(layout, is_v4);
        let mut before = used.load(Relaxed);
        if before & bit == 0 {
            before = used.fetch_or(bit, Relaxed);
        }
        before & self::bit(other(layout), is_v4) != 0
    }

    /// The rate last noted for a scope.
    pub(super) fn rate(&self, scope: Scope) -> Option<Rate> {
        let packed = self.place(scope)[0].load(Relaxed);
        let rate = Rate { requests_max: (packed >> 32) as u32, interval_ms: packed as u32 };
        (packed != 0).then_some(rate)
    }

    fn place(&self, scope: Scope) -> [&AtomicU64; 2] {
        let index = scope.0 as usize % PLACES * 2;
        [&self.words[index], &self.words[index + 1]]
    }
}

/// The layout that is not this one.
pub(super) fn other(layout: Layout) -> Layout {
    match layout {
        Layout::Narrow => Layout::Wide,
        Layout::Wide => Layout::Narrow,
    }
}

fn bit(layout: Layout, is_v4: bool) -> u64 {
    let layout = match layout {
        Layout::Narrow => 1,
        Layout::Wide => 2,
    };
    if is_v4 { layout } else { layout << 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_layout_is_remembered_per_family() {
        let scopes = Scopes::new();
        let note = |layout, is_v4| scopes.note(Scope(7), &Limits::NONE, (layout, is_v4));
        assert!(!note(Layout::Narrow, true) && !note(Layout::Narrow, true));
        assert!(!note(Layout::Wide, false));
        assert!(note(Layout::Wide, true) && note(Layout::Narrow, true));
    }

    #[test]
    fn the_last_rate_is_remembered_per_scope() {
        let (scopes, rate) = (Scopes::new(), Rate { requests_max: 20, interval_ms: 200 });
        scopes.note(Scope(7), &Limits { rate: Some(rate), ..Limits::NONE }, (Layout::Narrow, true));
        assert_eq!([scopes.rate(Scope(7)), scopes.rate(Scope(8))], [Some(rate), None]);
    }
}
