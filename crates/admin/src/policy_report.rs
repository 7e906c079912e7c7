//! The limiter's rules in force at a path, each with the place that sets it.

use doorward_config::{Configuration, EffectiveValue, IpSecurityEntry, LimitAction, MatchLimit, Settings};
use serde::{Deserialize, Serialize};

/// Section of the dynamic limits.
pub(crate) const DYNAMIC: &str = "system.webServer/security/dynamicIpSecurity";
/// Section of the static list.
pub(crate) const STATIC: &str = "system.webServer/security/ipSecurity";
/// Our own section.
pub(crate) const OWN: &str = "doorward/limiter";

/// `GET /v1/limits/policy`: the rules in force at a path.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PolicyReport {
    /// The site; empty for the server's own level.
    pub site: String,
    /// The path.
    pub path: String,
    /// The level that counts are kept at: empty for the server's own, `/` for the site's.
    pub counted_at: String,
    /// Every rule, set or not.
    pub rules: Vec<RuleReport>,
    /// The entries of the static list, in the order in which they are tested.
    pub entries: Vec<EntryReport>,
}

/// One rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleReport {
    /// Full path of its section.
    pub section: String,
    /// Element and attribute, such as `denyByRequestRate.maxRequests`.
    pub name: String,
    /// Its value.
    pub value: String,
    /// `file:line:column` that sets it; nothing where the default holds.
    pub origin: Option<String>,
}

/// One entry of the static list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryReport {
    /// Network or name.
    pub matches: String,
    /// Whether it lets in.
    pub allowed: bool,
    /// `file:line:column` of it.
    pub origin: String,
}

impl From<&IpSecurityEntry> for EntryReport {
    fn from(entry: &IpSecurityEntry) -> Self {
        let name = || entry.domain_name.clone();
        Self {
            matches: entry.network.map_or_else(name, |network| network.to_string()),
            allowed: entry.allowed,
            origin: entry.origin.to_string(),
        }
    }
}

/// The rules at a path of a site; an empty site is the server's own level.
pub(crate) fn policy(configuration: &Configuration, site: &str, path: &str) -> PolicyReport {
    let settings = configuration.settings_at(site, path);
    PolicyReport {
        site: site.to_owned(),
        path: path.to_owned(),
        counted_at: settings.dynamic_ip_security.limits_path.clone(),
        rules: rules(configuration, (site, path), &settings),
        entries: settings.ip_security.entries.iter().map(EntryReport::from).collect(),
    }
}

/// Every rule with its value and the place that sets it.
pub(crate) fn rules(configuration: &Configuration, (site, path): (&str, &str), settings: &Settings) -> Vec<RuleReport> {
    let sections = [(DYNAMIC, dynamic(settings)), (STATIC, fixed(settings)), (OWN, own(settings))];
    let rows = sections.into_iter().flat_map(|(section, values)| {
        let set = configuration.values_at(site, path, section);
        values.into_iter().map(move |(name, value)| rule(section, name, value, &set)).collect::<Vec<_>>()
    });
    rows.chain(settings.limiter.limits.iter().map(limit_rule)).collect()
}

/// What the rule of a limit with a pattern is called.
pub(crate) fn limit_rule_name(name: &str) -> String {
    format!("limit {name}")
}

fn limit_rule(limit: &MatchLimit) -> RuleReport {
    let any = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
    let whom = format!("{} {}", any(limit.methods.join(","), "any method"), any(limit.path.clone(), "any path"));
    let rate = (limit.max_requests > 0).then(|| format!("{} in {} ms", limit.max_requests, limit.interval_ms));
    let concurrent = (limit.max_concurrent > 0).then(|| format!("{} at once", limit.max_concurrent));
    let action = match limit.deny_action {
        LimitAction::Inherit => None,
        LimitAction::Like(action) => Some(format!("{action:?}")),
        LimitAction::TooManyRequests => Some("TooManyRequests".to_owned()),
    };
    let parts: Vec<String> = [rate, concurrent, action].into_iter().flatten().collect();
    RuleReport {
        section: OWN.to_owned(),
        name: limit_rule_name(&limit.name),
        value: format!("{whom}: {}", any(parts.join(", "), "nothing")),
        origin: Some(limit.origin.to_string()),
    }
}

fn rule(section: &str, name: &str, value: String, set: &[EffectiveValue]) -> RuleReport {
    let origin = set.iter().find(|own| own.name == name).map(|own| own.origin.to_string());
    RuleReport { section: section.to_owned(), name: name.to_owned(), value, origin }
}

type Rows = Vec<(&'static str, String)>;

fn dynamic(settings: &Settings) -> Rows {
    let section = &settings.dynamic_ip_security;
    vec![
        ("denyByConcurrentRequests.enabled", section.concurrent.enabled.to_string()),
        ("denyByConcurrentRequests.maxConcurrentRequests", section.concurrent.max.to_string()),
        ("denyByRequestRate.enabled", section.rate.enabled.to_string()),
        ("denyByRequestRate.maxRequests", section.rate.max_requests.to_string()),
        ("denyByRequestRate.requestIntervalInMilliseconds", section.rate.interval_ms.to_string()),
        ("denyAction", format!("{:?}", section.deny_action)),
        ("enableLoggingOnlyMode", section.enable_logging_only_mode.to_string()),
        ("enableProxyMode", section.enable_proxy_mode.to_string()),
    ]
}

fn fixed(settings: &Settings) -> Rows {
    let section = &settings.ip_security;
    vec![
        ("allowUnlisted", section.allow_unlisted.to_string()),
        ("denyAction", format!("{:?}", section.deny_action)),
        ("enableReverseDns", section.enable_reverse_dns.to_string()),
        ("enableProxyMode", section.enable_proxy_mode.to_string()),
    ]
}

fn own(settings: &Settings) -> Rows {
    let section = &settings.limiter;
    let trusted = section
        .trusted_proxies
        .as_ref()
        .map_or_else(String::new, |networks| networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    vec![
        ("trustedProxies", trusted),
        ("trustAnyProxy", section.trust_any_proxy.to_string()),
        ("clientHeader", section.client_header.clone()),
        ("listFile", section.list_file.clone()),
        ("tooManyRequests", section.too_many_requests.to_string()),
        ("rateLimitFields", section.rate_limit_fields.to_string()),
        ("penaltySeconds", section.penalty_seconds.to_string()),
        ("penaltySecondsMax", section.penalty_seconds_max.to_string()),
        ("tarpitMs", section.tarpit_ms.to_string()),
        ("countDenied", section.count_denied.to_string()),
        ("exemptAllowed", section.exempt_allowed.to_string()),
        ("countLongLived", section.count_long_lived.to_string()),
        ("ipv6PrefixLength", section.ipv6_prefix_length.to_string()),
        ("ipv6WiderClients", section.ipv6_wider_clients.to_string()),
        ("ipv6WiderPrefixLength", section.ipv6_wider_prefix_length.to_string()),
        ("ipv6WiderSeconds", section.ipv6_wider_seconds.to_string()),
    ]
}
