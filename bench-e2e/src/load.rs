//! The clients: one thread, many connections from many source addresses, loopback only, bounded in time.

mod connection;
mod reply;
mod tls;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rustix::event::{Timespec, epoll};

use crate::server::Server;
use connection::{Answers, Connection, Progress};
pub use tls::Tls;

/// Source addresses begin here.
const FIRST_SOURCE: u32 = u32::from_be_bytes([127, 16, 0, 0]);
/// The longest that connections may take to be there, beyond the times asked for.
const PATIENCE: Duration = Duration::from_secs(20);
const READ_BYTES: usize = 256 * 1024;

/// What becomes of a connection after its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The next request goes over it.
    KeepAlive,
    /// It is closed and another one opened, from the next address.
    OneShot,
    /// No answer is expected: every end counts as one, then another connection is opened, from the same address.
    Refused,
    /// One request, then it stays open until the end.
    Idle,
}

/// What the clients do.
#[derive(Clone, Debug)]
pub struct Load {
    pub to: Vec<SocketAddr>,
    pub path: &'static str,
    pub kind: Kind,
    pub connections: usize,
    /// Connections that wait for answers at a time.
    pub in_flight: usize,
    /// Requests that a connection sends at once.
    pub depth: u32,
    /// Source addresses, used in turn; the first of them is so far from the first there is.
    pub sources: u32,
    pub first_source: u32,
    /// Each request names another client than the one before in `X-Forwarded-For`, out of so many; 0 for none.
    pub named_clients: u32,
    pub tls: Option<Tls>,
    pub warm_up: Duration,
    pub measured: Duration,
    /// Ends after so many answers, if that is sooner.
    pub requests_max: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Answers, or ends where no answer is expected.
    pub requests: u64,
    /// Answers with 200.
    pub ok: u64,
    /// Connections that ended before their answer.
    pub lost: u64,
    pub handshakes: u64,
    pub resumed: u64,
    pub seconds: f64,
    /// CPU time of the server's processes.
    pub server_cpu_us: f64,
    /// CPU time of the clients: near the seconds, they are what bounds the rate.
    pub load_cpu_us: f64,
    pub p50_us: u32,
    pub p99_us: u32,
    /// Resident memory of the server before the first connection and at the end.
    pub memory_kib: (u64, u64),
    /// Connections there were at the end.
    pub established: usize,
    /// Source addresses used, so that another round can go on after them.
    pub next_source: u32,
}

struct Clients<'l> {
    load: &'l Load,
    epoll: OwnedFd,
    connections: Vec<Connection>,
    waiting: VecDeque<usize>,
    in_flight: usize,
    established: usize,
    next_source: u32,
    next_client: u32,
    counted: Outcome,
    waits_us: Vec<u32>,
}

/// Does it against a server.
pub fn run(load: &Load, server: &Server) -> anyhow::Result<Outcome> {
    ensure!(load.to.iter().all(|to| to.ip().is_loopback()), "loopback only");
    let memory_before = server.memory_kib();
    let mut clients = Clients::open(load)?;
    clients.turn_until(load.warm_up, true)?;
    let (own_before, server_before) = (crate::server::own_cpu_us(), server.cpu_us());
    (clients.counted, clients.waits_us) = (Outcome::default(), Vec::with_capacity(1 << 20));
    let begun = Instant::now();
    clients.turn_until(load.measured, false)?;
    let mut outcome = clients.counted;
    outcome.seconds = begun.elapsed().as_secs_f64();
    outcome.server_cpu_us = server.cpu_us() - server_before;
    outcome.load_cpu_us = crate::server::own_cpu_us() - own_before;
    outcome.memory_kib = (memory_before, server.memory_kib());
    outcome.established = clients.established;
    outcome.next_source = clients.next_source;
    (outcome.p50_us, outcome.p99_us) = percentiles(&mut clients.waits_us);
    Ok(outcome)
}

fn percentiles(waits_us: &mut [u32]) -> (u32, u32) {
    waits_us.sort_unstable();
    let at = |part: usize| waits_us.get(waits_us.len() * part / 100).copied().unwrap_or_default();
    (at(50), at(99))
}

impl<'l> Clients<'l> {
    fn open(load: &'l Load) -> anyhow::Result<Self> {
        let mut clients = Self {
            load,
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            connections: Vec::with_capacity(load.connections),
            waiting: VecDeque::new(),
            in_flight: 0,
            established: 0,
            next_source: load.first_source,
            next_client: load.first_source,
            counted: Outcome::default(),
            waits_us: Vec::new(),
        };
        for index in 0..load.connections {
            let connection = clients.connect(index)?;
            clients.connections.push(connection);
            // A backlog is finite.
            if index % 200 == 199 {
                clients.turn(Duration::from_millis(3))?;
            }
        }
        Ok(clients)
    }

    fn connect(&mut self, index: usize) -> anyhow::Result<Connection> {
        let offset = if self.load.kind == Kind::Refused { index as u32 } else { self.next_source };
        self.next_source += 1;
        let source = Ipv4Addr::from(FIRST_SOURCE + offset % self.load.sources);
        let to = self.load.to[index % self.load.to.len()];
        let connection = Connection::open(source, to, self.load.tls.as_ref())
            .with_context(|| format!("connecting from {source} to {to}"))?;
        let flags = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::RDHUP | epoll::EventFlags::ET;
        epoll::add(&self.epoll, connection.socket(), epoll::EventData::new_u64(index as u64), flags)?;
        Ok(connection)
    }

    /// Goes on for a time; when warming up, also until every connection is there.
    fn turn_until(&mut self, time: Duration, warming_up: bool) -> anyhow::Result<()> {
        let begun = Instant::now();
        let lasting = matches!(self.load.kind, Kind::KeepAlive | Kind::Idle);
        loop {
            let elapsed = begun.elapsed();
            if self.counted.requests >= self.load.requests_max {
                return Ok(());
            }
            let is_there = !warming_up || !lasting || self.established >= self.load.connections;
            if elapsed >= time && is_there {
                return Ok(());
            }
            ensure!(elapsed < time + PATIENCE, "only {} of {} connections", self.established, self.load.connections);
            self.turn(Duration::from_millis(20))?;
        }
    }

    fn turn(&mut self, wait: Duration) -> anyhow::Result<()> {
        let mut events = [MaybeUninit::uninit(); 512];
        let timeout = Timespec { tv_sec: 0, tv_nsec: wait.subsec_nanos().into() };
        let (ready, _) = epoll::wait(&self.epoll, &mut events, Some(&timeout))?;
        let ready: Vec<usize> = ready.iter().map(|event| event.data.u64() as usize).collect();
        READ.with_borrow_mut(|buffer| ready.into_iter().try_for_each(|index| self.progress(index, buffer)))
    }

    fn progress(&mut self, index: usize, buffer: &mut [u8]) -> anyhow::Result<()> {
        loop {
            match self.connections[index].progress(buffer) {
                Progress::Nothing => return Ok(()),
                Progress::Established(resumed) => {
                    self.established += 1;
                    self.counted.handshakes += u64::from(self.load.tls.is_some());
                    self.counted.resumed += u64::from(resumed);
                    self.waiting.push_back(index);
                    self.ask_next();
                }
                Progress::Answered(answers) => {
                    self.count(index, answers);
                    return self.answered(index);
                }
                Progress::Ended => return self.ended(index),
            }
        }
    }

    fn count(&mut self, index: usize, answers: Answers) {
        self.counted.requests += u64::from(answers.all);
        self.counted.ok += u64::from(answers.ok);
        self.waits_us.push(self.connections[index].waited_us());
    }

    fn answered(&mut self, index: usize) -> anyhow::Result<()> {
        self.in_flight -= 1;
        match self.load.kind {
            Kind::KeepAlive => self.waiting.push_back(index),
            Kind::OneShot | Kind::Refused => self.again(index)?,
            Kind::Idle => {}
        }
        self.ask_next();
        Ok(())
    }

    fn ended(&mut self, index: usize) -> anyhow::Result<()> {
        if self.connections[index].is_asking() {
            self.in_flight -= 1;
            self.counted.lost += 1;
        }
        if self.load.kind == Kind::Refused {
            self.count(index, Answers { all: 1, ok: 0 });
        }
        self.waiting.retain(|waiting| *waiting != index);
        self.again(index)?;
        self.ask_next();
        Ok(())
    }

    /// Another connection in the place of one that is over.
    fn again(&mut self, index: usize) -> anyhow::Result<()> {
        self.established -= usize::from(self.connections[index].is_established());
        self.connections[index] = self.connect(index)?;
        Ok(())
    }

    fn ask_next(&mut self) {
        while self.in_flight < self.load.in_flight
            && let Some(index) = self.waiting.pop_front()
        {
            let depth = self.load.depth;
            let requests = self.request(index).repeat(depth as usize);
            self.connections[index].ask(requests.as_bytes(), depth);
            self.in_flight += 1;
        }
    }

    fn request(&mut self, index: usize) -> String {
        let Load { path, to, kind, named_clients, .. } = self.load;
        let host = to[index % to.len()];
        let mut request =
            format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: doorward-bench/1\r\nAccept: */*\r\n");
        if *kind == Kind::OneShot {
            request.push_str("Connection: close\r\n");
        }
        if *named_clients > 0 {
            let client = Ipv4Addr::from(u32::from_be_bytes([10, 0, 0, 0]) + self.next_client % named_clients);
            self.next_client += 1;
            let _infallible = write!(request, "X-Forwarded-For: {client}\r\n");
        }
        request + "\r\n"
    }
}

thread_local! {
    static READ: std::cell::RefCell<Box<[u8]>> = std::cell::RefCell::new(vec![0; READ_BYTES].into_boxed_slice());
}
