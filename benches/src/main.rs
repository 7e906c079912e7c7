//! What one request costs in the pure crates.
//!
//! `doorward-benches check` counts instructions under callgrind and compares them with `benches/baseline.txt`: wall time is
//! noise on a shared machine, instructions are not. `doorward-benches time` measures nanoseconds all the same.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a program for a terminal")]

mod baseline;
mod count;
mod nanoseconds;
mod work;

use std::process::ExitCode;

const USAGE: &str = "usage: doorward-benches check [--commit] | time [NAME] | count NAME TIMES | list
    check           count instructions and compare with the baseline; --commit writes a new one
    time [NAME]     nanoseconds of each, or of those whose name begins with NAME
    count NAME N    do NAME N times; what `check` runs under callgrind
    list            the names";

fn main() -> anyhow::Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match *words {
        ["list"] => work::ALL.iter().for_each(|work| println!("{:<26} {}", work.name, work.about)),
        ["count", name, times] => count::run(work::named(name)?, times.parse()?),
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
