//! One scenario: every server is started, then they take turns, round after round.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::ensure;

use crate::http2;
use crate::load::{self, Kind, Load, Outcome, Tls};
use crate::scenario::{KEEP_ALIVE, Requests, Scenario, Work};
use crate::server::Server;
use crate::setup::{Place, Setup, UPSTREAM};
use crate::subject::{Subject, ceiling};

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    pub rounds: usize,
    pub warm_up: Duration,
    pub measured: Duration,
    /// Only those who are nearest to nginx: the rest is known to be slower, or knows no limits.
    pub quick: bool,
}

/// The files and certificates all share.
#[derive(Debug)]
pub struct Common<'c> {
    pub scratch: &'c Path,
}

/// What one server did in one scenario, a value for each round.
#[derive(Clone, Debug)]
pub struct Row {
    pub subject: Subject,
    pub variant: &'static str,
    /// CPU microseconds a request, KiB a connection or bytes a client.
    pub values: Vec<f64>,
    pub outcomes: Vec<Outcome>,
}

struct Entrant {
    row: Row,
    setup: Setup,
    server: Server,
}

impl Scenario {
    /// Who takes part: what is not installed does not.
    pub fn takers(&self, quick: bool) -> impl Iterator<Item = Subject> {
        let asked = self.subjects.iter().copied().filter(move |subject| !quick || subject.is_quick());
        asked.filter(|subject| subject.is_installed())
    }

    /// How many times each server is measured.
    pub fn rounds(&self, pace: Pace) -> usize {
        match self.work {
            Work::Requests(_) | Work::Http2 | Work::Reload(_) => pace.rounds * self.patience,
            // Memory is no noise, and a warm server would need less.
            Work::Idle(_) | Work::Clients(_) => 1,
        }
    }
}

/// Measures one scenario; servers that cannot do it, or are not installed, have no row.
pub fn scenario(scenario: &Scenario, pace: Pace, common: &Common<'_>) -> anyhow::Result<Vec<Row>> {
    // It ends with the scenario.
    let _upstream = if scenario.setups.iter().any(|(_, setup)| setup.forwards) {
        Some(Server::start(ceiling::upstream(&common.scratch.join("www/1k.html"))?, vec![UPSTREAM], "1")?)
    } else {
        None
    };
    let mut entrants = Vec::new();
    for (number, (variant, setup)) in scenario.setups.iter().enumerate() {
        for subject in scenario.takers(pace.quick) {
            entrants.extend(entrant(subject, (number, variant, setup), (scenario, common))?);
        }
    }
    for _ in 0..scenario.rounds(pace) {
        for entrant in &mut entrants {
            let outcome = once(entrant, scenario.work, pace)?;
            entrant.row.values.push(value(scenario.work, &outcome));
            entrant.row.outcomes.push(outcome);
        }
    }
    Ok(entrants.into_iter().map(|entrant| entrant.row).collect())
}

fn entrant(
    subject: Subject,
    (number, variant, setup): (usize, &'static str, &Setup),
    (scenario, common): (&Scenario, &Common<'_>),
) -> anyhow::Result<Option<Entrant>> {
    let mut server: Option<Server> = None;
    for copy in 0..setup.servers {
        let port = subject.port() + 10 * u16::try_from(number)? + COPIES_APART * u16::from(copy);
        let Some(next) = started(subject, (port, setup), (scenario, common))? else { return Ok(None) };
        server = Some(match server {
            Some(first) => next.and(first),
            None => next,
        });
    }
    let row = Row { subject, variant, values: Vec::new(), outcomes: Vec::new() };
    Ok(server.map(|server| Entrant { row, setup: *setup, server }))
}

/// Between the ports of servers that share their clients.
const COPIES_APART: u16 = 100;

fn started(
    subject: Subject,
    (port, setup): (u16, &Setup),
    (scenario, common): (&Scenario, &Common<'_>),
) -> anyhow::Result<Option<Server>> {
    let scratch = common.scratch;
    let place = Place {
        home: scratch.join(format!("{}-{port}", scenario.name)),
        www: scratch.join("www"),
        certificate: scratch.join("cert.pem"),
        key: scratch.join("key.pem"),
        both: scratch.join("both.pem"),
        port,
    };
    std::fs::create_dir_all(&place.home)?;
    let Some(launch) = subject.set_up(*setup, &place)? else { return Ok(None) };
    Server::start(launch, place.addresses(*setup), setup.cores()).map(Some)
}

fn once(entrant: &Entrant, work: Work, pace: Pace) -> anyhow::Result<Outcome> {
    let server = &entrant.server;
    match work {
        Work::Requests(requests) => asked(entrant, requests, pace),
        Work::Reload(requests) => reloading(server, || asked(entrant, requests, pace)),
        Work::Http2 => {
            let outcome = http2::run(server.addresses[0], entrant.setup.tls, pace.measured.as_secs_f64(), server)?;
            expect(entrant, KEEP_ALIVE.expected, outcome)
        }
        Work::Idle(connections) => {
            let idle = Requests { kind: Kind::Idle, connections, ..KEEP_ALIVE };
            load::run(&load_of(entrant, idle, pace, 0)?, server)
        }
        Work::Clients(clients) => {
            let asking = Requests { named_clients: clients, ..KEEP_ALIVE };
            let most = Duration::from_secs(u64::from(clients) / CLIENTS_PER_S);
            let pace = Pace { warm_up: Duration::ZERO, measured: most, ..pace };
            let load = Load { requests_max: clients.into(), ..load_of(entrant, asking, pace, 0)? };
            load::run(&load, server)
        }
    }
}

/// The least rate at which a server may be told of new clients.
const CLIENTS_PER_S: u64 = 10_000;

fn asked(entrant: &Entrant, requests: Requests, pace: Pace) -> anyhow::Result<Outcome> {
    let next_source = entrant.row.outcomes.last().map_or(0, |last| last.next_source);
    expect(entrant, requests.expected, load::run(&load_of(entrant, requests, pace, next_source)?, &entrant.server)?)
}

/// Fast answers that are wrong count for nothing.
fn expect(entrant: &Entrant, status: u16, outcome: Outcome) -> anyhow::Result<Outcome> {
    let name = entrant.row.subject.name();
    ensure!(outcome.requests > 4, "{name}: only {} answers: {outcome:?}", outcome.requests);
    let expected = if status == 200 { outcome.ok } else { outcome.requests - outcome.ok };
    let share = expected as f64 / outcome.requests as f64;
    ensure!(share > 0.99, "{name}: only {:.1} % of the answers are {status}", share * 100.0);
    Ok(outcome)
}

fn load_of(entrant: &Entrant, requests: Requests, pace: Pace, first_source: u32) -> anyhow::Result<Load> {
    let Requests { path, kind, connections, depth, sources, named_clients, expected: _ } = requests;
    let Setup { tls, tickets, .. } = entrant.setup;
    Ok(Load {
        to: entrant.server.addresses.clone(),
        path,
        kind,
        connections,
        in_flight: connections.min(64),
        depth,
        sources,
        first_source,
        named_clients,
        tls: if tls { Some(Tls::new(tickets)?) } else { None },
        warm_up: pace.warm_up,
        measured: pace.measured,
        requests_max: u64::MAX,
    })
}

/// Does it while the server reads its configuration again and again.
fn reloading(server: &Server, work: impl FnOnce() -> anyhow::Result<Outcome>) -> anyhow::Result<Outcome> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reloads = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                server.reload()?;
                std::thread::sleep(Duration::from_millis(200));
            }
            Ok::<_, anyhow::Error>(())
        });
        let outcome = work();
        over.store(true, Ordering::Relaxed);
        reloads.join().map_err(|_| anyhow::anyhow!("reloading failed"))??;
        outcome
    })
}

fn value(work: Work, outcome: &Outcome) -> f64 {
    let (before, after) = outcome.memory_kib;
    let grown_kib = after.saturating_sub(before) as f64;
    match work {
        Work::Requests(_) | Work::Http2 | Work::Reload(_) => outcome.server_cpu_us / outcome.requests.max(1) as f64,
        Work::Idle(_) => grown_kib / outcome.established.max(1) as f64,
        Work::Clients(clients) => grown_kib * 1024.0 / f64::from(clients),
    }
}
