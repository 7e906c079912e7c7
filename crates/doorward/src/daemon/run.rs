//! From start to end: lock, read, bind, serve, take orders, drain.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use doorward_admin::{Desk, Done, Order, Orders, Refused, Standing, desk};
use doorward_config::{Configuration, Diagnostic, FileStates, Home, Severity};
use doorward_limiter::{Limiter, LimiterSettings};
use doorward_logs::{Sink, SinkSettings};
use doorward_plan::server_log_directory;
use doorward_server::{Applied, Server, ServerSettings};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::source::Signature;
use super::{Daemon, Source, lock};
use crate::cli::RunArgs;
use crate::embedded::Ports;
use crate::{homes, orders, text};

/// How often files are looked at and taken addresses tried again; a changed file must then rest this long.
const TICK: Duration = Duration::from_millis(200);
/// How often certificate files are looked at.
const CERTIFICATES_TICK: Duration = Duration::from_secs(1);
/// Size at which a new HTTPERR file is begun (IIS reference §6.6).
const ERROR_LOG_BYTES: u64 = 1 << 20;
/// Chunks of log lines that may wait for the disk, 32 KiB each.
const LOG_QUEUE_CHUNKS: usize = 1024;

/// `doorward run`.
pub(crate) fn run(home: &Home, args: &RunArgs, command: &str) -> ExitCode {
    match serve(home, args, command) {
        Ok(code) => code,
        Err(error) => {
            text::complain(format!("doorward: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn serve(home: &Home, args: &RunArgs, command: &str) -> anyhow::Result<ExitCode> {
    let home = match &args.config {
        Some(file) => home.clone().with_config_file(homes::absolute(file)),
        None => home.clone(),
    };
    let _lock = match lock::take(&home) {
        Ok(lock) => lock,
        Err(lock::Taken::By(pid)) => {
            let pid = pid.map_or_else(|| "another process".to_owned(), |pid| format!("pid {pid}"));
            anyhow::bail!(
                "a doorward is running for this home already: {pid}\n  hint: `{command} status` shows it, `{command} stop` ends it, --home DIR uses another home"
            )
        }
        Err(lock::Taken::Failed(error)) => {
            return Err(error).with_context(|| {
                format!("cannot use {}; give a folder of your own with --home DIR", home.run.display())
            });
        }
    };
    let source = Source::choose(&home, args.config.is_some(), Ports { http: args.http_port, https: args.https_port });
    let configuration = match source.load_at_start(&home) {
        Ok(configuration) => {
            tell_left_out(&configuration);
            configuration
        }
        Err(error) => {
            text::complain(error.to_string());
            anyhow::bail!("the configuration cannot be used, nothing was started");
        }
    };
    raise_descriptor_limit();
    text::never_wait();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(async {
        let daemon = start(home, source, configuration, (args, command))?;
        daemon.run(args).await
    })
}

/// Says which schema files are left out: no other fault of a whole file is survived at the start.
fn tell_left_out(configuration: &Configuration) {
    let is_left_out = |finding: &&Diagnostic| finding.severity == Severity::Error && finding.site.is_none();
    let mut faults = configuration.findings.iter().filter(is_left_out).peekable();
    if faults.peek().is_some() {
        text::complain("These schema files cannot be used and are left out:");
    }
    faults.for_each(|fault| text::complain(fault.to_string()));
}

fn start(
    home: Home,
    source: Source,
    configuration: Configuration,
    (args, command): (&RunArgs, &str),
) -> anyhow::Result<Daemon> {
    let sink = Sink::start(SinkSettings {
        error_directory: server_log_directory(&home.logs),
        error_truncate_bytes: ERROR_LOG_BYTES,
        queue_chunks_max: LOG_QUEUE_CHUNKS,
        computer_name: rustix::system::uname().nodename().to_string_lossy().into_owned(),
    })?;
    // Random per process, so that nobody can choose addresses that collide in the table.
    let seed = RandomState::new().hash_one(std::process::id());
    let settings = ServerSettings {
        threads: args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
        limiter: Limiter::new(LimiterSettings { seed, ..LimiterSettings::default() }),
        head_limits: doorward_server::HeadLimits::default(),
    };
    let control = Server::start(settings, &sink).context("cannot start the serving threads")?;
    let in_force = Signature::of(&home, &configuration.list_paths());
    let files = FileStates::now(&home);
    Ok(Daemon {
        home,
        source,
        control: Arc::new(control),
        sink: Arc::new(sink),
        standing: Arc::new(Mutex::new(Standing::default())),
        configuration: Arc::new(configuration),
        scopes: Arc::default(),
        faults: Arc::default(),
        wishes: BTreeMap::new(),
        command: command.to_owned(),
        log_episode: 0,
        in_force,
        files,
    })
}

/// Takes as many descriptors as the system allows: each connection and each open file needs one.
fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if limit.current != limit.maximum && setrlimit(Resource::Nofile, raised).is_err() {
        text::complain("note: the limit of open files could not be raised");
    }
}

/// The signals we act on.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Daemon {
    async fn run(mut self, args: &RunArgs) -> anyhow::Result<ExitCode> {
        let socket_path = homes::control_socket(&self.home);
        let socket = doorward_admin::open(&socket_path)?;
        let mut signals = Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        };
        self.restore_blocks();
        let applied = self.make_true(Arc::clone(&self.configuration)).await;
        if self.is_hopeless(&applied) {
            self.complain_of_all(&applied);
            self.control.stop(Duration::ZERO).await;
            return Ok(ExitCode::FAILURE);
        }
        let (desk, orders): (Desk, Orders) = desk();
        let router =
            doorward_admin::router(Arc::clone(&self.control), Arc::clone(&self.sink), Arc::clone(&self.standing), desk);
        let (close_socket, closing) = tokio::sync::oneshot::channel::<()>();
        let socket_task = tokio::spawn(doorward_admin::serve(socket, router, async { drop(closing.await) }));
        self.greet(&applied);
        let ending = self.work(orders, &mut signals).await;
        text::line("Stopping: requests in progress may finish.");
        self.end(args, &mut signals).await;
        if let Some(answer) = ending {
            // The one who asked for the end may hang up first.
            let _nobody_waits = answer.send(Ok(Done { message: "Stopped.".to_owned(), notes: Vec::new() }));
        }
        // The socket's task ends when its last answer has left.
        drop(close_socket);
        let _ended = tokio::time::timeout(Duration::from_secs(1), socket_task).await;
        let _gone_already = std::fs::remove_file(&socket_path);
        text::line("Stopped.");
        Ok(ExitCode::SUCCESS)
    }

    /// Whether nothing could be opened. The embedded default's page is first looked for on its http port.
    fn is_hopeless(&self, applied: &Applied) -> bool {
        let counts = |address: &&SocketAddr| match self.source {
            Source::Embedded(ports) => address.port() == ports.http,
            Source::File => true,
        };
        !applied.waiting.is_empty() && !applied.opened.iter().any(|address| counts(&address))
    }

    /// Nothing could be opened: say who is in the way, and what to type.
    fn complain_of_all(&self, applied: &Applied) {
        text::complain("doorward: none of the addresses could be opened");
        for (_, explanation) in &applied.waiting {
            text::complain(format!("  {}", explanation.text));
            text::complain(format!("    hint: {}", explanation.hint));
        }
        if let Source::Embedded(ports) = self.source {
            let other = if ports.http == 8088 { 8089 } else { 8088 };
            text::complain(format!("  or use another port: {} run --http-port {other}", self.command));
        }
    }

    /// Takes orders until the end is asked for; returns whom to tell when it has come.
    async fn work(
        &mut self,
        mut orders: Orders,
        signals: &mut Signals,
    ) -> Option<tokio::sync::oneshot::Sender<Result<Done, Refused>>> {
        let mut tick = tokio::time::interval(TICK);
        let mut certificates_tick = tokio::time::interval(CERTIFICATES_TICK);
        let mut seen = self.in_force.clone();
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some((Order::Stop, answer)) => return Some(answer),
                    Some((order, answer)) => {
                        let outcome = self.carry_out(order).await;
                        let _nobody_waits = answer.send(outcome);
                    }
                    None => return None,
                },
                _ = signals.hang_up.recv() => self.reload_and_say().await,
                _ = signals.interrupt.recv() => return None,
                _ = signals.terminate.recv() => return None,
                _ = certificates_tick.tick() => self.refresh_certificates(),
                _ = tick.tick() => {
                    let now = self.signature();
                    // An editor may still be writing: act when a change has rested for a tick.
                    if now != self.in_force && now == seen {
                        self.reload_and_say().await;
                    }
                    seen = now;
                    self.retry_waiting().await;
                    self.report_log_problems();
                    self.report_faults();
                }
            }
        }
    }

    /// The files of the configuration in force as they are now.
    pub(super) fn signature(&self) -> Signature {
        Signature::of(&self.home, &self.configuration.list_paths())
    }

    async fn reload_and_say(&mut self) {
        // A refusal has been printed with its place.
        if let Ok(done) = self.reload().await {
            text::line(done.message);
            done.notes.iter().for_each(|note| text::line(format!("  {note}")));
        }
    }

    async fn carry_out(&mut self, order: Order) -> Result<Done, Refused> {
        match order {
            Order::StartSite(name) => self.start_site(&name).await,
            Order::StopSite(name) => self.stop_site(&name).await,
            Order::ImportCertificate(order) => orders::import(&self.home, &order, &self.command),
            Order::RemoveCertificate(sha1) => orders::remove((&self.home, &self.configuration), &sha1, &self.command),
            Order::Block { network, for_ms, reason } => self.block(network, for_ms, reason),
            Order::Unblock { network, text } => Ok(self.unblock(&network, &text)),
            Order::Reload | Order::Stop => self.reload().await,
            Order::AddSite(_)
            | Order::RemoveSite(_)
            | Order::AddListen(_)
            | Order::RemoveListen(_)
            | Order::BindCertificate(_)
            | Order::UnbindCertificate(_)
            | Order::SetLimits(_)
            | Order::Edit(_) => match orders::planned(order, &self.home)? {
                Some(planned) => self.make(planned).await,
                None => self.reload().await,
            },
        }
    }

    /// Drains and closes. A second Ctrl-C does not wait for the requests.
    async fn end(&self, args: &RunArgs, signals: &mut Signals) {
        tokio::select! {
            () = self.control.stop(Duration::from_secs(args.drain)) => {}
            _ = signals.interrupt.recv() => {}
        }
        self.sink.flush(Duration::from_secs(2));
    }
}
