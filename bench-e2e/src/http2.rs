//! HTTP/2 by `h2load`, which knows the protocol better than a load generator of ours would.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, ensure};

use crate::load::Outcome;
use crate::server::Server;

/// About what the fastest server answers in a second.
const REQUESTS_PER_SECOND: f64 = 100_000.0;

/// So many seconds' worth of requests, eight connections of 32 streams.
pub fn run(to: SocketAddr, tls: bool, seconds: f64, server: &Server) -> anyhow::Result<Outcome> {
    ensure!(to.ip().is_loopback(), "loopback only");
    let times = tempfile::NamedTempFile::new()?;
    let count = (seconds * REQUESTS_PER_SECOND).round();
    let before = server.cpu_us();
    let begun = Instant::now();
    let output = Command::new("h2load")
        .args(["-t1", "-c8", "-m32", "-n", &count.to_string()])
        .arg(format!("--log-file={}", times.path().display()))
        .arg(format!("{}://{to}/1k.html", if tls { "https" } else { "http" }))
        .output()
        .context("starting h2load")?;
    let seconds = begun.elapsed().as_secs_f64();
    let server_cpu_us = server.cpu_us() - before;
    let said = String::from_utf8_lossy(&output.stdout);
    let requests = number_before(&said, " done,").context("h2load counts no requests")?;
    let ok = number_before(&said, " 2xx,").unwrap_or(0);
    let (p50_us, p99_us) = percentiles(&std::fs::read_to_string(times.path())?);
    Ok(Outcome { requests, ok, seconds, server_cpu_us, p50_us, p99_us, ..Outcome::default() })
}

fn number_before(text: &str, mark: &str) -> Option<u64> {
    text.split(mark).next()?.rsplit([' ', '\n']).next()?.parse().ok()
}

/// Each line is a start, a status and how long it took, in microseconds.
fn percentiles(lines: &str) -> (u32, u32) {
    let mut times: Vec<u32> = lines.lines().filter_map(|line| line.rsplit('\t').next()?.trim().parse().ok()).collect();
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    (at(50), at(99))
}
