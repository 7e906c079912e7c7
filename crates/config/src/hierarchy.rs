//! Which section stands at which level: the document's own, and that of each location tag (IIS reference §3.4).

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use crate::declarations::Declarations;
use crate::diagnostic::{Complaint, Findings, Ignored, Origin};
use crate::document::Element;
use crate::effective::Effective;
use crate::location::Location;
use crate::reader::{Declared, Reader};
use crate::schema::{self, AllowDefinition, OverrideMode, Schema, SectionUse, near_name};

/// One level: the server, or one location path.
#[derive(Debug, Clone)]
pub(crate) struct Level {
    /// As written, without slashes at its ends; empty for the server.
    pub(crate) path: String,
    /// Where the first location tag for it stands.
    pub(crate) origin: Origin,
    /// Full section path → what this level says.
    pub(crate) layers: BTreeMap<&'static str, Layer>,
}

/// What one level says about one section.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub(crate) declared: Declared,
    pub(crate) mode: OverrideMode,
}

/// All levels of one document.
#[derive(Debug, Clone)]
pub(crate) struct Hierarchy {
    pub(crate) schema: &'static Schema,
    /// Lower-case path → level; the empty path is the server.
    pub(crate) levels: BTreeMap<String, Level>,
    pub(crate) declarations: Declarations,
    /// The server's own level of every section, in the order of the tables.
    pub(crate) server: Vec<Effective>,
}

impl Hierarchy {
    /// Reads the levels of an applicationHost.config.
    pub(crate) fn read(
        root: &Element,
        schema: &'static Schema,
        findings: &mut Findings,
        ignored: &mut Vec<Ignored>,
    ) -> Self {
        let declarations = Declarations::read(root, findings);
        let mut hierarchy = Self { schema, levels: BTreeMap::new(), declarations, server: Vec::new() };
        if let Some(text) = &root.text {
            findings.error(text, Complaint::new("schema", "text where no text belongs, inside <configuration>"));
        }
        let mut walk = Walk { hierarchy: &mut hierarchy, findings, ignored, seen: HashMap::new() };
        let server = Location::server(root.origin.clone());
        for element in &root.children {
            match element.name.as_str() {
                "configSections" => {}
                "location" => walk.location(element),
                _ => walk.entry(element, "", &server),
            }
        }
        hierarchy.settle(findings);
        hierarchy
    }

    /// The levels from the server down to a place, as far as they exist, outermost first.
    pub(crate) fn chain(&self, place: Place<'_>) -> Vec<&Level> {
        let mut key = String::new();
        let mut levels: Vec<&Level> = self.levels.get("").into_iter().collect();
        let Place { site, path } = place;
        if site.is_empty() {
            return levels;
        }
        for segment in std::iter::once(site).chain(path.split('/').filter(|segment| !segment.is_empty())) {
            if !key.is_empty() {
                key.push('/');
            }
            key.push_str(&segment.to_lowercase());
            levels.extend(self.levels.get(&key));
        }
        levels
    }
}

/// A path of a site.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Name of the site; empty for the server itself.
    pub(crate) site: &'a str,
    /// Path below the site, with or without slashes at its ends.
    pub(crate) path: &'a str,
}

impl Level {
    /// The place this level is about.
    pub(crate) fn place(&self) -> Place<'_> {
        let (site, path) = self.path.split_once('/').unwrap_or((&self.path, ""));
        Place { site, path }
    }

    /// The site that a fault at this level disables; `None` for the server's own level.
    pub(crate) fn owner(&self) -> Option<String> {
        Some(self.place().site).filter(|site| !site.is_empty()).map(str::to_owned)
    }
}

/// The level's name beneath its site: `""` for the server, `/` for the site, `/a/b` below.
pub(crate) fn level_name(path: &str) -> Arc<str> {
    match path.find('/') {
        _ if path.is_empty() => Arc::from(""),
        Some(at) => Arc::from(&path[at..]),
        None => Arc::from("/"),
    }
}

struct Walk<'a> {
    hierarchy: &'a mut Hierarchy,
    findings: &'a mut Findings,
    ignored: &'a mut Vec<Ignored>,
    /// Level and path of every section met, also of those that are ignored.
    seen: HashMap<(String, String), Origin>,
}

impl Walk<'_> {
    fn location(&mut self, element: &Element) {
        let location = Location::read(element, self.findings);
        let outer = std::mem::replace(&mut self.findings.site, location.site());
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
        self.hierarchy.levels.entry(location.path.to_lowercase()).or_insert_with(|| Level {
            path: location.path.clone(),
            origin: location.origin.clone(),
            layers: BTreeMap::new(),
        })
    }

    /// One element beneath `group`: a section, or a group of them.
    fn entry(&mut self, element: &Element, group: &str, location: &Location) {
        let path = if group.is_empty() { element.name.clone() } else { format!("{group}/{}", element.name) };
        if let Some(table) = self.hierarchy.schema.section(&path) {
            if !self.is_repeated(element, &path, location) {
                self.section(element, table, location);
            }
        } else if self.hierarchy.schema.is_group(&path) || self.hierarchy.declarations.is_group(&path) {
            self.group(element, &path, location);
        } else if schema::is_known_section(&path) || self.hierarchy.declarations.is_section(&path) {
            if !self.is_repeated(element, &path, location) {
                self.ignore(element, path);
            }
        } else if self.hierarchy.schema.is_group(group) {
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

    fn section(&mut self, element: &Element, table: &'static schema::SectionTable, location: &Location) {
        if !location.path.is_empty() && table.allow_definition == AllowDefinition::AppHostOnly {
            let complaint =
                Complaint::new("locked", LOCKED).hint(format!("write {} outside of any location", table.path));
            self.findings.error(&element.origin, complaint);
            return;
        }
        let kept = self.hierarchy.schema.use_of(table) == SectionUse::Keeps;
        if kept {
            self.ignore(element, table.path.to_owned());
        }
        let level = level_name(&location.path);
        let read = |findings: &mut Findings| Reader { findings, level }.section(element, table.element);
        let declared = self.findings.mildly(kept, read);
        let layer = Layer { declared, mode: location.mode };
        self.level(location).layers.insert(table.path, layer);
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
        let schema = self.hierarchy.schema;
        let siblings = schema.sections().filter_map(|s| s.path.rsplit_once('/')).filter(|(g, _)| *g == group);
        let elsewhere = schema.sections().find(|section| section.element.name == element.name);
        let mut complaint = Complaint::new("schema", message);
        if let Some(section) = elsewhere {
            complaint = complaint.hint(format!("it belongs at {}", section.path));
        } else if let Some(near) = near_name(&element.name, siblings.map(|(_, name)| name)) {
            complaint = complaint.hint(format!("did you mean '{near}'?"));
        }
        self.findings.error(&element.origin, complaint);
    }
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
