//! `doorward listen …`: the IP listen list.

use doorward_admin::{ListenReport, Order, Refused, RefusedKind};
use doorward_config::Home;
use serde_json::json;

use crate::cli::ListenCommand;
use crate::{doors, text};

/// Runs one `listen` command.
pub(super) fn run(home: &Home, command: ListenCommand) -> Result<(), Refused> {
    match command {
        ListenCommand::Add { address } => super::carry_out(home, Order::AddListen(address)),
        ListenCommand::Remove { address } => super::carry_out(home, Order::RemoveListen(address)),
        ListenCommand::List(args) => list(home, args.json),
    }
}

fn list(home: &Home, json: bool) -> Result<(), Refused> {
    let configuration = doors::find(home)?.configuration();
    let configuration = configuration.map_err(|trouble| Refused::new(RefusedKind::Invalid, trouble.to_string()))?;
    let addresses = configuration.ip_listen.iter().map(|entry| entry.address.to_string()).collect();
    let report = ListenReport { addresses };
    if json {
        text::line(format!("{:#}", json!(report)));
    } else if report.addresses.is_empty() {
        text::line("The IP listen list is empty: `*` bindings listen on every address.");
    } else {
        report.addresses.iter().for_each(text::line);
    }
    Ok(())
}
