//! `doorward status`

use std::path::Path;

use doorward_admin::Refused;
use hyper::Method;
use serde_json::Value;

use crate::client::ask;
use crate::text;

/// Shows the running server.
pub(super) fn run(socket: &Path, json: bool) -> Result<(), Refused> {
    let status: Value = ask(socket, (Method::GET, "/v1/status"), None)?;
    if json {
        text::line(format!("{status:#}"));
        return Ok(());
    }
    let seconds = status["up_ms"].as_u64().unwrap_or(0) / 1000;
    text::line(format!(
        "Doorward {} (pid {}), up {} h {} min {} s, {} requests, {} connections open, {} upgraded or event streams",
        word(&status["version"]),
        status["pid"],
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        status["requests"],
        status["open_connections"],
        status["long_lived"]
    ));
    configuration(&status["configuration"]);
    sites(&status["sites"]);
    listeners(&status["listeners"]);
    certificates(&status["certificates"]);
    limiter(&status["limiter"]);
    logs(&status["logs"]);
    Ok(())
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn rows(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn configuration(configuration: &Value) {
    text::line(format!("configuration  {}", word(&configuration["file"])));
    if let Some(error) = configuration["last_error"].as_str() {
        text::line("  the last change was refused, the one before it is in force:");
        error.lines().for_each(|line| text::line(format!("    {line}")));
    }
    rows(&configuration["findings"]).for_each(|finding| text::line(format!("  {}", word(finding))));
}

fn sites(sites: &Value) {
    text::line("sites");
    for site in rows(sites) {
        let bindings: Vec<String> = rows(&site["bindings"]).map(word).collect();
        text::line(format!(
            "  {:8} {} ({})  {}",
            word(&site["state"]),
            word(&site["name"]),
            site["id"],
            bindings.join(", ")
        ));
        if let Some(problem) = site["problem"].as_str() {
            text::line(format!("           {problem}"));
        }
    }
}

fn listeners(listeners: &Value) {
    text::line("listeners");
    for listener in rows(listeners) {
        let sites: Vec<String> = rows(&listener["sites"]).map(word).collect();
        text::line(format!("  {:8} {}  {}", word(&listener["state"]), word(&listener["address"]), sites.join(", ")));
        if listener["early_abort"] == true {
            text::line("           resets clients that are denied before their first byte");
        }
        for detail in ["culprit", "hint"] {
            if let Some(detail) = listener[detail].as_str() {
                text::line(format!("           {detail}"));
            }
        }
    }
}

fn certificates(certificates: &Value) {
    for (number, certificate) in rows(certificates).enumerate() {
        if number == 0 {
            text::line("certificates");
        }
        let names: Vec<String> = rows(&certificate["facts"]["names"]).map(word).collect();
        text::line(format!("  {}  {}", word(&certificate["source"]), names.join(", ")));
        if let Some(problem) = certificate["problem"].as_str() {
            text::line(format!("           {problem}"));
        }
    }
}

fn limiter(limiter: &Value) {
    text::line(format!(
        "limiter        {} allowed ({} exempt), denied: {} concurrency, {} rate, {} address, {} host name, {} block, {} penalty, {} network; {} only logged",
        limiter["allowed"],
        limiter["exempt"],
        limiter["denied_concurrency"],
        limiter["denied_rate"],
        limiter["denied_address"],
        limiter["denied_host_name"],
        limiter["denied_block"],
        limiter["denied_penalty"],
        limiter["denied_wider"],
        limiter["logged_only"]
    ));
    text::line(format!(
        "  table        {} of {} clients, {} of {} with wide counters; {} evicted, {} times shared for want of room",
        limiter["in_use"],
        limiter["capacity"],
        limiter["wide_in_use"],
        limiter["wide_capacity"],
        limiter["evictions"],
        limiter["pressure"]
    ));
    rows(&limiter["findings"]).for_each(|finding| text::line(format!("  {}", word(finding))));
}

fn logs(logs: &Value) {
    text::line(format!("logs           {} lines written, {} lost", logs["lines_written"], logs["lines_dropped"]));
    for problem in rows(&logs["problems"]).filter(|problem| problem["active"] == true) {
        text::line(format!("  {}", word(&problem["message"])));
    }
}
