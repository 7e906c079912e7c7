//! `doorward limits …`

mod clients;
mod explain;
mod set;
mod show;

use std::path::Path;

use doorward_admin::{BlockOrder, BlockReport, Refused};
use doorward_config::Home;
use hyper::Method;
use serde_json::json;

use crate::cli::LimitsCommand;
use crate::client::{ask, segment};
use crate::{homes, text};

/// Runs one `limits` command.
pub(super) fn run(home: &Home, command: LimitsCommand) -> Result<(), Refused> {
    let socket = &*homes::control_socket(home);
    match command {
        LimitsCommand::Clients(args) => clients::run(socket, &args),
        LimitsCommand::Explain(args) => explain::run(socket, args),
        LimitsCommand::Show { place, json } => show::run(socket, &place, json),
        LimitsCommand::Set(args) => set::run(home, args),
        LimitsCommand::Block { address, duration, reason } => {
            let for_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
            let order = json!(BlockOrder { address, for_ms, reason });
            super::order(socket, (Method::POST, "/v1/limits/block"), Some(&order))
        }
        LimitsCommand::Blocks(args) => blocks(socket, args.json),
        LimitsCommand::Unblock { address } => {
            super::order(socket, (Method::POST, "/v1/limits/unblock"), Some(&json!({ "address": address })))
        }
    }
}

fn blocks(socket: &Path, json: bool) -> Result<(), Refused> {
    let blocks: Vec<BlockReport> = ask(socket, (Method::GET, "/v1/limits/blocks"), None)?;
    if json {
        text::line(format!("{:#}", json!(blocks)));
    } else if blocks.is_empty() {
        text::line("Nobody is blocked by an operator.");
    } else {
        let row = |block: &BlockReport| vec![block.network.clone(), block.until.clone(), block.reason.clone()];
        text::table(&["BLOCKED", "UNTIL", "REASON"], &blocks.iter().map(row).collect::<Vec<_>>());
    }
    Ok(())
}

/// A route with the parts of its query that were given.
fn with_query(route: &str, parts: &[(&str, Option<&str>)]) -> String {
    let given = parts.iter().filter_map(|(name, value)| value.map(|value| format!("{name}={}", segment(value))));
    let query = given.collect::<Vec<_>>().join("&");
    if query.is_empty() { route.to_owned() } else { format!("{route}?{query}") }
}
