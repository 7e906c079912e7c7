//! How a deeper level changes what is inherited (IIS reference §2.3 Inheritance, §3.6).

use std::collections::HashSet;

use crate::diagnostic::{Complaint, Findings};
use crate::effective::{Effective, Entry, EntryKey};
use crate::lock;
use crate::reader::{Declared, Directive};
use crate::schema::{CollectionTable, MergeOrder};

/// Lays what a level of the server's own file declares over what it inherits.
pub(crate) fn overlay(inherited: &mut Effective, declared: &Declared, findings: &mut Findings) {
    overlay_from(0, inherited, declared, findings);
}

/// Lays what a level declares over what it inherits: attribute by attribute, directive by directive. Locks of files with
/// a lower rank bind it; what they withhold is not taken.
pub(crate) fn overlay_from(rank: usize, inherited: &mut Effective, declared: &Declared, findings: &mut Findings) {
    if rank > 0 && lock::withholds_all(inherited, declared, rank) {
        findings.error(&declared.origin, lock::violation(inherited, rank));
        return;
    }
    inherited.origin = Some(declared.origin.clone());
    for (name, setting) in &declared.attributes {
        if lock::withholds_attribute(inherited, name, rank) {
            findings.error(&setting.origin, lock::violation(inherited, rank));
        } else {
            inherited.settings.insert(name, setting.clone());
        }
    }
    inherited.others.extend(declared.others.iter().cloned());
    for child in &declared.children {
        if lock::withholds_element(inherited, child.table.name, rank) {
            findings.error(&child.origin, lock::violation(inherited, rank));
        } else if let Some(target) = inherited.children.get_mut(child.table.name) {
            overlay_from(rank, target, child, findings);
        }
    }
    if let Some(collection) = inherited.table.collection
        && !declared.directives.is_empty()
    {
        inherited.collection_touched = true;
        merge_entries(inherited, collection, (rank, &declared.directives), findings);
    }
    inherited.locks.extend(declared.locks.iter().map(|lock| (rank, lock.clone())));
}

fn merge_entries(
    target: &mut Effective,
    collection: &'static CollectionTable,
    (rank, directives): (usize, &[Directive]),
    findings: &mut Findings,
) {
    let mut taken = Taken::by(&target.entries, directives.len());
    // Where this level's next entry goes: behind all, or behind this level's earlier ones at the front.
    let mut at = match collection.order {
        MergeOrder::Append => target.entries.len(),
        MergeOrder::Prepend => 0,
    };
    for directive in directives {
        if let Some(origin) = lock::refuses_directive(target, directive, rank) {
            findings.error(origin, lock::violation(target, rank));
            continue;
        }
        match directive {
            Directive::Clear(_) => {
                target.entries.clear();
                taken = Taken(Some(HashSet::new()));
                at = 0;
            }
            Directive::Remove(declared) => {
                let named = new_entry(collection, (rank, declared), findings);
                if named_entry(target, &named).is_some_and(|index| lock::is_locked(&target.entries[index], rank)) {
                    findings.error(&declared.origin, lock::violation(target, rank));
                    continue;
                }
                at -= remove(target, &named, at, &mut taken);
            }
            Directive::Add(declared) => {
                let entry = new_entry(collection, (rank, declared), findings);
                at -= displace_built_in(target, &entry, at, &mut taken);
                if claim(&entry, (target, collection), &mut taken, findings) {
                    target.entries.insert(at, entry);
                    at += 1;
                }
            }
        }
    }
}

fn new_entry(collection: &CollectionTable, (rank, declared): (usize, &Declared), findings: &mut Findings) -> Entry {
    let mut entry = Effective { name: declared.name, ..Effective::new(collection.entry) };
    let site = if collection.isolated { Some(declared.text("name").to_owned()) } else { findings.site.clone() };
    findings.within(site, |findings| overlay_from(rank, &mut entry, declared, findings));
    Entry::new(entry)
}

/// The hashes of the keys that are taken: most new entries have none of them, and need no look at each entry. `None`
/// where a look costs less.
struct Taken(Option<HashSet<u64>>);

/// So few directives look at each entry themselves.
const FEW: usize = 8;

impl Taken {
    fn by(entries: &[Entry], directives: usize) -> Self {
        let hashes = || entries.iter().flat_map(Entry::keys).map(|key| key.hash).collect();
        Self((directives > FEW).then(hashes))
    }

    fn may_have(&self, key: &EntryKey) -> bool {
        self.0.as_ref().is_none_or(|hashes| hashes.contains(&key.hash))
    }

    fn take<'k>(&mut self, keys: impl Iterator<Item = &'k EntryKey>) {
        if let Some(hashes) = &mut self.0 {
            hashes.extend(keys.map(|key| key.hash));
        }
    }

    /// Takes the entry at this place away, with its keys.
    fn remove(&mut self, target: &mut Effective, index: usize) {
        let gone = target.entries.remove(index);
        if let Some(hashes) = &mut self.0 {
            for key in gone.keys() {
                hashes.remove(&key.hash);
            }
        }
    }
}

/// Removes the entry that a `remove` names; says how many before `at` are gone. That there is none is no fault.
fn remove(target: &mut Effective, named: &Entry, at: usize, taken: &mut Taken) -> usize {
    let Some(index) = named_entry(target, named) else { return 0 };
    taken.remove(target, index);
    usize::from(index < at)
}

/// Which entry has all the keys of `named`.
fn named_entry(target: &Effective, named: &Entry) -> Option<usize> {
    let keys = named.keys();
    let same = |entry: &Entry| !keys.is_empty() && keys.iter().all(|key| entry.keys().contains(key));
    target.entries.iter().position(same)
}

/// Removes the built-in entry with the same key, which a file's entry replaces; says how many before `at` are gone.
fn displace_built_in(target: &mut Effective, entry: &Entry, at: usize, taken: &mut Taken) -> usize {
    let keys = entry.keys();
    if !keys.iter().any(|key| taken.may_have(key)) {
        return 0;
    }
    let same = |other: &Entry| other.origin.is_none() && other.keys().iter().any(|key| keys.contains(key));
    let Some(index) = target.entries.iter().position(same) else { return 0 };
    taken.remove(target, index);
    usize::from(index < at)
}

/// Takes the entry's keys unless one of them is taken.
fn claim(
    entry: &Entry,
    (target, collection): (&Effective, &CollectionTable),
    taken: &mut Taken,
    findings: &mut Findings,
) -> bool {
    // A required key that is missing or invalid has its finding already and equals no other.
    let keys = entry.keys().iter().filter(|key| !is_unset(entry, key));
    let is_there = |key: &EntryKey| target.entries.iter().any(|other| other.keys().contains(key));
    let clash = keys.clone().find(|key| !collection.duplicates && taken.may_have(key) && is_there(key));
    if let (Some(key), Some(origin)) = (clash, &entry.origin) {
        findings.error(origin, duplicate(entry, collection, key));
        return false;
    }
    taken.take(keys);
    true
}

fn is_unset(entry: &Effective, key: &EntryKey) -> bool {
    let required = |name: &&&str| entry.table.attribute(name).is_some_and(|attribute| attribute.required);
    key.names.iter().filter(required).any(|name| entry.setting(name).is_none())
}

/// IIS's text (IIS reference §3.8).
fn duplicate(entry: &Effective, collection: &CollectionTable, key: &EntryKey) -> Complaint {
    let (names, texts) = (key.names.join(", "), entry.written(&key.names).join(", "));
    let how = if key.names.len() == 1 {
        format!("with unique key attribute '{names}' set to '{texts}'")
    } else {
        format!("with combined key attributes '{names}' respectively set to '{texts}'")
    };
    let message = format!("Cannot add duplicate collection entry of type '{}' {how}", entry.name);
    let mend = match collection.remove {
        Some(remove) => format!("{names} {texts} is there already; write <{remove}> for it first, or delete one"),
        None => format!("{names} {texts} is there already; change or delete one of the two"),
    };
    Complaint::new("duplicate", message).hint(mend)
}

/// Fills from a defaults element what the element itself leaves unset (IIS reference §1.6). A collection is taken over
/// as a whole or not at all.
pub(crate) fn underlay(target: &mut Effective, defaults: &Effective) {
    for (name, setting) in &defaults.settings {
        target.settings.entry(name).or_insert_with(|| setting.clone());
    }
    for (name, child) in &mut target.children {
        if let Some(source) = defaults.children.get(name) {
            underlay(child, source);
        }
    }
    if !target.collection_touched && target.entries.is_empty() {
        target.entries.clone_from(&defaults.entries);
    }
}
