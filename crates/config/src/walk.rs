//! From the elements of a file to its levels: the file's own, and that of each location tag (IIS reference §3.4).

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use crate::declarations::Declarations;
use crate::diagnostic::{Complaint, Findings, Ignored, Origin};
use crate::document::{Attribute, Element};
use crate::hierarchy::{Layer, Level};
use crate::location::Location;
use crate::reader::Reader;
use crate::schema::{AllowDefinition, Schema, SectionTable, SectionUse, is_known_section, near_name};

/// What a folder's file has that the server's has not.
pub(crate) struct FolderFile<'a> {
    /// URL path of the folder, `/` or `/a/b`.
    pub(crate) base: &'a str,
    /// What the server's file declares.
    pub(crate) outer: &'a Declarations,
    /// Reads the file that a `configSource` names and gives its root element.
    pub(crate) source: &'a dyn Fn(&str) -> Result<Element, Complaint>,
}

/// Goes through one file.
pub(crate) struct Walk<'a> {
    pub(crate) schema: &'static Schema,
    pub(crate) declarations: Declarations,
    /// `None` is the server's file.
    pub(crate) folder: Option<FolderFile<'a>>,
    pub(crate) findings: &'a mut Findings,
    pub(crate) ignored: &'a mut Vec<Ignored>,
    pub(crate) levels: BTreeMap<String, Level>,
    /// Level and path of every section met, also of those that are ignored.
    seen: HashMap<(String, String), Origin>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(
        schema: &'static Schema,
        declarations: Declarations,
        findings: &'a mut Findings,
        ignored: &'a mut Vec<Ignored>,
    ) -> Self {
        let (levels, seen) = (BTreeMap::new(), HashMap::new());
        Self { schema, declarations, folder: None, findings, ignored, levels, seen }
    }

    /// Goes through everything below the root.
    pub(crate) fn file(&mut self, root: &Element) {
        if let Some(text) = &root.text {
            self.findings.error(text, Complaint::new("schema", "text where no text belongs, inside <configuration>"));
        }
        let server = Location::server(root.origin.clone());
        for element in &root.children {
            match element.name.as_str() {
                "configSections" => {}
                "location" => self.location(element),
                _ => self.entry(element, "", &server),
            }
        }
    }

    fn location(&mut self, element: &Element) {
        let is_folder = self.folder.is_some();
        let location = Location::read(element, |location| part(is_folder, location), self.findings);
        let part = part(is_folder, &location);
        let outer = std::mem::replace(&mut self.findings.site, part);
        if let Some(text) = &element.text {
            self.findings.error(text, Complaint::new("schema", "text where no text belongs, inside <location>"));
        }
        for child in &element.children {
            self.entry(child, "", &location);
        }
        self.findings.site = outer;
        self.level(&location);
    }

    fn level(&mut self, location: &Location) -> &mut Level {
        self.levels.entry(location.path.to_lowercase()).or_insert_with(|| Level {
            path: location.path.clone(),
            origin: location.origin.clone(),
            layers: BTreeMap::new(),
            settled: BTreeMap::new(),
        })
    }

    /// One element beneath `group`: a section, or a group of them.
    fn entry(&mut self, element: &Element, group: &str, location: &Location) {
        let path = if group.is_empty() { element.name.clone() } else { format!("{group}/{}", element.name) };
        if let Some(table) = self.schema.section(&path) {
            if !self.is_repeated(element, &path, location) {
                self.section(element, table, location);
            }
        } else if self.schema.is_group(&path) || self.is_declared(|declared| declared.is_group(&path)) {
            self.group(element, &path, location);
        } else if is_known_section(&path) || self.is_declared(|declared| declared.is_section(&path)) {
            if !self.is_repeated(element, &path, location) {
                self.ignore(element, path);
            }
        } else if self.schema.is_group(group) {
            self.undeclared(element, &path, group);
        } else {
            self.ignore(element, path);
        }
    }

    fn group(&mut self, element: &Element, path: &str, location: &Location) {
        if let Some(text) = &element.text {
            let message = format!("text where no text belongs, inside <{}>", element.name);
            self.findings.error(text, Complaint::new("schema", message));
        }
        if element.children.is_empty() {
            // An empty group says nothing; twice for one path it is still the same place configured twice.
            self.is_repeated(element, path, location);
        }
        for child in &element.children {
            self.entry(child, path, location);
        }
    }

    fn is_declared(&self, is: impl Fn(&Declarations) -> bool) -> bool {
        is(&self.declarations) || self.folder.as_ref().is_some_and(|folder| is(folder.outer))
    }

    fn section(&mut self, element: &Element, table: &'static SectionTable, location: &Location) {
        if !self.is_legal_here(table, location) {
            let complaint =
                Complaint::new("locked", LOCKED).hint(format!("write {} outside of any location", table.path));
            self.findings.error(&element.origin, complaint);
            return;
        }
        let kept = self.schema.use_of(table) == SectionUse::Keeps;
        if kept {
            self.ignore(element, table.path.to_owned());
        }
        let level = match &self.folder {
            None => level_name(&location.path),
            Some(folder) => Arc::from(joined(folder.base, &location.path)),
        };
        let included = match self.included(element) {
            Ok(included) => included,
            Err((origin, complaint)) => {
                self.findings.mildly(kept, |findings| findings.error(&origin, complaint));
                return;
            }
        };
        let element = included.as_ref().unwrap_or(element);
        let read = |findings: &mut Findings| Reader { findings, level }.section(element, table.element);
        let declared = self.findings.mildly(kept, read);
        let layer = Layer { declared, mode: location.mode, inherits: location.inherits };
        self.level(location).layers.insert(table.path, layer);
    }

    /// What the definition says of the server's file; a folder's is looked at where it applies.
    fn is_legal_here(&self, table: &SectionTable, location: &Location) -> bool {
        let definition = self.declarations.allow_definition(table.path).unwrap_or(table.allow_definition);
        let in_location = self.declarations.allows_location(table.path);
        match (location.path.is_empty(), definition) {
            (false, _) if !in_location => false,
            _ if self.folder.is_some() => true,
            (_, AllowDefinition::MachineOnly | AllowDefinition::MachineToRootWeb)
            | (false, AllowDefinition::AppHostOnly) => false,
            (true, AllowDefinition::AppHostOnly)
            | (_, AllowDefinition::MachineToApplication | AllowDefinition::Everywhere) => true,
        }
    }

    /// The section's element in the file that `configSource` names (IIS reference §3.7).
    fn included(&self, element: &Element) -> Result<Option<Element>, (Origin, Complaint)> {
        let Some(folder) = &self.folder else { return Ok(None) };
        let Some(source) = element.attributes.iter().find(|attribute| attribute.name == "configSource") else {
            return Ok(None);
        };
        let refuse = |source: &Attribute, complaint| Err((source.origin.clone(), complaint));
        let others = element.attributes.iter().any(|attribute| !is_section_word(&attribute.name));
        if others || !element.children.is_empty() {
            let message = "A section using 'configSource' may contain no other attributes or elements";
            return refuse(source, Complaint::new("schema", message));
        }
        match (folder.source)(&source.value) {
            Ok(root) if root.name == element.name => Ok(Some(root)),
            Ok(root) => {
                let hint = format!("its root element is <{}>, not <{}>", root.name, element.name);
                refuse(source, Complaint::new("schema", BAD_SOURCE).hint(hint))
            }
            Err(complaint) => refuse(source, complaint),
        }
    }

    fn is_repeated(&mut self, element: &Element, path: &str, location: &Location) -> bool {
        let level = location.path.to_lowercase();
        let at = if level.is_empty() { String::new() } else { format!(" for the path '{}'", location.path) };
        let Some(first) = self.seen.get(&(level.clone(), path.to_owned())) else {
            self.seen.insert((level, path.to_owned()), element.origin.clone());
            return false;
        };
        let complaint = Complaint::new("duplicate", format!("There is a duplicate '{path}' section{at}"))
            .hint(format!("the first one is at {first}; join the two"));
        self.findings.error(&element.origin, complaint);
        true
    }

    fn ignore(&mut self, element: &Element, section: String) {
        let file: Arc<Path> = Arc::clone(&element.origin.file);
        self.ignored.push(Ignored { section, file, line: element.origin.line });
    }

    /// IIS's text for a section that nobody declares, and where it may belong.
    fn undeclared(&mut self, element: &Element, path: &str, group: &str) {
        let message =
            format!("The configuration section '{path}' cannot be read because it is missing section definition");
        let schema = self.schema;
        let siblings = schema.sections().filter_map(|s| s.path.rsplit_once('/')).filter(|(g, _)| *g == group);
        let elsewhere = schema.sections().find(|section| section.element.name == element.name);
        let mut complaint = Complaint::new("schema", message);
        if let Some(section) = elsewhere {
            complaint = complaint.hint(format!("it belongs at {}", section.path));
        } else if let Some(near) = near_name(&element.name, siblings.map(|(_, name)| name)) {
            complaint = complaint.hint(format!("did you mean '{near}'?"));
        }
        self.findings.unknown(&element.origin, complaint);
    }
}

/// The level's name beneath its site: `""` for the server, `/` for the site, `/a/b` below.
fn level_name(path: &str) -> Arc<str> {
    match path.find('/') {
        _ if path.is_empty() => Arc::from(""),
        Some(at) => Arc::from(&path[at..]),
        None => Arc::from("/"),
    }
}

/// IIS's text for a `configSource` that is of no use (IIS reference §3.7).
pub(crate) const BAD_SOURCE: &str = "Specified configSource cannot be parsed";

/// Whom a fault in a location concerns: a site, or in a folder's file a path below the folder.
fn part(is_folder: bool, location: &Location) -> Option<String> {
    if is_folder {
        return Some(location.path.to_lowercase()).filter(|path| !path.is_empty());
    }
    location.site()
}

/// An attribute that any section of a folder's file may have, for its framework's sake.
fn is_section_word(name: &str) -> bool {
    matches!(name, "configSource" | "configBuilders") || name.starts_with('{')
}

/// A path below a folder: `/` and `a` are `/a`.
pub(crate) fn joined(base: &str, path: &str) -> String {
    let base = base.trim_end_matches('/');
    if path.is_empty() && base.is_empty() {
        return "/".to_owned();
    }
    if path.is_empty() { base.to_owned() } else { format!("{base}/{path}") }
}

/// IIS's text for a section that may not stand where it stands (IIS reference §3.8).
pub(crate) const LOCKED: &str = "This configuration section cannot be used at this path. This happens when the section is locked \
    at a parent level. Locking is either by default (overrideModeDefault=\"Deny\"), or set explicitly by a location tag \
    with overrideMode=\"Deny\" or the legacy allowOverride=\"false\".";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_levels() {
        for (path, name) in [("", ""), ("Shop", "/"), ("Shop/a", "/a"), ("Shop/a/b", "/a/b")] {
            assert_eq!(&*level_name(path), name);
        }
    }
}
