//! Typed views of the effective values at one path.

use ipnet::IpNet;

use crate::shared::Shared;

mod access;
mod compression;
mod content;
mod dynamic_ip_security;
mod errors;
mod files;
mod handling;
mod ip_security;
mod limiter;
mod logs;
mod proxy;
mod redirect;
mod request_filtering;

pub use access::AccessSection;
pub use compression::{Compression, CompressionScheme, UrlCompression};
pub use content::{CacheControlMode, ClientCache, DefaultDocument, DirectoryBrowse, MediaTypes, StaticContent};
pub use dynamic_ip_security::{ConcurrentLimit, DenyAction, DynamicIpSecurity, RateLimit};
pub use errors::{ErrorEntry, ErrorMode, ErrorPath, ErrorResponse, HttpErrors, HttpLogging};
pub use files::FilesSection;
pub use handling::{Handler, Handlers, ServerRuntime};
pub use ip_security::{IpSecurity, IpSecurityEntry};
pub use limiter::{LimitAction, LimiterSection, MatchLimit};
pub use logs::{LogTarget, LogsSection};
pub use proxy::ProxySection;
pub use redirect::{HttpProtocol, HttpRedirect, RedirectTarget};
pub use request_filtering::{FilterList, FilteringRule, RequestFiltering, RequestLimits};

/// What applies at one path of one site, each attribute from the nearest level that sets it.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Peers whose connections begin with a PROXY protocol header (`doorward/proxyProtocol`); nobody's when empty.
    pub proxy_protocol: Shared<Vec<IpNet>>,
    /// `system.webServer/security/dynamicIpSecurity`.
    pub dynamic_ip_security: Shared<DynamicIpSecurity>,
    /// `system.webServer/security/ipSecurity`.
    pub ip_security: Shared<IpSecurity>,
    /// `system.webServer/security/access`.
    pub access: Shared<AccessSection>,
    /// `system.webServer/security/requestFiltering`.
    pub request_filtering: Shared<RequestFiltering>,
    /// `system.webServer/httpRedirect`.
    pub http_redirect: Shared<HttpRedirect>,
    /// `system.webServer/httpProtocol`.
    pub http_protocol: Shared<HttpProtocol>,
    /// `system.webServer/defaultDocument`.
    pub default_document: Shared<DefaultDocument>,
    /// `system.webServer/directoryBrowse`.
    pub directory_browse: Shared<DirectoryBrowse>,
    /// `system.webServer/staticContent`.
    pub static_content: Shared<StaticContent>,
    /// `system.webServer/urlCompression`.
    pub url_compression: Shared<UrlCompression>,
    /// `system.webServer/httpCompression`.
    pub compression: Shared<Compression>,
    /// `system.webServer/serverRuntime`.
    pub server_runtime: Shared<ServerRuntime>,
    /// `system.webServer/handlers`.
    pub handlers: Shared<Handlers>,
    /// `system.webServer/httpErrors`.
    pub http_errors: Shared<HttpErrors>,
    /// `system.webServer/httpLogging`.
    pub http_logging: Shared<HttpLogging>,
    /// Whether `system.webServer/webSocket` is enabled: whether upgrades are forwarded.
    pub web_socket: Shared<bool>,
    /// `doorward/logs`; read at a site's root.
    pub logs: Shared<LogsSection>,
    /// `doorward/files`.
    pub files: Shared<FilesSection>,
    /// `doorward/limiter`.
    pub limiter: Shared<LimiterSection>,
    /// `doorward/proxy`; `None` when no upstream is named.
    pub proxy: Shared<Option<ProxySection>>,
}
