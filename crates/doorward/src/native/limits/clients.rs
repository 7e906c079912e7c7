//! `doorward limits clients`

use std::path::Path;
use std::time::Duration;

use doorward_admin::{ClientReport, Refused};
use hyper::Method;
use serde_json::json;

use super::with_query;
use crate::cli::ClientsArgs;
use crate::client::ask;
use crate::text;

const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// Shows who is limited, once or again and again.
pub(super) fn run(socket: &Path, args: &ClientsArgs) -> Result<(), Refused> {
    let route = with_query("/v1/limits/clients", &[("site", args.site.as_deref())]);
    loop {
        let clients: Vec<ClientReport> = ask(socket, (Method::GET, &route), None)?;
        if args.watch && !args.json {
            text::clear_screen();
        }
        show(&clients, args);
        if !args.watch {
            return Ok(());
        }
        std::thread::sleep(WATCH_INTERVAL);
    }
}

fn show(clients: &[ClientReport], args: &ClientsArgs) {
    if args.json {
        // One line each time, so that a program can follow.
        text::line(if args.watch { json!(clients).to_string() } else { format!("{:#}", json!(clients)) });
    } else if clients.is_empty() {
        text::line("No client is limited now, and none was within the last minute.");
    } else {
        let headings = ["CLIENT", "SITE", "REASON", "NOW", "DENIED", "COUNTS", "SINCE", "LAST", "SAMPLE"];
        text::table(&headings, &clients.iter().map(row).collect::<Vec<_>>());
    }
}

/// The reason, with the limit where it is one of several.
fn reason(client: &ClientReport) -> String {
    let limit = client.limit.as_ref().map(|limit| format!(" of {limit}")).unwrap_or_default();
    format!("{}{limit} ({})", client.reason, client.substatus)
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
        reason(client),
        now.to_owned(),
        client.denied.to_string(),
        counts,
        client.since.clone(),
        client.last.clone(),
        format!("{} {}", client.method, client.path),
    ]
}
