//! What the streams of one HTTP/2 connection share with each other and with its driver.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use doorward_plan::Plan;

use super::budget::FrameBudget;
use super::frames::{DATA, Frame};
use super::outgoing::Outgoing;
use crate::clock::Clock;
use crate::downstream::Downstream;
use crate::site_use::Seat;
use crate::stream::Ends;
use crate::worker::{OpenListener, Worker};

/// What has left of one stream's answer.
#[derive(Debug, Default)]
struct Leaving {
    content_bytes: u64,
    ended: bool,
    waker: Option<Waker>,
    /// Of a tunnel: pieces that were received and not passed on yet.
    waiting: Option<u32>,
}

/// Pieces for tunnels that one connection may have waiting. The smallest message of a WebSocket has 6 bytes: the window of
/// a stream is full before so many have come.
const WAITING_MAX: u32 = 44 * 1024;

/// Why the driver ends the connection, other than by its timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Too many frames that bring nothing about, or no stream that takes its answer.
    Calm,
    /// A client that was denied with an abort came again (D11).
    Abort,
}

/// One HTTP/2 connection.
pub(super) struct Session {
    pub(super) worker: Rc<Worker>,
    pub(super) listener: Rc<OpenListener>,
    pub(super) ends: Ends,
    pub(super) opened_ms: u64,
    /// How long it may stand without a stream.
    pub(super) idle_ms: Cell<u64>,
    /// When the last stream ended.
    pub(super) idle_since_ms: Cell<u64>,
    /// When the present header block began.
    pub(super) headers_since_ms: Cell<Option<u64>>,
    pub(super) settings_seen: Cell<bool>,
    /// When content last left, on any stream.
    pub(super) content_sent_ms: Cell<Option<u64>>,
    pub(super) verdict: Cell<Option<Verdict>>,
    aborted_before: Cell<bool>,
    closed: Cell<bool>,
    budget: RefCell<FrameBudget>,
    streams: RefCell<HashMap<u32, Leaving>>,
    /// Those of all its tunnels.
    waiting: Cell<u32>,
    driver: RefCell<Option<Waker>>,
    pub(super) outgoing: RefCell<Outgoing>,
    /// Its place among the connections of its site.
    pub(super) seat: Seat,
}

impl Session {
    pub(super) fn new(client: &Downstream, listener: &Rc<OpenListener>) -> Rc<Self> {
        let now_ms = client.now_ms();
        Rc::new(Self {
            worker: Rc::clone(&client.worker),
            listener: Rc::clone(listener),
            ends: client.ends,
            opened_ms: now_ms,
            idle_ms: Cell::new(client.worker.shared.timers().idle_ms),
            idle_since_ms: Cell::new(now_ms),
            headers_since_ms: Cell::new(None),
            settings_seen: Cell::new(false),
            content_sent_ms: Cell::new(None),
            verdict: Cell::new(None),
            aborted_before: Cell::new(false),
            closed: Cell::new(false),
            budget: RefCell::new(FrameBudget::new(now_ms)),
            streams: RefCell::default(),
            waiting: Cell::new(0),
            driver: RefCell::new(None),
            outgoing: RefCell::new(Outgoing::new(client)),
            seat: Seat::default(),
        })
    }

    pub(super) fn clock(&self) -> Clock {
        self.worker.shared.clock
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.clock().now_ms()
    }

    /// The newest plan: each request takes its own.
    pub(super) fn plan(&self) -> Arc<Plan> {
        self.worker.shared.plan.load_full()
    }

    /// Whether no new connection would come here any more.
    pub(super) fn is_leaving(&self) -> bool {
        self.worker.draining.get() || self.listener.closed.get()
    }

    /// The driver is woken when a stream ends or a verdict falls.
    pub(super) fn drive_with(&self, context: &Context<'_>) {
        match &mut *self.driver.borrow_mut() {
            Some(present) => present.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
    }

    /// Hands the frames that wait to the kernel.
    pub(super) fn poll_send(&self, client: &Downstream, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.borrow_mut().poll_send(client, self, context)
    }

    fn wake_driver(&self) {
        if let Some(waker) = &*self.driver.borrow() {
            waker.wake_by_ref();
        }
    }

    pub(super) fn judge(&self, verdict: Verdict) {
        if self.verdict.get().is_none() {
            self.verdict.set(Some(verdict));
            self.wake_driver();
        }
    }

    /// A request was denied with an abort: the first costs its stream, the next one the connection (D11).
    pub(super) fn note_abort(&self) {
        if self.aborted_before.replace(true) {
            self.judge(Verdict::Abort);
        }
    }

    pub(super) fn stream_begins(&self, stream: u32) {
        self.streams.borrow_mut().insert(stream, Leaving::default());
    }

    /// A stream has been recorded; `answered` when its answer left in full.
    pub(super) fn stream_ends(&self, stream: u32, answered: bool) {
        if answered {
            self.budget.borrow_mut().request_answered();
        }
        let mut streams = self.streams.borrow_mut();
        let gone = streams.remove(&stream).and_then(|gone| gone.waiting).unwrap_or(0);
        self.waiting.set(self.waiting.get().saturating_sub(gone));
        if streams.is_empty() {
            self.idle_since_ms.set(self.now_ms());
            self.wake_driver();
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.streams.borrow().is_empty()
    }

    /// A frame's head has come; what it asks for is not done if the client has sent too many like it.
    pub(super) fn frame_begins(&self, frame: Frame) {
        let now_ms = self.now_ms();
        if frame.is_header_block() && self.headers_since_ms.get().is_none() {
            self.headers_since_ms.set(Some(now_ms));
        }
        if frame.is_settings() {
            self.settings_seen.set(true);
        }
        let is_fine = match self.goes_on(frame) {
            Some(is_fine) => is_fine,
            None => self.budget.borrow_mut().spend(frame, now_ms),
        };
        if !is_fine {
            self.judge(Verdict::Calm);
        }
    }

    /// Whether there is room for a piece that a tunnel has to pass on: how small its programs make their messages is their
    /// business, and that they come as fast as they are taken is what the windows are for. `None` for any other frame.
    fn goes_on(&self, frame: Frame) -> Option<bool> {
        if frame.kind != DATA || frame.length == 0 {
            return None;
        }
        let mut streams = self.streams.borrow_mut();
        *streams.get_mut(&frame.stream)?.waiting.as_mut()? += 1;
        self.waiting.set(self.waiting.get() + 1);
        Some(self.waiting.get() <= WAITING_MAX)
    }

    /// The content of a stream is another protocol's from now on.
    pub(super) fn becomes_tunnel(&self, stream: u32) {
        if let Some(leaving) = self.streams.borrow_mut().get_mut(&stream) {
            leaving.waiting = Some(0);
        }
    }

    /// A piece has been passed on by a tunnel.
    pub(super) fn went_on(&self, stream: u32) {
        let mut streams = self.streams.borrow_mut();
        let waiting = streams.get_mut(&stream).and_then(|leaving| leaving.waiting.as_mut());
        // Pieces that came before it was a tunnel were not counted.
        if let Some(waiting) = waiting.filter(|waiting| **waiting > 0) {
            *waiting -= 1;
            self.waiting.set(self.waiting.get().saturating_sub(1));
        }
    }

    /// A frame has come in full.
    pub(super) fn frame_ended(&self, frame: Frame) {
        if frame.ends_headers() {
            self.headers_since_ms.set(None);
        }
    }

    /// A frame of ours has been handed to the kernel in full.
    pub(super) fn frame_left(&self, frame: Frame) {
        if frame.kind == DATA {
            self.budget.borrow_mut().data_sent();
            self.content_sent_ms.set(Some(self.now_ms()));
        }
        let mut streams = self.streams.borrow_mut();
        let Some(leaving) = streams.get_mut(&frame.stream) else { return };
        if frame.kind == DATA {
            leaving.content_bytes += frame.length as u64;
        }
        if frame.ends_stream() {
            leaving.ended = true;
            if let Some(waker) = leaving.waker.take() {
                waker.wake();
            }
        }
    }

    /// Content of this stream that has been handed to the kernel.
    pub(super) fn content_bytes_left(&self, stream: u32) -> u64 {
        self.streams.borrow().get(&stream).map_or(0, |leaving| leaving.content_bytes)
    }

    /// Whether the answer of this stream has been handed to the kernel in full; the context is woken when it is.
    pub(super) fn poll_left(&self, stream: u32, context: &Context<'_>) -> Poll<()> {
        let mut streams = self.streams.borrow_mut();
        match streams.get_mut(&stream) {
            Some(leaving) if !leaving.ended => {
                leaving.waker = Some(context.waker().clone());
                Poll::Pending
            }
            Some(_) | None => Poll::Ready(()),
        }
    }

    /// Whether the connection has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    /// The connection has ended: no frame leaves any more.
    pub(super) fn close(&self) {
        self.closed.set(true);
        for leaving in self.streams.borrow_mut().values_mut() {
            if let Some(waker) = leaving.waker.take() {
                waker.wake();
            }
        }
    }

    /// Whether every stream has been recorded; the context is woken when they are.
    pub(super) fn poll_all_ended(&self, context: &Context<'_>) -> Poll<()> {
        self.drive_with(context);
        if self.is_idle() { Poll::Ready(()) } else { Poll::Pending }
    }
}
