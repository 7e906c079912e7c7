//! `doorward/limiter`: what IIS has no attribute for (design decisions D2, D5, D7, D8, D10).

use ipnet::IpNet;

use crate::diagnostic::Origin;
use crate::effective::Effective;
use crate::schema::parse_networks;
use crate::settings::DenyAction;

/// Our additions to the limits at one path.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one field for each attribute")]
pub struct LimiterSection {
    /// Whether a denied request counts towards the rate.
    pub count_denied: bool,
    /// Whether an entry `allowed="true"` of the static list exempts from the dynamic limits.
    pub exempt_allowed: bool,
    /// Whether an upgraded connection or an event stream counts as in progress until it ends.
    pub count_long_lived: bool,
    /// Bits of an IPv6 address that make one client, 1..128.
    pub ipv6_prefix_length: u8,
    /// Proxies whose forwarded headers are believed. `None`: the attribute is nowhere set (private peers are believed
    /// for one hop); an empty list trusts nobody.
    pub trusted_proxies: Option<Vec<IpNet>>,
    /// IIS's own reading: the left-most address of any peer is believed.
    pub trust_any_proxy: bool,
    /// The header that names the client: `X-Forwarded-For`, `Forwarded`, or another.
    pub client_header: String,
    /// A file of addresses to deny, as written; empty for none. [`crate::Configuration::list_file`] has it.
    pub list_file: String,
    /// Whether a client over a dynamic limit gets 429 with `Retry-After`, whatever `denyAction` says.
    pub too_many_requests: bool,
    /// Whether responses carry the `RateLimit` fields.
    pub rate_limit_fields: bool,
    /// How long a client over the rate is kept out the first time, in seconds; 0 is not at all.
    pub penalty_seconds: u32,
    /// The longest that is, after doubling each time, in seconds.
    pub penalty_seconds_max: u32,
    /// How long a denial is held back, in milliseconds; 0 is not at all.
    pub tarpit_ms: u32,
    /// Most connections of one address at a time; 0 is no limit. Read at the server's level alone.
    pub connections_per_address: Option<u32>,
    /// Most TLS handshakes of one address per second; 0 is no limit. Read at the server's level alone.
    pub handshakes_per_second: Option<u32>,
    /// Where `trustedProxies` was set.
    pub trusted_proxies_origin: Option<Origin>,
    /// Leading bits of the larger IPv6 network that several clients may condemn.
    pub ipv6_wider_prefix_length: u8,
    /// How many clients that are; 0 is never.
    pub ipv6_wider_clients: u32,
    /// Within so many seconds, and for so long.
    pub ipv6_wider_seconds: u32,
    /// Limits for some requests only, in effective order.
    pub limits: Vec<MatchLimit>,
}

/// One limit for requests of some methods and paths (`<limits><limit …/>`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchLimit {
    /// Its name.
    pub name: String,
    /// Methods; empty is every method.
    pub methods: Vec<String>,
    /// Path with `*` for any text; empty is every path.
    pub path: String,
    /// Requests of one client within the interval; 0 is no limit.
    pub max_requests: u32,
    /// The interval in milliseconds.
    pub interval_ms: u32,
    /// Requests of one client in progress; 0 is no limit.
    pub max_concurrent: u32,
    /// What a client over it is told.
    pub deny_action: LimitAction,
    /// The level it is written at: `""` the server, `/` the site, `/a/b` a location below.
    pub level: String,
    /// Where it is written.
    pub origin: Origin,
}

/// What a client over such a limit is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitAction {
    /// What `dynamicIpSecurity` says.
    Inherit,
    /// One of IIS's actions.
    Like(DenyAction),
    /// Status 429.
    TooManyRequests,
}

impl MatchLimit {
    /// `None` for an entry that a finding names as unusable.
    fn read(entry: &Effective) -> Option<Self> {
        let methods = entry.text("method");
        let methods = methods.split([',', ' ']).filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Some(Self {
            name: entry.setting("name")?.text.clone(),
            methods,
            path: entry.text("path"),
            max_requests: entry.uint("maxRequests"),
            interval_ms: entry.uint("requestIntervalInMilliseconds"),
            max_concurrent: entry.uint("maxConcurrentRequests"),
            deny_action: match entry.uint("denyAction") {
                1 => LimitAction::Inherit,
                429 => LimitAction::TooManyRequests,
                number => LimitAction::Like(DenyAction::from_number(number)),
            },
            level: entry.setting("name")?.level.to_string(),
            origin: entry.origin.clone()?,
        })
    }
}

impl LimiterSection {
    pub(crate) fn read(section: &Effective) -> Self {
        let trusted = section.setting("trustedProxies");
        let written = |name: &str| section.setting(name).map(|_| section.uint(name));
        Self {
            count_denied: section.bool("countDenied"),
            exempt_allowed: section.bool("exemptAllowed"),
            count_long_lived: section.bool("countLongLived"),
            ipv6_prefix_length: u8::try_from(section.uint("ipv6PrefixLength")).unwrap_or(64),
            trusted_proxies: trusted.map(|setting| parse_networks(&setting.text).unwrap_or_default()),
            trust_any_proxy: section.bool("trustAnyProxy"),
            client_header: section.text("clientHeader"),
            list_file: section.text("listFile"),
            too_many_requests: section.bool("tooManyRequests"),
            rate_limit_fields: section.bool("rateLimitFields"),
            penalty_seconds: section.uint("penaltySeconds"),
            penalty_seconds_max: section.uint("penaltySecondsMax"),
            tarpit_ms: section.uint("tarpitMs"),
            connections_per_address: written("connectionsPerAddress"),
            handshakes_per_second: written("handshakesPerSecond"),
            trusted_proxies_origin: trusted.map(|setting| setting.origin.clone()),
            ipv6_wider_prefix_length: u8::try_from(section.uint("ipv6WiderPrefixLength")).unwrap_or(48),
            ipv6_wider_clients: section.uint("ipv6WiderClients"),
            ipv6_wider_seconds: section.uint("ipv6WiderSeconds"),
            limits: section.child("limits").entries().filter_map(MatchLimit::read).collect(),
        }
    }
}
