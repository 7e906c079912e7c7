//! `doorward who PORT`: the seeds' netstat, with names.

use std::process::ExitCode;

use doorward_server::port_owner::{Listening, listening};

use crate::text;

/// Lists who listens on a port, and what each of them keeps from others.
pub(super) fn run(port: u16, json: bool) -> ExitCode {
    let found = listening(Some(port));
    if json {
        text::line(format!("{:#}", found.iter().map(in_json).collect::<serde_json::Value>()));
        return ExitCode::SUCCESS;
    }
    if found.is_empty() {
        text::line(format!("Nobody listens on port {port}."));
        return ExitCode::SUCCESS;
    }
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    text::table(&["ADDRESS", "PROCESS", "PID", "UNIT", "USER", "BLOCKS"], &rows);
    ExitCode::SUCCESS
}

fn in_json(listening: &Listening) -> serde_json::Value {
    let owner = &listening.owner;
    serde_json::json!({
        "address": std::net::SocketAddr::new(listening.address, listening.port),
        "process": owner.process,
        "pid": owner.pid,
        "unit": owner.unit,
        "user": owner.user,
        "uid": listening.uid,
        "blocks": blocks(listening),
    })
}

fn row(listening: &Listening) -> Vec<String> {
    let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let owner = &listening.owner;
    vec![
        std::net::SocketAddr::new(listening.address, listening.port).to_string(),
        known(&owner.process),
        owner.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
        known(&owner.unit),
        owner.user.clone().unwrap_or_else(|| listening.uid.to_string()),
        blocks(listening),
    ]
}

fn blocks(listening: &Listening) -> String {
    match (listening.address.is_unspecified(), listening.address.is_ipv4(), listening.v6_only) {
        (false, _, _) => "this address only".to_owned(),
        (true, true, _) => "every IPv4 address".to_owned(),
        (true, false, Some(true)) => "every IPv6 address".to_owned(),
        (true, false, Some(false)) => "every IPv6 and IPv4 address".to_owned(),
        (true, false, None) => "every IPv6 address, and IPv4 unless it is IPv6-only".to_owned(),
    }
}
