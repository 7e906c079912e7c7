//! What a file declares in `configSections`, so that IIS reads what is written into it.

use crate::document::{Element, Splice};
use crate::edit::insert::{self, New};

/// Declares our section group unless the file does.
pub(super) fn of_doorward(text: &str, root: &Element) -> Option<Splice> {
    let section = |name: &'static str, definition: &str| {
        New::element("section")
            .with("name", name)
            .with("allowDefinition", definition)
            .with("overrideModeDefault", "Deny")
    };
    let group = New::element("sectionGroup").with("name", "doorward").holding([
        section("limiter", "MachineToApplication"),
        section("paths", "AppHostOnly"),
        section("proxy", "MachineToApplication"),
        section("proxyProtocol", "MachineToApplication"),
    ]);
    match root.child("configSections") {
        Some(sections) if named(sections, "sectionGroup", "doorward").is_some() => None,
        Some(sections) => Some(insert::last_in(text, sections, &group)),
        None => Some(insert::first_in(text, root, &New::element("configSections").holding([group]))),
    }
}

/// Declares a section of the operator's schema files, in the groups that are there already. A file without any
/// declaration is none of IIS's and stays so.
pub(super) fn of_operator(text: &str, root: &Element, path: &'static str) -> Option<Splice> {
    let mut at = root.child("configSections")?;
    let (groups, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut groups = groups.split('/').filter(|group| !group.is_empty()).peekable();
    while let Some(inner) = groups.peek().and_then(|group| named(at, "sectionGroup", group)) {
        at = inner;
        groups.next();
    }
    let is_declared = groups.peek().is_none() && named(at, "section", name).is_some();
    let section = New::element("section").with("name", name).with("overrideModeDefault", "Allow");
    let outer = |inner: New, group: &str| New::element("sectionGroup").with("name", group).holding([inner]);
    let new = groups.collect::<Vec<_>>().into_iter().rev().fold(section, outer);
    (!is_declared).then(|| insert::last_in(text, at, &new))
}

fn named<'e>(parent: &'e Element, element: &str, name: &str) -> Option<&'e Element> {
    parent.children.iter().find(|own| own.name == element && own.attribute("name") == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::splice;
    use crate::edit::parse;
    use std::path::Path;
    use std::sync::Arc;

    /// What stands in `configSections` once `path` is declared.
    fn check(before: &str, path: &'static str, after: &str) {
        let text = |inner: &str| format!("<configuration>{inner}<x /></configuration>");
        let root = parse(&text(before), &Arc::from(Path::new("f"))).unwrap().root;
        let made = splice(&text(before), of_operator(&text(before), &root, path).into_iter().collect());
        let plain: String = made.split('\n').map(str::trim).collect();
        assert_eq!(plain, text(after), "{path}");
    }

    #[test]
    fn a_section_is_declared_once_in_the_groups_there_are() {
        const SECTION: &str = r#"<section name="b" overrideModeDefault="Allow" />"#;
        let all = |inner: &str| format!("<configSections>{inner}</configSections>");
        let group = |inner: &str| all(&format!("<sectionGroup name=\"a\">{inner}</sectionGroup>"));
        check("", "a/b", "");
        check(&all(""), "a/b", &group(SECTION));
        check(&all(""), "b", &all(SECTION));
        check(&group(""), "a/b", &group(SECTION));
        check(&group(SECTION), "a/b", &group(SECTION));
        check(&group(SECTION), "a/c/b", &group(&format!("{SECTION}<sectionGroup name=\"c\">{SECTION}</sectionGroup>")));
        check(&group(r#"<section name="b" type="x" />"#), "a/b", &group(r#"<section name="b" type="x" />"#));
    }
}
