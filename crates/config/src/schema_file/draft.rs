//! A section's table while it is put together from several places.

use crate::diagnostic::{Findings, Origin};
use crate::reader::Declared;
use crate::schema::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, MergeOrder, OverrideMode, SectionTable,
};
use crate::schema_file::keep;

/// A section that a file describes.
#[derive(Debug, Clone)]
pub(super) struct SectionDraft {
    /// Full path.
    pub(super) path: &'static str,
    pub(super) origin: Origin,
    pub(super) body: Draft,
}

/// An element.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) name: &'static str,
    /// Where it is described first; `None` is this program.
    pub(super) origin: Option<Origin>,
    pub(super) attributes: Vec<AttributeDraft>,
    pub(super) children: Vec<Draft>,
    pub(super) collection: Option<Box<CollectionDraft>>,
    pub(super) is_defaults: bool,
    pub(super) any_attributes: bool,
    check: Option<fn(&Declared, &mut Findings)>,
}

/// An attribute and where it is described; `None` is this program.
#[derive(Debug, Clone)]
pub(super) struct AttributeDraft {
    pub(super) table: AttributeTable,
    pub(super) origin: Option<Origin>,
}

/// A collection.
#[derive(Debug, Clone)]
pub(super) struct CollectionDraft {
    pub(super) origin: Option<Origin>,
    pub(super) add: &'static str,
    pub(super) also: Vec<&'static str>,
    pub(super) remove: Option<&'static str>,
    pub(super) clear: Option<&'static str>,
    pub(super) entry: Draft,
    pub(super) order: MergeOrder,
    pub(super) duplicates: bool,
    pub(super) defaults: Option<&'static str>,
    isolated: bool,
}

impl Draft {
    /// An element that holds nothing yet.
    pub(super) fn new(name: &'static str, origin: Origin) -> Self {
        Self {
            name,
            origin: Some(origin),
            attributes: Vec::new(),
            children: Vec::new(),
            collection: None,
            is_defaults: false,
            any_attributes: false,
            check: None,
        }
    }

    /// What a built-in table says.
    pub(super) fn of(table: &ElementTable) -> Self {
        Self {
            name: table.name,
            origin: None,
            attributes: table.attributes.iter().map(|&table| AttributeDraft { table, origin: None }).collect(),
            children: table.children.iter().map(|child| Self::of(child)).collect(),
            collection: table.collection.map(|collection| Box::new(CollectionDraft::of(collection))),
            is_defaults: table.partial,
            any_attributes: table.any_attributes,
            check: table.check,
        }
    }

    /// The table, which lives as long as the program.
    fn kept(&self) -> &'static ElementTable {
        let children: Vec<&'static ElementTable> = self.children.iter().map(Self::kept).collect();
        keep::for_ever(ElementTable {
            name: self.name,
            attributes: keep::all(self.attributes.iter().map(|attribute| attribute.table)),
            children: keep::all(children),
            collection: self.collection.as_ref().map(|collection| collection.kept()),
            partial: self.is_defaults,
            any_attributes: self.any_attributes,
            check: self.check,
        })
    }
}

impl CollectionDraft {
    /// A collection whose entries hold nothing yet.
    pub(super) fn new(add: &'static str, origin: Origin) -> Self {
        Self {
            entry: Draft::new(add, origin.clone()),
            origin: Some(origin),
            add,
            also: Vec::new(),
            remove: None,
            clear: None,
            order: MergeOrder::Append,
            duplicates: false,
            defaults: None,
            isolated: false,
        }
    }

    fn of(table: &CollectionTable) -> Self {
        Self {
            origin: None,
            add: table.add,
            also: table.also.to_vec(),
            remove: table.remove,
            clear: table.clear,
            entry: Draft::of(table.entry),
            order: table.order,
            duplicates: table.duplicates,
            defaults: table.defaults,
            isolated: table.isolated,
        }
    }

    /// Every name that may stand in it.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.add).chain(self.also.iter().copied()).chain(self.remove).chain(self.clear)
    }

    fn kept(&self) -> &'static CollectionTable {
        keep::for_ever(CollectionTable {
            add: self.add,
            also: keep::all(self.also.iter().copied()),
            remove: self.remove,
            clear: self.clear,
            entry: self.entry.kept(),
            order: self.order,
            duplicates: self.duplicates,
            defaults: self.defaults,
            isolated: self.isolated,
        })
    }
}

impl SectionDraft {
    /// The table. `built_in` is the one that it takes the place of; without one the section may stand anywhere until a
    /// `configSections` says otherwise, as in IIS.
    pub(super) fn kept(&self, built_in: Option<&SectionTable>) -> &'static SectionTable {
        keep::for_ever(SectionTable {
            path: self.path,
            element: self.body.kept(),
            allow_definition: built_in.map_or(AllowDefinition::Everywhere, |table| table.allow_definition),
            override_mode: built_in.map_or(OverrideMode::Allow, |table| table.override_mode),
        })
    }
}
