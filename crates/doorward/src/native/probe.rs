//! `doorward probe ADDR:PORT…`: the seed's listener script.

use std::net::SocketAddr;
use std::process::ExitCode;

use doorward_server::bind;
use doorward_server::port_owner::explain;

use crate::text;

/// Opens all addresses at the same time, says which could be opened and who holds the others, and closes them.
pub(super) fn run(addresses: &[SocketAddr]) -> ExitCode {
    let mut open = Vec::new();
    let mut all_open = true;
    for address in addresses {
        match bind(*address) {
            Ok(socket) => {
                text::line(format!("{address}  free"));
                open.push(socket);
            }
            Err(error) => {
                let explanation = explain(*address, &error);
                text::line(format!("{address}  taken: {}", explanation.text));
                text::line(format!("  hint: {}", explanation.hint));
                all_open = false;
            }
        }
    }
    if all_open && addresses.len() > 1 {
        text::line("All of them were open at the same time.");
    }
    if all_open { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
