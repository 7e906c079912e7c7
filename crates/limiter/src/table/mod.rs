//! The counts of all clients in all scopes, in memory of fixed size (design §8).
//!
//! Three stores: narrow slots for the usual limits, wide ones for what does not fit, and a small one whose slots
//! belong to whole neighbourhoods, for newcomers that found no room. Nothing is allocated after the start.

mod cells;
mod charge;
mod era;
mod evict;
mod gauge;
mod scopes;
mod slot;
mod store;
mod usual;

mod ring;
mod segments;

use std::hash::Hasher;

use foldhash::SharedSeed;
use foldhash::quality::FoldHasher;

use self::charge::Charge;
use self::evict::Worth;
use self::gauge::{Gauge, Past};
use self::scopes::Scopes;
use self::slot::{Head, Layout, Slot, Stamps};
use self::store::{LockedSet, Store, WAYS};
use crate::sync::{AtomicU64, Ordering::Relaxed};
use crate::{ClientKey, Counts, IpNet, Limits, Reason, Scope, Usage};

/// More clients than this are not asked for: 6 GB.
const CLIENTS_MAX: usize = 1 << 26;
/// Sets looked at for an estimate of how many slots are in use.
const SAMPLE_SETS: usize = 4096;

/// One request as the table sees it.
#[derive(Copy, Clone)]
pub(crate) struct Visit<'v> {
    pub(crate) key: ClientKey,
    pub(crate) scope: Scope,
    pub(crate) limits: &'v Limits,
    /// Logging-only: a request over a limit stays in progress.
    pub(crate) keeps_denied: bool,
    pub(crate) now_ms: u64,
}

/// What became of a visit.
pub(crate) struct Entered {
    pub(crate) counts: Counts,
    pub(crate) reason: Option<Reason>,
    /// Where the request is counted as in progress; `None` when it is not.
    pub(crate) place: Option<Place>,
}

/// Where a request is counted as in progress.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    room: RoomKind,
    index: u32,
}

/// The three stores.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum RoomKind {
    Narrow,
    Wide,
    Shared,
}

/// The counts of all clients.
pub(crate) struct Table {
    narrow: Store<false>,
    wide: Store<true>,
    shared: Store<false>,
    scopes: Scopes,
    seed: (u64, SharedSeed),
    /// The latest time seen.
    latest_ms: AtomicU64,
    /// How many of the sets have been cleared in this era.
    cleared: AtomicU64,
    evictions: AtomicU64,
    pressure: AtomicU64,
}

impl Table {
    /// A table for about `clients_max` clients, or for fewer when the system refuses that much memory. A quarter of
    /// them may need wide slots.
    pub(crate) fn new(clients_max: usize, seed: u64) -> Self {
        let mut clients = clients_max.clamp(WAYS, CLIENTS_MAX);
        let (narrow, wide, shared) = loop {
            // A set overflows before the table is full, therefore a third more.
            let stores = (Store::new(clients + clients / 3), Store::new(clients / 4), Store::new(clients / 64));
            if let (Some(narrow), Some(wide), Some(shared)) = stores {
                break (narrow, wide, shared);
            }
            clients = (clients / 2).max(WAYS);
        };
        Self {
            narrow,
            wide,
            shared,
            scopes: Scopes::new(),
            seed: (seed, SharedSeed::from_u64(seed.rotate_left(32) ^ 0x5bd1_e995)),
            latest_ms: AtomicU64::new(0),
            // Nothing is in there.
            cleared: AtomicU64::new(u64::MAX / 2),
            evictions: AtomicU64::new(0),
            pressure: AtomicU64::new(0),
        }
    }

    /// Judges and counts one request.
    pub(crate) fn enter(&self, visit: &Visit<'_>) -> Entered {
        self.advance(visit.now_ms);
        match self.enter_usual(visit) {
            Some(entered) => entered,
            None => self.enter_any(visit),
        }
    }

    /// The same for a request of any kind.
    #[inline(never)]
    fn enter_any(&self, visit: &Visit<'_>) -> Entered {
        let (layout, gauge) = Gauge::choose(visit.limits, &visit.key);
        let moved = self.scopes.note(visit.scope, visit.limits, (layout, visit.key.is_v4()));
        let hash = self.hash(&visit.key, visit.scope);
        let left = if moved { self.leave_behind(layout, hash, visit) } else { None };
        let mut charge = Charge::new(visit, gauge);
        if let Some((in_flight, past)) = &left {
            (charge.elsewhere, charge.past) = (*in_flight, Some(past));
        }
        let entered = match layout {
            Layout::Narrow => self.enter_own(&self.narrow, hash, &charge),
            Layout::Wide => self.enter_own(&self.wide, hash, &charge),
        };
        entered.unwrap_or_else(|| self.enter_shared(visit, charge.elsewhere))
    }

    /// Counts a request at the client's own slot; `None` when there is no room for a newcomer.
    fn enter_own<const WIDE: bool>(&self, store: &Store<WIDE>, hash: u64, charge: &Charge<'_>) -> Option<Entered> {
        let mut set = store.lock(hash);
        let way = self.own_way(&mut set, hash, charge.visit)?;
        let place = Place { room: Slot::<WIDE>::LAYOUT.into(), index: set.index(way) };
        let entered = charge.enter(&set.slot(way), place);
        charge::count(&mut set, &entered, charge.visit);
        Some(entered)
    }

    /// What the next request would count, without counting it.
    pub(crate) fn look(&self, visit: &Visit<'_>) -> Counts {
        self.advance(visit.now_ms);
        let (layout, gauge) = Gauge::choose(visit.limits, &visit.key);
        let hash = self.hash(&visit.key, visit.scope);
        let (narrow, wide) = (look_at(&self.narrow, hash, visit), look_at(&self.wide, hash, visit));
        let (own, other, has_room) = match layout {
            Layout::Narrow => (narrow, wide, self.has_room(&self.narrow, hash, visit)),
            Layout::Wide => (wide, narrow, self.has_room(&self.wide, hash, visit)),
        };
        let own = own.or_else(|| if has_room { None } else { self.look_shared(visit) });
        Charge::new(visit, gauge).counts_of(own.unwrap_or_default(), other.unwrap_or_default())
    }

    /// Gives a place back.
    #[inline]
    pub(crate) fn leave(&self, place: Place) {
        let index = place.index as usize;
        match place.room {
            RoomKind::Narrow => leave_in(&self.narrow, index),
            RoomKind::Wide => leave_in(&self.wide, index),
            RoomKind::Shared => leave_in(&self.shared, index),
        }
    }

    /// Forgets the past requests, not those in flight, of all clients in a network; calls `cleared` for each that
    /// had any.
    pub(crate) fn clear(&self, network: &IpNet, scope: Option<Scope>, mut cleared: impl FnMut(ClientKey, Scope)) {
        let goes = |(key, own): (ClientKey, Scope)| scope.is_none_or(|scope| scope == own) && key.overlaps(network);
        clear_in(&self.narrow, goes, &mut cleared);
        clear_in(&self.wide, goes, &mut cleared);
        clear_in(&self.shared, goes, |_, _| {});
    }

    /// How full the table is and what was decided in it.
    pub(crate) fn usage(&self) -> Usage {
        let mut usage = Usage {
            capacity: self.narrow.slots(),
            in_use: self.in_use(&self.narrow),
            wide_capacity: self.wide.slots(),
            wide_in_use: self.in_use(&self.wide),
            evictions: self.evictions.load(Relaxed),
            pressure: self.pressure.load(Relaxed),
            ..Usage::default()
        };
        for verdicts in [self.narrow.verdicts(), self.wide.verdicts(), self.shared.verdicts()] {
            let [allowed, over_concurrency, over_rate] = verdicts;
            usage.allowed += allowed;
            usage.denied_concurrency += over_concurrency;
            usage.denied_rate += over_rate;
        }
        usage
    }

    /// Slots with something in them, estimated from a sample of the sets.
    fn in_use<const WIDE: bool>(&self, store: &Store<WIDE>) -> usize {
        let now_ms = self.latest_ms.load(Relaxed);
        let step = store.sets().div_ceil(SAMPLE_SETS);
        let live = |set: usize| {
            let set = store.lock_set(set);
            set.used().filter(|way| Worth::of(&set.slot(*way), &self.scopes, now_ms) != Worth::Drained).count()
        };
        let sets = (0..store.sets()).step_by(step).filter(|set| !store.is_empty_set(*set));
        sets.map(live).sum::<usize>() * store.sets() / store.sets().div_ceil(step)
    }

    /// The place of a client's slot, claimed now for a newcomer; `None` when there is no room for it.
    fn own_way<const WIDE: bool>(&self, set: &mut LockedSet<'_, WIDE>, hash: u64, visit: &Visit<'_>) -> Option<usize> {
        if let Some(way) = set.find(hash, &visit.key, visit.scope) {
            return Some(way);
        }
        let room = set.room(hash, |slot| Worth::of(slot, &self.scopes, visit.now_ms))?;
        if room.evicts {
            self.evictions.fetch_add(1, Relaxed);
        }
        set.claim(room.way, hash, (&visit.key, visit.scope));
        Some(room.way)
    }

    /// Counts a newcomer together with its neighbourhood (D21). Neighbourhoods that fall on one slot share it too.
    fn enter_shared(&self, visit: &Visit<'_>, in_flight_elsewhere: u32) -> Entered {
        self.pressure.fetch_add(1, Relaxed);
        let (limits, gauge) = Gauge::narrowed(visit.limits);
        let visit = Visit { key: visit.key.region(), limits: &limits, ..*visit };
        let hash = self.hash(&visit.key, visit.scope);
        let mut set = self.shared.lock(hash);
        let way = store::preferred(hash);
        let is_free = !set.is_used(way) || Worth::of(&set.slot(way), &self.scopes, visit.now_ms) == Worth::Drained;
        if is_free {
            set.claim(way, hash, (&visit.key, visit.scope));
        }
        let mut charge = Charge::new(&visit, gauge);
        charge.elsewhere = in_flight_elsewhere;
        let place = Place { room: RoomKind::Shared, index: set.index(way) };
        let entered = charge.enter(&set.slot(way), place);
        charge::count(&mut set, &entered, &visit);
        entered
    }

    /// Takes the past of a client out of slots of the layout it no longer belongs to. Requests in flight stay there
    /// until they end, and are only reported.
    fn leave_behind(&self, layout: Layout, hash: u64, visit: &Visit<'_>) -> Option<(u32, Past)> {
        match layout {
            Layout::Narrow => take_past(&self.wide, hash, visit),
            Layout::Wide => take_past(&self.narrow, hash, visit),
        }
    }

    fn has_room<const WIDE: bool>(&self, store: &Store<WIDE>, hash: u64, visit: &Visit<'_>) -> bool {
        store.lock(hash).room(hash, |slot| Worth::of(slot, &self.scopes, visit.now_ms)).is_some()
    }

    /// What a newcomer would share.
    fn look_shared(&self, visit: &Visit<'_>) -> Option<Counts> {
        let hash = self.hash(&visit.key.region(), visit.scope);
        let (set, way) = (self.shared.lock(hash), store::preferred(hash));
        set.is_used(way).then(|| charge::counts_in(&set.slot(way), visit))
    }

    #[inline]
    fn hash(&self, key: &ClientKey, scope: Scope) -> u64 {
        let (bits, length) = key.parts();
        let mut hasher = FoldHasher::with_seed(self.seed.0, &self.seed.1);
        hasher.write_u128(bits);
        hasher.write_u64(u64::from(length) << 32 | u64::from(scope.0));
        hasher.finish()
    }
}

impl From<Layout> for RoomKind {
    fn from(layout: Layout) -> Self {
        match layout {
            Layout::Narrow => Self::Narrow,
            Layout::Wide => Self::Wide,
        }
    }
}

#[inline]
fn leave_in<const WIDE: bool>(store: &Store<WIDE>, index: usize) {
    let mut set = store.lock_set(index / WAYS);
    if set.slot(index % WAYS).release() {
        set.free(index % WAYS);
    }
}

/// Requests in flight and in the window at a client's slot.
fn look_at<const WIDE: bool>(store: &Store<WIDE>, hash: u64, visit: &Visit<'_>) -> Option<Counts> {
    let (set, way) = find(store, hash, visit)?;
    Some(charge::counts_in(&set.slot(way), visit))
}

/// Takes the past out of a client's slot; tells the requests in flight as well.
fn take_past<const WIDE: bool>(store: &Store<WIDE>, hash: u64, visit: &Visit<'_>) -> Option<(u32, Past)> {
    let (mut set, way) = find(store, hash, visit)?;
    let slot = set.slot(way);
    let mut head = slot.head(visit.now_ms);
    let past = Past::of(&slot, &head);
    forget(&mut set, way, &mut head);
    Some((head.in_flight, past))
}

fn find<'t, const WIDE: bool>(
    store: &'t Store<WIDE>,
    hash: u64,
    visit: &Visit<'_>,
) -> Option<(LockedSet<'t, WIDE>, usize)> {
    if !Slot::<WIDE>::LAYOUT.fits(&visit.key) {
        return None;
    }
    let set = store.lock(hash);
    let way = set.find(hash, &visit.key, visit.scope)?;
    Some((set, way))
}

/// Forgets the past requests of all clients that go; calls `cleared` for each that had any.
fn clear_in<const WIDE: bool>(
    store: &Store<WIDE>,
    goes: impl Fn((ClientKey, Scope)) -> bool,
    mut cleared: impl FnMut(ClientKey, Scope),
) {
    for_each_slot(store, |set, way| {
        let (owner, mut head) = (set.slot(way).owner(), set.slot(way).head(0));
        if head.stamps != Stamps::Nothing && goes(owner) {
            forget(set, way, &mut head);
            cleared(owner.0, owner.1);
        }
    });
}

/// Drops the stamps of a slot, and the slot when nothing is in flight.
fn forget<const WIDE: bool>(set: &mut LockedSet<'_, WIDE>, way: usize, head: &mut Head) {
    head.stamps = Stamps::Nothing;
    set.slot(way).set_head(head);
    if head.in_flight == 0 {
        set.free(way);
    }
}

/// Visits every slot in use, one locked set at a time.
fn for_each_slot<const WIDE: bool>(store: &Store<WIDE>, mut visit: impl FnMut(&mut LockedSet<'_, WIDE>, usize)) {
    (0..store.sets()).for_each(|number| for_each_slot_of(store, number, &mut visit));
}

fn for_each_slot_of<const WIDE: bool>(
    store: &Store<WIDE>,
    number: usize,
    mut visit: impl FnMut(&mut LockedSet<'_, WIDE>, usize),
) {
    if store.is_empty_set(number) {
        return;
    }
    let mut set = store.lock_set(number);
    for way in set.used() {
        visit(&mut set, way);
    }
}
