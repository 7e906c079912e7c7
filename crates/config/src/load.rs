//! From files to a configuration.

use std::path::Path;
use std::sync::Arc;

use crate::binding_checks;
use crate::configuration::Configuration;
use crate::diagnostic::{Complaint, Findings, LoadError, Severity};
use crate::document::{Document, Element};
use crate::edit::APPLICATION_HOST;
use crate::hierarchy::Hierarchy;
use crate::home::Home;
use crate::http_service::{self, HttpService};
use crate::list_file::{self, ListFiles};
use crate::paths::PathMap;
use crate::schema::{Schema, near_name};
use crate::settings_checks;
use crate::site::Site;
use crate::site_checks;
use crate::site_log::{ServerLog, WebLimits};
use crate::store::{self, StoreError};

/// Reads the files of `home`. A missing `http.config` is an empty one; a missing configuration file is an error, for
/// the caller to offer the embedded default.
pub fn load(home: &Home) -> Result<Configuration, LoadError> {
    let text = match store::read_configuration(home) {
        Ok(Some(text)) => text,
        Ok(None) => return Err(unreadable("Cannot read configuration file", &missing(&home.config_file))),
        Err(error) => return Err(unreadable(reason(&error), &error.to_string())),
    };
    let http_config = store::read(&home.http_config_file).map_err(|e| unreadable(reason(&e), &e.to_string()))?;
    let http_config = http_config.as_deref().map(|text| (text, home.http_config_file.as_path()));
    let mut configuration = load_text(&text, &home.config_file, http_config, home)?;
    let mut findings = Findings::from(std::mem::take(&mut configuration.findings));
    site_checks::check_folders(&configuration, &store::is_folder, &mut findings);
    configuration.findings = findings.all;
    list_file::read_all(configuration, home)
}

/// The same, and where there is no configuration file yet, what an edit would begin with.
pub fn load_or_begin(home: &Home) -> Result<Configuration, LoadError> {
    match store::read_configuration(home) {
        Ok(None) => {
            let http_config =
                store::read(&home.http_config_file).map_err(|e| unreadable(reason(&e), &e.to_string()))?;
            let http_config = http_config.as_deref().map(|text| (text, home.http_config_file.as_path()));
            load_text(APPLICATION_HOST, &home.config_file, http_config, home)
        }
        Ok(Some(_)) | Err(_) => load(home),
    }
}

/// Reads texts that are already in memory: the embedded default, and an edit before it is written. Folders named in
/// them are not looked for.
pub fn load_text(
    text: &str,
    file: &Path,
    http_config: Option<(&str, &Path)>,
    home: &Home,
) -> Result<Configuration, LoadError> {
    let mut findings = Findings::default();
    let mut ignored = Vec::new();
    let http = http_config
        .map(|(text, file)| http_service::read(text, &Arc::from(file), &mut findings, &mut ignored))
        .unwrap_or_default();
    let document = Document::parse(text, &Arc::from(file), &mut findings);
    let root = document.as_ref().map(|document| &document.root).filter(|root| is_configuration(root, &mut findings));
    let Some(root) = root else { return Err(LoadError { diagnostics: findings.all }) };
    let hierarchy = Hierarchy::read(root, Schema::built_in(), &mut findings, &mut ignored);
    let configuration = Configuration { ignored, ..build(hierarchy, http, home, &mut findings) };
    if findings.file_is_unusable() {
        return Err(LoadError { diagnostics: findings.all });
    }
    Ok(Configuration { findings: findings.all, ..configuration })
}

/// Everything that is computed from the levels, and what is to be said about it.
fn build(mut hierarchy: Hierarchy, http: HttpService, home: &Home, findings: &mut Findings) -> Configuration {
    let sites = Site::read_all(hierarchy.of_server("system.applicationHost/sites"));
    hierarchy.note_applications(&sites);
    let server_log = ServerLog::read(hierarchy.of_server("system.applicationHost/log"));
    let web_limits = WebLimits::read(hierarchy.of_server("system.applicationHost/webLimits"));
    let adapters = &hierarchy.of_server("system.applicationHost/listenerAdapters").entries;
    let protocols: Vec<String> = adapters.iter().map(|entry| entry.text("name")).collect();
    let paths = PathMap::read(hierarchy.of_server("doorward/paths"), home, findings);
    hierarchy.settle_levels(findings);
    let configuration = Configuration {
        sites,
        findings: Vec::new(),
        ignored: Vec::new(),
        ip_listen: http.ip_listen,
        certificates: http.certificates,
        url_reservations: http.url_reservations,
        http_timeouts: http.timeouts,
        http_parameters: http.parameters,
        server_log,
        web_limits,
        paths,
        list_files: ListFiles::new(),
        hierarchy,
    };
    binding_checks::check(&configuration, &protocols, findings);
    site_checks::check(&configuration, findings);
    settings_checks::check(&configuration, findings);
    configuration
}

fn is_configuration(root: &Element, findings: &mut Findings) -> bool {
    let right = root.name == "configuration";
    if !right {
        let mut complaint =
            Complaint::new("schema", format!("the root element is <{}>, not <configuration>", root.name));
        if let Some(near) = near_name(&root.name, ["configuration"]) {
            complaint = complaint.hint(format!("did you mean '{near}'?"));
        }
        findings.error(&root.origin, complaint);
    }
    right
}

fn missing(file: &Path) -> String {
    format!("{} is not there", file.display())
}

/// IIS's text for a file it cannot read (IIS reference §3.8).
fn reason(error: &StoreError) -> &'static str {
    if error.is_permission() {
        "Cannot read configuration file due to insufficient permissions"
    } else {
        "Cannot read configuration file"
    }
}

fn unreadable(text: &str, detail: &str) -> LoadError {
    let mut findings = Findings::default();
    findings.add(Severity::Error, None, Complaint::new("file", format!("{text}: {detail}")));
    LoadError { diagnostics: findings.all }
}
