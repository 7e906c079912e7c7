//! What one request costs in the pure crates.
//!
//! `doorward-benches check` counts instructions under callgrind and compares them with `benches/baseline.txt`: wall time is
//! noise on a shared machine, instructions are not. `doorward-benches time` measures nanoseconds all the same.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a program for a terminal")]

mod baseline;
mod count;
mod memory;
mod nanoseconds;
mod work;

use std::process::ExitCode;

const USAGE: &str = "usage: doorward-benches check [--commit] | time [NAME] | memory [CLIENTS] | list | file NAME
    check           count instructions and compare with the baseline; --commit writes a new one
    time [NAME]     nanoseconds of each, or of those whose name begins with NAME
    memory [N]      what a tracked client takes, with a million and ten million of them, or N
    count NAME N    do NAME N times; what `check` runs under callgrind (count-each: each by itself)
    list            the names
    file NAME       prints the large file that check-NAME reads, for measuring `doorward check` as a whole";

fn main() -> anyhow::Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match *words {
        ["list"] => {
            work::ALL.iter().chain(work::LONGEST).for_each(|work| println!("{:<26} {}", work.name, work.about));
        }
        ["count", name, times] => count::run(work::named(name)?, times.parse()?),
        ["count-each", name, times] => count::run_each(work::named(name)?, times.parse()?),
        ["memory"] => return memory::measure(&[1_000_000, 10_000_000]).map(|()| ExitCode::SUCCESS),
        ["memory", clients] => return memory::measure(&[clients.parse()?]).map(|()| ExitCode::SUCCESS),
        ["file", "62-sites"] => print!("{}", work::large::many_sites()),
        ["file", "1073-locations"] => print!("{}", work::large::many_locations()),
        ["time"] => nanoseconds::measure(""),
        ["time", name] => nanoseconds::measure(name),
        ["check"] => return count::check(),
        ["check", "--commit"] => count::commit()?,
        _ => {
            println!("{USAGE}");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}
