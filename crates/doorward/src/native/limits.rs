//! `doorward limits …`

use std::path::Path;

use doorward_admin::{ClientReport, Refused};
use hyper::Method;
use serde_json::json;

use crate::cli::LimitsCommand;
use crate::client::ask;
use crate::text;

/// Runs one `limits` command.
pub(super) fn run(socket: &Path, command: LimitsCommand) -> Result<(), Refused> {
    match command {
        LimitsCommand::Clients(args) => clients(socket, args.json),
        LimitsCommand::Unblock { address } => {
            super::order(socket, (Method::POST, "/v1/limits/unblock"), Some(&json!({ "address": address })))
        }
    }
}

fn clients(socket: &Path, json: bool) -> Result<(), Refused> {
    let clients: Vec<ClientReport> = ask(socket, (Method::GET, "/v1/limits/clients"), None)?;
    if json {
        text::line(format!("{:#}", json!(clients)));
        return Ok(());
    }
    if clients.is_empty() {
        text::line("No client is limited now, and none was within the last minute.");
        return Ok(());
    }
    let headings = ["CLIENT", "SITE", "REASON", "NOW", "DENIED", "COUNTS", "SINCE", "LAST", "SAMPLE"];
    text::table(&headings, &clients.iter().map(row).collect::<Vec<_>>());
    Ok(())
}

fn row(client: &ClientReport) -> Vec<String> {
    let now = match (client.blocked_now, client.enforced) {
        (true, true) => "blocked",
        (true, false) => "over (logged only)",
        (false, _) => "free again",
    };
    let limit = |max: Option<u32>| max.map_or_else(|| "-".to_owned(), |max| max.to_string());
    let counts = format!(
        "{}/{} at once, {}/{} in {} ms",
        client.in_progress,
        limit(client.concurrent_max),
        client.in_window,
        limit(client.requests_max),
        limit(client.interval_ms)
    );
    vec![
        client.address.clone(),
        client.site.clone(),
        format!("{} ({})", client.reason, client.substatus),
        now.to_owned(),
        client.denied.to_string(),
        counts,
        client.since.clone(),
        client.last.clone(),
        format!("{} {}", client.method, client.path),
    ]
}
