//! `serverRuntime` (IIS reference §4.3).

use crate::effective::Effective;

/// `system.webServer/serverRuntime`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerRuntime {
    /// Whether requests are handled at all.
    pub enabled: bool,
    /// Requests of one application in progress.
    pub app_requests_max: u32,
    /// A request's body, in bytes; `None` for any length.
    pub request_bytes_max: Option<u32>,
    /// The host name in redirects of this server's own, in place of the client's; may be empty.
    pub alternate_host_name: String,
    /// A file asked for so often within [`ServerRuntime::frequent_period_ms`] is worth compressing.
    pub frequent_hits: u32,
    /// The time for [`ServerRuntime::frequent_hits`], in milliseconds.
    pub frequent_period_ms: u64,
}

impl ServerRuntime {
    pub(crate) fn read(section: &Effective) -> Self {
        Self {
            enabled: section.bool("enabled"),
            app_requests_max: section.uint("appConcurrentRequestLimit"),
            request_bytes_max: section.limit("maxRequestEntityAllowed"),
            alternate_host_name: section.text("alternateHostName"),
            frequent_hits: section.uint("frequentHitThreshold"),
            frequent_period_ms: section.span_ms("frequentHitTimePeriod"),
        }
    }
}
