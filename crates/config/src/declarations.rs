//! The sections that a file declares in `configSections` (IIS reference §3.3).

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Complaint, Findings};
use crate::document::Element;
use crate::schema::OverrideMode;

/// Names declared in the file itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Declarations {
    groups: BTreeSet<String>,
    /// Full path → whether deeper files may set it by default.
    sections: BTreeMap<String, OverrideMode>,
}

impl Declarations {
    /// Reads `configSections`, which must come first and once.
    pub(crate) fn read(root: &Element, findings: &mut Findings) -> Self {
        let mut declarations = Self::default();
        for (index, element) in root.children.iter().enumerate() {
            if element.name != "configSections" {
                continue;
            }
            if index > 0 {
                findings.error(&element.origin, Complaint::new("schema", MISPLACED));
            }
            declarations.group(element, "", findings);
        }
        declarations
    }

    pub(crate) fn is_group(&self, path: &str) -> bool {
        self.groups.contains(path)
    }

    pub(crate) fn is_section(&self, path: &str) -> bool {
        self.sections.contains_key(path)
    }

    /// The default mode that the file gives a section; `None` when it does not declare it.
    pub(crate) fn override_mode(&self, path: &str) -> Option<OverrideMode> {
        self.sections.get(path).copied()
    }

    fn group(&mut self, element: &Element, outer: &str, findings: &mut Findings) {
        for child in &element.children {
            let Some(name) = child.attribute("name").filter(|name| !name.is_empty()) else {
                if matches!(child.name.as_str(), "sectionGroup" | "section") {
                    findings.error(&child.origin, Complaint::new("missing", "Missing required attribute 'name'"));
                }
                continue;
            };
            let path = if outer.is_empty() { name.to_owned() } else { format!("{outer}/{name}") };
            match child.name.as_str() {
                "sectionGroup" => {
                    self.group(child, &path, findings);
                    self.groups.insert(path);
                }
                "section" => self.section(child, path, findings),
                other => {
                    findings.error(&child.origin, Complaint::new("schema", format!("Unrecognized element '{other}'")));
                }
            }
        }
    }

    fn section(&mut self, element: &Element, path: String, findings: &mut Findings) {
        let mode = match element.attribute("overrideModeDefault") {
            Some(text) if text.eq_ignore_ascii_case("deny") => OverrideMode::Deny,
            Some(text) if !text.eq_ignore_ascii_case("allow") => {
                let message = "The 'overrideModeDefault' attribute is invalid.  Enum must be one of Allow, Deny";
                findings.error(&element.origin, Complaint::new("value", message));
                OverrideMode::Deny
            }
            Some(_) | None => OverrideMode::Allow,
        };
        if self.sections.insert(path, mode).is_some() {
            let name = element.attribute("name").unwrap_or("");
            let message = format!("There is a duplicate '{name}' section defined");
            findings.error(&element.origin, Complaint::new("duplicate", message));
        }
    }
}

/// IIS's text, with its two spaces and its three trailing ones (IIS reference §3.8).
const MISPLACED: &str = "Only one <configSections> element allowed.  It must be the first child element of the root \
    <configuration> element   ";
