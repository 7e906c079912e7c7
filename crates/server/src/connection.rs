//! One client connection: bytes in, exchanges through the pipeline, bytes out.
//!
//! A turn reads what is there, answers every complete request whose answer is at hand, and writes all
//! answers at once. Requests that need waiting (a file to open, an upstream) leave the turn and are
//! handled alone. While a connection waits for its client it holds no buffer.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use doorward_limiter::Permit;
use doorward_plan::Plan;
use doorward_wire::{Pace, ServerMachine, TimerReason, Timers, Waiting};

use crate::downstream::{Downstream, End};
use crate::exchange::Exchange;
use crate::http2;
use crate::stream::Ends;
use crate::tls;
use crate::turn::Unread;
use crate::worker::{OpenListener, Worker, timers};

/// A request body nobody wants is read up to this size so that the connection can be kept; beyond it is closed.
pub(crate) const DISCARD_BYTES_MAX: u64 = 256 * 1024;
/// A client that sends this much at once lets others have their turn after it.
const TURN_BYTES_MAX: usize = 16 * 1024;
/// How long a closing connection still reads, so that its last answer is not lost to a reset.
const LINGER_MS: u64 = 2_000;

/// One client connection.
pub(crate) struct Connection {
    pub(crate) client: Downstream,
    pub(crate) machine: ServerMachine,
    /// Received, but not used up yet.
    pub(crate) carry: Vec<u8>,
    pub(crate) listener: Rc<OpenListener>,
    /// One snapshot of the plan, renewed between requests.
    pub(crate) plan: Arc<Plan>,
    /// Nothing has been received that tells HTTP/1 from HTTP/2.
    pub(crate) version_open: bool,
    /// HTTP/2 was agreed on in the handshake.
    pub(crate) agreed_http2: bool,
    /// The time, as read at the beginning of the present turn.
    pub(crate) now_ms: u64,
    /// When the first byte of the present head came.
    pub(crate) head_since_ms: Option<u64>,
    pub(crate) unread: Unread,
    pub(crate) discarded_bytes: u64,
    /// How fast the present body comes that nobody wants.
    pub(crate) drain_pace: Option<Pace>,
    pub(crate) idle_ms: u64,
    /// Received since others had their turn.
    pub(crate) received_bytes: usize,
    /// Answered, and waiting for their bytes to leave.
    #[expect(clippy::vec_box, reason = "they come from a pool of boxes and go back to it")]
    pub(crate) batch: Vec<Box<Exchange>>,
    /// Its place among the connections of its address.
    pub(crate) permit: Option<Permit>,
}

impl Connection {
    pub(crate) fn new(worker: &Rc<Worker>, listener: &Rc<OpenListener>, tcp: TcpStream, ends: Ends) -> Self {
        Self {
            client: Downstream::new(worker, listener.number, tcp, ends),
            machine: ServerMachine::new(worker.shared.head_limits),
            carry: Vec::new(),
            version_open: true,
            agreed_http2: false,
            listener: Rc::clone(listener),
            plan: worker.shared.plan.load_full(),
            now_ms: worker.shared.clock.now_ms(),
            head_since_ms: None,
            unread: Unread::No,
            discarded_bytes: 0,
            drain_pace: None,
            idle_ms: worker.shared.timers().idle_ms,
            received_bytes: 0,
            batch: Vec::new(),
            permit: None,
        }
    }

    /// Whether something has to be waited for before the first request.
    pub(crate) fn has_to_meet(&self) -> bool {
        self.listener.secure || self.expects_proxy_header()
    }

    /// What comes before the first request: a trusted proxy's word for its client, the limits on connections, and the
    /// TLS handshake.
    pub(crate) async fn meet(&mut self) -> Result<(), End> {
        if self.expects_proxy_header() {
            Box::pin(self.introduce()).await?;
        }
        self.pass_gate()?;
        if self.listener.secure { Box::pin(tls::handshake(self)).await } else { Ok(()) }
    }

    /// Others get their turn before a client that always has more.
    pub(crate) async fn let_others(&mut self) {
        self.received_bytes = 0;
        tokio::task::yield_now().await;
    }

    /// Whether this client has sent so much that others are to have their turn.
    pub(crate) fn has_had_its_turn(&self) -> bool {
        self.received_bytes >= TURN_BYTES_MAX
    }

    pub(crate) async fn run_http2(&mut self) -> End {
        let received = std::mem::take(&mut self.carry);
        // Boxed, so that a connection that waits in HTTP/1 does not keep room for it.
        Box::pin(http2::serve(&self.client, &self.listener, received)).await
    }

    /// Begins to wait until the client sends something; a timer or the end of the server ends the wait.
    pub(crate) fn begin_wait(&mut self) -> Result<(), End> {
        let now_ms = self.now_ms;
        self.renew_plan();
        let timers = timers(&self.plan);
        let idle = self.machine.is_idle() && self.carry.is_empty();
        let (deadline_ms, reason) = if idle {
            Timers { idle_ms: self.idle_ms, ..timers }.deadline(Waiting::Idle, now_ms)
        } else if self.machine.in_body() {
            let pace = self.drain_pace.get_or_insert_with(|| timers.body_pace(Waiting::Drain, now_ms));
            let (deadline_ms, reason) = timers.deadline(Waiting::Drain, now_ms);
            (deadline_ms.min(pace.deadline_ms()), reason)
        } else {
            timers.deadline(Waiting::Head, *self.head_since_ms.get_or_insert(now_ms))
        };
        if idle && (self.client.worker.draining.get() || self.listener.closed.get()) {
            return Err(End::Close);
        }
        let watch = &self.client.watched.watch;
        watch.set_idle(idle);
        watch.receive_by(deadline_ms, reason);
        watch.fired().map_or(Ok(()), |fired| Err(self.client.fired(fired)))
    }

    /// Something has come, or the wait is over for another cause.
    pub(crate) fn end_wait(&self) {
        let watch = &self.client.watched.watch;
        watch.set_idle(false);
        watch.receive_any_time();
    }

    /// Says that nothing more comes, and reads what the client is still sending for a moment: closing
    /// with unread bytes would reset the connection and could take our last answer with it.
    pub(crate) async fn linger(&mut self) {
        self.client.stream.shut_down_write();
        let watch = Rc::clone(&self.client.watched.watch);
        watch.receive_by(self.client.now_ms() + LINGER_MS, TimerReason::ConnectionIdle);
        let mut read = 0;
        while read < DISCARD_BYTES_MAX as usize * 4 {
            let fired = poll_fn(|context| match watch.poll_fired(context) {
                Some(_) => Poll::Ready(true),
                None => self.client.stream.poll_readable(context).map(|_| false),
            })
            .await;
            if fired {
                return;
            }
            let mut scratch = self.client.worker.scratch();
            let count = self.client.stream.try_read(&mut scratch.read);
            self.client.worker.give_back(scratch);
            match count {
                Ok(0) => return,
                Ok(count) => read += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }
}

impl Drop for Connection {
    /// A connection that ends with answers unsent (a panic, a drain) still records them.
    fn drop(&mut self) {
        if let Unread::AnswerDue(due) = std::mem::replace(&mut self.unread, Unread::No) {
            let (mut exchange, response) = *due;
            exchange.answered.status = response.status;
            exchange.answered.substatus = response.substatus;
            self.batch.push(exchange);
        }
        self.finish_batch(true);
        self.client.worker.shared.totals.open_connections.fetch_sub(1, Ordering::Relaxed);
    }
}
