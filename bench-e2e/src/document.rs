//! What was measured, in `docs/benchmarks.md`: between two marks, so that the words around it stay.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;

use crate::measure::Pace;
use crate::plot;
use crate::report::Result;
use crate::subject::Subject;

const BEGIN: &str = "<!-- measured: begin -->\n";
const END: &str = "<!-- measured: end -->\n";

/// Puts tables and picture where they belong, seen from the root of the workspace.
pub fn write(results: &[Result<'_>], pace: Pace) -> anyhow::Result<()> {
    let path = Path::new("docs/benchmarks.md");
    let text = std::fs::read_to_string(path).context("docs/benchmarks.md: run this from the root of the workspace")?;
    let (before, rest) = text.split_once(BEGIN).with_context(|| format!("docs/benchmarks.md has no line {BEGIN}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("docs/benchmarks.md has no line {END}"))?;
    let measured = measured(results, pace)?;
    std::fs::write(path, format!("{before}{BEGIN}\n{measured}\n{END}{after}"))?;
    Ok(std::fs::write("docs/benchmarks.svg", plot::ratios(results))?)
}

fn measured(results: &[Result<'_>], pace: Pace) -> anyhow::Result<String> {
    let mut text = String::new();
    let seconds = pace.measured.as_secs_f64();
    writeln!(text, "Taken on {} with {} rounds of {seconds} s.\n", today(), pace.rounds)?;
    writeln!(text, "| | |\n|---|---|\n| machine | {} |", machine())?;
    for subject in Subject::ALL.into_iter().filter(|subject| *subject != Subject::NginxCopy) {
        if let Some(version) = subject.version() {
            writeln!(text, "| {} | {version} |", subject.name())?;
        }
    }
    writeln!(text, "\n![ratios to nginx](benchmarks.svg)\n")?;
    for result in results {
        writeln!(text, "{}", result.table())?;
    }
    Ok(text)
}

fn today() -> String {
    let output = std::process::Command::new("date").args(["-u", "+%F"]).output();
    output.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned()).unwrap_or_default()
}

fn machine() -> String {
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let count = processors.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{count} × {}, Linux {}", model.map_or("unknown", |(_, model)| model), kernel.trim())
}
