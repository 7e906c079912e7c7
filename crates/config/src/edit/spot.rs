//! Where a way leads in a document, as far as its elements are there.

use crate::document::{Element, Splice};
use crate::edit::insert;
use crate::edit::normal;
use crate::edit::way::{Hop, Values, Way, Written, has_values};
use crate::schema::{AttributeTable, CollectionTable, Key};

/// How far a way leads in a document.
pub(super) struct Spot<'e> {
    pub(super) root: &'e Element,
    /// From the container of sections inwards, as far as the elements are there.
    pub(super) chain: Vec<&'e Element>,
    /// Hops that are there, groups included.
    pub(super) found: usize,
    whole: bool,
}

impl<'e> Spot<'e> {
    /// Follows the way at a level, which is told by the path of its location tags.
    pub(super) fn find(root: &'e Element, (level, groups): (&str, &[&str]), way: &Way) -> Self {
        let Some(container) = container(root, level, groups) else {
            return Self { root, chain: Vec::new(), found: 0, whole: false };
        };
        let mut spot = Self { root, chain: vec![container], found: 0, whole: true };
        for name in groups {
            spot.go(|at| at.child(name));
        }
        for hop in &way.hops {
            spot.go(|at| inside(at, hop));
        }
        spot
    }

    /// One hop further, unless one before it failed.
    fn go(&mut self, hop: impl FnOnce(&'e Element) -> Option<&'e Element>) {
        let next = self.element().and_then(hop);
        self.whole = next.is_some();
        self.found += usize::from(self.whole);
        self.chain.extend(next);
    }

    /// The element where the way ends, when it is there.
    pub(super) fn element(&self) -> Option<&'e Element> {
        self.chain.last().copied().filter(|_| self.whole)
    }

    /// Whether the level itself removes or clears what is inherited under these keys.
    pub(super) fn withdraws(&self, collection: &CollectionTable, values: &Values) -> bool {
        self.element().is_some_and(|element| withdrawn(element, collection, values))
    }
}

pub(super) fn withdrawn(element: &Element, collection: &CollectionTable, entry: &impl Written) -> bool {
    let keys: Vec<_> = collection.entry.attributes.iter().filter(|table| table.key != Key::None).collect();
    element.children.iter().any(|child| {
        let name = Some(child.name.as_str());
        let same = |table: &&&AttributeTable| {
            let text = |written: Option<&str>| written.or(table.default).unwrap_or("").to_owned();
            normal::same(table, &text(child.attribute(table.name)), &text(entry.text_of(table.name)))
        };
        name == collection.clear || (name == collection.remove && keys.iter().filter(same).count() == keys.len())
    })
}

pub(super) fn entries<'e>(
    element: &'e Element,
    collection: &'static CollectionTable,
) -> impl Iterator<Item = &'e Element> {
    element.children.iter().filter(move |child| collection.adds(&child.name))
}

fn inside<'e>(element: &'e Element, hop: &Hop) -> Option<&'e Element> {
    match hop {
        Hop::Element(name) => element.child(name),
        Hop::Entry(collection, values) => entries(element, collection).find(|entry| has_values(*entry, values)),
        Hop::Index(collection, index) => entries(element, collection).nth(*index),
    }
}

/// The key attributes in which two entries are the same, if they are.
pub(super) fn clash(collection: &CollectionTable, entry: &impl Written, values: &Values) -> Option<Vec<&'static str>> {
    let same = |table: &AttributeTable| {
        let text = |written: Option<&str>| written.or(table.default).unwrap_or("").to_owned();
        normal::same(table, &text(entry.text_of(table.name)), &text(values.text_of(table.name)))
    };
    let attributes = collection.entry.attributes.iter();
    if let Some(table) = attributes.clone().find(|table| table.key == Key::Unique && same(table)) {
        return Some(vec![table.name]);
    }
    let combined: Vec<_> = attributes.filter(|table| table.key == Key::Combined).collect();
    let all = !combined.is_empty() && combined.iter().all(|table| same(table));
    all.then(|| combined.iter().map(|table| table.name).collect())
}

/// Takes an element away, and the location tag and groups around it that hold nothing else.
pub(super) fn prune(text: &str, chain: &[&Element]) -> Splice {
    let mut gone = chain.len() - 1;
    while gone > 0 && chain[gone - 1].name != "configuration" && holds_only(text, chain[gone - 1], chain[gone]) {
        gone -= 1;
    }
    insert::removal(text, chain[gone])
}

/// Whether nothing but white space stands inside `outer` beside `inner`.
fn holds_only(text: &str, outer: &Element, inner: &Element) -> bool {
    let before = &text[outer.range.start..inner.range.start];
    let after = &text[inner.range.end..outer.range.end];
    let begins = before.rfind('>').is_some_and(|end| before[end + 1..].trim().is_empty() && !before.ends_with("-->"));
    outer.children.len() == 1 && begins && !before.contains("<!--") && after.trim_start().starts_with("</")
}

/// What holds the level's sections: the place that has this section, else the last one there is.
pub(super) fn container<'e>(root: &'e Element, level: &str, section: &[&str]) -> Option<&'e Element> {
    let places = places(root, level);
    let has_section = |place: &&&Element| section.iter().try_fold(**place, |at, name| at.child(name)).is_some();
    places.iter().find(has_section).or_else(|| places.iter().rfind(|place| !binds(place))).copied()
}

/// The document's root for its own level, and the location tags of a level.
pub(super) fn places<'e>(root: &'e Element, level: &str) -> Vec<&'e Element> {
    let mut places: Vec<&Element> = if level.is_empty() { vec![root] } else { Vec::new() };
    let is_level = |element: &&Element| {
        let path = element.attribute("path").unwrap_or("").trim_matches('/');
        element.name == "location" && is_same_level(path, level)
    };
    places.extend(root.children.iter().filter(is_level));
    places
}

/// A tag that locks or unlocks what is in it, or keeps it from child applications, is no place for other sections.
fn binds(place: &Element) -> bool {
    ["overrideMode", "allowOverride", "inheritInChildApplications"].iter().any(|name| place.attribute(name).is_some())
}

fn is_same_level(written: &str, level: &str) -> bool {
    let written = if written == "." { "" } else { written };
    self::level("", written).to_lowercase() == level.to_lowercase()
}

/// Site and path as a location tag names them, without slashes at the ends.
pub(super) fn level(site: &str, path: &str) -> String {
    let segments = std::iter::once(site).chain(path.split('/'));
    segments.filter(|segment| !segment.is_empty()).collect::<Vec<_>>().join("/")
}
