//! From an element to what it declares, checked against its table.

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Complaint, Findings, Origin};
use crate::document::{Attribute, Element};
use crate::lock::{self, LockDirective};
use crate::schema::{CollectionTable, ElementTable, Key, Value, near_name};

/// What one element says: only what is written, nothing inherited and no default.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    pub(crate) table: &'static ElementTable,
    pub(crate) attributes: Vec<(&'static str, Setting)>,
    /// Attributes that the table does not list, where it allows any.
    pub(crate) others: Vec<(String, Setting)>,
    /// The name it was written under, one of the collection's for an entry.
    pub(crate) name: &'static str,
    pub(crate) children: Vec<Declared>,
    pub(crate) directives: Vec<Directive>,
    pub(crate) locks: Vec<LockDirective>,
    pub(crate) origin: Origin,
}

/// One value that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) value: Value,
    pub(crate) text: String,
    pub(crate) origin: Origin,
    /// The level that says so: `""` the server, `/` a site, `/a/b` a location below it.
    pub(crate) level: Arc<str>,
}

/// One step on a collection, in the order of the file.
#[derive(Debug, Clone)]
pub(crate) enum Directive {
    Add(Declared),
    Remove(Declared),
    Clear(Origin),
}

impl Setting {
    /// A value that no file holds.
    pub(crate) fn built_in(value: Value, text: &str) -> Self {
        let origin = Origin { file: Arc::from(Path::new("built in")), line: 0, column: 0 };
        Self { value, text: text.to_owned(), origin, level: Arc::from("") }
    }
}

impl Declared {
    pub(crate) fn setting(&self, name: &str) -> Option<&Setting> {
        self.attributes.iter().find(|(own, _)| *own == name).map(|(_, setting)| setting)
    }

    /// Whether it adds entries or empties the collection, rather than only removing some.
    pub(crate) fn fills_collection(&self) -> bool {
        self.directives.iter().any(|directive| !matches!(directive, Directive::Remove(_)))
    }

    /// The text as written, or the default's.
    pub(crate) fn text(&self, name: &str) -> &str {
        match self.setting(name) {
            Some(setting) => &setting.text,
            None => self.table.attribute(name).and_then(|attribute| attribute.default).unwrap_or(""),
        }
    }
}

/// Reads elements of one level.
pub(crate) struct Reader<'a> {
    pub(crate) findings: &'a mut Findings,
    pub(crate) level: Arc<str>,
}

/// How much of an element's table must and may be written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Whole,
    /// Nothing is required: a defaults element and what is inside it.
    Partial,
    /// Only the keys: a `remove`.
    Keys,
}

impl Reader<'_> {
    /// Reads a section's element.
    pub(crate) fn section(&mut self, element: &Element, table: &'static ElementTable) -> Declared {
        self.element(element, table, Form::Whole)
    }

    fn element(&mut self, element: &Element, table: &'static ElementTable, form: Form) -> Declared {
        let form = if table.partial { Form::Partial } else { form };
        let mut declared = Declared {
            table,
            attributes: Vec::new(),
            others: Vec::new(),
            name: table.name,
            children: Vec::new(),
            directives: Vec::new(),
            locks: Vec::new(),
            origin: element.origin.clone(),
        };
        if let Some(text) = &element.text {
            let message = format!("text where no text belongs, inside <{}>", element.name);
            self.findings.error(text, Complaint::new("schema", message).hint("write it as an attribute or a comment"));
        }
        for attribute in &element.attributes {
            self.attribute(&mut declared, attribute, form);
        }
        self.required(element, table, form);
        for child in &element.children {
            self.child(&mut declared, child, form);
        }
        if let (Some(rule), Form::Whole) = (table.check, form) {
            rule(&declared, self.findings);
        }
        declared
    }

    fn attribute(&mut self, declared: &mut Declared, attribute: &Attribute, form: Form) {
        let name = attribute.name.as_str();
        if let Some(directive) = lock::directive(declared.table, attribute, self.findings) {
            declared.locks.push(directive);
            return;
        }
        let known = declared.table.attribute(name).filter(|known| form != Form::Keys || known.key != Key::None);
        let Some(known) = known else {
            return self.other_attribute(declared, attribute);
        };
        match known.read(&attribute.value) {
            Ok(value) => {
                // A value that breaks only the attribute's own rule is kept: a site is named as it was written.
                if let Some(Err(reason)) = known.check.map(|rule| rule(&attribute.value)) {
                    self.findings.error(&attribute.origin, invalid(known.name, reason));
                }
                let (text, origin) = (attribute.value.clone(), attribute.origin.clone());
                declared.attributes.push((known.name, Setting { value, text, origin, level: Arc::clone(&self.level) }));
            }
            Err(reason) => self.findings.error(&attribute.origin, invalid(known.name, reason)),
        }
    }

    /// An attribute that the table does not list.
    fn other_attribute(&mut self, declared: &mut Declared, attribute: &Attribute) {
        if is_foreign(&attribute.name) {
            return;
        }
        if declared.table.any_attributes {
            let (text, origin) = (attribute.value.clone(), attribute.origin.clone());
            let value = Value::Text(text.clone());
            let setting = Setting { value, text, origin, level: Arc::clone(&self.level) };
            declared.others.push((attribute.name.clone(), setting));
            return;
        }
        let known = declared.table.attributes.iter().map(|attribute| attribute.name);
        self.findings.unknown(&attribute.origin, unknown("attribute", &attribute.name, known));
    }

    /// An attribute that was written and is invalid has its own finding.
    fn required(&mut self, element: &Element, table: &ElementTable, form: Form) {
        for attribute in table.attributes {
            let needed = match form {
                Form::Whole => attribute.required,
                Form::Partial => false,
                Form::Keys => attribute.key == Key::Unique,
            };
            if needed && !element.attributes.iter().any(|written| written.name == attribute.name) {
                let message = format!("Missing required attribute '{}'", attribute.name);
                self.findings.error(&element.origin, Complaint::new("missing", message));
            }
        }
    }

    fn child(&mut self, declared: &mut Declared, child: &Element, form: Form) {
        let table = declared.table;
        if let Some(known) = table.child(&child.name) {
            if declared.children.iter().any(|other| other.table.name == known.name) {
                let message = format!("Element '{}' may stand here only once", known.name);
                self.findings.error(&child.origin, Complaint::new("duplicate", message));
                return;
            }
            let inner = if form == Form::Partial { Form::Partial } else { Form::Whole };
            let read = self.element(child, known, inner);
            declared.children.push(read);
            return;
        }
        if let Some(collection) = table.collection
            && let Some(directive) = self.directive(child, collection)
        {
            declared.directives.push(directive);
            return;
        }
        let own = table.children.iter().map(|child| child.name);
        let entries = table.collection.iter().flat_map(|collection| collection.names());
        let names: Vec<&str> = own.chain(entries).collect();
        self.findings.unknown(&child.origin, unknown("element", &child.name, names));
    }

    fn directive(&mut self, child: &Element, collection: &'static CollectionTable) -> Option<Directive> {
        let name = Some(child.name.as_str());
        if let Some(added) = collection.names().find(|name| *name == child.name).filter(|name| collection.adds(name)) {
            let site = if collection.isolated {
                Some(child.attribute("name").unwrap_or("").to_owned())
            } else {
                self.findings.site.clone()
            };
            let outer = std::mem::replace(&mut self.findings.site, site);
            let entry = Declared { name: added, ..self.element(child, collection.entry, Form::Whole) };
            self.findings.site = outer;
            Some(Directive::Add(entry))
        } else if name == collection.remove {
            Some(Directive::Remove(self.element(child, collection.entry, Form::Keys)))
        } else if name == collection.clear {
            Some(Directive::Clear(child.origin.clone()))
        } else {
            None
        }
    }
}

/// IIS's text for a name its schema does not have, and which one was probably meant.
pub(crate) fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Complaint {
    let complaint = Complaint::new("schema", format!("Unrecognized {what} '{name}'"));
    match near_name(name, known) {
        Some(near) => complaint.hint(format!("did you mean '{near}'?")),
        None => complaint,
    }
}

/// An attribute in a namespace belongs to another tool (such as a deployment transform).
fn is_foreign(name: &str) -> bool {
    name.starts_with('{')
}

/// The complaint about an attribute, in IIS's form (two spaces).
pub(crate) fn invalid(name: &str, reason: Complaint) -> Complaint {
    Complaint { message: format!("The '{name}' attribute is invalid.  {}", reason.message), ..reason }
}
