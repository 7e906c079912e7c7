//! Where log lines go at this moment.

use std::time::{SystemTime, UNIX_EPOCH};

use doorward_logs::{Format, LogTarget, Sink};
use doorward_plan::{Plan, SitePlan};
use serde::{Deserialize, Serialize};

/// One log: a site's, or the one for what no site's log shows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogFileReport {
    /// Name of the site; `None` for HTTPERR.
    pub site: Option<String>,
    /// Number of the site.
    pub id: Option<u32>,
    /// `W3C`, `NCSA`, `IIS`, `JSON` or `HTTPERR`.
    pub format: String,
    /// Whether lines are written at all.
    pub enabled: bool,
    /// The present file, or `stdout` or `stderr`.
    pub path: String,
}

/// Every log of the plan in force, HTTPERR last.
pub(crate) fn log_files(plan: &Plan, sink: &Sink) -> Vec<LogFileReport> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_unix_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    let errors = LogFileReport {
        site: None,
        id: None,
        format: "HTTPERR".to_owned(),
        enabled: true,
        path: sink.error_path().display().to_string(),
    };
    plan.sites.iter().map(|site| of_site(site, now_unix_ms)).chain([errors]).collect()
}

fn of_site(site: &SitePlan, now_unix_ms: u64) -> LogFileReport {
    let settings = site.log.settings();
    LogFileReport {
        site: Some(site.name.clone()),
        id: Some(site.id),
        format: match settings.format {
            Format::W3c => "W3C",
            Format::Ncsa => "NCSA",
            Format::Iis => "IIS",
            Format::Json => "JSON",
        }
        .to_owned(),
        enabled: settings.enabled,
        path: match settings.target {
            LogTarget::File => site.log.current_path(now_unix_ms).display().to_string(),
            LogTarget::Stdout => "stdout".to_owned(),
            LogTarget::Stderr => "stderr".to_owned(),
        },
    }
}
