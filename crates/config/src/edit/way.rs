//! From names as they are typed to the elements and attributes of the tables.

use crate::document::Element;
use crate::edit::change::{Action, Deed, Step};
use crate::edit::{EditError, normal};
use crate::effective::Effective;
use crate::schema::{AttributeTable, CollectionTable, ElementTable, near_name};

/// Attributes of the table with their texts.
pub(super) type Values = Vec<(&'static AttributeTable, String)>;

/// One hop from an element to one inside it.
pub(super) enum Hop {
    /// A child element, or a group on the way to the section.
    Element(&'static str),
    Entry(&'static CollectionTable, Values),
    Index(&'static CollectionTable, usize),
}

/// The hops of an action, and the table of the element where they end.
pub(super) struct Way {
    pub(super) hops: Vec<Hop>,
    pub(super) table: &'static ElementTable,
    section: &'static str,
}

impl Way {
    /// Names compare without case; what no table has is refused.
    pub(super) fn find(section: (&'static str, &'static ElementTable), action: &Action) -> Result<Self, EditError> {
        let mut way = Self { hops: Vec::new(), table: section.1, section: section.0 };
        for step in &action.at {
            match step {
                Step::Element(name) => way.enter(name, action)?,
                Step::Entry(keys) => {
                    let collection = way.collection()?;
                    let values = keys.iter().map(|(name, text)| known(collection.entry, name, text, section.0));
                    way.hops.push(Hop::Entry(collection, values.collect::<Result<_, _>>()?));
                    way.table = collection.entry;
                }
                Step::Index(index) => {
                    let collection = way.collection()?;
                    way.hops.push(Hop::Index(collection, *index));
                    way.table = collection.entry;
                }
            }
        }
        Ok(way)
    }

    fn enter(&mut self, name: &str, action: &Action) -> Result<(), EditError> {
        let child = self.table.children.iter().copied().find(|child| child.name.eq_ignore_ascii_case(name));
        let child = child.ok_or_else(|| EditError::NoSuchElement {
            section: self.section.to_owned(),
            name: full_name(name, action),
            near: near_name(name, self.table.children.iter().map(|child| child.name)).map(str::to_owned),
        })?;
        self.hops.push(Hop::Element(child.name));
        self.table = child;
        Ok(())
    }

    /// The collection of the element where the way ends.
    pub(super) fn collection(&self) -> Result<&'static CollectionTable, EditError> {
        self.table.collection.ok_or_else(|| EditError::NotCollection {
            section: self.section.to_owned(),
            name: self.table.name.to_owned(),
        })
    }

    /// An attribute of the element where the way ends.
    pub(super) fn attribute(&self, name: &str) -> Result<&'static AttributeTable, EditError> {
        attribute(self.table, name, self.section)
    }

    /// An entry of that element's collection, with values as they are written.
    pub(super) fn new_entry(&self, attributes: &[(String, String)]) -> Result<Values, EditError> {
        let entry = self.collection()?.entry;
        let written = |(name, text): &(String, String)| {
            let table = attribute(entry, name, self.section)?;
            Ok((table, normal::text(table, text)?))
        };
        let values: Values = attributes.iter().map(written).collect::<Result<_, EditError>>()?;
        let missing = entry.attributes.iter().filter(|own| own.required);
        let missing = missing.filter(|own| !values.iter().any(|(table, _)| table.name == own.name));
        let names: Vec<&str> = missing.map(|own| own.name).collect();
        if names.is_empty() { Ok(values) } else { Err(EditError::Missing(names.join(", "))) }
    }

    /// Values that an entry of that element's collection is told by.
    pub(super) fn keys(&self, keys: &[(String, String)]) -> Result<Values, EditError> {
        let entry = self.collection()?.entry;
        keys.iter().map(|(name, text)| known(entry, name, text, self.section)).collect()
    }

    /// The element there is in what is inherited.
    pub(super) fn inherited<'e>(&self, section: &'e Effective) -> Option<&'e Effective> {
        self.hops.iter().try_fold(section, |at, hop| match hop {
            Hop::Element(name) => at.children.get(name),
            Hop::Entry(_, values) => at.entries().find(|entry| has_values(*entry, values)),
            Hop::Index(..) => None,
        })
    }
}

/// The name with its way, such as `limits.maxConections`, where an attribute of it was asked for.
fn full_name(name: &str, action: &Action) -> String {
    match &action.deed {
        Deed::Set { attribute, .. } | Deed::Unset { attribute } => format!("{name}.{attribute}"),
        Deed::Add { .. } | Deed::Remove { .. } | Deed::Clear | Deed::Drop | Deed::Lock | Deed::Unlock => {
            name.to_owned()
        }
    }
}

fn attribute(table: &'static ElementTable, name: &str, section: &str) -> Result<&'static AttributeTable, EditError> {
    let known = table.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name));
    known.ok_or_else(|| EditError::NoSuchAttribute {
        section: section.to_owned(),
        name: name.to_owned(),
        near: near_name(name, table.attributes.iter().map(|own| own.name)).map(str::to_owned),
    })
}

fn known(
    table: &'static ElementTable,
    name: &str,
    text: &str,
    section: &str,
) -> Result<(&'static AttributeTable, String), EditError> {
    Ok((attribute(table, name, section)?, text.to_owned()))
}

/// What an element says, wherever it is kept.
pub(super) trait Written {
    /// The text of an attribute; `None` where nobody wrote it.
    fn text_of(&self, name: &str) -> Option<&str>;
}

impl Written for Element {
    fn text_of(&self, name: &str) -> Option<&str> {
        self.attribute(name)
    }
}

impl Written for Effective {
    fn text_of(&self, name: &str) -> Option<&str> {
        self.setting(name).map(|setting| setting.text.as_str())
    }
}

impl Written for Values {
    fn text_of(&self, name: &str) -> Option<&str> {
        self.iter().find(|(table, _)| table.name == name).map(|(_, text)| text.as_str())
    }
}

/// Whether an element has all of these values, defaults included.
pub(super) fn has_values(element: &impl Written, values: &Values) -> bool {
    values.iter().all(|(table, text)| {
        let own = element.text_of(table.name).or(table.default).unwrap_or("");
        normal::same(table, own, text)
    })
}
