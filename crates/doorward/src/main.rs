//! The command line: it parses, sends and prints. Rules live elsewhere.

#![forbid(unsafe_code)]

mod cli;
mod client;
mod daemon;
mod embedded;
mod homes;
mod native;
mod text;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    native::dispatch(cli::Cli::parse())
}
