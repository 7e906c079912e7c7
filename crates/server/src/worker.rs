//! One serving thread: its listeners, its connections, and what they share.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use doorward_limiter::Limiter;
use doorward_logs::ThreadLog;
use doorward_plan::{Plan, SiteId};
use doorward_wire::{HeadLimits, Timers};
use rustix::io::Errno;
use rustix::net::{SocketAddrAny, SocketFlags, acceptfrom_with};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::spawn_local;

use crate::clock::{Clock, DateLine, WallClock};
use crate::compress::Copies;
use crate::custom_fields;
use crate::driver::{self, Driver};
use crate::exchange::Exchange;
use crate::headroom::Headroom;
use crate::names::Names;
use crate::ongoing::{Ongoing, OngoingRequest};
use crate::proxy::Pool;
use crate::site_use::SiteUses;
use crate::stage::error_file::ErrorFiles;
use crate::static_file::FileCache;
use crate::status::CachedFileStatus;
use crate::stream::Ends;
use crate::tarpit::Tarpit;
use crate::tls::Store;
use crate::watch::{SWEEP_INTERVAL_MS, Watches};

/// Bytes read from a socket at a time.
const READ_BYTES: usize = 64 * 1024;
/// Reused exchanges and buffers kept per thread; more are freed.
const POOL_MAX: usize = 256;

/// What all threads share.
pub(crate) struct Shared {
    pub(crate) plan: ArcSwap<Plan>,
    /// That plan's generation, which is asked after more often than the plan.
    pub(crate) generation: AtomicU64,
    pub(crate) certificates: ArcSwap<Store>,
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) tarpit: Tarpit,
    /// What clients are called.
    pub(crate) names: Names,
    /// Counts connections and handshakes, apart from requests.
    pub(crate) gate: Arc<Limiter>,
    pub(crate) clock: Clock,
    pub(crate) head_limits: HeadLimits,
    pub(crate) headroom: Headroom,
    /// What connections of a site share.
    pub(crate) site_uses: SiteUses,
    /// Compressed copies of files.
    pub(crate) copies: Arc<Copies>,
    pub(crate) totals: Totals,
    /// Serving threads there are.
    pub(crate) threads: usize,
}

impl Shared {
    /// The time limits in force. A changed configuration reaches every wait that begins after it.
    pub(crate) fn timers(&self) -> Timers {
        timers(&self.plan.load())
    }
}

/// The time limits of a plan.
pub(crate) fn timers(plan: &Plan) -> Timers {
    let waits = plan.waits;
    Timers {
        idle_ms: waits.idle_ms,
        header_wait_ms: waits.header_ms,
        entity_body_ms: waits.body_ms,
        drain_entity_body_ms: waits.body_ms,
        min_bytes_per_second: waits.min_bytes_per_second,
    }
}

/// Counts since the start, for `status`.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) connections: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) open_connections: AtomicU64,
    pub(crate) accept_errors: AtomicU64,
    /// Upgraded connections and event streams open now.
    pub(crate) long_lived: AtomicU64,
}

/// What the control side asks of a thread. Each is acknowledged when it is done.
pub(crate) enum Command {
    /// Accept connections from this socket.
    Open(NewListener, UnboundedSender<()>),
    /// Close the socket at once; connections that came through it may end their request until the deadline.
    Close { number: u64, drain: Duration, done: UnboundedSender<()> },
    /// A new plan is in force.
    Refresh,
    /// Tell the requests that are going on.
    Ongoing(UnboundedSender<Vec<OngoingRequest>>),
    /// Tell which files are kept.
    ListFiles(UnboundedSender<Vec<CachedFileStatus>>),
    /// Forget these files, or all.
    ForgetFiles(Option<Arc<[(SiteId, String)]>>, UnboundedSender<()>),
    /// Hand log lines on now.
    FlushLog(UnboundedSender<()>),
    /// Close everything, end running requests until the deadline, and return from the thread.
    Stop { drain: Duration },
}

/// A bound socket for one thread.
pub(crate) struct NewListener {
    pub(crate) number: u64,
    pub(crate) address: SocketAddr,
    /// Whether connections start with a TLS handshake.
    pub(crate) secure: bool,
    pub(crate) socket: TcpListener,
}

/// A listening address of this thread, as the connections know it that came through it.
#[derive(Debug)]
pub(crate) struct OpenListener {
    pub(crate) number: u64,
    pub(crate) address: SocketAddr,
    pub(crate) secure: bool,
    pub(crate) closed: Cell<bool>,
}

/// What accepting comes to: a client's socket and address.
pub(crate) type Accepted = Result<(OwnedFd, Option<SocketAddrAny>), Errno>;

/// A listening address with its socket, which goes at once when it is closed.
struct Listening {
    listener: Rc<OpenListener>,
    socket: TcpListener,
}

/// Buffers of one turn of one connection; no connection keeps them while it waits.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(crate) read: Box<[u8]>,
    pub(crate) out: Vec<u8>,
}

/// One serving thread.
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) files: FileCache,
    pub(crate) error_files: ErrorFiles,
    pub(crate) upstreams: Pool,
    pub(crate) watches: Rc<Watches>,
    pub(crate) date: DateLine,
    wall: WallClock,
    pub(crate) draining: Cell<bool>,
    pub(crate) ongoing: Rc<Ongoing>,
    /// Answers being compressed.
    pub(crate) encoders: Rc<Cell<u32>>,
    log: RefCell<ThreadLog>,
    listeners: RefCell<HashMap<u64, Listening>>,
    pub(crate) driver: Driver,
    #[expect(clippy::vec_box, reason = "they change hands often")]
    scratch: RefCell<Vec<Box<Scratch>>>,
    #[expect(clippy::vec_box, reason = "a pool of boxes: an exchange is large and changes hands often")]
    exchanges: RefCell<Vec<Box<Exchange>>>,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, log: ThreadLog, driver: Driver) -> Rc<Self> {
        let worker = Rc::new(Self {
            wall: WallClock::new(shared.clock),
            limiter: Arc::clone(&shared.limiter),
            files: FileCache::new(shared.threads),
            shared,
            error_files: ErrorFiles::default(),
            upstreams: Pool::default(),
            watches: Rc::default(),
            date: DateLine::default(),
            draining: Cell::new(false),
            ongoing: Rc::default(),
            encoders: Rc::default(),
            log: RefCell::new(log),
            listeners: RefCell::default(),
            driver,
            scratch: RefCell::default(),
            exchanges: RefCell::default(),
        });
        worker.read_wall_clock(worker.shared.clock.now_ms());
        worker
    }

    fn read_wall_clock(&self, now_ms: u64) {
        self.wall.read();
        self.date.turn_to(self.wall.unix_ms_of(now_ms));
    }

    /// Serves until told to stop.
    pub(crate) async fn run(self: Rc<Self>, mut commands: UnboundedReceiver<Command>) {
        let mut sweep = tokio::time::interval(Duration::from_millis(SWEEP_INTERVAL_MS));
        spawn_local(driver::run(Rc::clone(&self)));
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Open(new, done)) => {
                        self.open(new);
                        let _control_gone = done.send(());
                    }
                    Some(Command::Close { number, drain, done }) => {
                        self.close(number, drain);
                        let _control_gone = done.send(());
                    }
                    Some(Command::Refresh) => self.refresh(),
                    Some(Command::Ongoing(asker)) => {
                        let _asker_gone = asker.send(self.ongoing.all());
                    }
                    Some(Command::ListFiles(answer)) => {
                        let _control_gone = answer.send(self.files.entries(self.shared.clock));
                    }
                    Some(Command::ForgetFiles(which, done)) => {
                        which.map_or_else(|| self.files.clear(), |files| self.files.forget(&files));
                        let _control_gone = done.send(());
                    }
                    Some(Command::FlushLog(done)) => {
                        self.log.borrow_mut().flush();
                        let _control_gone = done.send(());
                    }
                    Some(Command::Stop { drain }) => return self.stop(drain).await,
                    None => return self.stop(Duration::ZERO).await,
                },
                _ = sweep.tick() => self.sweep(),
            }
        }
    }

    fn open(&self, NewListener { number, address, secure, socket }: NewListener) {
        if self.driver.watch_listener(&socket, number).is_err() {
            self.shared.totals.accept_errors.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let listener = Rc::new(OpenListener { number, address, secure, closed: Cell::new(false) });
        self.listeners.borrow_mut().insert(number, Listening { listener, socket });
    }

    fn close(self: &Rc<Self>, number: u64, drain: Duration) {
        let Some(listening) = self.listeners.borrow_mut().remove(&number) else { return };
        self.shut(listening);
        Self::end_waits(self.watches.drain_idle(Some(number)));
        let worker = Rc::clone(self);
        spawn_local(async move {
            tokio::time::sleep(drain).await;
            Self::end_waits(worker.watches.drain_all(Some(number)));
        });
    }

    /// The next client that waits at a listener, if that is open.
    pub(crate) fn next_client(&self, number: u64) -> Option<(Rc<OpenListener>, Accepted)> {
        let listeners = self.listeners.borrow();
        let Listening { listener, socket } = listeners.get(&number)?;
        let accepted = acceptfrom_with(socket, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC);
        Some((Rc::clone(listener), accepted))
    }

    /// Whether clients at this listener are to be told of.
    pub(crate) fn listen_on(&self, number: u64, on: bool) {
        if let Some(Listening { socket, .. }) = self.listeners.borrow().get(&number) {
            if on {
                let _watched_already = self.driver.watch_listener(socket, number);
            } else {
                self.driver.forget_listener(socket);
            }
        }
    }

    /// Closes a listening socket.
    fn shut(&self, Listening { listener, socket }: Listening) {
        listener.closed.set(true);
        self.driver.forget_listener(&socket);
    }

    fn refresh(&self) {
        self.files.clear();
        self.error_files.clear();
    }

    fn sweep(self: &Rc<Self>) {
        let now_ms = self.shared.clock.now_ms();
        self.read_wall_clock(now_ms);
        Self::end_waits(self.watches.sweep(now_ms));
        self.files.sweep(now_ms);
        self.upstreams.sweep(now_ms);
        let mut log = self.log.borrow_mut();
        if log.is_dirty() {
            log.flush();
        }
    }

    async fn stop(self: Rc<Self>, drain: Duration) {
        self.draining.set(true);
        let listeners: Vec<_> = self.listeners.borrow_mut().drain().collect();
        for (_, listening) in listeners {
            self.shut(listening);
        }
        let deadline_ms = self.shared.clock.now_ms() + u64::try_from(drain.as_millis()).unwrap_or(u64::MAX);
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        let mut forced = false;
        while self.watches.count() > 0 {
            Self::end_waits(self.watches.drain_idle(None));
            tick.tick().await;
            let now_ms = self.shared.clock.now_ms();
            self.read_wall_clock(now_ms);
            Self::end_waits(self.watches.sweep(now_ms));
            if now_ms >= deadline_ms {
                if forced {
                    break;
                }
                Self::end_waits(self.watches.drain_all(None));
                forced = true;
            }
        }
        self.log.borrow_mut().flush();
    }

    /// The buffers for one turn.
    #[expect(clippy::unnecessary_box_returns, reason = "it moves in and out of a cell many times a second")]
    pub(crate) fn scratch(&self) -> Box<Scratch> {
        self.scratch.borrow_mut().pop().unwrap_or_else(|| {
            Box::new(Scratch { read: vec![0; READ_BYTES].into_boxed_slice(), out: Vec::with_capacity(READ_BYTES) })
        })
    }

    /// Gives the buffers back.
    pub(crate) fn give_back(&self, mut scratch: Box<Scratch>) {
        scratch.out.clear();
        self.scratch.borrow_mut().push(scratch);
    }

    /// An exchange fit for a new request.
    pub(crate) fn exchange(&self, ends: Ends) -> Box<Exchange> {
        match self.exchanges.borrow_mut().pop() {
            Some(mut exchange) => {
                exchange.reset(ends);
                exchange
            }
            None => Box::new(Exchange::new(ends)),
        }
    }

    /// Takes an exchange back; its permit is released.
    pub(crate) fn recycle(&self, mut exchange: Box<Exchange>) {
        exchange.admission = None;
        exchange.place = None;
        exchange.long_lived = None;
        exchange.site = None;
        exchange.effective = None;
        let mut pool = self.exchanges.borrow_mut();
        if pool.len() < POOL_MAX {
            pool.push(exchange);
        }
    }

    /// Records a finished exchange and takes it back.
    pub(crate) fn finish(&self, exchange: Box<Exchange>) {
        self.shared.totals.requests.fetch_add(1, Ordering::Relaxed);
        let site = exchange.site.as_ref().filter(|site| site.log.writes_lines() && exchange.is_recorded());
        if let Some(site) = site {
            let values = custom_fields::values(&site.log, &exchange);
            let custom: Vec<_> = values.iter().map(Option::as_deref).collect();
            let now_ms = self.shared.clock.now_ms();
            let record = exchange.record(&custom, now_ms, self.wall.unix_ms_of(now_ms));
            self.log.borrow_mut().write(&site.log, &record);
        }
        self.recycle(exchange);
    }

    /// Writes an HTTPERR line.
    pub(crate) fn error(&self, exchange: &Exchange, reason: &str, status: Option<u16>) {
        self.log.borrow_mut().error(&exchange.error_record(reason, status));
    }
}
