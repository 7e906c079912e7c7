//! From the elements of a schema file to drafts of tables: the words of IIS's own schema language.

use crate::diagnostic::{Complaint, Findings, Origin};
use crate::document::Element;
use crate::reader::unknown;
use crate::schema::{MergeOrder, near_name};
use crate::schema_file::draft::{CollectionDraft, Draft, SectionDraft};
use crate::schema_file::keep;

/// Elements inside each other, from the section down.
const DEPTH_MAX: usize = 16;
/// Attributes, elements and collections of one section.
const PARTS_MAX: usize = 1024;
/// Sections of one file.
const SECTIONS_MAX: usize = 256;
/// Named values of one attribute.
pub(super) const WORDS_MAX: usize = 256;
/// Bytes of a name.
const NAME_BYTES_MAX: usize = 128;
/// Groups around a section, and itself.
const PATH_DEPTH_MAX: usize = 8;

const INSIDE: &[&str] = &["attribute", "element", "collection", "method", "dynamicAttribute"];

/// Reads one file.
pub(super) struct Language<'a> {
    pub(super) findings: &'a mut Findings,
    /// Parts of the section so far.
    parts: usize,
}

impl<'a> Language<'a> {
    pub(super) fn new(findings: &'a mut Findings) -> Self {
        Self { findings, parts: 0 }
    }

    /// Reads what stands below the root.
    pub(super) fn file(&mut self, root: &Element) -> Vec<SectionDraft> {
        if root.name != "configSchema" {
            let message = format!("the root element is <{}>, not <configSchema>", root.name);
            let hint = match near_name(&root.name, ["configSchema"]) {
                Some(near) => format!("did you mean '{near}'?"),
                None => "a schema file describes sections: <configSchema><sectionSchema name=\"…\">".to_owned(),
            };
            self.findings.error(&root.origin, Complaint::new("schema", message).hint(hint));
            return Vec::new();
        }
        self.no_text(root);
        self.allow_only(root, &[]);
        let mut sections: Vec<SectionDraft> = Vec::new();
        for child in &root.children {
            if child.name != "sectionSchema" {
                self.foreign(child, "a schema file holds <sectionSchema> elements", &["sectionSchema"]);
            } else if sections.len() == SECTIONS_MAX {
                let message = format!("a schema file describes at most {SECTIONS_MAX} sections");
                self.findings.error(&child.origin, Complaint::new("limit", message).hint("use several files"));
                break;
            } else if let Some(section) = self.section(child) {
                sections.push(section);
            }
        }
        sections
    }

    fn section(&mut self, element: &Element) -> Option<SectionDraft> {
        self.allow_only(element, &["name"]);
        self.parts = 0;
        let path = self.name(element)?;
        let names: Vec<&str> = path.split('/').collect();
        let reserved = matches!(names[0], "configSections" | "location" | "configProtectedData");
        if reserved || names.len() > PATH_DEPTH_MAX || !names.iter().all(|name| is_name(name)) {
            let message = format!("'{path}' cannot be the path of a section");
            let hint = format!("write group/section, such as contoso/banner, with at most {PATH_DEPTH_MAX} names");
            self.wrong(element, "name", Complaint::new("value", message).hint(hint));
            return None;
        }
        let name = keep::text(names[names.len() - 1]);
        let mut body = Draft::new(name, element.origin.clone());
        self.content(element, &mut body, 1);
        Some(SectionDraft { path, origin: element.origin.clone(), body })
    }

    /// Everything inside a section, an element or a collection.
    fn content(&mut self, element: &Element, draft: &mut Draft, depth: usize) {
        self.no_text(element);
        if depth > DEPTH_MAX {
            let message = format!("elements are nested to a depth of more than {DEPTH_MAX}");
            self.findings.error(&element.origin, Complaint::new("limit", message).hint("flatten the section"));
            return;
        }
        for child in &element.children {
            self.parts += 1;
            if self.parts == PARTS_MAX + 1 {
                let message = format!("a section has at most {PARTS_MAX} attributes and elements");
                self.findings.error(&child.origin, Complaint::new("limit", message).hint("make two sections of it"));
            }
            if self.parts > PARTS_MAX {
                return;
            }
            match child.name.as_str() {
                "attribute" => self.attribute_of(child, draft),
                "element" => self.element_of(child, draft, depth),
                "collection" => self.collection_of(child, draft, depth),
                "method" | "dynamicAttribute" => {
                    let what = if child.name == "method" { "methods" } else { "dynamic attributes" };
                    let name = child.attribute("name").unwrap_or("");
                    let message = format!("'{name}' is left out: {what} are programs of Windows");
                    self.findings.note(&child.origin, Complaint::new("unused", message));
                }
                _ => self.foreign(child, "no word of the schema language", INSIDE),
            }
        }
        settle_defaults(draft);
    }

    fn attribute_of(&mut self, child: &Element, draft: &mut Draft) {
        let Some(attribute) = self.attribute(child) else { return };
        let name = attribute.table.name;
        if draft.attributes.iter().any(|known| known.table.name == name) {
            self.repeated(child, "attribute", name);
        } else {
            draft.attributes.push(attribute);
        }
    }

    fn element_of(&mut self, child: &Element, draft: &mut Draft, depth: usize) {
        self.allow_only(child, &["name", "isCollectionDefault", "allowUnrecognizedAttributes"]);
        let Some(name) = self.name(child).and_then(|name| self.element_name(child, "name", name)) else { return };
        let mut inner = Draft::new(name, child.origin.clone());
        inner.is_defaults = self.switch(child, "isCollectionDefault", false);
        inner.any_attributes = self.switch(child, "allowUnrecognizedAttributes", false);
        self.content(child, &mut inner, depth + 1);
        let in_collection = draft.collection.as_ref().is_some_and(|collection| collection.names().any(|n| n == name));
        if in_collection || draft.children.iter().any(|known| known.name == name) {
            self.repeated(child, "element", name);
        } else {
            draft.children.push(inner);
        }
    }

    fn collection_of(&mut self, child: &Element, draft: &mut Draft, depth: usize) {
        const NAMES: &[&str] = &[
            "addElement",
            "removeElement",
            "clearElement",
            "mergeAppend",
            "allowDuplicates",
            "allowUnrecognizedAttributes",
            "defaultElement",
        ];
        self.allow_only(child, NAMES);
        let adds = child.attribute("addElement").unwrap_or("");
        let adds: Vec<&str> = adds.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let mut adds = adds.into_iter().filter_map(|name| self.element_name(child, "addElement", name));
        let Some(add) = adds.next() else {
            drop(adds);
            let complaint = Complaint::new("missing", "Missing required attribute 'addElement'");
            self.findings.error(&child.origin, complaint.hint("write addElement=\"add\""));
            return;
        };
        let mut collection = CollectionDraft::new(add, child.origin.clone());
        collection.also = adds.collect();
        let word = |own: &mut Self, name: &str| {
            child.attribute(name).filter(|text| !text.is_empty()).and_then(|text| own.element_name(child, name, text))
        };
        collection.remove = word(self, "removeElement");
        collection.clear = word(self, "clearElement");
        collection.defaults = word(self, "defaultElement");
        collection.duplicates = self.switch(child, "allowDuplicates", false);
        collection.order =
            if self.switch(child, "mergeAppend", true) { MergeOrder::Append } else { MergeOrder::Prepend };
        collection.entry.any_attributes = self.switch(child, "allowUnrecognizedAttributes", false);
        self.content(child, &mut collection.entry, depth + 1);
        self.names_differ(child, &collection, draft);
        if draft.collection.is_some() {
            let complaint = Complaint::new("duplicate", "an element holds one collection");
            self.findings.error(&child.origin, complaint.hint("put the second one into an element of its own"));
        } else {
            draft.collection = Some(Box::new(collection));
        }
    }

    /// A directive has one meaning.
    fn names_differ(&mut self, element: &Element, collection: &CollectionDraft, draft: &Draft) {
        let mut names: Vec<&str> = collection.names().chain(draft.children.iter().map(|child| child.name)).collect();
        names.sort_unstable();
        if let Some([name, ..]) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            let message = format!("<{name}> would mean two things here");
            self.findings.error(&element.origin, Complaint::new("duplicate", message).hint("rename one of them"));
        }
    }
}

/// What holds once the whole element is known: which element holds defaults.
fn settle_defaults(draft: &mut Draft) {
    let Some(collection) = &mut draft.collection else { return };
    let named = collection.defaults;
    for child in &mut draft.children {
        child.is_defaults |= named == Some(child.name);
        if child.is_defaults {
            collection.defaults = Some(child.name);
            if child.attributes.is_empty() && child.children.is_empty() && child.collection.is_none() {
                child.attributes.clone_from(&collection.entry.attributes);
                child.children.clone_from(&collection.entry.children);
            }
        }
    }
}

/// What every part of the language needs.
impl Language<'_> {
    /// The name, which has to be there and is none too long.
    pub(super) fn name(&mut self, element: &Element) -> Option<&'static str> {
        match element.attribute("name") {
            Some(name) if !name.is_empty() && name.len() <= NAME_BYTES_MAX => Some(keep::text(name)),
            Some("") | None => {
                let complaint = Complaint::new("missing", "Missing required attribute 'name'");
                self.findings.error(&element.origin, complaint.hint("write name=\"…\""));
                None
            }
            Some(_) => {
                let message = format!("The 'name' attribute is invalid.  It has more than {NAME_BYTES_MAX} bytes");
                self.wrong(element, "name", Complaint::new("limit", message).hint("choose a shorter one"));
                None
            }
        }
    }

    fn element_name(&mut self, element: &Element, attribute: &str, name: &str) -> Option<&'static str> {
        if is_name(name) && name.len() <= NAME_BYTES_MAX {
            return Some(keep::text(name));
        }
        let message = format!("'{name}' cannot be the name of an element");
        let hint = "use letters, digits, and - _ . and begin with a letter";
        self.wrong(element, attribute, Complaint::new("value", message).hint(hint));
        None
    }

    /// A word of the language that is true or false.
    pub(super) fn switch(&mut self, element: &Element, name: &str, default: bool) -> bool {
        match element.attribute(name) {
            None => default,
            Some(text) if text.eq_ignore_ascii_case("true") => true,
            Some(text) if text.eq_ignore_ascii_case("false") => false,
            Some(_) => {
                let message = format!("The '{name}' attribute is invalid.  Not a valid boolean: write true or false");
                self.wrong(element, name, Complaint::new("value", message));
                default
            }
        }
    }

    /// Refuses every other attribute.
    pub(super) fn allow_only(&mut self, element: &Element, names: &[&str]) {
        let is_known = |name: &str| names.contains(&name) || name.starts_with('{');
        for attribute in element.attributes.iter().filter(|attribute| !is_known(&attribute.name)) {
            let complaint = unknown("attribute", &attribute.name, names.iter().copied());
            self.findings.error(&attribute.origin, complaint);
        }
    }

    /// An element that does not belong here.
    pub(super) fn foreign(&mut self, element: &Element, why: &str, known: &[&str]) {
        let mut complaint = unknown("element", &element.name, known.iter().copied());
        complaint.hint = complaint.hint.or_else(|| Some(why.to_owned()));
        self.findings.error(&element.origin, complaint);
    }

    pub(super) fn no_children(&mut self, element: &Element) {
        for child in &element.children {
            self.foreign(child, "nothing stands inside a value", &[]);
        }
    }

    fn no_text(&mut self, element: &Element) {
        if let Some(text) = &element.text {
            let message = format!("text where no text belongs, inside <{}>", element.name);
            self.findings.error(text, Complaint::new("schema", message).hint("write it as an attribute or a comment"));
        }
    }

    fn repeated(&mut self, element: &Element, what: &str, name: &str) {
        let message = format!("There is a duplicate {what} '{name}'");
        self.findings.error(&element.origin, Complaint::new("duplicate", message).hint("delete one of the two"));
    }

    /// A complaint about an attribute.
    pub(super) fn wrong(&mut self, element: &Element, name: &str, complaint: Complaint) {
        let origin = place(element, name);
        self.findings.error(&origin, complaint);
    }
}

/// Whether a file could hold an element or attribute of that name.
pub(super) fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Where an attribute stands, or its element.
pub(super) fn place(element: &Element, name: &str) -> Origin {
    let own = element.attributes.iter().find(|attribute| attribute.name == name);
    own.map_or_else(|| element.origin.clone(), |attribute| attribute.origin.clone())
}
