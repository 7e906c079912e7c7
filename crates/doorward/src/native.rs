//! The native commands, one file each.

mod cert;
mod check;
mod limits;
mod listen;
mod logs;
mod probe;
mod site;
mod status;
mod who;

use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory as _;
use doorward_admin::{Done, Refused};
use hyper::Method;
use serde_json::Value;

use crate::cli::{Cli, Command};
use crate::{client, daemon, doors, homes, text};

/// Runs one command. 0: done. 1: refused or failed, with the reason on standard error. 2: wrong words (clap's own).
pub(crate) fn dispatch(cli: Cli) -> ExitCode {
    let home = homes::home(cli.home.as_deref());
    let socket = homes::control_socket(&home);
    let outcome = match cli.command {
        Command::Run(args) => return daemon::run(&home, &args, &homes::command(cli.home.as_deref())),
        Command::Appcmd { words } => return doors::appcmd(&home, &words),
        Command::Check(args) => return check::run(home, &args),
        Command::Who { port } => return who::run(port),
        Command::Probe { addresses } => return probe::run(&addresses),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "doorward", &mut std::io::stdout());
            return ExitCode::SUCCESS;
        }
        Command::Man => return man(),
        Command::Status(args) => status::run(&socket, args.json),
        Command::Site(command) => site::run(&socket, command),
        Command::Listen(command) => listen::run(&socket, command),
        Command::Cert(command) => cert::run(&socket, command),
        Command::Limits(command) => limits::run(&socket, command),
        Command::Logs(command) => logs::run(&socket, command),
        Command::Reload => order(&socket, (Method::POST, "/v1/reload"), None),
        Command::Stop => order(&socket, (Method::POST, "/v1/stop"), None),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(refused) => {
            text::complain(format!("doorward: {}", refused.message));
            if let Some(hint) = refused.hint {
                text::complain(format!("  hint: {hint}"));
            }
            ExitCode::FAILURE
        }
    }
}

/// Hands in an order and prints what came of it.
fn order(socket: &Path, route: (Method, &str), body: Option<&Value>) -> Result<(), Refused> {
    let done: Done = client::ask(socket, route, body)?;
    text::line(done.message);
    done.notes.iter().for_each(|note| text::line(format!("  {note}")));
    Ok(())
}

fn man() -> ExitCode {
    let page = clap_mangen::Man::new(Cli::command());
    match page.render(&mut std::io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
