//! All tables together: those built in, and those of the operator's own schema files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::schema::sections::KEPT;
use crate::schema::types::SectionTable;
use crate::schema::{SECTIONS, effects, is_group};

/// Every section that has a table.
#[derive(Debug, Default)]
pub struct Schema {
    /// In the order of the built-in tables, then of the operator's files.
    sections: Vec<&'static SectionTable>,
    /// Groups of the operator's sections.
    groups: BTreeSet<&'static str>,
    /// What the operator's files add to sections that act, which changes nothing: section → the names on the way.
    additions: BTreeMap<&'static str, BTreeSet<String>>,
    /// A schema file could not be used: a name that no table has may be one of its.
    is_incomplete: bool,
}

/// What this program does with a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SectionUse {
    /// Its values change what happens.
    Acts,
    /// It is read, checked, inherited and edited, and has no effect here.
    Keeps,
}

static BUILT_IN: LazyLock<Schema> =
    LazyLock::new(|| Schema { sections: SECTIONS.iter().chain(KEPT).copied().collect(), ..Schema::default() });

impl Schema {
    /// The tables of this program.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// The built-in tables with those of the operator's files, which may take the place of built-in ones.
    pub(crate) fn extended(
        tables: impl IntoIterator<Item = &'static SectionTable>,
        additions: BTreeMap<&'static str, BTreeSet<String>>,
        is_incomplete: bool,
    ) -> Self {
        let mut schema = Self { sections: BUILT_IN.sections.clone(), additions, is_incomplete, ..Self::default() };
        for table in tables {
            match schema.position(table.path) {
                Some(at) => schema.sections[at] = table,
                None => schema.sections.push(table),
            }
            let ends = table.path.match_indices('/').map(|(at, _)| &table.path[..at]);
            schema.groups.extend(ends.filter(|group| !is_group(group)));
        }
        schema
    }

    /// Whether a schema file could not be used.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.is_incomplete
    }

    /// Whether a schema file of the operator's brought this section in.
    pub fn is_of_operator(&self, section: &SectionTable) -> bool {
        BUILT_IN.position(section.path).is_none() && self.position(section.path).is_some()
    }

    /// Every table.
    pub fn sections(&self) -> impl Iterator<Item = &'static SectionTable> + '_ {
        self.sections.iter().copied()
    }

    /// The table of a section, by its full path, in exactly this case.
    pub fn section(&self, path: &str) -> Option<&'static SectionTable> {
        self.sections().find(|section| section.path == path)
    }

    /// The tables a person may mean: the one with this full path, else all whose path ends with these names. Case does
    /// not count. More than one is for the caller to ask about.
    pub fn named(&self, name: &str) -> Vec<&'static SectionTable> {
        if let Some(section) = self.sections().find(|section| section.path.eq_ignore_ascii_case(name)) {
            return vec![section];
        }
        let tail = format!("/{}", name.to_ascii_lowercase());
        self.sections().filter(|section| section.path.to_ascii_lowercase().ends_with(&tail)).collect()
    }

    /// Whether the path is a group of sections.
    pub fn is_group(&self, path: &str) -> bool {
        is_group(path) || self.groups.contains(path)
    }

    /// What this program does with a section.
    pub fn use_of(&self, section: &SectionTable) -> SectionUse {
        let acts = SECTIONS.iter().any(|known| known.path == section.path);
        if acts { SectionUse::Acts } else { SectionUse::Keeps }
    }

    /// Whether an attribute of a section that is acted on changes what happens; `path` has the elements on the way, a dot
    /// between them.
    pub fn acts(&self, section: &SectionTable, path: &str) -> bool {
        let is_added = self.additions.get(section.path).is_some_and(|names| names.contains(path));
        self.use_of(section) == SectionUse::Acts && effects::acts(section.path, path) && !is_added
    }

    /// Where a table stands among all.
    pub(crate) fn position(&self, path: &str) -> Option<usize> {
        self.sections.iter().position(|section| section.path == path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: &[&str]) {
        let found: Vec<&str> = Schema::built_in().named(name).iter().map(|section| section.path).collect();
        assert_eq!(found, expected, "{name}");
    }

    #[test]
    fn a_section_is_found_by_path_or_last_name() {
        check("System.WebServer/Security/IpSecurity", &["system.webServer/security/ipSecurity"]);
        check("sites", &["system.applicationHost/sites"]);
        check("SITES", &["system.applicationHost/sites"]);
        check("security/ipsecurity", &["system.webServer/security/ipSecurity"]);
        check(
            "authorization",
            &["system.webServer/security/authorization", "system.webServer/management/authorization"],
        );
        check("proxy", &["doorward/proxy", "system.webServer/proxy"]);
        check("nothing", &[]);
    }

    #[test]
    fn no_section_has_two_tables() {
        let mut paths: Vec<&str> = Schema::built_in().sections().map(|section| section.path).collect();
        paths.sort_unstable();
        assert!(paths.windows(2).all(|pair| pair[0] != pair[1]), "{paths:?}");
    }
}
