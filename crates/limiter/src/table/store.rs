//! Sets of eight slots: where a client's slot may be, and how it is locked.
//!
//! One word per set holds its lock and a seven-bit tag per slot, so that looking for a client touches that word and,
//! but for one in sixteen cases, only the right slot. Each client prefers one place in its set, whose memory is asked
//! for before the word has come. A set is locked as a whole: finding, claiming and counting are
//! one short critical section with no room for races. Nothing ever moves.

use super::cells::{Cell, Cells};
use super::evict::Worth;
use super::slot::Slot;
use crate::sync::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
    spin_loop, yield_now, zeroed_words,
};
use crate::{ClientKey, Scope};

/// Slots per set, which bounds every search.
pub(super) const WAYS: usize = 8;
const LOCK: u64 = 1 << 63;
const TAG_BITS: usize = 7;
const TAG_MASK: u64 = 0x7f;
/// The lowest and the highest bit of every tag.
const TAG_LOW: u64 = 0x0002_0408_1020_4081;
const TAG_HIGH: u64 = TAG_LOW << 6;
const ALL_TAGS: u64 = (1 << (WAYS * TAG_BITS)) - 1;
/// Spins before the thread gives way; a holder is done after some dozen nanoseconds unless it lost its core.
const SPINS_MAX: u32 = 128;

/// All slots of one layout.
pub(super) struct Store<const WIDE: bool> {
    cells: Cells,
    sets: Box<[AtomicU64]>,
    verdicts: Verdicts,
}

impl<const WIDE: bool> Store<WIDE> {
    /// Cells per slot.
    const CELLS: usize = Slot::<WIDE>::LAYOUT.cells();

    /// Room for `slots` slots, at least one set; `None` when the system refuses that much memory.
    pub(super) fn new(slots: usize) -> Option<Self> {
        let sets = slots.div_ceil(WAYS).max(1);
        Some(Self {
            cells: Cells::zeroed(sets * WAYS * Self::CELLS)?,
            sets: zeroed_words(sets)?,
            verdicts: Verdicts::default(),
        })
    }

    pub(super) fn slots(&self) -> usize {
        self.sets.len() * WAYS
    }

    pub(super) fn sets(&self) -> usize {
        self.sets.len()
    }

    /// Locks the set where clients of this hash are.
    #[inline]
    pub(super) fn lock(&self, hash: u64) -> LockedSet<'_, WIDE> {
        let set = ((u128::from(hash) * self.sets.len() as u128) >> 64) as usize;
        // Both cache misses at once: the slot's line is on its way while the set's word is.
        std::hint::black_box(self.cell(set, preferred(hash))[0].load(Relaxed));
        self.lock_set(set)
    }

    /// Locks a set by its number.
    #[inline]
    pub(super) fn lock_set(&self, set: usize) -> LockedSet<'_, WIDE> {
        let word = &self.sets[set];
        let tags = word.load(Relaxed) & !LOCK;
        let tags = match word.compare_exchange_weak(tags, tags | LOCK, Acquire, Relaxed) {
            Ok(tags) => tags,
            Err(_) => wait_for(word),
        };
        LockedSet { store: self, word, set, tags }
    }

    /// The first cell of a slot, which is all of a narrow one.
    #[inline]
    fn cell(&self, set: usize, way: usize) -> &Cell {
        self.cells.cell(number(set, way).wrapping_mul(Self::CELLS))
    }

    /// How often each verdict was given in this store.
    pub(super) fn verdicts(&self) -> [u64; 3] {
        let small = |verdict| self.sets.iter().map(|set| verdict_count(set.load(Relaxed), verdict)).sum::<u64>();
        VERDICTS.map(|verdict| self.verdicts.0[verdict as usize].load(Relaxed) + small(verdict))
    }

    /// Whether a set has any slot in use; needs no lock.
    pub(super) fn is_empty_set(&self, set: usize) -> bool {
        self.sets[set].load(Relaxed) & ALL_TAGS == 0
    }
}

/// Locks a word that another thread holds; returns its tags.
#[cold]
fn wait_for(word: &AtomicU64) -> u64 {
    let mut spins = 0;
    loop {
        let tags = word.load(Relaxed) & !LOCK;
        if word.compare_exchange_weak(tags, tags | LOCK, Acquire, Relaxed).is_ok() {
            return tags;
        }
        while word.load(Relaxed) & LOCK != 0 {
            spins += 1;
            if spins % SPINS_MAX == 0 {
                yield_now();
            }
            spin_loop();
        }
    }
}

/// A locked set; dropping it unlocks.
pub(super) struct LockedSet<'s, const WIDE: bool> {
    store: &'s Store<WIDE>,
    word: &'s AtomicU64,
    set: usize,
    /// The tags as they will be published when the lock is given back.
    tags: u64,
}

impl<'s, const WIDE: bool> LockedSet<'s, WIDE> {
    /// The slot in this place of the set.
    pub(super) fn slot(&self, way: usize) -> Slot<'s, WIDE> {
        let count = Store::<WIDE>::CELLS;
        Slot::new(self.store.cells.words(number(self.set, way).wrapping_mul(count), count))
    }

    /// The first cell of the slot in this place, which is all of a narrow one.
    #[inline]
    pub(super) fn cell(&self, way: usize) -> &'s Cell {
        self.store.cell(self.set, way)
    }

    /// The number of a slot in its store.
    #[inline]
    pub(super) fn index(&self, way: usize) -> u32 {
        number(self.set, way) as u32
    }

    /// The places in use.
    pub(super) fn used(&self) -> impl Iterator<Item = usize> + use<WIDE> {
        let tags = self.tags;
        (0..WAYS).filter(move |way| tag_at(tags, *way) != 0)
    }

    /// The place of a client's slot.
    #[inline]
    pub(super) fn find(&self, hash: u64, key: &ClientKey, scope: Scope) -> Option<usize> {
        self.find_where(hash, |way| self.slot(way).belongs_to(key, scope))
    }

    /// The same for who knows better how to tell the client's slot.
    #[inline]
    pub(super) fn find_where(&self, hash: u64, is_own: impl Fn(usize) -> bool) -> Option<usize> {
        Places::with_tag(self.tags, tag_of(hash)).find(|way| is_own(*way))
    }

    /// A place for a newcomer: its preferred one, another free one, or the one whose client is worth least. `None`
    /// when none can go.
    pub(super) fn room(&self, hash: u64, worth: impl Fn(&Slot<'_, WIDE>) -> Worth) -> Option<Room> {
        let free = Some(preferred(hash)).filter(|way| !self.is_used(*way));
        if let Some(way) = free.or_else(|| Places::with_tag(self.tags, 0).next()) {
            return Some(Room { way, evicts: false });
        }
        let (least, way) = (0..WAYS).map(|way| (worth(&self.slot(way)), way)).min()?;
        (least != Worth::Kept).then_some(Room { way, evicts: least != Worth::Drained })
    }

    /// Gives a place to a client, with nothing counted.
    pub(super) fn claim(&mut self, way: usize, hash: u64, owner: (&ClientKey, Scope)) -> Slot<'s, WIDE> {
        let slot = self.slot(way);
        slot.claim(owner.0, owner.1);
        self.set_tag(way, tag_of(hash));
        slot
    }

    /// Counts a verdict. The few bits in the set's word are emptied into the store's counter when they are full.
    #[inline]
    pub(super) fn count(&mut self, verdict: Verdict) {
        let (shift, max) = verdict.bits();
        let count = verdict_count(self.tags, verdict).wrapping_add(1);
        self.tags &= !(max << shift);
        if count > max {
            self.store.verdicts.0[verdict as usize].fetch_add(count, Relaxed);
        } else {
            self.tags |= count << shift;
        }
    }

    /// Makes a place free.
    pub(super) fn free(&mut self, way: usize) {
        self.set_tag(way, 0);
    }

    /// Whether a place is in use.
    pub(super) fn is_used(&self, way: usize) -> bool {
        tag_at(self.tags, way) != 0
    }

    fn set_tag(&mut self, way: usize, tag: u64) {
        let shift = way * TAG_BITS;
        self.tags = self.tags & !(TAG_MASK << shift) | tag << shift;
    }
}

impl<const WIDE: bool> Drop for LockedSet<'_, WIDE> {
    fn drop(&mut self) {
        self.word.store(self.tags, Release);
    }
}

/// What is counted of decisions at a slot.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Allowed,
    OverConcurrency,
    OverRate,
}

/// All verdicts, in the order of their counters.
const VERDICTS: [Verdict; 3] = [Verdict::Allowed, Verdict::OverConcurrency, Verdict::OverRate];

/// Apart from what every request reads, so that a thread that counts does not slow the others down.
#[derive(Default)]
#[repr(align(128))]
struct Verdicts([AtomicU64; 3]);

impl Verdict {
    /// Where in a set's word its count is, and how far that goes.
    fn bits(self) -> (usize, u64) {
        match self {
            Self::Allowed => (56, 7),
            Self::OverConcurrency => (59, 3),
            Self::OverRate => (61, 3),
        }
    }
}

fn verdict_count(word: u64, verdict: Verdict) -> u64 {
    let (shift, max) = verdict.bits();
    word >> shift & max
}

/// A place found for a newcomer.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) way: usize,
    /// Whether a client with something left in its window is forgotten for it.
    pub(super) evicts: bool,
}

/// The places whose tag is a given one.
struct Places {
    /// The tags, all bits of the wanted ones zero.
    tags: u64,
    /// The highest bit of each tag that may be zero.
    marks: u64,
}

impl Places {
    fn with_tag(tags: u64, tag: u64) -> Self {
        let tags = tags ^ (TAG_LOW * tag);
        // A borrow can mark a tag of one above a zero tag wrongly; `next` looks again.
        Self { tags, marks: tags.wrapping_sub(TAG_LOW) & !tags & TAG_HIGH }
    }
}

impl Iterator for Places {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.marks != 0 {
            let way = self.marks.trailing_zeros() as usize / TAG_BITS;
            self.marks &= self.marks - 1;
            if tag_at(self.tags, way) == 0 {
                return Some(way);
            }
        }
        None
    }
}

/// The number of a slot in its store; of a place that does not exist, some number.
#[inline]
fn number(set: usize, way: usize) -> usize {
    set.wrapping_mul(WAYS).wrapping_add(way)
}

/// The place in its set a client takes when it is free, and the only one a neighbourhood may use.
pub(super) fn preferred(hash: u64) -> usize {
    (hash >> 16) as usize % WAYS
}

fn tag_at(tags: u64, way: usize) -> u64 {
    tags >> (way * TAG_BITS) & TAG_MASK
}

/// Seven bits of the hash that do not choose the set; zero means free.
fn tag_of(hash: u64) -> u64 {
    let tag = hash & TAG_MASK;
    tag | u64::from(tag == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> ClientKey {
        ClientKey::new(std::net::Ipv4Addr::from_bits(number).into(), 64)
    }

    #[test]
    fn claimed_slots_are_found_and_freed_ones_are_not() {
        let store = Store::<false>::new(8).unwrap();
        for number in 0..8 {
            let mut set = store.lock(u64::from(number));
            let room = set.room(0, |_| Worth::Kept).unwrap();
            set.claim(room.way, u64::from(number), (&key(number), Scope(1)));
        }
        let mut set = store.lock(3);
        let way = set.find(3, &key(3), Scope(1)).unwrap();
        assert_eq!(set.find(3, &key(3), Scope(2)), None);
        assert_eq!(set.room(0, |_| Worth::Kept), None);
        set.free(way);
        assert_eq!(set.find(3, &key(3), Scope(1)), None);
        assert_eq!(set.used().count(), 7);
        assert_eq!(set.room(0, |_| Worth::Kept), Some(Room { way, evicts: false }));
    }

    #[test]
    fn tags_are_found_wherever_they_are() {
        let tags = |list: [u64; 8]| list.iter().rev().fold(0, |tags, tag| tags << TAG_BITS | tag);
        let check = |list, tag, ways: &[usize]| assert_eq!(Places::with_tag(tags(list), tag).collect::<Vec<_>>(), ways);
        check([0, 1, 0, 1, 127, 126, 127, 0], 0, &[0, 2, 7]);
        check([0, 1, 0, 1, 127, 126, 127, 0], 127, &[4, 6]);
        check([5, 4, 4, 5, 4, 4, 4, 5], 5, &[0, 3, 7]);
        check([1; 8], 2, &[]);
    }

    #[test]
    fn verdicts_are_counted_without_touching_tags() {
        let store = Store::<false>::new(8).unwrap();
        store.lock(0).claim(7, 5, (&key(1), Scope(1)));
        for (verdict, times) in VERDICTS.into_iter().zip([100, 11, 6]) {
            (0..times).for_each(|_| store.lock(0).count(verdict));
        }
        assert_eq!(store.verdicts(), [100, 11, 6]);
        assert_eq!(store.lock(0).used().collect::<Vec<_>>(), [7]);
    }

    #[test]
    fn the_least_worth_goes_first() {
        let store = Store::<false>::new(8).unwrap();
        let mut set = store.lock(0);
        for way in 0..8 {
            set.claim(way as usize, 0, (&key(way), Scope(1)));
        }
        let address = |slot: &Slot<'_, false>| slot.owner().0.parts().0;
        let soft = |slot: &Slot<'_, false>| Worth::Little { requests: 9 - address(slot) as u32, last_ms: 0 };
        assert_eq!(set.room(0, soft), Some(Room { way: 7, evicts: true }));
        let one_drained = |slot: &Slot<'_, false>| if address(slot) == 5 { Worth::Drained } else { Worth::Kept };
        assert_eq!(set.room(0, one_drained), Some(Room { way: 5, evicts: false }));
    }

    #[test]
    fn a_set_is_held_by_one_thread_at_a_time() {
        let store = Store::<true>::new(1).unwrap();
        store.lock(0).claim(0, 0, (&key(1), Scope(1)));
        std::thread::scope(|threads| {
            for _ in 0..2 {
                threads.spawn(|| {
                    for _ in 0..20_000 {
                        let set = store.lock(0);
                        let slot = set.slot(0);
                        slot.set_lane(9, slot.lane(9) + 1);
                    }
                });
            }
        });
        assert_eq!(store.lock(0).slot(0).lane(9), 40_000);
    }
}
