//! Which file a change is written to, and whether what it becomes is valid there.

use std::collections::HashSet;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::configuration::Configuration;
use crate::diagnostic::{Complaint, Diagnostic, Findings, Severity};
use crate::document::splice;
use crate::edit::change::{Action, ConfigFile, Deed, SectionChange};
use crate::edit::section::SectionAt;
use crate::edit::spot::{level, places};
use crate::edit::way::{Hop, Way};
use crate::edit::{EditError, EditedFile, declaration, loaded, parse, template};
use crate::hierarchy::Place;
use crate::home::Home;
use crate::http_service;
use crate::inheritance::Settled;
use crate::reader::Reader;
use crate::schema::{self, AllowDefinition, ElementTable, OverrideMode, SectionTable};
use crate::site::Site;
use crate::store;
use crate::web_config::WebConfig;

/// Name of the files that folders of content may have.
const WEB_CONFIG: &str = "web.config";

/// Makes a change in memory.
pub(super) fn change(home: &Home, change: &SectionChange) -> Result<EditedFile, EditError> {
    match &change.file {
        ConfigFile::ApplicationHost => application_host(home, change),
        ConfigFile::HttpService => http_config(home, change),
        ConfigFile::WebConfig { site, path } => web_config(home, change, (site, path)),
    }
}

fn table_of(configuration: &Configuration, path: &str) -> Result<&'static SectionTable, EditError> {
    configuration.schema().section(path).ok_or_else(|| EditError::NoSuchSection(path.to_owned()))
}

fn application_host(home: &Home, change: &SectionChange) -> Result<EditedFile, EditError> {
    let path = home.config_file.clone();
    let file: Arc<Path> = Arc::from(path.as_path());
    let previous = store::read_configuration(home)?;
    let before = loaded(home, previous.as_deref().unwrap_or(template::APPLICATION_HOST))?;
    let table = table_of(&before, &change.section)?;
    let location = named_location(&before, &change.location);
    if !location.is_empty() && table.allow_definition == AllowDefinition::AppHostOnly {
        return Err(EditError::Locked { section: table.path.to_owned(), file: path, origin: None });
    }
    let inherited = parent(&location).map(|place| effective(&before, table, place));
    let section = SectionAt {
        file: &file,
        location: &location,
        path: table.path,
        table: table.element,
        inherited: inherited.as_deref().map(Deref::deref),
    };
    let mut text = acted(previous.as_deref().unwrap_or(template::APPLICATION_HOST), &section, &change.actions)?;
    if table.path.starts_with("doorward/") {
        let root = parse(&text, &file)?.root;
        text = splice(&text, declaration::of_doorward(&text, &root).into_iter().collect());
    } else if before.schema().is_of_operator(table) {
        let root = parse(&text, &file)?.root;
        text = splice(&text, declaration::of_operator(&text, &root, table.path).into_iter().collect());
    }
    let after = loaded(home, &text)?;
    refuse_new_faults(&before, after)?;
    Ok(EditedFile { path, text, previous })
}

fn acted(text: &str, section: &SectionAt<'_>, actions: &[Action]) -> Result<String, EditError> {
    actions.iter().try_fold(text.to_owned(), |text, action| section.act(&text, action))
}

/// The location as its tag is written: the site's name as the site spells it.
fn named_location(configuration: &Configuration, location: &str) -> String {
    let location = level("", location);
    let (site, rest) = location.split_once('/').unwrap_or((&location, ""));
    level(configuration.site(site).map_or(site, |site| &site.name), rest)
}

/// The place whose settings a location inherits; `None` for the server's own level.
fn parent(location: &str) -> Option<Place<'_>> {
    if location.is_empty() {
        return None;
    }
    let (site, path) = location.split_once('/').unwrap_or(("", ""));
    Some(Place::of(site, path.rsplit_once('/').map_or("", |(outer, _)| outer)))
}

fn effective(configuration: &Configuration, table: &'static SectionTable, place: Place<'_>) -> Arc<Settled> {
    configuration.hierarchy.effective(table, place, &mut Findings::default())
}

/// What the file had before is not this change's fault; a file may hold bindings that a command may not write.
fn refuse_new_faults(before: &Configuration, after: Configuration) -> Result<(), EditError> {
    const NOT_WRITTEN: [&str; 4] = ["binding", "duplicate", "range", "schema"];
    let grave = |finding: &Diagnostic| {
        finding.severity == Severity::Error
            || (finding.severity == Severity::Warning && NOT_WRITTEN.contains(&finding.kind))
    };
    let essence = |finding: &Diagnostic| (finding.kind, finding.message.clone(), finding.site.clone());
    let known: HashSet<_> = before.findings.iter().map(essence).collect();
    let new = after.findings.into_iter().filter(|finding| grave(finding) && !known.contains(&essence(finding)));
    let refused: Vec<Diagnostic> = new.map(|finding| Diagnostic { severity: Severity::Error, ..finding }).collect();
    if refused.is_empty() { Ok(()) } else { Err(EditError::Invalid(refused)) }
}

fn http_config(home: &Home, change: &SectionChange) -> Result<EditedFile, EditError> {
    let path = home.http_config_file.clone();
    let file: Arc<Path> = Arc::from(path.as_path());
    let table =
        schema::http_section(&change.section).ok_or_else(|| EditError::NoSuchSection(change.section.clone()))?;
    let previous = store::read(&path)?;
    let section = SectionAt { file: &file, location: "", path: table.name, table, inherited: None };
    let text = acted(previous.as_deref().unwrap_or(template::HTTP_SERVICE), &section, &change.actions)?;
    let mut findings = Findings::default();
    http_service::read(&text, &file, &mut findings, &mut Vec::new());
    if findings.file_is_unusable() {
        return Err(EditError::Invalid(findings.all));
    }
    Ok(EditedFile { path, text, previous })
}

fn web_config(home: &Home, change: &SectionChange, (site, path): (&str, &str)) -> Result<EditedFile, EditError> {
    let host = store::read_configuration(home)?;
    let configuration = loaded(home, host.as_deref().unwrap_or(template::APPLICATION_HOST))?;
    let target = web_config_file(&configuration, site, path)
        .ok_or_else(|| EditError::NoSuchPath(format!("{site}{}", path.trim_end_matches('/'))))?;
    let table = table_of(&configuration, &change.section)?;
    let url = level("", &format!("{path}/{}", change.location));
    let above = files_above(&configuration, site, path);
    let place = Place { site, path: &url, files: &above };
    permit((home, &configuration), table, place, change)?;
    let file: Arc<Path> = Arc::from(target.as_path());
    let previous = store::read(&target)?;
    let inherited = effective(&configuration, table, place);
    let section = SectionAt {
        file: &file,
        location: &level("", &change.location),
        path: table.path,
        table: table.element,
        inherited: Some(&inherited),
    };
    let text = acted(previous.as_deref().unwrap_or(template::WEB_CONFIG), &section, &change.actions)?;
    check_section(&text, &section, table.element)?;
    Ok(EditedFile { path: target, text, previous })
}

/// The files of the folders above the one that a URL path leads to, outermost first: what they say is inherited, and what
/// they lock is locked.
fn files_above(configuration: &Configuration, site: &str, path: &str) -> Vec<Arc<WebConfig>> {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let read = |depth: usize| {
        let base = format!("/{}", segments[..depth].join("/"));
        let file = web_config_file(configuration, site, &base)?;
        let text = store::read(&file).ok().flatten()?;
        let source = |name: &str| {
            let beside = file.with_file_name(name);
            let text = store::read(&beside).map_err(|error| error.to_string())?;
            Ok((Arc::from(beside.as_path()), text.ok_or_else(|| format!("{} is not there", beside.display()))?))
        };
        Some(Arc::new(configuration.web_config((&Arc::from(file.as_path()), &text), &base, &source)))
    };
    (0..segments.len()).filter_map(read).collect()
}

/// The web.config of the folder that a URL path leads to; `None` when no site and application has it.
pub fn web_config_file(configuration: &Configuration, site: &str, path: &str) -> Option<PathBuf> {
    let site = configuration.site(site)?;
    let wanted: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let (directory, depth) = longest(site, &wanted)?;
    let folder = configuration.paths.resolve(directory).path;
    let below = wanted[depth..].iter().fold(folder, |folder, segment| folder.join(segment));
    Some(below.join(WEB_CONFIG))
}

/// The folder of the longest application, then virtual directory, and how many segments of the path lead there.
fn longest<'s>(site: &'s Site, wanted: &[&str]) -> Option<(&'s str, usize)> {
    let depth_of = |path: &str, from: usize| {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let fits = wanted.len() >= from + segments.len()
            && segments.iter().zip(&wanted[from..]).all(|(own, other)| own.eq_ignore_ascii_case(other));
        fits.then_some(from + segments.len())
    };
    let applications = site.applications.iter().filter_map(|own| Some((depth_of(&own.path, 0)?, own)));
    let (from, application) = applications.max_by_key(|(depth, _)| *depth)?;
    let directories = application.virtual_directories.iter();
    let directories = directories.filter_map(|own| Some((depth_of(&own.path, from)?, own)));
    directories.max_by_key(|(depth, _)| *depth).map(|(depth, own)| (own.physical_path.as_str(), depth))
}

/// Whether the levels above let a web.config say this (IIS reference §3.4, §3.5).
fn permit(
    (home, configuration): (&Home, &Configuration),
    table: &'static SectionTable,
    place: Place<'_>,
    change: &SectionChange,
) -> Result<(), EditError> {
    let chain = configuration.hierarchy.chain(place);
    let lock = configuration.hierarchy.lock(table, &chain);
    let declared = configuration.hierarchy.declarations.allow_definition(table.path);
    if lock.mode == OverrideMode::Deny || declared.unwrap_or(table.allow_definition) == AllowDefinition::AppHostOnly {
        let layers = chain.iter().rev().filter_map(|step| step.layer(table.path));
        let last = layers.into_iter().find(|layer| layer.mode != OverrideMode::Inherit);
        let origin = last.map(|layer| layer.declared.origin.clone());
        let file = origin.as_ref().map_or_else(|| home.config_file.clone(), |origin| origin.file.to_path_buf());
        return Err(EditError::Locked { section: table.path.to_owned(), file, origin });
    }
    for directive in lock.directives {
        let listed = |name: &str| {
            directive.value.split(',').map(str::trim).any(|own| own == "*" || own.eq_ignore_ascii_case(name))
        };
        for name in change.actions.iter().filter_map(|action| named(table.element, action)) {
            let locked = match (directive.name, &name) {
                ("lockItem", _) => directive.value.eq_ignore_ascii_case("true"),
                ("lockAttributes", Name::Attribute(name)) | ("lockElements", Name::Element(name)) => listed(name),
                ("lockAllAttributesExcept", Name::Attribute(name)) | ("lockAllElementsExcept", Name::Element(name)) => {
                    !listed(name)
                }
                _ => false,
            };
            if locked {
                let (Name::Attribute(name) | Name::Element(name)) = name;
                return Err(EditError::LockedName { name, origin: directive.origin });
            }
        }
    }
    Ok(())
}

/// What an action touches in the section's own element.
enum Name {
    Attribute(String),
    Element(String),
}

fn named(table: &'static ElementTable, action: &Action) -> Option<Name> {
    let way = Way::find(("", table), action).ok()?;
    let collection = way.collection().ok();
    match (way.hops.first(), &action.deed) {
        (Some(Hop::Element(name)), _) => Some(Name::Element((*name).to_owned())),
        (Some(Hop::Entry(collection, _) | Hop::Index(collection, _)), _) => {
            Some(Name::Element(collection.add.to_owned()))
        }
        (None, Deed::Set { attribute, .. }) => Some(Name::Attribute(attribute.clone())),
        (None, Deed::Add { .. }) => Some(Name::Element(collection?.add.to_owned())),
        (None, Deed::Remove { .. }) => Some(Name::Element(collection?.remove?.to_owned())),
        (None, Deed::Clear) => Some(Name::Element(collection?.clear?.to_owned())),
        (None, Deed::Unset { .. } | Deed::Drop | Deed::Lock | Deed::Unlock) => None,
    }
}

/// Reads the changed section again as the server would.
fn check_section(text: &str, section: &SectionAt<'_>, table: &'static ElementTable) -> Result<(), EditError> {
    let root = parse(text, section.file)?.root;
    let mut findings = Findings::default();
    if root.name != "configuration" {
        let message = format!("the root element is <{}>, not <configuration>", root.name);
        findings.error(&root.origin, Complaint::new("schema", message));
    }
    let groups = section.groups();
    let places = places(&root, section.location);
    let written = places.iter().find_map(|place| groups.iter().try_fold(*place, |at, name| at.child(name)));
    if let Some(element) = written {
        Reader { findings: &mut findings, level: Arc::from("") }.section(element, table);
    }
    if findings.file_is_unusable() { Err(EditError::Invalid(findings.all)) } else { Ok(()) }
}
