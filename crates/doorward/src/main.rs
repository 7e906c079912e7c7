//! The command line: it parses, sends and prints. Rules live elsewhere.

#![forbid(unsafe_code)]

mod cli;
mod client;
mod daemon;
mod doors;
mod embedded;
mod homes;
mod native;
mod orders;
mod text;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match doors::called_as(std::env::args_os()) {
        Some(outcome) => outcome,
        None => native::dispatch(cli::Cli::parse()),
    }
}
