//! The sections that a file declares in `configSections` (IIS reference §3.3).

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Complaint, Findings};
use crate::document::Element;
use crate::schema::{AllowDefinition, OverrideMode};

/// Names declared in the file itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Declarations {
    groups: BTreeSet<String>,
    /// Full path → what is said of it.
    sections: BTreeMap<String, Declaration>,
}

/// One `section`.
#[derive(Debug, Clone, Copy)]
struct Declaration {
    /// Whether deeper files may set it by default.
    mode: OverrideMode,
    /// Where it may be written; `None` where the file does not say.
    definition: Option<AllowDefinition>,
    /// Whether it may stand in a location tag.
    in_location: bool,
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
        self.sections.get(path).map(|section| section.mode)
    }

    /// Where the file says that a section may be written; `None` when it does not say.
    pub(crate) fn allow_definition(&self, path: &str) -> Option<AllowDefinition> {
        self.sections.get(path).and_then(|section| section.definition)
    }

    /// Whether a section may stand in a location tag.
    pub(crate) fn allows_location(&self, path: &str) -> bool {
        self.sections.get(path).is_none_or(|section| section.in_location)
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
        let definition = element.attribute("allowDefinition").and_then(|text| {
            let known = DEFINITIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
            if known.is_none() {
                let names: Vec<&str> = DEFINITIONS.iter().map(|(name, _)| *name).collect();
                let names = names.join(", ");
                let message = format!("The 'allowDefinition' attribute is invalid.  Enum must be one of {names}");
                findings.error(&element.origin, Complaint::new("value", message));
            }
            known.map(|&(_, definition)| definition)
        });
        let in_location = !element.attribute("allowLocation").is_some_and(|text| text.eq_ignore_ascii_case("false"));
        if self.sections.insert(path, Declaration { mode, definition, in_location }).is_some() {
            let name = element.attribute("name").unwrap_or("");
            let message = format!("There is a duplicate '{name}' section defined");
            findings.error(&element.origin, Complaint::new("duplicate", message));
        }
    }
}

/// The words of `allowDefinition` (IIS reference §3.3).
const DEFINITIONS: &[(&str, AllowDefinition)] = &[
    ("MachineOnly", AllowDefinition::MachineOnly),
    ("MachineToRootWeb", AllowDefinition::MachineToRootWeb),
    ("AppHostOnly", AllowDefinition::AppHostOnly),
    ("MachineToApplication", AllowDefinition::MachineToApplication),
    ("Everywhere", AllowDefinition::Everywhere),
];

/// IIS's text, with its two spaces and its three trailing ones (IIS reference §3.8).
const MISPLACED: &str = "Only one <configSections> element allowed.  It must be the first child element of the root \
    <configuration> element   ";
