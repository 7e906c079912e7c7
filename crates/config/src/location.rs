//! One location tag: for which path, and with which override mode (IIS reference §3.4).

use crate::diagnostic::{Complaint, Findings, Origin};
use crate::document::Element;
use crate::lock;
use crate::reader::unknown;
use crate::schema::OverrideMode;

const ATTRIBUTES: [&str; 4] = ["path", "overrideMode", "allowOverride", "inheritInChildApplications"];

/// For which path sections stand, and how they bind deeper files.
#[derive(Debug, Clone)]
pub(crate) struct Location {
    /// Site name and path below it, without slashes at the ends; empty for the server.
    pub(crate) path: String,
    pub(crate) mode: OverrideMode,
    /// Whether applications below inherit what stands in it.
    pub(crate) inherits: bool,
    pub(crate) origin: Origin,
}

impl Location {
    /// What stands outside of any location tag.
    pub(crate) fn server(origin: Origin) -> Self {
        Self { path: String::new(), mode: OverrideMode::Inherit, inherits: true, origin }
    }

    /// The site it names; `None` for the server.
    pub(crate) fn site(&self) -> Option<String> {
        let name = self.path.split('/').next().unwrap_or("");
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// Reads the tag; a path that is not usable is an error, and what stands below it counts for nobody.
    /// Other faults concern the part of the configuration that `part` names.
    pub(crate) fn read(element: &Element, part: impl Fn(&Self) -> Option<String>, findings: &mut Findings) -> Self {
        let mut location = Self::server(element.origin.clone());
        let written = element.attribute("path").unwrap_or("");
        match normalize(written) {
            Ok(path) => location.path = path,
            Err(complaint) => findings.error(&element.origin, complaint),
        }
        let outer = std::mem::replace(&mut findings.site, part(&location));
        match lock::override_mode(element.attribute("overrideMode"), element.attribute("allowOverride")) {
            Ok(mode) => location.mode = mode,
            Err(complaint) => findings.error(&element.origin, complaint),
        }
        match element.attribute("inheritInChildApplications") {
            Some(text) if text.eq_ignore_ascii_case("false") => location.inherits = false,
            Some(text) if !text.eq_ignore_ascii_case("true") => {
                let message =
                    "The 'inheritInChildApplications' attribute is invalid.  Not a valid boolean: write true or false";
                findings.error(&element.origin, Complaint::new("value", message));
            }
            Some(_) | None => {}
        }
        for attribute in &element.attributes {
            let name = attribute.name.as_str();
            if !ATTRIBUTES.contains(&name) && !name.starts_with('{') {
                findings.error(&attribute.origin, unknown("attribute", name, ATTRIBUTES));
            }
        }
        findings.site = outer;
        location
    }
}

/// The path without slashes at its ends or doubled; `.` alone is the level of the file itself.
fn normalize(written: &str) -> Result<String, Complaint> {
    let segments: Vec<&str> = written.split('/').filter(|segment| !segment.is_empty()).collect();
    if segments.as_slice() == ["."] {
        return Ok(String::new());
    }
    let wrong = |why: &str| {
        Err(Complaint::new("value", format!("The 'path' attribute is invalid.  '{written}' {why}"))
            .hint("write a site name and a path below it, such as Default Web Site/images"))
    };
    if segments.iter().any(|segment| matches!(*segment, "." | "..")) {
        return wrong("has a '.' or '..' segment");
    }
    if written.contains('\\') {
        return wrong("has a backslash");
    }
    Ok(segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(written: &str, expected: Option<&str>) {
        assert_eq!(normalize(written).ok().as_deref(), expected, "{written}");
    }

    #[test]
    fn paths() {
        check("", Some(""));
        check(".", Some(""));
        check("/", Some(""));
        check("Shop", Some("Shop"));
        check("Shop/a/b/", Some("Shop/a/b"));
        check("Shop//a", Some("Shop/a"));
        check("../x", None);
        check("Shop/./x", None);
        check("Shop\\a", None);
    }
}
