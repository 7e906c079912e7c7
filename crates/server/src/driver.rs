//! One thread's set of sockets: the kernel tells of all of them in one call.
//!
//! The set is itself watched by the runtime, which wakes the driver once for a batch. A connection that waits for its
//! client needs no task: its turn is run by the driver. Why not the runtime's own set: `ARCHITECTURE.md`.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::rc::Rc;

use rustix::event::Timespec;
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::parked::Round;
use crate::watch::Token;
use crate::worker::Worker;

/// News taken from the kernel at a time.
const NEWS_MAX: usize = 256;
/// News after which the runtime's tasks get their turn.
const TURN_NEWS_MAX: usize = 256;
/// Marks the names of listening sockets.
const LISTENER: u64 = 1 << 63;

/// A set of sockets that the kernel watches.
pub(crate) struct Driver {
    set: Rc<OwnedFd>,
    news: RefCell<Vec<Event>>,
}

/// Whose socket has news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Listener(u64),
    Connection(Token),
}

/// What a connection wants to be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wish {
    Nothing,
    Read,
    /// Room to write, too. Most connections never wait for it.
    Write,
}

/// One connection's place in the set. It is taken when there is something to wait for, and given up by the socket's closing.
#[derive(Debug)]
pub(crate) struct Enrolled {
    set: Rc<OwnedFd>,
    token: Token,
    wish: Cell<Wish>,
}

impl Enrolled {
    /// Makes sure that the kernel tells of what is wished, now or when it happens.
    pub(crate) fn wish(&self, tcp: &TcpStream, wish: Wish) -> io::Result<()> {
        let present = self.wish.get();
        if wish <= present {
            return Ok(());
        }
        let read = EventFlags::IN | EventFlags::RDHUP | EventFlags::ET;
        let flags = if wish == Wish::Write { read | EventFlags::OUT } else { read };
        let name = EventData::new_u64(self.token.as_u64());
        match present {
            Wish::Nothing => epoll::add(&*self.set, tcp, name, flags)?,
            Wish::Read | Wish::Write => epoll::modify(&*self.set, tcp, name, flags)?,
        }
        self.wish.set(wish);
        Ok(())
    }
}

/// An empty set. Errors: there are no descriptors left.
pub(crate) fn new_set() -> io::Result<OwnedFd> {
    Ok(epoll::create(epoll::CreateFlags::CLOEXEC)?)
}

impl Driver {
    /// Of an empty set, which [`new_set`] makes.
    pub(crate) fn new(set: OwnedFd) -> Self {
        Self { set: Rc::new(set), news: RefCell::new(Vec::with_capacity(NEWS_MAX)) }
    }

    /// A place for a connection.
    pub(crate) fn enrol(&self, token: Token) -> Enrolled {
        Enrolled { set: Rc::clone(&self.set), token, wish: Cell::new(Wish::Nothing) }
    }

    /// Tells of clients that want to connect, as long as there are any.
    pub(crate) fn watch_listener(&self, socket: impl AsFd, number: u64) -> io::Result<()> {
        Ok(epoll::add(&*self.set, socket, EventData::new_u64(LISTENER | number), EventFlags::IN)?)
    }

    /// Tells no more. Closing would not do: other threads have the same socket open.
    pub(crate) fn forget_listener(&self, socket: impl AsFd) {
        let _not_watched = epoll::delete(&*self.set, socket);
    }

    /// Takes the news there are; how many.
    fn look(&self) -> usize {
        let mut news = self.news.borrow_mut();
        news.clear();
        // An interrupted call has none; they are there at the next.
        epoll::wait(&*self.set, rustix::buffer::spare_capacity(&mut news), Some(&Timespec::default()))
            .unwrap_or_default()
    }

    fn at(&self, index: usize) -> (Whose, EventFlags) {
        let Event { data, flags, .. } = self.news.borrow()[index];
        let number = data.u64();
        let whose = if number & LISTENER == 0 {
            Whose::Connection(Token::of_u64(number))
        } else {
            Whose::Listener(number & !LISTENER)
        };
        (whose, flags)
    }
}

/// The set as the runtime watches it.
struct Watchable(Rc<OwnedFd>);

impl AsRawFd for Watchable {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// Drives the sockets of a thread until its end.
pub(crate) async fn run(worker: Rc<Worker>) {
    let driver = &worker.driver;
    #[expect(
        deprecated,
        reason = "its successor is unsafe, for descriptors that somebody else may close; this one is ours"
    )]
    let Ok(set) = AsyncFd::with_interest(Watchable(Rc::clone(&driver.set)), Interest::READABLE) else {
        return;
    };
    let mut round = Round::new(&worker);
    while let Ok(mut ready) = set.readable().await {
        let is_over = pass_on_news(&worker, &mut round);
        if is_over {
            ready.clear_ready();
        }
        drop(ready);
        if !is_over {
            tokio::task::yield_now().await;
        }
    }
}

/// Passes news on until there are none, or others are to have their turn; true when there are none.
fn pass_on_news(worker: &Rc<Worker>, round: &mut Round) -> bool {
    let driver = &worker.driver;
    let mut news = 0;
    while news < TURN_NEWS_MAX {
        let count = driver.look();
        if count == 0 {
            return true;
        }
        for index in 0..count {
            match driver.at(index) {
                (Whose::Connection(token), flags) => round.take(token, flags.into()),
                (Whose::Listener(number), _) => {
                    round.end();
                    worker.accept(number);
                }
            }
        }
        round.end();
        news += count;
    }
    false
}
