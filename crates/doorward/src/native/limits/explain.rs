//! `doorward limits explain`

use std::path::Path;

use doorward_admin::{Explanation, LimitStanding, Question, Refused, RuleReport, WiderReport};
use hyper::Method;
use serde_json::json;

use super::show::level;
use crate::cli::ExplainArgs;
use crate::client::ask;
use crate::text;

/// Asks what an address would get, and shows why.
pub(super) fn run(socket: &Path, args: ExplainArgs) -> Result<(), Refused> {
    let ExplainArgs { address, site, path, method, headers, json } = args;
    let question = json!(Question { address, site, path, method, headers });
    let answers: Vec<Explanation> = ask(socket, (Method::POST, "/v1/limits/explain"), Some(&question))?;
    if json {
        text::line(format!("{:#}", json!(answers)));
        return Ok(());
    }
    if answers.is_empty() {
        text::line("There is no site.");
    }
    answers.iter().for_each(show);
    Ok(())
}

fn show(answer: &Explanation) {
    let row = |name: &str, value: String| text::line(format!("  {name:14}{value}"));
    text::line(format!("{} at {} {}", answer.client, answer.site, answer.path));
    if answer.peer != answer.client {
        row("peer", answer.peer.clone());
    }
    row("client", format!("{}: {}", answer.client, answer.client_from));
    row("counted as", format!("{}, at {}", answer.counted_as, level(&answer.counted_at)));
    if let Some(block) = &answer.block {
        row("block", format!("{} until {}: {}", block.network, block.until, block.reason));
    }
    row("address list", list(answer));
    if answer.name_matters {
        row("host name", "an entry with domainName could decide otherwise; no name was looked up here".to_owned());
    }
    row("in progress", count(answer.in_progress, answer.concurrent_max, ""));
    let interval = answer.interval_ms.map(|interval| format!(" in {interval} ms")).unwrap_or_default();
    row("in interval", count(answer.in_window, answer.requests_max, &interval));
    for limit in &answer.limits {
        row("limit", format!("{}: {}", limit.name, standing(limit)));
    }
    if let Some(wider) = &answer.wider {
        let WiderReport { network, convicted, needed } = wider;
        row("network", format!("{network}: clients over their limits: {convicted}; {needed} make all of it denied"));
    }
    if answer.penalty_left_ms > 0 {
        row("penalty", format!("{} ms left", answer.penalty_left_ms));
    }
    row("verdict", verdict(answer));
    if let Some(rule) = &answer.decided_by {
        row("decided by", decider(rule));
    }
}

fn standing(limit: &LimitStanding) -> String {
    let concurrent = limit.concurrent_max.map(|max| format!("{} at once, {max} allowed", limit.in_progress));
    let rate = limit.requests_max.map(|max| {
        let interval_ms = limit.interval_ms.unwrap_or_default();
        format!("{} with the next request, {max} allowed in {interval_ms} ms", limit.in_window)
    });
    [rate, concurrent].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn list(answer: &Explanation) -> String {
    let entry = answer.entry.as_ref().map_or_else(
        || "no entry matches".to_owned(),
        |entry| {
            let verb = if entry.allowed { "allows" } else { "denies" };
            format!("the entry {} {verb} it ({})", entry.matches, entry.origin)
        },
    );
    match answer.list.as_str() {
        "exempt" => entry,
        "denied" => format!("{entry}: denied"),
        _ => format!("{entry}: let in"),
    }
}

fn count(count: u32, max: Option<u32>, interval: &str) -> String {
    match max {
        Some(_) if count == 0 => "not counted: something before the limits decides".to_owned(),
        Some(max) => format!("{count} with the next request, {max} allowed{interval}"),
        None => "not limited".to_owned(),
    }
}

fn verdict(answer: &Explanation) -> String {
    let reason = answer.reason.as_deref().unwrap_or("");
    let substatus = answer.substatus.map(|substatus| format!(" ({substatus})")).unwrap_or_default();
    let action = answer.action.as_deref().map(|action| format!(", {action}")).unwrap_or_default();
    match answer.verdict.as_str() {
        "deny" => format!("the next request is denied: {reason}{substatus}{action}"),
        "log" => format!("the next request is served, and logged as over the limit: {reason}{substatus}"),
        _ if answer.list == "exempt" => {
            "the next request is served; an allow entry exempts it from the limits".to_owned()
        }
        _ => "the next request is served".to_owned(),
    }
}

fn decider(rule: &RuleReport) -> String {
    let element = rule.section.rsplit('/').next().unwrap_or(&rule.section);
    let origin = rule.origin.as_deref().unwrap_or("the default, no file sets it");
    format!("{origin}  {element}: {} {}", rule.name, rule.value)
}
