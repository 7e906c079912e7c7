//! The client's side of a connection: what is needed to wait for it and to send to it.

use std::cell::RefCell;
use std::future::{Future as _, poll_fn};
use std::net::TcpStream;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use crate::site_use::{Pacer, Seat};
use crate::socket::Socket;
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
    /// The speed that the present answer is held to.
    pacer: RefCell<Option<Rc<Pacer>>>,
    /// Its place among the connections of its site.
    pub(crate) seat: Seat,
}

impl Downstream {
    pub(crate) fn new(worker: &Rc<Worker>, listener: u64, tcp: TcpStream, ends: Ends) -> Self {
        let watched = worker.watches.enter(listener);
        let socket = Socket::new(tcp, &watched.watch, worker.driver.enrol(watched.token));
        Self {
            worker: Rc::clone(worker),
            stream: Stream::plain(socket),
            watched,
            ends,
            pacer: RefCell::default(),
            seat: Seat::default(),
        }
    }

    /// Holds what is sent from now on to a speed, or to none.
    pub(crate) fn pace(&self, pacer: Option<Pacer>) {
        *self.pacer.borrow_mut() = pacer.map(Rc::new);
    }

    /// The speed that is held.
    pub(crate) fn pacer(&self) -> Option<Rc<Pacer>> {
        self.pacer.borrow().clone()
    }

    /// Waits, unless something else ends the connection meanwhile.
    pub(crate) async fn pause(&self, wait: Duration) -> Result<(), End> {
        if wait.is_zero() {
            return Ok(());
        }
        let watch = &self.watched.watch;
        let mut sleep = pin!(tokio::time::sleep(wait));
        let outcome = poll_fn(|context| match watch.poll_fired(context) {
            Some(fired) => Poll::Ready(Err(fired)),
            None => sleep.as_mut().poll(context).map(Ok),
        })
        .await;
        outcome.map_err(|fired| self.fired(fired))
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
