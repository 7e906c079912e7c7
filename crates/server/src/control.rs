//! The handle of a running server: prepare a plan, commit it, look at it, stop.

mod kept;

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use doorward_limiter::{Limiter, LimiterSettings};
use doorward_logs::{Sink, ThreadLog};
use doorward_plan::{Change, Plan};
use doorward_wire::HeadLimits;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::LocalSet;

use crate::clock::Clock;
use crate::driver::{Driver, new_set};
use crate::headroom::Headroom;
use crate::listener::bind;
use crate::names::Names;
use crate::ongoing::OngoingRequest;
use crate::port_owner::{Explanation, explain};
use crate::site_use::SiteUses;
use crate::status::{ListenerState, ListenerStatus, ServerStatus};
use crate::tarpit::Tarpit;
use crate::tls::{CertificateStatus, Store};
use crate::worker::{Command, NewListener, Shared, Totals, Worker};

/// Threads of the pool that opens files and looks names up, per serving thread, made as they are needed: some may hang
/// on a slow disk or resolver without keeping the others.
const BLOCKING_THREADS: usize = 32;
/// Addresses whose connections are counted at a time; beyond it neighbours are counted together (D21).
const GATE_CLIENTS_MAX: usize = 65_536;
/// How long connections of a closed listener may still run (IIS's `shutdownTimeLimit` is 90 s; its stop does not wait).
const CLOSE_DRAIN: Duration = Duration::from_secs(30);

/// What a server is started with.
pub struct ServerSettings {
    /// Serving threads; each has its own event loop.
    pub threads: usize,
    /// The counters of all clients.
    pub limiter: Arc<Limiter>,
    /// Size limits of request heads.
    pub head_limits: HeadLimits,
}

/// Starts the serving threads.
pub struct Server;

struct Thread {
    commands: UnboundedSender<Command>,
    handle: JoinHandle<()>,
}

/// An address of the plan.
enum Held {
    Open { number: u64, _socket: TcpListener },
    Waiting(Explanation),
}

/// The handle of a running server.
pub struct Control {
    shared: Arc<Shared>,
    threads: std::sync::Mutex<Vec<Thread>>,
    held: Mutex<BTreeMap<SocketAddr, Held>>,
    next_number: AtomicU64,
}

/// A plan whose new addresses are bound. Dropped, it is undone; committed, it is in force.
pub struct Prepared<'c> {
    control: &'c Control,
    plan: Plan,
    change: Change,
    certificates: Store,
    bound: Vec<(SocketAddr, Result<TcpListener, Explanation>)>,
}

/// What a commit did.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// Addresses that are open now and were not before.
    pub opened: Vec<SocketAddr>,
    /// Addresses that were open and are free now.
    pub closed: Vec<SocketAddr>,
    /// Addresses somebody else holds (D25).
    pub waiting: Vec<(SocketAddr, Explanation)>,
}

impl Server {
    /// Starts with an empty plan. Errors: a thread or its event loop could not be made.
    pub fn start(settings: ServerSettings, sink: &Sink) -> io::Result<Control> {
        let shared = Arc::new(Shared {
            plan: ArcSwap::from_pointee(Plan::default()),
            generation: AtomicU64::new(Plan::default().generation),
            certificates: ArcSwap::from_pointee(Store::default()),
            limiter: settings.limiter,
            tarpit: Tarpit::default(),
            names: Names::default(),
            gate: Limiter::new(LimiterSettings {
                clients_max: GATE_CLIENTS_MAX,
                evidence_max: 1,
                seed: RandomState::new().hash_one(0),
            }),
            clock: Clock::start(),
            head_limits: settings.head_limits,
            headroom: Headroom::of_process(),
            site_uses: SiteUses::default(),
            copies: Arc::default(),
            totals: Totals::default(),
            threads: settings.threads.max(1),
        });
        let mut threads = Vec::new();
        for number in 0..settings.threads.max(1) {
            threads.push(start_thread(number, Arc::clone(&shared), sink.thread_log())?);
        }
        Ok(Control {
            shared,
            threads: std::sync::Mutex::new(threads),
            held: Mutex::new(BTreeMap::new()),
            next_number: AtomicU64::new(1),
        })
    }
}

fn start_thread(number: usize, shared: Arc<Shared>, log: ThreadLog) -> io::Result<Thread> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()?;
    let set = new_set()?;
    let (commands, receiver): (_, UnboundedReceiver<Command>) = unbounded_channel();
    let handle = std::thread::Builder::new().name(format!("serve-{number}")).spawn(move || {
        let worker = Worker::new(shared, log, Driver::new(set));
        LocalSet::new().block_on(&runtime, worker.run(receiver));
        // A file being opened on a hanging disk must not keep the process.
        runtime.shutdown_background();
    })?;
    Ok(Thread { commands, handle })
}

impl Control {
    /// The plan in force.
    pub fn plan(&self) -> Arc<Plan> {
        self.shared.plan.load_full()
    }

    /// The clock of limits and timers.
    pub fn clock(&self) -> Clock {
        self.shared.clock
    }

    /// The counters of all clients.
    pub fn limiter(&self) -> &Arc<Limiter> {
        &self.shared.limiter
    }

    /// Binds every address that is new in `plan`. Nothing is in force yet.
    pub fn prepare(&self, plan: Plan) -> Prepared<'_> {
        let present = self.shared.plan.load();
        let change = Change::between(&present, &plan);
        let bound = change
            .open
            .iter()
            .filter(|address| !change.close.iter().any(|closing| overlaps(**address, *closing)))
            .map(|address| (*address, open(*address)))
            .collect();
        let certificates = Store::of(&plan, &self.shared.certificates.load());
        Prepared { control: self, plan, certificates, change, bound }
    }

    /// Looks whether certificate files have changed, and uses what is new; connections there are go on as they are.
    /// Returns whether anything changed.
    pub fn refresh_certificates(&self) -> bool {
        let present = self.shared.certificates.load();
        let fresh = Store::of(&self.shared.plan.load(), &present);
        let changed = !fresh.is_same(&present);
        if changed {
            self.shared.certificates.store(Arc::new(fresh));
        }
        changed
    }

    /// Every certificate in use, and what is wrong with it.
    pub fn certificates(&self) -> Vec<CertificateStatus> {
        self.shared.certificates.load().status()
    }

    /// Tries again the addresses that others hold; returns those that are open now.
    pub async fn retry_waiting(&self) -> Vec<SocketAddr> {
        let mut held = self.held.lock().await;
        let waiting: Vec<SocketAddr> =
            held.iter().filter(|(_, held)| matches!(held, Held::Waiting(_))).map(|(address, _)| *address).collect();
        let mut opened = Vec::new();
        for address in waiting {
            if let Ok(socket) = bind(address)
                && let Ok(open) = self.hand_out(address, socket).await
            {
                held.insert(address, open);
                opened.push(address);
            }
        }
        opened
    }

    /// Gives a bound socket to every thread.
    async fn hand_out(&self, address: SocketAddr, socket: TcpListener) -> io::Result<Held> {
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        let (done, mut acknowledged) = unbounded_channel();
        let secure = self.plan().listeners.get(&address).is_some_and(|listener| listener.secure);
        let threads = self.commands();
        // All or none: a thread that listened alone would hold the address against our own next try.
        let sockets = threads.iter().map(|_| socket.try_clone()).collect::<io::Result<Vec<_>>>()?;
        for (commands, socket) in threads.into_iter().zip(sockets) {
            let _stopping = commands.send(Command::Open(NewListener { number, address, secure, socket }, done.clone()));
        }
        drop(done);
        while acknowledged.recv().await.is_some() {}
        Ok(Held::Open { number, _socket: socket })
    }

    fn commands(&self) -> Vec<UnboundedSender<Command>> {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.iter().map(|thread| thread.commands.clone()).collect()
    }

    /// What is running.
    pub async fn status(&self) -> ServerStatus {
        let held = self.held.lock().await;
        let plan = self.plan();
        let listeners = plan.listeners.iter().map(|(address, listener)| {
            let explanation = match held.get(address) {
                Some(Held::Waiting(explanation)) => Some(explanation),
                Some(Held::Open { .. }) | None => None,
            };
            ListenerStatus {
                address: *address,
                state: if explanation.is_some() { ListenerState::Waiting } else { ListenerState::Open },
                early_abort: listener.early_abort.is_some(),
                sites: listener.sites().iter().map(|site| site.name.clone()).collect(),
                culprit: explanation.map(|explanation| explanation.text.clone()),
                hint: explanation.map(|explanation| explanation.hint.clone()),
            }
        });
        let totals = &self.shared.totals;
        ServerStatus {
            listeners: listeners.collect(),
            threads: self.commands().len(),
            up_ms: self.shared.clock.now_ms(),
            connections: totals.connections.load(Ordering::Relaxed),
            open_connections: totals.open_connections.load(Ordering::Relaxed),
            requests: totals.requests.load(Ordering::Relaxed),
            accept_errors: totals.accept_errors.load(Ordering::Relaxed),
            long_lived: totals.long_lived.load(Ordering::Relaxed),
        }
    }

    /// Requests that have begun and wait for something, a thousand of each thread at most, each with its thread's number.
    pub async fn ongoing(&self) -> Vec<(usize, OngoingRequest)> {
        let mut all = Vec::new();
        for (thread, commands) in self.commands().into_iter().enumerate() {
            let (asker, mut answer) = unbounded_channel();
            let _ending = commands.send(Command::Ongoing(asker));
            let rows = answer.recv().await.unwrap_or_default();
            all.extend(rows.into_iter().map(|row| (thread, row)));
        }
        all.sort_by_key(|(_, row)| row.started_ms);
        all
    }

    /// Closes every listener, lets running requests end within `drain`, and ends the threads.
    pub async fn stop(&self, drain: Duration) {
        self.held.lock().await.clear();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in &threads {
            let _ended = thread.commands.send(Command::Stop { drain });
        }
        let join = move || threads.into_iter().for_each(|thread| drop(thread.handle.join()));
        // The threads end by themselves; joining blocks, so not on this loop.
        let _joined = tokio::task::spawn_blocking(join).await;
    }
}

fn open(address: SocketAddr) -> Result<TcpListener, Explanation> {
    bind(address).map_err(|error| explain(address, &error))
}

/// Whether the kernel gives out only one of the two at a time.
fn overlaps(wanted: SocketAddr, held: SocketAddr) -> bool {
    wanted.port() == held.port()
        && wanted.is_ipv4() == held.is_ipv4()
        && (wanted.ip() == held.ip() || wanted.ip().is_unspecified() || held.ip().is_unspecified())
}

impl Prepared<'_> {
    /// The addresses that could not be bound because somebody else holds them.
    pub fn waiting(&self) -> impl Iterator<Item = (SocketAddr, &Explanation)> {
        self.bound.iter().filter_map(|(address, bound)| Some((*address, bound.as_ref().err()?)))
    }

    /// Puts the plan in force. When it returns, closed addresses are free and new ones accept.
    pub async fn commit(self) -> Applied {
        let Self { control, plan, certificates, change, mut bound } = self;
        let mut held = control.held.lock().await;
        let certificates_before = control.shared.certificates.load_full();
        control.shared.certificates.store(Arc::new(certificates.joined(&certificates_before)));
        let generation = plan.generation;
        control.shared.plan.store(Arc::new(plan));
        control.shared.generation.store(generation, Ordering::Release);
        control.shared.certificates.store(Arc::new(certificates));
        for commands in control.commands() {
            let _stopping = commands.send(Command::Refresh);
        }
        let mut applied = Applied { closed: change.close.clone(), ..Applied::default() };
        for address in &change.close {
            if let Some(Held::Open { number, .. }) = held.remove(address) {
                control.close(number).await;
            }
        }
        // These had to wait for an address of ours that overlaps.
        let bound_already: Vec<SocketAddr> = bound.iter().map(|(address, _)| *address).collect();
        let deferred = change.open.iter().filter(|address| !bound_already.contains(address));
        bound.extend(deferred.map(|address| (*address, open(*address))));
        for (address, bound) in bound {
            let handed = match bound {
                Ok(socket) => control.hand_out(address, socket).await.map_err(|error| explain(address, &error)),
                Err(explanation) => Err(explanation),
            };
            match handed {
                Ok(open) => {
                    applied.opened.push(address);
                    held.insert(address, open);
                }
                Err(explanation) => {
                    applied.waiting.push((address, explanation.clone()));
                    held.insert(address, Held::Waiting(explanation));
                }
            }
        }
        applied
    }
}

impl Control {
    /// Closes a listener in every thread; returns when the address is free.
    async fn close(&self, number: u64) {
        let (done, mut acknowledged) = unbounded_channel();
        for commands in self.commands() {
            let _stopping = commands.send(Command::Close { number, drain: CLOSE_DRAIN, done: done.clone() });
        }
        drop(done);
        while acknowledged.recv().await.is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wanted: &str, held: &str, expected: bool) {
        assert_eq!(overlaps(wanted.parse().unwrap(), held.parse().unwrap()), expected, "{wanted} {held}");
    }

    #[test]
    fn overlap() {
        check("0.0.0.0:80", "127.0.0.2:80", true);
        check("127.0.0.2:80", "0.0.0.0:80", true);
        check("127.0.0.2:80", "127.0.0.2:80", true);
        check("127.0.0.2:80", "127.0.0.3:80", false);
        check("127.0.0.2:80", "0.0.0.0:81", false);
        check("[::]:80", "0.0.0.0:80", false);
    }
}
