//! Instructions under callgrind.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};

use crate::baseline::{self, Counts};
use crate::work::{self, Work};

/// The function whose instructions count, with all it calls. Callgrind finds it by this name.
const COUNTED: &str = "*doorward_benches::count::counted*";

/// The C library chooses its copying by the processor; this makes it choose alike everywhere.
const PLAIN_C_LIBRARY: &str = "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-ERMS,-AVX_Fast_Unaligned_Load";

/// Does a work so many times; only that is counted, not its preparation.
pub fn run(work: &Work, times: u32) {
    let mut step = (work.prepare)();
    // Whatever happens on the first times only (lazy bindings, growing buffers) happens before.
    (0..work.warm_up).for_each(|_| step());
    counted(&mut *step, times);
}

#[inline(never)]
fn counted(step: &mut dyn FnMut(), times: u32) {
    (0..times).for_each(|_| step());
}

/// Counts everything and compares with the baseline.
pub fn check() -> anyhow::Result<ExitCode> {
    let (counts, known) = (all()?, baseline::read()?);
    let mut failed = 0;
    for (name, count) in &counts {
        let (verdict, fails) = baseline::judged(*count, known.get(name).copied());
        println!("{name:<26} {count:>10.1} instructions  {verdict}");
        failed += usize::from(fails);
    }
    if failed == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    println!("\n{failed} counts differ from benches/baseline.txt by more than 3 %. Where that is meant:");
    println!("    cargo run --release -p doorward-benches -- check --commit");
    println!("and say the reason in the commit.");
    Ok(ExitCode::FAILURE)
}

/// Counts everything and writes the baseline.
pub fn commit() -> anyhow::Result<()> {
    let counts = all()?;
    for (name, count) in &counts {
        println!("{name:<26} {count:>10.1} instructions");
    }
    baseline::write(&counts)
}

fn all() -> anyhow::Result<Counts> {
    work::ALL.iter().map(|work| Ok((work.name.to_owned(), instructions(work)?))).collect()
}

/// Instructions of one time of a work.
fn instructions(work: &Work) -> anyhow::Result<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"])
        .arg(format!("--toggle-collect={COUNTED}"))
        .arg(std::env::current_exe()?)
        .args(["count", work.name, &work.times.to_string()])
        .env_clear()
        .env("GLIBC_TUNABLES", PLAIN_C_LIBRARY)
        .output()
        .context("cannot run valgrind; install it: sudo scripts/install-packages valgrind")?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("valgrind failed with {}:\n{text}", work.name);
    }
    collected(&text).map(|total| total / f64::from(work.times)).with_context(|| format!("no count in:\n{text}"))
}

/// The number in callgrind's line `Collected : 12345`.
fn collected(text: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_from_callgrind() {
        assert_eq!(collected("==1== Events    : Ir\n==1== Collected : 12345\n"), Some(12345.0));
        assert_eq!(collected("==1== nothing\n"), None);
    }
}
