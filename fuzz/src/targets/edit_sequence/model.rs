//! What a document says, as plain data.

use std::collections::{BTreeMap, BTreeSet};

use doorward_config::Position;

use super::{Kind, Move};

/// The levels of the documents, outermost first.
pub(super) const LEVELS: [&str; 3] = ["", "Shop", "Shop/a/b"];

const DYNAMIC: &str = "system.webServer/security/dynamicIpSecurity";
const IP: &str = "system.webServer/security/ipSecurity";
const CACHING: &str = "system.webServer/caching";

pub(super) const SECTIONS: [&str; 3] = [DYNAMIC, IP, CACHING];

/// One attribute that is set.
pub(super) struct Attribute {
    pub(super) section: &'static str,
    pub(super) way: &'static [&'static str],
    pub(super) name: &'static str,
    texts: &'static [&'static str],
}

impl Attribute {
    pub(super) fn text(&self, number: u8) -> &'static str {
        self.texts[usize::from(number) % self.texts.len()]
    }
}

pub(super) const ATTRIBUTES: [Attribute; 4] = [
    Attribute { section: DYNAMIC, way: &[], name: "denyAction", texts: &["AbortRequest", "Unauthorized", "Forbidden"] },
    Attribute { section: DYNAMIC, way: &["denyByRequestRate"], name: "maxRequests", texts: &["1", "20", "4294967295"] },
    Attribute { section: IP, way: &[], name: "allowUnlisted", texts: &["true", "false"] },
    Attribute { section: CACHING, way: &[], name: "maxCacheSize", texts: &["0", "7", "65536"] },
];

/// One collection; its entries are told apart by one text.
pub(super) struct Collection {
    pub(super) section: &'static str,
    pub(super) way: &'static [&'static str],
    pub(super) key: &'static str,
    /// Whether a deeper level's entries come first (IIS reference §3.6).
    prepends: bool,
    texts: &'static [&'static str],
}

impl Collection {
    pub(super) fn text(&self, number: u8) -> String {
        self.texts[usize::from(number) % self.texts.len()].to_owned()
    }
}

pub(super) const COLLECTIONS: [Collection; 2] = [
    Collection {
        section: IP,
        way: &[],
        key: "ipAddress",
        prepends: false,
        texts: &["10.0.0.1", "10.0.0.2", "10.0.0.3", "::1", "2001:db8::7"],
    },
    Collection {
        section: CACHING,
        way: &["profiles"],
        key: "extension",
        prepends: true,
        texts: &[".a", ".b", ".c\"<&>'", ".\u{e4}\u{1f600}", ". d"],
    },
];

/// What one level says of one collection.
#[derive(Debug, Clone, Default)]
pub(super) struct Own {
    pub(super) cleared: bool,
    pub(super) removed: BTreeSet<String>,
    pub(super) added: Vec<String>,
}

/// What all levels say.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    /// Level and attribute → text.
    values: BTreeMap<(usize, usize), String>,
    /// Level and collection → directives.
    collections: BTreeMap<(usize, usize), Own>,
    /// Level and section, where the level names it.
    named: BTreeSet<(usize, &'static str)>,
}

impl Model {
    /// Notes what a start document says.
    pub(super) fn with_value(mut self, level: usize, attribute: usize, text: &str) -> Self {
        self.values.insert((level, attribute), text.to_owned());
        self.named.insert((level, ATTRIBUTES[attribute].section));
        self
    }

    /// Notes the directives of a start document.
    pub(super) fn with_entries(mut self, level: usize, collection: usize, own: Own) -> Self {
        self.collections.insert((level, collection), own);
        self.named.insert((level, COLLECTIONS[collection].section));
        self
    }

    /// An attribute after inheritance.
    pub(super) fn value(&self, level: usize, attribute: usize) -> Option<&str> {
        (0..=level).rev().find_map(|above| self.values.get(&(above, attribute))).map(String::as_str)
    }

    /// The entries after inheritance; `None` where they do not fit together.
    pub(super) fn entries(&self, level: usize, collection: usize) -> Option<Vec<String>> {
        let mut entries = Vec::new();
        for above in 0..=level {
            let Some(own) = self.collections.get(&(above, collection)) else { continue };
            entries.retain(|text| !own.cleared && !own.removed.contains(text));
            if own.added.iter().any(|text| entries.contains(text)) {
                return None;
            }
            let at = if COLLECTIONS[collection].prepends { 0 } else { entries.len() };
            entries.splice(at..at, own.added.iter().cloned());
        }
        Some(entries)
    }

    fn is_valid(&self) -> bool {
        (0..COLLECTIONS.len()).all(|collection| self.entries(LEVELS.len() - 1, collection).is_some())
    }

    /// What it is after an edit; `None` where that has to be refused.
    pub(super) fn after(&self, one: &Move) -> Option<Self> {
        let mut next = self.clone();
        let (level, section) = (one.level, one.section());
        match one.kind {
            Kind::Set => {
                let text = one.attribute().text(one.number).to_owned();
                next.values.insert((level, one.which % ATTRIBUTES.len()), text);
            }
            Kind::Unset => {
                next.values.remove(&(level, one.which % ATTRIBUTES.len()));
                return Some(next);
            }
            Kind::Add(position) => next.add(one, position)?,
            Kind::Remove => next.remove(one)?,
            Kind::Clear => {
                let own = next.collections.entry((level, one.which % COLLECTIONS.len())).or_default();
                *own = Own { cleared: level > 0, ..Own::default() };
                if level == 0 {
                    return next.is_valid().then_some(next);
                }
            }
            Kind::Drop => {
                next.values.retain(|(at, own), _| *at != level || ATTRIBUTES[*own].section != section);
                next.collections.retain(|(at, own), _| *at != level || COLLECTIONS[*own].section != section);
                next.named.remove(&(level, section));
                return next.is_valid().then_some(next);
            }
            Kind::Lock | Kind::Unlock => {}
        }
        next.named.insert((level, section));
        next.is_valid().then_some(next)
    }

    fn add(&mut self, one: &Move, position: Position) -> Option<()> {
        let (collection, text) = (one.which % COLLECTIONS.len(), one.collection().text(one.number));
        let own = self.collections.entry((one.level, collection)).or_default();
        if own.added.contains(&text) {
            return None;
        }
        let at = match position {
            Position::End => own.added.len(),
            Position::Start => 0,
            Position::At(index) => index.min(own.added.len()),
        };
        own.added.insert(at, text);
        Some(())
    }

    fn remove(&mut self, one: &Move) -> Option<()> {
        let (collection, text) = (one.which % COLLECTIONS.len(), one.collection().text(one.number));
        let above = one.level.checked_sub(1).and_then(|above| self.entries(above, collection)).unwrap_or_default();
        let own = self.collections.entry((one.level, collection)).or_default();
        if let Some(at) = own.added.iter().position(|other| *other == text) {
            own.added.remove(at);
            return Some(());
        }
        let is_inherited = above.contains(&text) && !own.cleared && !own.removed.contains(&text);
        (is_inherited && own.removed.insert(text)).then_some(())
    }

    /// The edit that takes another back to the byte; `None` where there is none, as for what makes a tag of two ends out of
    /// one that closes itself.
    pub(super) fn inverse(&self, one: &Move) -> Option<Move> {
        let is_named = self.named.contains(&(one.level, one.section()));
        let drop = || {
            let which = SECTIONS.iter().position(|section| *section == one.section())?;
            Some(Move { kind: Kind::Drop, which, ..*one })
        };
        match one.kind {
            Kind::Set => {
                let attribute = one.which % ATTRIBUTES.len();
                let before = self.values.get(&(one.level, attribute));
                match before {
                    Some(text) => {
                        let number = (0..3).find(|number| one.attribute().text(*number) == text)?;
                        Some(Move { number, ..*one })
                    }
                    None if !is_named => drop(),
                    None if one.attribute().way.is_empty() => Some(Move { kind: Kind::Unset, ..*one }),
                    None => None,
                }
            }
            Kind::Add(_) => {
                let own = self.collections.get(&(one.level, one.which % COLLECTIONS.len()));
                match own {
                    _ if !is_named => drop(),
                    Some(own) if !own.added.is_empty() => Some(Move { kind: Kind::Remove, ..*one }),
                    Some(_) | None => None,
                }
            }
            Kind::Remove | Kind::Clear | Kind::Lock | Kind::Unlock if !is_named => drop(),
            Kind::Unset | Kind::Remove | Kind::Clear | Kind::Drop | Kind::Lock | Kind::Unlock => None,
        }
    }
}
