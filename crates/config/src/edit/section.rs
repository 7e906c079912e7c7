//! One section at one level of one file: everything that can happen to it.

use std::path::Path;
use std::sync::Arc;

use crate::document::{Document, Element, Splice, escape_attribute, splice};
use crate::edit::change::{Action, Deed, Position, Step};
use crate::edit::insert::{self, New};
use crate::edit::site::place_location;
use crate::edit::spot::{Spot, clash, entries, prune, withdrawn};
use crate::edit::way::{Hop, Values, Way, Written, has_values};
use crate::edit::{EditError, lock_mode, normal, parse};
use crate::effective::Effective;
use crate::schema::{CollectionTable, ElementTable, Key};

/// Where a section stands.
pub(super) struct SectionAt<'c> {
    pub(super) file: &'c Arc<Path>,
    /// Path of the location tag, without slashes at its ends; empty is the file's own level.
    pub(super) location: &'c str,
    /// Full path.
    pub(super) path: &'static str,
    pub(super) table: &'static ElementTable,
    /// What the level inherits; `None` where nothing is above it.
    pub(super) inherited: Option<&'c Effective>,
}

impl SectionAt<'_> {
    /// Carries out one action.
    pub(super) fn act(&self, text: &str, action: &Action) -> Result<String, EditError> {
        let way = Way::find((self.path, self.table), action)?;
        let document = parse(text, self.file)?;
        let here = self.here(&document, text, &way);
        match &action.deed {
            Deed::Set { attribute, text: value } => {
                let table = way.attribute(attribute)?;
                let value = normal::text(table, value)?;
                self.set(&here, (table.name, &value))
            }
            Deed::Unset { attribute } => {
                let name = way.attribute(attribute)?.name;
                let written =
                    here.spot.element().and_then(|e| Some((e, e.attributes.iter().find(|own| own.name == name)?)));
                let change = written.map(|(element, own)| insert::attribute_removal(text, element, own));
                Ok(splice(text, change.into_iter().collect()))
            }
            Deed::Add { attributes, position } => {
                let values = way.new_entry(attributes)?;
                self.add(&here, &values, *position)
            }
            Deed::Remove { keys } => self.remove(&here, &way.keys(keys)?),
            Deed::Clear => self.clear(&here),
            Deed::Drop => match (here.spot.element(), way.hops.last()) {
                (Some(_), _) => Ok(splice(text, vec![prune(text, &here.spot.chain)])),
                (None, last @ Some(Hop::Entry(..) | Hop::Index(..))) => Err(self.no_entry(last)),
                (None, _) => Ok(text.to_owned()),
            },
            Deed::Lock => Ok(lock_mode::set(text, &document.root, self, "Deny")),
            Deed::Unlock => Ok(lock_mode::set(text, &document.root, self, "Allow")),
        }
    }

    /// Names from the container of sections to the section itself.
    pub(super) fn groups(&self) -> Vec<&'static str> {
        self.path.split('/').collect()
    }

    fn here<'a>(&self, document: &'a Document, text: &'a str, way: &'a Way) -> Here<'a> {
        Here { text, way, spot: Spot::find(&document.root, (self.location, &self.groups()), way) }
    }

    fn set(&self, here: &Here<'_>, (name, value): (&'static str, &str)) -> Result<String, EditError> {
        let text = here.text;
        let Some(element) = here.spot.element() else {
            if let Some(changed) = self.override_entry(here, (name, value))? {
                return Ok(changed);
            }
            return self.create(here, |new| new.with(name, value));
        };
        let change = match element.attributes.iter().find(|attribute| attribute.name == name) {
            Some(own) => {
                // The quotes around it may be single ones.
                let new = escape_attribute(value).replace('\'', "&apos;");
                Splice { range: own.value_range.clone(), text: new }
            }
            None => insert::attribute(text, element, (name, value)),
        };
        Ok(splice(text, vec![change]))
    }

    /// A value of an inherited entry: the entry is removed and added again with the new value.
    fn override_entry(
        &self,
        here: &Here<'_>,
        (name, value): (&'static str, &str),
    ) -> Result<Option<String>, EditError> {
        let Here { text, way, spot } = here;
        let missing = way.hops.iter().skip(spot.found.saturating_sub(self.groups().len()));
        let missing: Vec<&Hop> = missing.filter(|hop| !matches!(hop, Hop::Element(_))).collect();
        let (Some(Hop::Entry(collection, keys)), 1) = (way.hops.last(), missing.len()) else {
            return missing.first().map_or(Ok(None), |hop| Err(self.no_entry(Some(hop))));
        };
        let inherited = self.inherited.and_then(|section| way.inherited(section));
        let entry = inherited.ok_or_else(|| self.no_entry(way.hops.last()))?;
        let outer = Way::find((self.path, self.table), &outer_action(way))?;
        let document = parse(text, self.file)?;
        let removed = self.remove(&self.here(&document, text, &outer), keys)?;
        let mut values: Values = collection
            .entry
            .attributes
            .iter()
            .filter_map(|table| Some((table, entry.text_of(table.name)?.to_owned())))
            .filter(|(table, _)| table.name != name)
            .collect();
        values.extend(collection.entry.attribute(name).map(|table| (table, value.to_owned())));
        let document = parse(&removed, self.file)?;
        Ok(Some(self.place_entry(&self.here(&document, &removed, &outer), &values, Position::End)?))
    }

    fn no_entry(&self, hop: Option<&Hop>) -> EditError {
        let keys = match hop {
            Some(Hop::Entry(_, values)) => shown(values),
            Some(Hop::Index(_, index)) => format!("number {index}"),
            Some(Hop::Element(_)) | None => String::new(),
        };
        EditError::NoSuchEntry { section: self.path.to_owned(), keys }
    }

    fn add(&self, here: &Here<'_>, values: &Values, position: Position) -> Result<String, EditError> {
        let Here { way, spot, .. } = here;
        let collection = way.collection()?;
        let own = spot.element().into_iter().flat_map(|element| entries(element, collection));
        let inherited =
            self.inherited.and_then(|section| way.inherited(section)).filter(|_| !spot.withdraws(collection, values));
        let clash = own.map(|entry| clash(collection, entry, values)).chain(
            inherited.iter().flat_map(|element| element.entries()).map(|entry| clash(collection, entry, values)),
        );
        if let Some(names) = clash.flatten().next() {
            return Err(duplicate(collection, &names, values));
        }
        self.place_entry(here, values, position)
    }

    fn place_entry(&self, here: &Here<'_>, values: &Values, position: Position) -> Result<String, EditError> {
        let Here { text, way, spot } = here;
        let collection = way.collection()?;
        let entry =
            || values.iter().fold(New::element(collection.add), |new, (table, text)| new.with(table.name, text));
        let Some(element) = spot.element() else {
            return self.create(here, |new| new.holding([entry()]));
        };
        let own: Vec<&Element> = entries(element, collection).collect();
        let next = match position {
            Position::End => None,
            Position::Start => own.first(),
            Position::At(index) => own.get(index),
        };
        let change = match (next, own.last()) {
            (Some(next), _) => insert::before(text, next, &entry()),
            (None, Some(last)) => insert::after(text, last, &entry()),
            (None, None) => insert::last_in(text, element, &entry()),
        };
        Ok(splice(text, vec![change]))
    }

    fn remove(&self, here: &Here<'_>, keys: &Values) -> Result<String, EditError> {
        let Here { text, way, spot } = here;
        let collection = way.collection()?;
        let mut own = spot.element().into_iter().flat_map(|element| entries(element, collection));
        if let Some(entry) = own.find(|entry| has_values(*entry, keys)) {
            return Ok(splice(text, vec![insert::removal(text, entry)]));
        }
        let missing = || EditError::NoSuchEntry { section: self.path.to_owned(), keys: shown(keys) };
        let inherited = self.inherited.and_then(|section| way.inherited(section)).ok_or_else(missing)?;
        let entry = inherited.entries().find(|entry| has_values(*entry, keys)).ok_or_else(missing)?;
        if spot.element().is_some_and(|element| withdrawn(element, collection, entry)) {
            return Err(missing());
        }
        let Some(directive) = collection.remove else {
            return Err(EditError::NotRemovable { section: self.path.to_owned(), keys: shown(keys) });
        };
        let named = collection.entry.attributes.iter().filter(|table| table.key != Key::None);
        let named = named.filter_map(|table| Some((table.name, entry.text_of(table.name)?.to_owned())));
        let new = named.fold(New::element(directive), |new, (name, text)| new.with(name, text));
        self.put_directive(here, &new)
    }

    fn clear(&self, here: &Here<'_>) -> Result<String, EditError> {
        let Here { text, way, spot } = here;
        let collection = way.collection()?;
        let own = spot.element().into_iter().flat_map(|element| &element.children);
        let own = own.filter(|child| collection.names().any(|name| name == child.name));
        let cleared = splice(text, own.map(|child| insert::removal(text, child)).collect());
        match (self.inherited, collection.clear) {
            (Some(_), Some(directive)) => {
                let document = parse(&cleared, self.file)?;
                self.put_directive(&self.here(&document, &cleared, way), &New::element(directive))
            }
            _ => Ok(cleared),
        }
    }

    /// A `remove` or `clear` goes before the level's own entries.
    fn put_directive(&self, here: &Here<'_>, new: &New) -> Result<String, EditError> {
        let Here { text, way, spot } = here;
        let collection = way.collection()?;
        let Some(element) = spot.element() else {
            return self.create(here, |outer| outer.holding([new.clone()]));
        };
        let first = entries(element, collection).next();
        let change = match first {
            Some(entry) => insert::before(text, entry, new),
            None => insert::last_in(text, element, new),
        };
        Ok(splice(text, vec![change]))
    }

    /// Writes the elements of the way that are missing; `fill` sees the innermost.
    fn create(&self, here: &Here<'_>, fill: impl FnOnce(New) -> New) -> Result<String, EditError> {
        let Here { text, way, spot } = here;
        let mut names = self.groups();
        for hop in &way.hops {
            match hop {
                Hop::Element(name) => names.push(name),
                Hop::Entry(..) | Hop::Index(..) if names.len() < spot.found => names.push(""),
                Hop::Entry(..) | Hop::Index(..) => return Err(self.no_entry(Some(hop))),
            }
        }
        let mut missing = names.get(spot.found..).unwrap_or_default().iter().rev();
        let innermost = fill(New::element(missing.next().copied().unwrap_or_default()));
        let new = missing.fold(innermost, |inner, name| New::element(name).holding([inner]));
        let change = if let Some(element) = spot.chain.last() {
            insert::last_in(text, element, &new)
        } else {
            let location = New::element("location").with("path", self.location).holding([new]);
            place_location(text, spot.root, &location)
        };
        Ok(splice(text, vec![change]))
    }
}

/// A way in one state of the text.
struct Here<'a> {
    text: &'a str,
    way: &'a Way,
    spot: Spot<'a>,
}

/// The way without its last hop, which names an entry.
fn outer_action(way: &Way) -> Action {
    let step = |hop: &Hop| match hop {
        Hop::Element(name) => Step::Element((*name).to_owned()),
        Hop::Entry(_, values) => {
            Step::Entry(values.iter().map(|(t, text)| (t.name.to_owned(), text.clone())).collect())
        }
        Hop::Index(_, index) => Step::Index(*index),
    };
    let hops = &way.hops[..way.hops.len().saturating_sub(1)];
    Action { at: hops.iter().map(step).collect(), deed: Deed::Clear }
}

fn duplicate(collection: &CollectionTable, names: &[&'static str], values: &Values) -> EditError {
    let text = |name: &&'static str| {
        let default = collection.entry.attribute(name).and_then(|table| table.default).unwrap_or("");
        values.text_of(name).unwrap_or(default).to_owned()
    };
    EditError::Duplicate {
        entry: collection.add.to_owned(),
        names: names.join(", "),
        texts: names.iter().map(text).collect::<Vec<_>>().join(", "),
    }
}

fn shown(values: &Values) -> String {
    values.iter().map(|(table, text)| format!("{}='{text}'", table.name)).collect::<Vec<_>>().join(",")
}
