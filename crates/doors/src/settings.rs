//! Any section for people who did not learn it from IIS: what holds at a path and why, and how to change it.

use doorward_config::{
    AttributeView, Configuration, Edit, ElementView, Key, OverrideMode, SectionChange, SectionTable,
};
use serde::Serialize;

use crate::appcmd::{Failure, Level, Operator, Parameter, action, files_along, section_named};
use crate::installation::Installation;

/// Why nothing can be told or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// What is wrong.
    pub message: String,
    /// Where exactly, and how to mend it.
    pub notes: Vec<String>,
}

impl From<Failure> for Denied {
    fn from(failure: Failure) -> Self {
        Self { message: failure.text(), notes: failure.notes() }
    }
}

/// A section at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SectionReport {
    /// Its full path.
    pub section: String,
    /// Site and path; empty for the server itself.
    pub path: String,
    /// Whether files of folders may set it.
    pub open_to_folders: bool,
    /// What locks parts of it: `lockAttributes="x" at file:line:column`.
    pub locks: Vec<String>,
    /// Its values and entries.
    pub values: Vec<ValueReport>,
}

/// One value, or one entry of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValueReport {
    /// Elements and attribute, such as `denyByRequestRate.maxRequests`; an entry is named by its keys.
    pub name: String,
    /// The text that holds; of an entry, its other attributes.
    pub value: String,
    /// Where it is written: file, line and column, with colons between; `None` for a default.
    pub origin: Option<String>,
    /// The level that writes it: empty for the server, `/` for the site, else the path below it.
    pub level: Option<String>,
    /// Those that it takes the place of, the outermost first.
    pub instead_of: Vec<Overruled>,
}

/// A value that another one takes the place of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overruled {
    /// Its text.
    pub value: String,
    /// Where it is written.
    pub origin: String,
}

/// What holds at a path. `all` shows defaults too.
pub fn settings(place: &dyn Installation, (path, section): (&str, &str), all: bool) -> Result<SectionReport, Denied> {
    let configuration = place.configuration().map_err(Failure::from)?;
    let level = Level::read(Some(path), &configuration)?;
    let table = section_named(&configuration, section)?;
    let files = files_along(&configuration, &level);
    if let Some(fault) = configuration.fault_along(&level.site, &level.path, &files) {
        return Err(Failure::of_file(&fault).into());
    }
    let view = configuration.view_along((&level.site, &level.path), &files, table);
    let outer = outer_views(&configuration, &level, table);
    let mut values = Vec::new();
    list("", &view, &mut values);
    values.retain(|value| all || value.origin.is_some());
    for value in values.iter_mut().filter(|value| value.origin.is_some()) {
        value.instead_of = overruled(value, &outer);
    }
    let lock = configuration.lock_at(&level.site, &level.path, table.path);
    let directives = lock.iter().flat_map(|lock| &lock.directives);
    Ok(SectionReport {
        section: table.path.to_owned(),
        path: [&*level.site, &*level.path].join("/").trim_end_matches('/').to_owned(),
        open_to_folders: lock.as_ref().is_some_and(|lock| lock.mode != OverrideMode::Deny),
        locks: directives.map(|own| format!("{}=\"{}\" at {}", own.name, own.value, own.origin)).collect(),
        values,
    })
}

/// The section at every level above one, the server first.
fn outer_views(configuration: &Configuration, level: &Level, table: &'static SectionTable) -> Vec<Vec<ValueReport>> {
    let mut levels = Vec::new();
    if !level.site.is_empty() {
        levels.push(Level::default());
        let segments: Vec<&str> = level.path.split('/').filter(|segment| !segment.is_empty()).collect();
        let depths = 0..segments.len();
        levels.extend(depths.map(|depth| Level { site: level.site.clone(), path: segments[..depth].join("/") }));
    }
    let values = |level: &Level| {
        let files = files_along(configuration, level);
        let mut values = Vec::new();
        list("", &configuration.view_along((&level.site, &level.path), &files, table), &mut values);
        values
    };
    levels.iter().map(values).collect()
}

/// The other places that say something about the same name.
fn overruled(value: &ValueReport, outer: &[Vec<ValueReport>]) -> Vec<Overruled> {
    let mut found: Vec<Overruled> = Vec::new();
    for own in outer.iter().flatten().filter(|own| own.name == value.name && own.origin != value.origin) {
        let Some(origin) = own.origin.clone() else { continue };
        if !found.iter().any(|other| other.origin == origin) {
            found.push(Overruled { value: own.value.clone(), origin });
        }
    }
    found
}

fn list(prefix: &str, element: &ElementView, values: &mut Vec<ValueReport>) {
    for attribute in &element.attributes {
        values.push(ValueReport {
            name: format!("{prefix}{}", attribute.table.name),
            value: attribute.text.clone(),
            origin: attribute.set.as_ref().map(|(origin, _)| origin.to_string()),
            level: attribute.set.as_ref().map(|(_, level)| level.clone()),
            instead_of: Vec::new(),
        });
    }
    for child in &element.children {
        list(&format!("{prefix}{}.", child.name), child, values);
    }
    for entry in &element.entries {
        let (keys, others): (Vec<&AttributeView>, Vec<&AttributeView>) =
            entry.attributes.iter().filter(|own| own.set.is_some()).partition(|own| own.table.key != Key::None);
        let shown = |own: &&AttributeView| format!("{}='{}'", own.table.name, own.text);
        let name = format!("{prefix}[{}]", keys.iter().map(shown).collect::<Vec<_>>().join(","));
        values.push(ValueReport {
            name: name.clone(),
            value: others.iter().map(shown).collect::<Vec<_>>().join(" "),
            origin: entry.origin.as_ref().map(ToString::to_string),
            level: keys.first().and_then(|own| own.set.as_ref()).map(|(_, level)| level.clone()),
            instead_of: Vec::new(),
        });
        for inner in entry.children.iter().filter(|inner| inner.is_written()) {
            list(&format!("{name}.{}.", inner.name), inner, values);
        }
    }
}

/// A change to a section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingsOrder {
    /// Site and path; empty or `/` for the server itself.
    pub path: String,
    /// Full path or last name of the section.
    pub section: String,
    /// `name=text` each.
    pub set: Vec<String>,
    /// Names whose values are no longer written.
    pub unset: Vec<String>,
    /// Entries that are added, as `[key='value',…]` or `element.[…]`.
    pub add: Vec<String>,
    /// Entries that are removed, by their keys.
    pub remove: Vec<String>,
    /// Write it into the folder's own `web.config`, not into the server's file.
    pub in_folder: bool,
}

/// The edit that an order means, and where it goes.
pub fn settings_edit(place: &dyn Installation, order: &SettingsOrder) -> Result<(Edit, String), Denied> {
    let configuration = place.configuration().map_err(Failure::from)?;
    let level = Level::read(Some(&order.path), &configuration)?;
    let table = section_named(&configuration, &order.section)?;
    let commit = if order.in_folder { "url" } else { "apphost" };
    let target = level.target(Some(commit), (place.home(), &configuration))?;
    // What is added may be set in the same breath.
    let mut parameters: Vec<Parameter> =
        order.remove.iter().map(|entry| parameter(Operator::Remove, entry, None)).collect();
    parameters.extend(order.add.iter().map(|entry| parameter(Operator::Add, entry, None)));
    for text in &order.set {
        let (name, value) = split(text).ok_or_else(|| Failure::NoValue(text.clone()))?;
        parameters.push(parameter(Operator::Set, name, Some(value)));
    }
    parameters.extend(order.unset.iter().map(|name| parameter(Operator::Remove, name, None)));
    if parameters.is_empty() {
        return Err(Failure::Nothing.into());
    }
    let actions = parameters.iter().map(|parameter| action(parameter, &[])).collect::<Result<Vec<_>, _>>()?;
    let disk = target.disk.display().to_string();
    let change =
        SectionChange { file: target.file, location: target.location, section: table.path.to_owned(), actions };
    Ok((Edit::Change(change), disk))
}

fn parameter(operator: Operator, name: &str, value: Option<&str>) -> Parameter {
    Parameter { operator, name: name.to_owned(), value: value.map(str::to_owned), is_property: true }
}

/// At the first `=` outside brackets.
fn split(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '=' if depth == 0 => return Some((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}
