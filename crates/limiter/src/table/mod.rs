//! The counts of all clients in all scopes, in memory of fixed size (design §8).
//!
//! Three stores: narrow slots for the usual limits, wide ones for what does not fit, and a small one whose slots
//! belong to whole neighbourhoods, for newcomers that found no room. Nothing is allocated after the start.

mod cells;
mod charge;
mod evict;
mod gauge;
mod scopes;
mod slot;
mod store;

mod ring;
mod segments;

use std::hash::Hasher;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use foldhash::SharedSeed;
use foldhash::quality::FoldHasher;

use self::charge::Charge;
use self::evict::Worth;
use self::gauge::{Gauge, Past};
use self::scopes::Scopes;
use self::slot::{Layout, Stamps};
use self::store::{LockedSet, Store, Verdict, WAYS};
use crate::{ClientKey, Counts, IpNet, Limits, Reason, Scope, Usage};

/// More clients than this are not asked for: 6 GB.
const CLIENTS_MAX: usize = 1 << 26;
/// After so long (12 days) old stamps of narrow slots are cleared, before 32-bit ticks repeat.
const ERA_BITS: u32 = 30;
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
    narrow: Store,
    wide: Store,
    shared: Store,
    scopes: Scopes,
    seed: (u64, SharedSeed),
    /// The latest time seen.
    latest_ms: AtomicU64,
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
            let narrow = Store::new(Layout::Narrow, clients + clients / 3);
            let stores = (narrow, Store::new(Layout::Wide, clients / 4), Store::new(Layout::Narrow, clients / 64));
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
            evictions: AtomicU64::new(0),
            pressure: AtomicU64::new(0),
        }
    }

    /// Judges and counts one request.
    pub(crate) fn enter(&self, visit: &Visit<'_>) -> Entered {
        self.advance(visit.now_ms);
        let (layout, gauge) = Gauge::choose(visit.limits, &visit.key);
        let moved = self.scopes.note(visit.scope, visit.limits, (layout, visit.key.is_v4()));
        let hash = self.hash(&visit.key, visit.scope);
        let left = if moved { self.leave_behind(scopes::other(layout), hash, visit) } else { None };
        let mut charge = Charge::new(visit, gauge);
        if let Some((in_flight, past)) = &left {
            (charge.elsewhere, charge.past) = (*in_flight, Some(past));
        }
        let mut set = self.store(layout).lock(hash);
        let Some(way) = self.own_way(&mut set, hash, visit) else {
            drop(set);
            return self.enter_shared(visit, charge.elsewhere);
        };
        let place = Place { room: layout.into(), index: set.index(way) };
        let entered = charge.enter(&set.slot(way), place);
        count(&mut set, &entered, visit);
        entered
    }

    /// What the next request would count, without counting it.
    pub(crate) fn look(&self, visit: &Visit<'_>) -> Counts {
        self.advance(visit.now_ms);
        let (layout, gauge) = Gauge::choose(visit.limits, &visit.key);
        let hash = self.hash(&visit.key, visit.scope);
        let elsewhere = self.look_at(scopes::other(layout), hash, visit).unwrap_or_default();
        let charge = Charge::new(visit, gauge);
        let own = self.look_at(layout, hash, visit).or_else(|| self.look_shared(visit, (layout, hash)));
        charge.counts_of(own.unwrap_or_default(), elsewhere)
    }

    /// Gives a place back.
    pub(crate) fn leave(&self, place: Place) {
        let (store, index) = (self.room(place.room), place.index as usize);
        let mut set = store.lock_set(index / WAYS);
        if set.slot(index % WAYS).release() {
            set.free(index % WAYS);
        }
    }

    /// Forgets the past requests, not those in flight, of all clients in a network; calls `cleared` for each that
    /// had any.
    pub(crate) fn clear(&self, network: &IpNet, scope: Option<Scope>, mut cleared: impl FnMut(ClientKey, Scope)) {
        for (store, counts) in [(&self.narrow, true), (&self.wide, true), (&self.shared, false)] {
            for_each_slot(store, |set, way| {
                let slot = set.slot(way);
                let (key, own) = slot.owner();
                let mut head = slot.head(0);
                if scope.is_some_and(|scope| scope != own) || head.stamps == Stamps::Nothing || !key.overlaps(network) {
                    return;
                }
                head.stamps = Stamps::Nothing;
                slot.set_head(&head);
                if head.in_flight == 0 {
                    set.free(way);
                }
                if counts {
                    cleared(key, own);
                }
            });
        }
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
        for store in [&self.narrow, &self.wide, &self.shared] {
            let [allowed, over_concurrency, over_rate] = store.verdicts();
            usage.allowed += allowed;
            usage.denied_concurrency += over_concurrency;
            usage.denied_rate += over_rate;
        }
        usage
    }

    /// Slots with something in them, estimated from a sample of the sets.
    fn in_use(&self, store: &Store) -> usize {
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
    fn own_way(&self, set: &mut LockedSet<'_>, hash: u64, visit: &Visit<'_>) -> Option<usize> {
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
        count(&mut set, &entered, &visit);
        entered
    }

    /// Takes the past of a client out of slots of the layout it no longer belongs to. Requests in flight stay there
    /// until they end, and are only reported.
    fn leave_behind(&self, layout: Layout, hash: u64, visit: &Visit<'_>) -> Option<(u32, Past)> {
        let mut set = self.store(layout).lock(hash);
        let way = layout.fits(&visit.key).then(|| set.find(hash, &visit.key, visit.scope)).flatten()?;
        let slot = set.slot(way);
        let mut head = slot.head(visit.now_ms);
        let past = Past::of(&slot, &head);
        head.stamps = Stamps::Nothing;
        slot.set_head(&head);
        if head.in_flight == 0 {
            set.free(way);
        }
        Some((head.in_flight, past))
    }

    /// Requests in flight and in the window, in slots of one layout.
    fn look_at(&self, layout: Layout, hash: u64, visit: &Visit<'_>) -> Option<Counts> {
        let set = self.store(layout).lock(hash);
        let found = layout.fits(&visit.key).then(|| set.find(hash, &visit.key, visit.scope)).flatten();
        found.map(|way| charge::counts_in(&set.slot(way), visit))
    }

    /// What a newcomer would share, when there is no room for it.
    fn look_shared(&self, visit: &Visit<'_>, (layout, hash): (Layout, u64)) -> Option<Counts> {
        let set = self.store(layout).lock(hash);
        let has_room = set.room(hash, |slot| Worth::of(slot, &self.scopes, visit.now_ms)).is_some();
        drop(set);
        if has_room {
            return None;
        }
        let hash = self.hash(&visit.key.region(), visit.scope);
        let set = self.shared.lock(hash);
        let way = store::preferred(hash);
        set.is_used(way).then(|| charge::counts_in(&set.slot(way), visit))
    }

    /// Notes the time. Once in twelve days, clears what 32-bit ticks could mistake for fresh.
    fn advance(&self, now_ms: u64) {
        let latest_ms = self.latest_ms.load(Relaxed);
        if now_ms <= latest_ms {
            return;
        }
        if now_ms >> ERA_BITS == latest_ms >> ERA_BITS {
            // A late store of an earlier time does no harm.
            self.latest_ms.store(now_ms, Relaxed);
            return;
        }
        let before = self.latest_ms.fetch_max(now_ms, Relaxed) >> ERA_BITS;
        if before < now_ms >> ERA_BITS {
            self.clear_old(now_ms, before);
        }
    }

    fn clear_old(&self, now_ms: u64, before: u64) {
        let era = now_ms >> ERA_BITS;
        for store in [&self.narrow, &self.shared] {
            for_each_slot(store, |set, way| {
                let slot = set.slot(way);
                let mut head = slot.head(now_ms);
                // Nothing a narrow slot measures is older than half an era.
                if era - before > 1 || now_ms.saturating_sub(head.last_ms) >> (ERA_BITS - 1) > 0 {
                    head.stamps = Stamps::Nothing;
                    slot.set_head(&head);
                }
            });
        }
    }

    fn hash(&self, key: &ClientKey, scope: Scope) -> u64 {
        let (bits, length) = key.parts();
        let mut hasher = FoldHasher::with_seed(self.seed.0, &self.seed.1);
        hasher.write_u128(bits);
        hasher.write_u64(u64::from(length) << 32 | u64::from(scope.0));
        hasher.finish()
    }

    fn store(&self, layout: Layout) -> &Store {
        self.room(layout.into())
    }

    fn room(&self, room: RoomKind) -> &Store {
        match room {
            RoomKind::Narrow => &self.narrow,
            RoomKind::Wide => &self.wide,
            RoomKind::Shared => &self.shared,
        }
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

/// Counts a verdict in its set. In logging-only mode only what was let in without a reason counts here.
fn count(set: &mut LockedSet<'_>, entered: &Entered, visit: &Visit<'_>) {
    match entered.reason {
        None => set.count(Verdict::Allowed),
        Some(_) if visit.keeps_denied => {}
        Some(Reason::Concurrency) => set.count(Verdict::OverConcurrency),
        Some(Reason::Rate | Reason::Address | Reason::HostName | Reason::Block) => set.count(Verdict::OverRate),
    }
}

/// Visits every slot in use, one locked set at a time.
fn for_each_slot(store: &Store, mut visit: impl FnMut(&mut LockedSet<'_>, usize)) {
    for number in (0..store.sets()).filter(|set| !store.is_empty_set(*set)) {
        let mut set = store.lock_set(number);
        for way in set.used() {
            visit(&mut set, way);
        }
    }
}
