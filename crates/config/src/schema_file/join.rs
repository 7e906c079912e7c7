//! Several descriptions of one section: this program's, and those of the operator's files.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Complaint, Findings, Origin};
use crate::schema::{Key, Schema, SectionTable};
use crate::schema_file::draft::{CollectionDraft, Draft, SectionDraft};

/// Everything that the operator's files describe.
#[derive(Default)]
pub(super) struct Joined {
    sections: Vec<SectionDraft>,
    /// Section of this program → what the files add to it, the names on the way with dots between them.
    additions: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Joined {
    /// Takes one more description in.
    pub(super) fn add(&mut self, section: &SectionDraft, findings: &mut Findings) {
        let built_in = Schema::built_in().section(section.path);
        let known = self.sections.iter().position(|known| known.path == section.path);
        let at = match (known, built_in) {
            (Some(at), _) => at,
            (None, Some(table)) => {
                let body = Draft::of(table.element);
                self.sections.push(SectionDraft { body, path: table.path, origin: section.origin.clone() });
                self.sections.len() - 1
            }
            (None, None) => {
                if self.has_place(section, findings) {
                    self.sections.push(section.clone());
                }
                return;
            }
        };
        let mut merge = Merge { section: section.path, findings, added: BTreeSet::new() };
        merge.element(&mut self.sections[at].body, &section.body, (&[], false));
        let added = merge.added;
        if let Some(table) = built_in {
            self.additions.entry(table.path).or_default().extend(added);
        }
    }

    /// The whole schema, once everything is taken in.
    pub(super) fn kept(mut self, is_incomplete: bool, findings: &mut Findings) -> Schema {
        self.sections.iter_mut().for_each(|section| tell_apart(&mut section.body, findings));
        let built_in = |path: &str| Schema::built_in().section(path);
        let tables: Vec<&'static SectionTable> =
            self.sections.iter().map(|section| section.kept(built_in(section.path))).collect();
        Schema::extended(tables, self.additions, is_incomplete)
    }

    /// A path is a section or a group of sections, and not both.
    fn has_place(&self, section: &SectionDraft, findings: &mut Findings) -> bool {
        let path = section.path;
        let own = self.sections.iter().map(|known| (known.path, Some(&known.origin)));
        let paths = Schema::built_in().sections().map(|known| (known.path, None)).chain(own);
        let lies_in = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
        let mut message = None;
        for (known, origin) in paths {
            if lies_in(path, known) {
                message = Some(format!("'{known}' is a section{}: no section lies inside it", placed(origin)));
            } else if lies_in(known, path) {
                message = Some(format!("'{path}' is a group of sections{}", placed(origin)));
            }
        }
        if Schema::built_in().is_group(path) {
            message = Some(format!("'{path}' is a group of sections"));
        }
        let Some(message) = message else { return true };
        findings.error(&section.origin, Complaint::new("duplicate", message).hint("choose another path"));
        false
    }
}

/// Entries without a key may come twice, said or not.
fn tell_apart(draft: &mut Draft, findings: &mut Findings) {
    draft.children.iter_mut().for_each(|child| tell_apart(child, findings));
    let Some(collection) = &mut draft.collection else { return };
    tell_apart(&mut collection.entry, findings);
    let has_key = collection.entry.attributes.iter().any(|attribute| attribute.table.key != Key::None);
    if let (false, false, Some(origin)) = (has_key, collection.duplicates, &collection.origin) {
        collection.duplicates = true;
        let message = "no attribute is a key, so that entries cannot be told apart: the same one may come twice";
        let hint = "give one isUniqueKey=\"true\", or say allowDuplicates=\"true\"";
        findings.warning(origin, Complaint::new("schema", message).hint(hint));
    }
}

fn placed(origin: Option<&Origin>) -> String {
    origin.map_or_else(String::new, |origin| format!(" (see {origin})"))
}

/// One description laid into another.
struct Merge<'a> {
    section: &'a str,
    findings: &'a mut Findings,
    added: BTreeSet<String>,
}

impl Merge<'_> {
    /// `way` has the names of the elements from the section down; an entry's keys are not for others to say.
    fn element(&mut self, into: &mut Draft, from: &Draft, (way, is_entry): (&[&str], bool)) {
        for attribute in &from.attributes {
            let Some(origin) = &attribute.origin else { continue };
            let name = attribute.table.name;
            if let Some(known) = into.attributes.iter().find(|known| known.table.name == name) {
                self.clash((origin, known.origin.as_ref()), &format!("the attribute '{name}'"), way);
            } else if is_entry && attribute.table.key != Key::None {
                let message = format!("'{name}' cannot be a key: what tells these entries apart is settled");
                let complaint = Complaint::new("schema", message).hint("leave isUniqueKey and isCombinedKey out");
                self.findings.error(origin, complaint);
            } else {
                self.added.insert([way, &[name]].concat().join("."));
                into.attributes.push(attribute.clone());
            }
        }
        into.any_attributes |= from.any_attributes;
        for child in &from.children {
            self.child(into, child, way);
        }
        let Some(collection) = &from.collection else { return };
        match &mut into.collection {
            Some(known) => self.collection(known, collection, way),
            None => self.new_collection(into, collection, way),
        }
    }

    fn child(&mut self, into: &mut Draft, child: &Draft, way: &[&str]) {
        let inner = [way, &[child.name]].concat();
        let Some(origin) = &child.origin else { return };
        if let Some(known) = into.children.iter_mut().find(|known| known.name == child.name) {
            self.element(known, child, (&inner, false));
        } else if let Some(collection) = &into.collection
            && collection.names().any(|name| name == child.name)
        {
            self.clash((origin, collection.origin.as_ref()), &format!("the element '{}'", child.name), way);
        } else {
            self.note(child, &inner);
            into.children.push(child.clone());
        }
    }

    fn new_collection(&mut self, into: &mut Draft, collection: &CollectionDraft, way: &[&str]) {
        let taken = into.children.iter().find(|child| collection.names().any(|name| name == child.name));
        if let (Some(child), Some(origin)) = (taken, &collection.origin) {
            let known = child.origin.clone();
            self.clash((origin, known.as_ref()), &format!("the element '{}'", child.name), way);
            return;
        }
        self.note(&collection.entry, &[way, &[collection.add]].concat());
        into.collection = Some(Box::new(collection.clone()));
    }

    fn collection(&mut self, known: &mut CollectionDraft, from: &CollectionDraft, way: &[&str]) {
        let Some(origin) = &from.origin else { return };
        let others = from.names().find(|name| !known.names().any(|own| own == *name));
        if known.add != from.add || others.is_some() {
            let names: Vec<&str> = known.names().collect();
            let message = format!(
                "the collection of {} is settled{}: its elements are {}",
                shown(self.section, way),
                placed(known.origin.as_ref()),
                names.join(", ")
            );
            let hint = format!("write addElement=\"{}\" and leave the other names out", known.add);
            self.findings.error(origin, Complaint::new("duplicate", message).hint(hint));
            return;
        }
        self.element(&mut known.entry, &from.entry, (&[way, &[from.add]].concat(), true));
    }

    /// Notes every attribute of an element that is new.
    fn note(&mut self, draft: &Draft, way: &[&str]) {
        for attribute in &draft.attributes {
            self.added.insert([way, &[attribute.table.name]].concat().join("."));
        }
        for child in &draft.children {
            self.note(child, &[way, &[child.name]].concat());
        }
        if let Some(collection) = &draft.collection {
            self.note(&collection.entry, &[way, &[collection.add]].concat());
        }
    }

    fn clash(&mut self, (origin, known): (&Origin, Option<&Origin>), what: &str, way: &[&str]) {
        let (place, hint) = match known {
            Some(known) => (format!("at {known}"), "delete one of the two"),
            None => ("by Doorward".to_owned(), "leave it out: IIS's own sections are built in"),
        };
        let message = format!("{what} of {} is defined already, {place}", shown(self.section, way));
        self.findings.error(origin, Complaint::new("duplicate", message).hint(hint));
    }
}

/// A section, and the elements from there on.
fn shown(section: &str, way: &[&str]) -> String {
    std::iter::once(section).chain(way.iter().copied()).collect::<Vec<_>>().join("/")
}
