//! `doorward limits show`

use std::path::Path;

use doorward_admin::{EntryReport, PolicyReport, Refused, RuleReport};
use hyper::Method;
use serde_json::json;

use super::with_query;
use crate::cli::PlaceArgs;
use crate::client::ask;
use crate::text;

/// Shows the rules in force at a place.
pub(super) fn run(socket: &Path, place: &PlaceArgs, json: bool) -> Result<(), Refused> {
    let parts = [("site", place.site.as_deref()), ("path", place.path.as_deref())];
    let report: PolicyReport = ask(socket, (Method::GET, &with_query("/v1/limits/policy", &parts)), None)?;
    if json {
        text::line(format!("{:#}", json!(report)));
        return Ok(());
    }
    let name = if report.site.is_empty() { "the server" } else { &report.site };
    text::line(format!("{name} {}, counted at {}", report.path, level(&report.counted_at)));
    let rows: Vec<Vec<String>> = report.rules.iter().map(rule).chain(report.entries.iter().map(entry)).collect();
    text::table(&["SECTION", "RULE", "VALUE", "SET AT"], &rows);
    Ok(())
}

/// A level of the configuration in words.
pub(super) fn level(level: &str) -> String {
    match level {
        "" => "the level of the server, for each site".to_owned(),
        "/" => "the level of the site".to_owned(),
        path => format!("the level of {path}"),
    }
}

fn rule(rule: &RuleReport) -> Vec<String> {
    let section = rule.section.rsplit('/').next().unwrap_or(&rule.section);
    let origin = rule.origin.clone().unwrap_or_else(|| "(default)".to_owned());
    let value = if rule.value.is_empty() { "(none)".to_owned() } else { rule.value.clone() };
    vec![section.to_owned(), rule.name.clone(), value, origin]
}

fn entry(entry: &EntryReport) -> Vec<String> {
    let value = format!("{} {}", if entry.allowed { "allow" } else { "deny" }, entry.matches);
    vec!["ipSecurity".to_owned(), "add".to_owned(), value, entry.origin.clone()]
}
