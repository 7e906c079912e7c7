//! `serverRuntime` and `handlers` (IIS reference §4.3, §4.4).

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

/// `system.webServer/handlers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handlers {
    /// What may be done at the path: Read 1, Write 2, Execute 4, Source 16, Script 512, and for clients that are not
    /// local `NoRemoteWrite` 1024, `NoRemoteRead` 4096, `NoRemoteExecute` 8192, `NoRemoteScript` 16384.
    pub access_policy: u32,
    /// The handlers, in the order in which they are tried.
    pub handlers: Vec<Handler>,
}

/// One handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handler {
    /// Paths it is for, separated by commas: `*.aspx`, `*`, `/app/thing.axd`.
    pub path: String,
    /// Methods it is for, separated by commas; `*` for all.
    pub verb: String,
    /// The modules that make the answer, separated by commas.
    pub modules: String,
    /// The managed type that makes it, where one does.
    pub managed_type: String,
    /// What has to lie at the path: File 0, Directory 1, Either 2, Unspecified 3.
    pub resource_type: u32,
    /// The access it needs: None 0, Read 1, Write 2, Script 3, Execute 4.
    pub require_access: u32,
}

impl Handlers {
    pub(crate) fn read(section: &Effective) -> Self {
        Self { access_policy: section.uint("accessPolicy"), handlers: section.entries().map(Handler::read).collect() }
    }
}

impl Handler {
    fn read(entry: &Effective) -> Self {
        Self {
            path: entry.text("path"),
            verb: entry.text("verb"),
            modules: entry.text("modules"),
            managed_type: entry.text("type"),
            resource_type: entry.uint("resourceType"),
            require_access: entry.uint("requireAccess"),
        }
    }
}
