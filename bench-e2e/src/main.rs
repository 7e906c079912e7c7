//! Doorward beside nginx, `HAProxy`, lighttpd, h2o and Caddy: the same work, the same core, in turns.
//!
//! `scripts/bench` builds what is needed and starts it. The server stays on core 0 and the clients on core 1; what counts is
//! CPU time a request, since that stays usable where somebody else is at work too, and its ratio to nginx in the same rounds.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]
#![allow(clippy::cast_precision_loss, reason = "counts and times, far below 2^52")]

mod ceiling;
mod document;
mod http2;
mod load;
mod measure;
mod plot;
mod report;
mod scenario;
mod server;
mod setup;
mod subject;

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};

use measure::{Common, Pace};
use report::Result;
use scenario::{Scenario, When, Work};

const USAGE: &str =
    "usage: scripts/bench [--quick] [--rounds N] [--seconds S] [--write] [--plan] [NAME…] | --list | --help
    --quick     short rounds, nginx and h2o alone, and only the scenarios that matter most
    --rounds N  so many rounds (default: 7; 5 when quick)
    --seconds S so long a round (default: 0.4; 0.25 when quick)
    --write     put what was measured into docs/benchmarks.md and docs/benchmarks.svg
    --plan      say what would be measured and how long it takes, and end
    NAME…       only these scenarios, or those whose name begins so
    --list      the scenarios
    --help      this";

/// Words that are not understood.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some((ceiling::WORD, rest)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return ended(ceiling::run(rest));
    }
    let wanted = Wanted::read(words.into_iter()).and_then(|wanted| Ok((wanted.chosen()?, wanted)));
    match wanted {
        Ok((chosen, wanted)) => ended(run(&wanted, chosen)),
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            ExitCode::from(MISUSED)
        }
    }
}

/// Errors are told in words: a backtrace says nothing to who measures.
fn ended(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(wanted: &Wanted, chosen: Vec<&'static Scenario>) -> anyhow::Result<()> {
    if let Some(said) = wanted.said {
        match said {
            Said::Help => println!("{USAGE}"),
            Said::List => list(),
            Said::Plan => println!("{} scenarios, {}", chosen.len(), wanted.duration(&chosen)),
        }
        return Ok(());
    }
    stay_on_core_one()?;
    let scratch = tempfile::tempdir()?;
    lay_out(scratch.path())?;
    let mut results = Vec::new();
    for scenario in chosen {
        eprintln!("{}: {}", scenario.name, scenario.about);
        let rows = measure::scenario(scenario, wanted.pace(), &Common { scratch: scratch.path() });
        let rows = rows.with_context(|| format!("scenario {}", scenario.name))?;
        let result = Result { scenario, rows };
        println!("{}", result.table());
        results.push(result);
    }
    if wanted.write { document::write(&results, wanted.pace()) } else { Ok(()) }
}

fn list() {
    for scenario in scenario::ALL {
        let when = match scenario.when {
            When::Quick => " (quick)",
            When::Full => "",
            When::Named => " (only when named)",
        };
        println!("{:<20} {}{when}", scenario.name, scenario.about);
    }
}

/// What is said of the scenarios.
#[derive(Clone, Copy)]
enum Said {
    Help,
    List,
    Plan,
}

#[derive(Default)]
struct Wanted {
    quick: bool,
    write: bool,
    /// Said instead of measured.
    said: Option<Said>,
    rounds: Option<usize>,
    seconds: Option<f64>,
    names: Vec<String>,
}

impl Wanted {
    fn read(mut words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut wanted = Self::default();
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} lacks its number"));
            match word.as_str() {
                "--quick" => wanted.quick = true,
                "--write" => wanted.write = true,
                "--help" | "-h" => wanted.said = Some(Said::Help),
                "--list" => wanted.said = Some(Said::List),
                "--plan" => wanted.said = Some(Said::Plan),
                "--rounds" => wanted.rounds = Some(number(&word, &value()?)?),
                "--seconds" => wanted.seconds = Some(number(&word, &value()?)?),
                option if option.starts_with('-') => bail!("{option} is not known"),
                _ => wanted.names.push(word),
            }
        }
        ensure!(wanted.rounds != Some(0), "--rounds: at least one");
        ensure!(wanted.seconds.is_none_or(|seconds| (0.05..=60.0).contains(&seconds)), "--seconds: 0.05 to 60");
        Ok(wanted)
    }

    /// The scenarios that are named, or all that are due.
    fn chosen(&self) -> anyhow::Result<Vec<&'static Scenario>> {
        let is_known = |name: &String| scenario::ALL.iter().any(|scenario| is_meant(name, scenario));
        let unknown: Vec<&str> = self.names.iter().filter(|name| !is_known(name)).map(String::as_str).collect();
        ensure!(unknown.is_empty(), "no scenario is called {}: see --list", unknown.join(", "));
        Ok(scenario::ALL.iter().filter(|scenario| self.takes(scenario)).collect())
    }

    fn takes(&self, scenario: &Scenario) -> bool {
        if self.names.is_empty() {
            return match scenario.when {
                When::Quick => true,
                When::Full => !self.quick,
                When::Named => false,
            };
        }
        self.names.iter().any(|name| is_meant(name, scenario))
    }

    fn pace(&self) -> Pace {
        let measured = Duration::from_secs_f64(self.seconds.unwrap_or(if self.quick { 0.25 } else { 0.4 }));
        let rounds = self.rounds.unwrap_or(if self.quick { 5 } else { 7 });
        Pace { rounds, warm_up: measured / 4, measured, quick: self.quick }
    }

    /// About how long all that takes.
    fn duration(&self, chosen: &[&Scenario]) -> String {
        let pace = self.pace();
        let round_s = (pace.warm_up + pace.measured).as_secs_f64();
        let seconds = chosen.iter().map(|scenario| {
            let entrants = (scenario.takers(pace.quick).count() * scenario.setups.len()) as f64;
            let each_s = match scenario.work {
                Work::Requests(requests) => round_s + requests.connections as f64 * CONNECTION_S,
                Work::Reload(_) | Work::Http2 => round_s,
                Work::Idle(connections) => round_s + connections as f64 * CONNECTION_S,
                Work::Clients(clients) => f64::from(clients) * CLIENT_S,
            };
            entrants * (START_S + scenario.rounds(pace) as f64 * each_s)
        });
        format!("about {:.0} minutes where nothing else runs", (seconds.sum::<f64>() / 60.0).ceil())
    }
}

/// A scenario's whole name means it alone; a beginning means all that begin so.
fn is_meant(name: &str, scenario: &Scenario) -> bool {
    let is_whole = scenario::ALL.iter().any(|any| any.name == name);
    if is_whole { scenario.name == name } else { scenario.name.starts_with(name) }
}

/// What it takes to start and end a server, to open and close a connection, and to be a new client.
const START_S: f64 = 0.3;
const CONNECTION_S: f64 = 60e-6;
const CLIENT_S: f64 = 25e-6;

fn number<N: std::str::FromStr>(word: &str, text: &str) -> anyhow::Result<N> {
    text.parse().ok().with_context(|| format!("{word}: `{text}` is not a number"))
}

/// The clients' core; the servers are put on the other one. And as many descriptors as there may be.
fn stay_on_core_one() -> anyhow::Result<()> {
    let mut core = CpuSet::new();
    core.set(1);
    sched_setaffinity(None, &core).context("two cores are needed: one for the server, one for its clients")?;
    let maximum = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

/// The files that are asked for, and a certificate.
fn lay_out(scratch: &Path) -> anyhow::Result<()> {
    let www = scratch.join("www");
    std::fs::create_dir(&www)?;
    let sizes = [("1k.html", 1 << 10), ("16k.bin", 16 << 10), ("64k.bin", 64 << 10), ("100k.bin", 100 << 10)];
    for (name, bytes) in sizes.into_iter().chain([("10m.bin", 10 << 20)]) {
        std::fs::write(www.join(name), vec![b'x'; bytes])?;
    }
    let openssl = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=bench.test", "-addext", "subjectAltName=DNS:bench.test,IP:127.0.2.1"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(scratch)
        .stderr(Stdio::null())
        .status()
        .context("starting openssl")?;
    ensure!(openssl.success(), "openssl makes no certificate");
    let both = [std::fs::read(scratch.join("cert.pem"))?, std::fs::read(scratch.join("key.pem"))?].concat();
    Ok(std::fs::write(scratch.join("both.pem"), both)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &str, expected: &std::result::Result<&[&str], &str>) {
        let wanted = Wanted::read(words.split_whitespace().map(str::to_owned)).and_then(|wanted| wanted.chosen());
        match (wanted, expected) {
            (Ok(chosen), Ok(names)) => {
                assert_eq!(&chosen.iter().map(|scenario| scenario.name).collect::<Vec<_>>(), names, "{words}");
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{words}: {error}"),
            (chosen, _) => panic!("{words}: {chosen:?}"),
        }
    }

    #[test]
    fn names_and_their_beginnings() {
        check("bare-1k", &Ok(&["bare-1k"]));
        check("tls-full idle", &Ok(&["tls-full", "idle"]));
        check("bare-1k-", &Ok(&["bare-1k-new", "bare-1k-pipelined", "bare-1k-1000", "bare-1k-9000"]));
        check("clients-10m --rounds 1", &Ok(&["clients-10m"]));
        check("bare-1k nonsense", &Err("no scenario is called nonsense"));
        check("--rounds x", &Err("`x` is not a number"));
        check("--rounds 0", &Err("at least one"));
        check("--rounds", &Err("lacks its number"));
        check("--fast", &Err("--fast is not known"));
    }
}
