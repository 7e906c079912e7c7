//! One site as configured: who it is, where it answers, what it serves.

use crate::binding::Binding;
use crate::diagnostic::Origin;
use crate::effective::Effective;
use crate::merge::underlay;
use crate::site_log::LogFile;

/// One `site` element with all defaults applied (IIS reference §1.1, §1.6).
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// Unique name; empty when the element has none (such a site is disabled by a finding).
    pub name: String,
    /// Unique number, part of the log folder's name; 0 when missing or invalid (disabled by a finding).
    pub id: u32,
    /// Whether the site starts with the server.
    pub server_auto_start: bool,
    /// Bindings in the order of the file.
    pub bindings: Vec<Binding>,
    /// Limits of the whole site.
    pub limits: SiteLimits,
    /// How requests are logged.
    pub log_file: LogFile,
    /// Applications in the order of the file.
    pub applications: Vec<Application>,
    /// HTTP strict transport security (RFC 6797).
    pub hsts: Hsts,
    /// Where the element stands.
    pub origin: Origin,
}

/// `limits` of a site (IIS reference §1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SiteLimits {
    /// Bytes per second; `None` is unlimited.
    pub max_bandwidth: Option<u32>,
    /// Connections at a time; `None` is unlimited.
    pub max_connections: Option<u32>,
    /// Idle time after which a connection is closed, in milliseconds; 0 is never.
    pub connection_timeout_ms: u64,
    /// Most segments a URL path may have.
    pub max_url_segments: u32,
}

/// `hsts` of a site: the response header of RFC 6797 and the redirect to https.
#[allow(clippy::struct_excessive_bools, reason = "one switch for each attribute of the element")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hsts {
    /// Whether the header is sent on https.
    pub enabled: bool,
    /// `max-age` in seconds.
    pub max_age_seconds: u32,
    /// Adds `includeSubDomains`.
    pub include_sub_domains: bool,
    /// Adds `preload`.
    pub preload: bool,
    /// Answers http requests with a redirect to https of the same host.
    pub redirect_http_to_https: bool,
}

/// One `application` of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Path from the site's root, starting with `/`.
    pub path: String,
    /// Name of its pool; empty when none is named.
    pub application_pool: String,
    /// Protocols it answers, in lower case; without `http` it serves nothing.
    pub enabled_protocols: Vec<String>,
    /// Virtual directories in the order of the file.
    pub virtual_directories: Vec<VirtualDirectory>,
    /// Where the element stands.
    pub origin: Origin,
}

/// One `virtualDirectory` of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualDirectory {
    /// Path inside the application, starting with `/`.
    pub path: String,
    /// The folder as written, after the defaults elements; [`crate::PathMap::resolve`] finds it on this machine.
    pub physical_path: String,
    /// Whether web.config files of sub-folders are read.
    pub allow_sub_dir_config: bool,
    /// Where the element stands.
    pub origin: Origin,
}

impl Site {
    /// The application whose path is `/`.
    pub fn root_application(&self) -> Option<&Application> {
        self.applications.iter().find(|application| application.path == "/")
    }
}

impl Application {
    /// The virtual directory whose path is `/`.
    pub fn root_directory(&self) -> Option<&VirtualDirectory> {
        self.virtual_directories.iter().find(|directory| directory.path == "/")
    }
}

impl Site {
    /// All sites of `sites`, each with what the defaults elements give it: the element itself, then the nearest
    /// defaults element, then the schema (IIS reference §1.6).
    pub(crate) fn read_all(sites: &Effective) -> Vec<Self> {
        sites.entries().filter_map(|entry| Self::read(entry, sites)).collect()
    }

    fn read(entry: &Effective, sites: &Effective) -> Option<Self> {
        let mut site = Effective::clone(entry);
        underlay(&mut site, sites.child("siteDefaults"));
        for name in ["applicationDefaults", "virtualDirectoryDefaults"] {
            if let Some(own) = site.children.get_mut(name) {
                underlay(own, sites.child(name));
            }
        }
        let (limits, hsts) = (site.child("limits"), site.child("hsts"));
        Some(Self {
            name: site.text("name"),
            id: site.uint("id"),
            server_auto_start: site.bool("serverAutoStart"),
            bindings: site.child("bindings").entries().filter_map(Binding::read).collect(),
            limits: SiteLimits {
                max_bandwidth: limits.limit("maxBandwidth"),
                max_connections: limits.limit("maxConnections"),
                connection_timeout_ms: limits.span_ms("connectionTimeout"),
                max_url_segments: limits.uint("maxUrlSegments"),
            },
            log_file: LogFile::read(site.child("logFile")),
            applications: site.entries().filter_map(|entry| Application::read(entry, &site)).collect(),
            hsts: Hsts {
                enabled: hsts.bool("enabled"),
                max_age_seconds: hsts.uint("max-age"),
                include_sub_domains: hsts.bool("includeSubDomains"),
                preload: hsts.bool("preload"),
                redirect_http_to_https: hsts.bool("redirectHttpToHttps"),
            },
            origin: entry.origin.clone()?,
        })
    }
}

impl Application {
    fn read(entry: &Effective, site: &Effective) -> Option<Self> {
        let mut application = Effective::clone(entry);
        underlay(&mut application, site.child("applicationDefaults"));
        if let Some(own) = application.children.get_mut("virtualDirectoryDefaults") {
            underlay(own, site.child("virtualDirectoryDefaults"));
        }
        let protocols = application.text("enabledProtocols").to_lowercase();
        Some(Self {
            path: application.text("path"),
            application_pool: application.text("applicationPool"),
            enabled_protocols: protocols.split(',').map(|name| name.trim().to_owned()).collect(),
            virtual_directories: application
                .entries()
                .filter_map(|entry| VirtualDirectory::read(entry, &application))
                .collect(),
            origin: entry.origin.clone()?,
        })
    }
}

impl VirtualDirectory {
    fn read(entry: &Effective, application: &Effective) -> Option<Self> {
        let mut directory = Effective::clone(entry);
        underlay(&mut directory, application.child("virtualDirectoryDefaults"));
        Some(Self {
            path: directory.text("path"),
            physical_path: directory.text("physicalPath"),
            allow_sub_dir_config: directory.bool("allowSubDirConfig"),
            origin: entry.origin.clone()?,
        })
    }
}
