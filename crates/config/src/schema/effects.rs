//! What is written in a section that acts, and has no effect here. It is read, checked, inherited and edited all the same.

/// Section, and the elements and attributes in it, a dot between them.
const WITHOUT_EFFECT: &[(&str, &[&str])] = &[
    ("system.webServer/urlCompression", &["dynamicCompressionBeforeCache"]),
    (
        "system.webServer/httpCompression",
        &[
            "directory",
            "doDiskSpaceLimiting",
            "staticCompressionDisableCpuUsage",
            "staticCompressionEnableCpuUsage",
            "dynamicCompressionDisableCpuUsage",
            "dynamicCompressionEnableCpuUsage",
            "dynamicCompressionBufferLimit",
            "scheme.dll",
        ],
    ),
    ("system.webServer/serverRuntime", &["uploadReadAheadSize", "enableNagling", "authenticatedUserOverride"]),
    (
        "system.webServer/handlers",
        &["add.scriptProcessor", "add.allowPathInfo", "add.preCondition", "add.responseBufferLimit"],
    ),
    ("system.webServer/staticContent", &["defaultDocFooter", "isDocFooterFileName", "enableDocFooter"]),
];

/// Whether an attribute of a section that acts changes what happens. `path` has the elements on the way, a dot between
/// them.
pub(crate) fn acts(section: &str, path: &str) -> bool {
    !WITHOUT_EFFECT.iter().any(|(known, paths)| *known == section && paths.contains(&path))
}

/// The attributes of a section's own element that have no effect.
pub(crate) fn idle_attributes(section: &str) -> impl Iterator<Item = &'static str> {
    let found = WITHOUT_EFFECT.iter().find(|(known, _)| *known == section);
    found.into_iter().flat_map(|(_, paths)| paths.iter().copied()).filter(|path| !path.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    #[test]
    fn every_path_is_one_of_its_section() {
        for (section, paths) in WITHOUT_EFFECT {
            let table = Schema::built_in().section(section).unwrap_or_else(|| panic!("{section}"));
            for path in *paths {
                let known = match path.split_once('.') {
                    None => table.element.attribute(path).is_some(),
                    Some((entry, name)) => {
                        let collection = table.element.collection.filter(|collection| collection.add == entry);
                        collection.is_some_and(|collection| collection.entry.attribute(name).is_some())
                    }
                };
                assert!(known, "{section} {path}");
                assert!(!acts(section, path));
            }
        }
    }
}
