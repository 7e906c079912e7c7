//! Values after inheritance, each with the place it came from.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use crate::diagnostic::Origin;
use crate::lock::LockDirective;
use crate::reader::Setting;
use crate::schema::{ElementTable, Key, Value};
use crate::shared::{Made, once};

/// One element after inheritance. Whatever is not set has its table's default.
#[derive(Debug, Clone)]
pub(crate) struct Effective {
    pub(crate) table: &'static ElementTable,
    /// The name it was written under; an entry may have one of several.
    pub(crate) name: &'static str,
    pub(crate) settings: BTreeMap<&'static str, Setting>,
    /// Attributes that the table does not list, where it allows any.
    pub(crate) others: BTreeMap<String, Setting>,
    pub(crate) children: BTreeMap<&'static str, Effective>,
    pub(crate) entries: Vec<Entry>,
    /// A level has emptied the collection or named an entry; defaults elements then add nothing.
    pub(crate) collection_touched: bool,
    /// Lock attributes, each with the rank of the file that has it.
    pub(crate) locks: Vec<(usize, LockDirective)>,
    /// Where the element was last named; `None` when nowhere.
    pub(crate) origin: Option<Origin>,
}

impl Effective {
    /// Nothing set.
    pub(crate) fn new(table: &'static ElementTable) -> Self {
        Self {
            table,
            name: table.name,
            settings: BTreeMap::new(),
            others: BTreeMap::new(),
            children: table.children.iter().map(|child| (child.name, Self::new(child))).collect(),
            entries: Vec::new(),
            collection_touched: false,
            locks: Vec::new(),
            origin: None,
        }
    }

    /// A child element of the table; it exists whether or not anybody wrote it.
    pub(crate) fn child(&self, name: &str) -> &Effective {
        debug_assert!(self.children.contains_key(name), "{} has no element {name}", self.table.name);
        self.children.get(name).unwrap_or(self)
    }

    /// The entries of its collection, in effective order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Effective> {
        self.entries.iter().map(Deref::deref)
    }

    /// Where and by whom an attribute was set.
    pub(crate) fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.get(name)
    }

    /// Where the first of these attributes that is set at all was set.
    pub(crate) fn first_origin(&self, names: &[&str]) -> Option<Origin> {
        names.iter().find_map(|name| self.setting(name)).map(|setting| setting.origin.clone())
    }

    fn value(&self, name: &str) -> Value {
        if let Some(setting) = self.setting(name) {
            return setting.value.clone();
        }
        debug_assert!(self.table.attribute(name).is_some(), "{} has no attribute {name}", self.table.name);
        let Some(attribute) = self.table.attribute(name) else { return Value::Bool(false) };
        let default = attribute.default.and_then(|text| attribute.read(text).ok());
        default.unwrap_or_else(|| attribute.kind.zero())
    }

    pub(crate) fn bool(&self, name: &str) -> bool {
        if let Value::Bool(value) = self.value(name) { value } else { false }
    }

    pub(crate) fn uint(&self, name: &str) -> u32 {
        if let Value::Uint(value) = self.value(name) { value } else { 0 }
    }

    pub(crate) fn long(&self, name: &str) -> u64 {
        if let Value::Long(value) = self.value(name) { value.unsigned_abs() } else { 0 }
    }

    pub(crate) fn signed(&self, name: &str) -> i64 {
        if let Value::Long(value) = self.value(name) { value } else { 0 }
    }

    pub(crate) fn span_ms(&self, name: &str) -> u64 {
        if let Value::Span(value) = self.value(name) { value } else { 0 }
    }

    pub(crate) fn text(&self, name: &str) -> String {
        if let Value::Text(value) = self.value(name) { value } else { String::new() }
    }

    /// The number, unless it is the largest there is, which IIS writes for "unlimited".
    pub(crate) fn limit(&self, name: &str) -> Option<u32> {
        Some(self.uint(name)).filter(|&limit| limit != u32::MAX)
    }

    /// The texts by which entries of a collection are told apart: one for each unique key, one for all combined keys.
    fn keys(&self) -> Vec<EntryKey> {
        let of_kind = |key: Key| self.table.attributes.iter().filter(move |attribute| attribute.key == key);
        let key =
            |names: Vec<&'static str>| EntryKey::new(names.iter().map(|name| self.key_text(name)).collect(), names);
        let mut keys: Vec<EntryKey> = of_kind(Key::Unique).map(|attribute| key(vec![attribute.name])).collect();
        let combined: Vec<&'static str> = of_kind(Key::Combined).map(|attribute| attribute.name).collect();
        if !combined.is_empty() {
            keys.push(key(combined));
        }
        keys
    }

    fn key_text(&self, name: &str) -> String {
        let case_sensitive = self.table.attribute(name).is_some_and(|attribute| attribute.case_sensitive);
        self.value(name).key(case_sensitive)
    }

    /// What an operator wrote for these attributes, or the default.
    pub(crate) fn written(&self, names: &[&'static str]) -> Vec<String> {
        let text = |name: &&'static str| match self.setting(name) {
            Some(setting) => setting.text.clone(),
            None => self.table.attribute(name).and_then(|attribute| attribute.default).unwrap_or("").to_owned(),
        };
        names.iter().map(text).collect()
    }
}

/// One entry of a collection. Levels that inherit it share it, and what was read from it once.
#[derive(Debug, Clone)]
pub(crate) struct Entry(Arc<EntryOnce>);

#[derive(Debug)]
struct EntryOnce {
    element: Effective,
    keys: Vec<EntryKey>,
    made: Made,
}

impl Entry {
    pub(crate) fn new(element: Effective) -> Self {
        Self(Arc::new(EntryOnce { keys: element.keys(), element, made: Made::new() }))
    }

    pub(crate) fn keys(&self) -> &[EntryKey] {
        &self.0.keys
    }

    /// What `make` makes of the entry: done once for all levels that have it.
    pub(crate) fn once<M: Send + Sync + 'static>(&self, make: impl FnOnce(&Effective) -> M) -> Arc<M> {
        once(&self.0.made, || make(&self.0.element))
    }
}

impl Deref for Entry {
    type Target = Effective;

    fn deref(&self) -> &Effective {
        &self.0.element
    }
}

/// One way in which entries must differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntryKey {
    /// Of all the rest; first, so that a comparison mostly ends here.
    pub(crate) hash: u64,
    pub(crate) names: Vec<&'static str>,
    pub(crate) texts: Vec<String>,
}

impl EntryKey {
    fn new(texts: Vec<String>, names: Vec<&'static str>) -> Self {
        let mut hasher = DefaultHasher::new();
        (&names, &texts).hash(&mut hasher);
        Self { hash: hasher.finish(), names, texts }
    }
}
