//! Adding and removing a site.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Severity};
use crate::document::{Element, Splice, splice};
use crate::edit::insert::{self, New};
use crate::edit::{EditError, NewSite, declaration, parse};
use crate::home::Home;
use crate::schema::{is_site_name, not_a_site_name};

const GROUP: &str = "system.applicationHost";

/// Writes the site behind the last one, and for an upstream a location tag behind the last one.
pub(super) fn add(text: &str, home: &Home, new: &NewSite) -> Result<String, EditError> {
    let file: Arc<Path> = Arc::from(home.config_file.as_path());
    if !is_site_name(&new.name) {
        return Err(EditError::Invalid(vec![bad_name(&new.name)]));
    }
    let root = parse(text, &file)?.root;
    if sites(&root).any(|site| is_named(site, &new.name)) {
        return Err(EditError::SiteExists(new.name.clone()));
    }
    let id = new.id.unwrap_or_else(|| free_id(&root));
    let mut text = splice(text, vec![place(text, &root, site_element(new, id))]);
    if let Some(to) = &new.proxy_to {
        let root = parse(&text, &file)?.root;
        text = splice(&text, vec![place_location(&text, &root, &proxy_location(&new.name, to))]);
        let root = parse(&text, &file)?.root;
        text = splice(&text, declaration::of_doorward(&text, &root).into_iter().collect());
    }
    Ok(text)
}

/// Takes the site away, and every location tag for it or for a path below it.
pub(super) fn remove(text: &str, home: &Home, name: &str) -> Result<String, EditError> {
    let root = parse(text, &Arc::from(home.config_file.as_path()))?.root;
    let mut gone: Vec<&Element> = sites(&root).filter(|site| is_named(site, name)).collect();
    if gone.is_empty() {
        return Err(EditError::NoSuchSite(name.to_owned()));
    }
    let below = |element: &&Element| {
        let path = element.attribute("path").unwrap_or("").trim_matches('/');
        element.name == "location" && same_name(path.split('/').next().unwrap_or(""), name)
    };
    gone.extend(root.children.iter().filter(below));
    let changes: Vec<Splice> = gone.into_iter().map(|element| insert::removal(text, element)).collect();
    Ok(splice(text, changes))
}

fn bad_name(name: &str) -> Diagnostic {
    let complaint = not_a_site_name();
    Diagnostic {
        severity: Severity::Error,
        origin: None,
        kind: complaint.kind,
        message: format!("{} '{name}'", complaint.message),
        hint: complaint.hint,
        site: Some(name.to_owned()),
    }
}

/// Every site element, wherever the group is repeated.
pub(super) fn sites(root: &Element) -> impl Iterator<Item = &Element> {
    let groups = root.children.iter().filter(|element| element.name == GROUP);
    let sections = groups.flat_map(|group| &group.children).filter(|element| element.name == "sites");
    sections.flat_map(|sites| &sites.children).filter(|element| element.name == "site")
}

pub(super) fn is_named(site: &Element, name: &str) -> bool {
    site.attribute("name").is_some_and(|own| same_name(own, name))
}

fn same_name(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase()
}

/// The smallest number that no site has.
fn free_id(root: &Element) -> u32 {
    let taken: HashSet<u32> = sites(root).filter_map(|site| site.attribute("id")?.parse().ok()).collect();
    (1..=u32::MAX).find(|id| !taken.contains(id)).unwrap_or(u32::MAX)
}

fn site_element(new: &NewSite, id: u32) -> New {
    let binding = |(protocol, information): &(String, String)| {
        New::element("binding").with("protocol", protocol).with("bindingInformation", information)
    };
    let application = new.physical_path.as_ref().map(|folder| {
        let directory = New::element("virtualDirectory").with("path", "/").with("physicalPath", folder);
        New::element("application").with("path", "/").holding([directory])
    });
    let bindings =
        (!new.bindings.is_empty()).then(|| New::element("bindings").holding(new.bindings.iter().map(binding)));
    New::element("site").with("name", &new.name).with("id", id.to_string()).holding(application).holding(bindings)
}

/// Behind the last site; else into `sites`, its group, or the root, whichever is there.
fn place(text: &str, root: &Element, site: New) -> Splice {
    if let Some(last) = sites(root).last() {
        return insert::after(text, last, &site);
    }
    let mut groups = root.children.iter().filter(|element| element.name == GROUP);
    let group = groups.clone().find(|group| group.child("sites").is_some()).or_else(|| groups.next());
    match group.map(|group| (group, group.child("sites"))) {
        Some((_, Some(section))) => insert::last_in(text, section, &site),
        Some((group, None)) => insert::last_in(text, group, &New::element("sites").holding([site])),
        None => {
            let group = New::element(GROUP).holding([New::element("sites").holding([site])]);
            insert::last_in(text, root, &group)
        }
    }
}

fn proxy_location(name: &str, to: &str) -> New {
    let proxy = New::element("proxy").with("to", to);
    New::element("location").with("path", name).holding([New::element("doorward").holding([proxy])])
}

pub(super) fn place_location(text: &str, root: &Element, location: &New) -> Splice {
    match root.children.iter().rfind(|element| element.name == "location") {
        Some(last) => insert::after(text, last, location),
        None => insert::last_in(text, root, location),
    }
}
