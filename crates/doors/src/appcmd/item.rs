//! One object that a command found: what is printed of it, and by what it is found.

use std::path::Path;

use doorward_config::{Configuration, ElementView};

use crate::appcmd::level::{is_url, url_site};
use crate::appcmd::words::{Operator, Parameter};
use crate::appcmd::{failure::Failure, property};

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Site,
    App,
    Vdir,
    Pool,
    Worker,
    Request,
    Module,
    Backup,
    Trace,
}

impl Kind {
    /// IIS's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Site => "SITE",
            Kind::App => "APP",
            Kind::Vdir => "VDIR",
            Kind::Pool => "APPPOOL",
            Kind::Worker => "WP",
            Kind::Request => "REQUEST",
            Kind::Module => "MODULE",
            Kind::Backup => "BACKUP",
            Kind::Trace => "TRACE",
        }
    }
}

/// One object.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// What stands in parentheses behind the name.
    pub(super) summary: Vec<(&'static str, String)>,
    /// What is said of it, in the order of print; the first is its name, and names of other objects that it belongs to.
    pub(super) facts: Vec<(&'static str, String)>,
    /// What it is found by besides, and what is not printed.
    pub(super) also: Vec<(&'static str, String)>,
    /// Its element in the configuration.
    pub(super) element: Option<ElementView>,
}

impl Item {
    /// A fact, or the text of a property in its element: `limits.maxConnections`.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let fact = self.facts.iter().chain(&self.also).find(|(own, _)| own.eq_ignore_ascii_case(name));
        fact.map(|(_, text)| text.clone()).or_else(|| element_text(self.element.as_ref()?, name))
    }

    /// Whether every filter fits. A filter that names no property of the object is refused.
    pub(super) fn fits(&self, filters: &[Parameter]) -> Result<bool, Failure> {
        for filter in filters {
            if filter.operator != Operator::Set {
                return Err(Failure::UnknownAttribute(filter.name.clone(), None));
            }
            let wanted = filter.value.as_deref().ok_or_else(|| Failure::NoValue(filter.name.clone()))?;
            let text = self.text(&filter.name).ok_or_else(|| Failure::UnknownAttribute(filter.name.clone(), None))?;
            if !text.eq_ignore_ascii_case(wanted) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn element_text(element: &ElementView, name: &str) -> Option<String> {
    let names = property::names(name);
    let (last, outer) = names.split_last()?;
    let child = |at: &ElementView, name: &&str| {
        let position = at.children.iter().position(|child| child.table.name.eq_ignore_ascii_case(name))?;
        Some(at.children[position].clone())
    };
    let element = outer.iter().try_fold(element.clone(), |at, name| child(&at, name))?;
    let attribute = element.attributes.iter().find(|attribute| attribute.table.name.eq_ignore_ascii_case(last));
    attribute.map(|attribute| attribute.text.clone())
}

/// The objects that an identifier and filters choose: by exact name, by name without a slash at its end, by URL.
pub(super) fn chosen(
    items: &[Item],
    (identifier, filters): (Option<&str>, &[Parameter]),
    configuration: &Configuration,
) -> Result<Vec<Item>, Failure> {
    let mut found = Vec::new();
    let names: Vec<&Item> = match identifier {
        Some(text) => named(items, text, configuration),
        None => items.iter().collect(),
    };
    for item in names {
        if item.fits(filters)? {
            found.push(item.clone());
        }
    }
    Ok(found)
}

fn named<'i>(items: &'i [Item], text: &str, configuration: &Configuration) -> Vec<&'i Item> {
    if is_url(text) {
        return of_url(items, text, configuration);
    }
    let same = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
    let exact: Vec<&Item> = items.iter().filter(|item| same(&item.name, text)).collect();
    if !exact.is_empty() || text.is_empty() {
        return exact;
    }
    let plain = |name: &str| name.trim_end_matches('/').to_owned();
    items.iter().filter(|item| same(&plain(&item.name), &plain(text))).collect()
}

/// The site of a URL, or the innermost application or virtual directory that holds it.
fn of_url<'i>(items: &'i [Item], url: &str, configuration: &Configuration) -> Vec<&'i Item> {
    let Some((site, path)) = url_site(url, configuration) else { return Vec::new() };
    let whole = format!("{}/{path}/", site.name).to_lowercase();
    let holds = |item: &&Item| {
        let own = format!("{}/", item.name.trim_end_matches('/').to_lowercase());
        if item.kind == Kind::Site { item.name == site.name } else { whole.starts_with(&own) }
    };
    let deepest = items.iter().filter(holds).max_by_key(|item| Path::new(&item.name).components().count());
    deepest.into_iter().collect()
}
