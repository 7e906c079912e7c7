//! Groups of IIS, and sections that are legal and have no table: a file that holds them is whole, and a name that is in
//! no list is a slip (IIS reference §3.3).

const GROUPS: &[&str] = &[
    "system.applicationHost",
    "system.webServer",
    "system.webServer/management",
    "system.webServer/rewrite",
    "system.webServer/security",
    "system.webServer/security/authentication",
    "system.webServer/tracing",
    "system.webServer/webdav",
    "doorward",
];

const WEB_SERVER: &[&str] = &["iisnode", "webdav/authoring", "webdav/authoringRules", "webdav/globalSettings"];

const OWN: &[&str] = &["admin", "cluster"];

/// Whether the path is a group of sections rather than a section.
pub(crate) fn is_group(path: &str) -> bool {
    GROUPS.contains(&path)
}

/// Whether the path is a section without a table, of IIS or of a later version of this program.
pub(crate) fn is_known_section(path: &str) -> bool {
    let listed = |group: &str, names: &[&str]| path.strip_prefix(group).is_some_and(|name| names.contains(&name));
    listed("system.webServer/", WEB_SERVER) || listed("doorward/", OWN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    #[test]
    fn every_table_lies_in_a_known_group() {
        for section in Schema::built_in().sections() {
            let group = section.path.rsplit_once('/').map(|(group, _)| group);
            assert!(group.is_some_and(is_group), "{}", section.path);
        }
        assert!(is_known_section("system.webServer/webdav/authoring"));
        assert!(!is_known_section("system.webServer/dynamicIpSecurity"));
    }
}
