//! All tables together: those built in, and those of the operator's own schema files.

use std::sync::LazyLock;

use crate::schema::sections::KEPT;
use crate::schema::types::SectionTable;
use crate::schema::{SECTIONS, effects, is_group};

/// Every section that has a table.
#[derive(Debug)]
pub struct Schema {
    /// In the order of the built-in tables, then of the operator's files.
    sections: Vec<&'static SectionTable>,
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
    LazyLock::new(|| Schema { sections: SECTIONS.iter().chain(KEPT).copied().collect() });

impl Schema {
    /// The tables of this program.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
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
        is_group(path)
    }

    /// What this program does with a section.
    pub fn use_of(&self, section: &SectionTable) -> SectionUse {
        let acts = SECTIONS.iter().any(|known| known.path == section.path);
        if acts { SectionUse::Acts } else { SectionUse::Keeps }
    }

    /// Whether an attribute of a section that is acted on changes what happens; `path` has the elements on the way, a dot
    /// between them.
    pub fn acts(&self, section: &SectionTable, path: &str) -> bool {
        self.use_of(section) == SectionUse::Acts && effects::acts(section.path, path)
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
