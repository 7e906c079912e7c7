//! The whole configuration: sites, findings, and what applies at a path.

use std::net::IpAddr;

use crate::certificate::CertificateBinding;
use crate::diagnostic::{Diagnostic, Findings, Ignored, Origin, Severity};
use crate::effective::Effective;
use crate::hierarchy::{Hierarchy, Place};
use crate::http_parameters::HttpParameters;
use crate::http_timeouts::HttpTimeouts;
use crate::inheritance::proxy_protocol;
use crate::list_file::ListFiles;
use crate::lock::SectionLock;
use crate::paths::PathMap;
use crate::settings::{
    AccessSection, Compression, DefaultDocument, DirectoryBrowse, DynamicIpSecurity, FilesSection, Handlers,
    HttpErrors, HttpLogging, HttpProtocol, HttpRedirect, IpSecurity, LimiterSection, LogsSection, ProxySection,
    RequestFiltering, ServerRuntime, Settings, StaticContent, UrlCompression,
};
use crate::site::Site;
use crate::site_log::{ServerLog, WebLimits};
use crate::url_reservation::UrlReservation;

/// What the operator wrote, read and checked.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// Sites in the order of the file, also those that a finding disables.
    pub sites: Vec<Site>,
    /// Every finding that does not make the whole file unusable.
    pub findings: Vec<Diagnostic>,
    /// IIS sections that this program does not act on.
    pub ignored: Vec<Ignored>,
    /// The IP listen list; empty means every address.
    pub ip_listen: Vec<ListenEntry>,
    /// Which certificate answers where.
    pub certificates: Vec<CertificateBinding>,
    /// Who may register which URL; kept and shown.
    pub url_reservations: Vec<UrlReservation>,
    /// What `netsh http add timeout` has set.
    pub http_timeouts: HttpTimeouts,
    /// What else `netsh http` has set of HTTP.sys.
    pub http_parameters: HttpParameters,
    /// `system.applicationHost/log`.
    pub server_log: ServerLog,
    /// `system.applicationHost/webLimits`.
    pub web_limits: WebLimits,
    /// Where Windows paths lie on this machine.
    pub paths: PathMap,
    pub(crate) list_files: ListFiles,
    pub(crate) hierarchy: Hierarchy,
}

/// One address of the IP listen list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenEntry {
    /// The address; `0.0.0.0` and `::` mean all of their family.
    pub address: IpAddr,
    /// A port that was written behind it and is ignored (decision D12).
    pub ignored_port: Option<u16>,
    /// Where the entry stands.
    pub origin: Origin,
}

/// One value of a section with the place that sets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveValue {
    /// Element and attribute inside the section, such as `denyByRequestRate.maxRequests`.
    pub name: String,
    /// The text as written.
    pub text: String,
    /// Where it is written.
    pub origin: Origin,
    /// The level that says so: `""` the server, `/` the site, `/a/b` a location below it.
    pub level: String,
}

impl Configuration {
    /// The site of that name; names compare without case.
    pub fn site(&self, name: &str) -> Option<&Site> {
        let name = name.to_lowercase();
        self.sites.iter().find(|site| site.name.to_lowercase() == name)
    }

    /// What applies at `path` of `site`: the server's level, then the location tags for the site and for each folder
    /// on the way down, attribute by attribute. Paths compare without case and by whole segments. A site that does not
    /// exist has the server's settings.
    pub fn settings_at(&self, site: &str, path: &str) -> Settings {
        self.settings_of(Place::of(site, path))
    }

    /// The settings at a place, with the folders' own files on the way there.
    pub(crate) fn settings_of(&self, place: Place<'_>) -> Settings {
        let at = self.hierarchy.at(place);
        Settings {
            dynamic_ip_security: at.view("system.webServer/security/dynamicIpSecurity", DynamicIpSecurity::read),
            ip_security: at.view("system.webServer/security/ipSecurity", IpSecurity::read),
            access: at.view("system.webServer/security/access", AccessSection::read),
            request_filtering: at.view("system.webServer/security/requestFiltering", RequestFiltering::read),
            http_redirect: at.view("system.webServer/httpRedirect", HttpRedirect::read),
            http_protocol: at.view("system.webServer/httpProtocol", HttpProtocol::read),
            default_document: at.view("system.webServer/defaultDocument", DefaultDocument::read),
            directory_browse: at.view("system.webServer/directoryBrowse", DirectoryBrowse::read),
            static_content: at.view("system.webServer/staticContent", StaticContent::read),
            url_compression: at.view("system.webServer/urlCompression", UrlCompression::read),
            compression: at.view("system.webServer/httpCompression", Compression::read),
            server_runtime: at.view("system.webServer/serverRuntime", ServerRuntime::read),
            handlers: at.view("system.webServer/handlers", Handlers::read),
            http_errors: at.view("system.webServer/httpErrors", HttpErrors::read),
            http_logging: at.view("system.webServer/httpLogging", HttpLogging::read),
            web_socket: at.view("system.webServer/webSocket", |section| section.bool("enabled")),
            logs: at.view("doorward/logs", LogsSection::read),
            files: at.view("doorward/files", FilesSection::read),
            limiter: at.view("doorward/limiter", LimiterSection::read),
            proxy: at.view("doorward/proxy", ProxySection::read),
            proxy_protocol: at.view("doorward/proxyProtocol", proxy_protocol),
        }
    }

    /// Every attribute of a section that some level sets, with its origin; collections are not listed. Empty for a
    /// section this program does not act on.
    pub fn values_at(&self, site: &str, path: &str, section: &str) -> Vec<EffectiveValue> {
        let mut values = Vec::new();
        if let Some(table) = self.hierarchy.schema.section(section) {
            list_values(
                "",
                &self.hierarchy.effective(table, Place::of(site, path), &mut Findings::default()),
                &mut values,
            );
        }
        values
    }

    /// What binds files below `path` of `site` in one section; `None` for a section that no schema has.
    pub fn lock_at(&self, site: &str, path: &str, section: &str) -> Option<SectionLock> {
        let table = self.hierarchy.schema.section(section)?;
        Some(self.hierarchy.lock(table, &self.hierarchy.chain(Place::of(site, path))))
    }

    /// `/` and every path below this site that has a location tag, as written, in alphabetical order.
    pub fn location_paths(&self, site: &str) -> Vec<String> {
        let below = format!("{}/", site.to_lowercase());
        let locations = self.hierarchy.levels.iter().filter(|(key, _)| key.starts_with(&below));
        let paths = locations.filter_map(|(_, level)| level.path.find('/').map(|at| level.path[at..].to_owned()));
        std::iter::once("/".to_owned()).chain(paths).collect()
    }

    /// Whether a finding disables this site.
    pub fn has_errors_for(&self, site: &str) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error && finding.is_of_site(site))
    }
}

fn list_values(prefix: &str, element: &Effective, values: &mut Vec<EffectiveValue>) {
    for (name, setting) in &element.settings {
        values.push(EffectiveValue {
            name: format!("{prefix}{name}"),
            text: setting.text.clone(),
            origin: setting.origin.clone(),
            level: setting.level.to_string(),
        });
    }
    for (name, child) in &element.children {
        list_values(&format!("{prefix}{name}."), child, values);
    }
}
