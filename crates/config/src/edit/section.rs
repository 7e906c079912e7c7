//! Setting attributes of sections at one level.

use std::path::Path;
use std::sync::Arc;

use crate::document::{Element, Splice, escape_attribute, splice};
use crate::edit::insert::{self, New};
use crate::edit::site::{declaration, is_named, place_location, sites};
use crate::edit::{AttributeChange, EditError, NewValue, parse};
use crate::home::Home;
use crate::schema::{self, ElementTable};

/// Writes every value where the level has it already, else into the section, else into a new one.
pub(super) fn set(text: &str, home: &Home, change: &AttributeChange) -> Result<String, EditError> {
    let file: Arc<Path> = Arc::from(home.config_file.as_path());
    let root = parse(text, &file)?.root;
    let site = match &change.site {
        None => None,
        Some(name) => {
            let known = sites(&root).find(|site| is_named(site, name)).ok_or(EditError::NoSuchSite(name.clone()))?;
            known.attribute("name").map(str::to_owned)
        }
    };
    let level = level(site.as_deref().unwrap_or(""), &change.path);
    let mut text = text.to_owned();
    for value in &change.values {
        let steps = steps(value)?;
        let root = parse(&text, &file)?.root;
        text = splice(&text, vec![write(&text, &root, &level, &steps)]);
        if value.section.starts_with("doorward/") {
            let root = parse(&text, &file)?.root;
            text = splice(&text, declaration(&text, &root).into_iter().collect());
        }
    }
    Ok(text)
}

/// Site and path as a location tag names them, without slashes at the ends.
fn level(site: &str, path: &str) -> String {
    let segments = std::iter::once(site).chain(path.split('/'));
    segments.filter(|segment| !segment.is_empty()).collect::<Vec<_>>().join("/")
}

/// From the document's root to the attribute: names as the schema spells them.
struct Steps<'v> {
    /// How many of the names lead to the section itself.
    section: usize,
    elements: Vec<&'static str>,
    attribute: (&'static str, &'v str),
}

fn steps(value: &NewValue) -> Result<Steps<'_>, EditError> {
    let unknown = || EditError::NoSuchAttribute { section: value.section.clone(), name: value.name.clone() };
    let table = schema::section(&value.section).ok_or_else(unknown)?;
    let mut elements: Vec<&'static str> = table.path.split('/').collect();
    let section = elements.len();
    let mut element: &'static ElementTable = table.element;
    let mut names: Vec<&str> = value.name.split('.').collect();
    let attribute = names.pop().unwrap_or("");
    for name in names {
        element = element.children.iter().copied().find(|child| child.name == name).ok_or_else(unknown)?;
        elements.push(element.name);
    }
    let attribute = element.attribute(attribute).ok_or_else(unknown)?.name;
    Ok(Steps { section, elements, attribute: (attribute, &value.text) })
}

/// The change that gives one attribute its value.
fn write(text: &str, root: &Element, level: &str, steps: &Steps<'_>) -> Splice {
    let Some(container) = container(root, level, &steps.elements[..steps.section]) else {
        let location = New::element("location").with("path", level).holding([new(steps, 0)]);
        return place_location(text, root, &location);
    };
    let mut element = container;
    for (depth, name) in steps.elements.iter().enumerate() {
        match element.child(name) {
            Some(child) => element = child,
            None => return insert::last_in(text, element, &new(steps, depth)),
        }
    }
    let (name, value) = steps.attribute;
    match element.attributes.iter().find(|attribute| attribute.name == name) {
        Some(attribute) => {
            // The quotes around it may be single ones.
            let text = escape_attribute(value).replace('\'', "&apos;");
            Splice { range: attribute.value_range.clone(), text }
        }
        None => insert::attribute(text, element, (name, value)),
    }
}

/// What holds the level's sections: the place that has this section, else the last one there is.
fn container<'e>(root: &'e Element, level: &str, section: &[&str]) -> Option<&'e Element> {
    let mut places: Vec<&Element> = if level.is_empty() { vec![root] } else { Vec::new() };
    let is_level = |element: &&Element| {
        let path = element.attribute("path").unwrap_or("").trim_matches('/');
        element.name == "location" && is_same_level(path, level)
    };
    places.extend(root.children.iter().filter(is_level));
    let has_section = |place: &&&Element| section.iter().try_fold(**place, |at, name| at.child(name)).is_some();
    places.iter().find(has_section).or(places.last()).copied()
}

fn is_same_level(written: &str, level: &str) -> bool {
    let written = if written == "." { "" } else { written };
    self::level("", written).to_lowercase() == level.to_lowercase()
}

/// The missing elements from `depth` on, with the attribute in the innermost.
fn new(steps: &Steps<'_>, depth: usize) -> New {
    let mut names = steps.elements[depth..].iter().rev();
    let innermost = names.next().copied().unwrap_or_default();
    let (name, value) = steps.attribute;
    names.fold(New::element(innermost).with(name, value), |inner, name| New::element(name).holding([inner]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DYNAMIC: &str = "system.webServer/security/dynamicIpSecurity";

    fn changed(text: &str, site: &str, path: &str, value: (&str, &str, &str)) -> String {
        let (section, name, value) = value;
        let value = NewValue { section: section.to_owned(), name: name.to_owned(), text: value.to_owned() };
        let site = (!site.is_empty()).then(|| site.to_owned());
        let change = AttributeChange { site, path: path.to_owned(), values: vec![value] };
        match set(text, &Home::under(Path::new("h")), &change) {
            Ok(text) => text,
            Err(error) => error.to_string(),
        }
    }

    fn check(before: &str, after: &str, place: (&str, &str), value: (&str, &str, &str)) {
        let frame = |inner: &str| {
            format!(
                "<configuration>\n  <system.applicationHost><sites><site name=\"Shop\" id=\"1\"/></sites></system.applicationHost>\n{inner}</configuration>\n"
            )
        };
        assert_eq!(changed(&frame(before), place.0, place.1, value), frame(after));
    }

    const RATE: (&str, &str, &str) = (DYNAMIC, "denyByRequestRate.maxRequests", "7");

    #[test]
    fn a_written_value_is_replaced_and_nothing_else() {
        check(
            "<location path='shop'><system.webServer><security><dynamicIpSecurity><denyByRequestRate   maxRequests = '20' /></dynamicIpSecurity></security></system.webServer></location>\n",
            "<location path='shop'><system.webServer><security><dynamicIpSecurity><denyByRequestRate   maxRequests = '7' /></dynamicIpSecurity></security></system.webServer></location>\n",
            ("SHOP", "/"),
            RATE,
        );
    }

    #[test]
    fn a_missing_attribute_goes_behind_the_others() {
        check(
            "<system.webServer><security><dynamicIpSecurity denyAction=\">\"><!-- x --></dynamicIpSecurity></security></system.webServer>\n",
            "<system.webServer><security><dynamicIpSecurity denyAction=\">\" enableLoggingOnlyMode=\"true\"><!-- x --></dynamicIpSecurity></security></system.webServer>\n",
            ("", ""),
            (DYNAMIC, "enableLoggingOnlyMode", "true"),
        );
    }

    #[test]
    fn missing_elements_are_made_in_the_tag_of_the_level() {
        check(
            "  <location path=\"Shop/api\">\n    <system.webServer>\n      <security>\n      </security>\n    </system.webServer>\n  </location>\n",
            "  <location path=\"Shop/api\">\n    <system.webServer>\n      <security>\n        <dynamicIpSecurity>\n          <denyByRequestRate maxRequests=\"7\" />\n        </dynamicIpSecurity>\n      </security>\n    </system.webServer>\n  </location>\n",
            ("Shop", "/api/"),
            RATE,
        );
    }

    #[test]
    fn a_level_without_a_tag_gets_one() {
        check(
            "",
            "  <location path=\"Shop\">\n    <system.webServer>\n      <security>\n        <dynamicIpSecurity>\n          <denyByRequestRate maxRequests=\"7\" />\n        </dynamicIpSecurity>\n      </security>\n    </system.webServer>\n  </location>\n",
            ("shop", ""),
            RATE,
        );
    }

    #[test]
    fn our_own_section_is_declared() {
        let text = "<configuration>\n  <a/>\n</configuration>";
        let made = changed(text, "", "", ("doorward/limiter", "trustedProxies", "10.0.0.0/8"));
        assert!(made.contains("<sectionGroup name=\"doorward\">"), "{made}");
        assert!(made.contains("<limiter trustedProxies=\"10.0.0.0/8\" />"), "{made}");
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        let text = "<configuration/>";
        assert_eq!(changed(text, "x", "", RATE), "no site is named 'x'");
        let unknown = changed(text, "", "", (DYNAMIC, "denyByRequestRate.max", "7"));
        assert_eq!(unknown, format!("{DYNAMIC} has no attribute 'denyByRequestRate.max'"));
    }
}
