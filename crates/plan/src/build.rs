//! From a configuration to a plan.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use doorward_config::{
    Binding, BindingAddress, CacheControlMode, ClientCache, Configuration, HostRule, Settings, Severity, Site,
};
use doorward_logs::SiteLog;

use crate::Plan;
use crate::certificates::Certificates;
use crate::compression::{Compression, HitFrequency};
use crate::content::{Browse, CacheControl, MimeMap, StaticContent};
use crate::directory::{Content, Directories};
use crate::effective::{Effective, Upstream};
use crate::error_pages::ErrorPages;
use crate::gate::{ConnectionLimits, EarlyAbort};
use crate::handling::{HandlerMap, Runtime};
use crate::handshake::Access;
use crate::https_problems::https_problems;
use crate::listen::{Claimed, Problem, listeners};
use crate::log_settings::site_log;
use crate::path_settings::{FolderSettings, LocationSettings, PathSettings};
use crate::policy::{denial, policy};
use crate::redirect::Redirect;
use crate::request_filter::RequestFilter;
use crate::response_fields::ResponseFields;
use crate::scopes::Scopes;
use crate::site::{SiteId, SitePlan, SiteState};
use crate::waits::Waits;

/// The physical path that stands for the page built into the program.
const WELCOME: &str = "embedded:welcome";

/// What a plan is made from.
pub struct Inputs<'a> {
    /// What the operator wrote.
    pub configuration: &'a Configuration,
    /// Sites the operator started or stopped since; the others follow `serverAutoStart`.
    pub wishes: &'a BTreeMap<SiteId, bool>,
    /// The home's log folder, for sites whose configuration names none.
    pub home_logs: &'a Path,
    /// The home's folder of imported certificates.
    pub home_certificates: &'a Path,
    /// What folders say themselves; `None` where only the server's own file counts.
    pub folders: Option<&'a dyn FolderSettings>,
    /// The plan in force: what did not change is taken over from it.
    pub present: &'a Plan,
}

/// Makes the plan. It cannot fail: what cannot be planned becomes a failed site or a [`Problem`] (D20).
pub fn build(inputs: &Inputs<'_>, scopes: &mut Scopes) -> Plan {
    let mut taken = HashSet::new();
    let mut sites = Vec::new();
    let mut claimed = Vec::new();
    let mut problems = Vec::new();
    for site in &inputs.configuration.sites {
        let state = state(inputs, site, &mut taken);
        if let SiteState::Failed(message) = &state {
            problems.push(Problem { site: Some(site.name.clone()), message: message.clone() });
        }
        let planned = Arc::new(site_plan(inputs, site, state, scopes));
        for binding in &site.bindings {
            if let Ok(endpoint) = &binding.endpoint {
                let http2 = binding.ssl_flags & SSL_FLAG_NO_HTTP2 == 0;
                claimed.push(Claimed { site: Arc::clone(&planned), endpoint: endpoint.clone(), http2 });
            }
        }
        sites.push(planned);
    }
    let listen: Vec<IpAddr> = inputs.configuration.ip_listen.iter().map(|entry| entry.address).collect();
    let (mut listeners, more) = listeners(&claimed, &listen);
    problems.extend(more);
    for (address, listener) in listeners.iter_mut().filter(|(_, listener)| listener.secure) {
        listener.certificates = certificates(inputs, address.port(), &claimed);
        problems.extend(https_problems(*address, listener, &claimed, &listen));
    }
    for listener in listeners.values_mut() {
        listener.early_abort = EarlyAbort::of(&listener.sites());
    }
    let connection_limits = ConnectionLimits::of(inputs.configuration);
    let waits = Waits::of(&inputs.configuration.web_limits, inputs.configuration.http_timeouts);
    Plan { generation: inputs.present.generation + 1, listeners, sites, connection_limits, waits, problems }
}

/// The certificates of connections to a port, and what its bindings switch off.
fn certificates(inputs: &Inputs<'_>, port: u16, claimed: &[Claimed]) -> Certificates {
    let mut certificates = Certificates::at(port, &inputs.configuration.certificates, inputs.home_certificates);
    let bindings = inputs.configuration.sites.iter().flat_map(|site| &site.bindings);
    let https = bindings.filter_map(|binding| Some((binding.endpoint.as_ref().ok()?, binding.ssl_flags)));
    certificates.switch(https.filter(|(endpoint, _)| endpoint.secure && endpoint.port == port));
    let is_embedded = |site: &SitePlan| site.directories.iter().any(|directory| directory.content == Content::Welcome);
    if claimed.iter().any(|claim| claim.endpoint.port == port && is_embedded(&claim.site)) {
        certificates.with_embedded();
    }
    certificates
}

/// "Disable HTTP/2" (IIS reference §1.3).
const SSL_FLAG_NO_HTTP2: u32 = 4;

/// Whether a site runs: what the operator asked for, unless its configuration stands in the way.
fn state(inputs: &Inputs<'_>, site: &Site, taken: &mut HashSet<(BindingAddress, u16, HostRule)>) -> SiteState {
    if !inputs.wishes.get(&site.id).copied().unwrap_or(site.server_auto_start) {
        return SiteState::Stopped;
    }
    let findings = inputs.configuration.findings.iter();
    let mut errors = findings.filter(|finding| finding.severity == Severity::Error);
    if let Some(error) = errors.find(|finding| finding.is_of_site(&site.name)) {
        let place = error.origin.as_ref().map(|origin| format!("{origin}: ")).unwrap_or_default();
        return SiteState::Failed(format!("{place}{}", error.message));
    }
    let rooted = site.applications.iter().any(|application| {
        application.path == "/" && application.virtual_directories.iter().any(|directory| directory.path == "/")
    });
    if !rooted {
        let message = "Unrecognized configuration path 'MACHINE/WEBROOT/APPHOST/";
        return SiteState::Failed(format!(
            "{}: {message}{}': it has no application path=\"/\" with a virtualDirectory path=\"/\"",
            site.origin, site.name
        ));
    }
    duplicate(site, taken).map_or(SiteState::Started, SiteState::Failed)
}

/// IIS lets two sites carry the same binding, but the second cannot start (Win32 183).
fn duplicate(site: &Site, taken: &mut HashSet<(BindingAddress, u16, HostRule)>) -> Option<String> {
    let usable = |binding: &Binding| {
        let endpoint = binding.endpoint.as_ref().ok()?;
        Some((endpoint.address, endpoint.port, endpoint.host.clone()))
    };
    if let Some(clash) = site.bindings.iter().find(|binding| usable(binding).is_some_and(|key| taken.contains(&key))) {
        return Some(format!(
            "{}: binding {}/{} belongs to a site that is already started (Cannot create a file when that file already exists)",
            clash.origin, clash.protocol, clash.information
        ));
    }
    taken.extend(site.bindings.iter().filter_map(usable));
    None
}

fn site_plan(inputs: &Inputs<'_>, site: &Site, state: SiteState, scopes: &mut Scopes) -> SitePlan {
    let settings = site_log(inputs.configuration, site, inputs.home_logs);
    let present = inputs.present.sites.iter().find(|present| present.id == site.id);
    let log = match present {
        // Taken over, so that the log file goes on without a new header.
        Some(present) if *present.log.settings() == settings => Arc::clone(&present.log),
        Some(_) | None => SiteLog::new(settings),
    };
    let locations = location_settings(inputs.configuration, site, scopes);
    let asks_certificate = locations.iter().any(|(_, effective)| effective.access.checks_certificate);
    SitePlan {
        id: site.id,
        name: site.name.clone(),
        state,
        bindings: site.bindings.iter().map(|binding| format!("{}/{}", binding.protocol, binding.information)).collect(),
        directories: Directories::of(inputs.configuration, site),
        settings: path_settings(inputs, site, locations),
        log,
        connection_timeout_ms: site.limits.connection_timeout_ms,
        proxy_protocol: inputs.configuration.settings_at(&site.name, "/").proxy_protocol.to_vec(),
        connections_max: site.limits.max_connections,
        bytes_per_second_max: site.limits.max_bandwidth,
        url_segments_max: site.limits.max_url_segments,
        asks_certificate,
        https_port: https_port(site),
    }
}

impl Directories {
    /// The virtual directories of a site that answer http.
    pub fn of(configuration: &Configuration, site: &Site) -> Self {
        let serves_http = |protocols: &[String]| protocols.iter().any(|protocol| protocol.eq_ignore_ascii_case("http"));
        let applications = site.applications.iter().filter(|application| serves_http(&application.enabled_protocols));
        Self::with_depth(applications.flat_map(|application| {
            application.virtual_directories.iter().map(|directory| {
                let content = if directory.physical_path == WELCOME {
                    Content::Welcome
                } else {
                    Content::Folder(configuration.paths.resolve(&directory.physical_path).path)
                };
                ((application.path.clone(), directory.path.clone(), content), directory.allow_sub_dir_config)
            })
        }))
    }
}

fn path_settings(inputs: &Inputs<'_>, site: &Site, locations: LocationSettings) -> Arc<dyn PathSettings> {
    match inputs.folders {
        Some(folders) => folders.of_site(site, locations),
        None => Arc::new(locations),
    }
}

impl Effective {
    /// What the settings of one path ask for.
    pub fn new(configuration: &Configuration, site: &Site, settings: &Settings, scopes: &mut Scopes) -> Self {
        let list_file = configuration.list_file(&settings.limiter.list_file);
        let scope = |level: &str, limit: Option<&str>| scopes.number(site.id, level, limit);
        Self {
            policy: policy(settings, list_file.map(AsRef::as_ref), scope),
            denial: denial(&settings.limiter),
            access: Access::new(*settings.access),
            filter: request_filter(settings),
            redirect: Redirect::new(&settings.http_redirect),
            fields: ResponseFields::new(&settings.http_protocol, site.hsts, removes_server(settings)),
            content: static_content(settings),
            handlers: settings.handlers.once(HandlerMap::new),
            runtime: Runtime::new(&settings.server_runtime),
            compression: compression(settings),
            errors: settings.http_errors.once(|section| ErrorPages::new(section, &configuration.paths)),
            logging: *settings.http_logging,
            upstream: settings.proxy.as_ref().and_then(|section| upstream(section, *settings.web_socket)),
            fault: None,
        }
    }
}

fn location_settings(configuration: &Configuration, site: &Site, scopes: &mut Scopes) -> LocationSettings {
    let mut at = |path: &str| {
        let settings = configuration.settings_at(&site.name, path);
        Arc::new(Effective::new(configuration, site, &settings, scopes))
    };
    let root = at("/");
    let deeper: Vec<_> = configuration
        .location_paths(&site.name)
        .into_iter()
        .filter(|path| path != "/")
        .map(|path| {
            let settings = at(&path);
            (path, settings)
        })
        .collect();
    LocationSettings::new(root, deeper)
}

/// One for all places that share the section, as long as they agree about what hides besides.
fn request_filter(settings: &Settings) -> Arc<RequestFilter> {
    let dot_files = settings.files.dot_files;
    let make = |section: &doorward_config::RequestFiltering| RequestFilter::new(section, dot_files);
    let shared = settings.request_filtering.once(make);
    if shared.dot_files == dot_files { shared } else { Arc::new(make(&settings.request_filtering)) }
}

/// `requestFiltering removeServerHeader`.
fn removes_server(settings: &Settings) -> bool {
    settings.request_filtering.remove_server_header.unwrap_or(false)
}

/// Where requests over http are sent (`hsts redirectHttpToHttps`): 443 where a binding has it, as in IIS, or where no
/// binding tells; else the port of the first https binding.
fn https_port(site: &Site) -> Option<u16> {
    let endpoints = site.bindings.iter().filter_map(|binding| binding.endpoint.as_ref().ok());
    let ports: Vec<u16> = endpoints.filter(|endpoint| endpoint.secure).map(|endpoint| endpoint.port).collect();
    let port = if ports.contains(&443) { 443 } else { ports.first().copied().unwrap_or(443) };
    (site.hsts.enabled && site.hsts.redirect_http_to_https).then_some(port)
}

fn compression(settings: &Settings) -> Compression {
    let runtime = &settings.server_runtime;
    let frequency = HitFrequency { hits: runtime.frequent_hits, period_ms: runtime.frequent_period_ms };
    Compression::new((*settings.url_compression, &settings.compression), frequency)
}

fn default_documents(section: &doorward_config::DefaultDocument) -> Vec<String> {
    if section.enabled { section.files.clone() } else { Vec::new() }
}

fn static_content(settings: &Settings) -> StaticContent {
    let section = &settings.static_content;
    let browse = *settings.directory_browse;
    StaticContent {
        default_documents: default_documents(&settings.default_document),
        mime: MimeMap::of(&section.mime_map),
        cache: cache_control(&section.client_cache),
        etag: section.client_cache.set_etag,
        browse: browse.enabled.then(|| Browse::from_bits(browse.show_flags)),
        ignore_case: settings.files.ignore_case,
        precompressed: settings.files.precompressed,
    }
}

/// `clientCache` (IIS reference §4.1): the mode's own directive, then the custom text.
fn cache_control(section: &ClientCache) -> CacheControl {
    let directive = match section.cache_control_mode {
        CacheControlMode::NoControl | CacheControlMode::UseExpires => None,
        CacheControlMode::DisableCache => Some("no-cache".to_owned()),
        CacheControlMode::UseMaxAge => Some(format!("max-age={}", section.max_age_seconds)),
    };
    let custom = Some(section.cache_control_custom.clone()).filter(|custom| !custom.is_empty());
    let parts: Vec<String> = directive.into_iter().chain(custom).collect();
    CacheControl {
        cache_control: (!parts.is_empty()).then(|| parts.join(",")),
        expires: (section.cache_control_mode == CacheControlMode::UseExpires).then(|| section.http_expires.clone()),
    }
}

/// `to` was checked by `config`: an http URL without user, query and fragment.
fn upstream(section: &doorward_config::ProxySection, upgrades: bool) -> Option<Upstream> {
    let rest = section.to.strip_prefix("http://")?;
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let (host, port) = match authority.rfind(':') {
        Some(colon) if !authority.ends_with(']') => (&authority[..colon], authority[colon + 1..].parse().ok()?),
        Some(_) | None => (authority, 80),
    };
    Some(Upstream {
        host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
        port,
        base_path: path.trim_end_matches('/').to_owned(),
        connect_timeout_ms: section.connect_timeout_ms.into(),
        response_timeout_ms: section.response_timeout_ms.into(),
        upgrades,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_config::{Home, load_text};

    fn check(location: &str, expected: &str) {
        let text = format!(
            r#"<configuration><system.applicationHost><sites><site name="Shop" id="1"><application path="/">
            <virtualDirectory path="/" physicalPath="/srv"/></application></site></sites></system.applicationHost>
            <location path="{location}"><system.webServer><directoryBrowse enabled="perhaps"/></system.webServer></location>
            </configuration>"#
        );
        let home = Home::under(Path::new("/d"));
        let inputs = Inputs {
            configuration: &load_text(&text, Path::new("a"), None, &home).unwrap(),
            wishes: &BTreeMap::new(),
            home_logs: &home.logs,
            home_certificates: &home.certificates,
            folders: None,
            present: &Plan::default(),
        };
        assert_eq!(build(&inputs, &mut Scopes::default()).sites[0].state.word(), expected, "{location}");
    }

    #[test]
    fn a_fault_in_a_location_stops_its_site_however_that_is_written() {
        check("Shop/a", "Stopped");
        check("sHOP", "Stopped");
        check("Shopping", "Started");
    }
}
