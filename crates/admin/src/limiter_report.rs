//! What the limiter counted and whom it limits, for `status` and `limits clients`.

use std::net::IpAddr;
use std::sync::Arc;

use doorward_limiter::{Evidence, SiteDenials, Usage};
use doorward_plan::SitePlan;
use doorward_server::Control;
use serde::{Deserialize, Serialize};

use crate::report::utc_text;

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

/// One client that is limited now, or was lately (`GET /v1/limits/clients`).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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

/// The limiter's figures and what they say.
pub(crate) fn limiter(control: &Control) -> LimiterReport {
    let usage: Usage = control.limiter().usage();
    LimiterReport {
        findings: own_proxies(control),
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
        by_site: denials_by_site(control),
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

/// Denied requests below which a far client that speaks for others is not worth a word.
const FAR_DENIED_MIN: u64 = 100;

/// Clients that are limited although they speak for others: most likely the operator's own proxies.
fn own_proxies(control: &Control) -> Vec<String> {
    proxy_findings(&clients(control, None))
}

/// Anybody can claim to speak for others. A near client that does is worth a word at once; a far one when most of what
/// its site denies is its own, as with a CDN, and then the operator has to know it.
fn proxy_findings(clients: &[ClientReport]) -> Vec<String> {
    let denied_at = |site: &str| clients.iter().filter(|client| client.site == site).map(|client| client.denied).sum();
    let is_most = |client: &ClientReport| client.denied.saturating_mul(2) > denied_at(&client.site);
    let finding = |client: &ClientReport| {
        let ClientReport { address, site, denied, .. } = client;
        if is_near(address) {
            Some(format!(
                "{address} is limited at {site} and its requests name other clients: this looks like your own proxy, and \
                 its clients share one limit. Set enableProxyMode=\"true\" and <doorward><limiter \
                 trustedProxies=\"{address}\"/>"
            ))
        } else if *denied >= FAR_DENIED_MIN && is_most(client) {
            Some(format!(
                "{address} is limited at {site}, has most of the requests denied there ({denied}), and its requests name \
                 other clients. If this is a proxy or CDN of yours, set enableProxyMode=\"true\" and name its networks in \
                 <doorward><limiter trustedProxies=\"…\"/>; if you do not know it, leave it limited"
            ))
        } else {
            None
        }
    };
    clients.iter().filter(|client| client.speaks_for_others).filter_map(finding).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn report(address: &str, denied: u64, speaks_for_others: bool) -> ClientReport {
        ClientReport {
            address: address.into(),
            site: "shop".into(),
            denied,
            speaks_for_others,
            ..ClientReport::default()
        }
    }

    /// Each client as `address denied`, with a `+` where it speaks for others; expected: who is told of.
    fn check(clients: &str, expected: &[&str]) {
        let read = |text: &str| {
            let (address, denied) = text.trim().split_once(' ').unwrap();
            report(address, denied.trim_end_matches('+').parse().unwrap(), denied.ends_with('+'))
        };
        let told = proxy_findings(&clients.split(',').map(read).collect::<Vec<_>>());
        let addresses: Vec<_> = told.iter().map(|text| text.split(' ').next().unwrap()).collect();
        assert_eq!(addresses, expected, "{clients}");
    }

    #[test]
    fn proxies_of_ones_own_are_told_of() {
        check("10.0.0.1 1+", &["10.0.0.1"]);
        check("10.0.0.1 900", &[]);
        check("fd00:1::/64 1+", &["fd00:1::/64"]);
        check("203.0.113.9 99+", &[]);
        check("203.0.113.9 100+", &["203.0.113.9"]);
        check("203.0.113.9 100+, 198.51.100.7 100", &[]);
        check("203.0.113.9 101+, 198.51.100.7 100+", &["203.0.113.9"]);
        check("203.0.113.9 500, 198.51.100.7 100+, 10.0.0.1 2+", &["10.0.0.1"]);
    }
}
