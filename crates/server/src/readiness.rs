//! What is known of one socket's readiness. The kernel tells of changes only, so what it told is kept until a call finds
//! that it holds no more.

use std::cell::{Cell, RefCell};
use std::task::{Context, Poll, Waker};

use rustix::event::epoll::EventFlags;

/// Bytes to read, or their end.
const READABLE: u8 = 1;
/// Room to write, or nobody to write to.
const WRITABLE: u8 = 2;
/// Nothing more comes: it stays readable for ever.
const READ_ENDED: u8 = 4;

/// What the kernel says has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct News(u8);

impl From<EventFlags> for News {
    fn from(flags: EventFlags) -> Self {
        let broken = flags.intersects(EventFlags::HUP | EventFlags::ERR);
        let mut news = 0;
        if flags.contains(EventFlags::IN) {
            news |= READABLE;
        }
        if broken || flags.contains(EventFlags::RDHUP) {
            news |= READABLE | READ_ENDED;
        }
        if broken || flags.contains(EventFlags::OUT) {
            news |= WRITABLE;
        }
        Self(news)
    }
}

/// The two directions of a socket, each with the task that waits for it.
#[derive(Debug)]
pub(crate) struct Readiness {
    known: Cell<u8>,
    reader: RefCell<Option<Waker>>,
    writer: RefCell<Option<Waker>>,
}

impl Readiness {
    /// Of a socket of which nothing is known: the first call finds out.
    pub(crate) fn fresh() -> Self {
        Self { known: Cell::new(READABLE | WRITABLE), reader: RefCell::default(), writer: RefCell::default() }
    }

    pub(crate) fn is_readable(&self) -> bool {
        self.known.get() & (READABLE | READ_ENDED) != 0
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.known.get() & WRITABLE != 0
    }

    /// There is nothing to read for now.
    pub(crate) fn is_emptied(&self) {
        self.known.set(self.known.get() & !READABLE);
    }

    /// There is no room to write for now.
    pub(crate) fn is_filled(&self) {
        self.known.set(self.known.get() & !WRITABLE);
    }

    /// Takes note of news, and wakes who waits for them.
    pub(crate) fn note(&self, News(news): News) {
        self.known.set(self.known.get() | news);
        if news & READABLE != 0 {
            wake(&self.reader);
        }
        if news & WRITABLE != 0 {
            wake(&self.writer);
        }
    }

    pub(crate) fn poll_readable(&self, context: &Context<'_>) -> Poll<()> {
        if self.is_readable() { Poll::Ready(()) } else { wait(&self.reader, context) }
    }

    /// Whether nothing more comes; what has come before may still be there.
    pub(crate) fn poll_read_ended(&self, context: &Context<'_>) -> Poll<()> {
        if self.known.get() & READ_ENDED != 0 { Poll::Ready(()) } else { wait(&self.reader, context) }
    }

    pub(crate) fn poll_writable(&self, context: &Context<'_>) -> Poll<()> {
        if self.is_writable() { Poll::Ready(()) } else { wait(&self.writer, context) }
    }
}

fn wait(waiting: &RefCell<Option<Waker>>, context: &Context<'_>) -> Poll<()> {
    let mut waiting = waiting.borrow_mut();
    match &mut *waiting {
        Some(present) => present.clone_from(context.waker()),
        None => *waiting = Some(context.waker().clone()),
    }
    Poll::Pending
}

fn wake(waiting: &RefCell<Option<Waker>>) {
    // Taken out first: the woken may look here again at once.
    let waker = waiting.borrow_mut().take();
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    use std::task::Wake;

    fn check(flags: EventFlags, readable: bool, writable: bool, stays: bool) {
        let readiness = Readiness::fresh();
        readiness.is_emptied();
        readiness.is_filled();
        readiness.note(flags.into());
        assert_eq!((readiness.is_readable(), readiness.is_writable()), (readable, writable), "{flags:?}");
        readiness.is_emptied();
        assert_eq!(readiness.is_readable(), stays, "{flags:?}");
    }

    #[test]
    fn news_are_kept_and_an_end_stays() {
        check(EventFlags::IN, true, false, false);
        check(EventFlags::OUT, false, true, false);
        check(EventFlags::IN | EventFlags::RDHUP, true, false, true);
        check(EventFlags::HUP, true, true, true);
        check(EventFlags::ERR, true, true, true);
    }

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn who_waits_is_woken_once() {
        let (readiness, woken) = (Readiness::fresh(), Arc::new(Woken::default()));
        let waker = Waker::from(Arc::clone(&woken));
        let context = Context::from_waker(&waker);
        readiness.is_emptied();
        assert!(readiness.poll_readable(&context).is_pending());
        for (flags, expected) in [(EventFlags::OUT, 0), (EventFlags::IN, 1), (EventFlags::IN, 1)] {
            readiness.note(flags.into());
            assert_eq!(woken.0.load(Relaxed), expected, "{flags:?}");
        }
        assert!(readiness.poll_readable(&context).is_ready());
    }
}
