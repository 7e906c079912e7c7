//! `doorward listen …`: the IP listen list.

use std::path::Path;

use doorward_admin::{ListenReport, Refused};
use hyper::Method;
use serde_json::json;

use crate::cli::ListenCommand;
use crate::client::{ask, segment};
use crate::text;

/// Runs one `listen` command.
pub(super) fn run(socket: &Path, command: ListenCommand) -> Result<(), Refused> {
    match command {
        ListenCommand::Add { address } => {
            super::order(socket, (Method::POST, "/v1/listen"), Some(&json!({ "address": address })))
        }
        ListenCommand::Remove { address } => {
            super::order(socket, (Method::DELETE, &format!("/v1/listen/{}", segment(&address))), None)
        }
        ListenCommand::List(args) => list(socket, args.json),
    }
}

fn list(socket: &Path, json: bool) -> Result<(), Refused> {
    let report: ListenReport = ask(socket, (Method::GET, "/v1/listen"), None)?;
    if json {
        text::line(format!("{:#}", json!(report)));
    } else if report.addresses.is_empty() {
        text::line("The IP listen list is empty: `*` bindings listen on every address.");
    } else {
        report.addresses.iter().for_each(text::line);
    }
    Ok(())
}
