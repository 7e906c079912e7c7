//! `doorward site …`

use std::path::Path;

use doorward_admin::{NewSiteOrder, Order, Refused, RefusedKind};
use doorward_config::{Binding, Home, Site};
use hyper::Method;
use serde_json::{Value, json};

use crate::cli::{SiteAddArgs, SiteCommand};
use crate::daemon::Source;
use crate::embedded::Ports;
use crate::{client, homes, text};

/// Runs one `site` command.
pub(super) fn run(home: &Home, command: SiteCommand) -> Result<(), Refused> {
    match command {
        SiteCommand::List(args) => list(home, args.json),
        SiteCommand::Start { name } => super::carry_out(home, Order::StartSite(name)),
        SiteCommand::Stop { name } => super::carry_out(home, Order::StopSite(name)),
        SiteCommand::Remove { name } => super::carry_out(home, Order::RemoveSite(name)),
        SiteCommand::Add(args) => super::carry_out(home, Order::AddSite(new_site(args))),
    }
}

fn new_site(args: SiteAddArgs) -> NewSiteOrder {
    // A Windows path means a folder below the home's drives; a Unix path is meant from here.
    let is_windows = |path: &str| path.contains('\\') || path.contains('%') || path.get(1..2) == Some(":");
    let path = args
        .path
        .map(|path| if is_windows(&path) { path } else { homes::absolute(Path::new(&path)).display().to_string() });
    NewSiteOrder { name: args.name, id: args.id, bindings: args.bind, path, to: args.to }
}

/// The sites of the running server; without one, those of the files, whose state nobody knows.
fn sites(home: &Home) -> Result<Value, Refused> {
    let socket = homes::control_socket(home);
    if client::runs(&socket)? {
        let mut status: Value = client::ask(&socket, (Method::GET, "/v1/status"), None)?;
        return Ok(status["sites"].take());
    }
    let configuration = Source::choose(home, false, Ports::default()).load(home);
    let configuration = configuration.map_err(|error| Refused::new(RefusedKind::Invalid, error.to_string()))?;
    let binding = |binding: &Binding| format!("{}/{}", binding.protocol, binding.information);
    let row = |site: &Site| {
        let bindings: Vec<String> = site.bindings.iter().map(binding).collect();
        json!({ "name": site.name, "id": site.id, "state": "Unknown", "bindings": bindings })
    };
    Ok(configuration.sites.iter().map(row).collect())
}

fn list(home: &Home, json: bool) -> Result<(), Refused> {
    let sites = &sites(home)?;
    if json {
        text::line(format!("{sites:#}"));
        return Ok(());
    }
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let bindings = |site: &Value| {
        site["bindings"].as_array().map(|all| all.iter().map(word).collect::<Vec<_>>().join(",")).unwrap_or_default()
    };
    let rows: Vec<Vec<String>> = sites
        .as_array()
        .into_iter()
        .flatten()
        .map(|site| vec![word(&site["id"]), word(&site["name"]), word(&site["state"]), bindings(site)])
        .collect();
    text::table(&["ID", "NAME", "STATE", "BINDINGS"], &rows);
    Ok(())
}
