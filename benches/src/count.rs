//! Instructions under callgrind.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};

use crate::baseline::{self, Counts};
use crate::work::{self, Work};

/// The functions whose instructions count, with all they call. Callgrind finds them by these names.
const COUNTED: &str = "*doorward_benches::count::counted*";
const ONCE: &str = "*doorward_benches::count::once*";

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

/// Does a work so many times, each of which is counted by itself.
pub fn run_each(work: &Work, times: u32) {
    let mut step = (work.prepare)();
    (0..work.warm_up).for_each(|_| step());
    (0..times).for_each(|_| once(&mut *step));
}

#[inline(never)]
fn once(step: &mut dyn FnMut()) {
    step();
    // Without something to come back for, the call would be a jump, and callgrind would see the function end there.
    std::hint::black_box(step);
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
    let average = work::ALL.iter().map(|work| Ok((work.name.to_owned(), instructions(work)?)));
    let longest = work::LONGEST.iter().map(|work| Ok((work.name.to_owned(), longest(work)?)));
    average.chain(longest).collect()
}

/// Instructions of one time of a work.
fn instructions(work: &Work) -> anyhow::Result<f64> {
    let text = callgrind(
        work,
        "count",
        &["--callgrind-out-file=/dev/null", "--collect-atstart=no", &format!("--toggle-collect={COUNTED}")],
    )?;
    collected(&text).map(|total| total / f64::from(work.times)).with_context(|| format!("no count in:\n{text}"))
}

/// Instructions of the longest time of a work: callgrind writes a file after each.
fn longest(work: &Work) -> anyhow::Result<f64> {
    let folder = std::env::temp_dir().join(format!("doorward-benches-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let out = format!("--callgrind-out-file={}/out", folder.display());
    let done = callgrind(work, "count-each", &[&out, &format!("--dump-after={ONCE}")]);
    // The first file has the preparation in it, and one without a number comes at the end.
    let totals = (2..=work.times).map(|number| total(&folder.join(format!("out.{number}"))));
    let longest = totals.reduce(|one, other| Ok(one?.max(other?)));
    std::fs::remove_dir_all(&folder)?;
    done?;
    longest.context("only one time")?
}

/// The number in the line `totals: 12345` of callgrind's file.
fn total(file: &std::path::Path) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok());
    total.with_context(|| format!("no totals in {}", file.display()))
}

/// Runs a work under callgrind, which says something on its standard error.
fn callgrind(work: &Work, command: &str, options: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .args(options)
        .arg(std::env::current_exe()?)
        .args([command, work.name, &work.times.to_string()])
        .env_clear()
        .env("GLIBC_TUNABLES", PLAIN_C_LIBRARY)
        .output()
        .context("cannot run valgrind; install it: sudo scripts/install-packages valgrind")?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        bail!("valgrind failed with {}:\n{text}", work.name);
    }
    Ok(text)
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
