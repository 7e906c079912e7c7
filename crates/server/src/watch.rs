//! One connection as the rest of its thread sees it: when it is overdue, whether its socket is ready, and how to wake it.
//!
//! A timer per wait would cost more than the wait. Instead each connection notes its deadline here,
//! and its thread looks over all of them several times a second.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};

use doorward_wire::TimerReason;

use crate::connection::Connection;
use crate::readiness::{News, Readiness};

/// How often a thread looks for overdue connections, in milliseconds.
pub(crate) const SWEEP_INTERVAL_MS: u64 = 200;

/// Why a waiting connection is woken other than by its socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fired {
    /// A timer ran out.
    Timer(TimerReason),
    /// The server, or the listener the connection came through, goes away.
    Drain,
}

/// One connection's deadlines, what is known of its socket, and its waker.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) readiness: Readiness,
    /// For bytes the client owes us.
    receive: Cell<(u64, TimerReason)>,
    /// For bytes the client has to take. Both may run at once while a request is forwarded.
    send_by_ms: Cell<u64>,
    /// Between two requests: nothing is lost when it is closed.
    idle: Cell<bool>,
    fired: Cell<Option<Fired>>,
    waker: RefCell<Option<Waker>>,
}

impl Watch {
    fn new() -> Self {
        Self {
            readiness: Readiness::fresh(),
            receive: Cell::new((u64::MAX, TimerReason::ConnectionIdle)),
            send_by_ms: Cell::new(u64::MAX),
            idle: Cell::new(true),
            fired: Cell::new(None),
            waker: RefCell::new(None),
        }
    }

    /// From now on the connection is overdue at `deadline_ms`, for `reason`, unless bytes come.
    pub(crate) fn receive_by(&self, deadline_ms: u64, reason: TimerReason) {
        self.receive.set((deadline_ms, reason));
    }

    /// Nothing is owed by the client for now.
    pub(crate) fn receive_any_time(&self) {
        self.receive.set((u64::MAX, TimerReason::ConnectionIdle));
    }

    /// From now on the connection is overdue at `deadline_ms` unless the client takes bytes; `u64::MAX` for never.
    pub(crate) fn send_by(&self, deadline_ms: u64) {
        self.send_by_ms.set(deadline_ms);
    }

    fn overdue(&self, now_ms: u64) -> Option<TimerReason> {
        let (receive_by_ms, reason) = self.receive.get();
        if receive_by_ms <= now_ms {
            return Some(reason);
        }
        (self.send_by_ms.get() <= now_ms).then_some(TimerReason::MinBytesPerSecond)
    }

    /// Whether the connection stands between two requests.
    pub(crate) fn set_idle(&self, idle: bool) {
        self.idle.set(idle);
    }

    /// Whether the connection was said to stand between two requests.
    pub(crate) fn is_idle(&self) -> bool {
        self.idle.get()
    }

    /// Forgets what fired, so that something else can: the connection goes on for a while.
    pub(crate) fn go_on(&self) {
        self.fired.set(None);
    }

    /// What fired since, if anything.
    pub(crate) fn fired(&self) -> Option<Fired> {
        self.fired.get()
    }

    /// What fired since, if anything; otherwise the context's task is woken when something does.
    pub(crate) fn poll_fired(&self, context: &Context<'_>) -> Option<Fired> {
        if let Some(fired) = self.fired.get() {
            return Some(fired);
        }
        let mut waker = self.waker.borrow_mut();
        match &mut *waker {
            Some(present) => present.clone_from(context.waker()),
            None => *waker = Some(context.waker().clone()),
        }
        None
    }

    /// Wakes the connection for this cause; the first cause stays.
    pub(crate) fn fire(&self, cause: Fired) {
        if self.fired.get().is_none() {
            self.fired.set(Some(cause));
        }
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }
}

/// Connections that were parked when something fired.
pub(crate) type Fallen = Vec<Box<Connection>>;

/// Users of a place before their numbers begin again.
const TURNS: u32 = 1 << 31;

/// A place for one connection.
#[derive(Default)]
struct Slot {
    /// Tells one user of the place from the next.
    turn: u32,
    /// The number of the listener it came through.
    listener: u64,
    /// `None` is free.
    watch: Option<Rc<Watch>>,
    /// The connection itself, while it waits for its client and no task holds it.
    parked: Option<Box<Connection>>,
}

/// All connections of one thread.
#[derive(Default)]
pub(crate) struct Watches {
    slots: RefCell<Vec<Slot>>,
    free: RefCell<Vec<u32>>,
    count: Cell<usize>,
}

/// Names a connection to the kernel, which gives the name back with the socket's news. Those of a connection that has gone
/// meanwhile name nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    place: u32,
    turn: u32,
}

impl Token {
    pub(crate) fn as_u64(self) -> u64 {
        u64::from(self.turn) << 32 | u64::from(self.place)
    }

    pub(crate) fn of_u64(number: u64) -> Self {
        Self { place: number as u32, turn: (number >> 32) as u32 }
    }
}

/// A connection's place among the watches of its thread; leaving gives it back.
pub(crate) struct Watched {
    pub(crate) watch: Rc<Watch>,
    pub(crate) token: Token,
    watches: Rc<Watches>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        let place = self.token.place;
        let slot = &mut self.watches.slots.borrow_mut()[place as usize];
        slot.watch = None;
        slot.turn = (slot.turn + 1) % TURNS;
        self.watches.free.borrow_mut().push(place);
        self.watches.count.set(self.watches.count.get() - 1);
    }
}

impl Watches {
    /// Registers a connection that came through the listener of this number.
    pub(crate) fn enter(self: &Rc<Self>, listener: u64) -> Watched {
        let watch = Rc::new(Watch::new());
        let mut slots = self.slots.borrow_mut();
        let free = self.free.borrow_mut().pop();
        let place = free.unwrap_or_else(|| {
            slots.push(Slot::default());
            u32::try_from(slots.len() - 1).unwrap_or(u32::MAX)
        });
        let slot = &mut slots[place as usize];
        slot.listener = listener;
        slot.watch = Some(Rc::clone(&watch));
        self.count.set(self.count.get() + 1);
        Watched { watch, token: Token { place, turn: slot.turn }, watches: Rc::clone(self) }
    }

    /// Open connections.
    pub(crate) fn count(&self) -> usize {
        self.count.get()
    }

    /// Keeps a connection until its socket has news or something fires.
    pub(crate) fn park(&self, connection: Box<Connection>) {
        let place = connection.client.watched.token.place;
        self.slots.borrow_mut()[place as usize].parked = Some(connection);
    }

    /// Takes note of a socket's news: wakes the tasks that wait for it, or gives the connection if it is parked.
    pub(crate) fn note(&self, token: Token, news: News) -> Option<Box<Connection>> {
        let mut slots = self.slots.borrow_mut();
        let slot = slots.get_mut(token.place as usize).filter(|slot| slot.turn == token.turn)?;
        slot.watch.as_ref()?.readiness.note(news);
        slot.parked.take()
    }

    /// Wakes every connection that is overdue; gives those that are parked.
    #[must_use]
    pub(crate) fn sweep(&self, now_ms: u64) -> Fallen {
        self.fire_where(|_, watch| watch.overdue(now_ms).map(Fired::Timer))
    }

    /// Wakes the idle connections of one listener, or of all; gives those that are parked.
    #[must_use]
    pub(crate) fn drain_idle(&self, listener: Option<u64>) -> Fallen {
        self.fire_where(|own, watch| {
            (watch.idle.get() && listener.is_none_or(|closed| closed == own)).then_some(Fired::Drain)
        })
    }

    /// Wakes every connection of one listener, or of all: the drain's deadline has come. Gives those that are parked.
    #[must_use]
    pub(crate) fn drain_all(&self, listener: Option<u64>) -> Fallen {
        self.fire_where(|own, _| listener.is_none_or(|closed| closed == own).then_some(Fired::Drain))
    }

    fn fire_where(&self, cause: impl Fn(u64, &Watch) -> Option<Fired>) -> Fallen {
        let mut parked = Vec::new();
        for slot in self.slots.borrow_mut().iter_mut() {
            if let Some(watch) = &slot.watch
                && let Some(cause) = cause(slot.listener, watch)
            {
                watch.fire(cause);
                parked.extend(slot.parked.take());
            }
        }
        parked
    }
}
