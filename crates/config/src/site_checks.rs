//! What is to be said about sites and the folders they name.

use std::collections::HashSet;
use std::path::Path;

use crate::configuration::Configuration;
use crate::diagnostic::{Complaint, Findings, Origin};
use crate::hierarchy::Place;
use crate::site::{Site, VirtualDirectory};

/// Looks at every site and at the locations that name none.
pub(crate) fn check(configuration: &Configuration, findings: &mut Findings) {
    for site in &configuration.sites {
        findings.within(Some(site.name.clone()), |findings| {
            check_root(configuration, site, findings);
            check_time(site, findings);
            check_written_paths(configuration, site, findings);
        });
    }
    check_unused(configuration, findings);
}

/// The file loads without a root; the site then has nothing to serve from (IIS reference §1.1).
fn check_root(configuration: &Configuration, site: &Site, findings: &mut Findings) {
    let root = site.root_application();
    if root.is_some_and(|application| application.root_directory().is_some()) {
        return;
    }
    if configuration.hierarchy.proxy(Place::of(&site.name, "")).is_some() {
        return;
    }
    let (origin, what) = match root {
        None => (&site.origin, "application"),
        Some(application) => (&application.origin, "virtualDirectory"),
    };
    let message = format!("site '{}' has no {what} with path=\"/\", so it has nothing to serve", site.name);
    let hint = "add <application path=\"/\"><virtualDirectory path=\"/\" physicalPath=\"…\"/></application>";
    findings.warning(origin, Complaint::new("missing", message).hint(hint));
}

fn check_time(site: &Site, findings: &mut Findings) {
    if site.limits.connection_timeout_ms == 0 {
        let message = "connectionTimeout is zero: a silent client keeps its connection for ever";
        findings.warning(&site.origin, Complaint::new("range", message).hint("write 00:02:00"));
    }
}

fn check_written_paths(configuration: &Configuration, site: &Site, findings: &mut Findings) {
    let log = &site.log_file;
    if let Some(origin) = &log.directory_origin {
        check_variables(configuration, &log.directory, origin, findings);
        if log.directory.split(['/', '\\']).any(|segment| segment == "..") {
            let message = format!("the log folder '{}' climbs with '..'", log.directory);
            findings.warning(origin, Complaint::new("path", message).hint("write an absolute path"));
        }
    }
    for directory in directories(site) {
        check_variables(configuration, &directory.physical_path, &directory.origin, findings);
    }
}

fn check_variables(configuration: &Configuration, written: &str, origin: &Origin, findings: &mut Findings) {
    for name in configuration.paths.resolve(written).unknown_variables {
        let message = format!("%{name}% means nothing here and stays in the path '{written}' as it is");
        findings.warning(origin, Complaint::new("path", message).hint("write the path out"));
    }
}

/// A location tag whose first segment is no site is never asked for.
fn check_unused(configuration: &Configuration, findings: &mut Findings) {
    let sites: HashSet<String> = configuration.sites.iter().map(|site| site.name.to_lowercase()).collect();
    for level in configuration.hierarchy.levels.values().filter(|level| !level.path.is_empty()) {
        let name = level.place().site;
        if !sites.contains(&name.to_lowercase()) {
            let message = format!("the location '{}' names no site: there is none called '{name}'", level.path);
            findings.within(Some(name.to_owned()), |findings| {
                findings
                    .warning(&level.origin, Complaint::new("unused", message).hint("a path begins with a site's name"));
            });
        }
    }
}

/// Looks for the folders that sites serve from.
pub(crate) fn check_folders(configuration: &Configuration, is_folder: &dyn Fn(&Path) -> bool, findings: &mut Findings) {
    for site in &configuration.sites {
        for directory in directories(site).filter(|directory| !directory.physical_path.is_empty()) {
            let path = configuration.paths.resolve(&directory.physical_path).path;
            if is_folder(&path) {
                continue;
            }
            let mut complaint = Complaint::new("path", format!("there is no folder '{}'", directory.physical_path));
            if path != Path::new(&directory.physical_path) {
                complaint = complaint.hint(format!("here it is {}", path.display()));
            }
            findings.within(Some(site.name.clone()), |findings| findings.warning(&directory.origin, complaint));
        }
    }
}

fn directories(site: &Site) -> impl Iterator<Item = &VirtualDirectory> {
    site.applications.iter().flat_map(|application| &application.virtual_directories)
}
