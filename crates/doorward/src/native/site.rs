//! `doorward site …`

use std::path::Path;

use doorward_admin::Refused;
use hyper::Method;
use serde_json::{Value, json};

use crate::cli::{SiteAddArgs, SiteCommand};
use crate::client::{ask, segment};
use crate::{homes, text};

/// Runs one `site` command.
pub(super) fn run(socket: &Path, command: SiteCommand) -> Result<(), Refused> {
    match command {
        SiteCommand::List(args) => list(socket, args.json),
        SiteCommand::Start { name } => super::order(socket, (Method::POST, &route(&name, "/start")), None),
        SiteCommand::Stop { name } => super::order(socket, (Method::POST, &route(&name, "/stop")), None),
        SiteCommand::Remove { name } => super::order(socket, (Method::DELETE, &route(&name, "")), None),
        SiteCommand::Add(args) => super::order(socket, (Method::POST, "/v1/sites"), Some(&new_site(args))),
    }
}

fn route(name: &str, verb: &str) -> String {
    format!("/v1/sites/{}{verb}", segment(name))
}

fn new_site(args: SiteAddArgs) -> Value {
    // A Windows path means a folder below the home's drives; a Unix path is meant from here.
    let is_windows = |path: &str| path.contains('\\') || path.contains('%') || path.get(1..2) == Some(":");
    let path = args
        .path
        .map(|path| if is_windows(&path) { path } else { homes::absolute(Path::new(&path)).display().to_string() });
    json!({ "name": args.name, "id": args.id, "bindings": args.bind, "path": path, "to": args.to })
}

fn list(socket: &Path, json: bool) -> Result<(), Refused> {
    let status: Value = ask(socket, (Method::GET, "/v1/status"), None)?;
    let sites = &status["sites"];
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
