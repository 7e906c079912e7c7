//! Doorward beside nginx, `HAProxy`, lighttpd, h2o and Caddy: the same work, the same core, in turns.
//!
//! `scripts/bench` builds what is needed and starts it. The server stays on core 0 and the clients on core 1; what counts is
//! CPU time a request, since that stays usable where somebody else is at work too, and its ratio to nginx in the same rounds.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]
#![allow(clippy::cast_precision_loss, reason = "counts and times, far below 2^52")]

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
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};

use measure::{Common, Pace};
use report::Result;
use scenario::Scenario;

const USAGE: &str = "usage: scripts/bench [--quick] [--rounds N] [--seconds S] [--write] [NAME…] | --list
    --quick     short rounds, nginx and h2o alone, and not the scenarios that take long
    --rounds N  so many rounds (default: 7; 5 when quick)
    --seconds S so long a round (default: 1; 0.25 when quick)
    --write     put what was measured into docs/benchmarks.md and docs/benchmarks.svg
    NAME…       only scenarios whose name begins with one of these
    --list      the scenarios";

fn main() -> anyhow::Result<()> {
    let wanted = Wanted::read(std::env::args().skip(1))?;
    let chosen: Vec<&Scenario> = scenario::ALL.iter().filter(|scenario| wanted.takes(scenario)).collect();
    if wanted.list {
        for scenario in scenario::ALL {
            println!("{:<18} {}", scenario.name, scenario.about);
        }
        return Ok(());
    }
    ensure!(!chosen.is_empty(), "no scenario has such a name: see --list");
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

#[derive(Default)]
struct Wanted {
    quick: bool,
    write: bool,
    list: bool,
    rounds: Option<usize>,
    seconds: Option<f64>,
    names: Vec<String>,
}

impl Wanted {
    fn read(mut words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut wanted = Self::default();
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} lacks its number\n{USAGE}"));
            match word.as_str() {
                "--quick" => wanted.quick = true,
                "--write" => wanted.write = true,
                "--list" => wanted.list = true,
                "--rounds" => wanted.rounds = Some(value()?.parse()?),
                "--seconds" => wanted.seconds = Some(value()?.parse()?),
                option if option.starts_with('-') => bail!("{option} is not known\n{USAGE}"),
                _ => wanted.names.push(word),
            }
        }
        Ok(wanted)
    }

    fn takes(&self, scenario: &Scenario) -> bool {
        let is_named = self.names.iter().any(|name| scenario.name.starts_with(name));
        if self.names.is_empty() { scenario.quick || !self.quick } else { is_named }
    }

    fn pace(&self) -> Pace {
        let measured = Duration::from_secs_f64(self.seconds.unwrap_or(if self.quick { 0.25 } else { 1.0 }));
        let rounds = self.rounds.unwrap_or(if self.quick { 5 } else { 7 });
        Pace { rounds, warm_up: measured / 4, measured, quick: self.quick }
    }
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
