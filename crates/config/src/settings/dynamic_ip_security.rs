//! `system.webServer/security/dynamicIpSecurity` (IIS reference §2.1, §2.3).

use crate::diagnostic::Origin;
use crate::effective::Effective;

/// What a denied client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DenyAction {
    /// The connection is reset without an answer.
    AbortRequest,
    /// Status 401.
    Unauthorized,
    /// Status 403.
    Forbidden,
    /// Status 404.
    NotFound,
}

/// The dynamic limits at one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DynamicIpSecurity {
    /// What a denied client is told.
    pub deny_action: DenyAction,
    /// Whether the client is sought in forwarded headers.
    pub enable_proxy_mode: bool,
    /// Whether decisions are logged and not enforced.
    pub enable_logging_only_mode: bool,
    /// `denyByConcurrentRequests`.
    pub concurrent: ConcurrentLimit,
    /// `denyByRequestRate`.
    pub rate: RateLimit,
    /// The scope of the counters: the deepest level that sets any attribute of either limit element
    /// (decision D6). `""` is the server or nobody, `"/"` the site, `"/a/b"` that location.
    pub limits_path: String,
    /// Where `denyAction` was set; `None` is the schema's default.
    pub deny_action_origin: Option<Origin>,
}

/// `denyByConcurrentRequests`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConcurrentLimit {
    /// Whether the limit applies.
    pub enabled: bool,
    /// Most requests of one client in progress.
    pub max: u32,
    /// Where the number (or else the switch) was set; `None` is the schema's default.
    pub origin: Option<Origin>,
}

/// `denyByRequestRate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimit {
    /// Whether the limit applies.
    pub enabled: bool,
    /// Most requests of one client within the interval.
    pub max_requests: u32,
    /// The interval in milliseconds.
    pub interval_ms: u32,
    /// Where the number (or else the interval or the switch) was set; `None` is the schema's default.
    pub origin: Option<Origin>,
}

impl DenyAction {
    /// From the number of IIS's enumeration.
    pub(super) fn from_number(number: u32) -> Self {
        match number {
            0 => DenyAction::AbortRequest,
            401 => DenyAction::Unauthorized,
            404 => DenyAction::NotFound,
            _ => DenyAction::Forbidden,
        }
    }
}

impl DynamicIpSecurity {
    pub(crate) fn read(section: &Effective) -> Self {
        let (concurrent, rate) = (section.child("denyByConcurrentRequests"), section.child("denyByRequestRate"));
        let levels = concurrent.settings.values().chain(rate.settings.values()).map(|setting| &setting.level);
        // All levels lie on one path, so the longest name is the deepest.
        let limits_path = levels.max_by_key(|level| level.len()).map_or_else(String::new, ToString::to_string);
        Self {
            deny_action: DenyAction::from_number(section.uint("denyAction")),
            enable_proxy_mode: section.bool("enableProxyMode"),
            enable_logging_only_mode: section.bool("enableLoggingOnlyMode"),
            concurrent: ConcurrentLimit {
                enabled: concurrent.bool("enabled"),
                max: concurrent.uint("maxConcurrentRequests"),
                origin: concurrent.first_origin(&["maxConcurrentRequests", "enabled"]),
            },
            rate: RateLimit {
                enabled: rate.bool("enabled"),
                max_requests: rate.uint("maxRequests"),
                interval_ms: rate.uint("requestIntervalInMilliseconds"),
                origin: rate.first_origin(&["maxRequests", "requestIntervalInMilliseconds", "enabled"]),
            },
            limits_path,
            deny_action_origin: section.first_origin(&["denyAction"]),
        }
    }
}
