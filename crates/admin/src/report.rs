//! What the control socket tells: plain values, made from the running server.

use std::sync::Arc;

use doorward_config::Configuration;
use doorward_logs::{Sink, SinkStatus};
use doorward_plan::{SitePlan, SiteState};
use doorward_server::{CertificateStatus, Control, ListenerStatus, ServerStatus, unix_ms};
use serde::{Deserialize, Serialize};

use crate::certificates::BoundCertificates;
use crate::limiter_report::{self, LimiterReport};

/// What only the owner of the configuration knows.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// The file in force, or the words for the embedded default.
    pub file: String,
    /// Why the last reading of the configuration was refused; `None` when the file is in force.
    pub last_error: Option<String>,
    /// The IP listen list.
    pub listen: Vec<String>,
    /// Findings that did not keep the configuration from being used.
    pub findings: Vec<String>,
    /// Which certificate answers where.
    pub certificates: BoundCertificates,
    /// The configuration in force, to tell where a value comes from.
    pub configuration: Option<Arc<Configuration>>,
}

/// `GET /v1/status`.
#[derive(Clone, Debug, Serialize)]
pub struct StatusReport {
    /// Version of the program.
    pub version: String,
    /// Process number.
    pub pid: u32,
    /// Every configured site.
    pub sites: Vec<SiteReport>,
    /// Every address of the plan.
    pub listeners: Vec<ListenerReport>,
    /// Every certificate in use.
    pub certificates: Vec<CertificateStatus>,
    /// The configuration in force.
    pub configuration: ConfigurationReport,
    /// Decisions and room of the limiter.
    pub limiter: LimiterReport,
    /// Lines written and lost.
    pub logs: LogsReport,
    /// Milliseconds since the start.
    pub up_ms: u64,
    /// Serving threads.
    pub threads: usize,
    /// Connections accepted since the start.
    pub connections: u64,
    /// Connections open now.
    pub open_connections: u64,
    /// Requests answered since the start.
    pub requests: u64,
    /// Accepts that failed or had to wait, mostly for want of descriptors.
    pub accept_errors: u64,
    /// Upgraded connections and event streams open now.
    pub long_lived: u64,
}

/// One site.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SiteReport {
    /// `name` attribute.
    pub name: String,
    /// `id` attribute.
    pub id: u32,
    /// `Started` or `Stopped`.
    pub state: String,
    /// `protocol/bindingInformation` each.
    pub bindings: Vec<String>,
    /// Why it does not run although it should.
    pub problem: Option<String>,
    /// The log file of this moment.
    pub log: String,
}

/// One listener.
pub type ListenerReport = ListenerStatus;

/// Where the configuration comes from and how the last reading went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConfigurationReport {
    /// The file in force.
    pub file: String,
    /// Why the last reading was refused.
    pub last_error: Option<String>,
    /// Findings that did not keep it from being used.
    pub findings: Vec<String>,
}

/// How logging goes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogsReport {
    /// Lines in files.
    pub lines_written: u64,
    /// Lines lost.
    pub lines_dropped: u64,
    /// What stands in the way.
    pub problems: Vec<LogProblemReport>,
}

/// A folder that cannot be written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogProblemReport {
    /// What happened, with the path.
    pub message: String,
    /// Whether it still is so.
    pub active: bool,
    /// Lines lost to it.
    pub lines_dropped: u64,
}

/// `GET /v1/listen`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListenReport {
    /// The IP listen list; empty means that `*` bindings listen on every address.
    pub addresses: Vec<String>,
}

/// The whole status.
pub async fn status(control: &Control, sink: &Sink, standing: Standing) -> StatusReport {
    let server: ServerStatus = control.status().await;
    let plan = control.plan();
    StatusReport {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        sites: plan.sites.iter().map(site).collect(),
        listeners: server.listeners,
        certificates: control.certificates(),
        configuration: ConfigurationReport {
            file: standing.file,
            last_error: standing.last_error,
            findings: standing.findings,
        },
        limiter: limiter_report::limiter(control),
        logs: logs(&sink.status()),
        up_ms: server.up_ms,
        threads: server.threads,
        connections: server.connections,
        open_connections: server.open_connections,
        long_lived: server.long_lived,
        requests: server.requests,
        accept_errors: server.accept_errors,
    }
}

fn site(site: &Arc<SitePlan>) -> SiteReport {
    SiteReport {
        name: site.name.clone(),
        id: site.id,
        state: site.state.word().to_owned(),
        bindings: site.bindings.clone(),
        problem: match &site.state {
            SiteState::Failed(problem) => Some(problem.clone()),
            SiteState::Started | SiteState::Stopped => None,
        },
        log: site.log.current_path(unix_ms()).display().to_string(),
    }
}

fn logs(status: &SinkStatus) -> LogsReport {
    let problem = |problem: &doorward_logs::Problem| LogProblemReport {
        message: problem.to_string(),
        active: problem.is_active,
        lines_dropped: problem.lines_dropped,
    };
    LogsReport {
        lines_written: status.lines_written,
        lines_dropped: status.lines_dropped,
        problems: status.problems.iter().map(problem).collect(),
    }
}

/// A moment as RFC 3339 text in UTC, to the second.
pub(crate) fn utc_text(unix_ms: u64) -> String {
    let seconds = i64::try_from(unix_ms / 1000).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |moment| moment.to_string())
}
