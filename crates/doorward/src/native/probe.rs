//! `doorward probe ADDR:PORT…`: the seed's listener script.

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;

use doorward_server::bind;
use doorward_server::port_owner::{Explanation, explain};
use serde_json::{Value, json};

use crate::text;

/// Opens all addresses at the same time, says which could be opened and who holds the others, and closes them.
pub(super) fn run(addresses: &[SocketAddr], json: bool) -> ExitCode {
    // Kept open until all have been tried.
    let tried: Vec<(SocketAddr, Result<TcpListener, Explanation>)> =
        addresses.iter().map(|address| (*address, bind(*address).map_err(|error| explain(*address, &error)))).collect();
    let all_open = tried.iter().all(|(_, found)| found.is_ok());
    if json {
        text::line(format!("{:#}", tried.iter().map(in_json).collect::<Value>()));
    } else {
        tried.iter().for_each(show);
        if all_open && addresses.len() > 1 {
            text::line("All of them were open at the same time.");
        }
    }
    if all_open { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn show((address, found): &(SocketAddr, Result<TcpListener, Explanation>)) {
    match found {
        Ok(_) => text::line(format!("{address}  free")),
        Err(explanation) => {
            text::line(format!("{address}  taken: {}", explanation.text));
            text::line(format!("  hint: {}", explanation.hint));
        }
    }
}

fn in_json((address, found): &(SocketAddr, Result<TcpListener, Explanation>)) -> Value {
    match found {
        Ok(_) => json!({ "address": address, "free": true }),
        Err(Explanation { text, hint, .. }) => {
            json!({ "address": address, "free": false, "reason": text, "hint": hint })
        }
    }
}
