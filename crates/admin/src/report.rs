//! What the control socket tells: plain values, made from the running server.

use std::net::IpAddr;
use std::sync::Arc;

use doorward_config::Configuration;
use doorward_limiter::{Evidence, SiteDenials, Usage};
use doorward_logs::{Sink, SinkStatus};
use doorward_plan::{SitePlan, SiteState};
use doorward_server::{CertificateStatus, Control, ListenerStatus, ServerStatus, unix_ms};
use serde::{Deserialize, Serialize};

use crate::certificates::BoundCertificates;

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

/// Counters of the limiter since the start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LimiterReport {
    /// Clients that fit into the table.
    pub capacity: usize,
    /// Places taken, about.
    pub in_use: usize,
    /// Clients that fit among those that need wide counters.
    pub wide_capacity: usize,
    /// Of those places taken, about.
    pub wide_in_use: usize,
    /// Entries that had to make room.
    pub evictions: u64,
    /// Times a newcomer had to share an entry with its neighbours (D21).
    pub pressure: u64,
    /// Requests let through.
    pub allowed: u64,
    /// Of those, exempt by an allow entry.
    pub exempt: u64,
    /// Denied for too many requests at once (501).
    pub denied_concurrency: u64,
    /// Denied for too many requests in the interval (502).
    pub denied_rate: u64,
    /// Denied by the address list (503).
    pub denied_address: u64,
    /// Denied by a host name (504).
    pub denied_host_name: u64,
    /// Denied by an operator's block (503).
    pub denied_block: u64,
    /// Denied for a penalty still being served (502).
    pub denied_penalty: u64,
    /// Denied for what others in the same larger IPv6 network did (501, 502).
    pub denied_wider: u64,
    /// What live traffic says about the limits: a proxy of one's own that is limited.
    pub findings: Vec<String>,
    /// Of the denied, only logged.
    pub logged_only: u64,
    /// Denials by site; sites without any are left out.
    pub by_site: Vec<SiteDenialsReport>,
}

/// What one site denied since the start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SiteDenialsReport {
    /// Name of the site; empty for requests of no site and for sites that are gone.
    pub site: String,
    /// Its number.
    pub site_id: u32,
    /// Too many requests at once (501).
    pub denied_concurrency: u64,
    /// Too many requests in the interval, or a penalty still being served (502).
    pub denied_rate: u64,
    /// The address list (503).
    pub denied_address: u64,
    /// A host name (504).
    pub denied_host_name: u64,
    /// An operator's block (503).
    pub denied_block: u64,
    /// Only logged.
    pub logged_only: u64,
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

/// One client that is limited now, or was lately (`GET /v1/limits/clients`).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClientReport {
    /// Address, or network where clients are counted by network (D10).
    pub address: String,
    /// Site whose request was denied last.
    pub site: String,
    /// Number of the scope its counters belong to.
    pub scope: u32,
    /// What it was denied for: `concurrent requests`, `request rate`, `address`, `host name`.
    pub reason: String,
    /// The limit with a pattern that it was denied by, by name; nothing for the site's own limits.
    pub limit: Option<String>,
    /// Substatus, 501 to 504.
    pub substatus: u16,
    /// Deny action in IIS's words.
    pub action: String,
    /// False when the denial was only logged.
    pub enforced: bool,
    /// Whether its next request would be denied now.
    pub blocked_now: bool,
    /// First denial of the episode, in milliseconds since 1970 UTC.
    pub since_unix_ms: u64,
    /// Last denial, in milliseconds since 1970 UTC.
    pub last_unix_ms: u64,
    /// First denial as text (UTC).
    pub since: String,
    /// Last denial as text (UTC).
    pub last: String,
    /// Requests denied in the episode.
    pub denied: u64,
    /// Requests in progress at the last denial.
    pub in_progress: u32,
    /// Requests in the interval at the last denial.
    pub in_window: u32,
    /// The concurrency limit in force then.
    pub concurrent_max: Option<u32>,
    /// The rate limit in force then, in requests.
    pub requests_max: Option<u32>,
    /// Its interval, in milliseconds.
    pub interval_ms: Option<u32>,
    /// Whether its first denied request said that it speaks for others, in a header that proxy mode would look at.
    pub speaks_for_others: bool,
    /// Method of the first denied request.
    pub method: String,
    /// Path of the first denied request.
    pub path: String,
    /// User agent of the first denied request.
    pub user_agent: String,
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
        limiter: limiter(&control.limiter().usage(), own_proxies(control), denials_by_site(control)),
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

fn limiter(usage: &Usage, findings: Vec<String>, by_site: Vec<SiteDenialsReport>) -> LimiterReport {
    LimiterReport {
        findings,
        capacity: usage.capacity,
        in_use: usage.in_use,
        wide_capacity: usage.wide_capacity,
        wide_in_use: usage.wide_in_use,
        evictions: usage.evictions,
        pressure: usage.pressure,
        allowed: usage.allowed,
        exempt: usage.exempt,
        denied_concurrency: usage.denied_concurrency,
        denied_rate: usage.denied_rate,
        denied_address: usage.denied_address,
        denied_host_name: usage.denied_host_name,
        denied_block: usage.denied_block,
        denied_penalty: usage.denied_penalty,
        denied_wider: usage.denied_wider,
        logged_only: usage.logged_only,
        by_site,
    }
}

fn denials_by_site(control: &Control) -> Vec<SiteDenialsReport> {
    let plan = control.plan();
    let report = |denials: SiteDenials| SiteDenialsReport {
        site: site_name(&plan.sites, denials.site_id),
        site_id: denials.site_id,
        denied_concurrency: denials.denied_concurrency,
        denied_rate: denials.denied_rate,
        denied_address: denials.denied_address,
        denied_host_name: denials.denied_host_name,
        denied_block: denials.denied_block,
        logged_only: denials.logged_only,
    };
    control.limiter().denials_by_site().into_iter().map(report).collect()
}

/// The name of a site; empty when there is none of this number.
fn site_name(sites: &[Arc<SitePlan>], id: u32) -> String {
    sites.iter().find(|site| site.id == id).map_or_else(String::new, |site| site.name.clone())
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

/// Near clients that are limited although they speak for others: most likely the operator's own proxies.
fn own_proxies(control: &Control) -> Vec<String> {
    let suspects =
        clients(control, None).into_iter().filter(|client| client.speaks_for_others && is_near(&client.address));
    let finding = |client: ClientReport| {
        format!(
            "{} is limited at {} and its requests name other clients: this looks like your own proxy, and its clients \
             share one limit. Set enableProxyMode=\"true\" and <doorward><limiter trustedProxies=\"{}\"/>",
            client.address, client.site, client.address
        )
    };
    suspects.map(finding).collect()
}

/// Whether an address or network is one that only neighbours have.
fn is_near(text: &str) -> bool {
    let address = text.split('/').next().and_then(|address| address.parse::<IpAddr>().ok());
    address.is_some_and(|address| match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    })
}

/// The clients that are limited now, or were lately; those of one site, or all.
pub fn clients(control: &Control, site: Option<&str>) -> Vec<ClientReport> {
    let plan = control.plan();
    let denied = control.limiter().denied_clients(control.clock().now_ms());
    let reports =
        denied.into_iter().map(|evidence| client(control, site_name(&plan.sites, evidence.site_id), evidence));
    reports.filter(|report| site.is_none_or(|site| report.site.eq_ignore_ascii_case(site))).collect()
}

fn client(control: &Control, site: String, evidence: Evidence) -> ClientReport {
    let since_unix_ms = control.clock().unix_ms_of(evidence.since_ms);
    let last_unix_ms = control.clock().unix_ms_of(evidence.last_ms);
    ClientReport {
        address: evidence.key.to_string(),
        site,
        scope: evidence.scope.0,
        reason: evidence.reason.to_string(),
        limit: evidence.limit.map(|limit| limit.to_string()),
        substatus: evidence.reason.substatus(),
        action: evidence.action.to_string(),
        enforced: evidence.enforced,
        blocked_now: evidence.blocked_now,
        since_unix_ms,
        last_unix_ms,
        since: utc_text(since_unix_ms),
        last: utc_text(last_unix_ms),
        denied: evidence.denied,
        in_progress: evidence.counts.in_progress,
        in_window: evidence.counts.in_window,
        concurrent_max: evidence.limits.concurrent_max,
        requests_max: evidence.limits.rate.map(|rate| rate.requests_max),
        interval_ms: evidence.limits.rate.map(|rate| rate.interval_ms),
        speaks_for_others: evidence.speaks_for_others,
        method: evidence.method,
        path: evidence.path,
        user_agent: evidence.user_agent,
    }
}

/// A moment as RFC 3339 text in UTC, to the second.
pub(crate) fn utc_text(unix_ms: u64) -> String {
    let seconds = i64::try_from(unix_ms / 1000).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |moment| moment.to_string())
}
