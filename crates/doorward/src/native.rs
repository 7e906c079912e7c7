//! The native commands, one file each.

mod binding;
mod cert;
mod check;
mod config;
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
use doorward_admin::{Done, Order, Refused};
use doorward_config::Home;
use hyper::Method;
use serde_json::{Value, json};

use crate::cli::{Cli, Command};
use crate::{client, daemon, doors, homes, orders, text};

/// Runs one command. 0: done. 1: refused or failed, with the reason on standard error. 2: wrong words (clap's own).
pub(crate) fn dispatch(cli: Cli) -> ExitCode {
    let home = match homes::home(cli.home.as_deref()) {
        Ok(home) => home,
        Err(error) => {
            text::complain(error.to_string());
            return ExitCode::FAILURE;
        }
    };
    let socket = homes::control_socket(&home);
    let outcome = match cli.command {
        Command::Run(args) => return daemon::run(&home, &args, &homes::command(cli.home.as_deref())),
        Command::Appcmd { words } => return doors::appcmd(&home, &words),
        Command::Netsh { words } => return doors::netsh(&home, &words),
        Command::Check(args) => return check::run(home, &args),
        Command::Who { port, json } => return who::run(port, json.json),
        Command::Probe { addresses, json } => return probe::run(&addresses, json.json),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "doorward", &mut std::io::stdout());
            return ExitCode::SUCCESS;
        }
        Command::Man => return man(),
        Command::Status(args) => status::run(&socket, args.json),
        Command::Site(command) => site::run(&home, command),
        Command::Listen(command) => listen::run(&home, command),
        Command::Cert(command) => cert::run(&home, command),
        Command::Limits(command) => limits::run(&home, command),
        Command::Binding(command) => binding::run(&home, command),
        Command::Config(command) => config::run(&home, command),
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

/// Carries an order out and prints what came of it: on the running server, or on the files where none runs.
fn carry_out(home: &Home, order: Order) -> Result<(), Refused> {
    let socket = homes::control_socket(home);
    if client::runs(&socket)? {
        let (method, path, body) = route(&order);
        return self::order(&socket, (method, &path), body.as_ref());
    }
    match orders::on_files(order, home, "doorward")? {
        Some(done) => print(&done),
        // It needs a server: let the client say where none is.
        None => return self::order(&socket, (Method::GET, "/v1/status"), None),
    }
    Ok(())
}

/// How the API takes an order.
fn route(order: &Order) -> (Method, String, Option<Value>) {
    let named = |route: &str, name: &str| format!("{route}/{}", client::segment(name));
    match order {
        Order::AddSite(order) => (Method::POST, "/v1/sites".to_owned(), Some(json!(order))),
        Order::RemoveSite(name) => (Method::DELETE, named("/v1/sites", name), None),
        Order::StartSite(name) => (Method::POST, named("/v1/sites", name) + "/start", None),
        Order::StopSite(name) => (Method::POST, named("/v1/sites", name) + "/stop", None),
        Order::AddListen(address) => (Method::POST, "/v1/listen".to_owned(), Some(json!({ "address": address }))),
        Order::RemoveListen(address) => (Method::DELETE, named("/v1/listen", address), None),
        Order::ImportCertificate(order) => (Method::POST, "/v1/certs".to_owned(), Some(json!(order))),
        Order::RemoveCertificate(sha1) => (Method::DELETE, named("/v1/certs", sha1), None),
        Order::BindCertificate(order) => (Method::POST, "/v1/certs/bindings".to_owned(), Some(json!(order))),
        Order::UnbindCertificate(place) => (Method::DELETE, named("/v1/certs/bindings", place), None),
        Order::SetLimits(order) => (Method::POST, "/v1/limits/policy".to_owned(), Some(json!(order))),
        Order::Edit(edit) => (Method::POST, "/v1/edits".to_owned(), Some(json!(edit))),
        Order::Block { network, for_ms, reason } => {
            let body = json!({ "address": network.to_string(), "for_ms": for_ms, "reason": reason });
            (Method::POST, "/v1/limits/block".to_owned(), Some(body))
        }
        Order::Unblock { text, .. } => {
            (Method::POST, "/v1/limits/unblock".to_owned(), Some(json!({ "address": text })))
        }
        Order::Reload => (Method::POST, "/v1/reload".to_owned(), None),
        Order::Stop => (Method::POST, "/v1/stop".to_owned(), None),
    }
}

fn print(done: &Done) {
    text::line(&done.message);
    done.notes.iter().for_each(|note| text::line(format!("  {note}")));
}

/// Hands in an order and prints what came of it.
fn order(socket: &Path, route: (Method, &str), body: Option<&Value>) -> Result<(), Refused> {
    let done: Done = client::ask(socket, route, body)?;
    print(&done);
    Ok(())
}

fn man() -> ExitCode {
    let page = clap_mangen::Man::new(Cli::command());
    match page.render(&mut std::io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
