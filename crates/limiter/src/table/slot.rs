//! How a client's counters lie in memory, and nothing about what they mean.
//!
//! A narrow slot is one cell. Word 0: last tick (32 bits), requests in flight (15), key length (7), ring length (5),
//! ring position (5). Words 1 and 2: 96 address bits and the scope. Words 3 to 7: 20 lanes of 16 bits.
//!
//! A wide slot is five cells. Word 0: requests in flight (32), key length (8), ring length (8), ring position (8).
//! Words 1 and 2: the address. Word 3: the scope and the interval of segments. Word 4: last time in full.
//! Words 8 to 39: 64 lanes of 32 bits.

use crate::sync::{AtomicU64, Ordering::Relaxed};

use super::cells::{CELL_WORDS, Cell};
use crate::{ClientKey, Scope};

/// Length of a ring that marks segments instead.
const SEGMENTS_MARK: u8 = 31;
/// Lanes 18 and 19 of a narrow slot with segments hold the interval.
const NARROW_INTERVAL_LANE: usize = 18;
const NARROW_ADDRESS_BITS: u8 = 96;
/// Key lengths above any IPv6 prefix are marks; a narrow slot keeps their low seven bits.
const LENGTH_MARK: u8 = 0x80;

/// The two sizes of slot.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// 64 bytes: what the usual limits need.
    Narrow,
    /// 320 bytes: long prefixes, long intervals and large numbers.
    Wide,
}

impl Layout {
    /// Cells per slot.
    pub(super) const fn cells(self) -> usize {
        match self {
            Self::Narrow => 1,
            Self::Wide => 5,
        }
    }

    /// Stamps a ring holds.
    pub(super) const fn ring_len_max(self) -> u8 {
        match self {
            Self::Narrow => 20,
            Self::Wide => 64,
        }
    }

    /// The largest number a lane holds, which is also the mask of a stamp.
    pub(super) const fn lane_max(self) -> u32 {
        match self {
            Self::Narrow => u16::MAX as u32,
            Self::Wide => u32::MAX,
        }
    }

    /// The most requests in flight a slot can count.
    pub(super) const fn in_flight_max(self) -> u32 {
        match self {
            Self::Narrow => 0x7fff,
            Self::Wide => u32::MAX,
        }
    }

    /// Whether the key of a client fits.
    pub(super) fn fits(self, key: &ClientKey) -> bool {
        let (_, length) = key.parts();
        self == Self::Wide || length <= NARROW_ADDRESS_BITS || length >= LENGTH_MARK + NARROW_ADDRESS_BITS
    }
}

/// How the times of past requests are kept in the lanes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Stamps {
    /// Not at all.
    Nothing,
    /// The last times one by one; `next` is the lane written next.
    Ring { len: u8, next: u8 },
    /// Counts per sixteenth of the interval.
    Segments,
}

/// The small numbers of a slot, unpacked.
#[derive(Copy, Clone, Debug)]
pub(super) struct Head {
    /// Time of the last stamp, or of the last entry while there is none.
    pub(super) last_ms: u64,
    pub(super) in_flight: u32,
    pub(super) stamps: Stamps,
}

/// Whose a narrow slot is, as its words say it; made once for all slots that are compared.
#[derive(Copy, Clone, Debug)]
pub(super) struct Label {
    /// The length of the key, in its place.
    length: u64,
    key: [u64; 2],
}

impl Label {
    const LENGTH_MASK: u64 = 0x7f << 47;

    /// The label of a client whose key fits.
    #[inline]
    pub(super) fn of(key: &ClientKey, scope: Scope) -> Self {
        let (bits, length) = key.parts();
        Self { length: u64::from(length & !LENGTH_MARK) << 47, key: narrow_key(bits, length, scope) }
    }

    #[inline]
    pub(super) fn is_on(&self, cell: &Cell) -> bool {
        let differs = (cell[0].load(Relaxed) & Self::LENGTH_MASK ^ self.length)
            | (cell[1].load(Relaxed) ^ self.key[0])
            | (cell[2].load(Relaxed) ^ self.key[1]);
        differs == 0
    }
}

/// The small numbers of a narrow slot whose stamps, if any, are a ring. What [`Head`] is to every slot, for the
/// usual request and without a detour.
#[derive(Copy, Clone, Debug)]
pub(super) struct RingHead {
    /// Low bits of the time of the last stamp.
    pub(super) last: u32,
    pub(super) in_flight: u32,
    pub(super) len: u32,
    /// The lane written next.
    next: u32,
    /// The length of the key, in its place.
    kept: u64,
}

impl RingHead {
    const LEN_MAX: u32 = Layout::Narrow.ring_len_max() as u32;

    /// `None` for segments.
    #[inline]
    pub(super) fn of(cell: &Cell) -> Option<Self> {
        let word = cell[0].load(Relaxed);
        let len = (word >> 54) as u32 & 0x1f;
        (len != u32::from(SEGMENTS_MARK)).then_some(Self {
            last: word as u32,
            in_flight: (word >> 32) as u32 & 0x7fff,
            len,
            next: (word >> 59) as u32,
            kept: word & Label::LENGTH_MASK,
        })
    }

    #[inline]
    pub(super) fn put(&self, cell: &Cell) {
        let small = u64::from(self.next) << 59 | u64::from(self.len) << 54 | u64::from(self.in_flight) << 32;
        cell[0].store(self.kept | small | u64::from(self.last), Relaxed);
    }

    /// How many stamps lie in the interval before `now`, which is not before the last one; one exactly an interval old
    /// is out.
    #[inline]
    pub(super) fn live(&self, cell: &Cell, now: u32, interval_ms: u32) -> u32 {
        let passed = now.wrapping_sub(self.last);
        if passed >= interval_ms {
            return 0;
        }
        let still_in = interval_ms - passed;
        let mut live = self.len;
        // Positions and lengths are below 32, so that nothing here overflows.
        let mut oldest = Self::inside(self.next.wrapping_add(Self::LEN_MAX).wrapping_sub(live));
        while live > 0 && u32::from((self.last as u16).wrapping_sub(lane(cell, oldest))) >= still_in {
            live -= 1;
            oldest = Self::inside(oldest.wrapping_add(1));
        }
        live
    }

    /// Adds a stamp after the `live` ones.
    #[inline]
    pub(super) fn push(&mut self, cell: &Cell, now: u32, live: u32) {
        // Without stamps the lanes may hold anything, and the first one is as good as another.
        let word = &cell[3 + self.next as usize / 4 % 5];
        let shift = 16 * (self.next % 4);
        word.store(word.load(Relaxed) & !(0xffff << shift) | u64::from(now & 0xffff) << shift, Relaxed);
        self.len = live.wrapping_add(1).min(Self::LEN_MAX);
        self.next = Self::inside(self.next.wrapping_add(1));
        self.last = now;
    }

    /// A lane number below twice the length of the ring, back inside it.
    fn inside(lane: u32) -> u32 {
        lane.checked_sub(Self::LEN_MAX).unwrap_or(lane)
    }
}

/// A lane of a narrow slot; there are twenty.
#[inline]
fn lane(cell: &Cell, index: u32) -> u16 {
    (cell[3 + index as usize / 4 % 5].load(Relaxed) >> (16 * (index % 4))) as u16
}

/// One slot. Whoever holds it has locked its set, so that relaxed access is enough. The layout is part of the type:
/// the code for narrow slots, which nearly every request runs, asks nothing at run time.
#[derive(Copy, Clone)]
pub(super) struct Slot<'t, const WIDE: bool> {
    words: &'t [AtomicU64],
}

impl<'t, const WIDE: bool> Slot<'t, WIDE> {
    pub(super) const LAYOUT: Layout = if WIDE { Layout::Wide } else { Layout::Narrow };

    pub(super) fn new(words: &'t [AtomicU64]) -> Self {
        debug_assert_eq!(words.len(), Self::LAYOUT.cells() * CELL_WORDS);
        Self { words }
    }

    #[inline]
    fn word(&self, index: usize) -> u64 {
        self.words[index].load(Relaxed)
    }

    fn set_word(&self, index: usize, value: u64) {
        self.words[index].store(value, Relaxed);
    }

    /// Makes the slot a client's own, with nothing counted.
    pub(super) fn claim(&self, key: &ClientKey, scope: Scope) {
        let (bits, length) = key.parts();
        match Self::LAYOUT {
            Layout::Narrow => {
                let [upper, lower] = narrow_key(bits, length, scope);
                self.set_word(0, u64::from(length & !LENGTH_MARK) << 47);
                self.set_word(1, upper);
                self.set_word(2, lower);
            }
            Layout::Wide => {
                self.set_word(0, u64::from(length) << 32);
                self.set_word(1, (bits >> 64) as u64);
                self.set_word(2, bits as u64);
                self.set_word(3, u64::from(scope.0));
                self.set_word(4, 0);
            }
        }
    }

    /// Whether the slot is this client's.
    #[inline]
    pub(super) fn belongs_to(&self, key: &ClientKey, scope: Scope) -> bool {
        let (bits, length) = key.parts();
        let (own, [upper, lower]) = match Self::LAYOUT {
            Layout::Narrow => {
                let own = (self.word(0) >> 47) as u8 & !LENGTH_MARK;
                (own == length & !LENGTH_MARK, narrow_key(bits, length, scope))
            }
            Layout::Wide => {
                let own = (self.word(0) >> 32) as u8 == length && self.word(3) as u32 == scope.0;
                (own, [(bits >> 64) as u64, bits as u64])
            }
        };
        own && self.word(1) == upper && self.word(2) == lower
    }

    /// Whose slot this is.
    pub(super) fn owner(&self) -> (ClientKey, Scope) {
        let (upper, lower) = (u128::from(self.word(1)), self.word(2));
        match Self::LAYOUT {
            Layout::Narrow => {
                let (length, address) = ((self.word(0) >> 47) as u8 & !LENGTH_MARK, u128::from(lower >> 32));
                let (bits, length) = if length > NARROW_ADDRESS_BITS {
                    (address, length | LENGTH_MARK)
                } else {
                    (upper << 64 | address << 32, length)
                };
                let key = ClientKey::from_parts(bits, length);
                (key, Scope(lower as u32))
            }
            Layout::Wide => {
                let key = ClientKey::from_parts(upper << 64 | u128::from(lower), (self.word(0) >> 32) as u8);
                (key, Scope(self.word(3) as u32))
            }
        }
    }

    /// The small numbers. A narrow slot keeps 32 bits of its last time; `now_ms` tells the rest, within 24 days.
    pub(super) fn head(&self, now_ms: u64) -> Head {
        let word = self.word(0);
        let (last_ms, in_flight, len, next) = match Self::LAYOUT {
            Layout::Narrow => {
                let [len, next] = [(word >> 54) as u8 & 0x1f, (word >> 59) as u8];
                (told(word as u32, now_ms), (word >> 32) as u32 & 0x7fff, len, next)
            }
            Layout::Wide => (self.word(4), word as u32, (word >> 40) as u8, (word >> 48) as u8),
        };
        let stamps = match (Self::LAYOUT, len) {
            (_, 0) => Stamps::Nothing,
            (Layout::Narrow, SEGMENTS_MARK) | (Layout::Wide, u8::MAX) => Stamps::Segments,
            (_, len) => Stamps::Ring { len, next },
        };
        Head { last_ms, in_flight, stamps }
    }

    pub(super) fn set_head(&self, head: &Head) {
        let (len, next) = match (Self::LAYOUT, head.stamps) {
            (_, Stamps::Nothing) => (0, 0),
            (_, Stamps::Ring { len, next }) => (len, next),
            (Layout::Narrow, Stamps::Segments) => (SEGMENTS_MARK, 0),
            (Layout::Wide, Stamps::Segments) => (u8::MAX, 0),
        };
        let (word, len, next, in_flight) = (self.word(0), u64::from(len), u64::from(next), u64::from(head.in_flight));
        match Self::LAYOUT {
            Layout::Narrow => {
                let kept = word & (0x7f << 47);
                self.set_word(0, kept | next << 59 | len << 54 | in_flight << 32 | u64::from(head.last_ms as u32));
            }
            Layout::Wide => {
                let kept = word & (0xff << 32);
                self.set_word(0, kept | next << 48 | len << 40 | in_flight);
                self.set_word(4, head.last_ms);
            }
        }
    }

    /// One request less in flight; true when nothing is left to remember.
    #[inline]
    pub(super) fn release(&self) -> bool {
        let word = self.word(0);
        let (one, in_flight, len) = match Self::LAYOUT {
            Layout::Narrow => (1 << 32, (word >> 32) as u32 & 0x7fff, (word >> 54) as u8 & 0x1f),
            Layout::Wide => (1, word as u32, (word >> 40) as u8),
        };
        if in_flight > 0 {
            self.set_word(0, word - one);
        }
        // A length of zero means no stamps of either kind.
        in_flight <= 1 && len == 0
    }

    pub(super) fn lane(&self, index: usize) -> u32 {
        match Self::LAYOUT {
            Layout::Narrow => (self.word(3 + index / 4) >> (16 * (index % 4))) as u32 & 0xffff,
            Layout::Wide => (self.word(CELL_WORDS + index / 2) >> (32 * (index % 2))) as u32,
        }
    }

    /// Writes a lane; higher bits than it holds are dropped.
    pub(super) fn set_lane(&self, index: usize, value: u32) {
        let (word, shift) = match Self::LAYOUT {
            Layout::Narrow => (3 + index / 4, 16 * (index % 4)),
            Layout::Wide => (CELL_WORDS + index / 2, 32 * (index % 2)),
        };
        let mask = u64::from(Self::LAYOUT.lane_max());
        let others = self.word(word) & !(mask << shift);
        self.set_word(word, others | (u64::from(value) & mask) << shift);
    }

    /// The interval the segments were made for, in milliseconds.
    pub(super) fn interval_ms(&self) -> u32 {
        match Self::LAYOUT {
            Layout::Narrow => self.lane(NARROW_INTERVAL_LANE) | self.lane(NARROW_INTERVAL_LANE + 1) << 16,
            Layout::Wide => (self.word(3) >> 32) as u32,
        }
    }

    pub(super) fn set_interval_ms(&self, interval_ms: u32) {
        match Self::LAYOUT {
            Layout::Narrow => {
                self.set_lane(NARROW_INTERVAL_LANE, interval_ms & 0xffff);
                self.set_lane(NARROW_INTERVAL_LANE + 1, interval_ms >> 16);
            }
            Layout::Wide => self.set_word(3, u64::from(interval_ms) << 32 | (self.word(3) & 0xffff_ffff)),
        }
    }
}

/// Words 1 and 2 of a narrow slot.
#[inline]
fn narrow_key(bits: u128, length: u8, scope: Scope) -> [u64; 2] {
    let address = if length >= LENGTH_MARK { bits as u32 } else { (bits >> 32) as u32 };
    [(bits >> 64) as u64, u64::from(address) << 32 | u64::from(scope.0)]
}

/// The latest time that ends in these 32 bits and lies no more than [`AHEAD_MS`] after now.
fn told(last: u32, now_ms: u64) -> u64 {
    let before_latest = (now_ms as u32).wrapping_add(AHEAD_MS).wrapping_sub(last);
    now_ms.saturating_add(AHEAD_MS.into()).saturating_sub(before_latest.into())
}

/// A stamp may lie a little after now, since clocks of two threads differ by some milliseconds. What seems to lie further
/// ahead than these three days lies 46 to 49 days back.
const AHEAD_MS: u32 = 1 << 28;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::cells::Cells;

    fn check_slot<const WIDE: bool>(address: &str, length: u8) {
        let layout = Slot::<WIDE>::LAYOUT;
        let cells = Cells::zeroed(layout.cells()).unwrap();
        let slot = Slot::<WIDE>::new(cells.words(0, layout.cells()));
        let (key, scope) = (ClientKey::new(address.parse().unwrap(), length), Scope(0xfedc_ba98));
        assert!(layout.fits(&key));
        slot.claim(&key, scope);
        assert_eq!(slot.owner(), (key, scope));
        let stamps = Stamps::Ring { len: layout.ring_len_max(), next: layout.ring_len_max() - 1 };
        let head = Head { last_ms: (1 << 40) + 7, in_flight: layout.in_flight_max(), stamps };
        slot.set_head(&head);
        for lane in 0..17 {
            slot.set_lane(lane, 0xffff_ff00 + lane as u32);
        }
        slot.set_interval_ms(0x89ab_cdef);
        let read = slot.head((1 << 40) + 100);
        assert_eq!((read.last_ms, read.in_flight, read.stamps), (head.last_ms, head.in_flight, stamps));
        assert!((0..17).all(|lane| slot.lane(lane) == (0xffff_ff00 + lane as u32) & layout.lane_max()));
        assert_eq!(slot.interval_ms(), 0x89ab_cdef);
        assert!(slot.belongs_to(&key, scope) && !slot.belongs_to(&key, Scope(1)));
        assert!(!slot.belongs_to(&ClientKey::new("9.9.9.9".parse().unwrap(), 64), scope));
        assert_eq!(slot.owner(), (key, scope));
    }

    #[test]
    fn slots_give_back_what_they_were_given() {
        for (address, length) in [("203.0.113.9", 64), ("2001:db8:1:2:3:4:5:6", 64), ("2001:db8::6", 96), ("::", 0)] {
            check_slot::<false>(address, length);
            check_slot::<true>(address, length);
        }
        check_slot::<true>("2001:db8:1:2:3:4:5:6", 128);
    }

    #[test]
    fn only_long_prefixes_need_wide_slots() {
        let fits = |address: &str, length| Layout::Narrow.fits(&ClientKey::new(address.parse().unwrap(), length));
        assert!(fits("1.2.3.4", 128) && fits("2001:db8::", 96));
        assert!(!fits("2001:db8::", 97) && !fits("2001:db8::", 128));
        assert!(Layout::Narrow.fits(&ClientKey::new("1.2.3.4".parse().unwrap(), 64).region()));
    }

    #[test]
    fn times_are_found_around_a_wrap() {
        let check = |last_ms: u64, now_ms: u64| assert_eq!(told(last_ms as u32, now_ms), last_ms);
        check(5, 9);
        check(9, 5);
        check((1 << 32) - 3, (1 << 32) + 3);
        check((1 << 32) + 3, (1 << 32) - 3);
        check(1 << 40, (1 << 40) + (1 << 31) - 1);
        check(1 << 40, (1 << 40) + (15 << 28) - 1);
        check((1 << 40) + (1 << 28), 1 << 40);
    }

    #[test]
    fn releasing_stops_at_zero() {
        let cells = Cells::zeroed(1).unwrap();
        let slot = Slot::<false>::new(cells.words(0, 1));
        slot.set_head(&Head { last_ms: 77, in_flight: 2, stamps: Stamps::Nothing });
        assert_eq!([slot.release(), slot.release(), slot.release()], [false, true, true]);
        assert_eq!((slot.head(77).in_flight, slot.head(77).last_ms), (0, 77));
    }
}
