//! From files to a configuration.

use std::path::Path;
use std::sync::Arc;

use crate::binding_checks;
use crate::configuration::Configuration;
use crate::diagnostic::{Complaint, Diagnostic, Findings, LoadError, Severity};
use crate::document::{Document, Element};
use crate::edit::APPLICATION_HOST;
use crate::hierarchy::Hierarchy;
use crate::home::Home;
use crate::http_service::{self, HttpService};
use crate::list_file::{self, ListFiles};
use crate::paths::PathMap;
use crate::schema::near_name;
use crate::schema_file;
use crate::settings_checks;
use crate::site::Site;
use crate::site_checks;
use crate::site_log::{ServerLog, WebLimits};
use crate::store::{self, StoreError};

/// Reads the files of `home`. A missing `http.config` is an empty one; a missing configuration file is an error, for
/// the caller to offer the embedded default. So is a schema file that cannot be used.
pub fn load(home: &Home) -> Result<Configuration, LoadError> {
    load_with(home, SchemaFaults::Refuse)
}

/// The same for a server that has nothing in force yet: a schema file that cannot be used is left out, and what is wrong
/// with it stands among the findings. No site has to wait for it.
pub fn load_at_start(home: &Home) -> Result<Configuration, LoadError> {
    load_with(home, SchemaFaults::LeaveOut)
}

/// What to do about a schema file that cannot be used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SchemaFaults {
    Refuse,
    LeaveOut,
}

fn load_with(home: &Home, faults: SchemaFaults) -> Result<Configuration, LoadError> {
    let text = match store::read_configuration(home) {
        Ok(Some(text)) => text,
        Ok(None) => return Err(unreadable("Cannot read configuration file", &missing(&home.config_file))),
        Err(error) => return Err(unreadable(reason(&error), &error.to_string())),
    };
    let http_config = store::read(&home.http_config_file).map_err(|e| unreadable(reason(&e), &e.to_string()))?;
    let http_config = http_config.as_deref().map(|text| (text, home.http_config_file.as_path()));
    let (mut configuration, about_schema) = read_text((&text, &home.config_file), http_config, home, faults)?;
    let mut findings = Findings::from(std::mem::take(&mut configuration.findings));
    site_checks::check_folders(&configuration, &store::is_folder, &mut findings);
    configuration.findings = findings.all;
    Ok(telling(list_file::read_all(configuration, home)?, about_schema))
}

/// The schema files come first: what is wrong with them may be why something else is.
fn telling(configuration: Configuration, about_schema: Vec<Diagnostic>) -> Configuration {
    let findings = about_schema.into_iter().chain(configuration.findings).collect();
    Configuration { findings, ..configuration }
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
/// them are not looked for; the schema files of `home` are read.
pub fn load_text(
    text: &str,
    file: &Path,
    http_config: Option<(&str, &Path)>,
    home: &Home,
) -> Result<Configuration, LoadError> {
    let (configuration, about_schema) = read_text((text, file), http_config, home, SchemaFaults::Refuse)?;
    Ok(telling(configuration, about_schema))
}

/// The same for a server that has nothing in force yet, as [`load_at_start`] does.
pub fn load_text_at_start(
    text: &str,
    file: &Path,
    http_config: Option<(&str, &Path)>,
    home: &Home,
) -> Result<Configuration, LoadError> {
    let (configuration, about_schema) = read_text((text, file), http_config, home, SchemaFaults::LeaveOut)?;
    Ok(telling(configuration, about_schema))
}

/// The configuration, and what is to be said about the schema files.
fn read_text(
    (text, file): (&str, &Path),
    http_config: Option<(&str, &Path)>,
    home: &Home,
    faults: SchemaFaults,
) -> Result<(Configuration, Vec<Diagnostic>), LoadError> {
    let mut about_schema = Findings::default();
    let schema = schema_file::read(home, &mut about_schema);
    let refused = faults == SchemaFaults::Refuse && about_schema.file_is_unusable();
    let about_schema = about_schema.all;
    let unusable =
        |findings: Findings| LoadError { diagnostics: about_schema.iter().cloned().chain(findings.all).collect() };
    let mut findings = Findings::by_schema(schema.is_incomplete());
    let mut ignored = Vec::new();
    let http = http_config
        .map(|(text, file)| http_service::read(text, &Arc::from(file), &mut findings, &mut ignored))
        .unwrap_or_default();
    let document = Document::parse(text, &Arc::from(file), &mut findings);
    let root = document.as_ref().map(|document| &document.root).filter(|root| is_configuration(root, &mut findings));
    let Some(root) = root else { return Err(unusable(findings)) };
    let hierarchy = Hierarchy::read(root, schema, &mut findings, &mut ignored);
    let configuration = Configuration { ignored, ..build(hierarchy, http, home, &mut findings) };
    if refused || findings.file_is_unusable() {
        return Err(unusable(findings));
    }
    Ok((Configuration { findings: findings.all, ..configuration }, about_schema))
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
