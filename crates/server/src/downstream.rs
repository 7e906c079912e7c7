//! The client's side of a connection: what is needed to wait for it and to send to it.

use std::rc::Rc;

use crate::stream::{Ends, Stream};
use crate::watch::{Fired, Watched};
use crate::worker::Worker;

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Closed: nothing of ours is on its way.
    Close,
    /// Our last answer is on its way and the client may still be sending.
    Linger,
    /// Reset (D11).
    Reset,
}

/// The client's side of a connection.
pub(crate) struct Downstream {
    pub(crate) worker: Rc<Worker>,
    pub(crate) stream: Stream,
    pub(crate) watched: Watched,
    pub(crate) ends: Ends,
}

impl Downstream {
    pub(crate) fn new(worker: &Rc<Worker>, listener: u64, stream: Stream, ends: Ends) -> Self {
        Self { worker: Rc::clone(worker), stream, watched: worker.watches.enter(listener), ends }
    }

    /// The server's clock.
    pub(crate) fn now_ms(&self) -> u64 {
        self.worker.shared.clock.now_ms()
    }

    /// A wait ended for another cause than its socket: a timer is recorded (IIS reference §6.6).
    pub(crate) fn fired(&self, fired: Fired) -> End {
        if let Fired::Timer(reason) = fired {
            let exchange = self.worker.exchange(self.ends);
            self.worker.error(&exchange, reason.http_err_reason(), None);
            self.worker.recycle(exchange);
        }
        End::Close
    }
}
