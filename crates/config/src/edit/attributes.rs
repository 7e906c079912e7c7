//! Setting attributes of sections at one level.

use std::path::Path;
use std::sync::Arc;

use crate::document::splice;
use crate::edit::change::{Action, Deed, Step};
use crate::edit::section::SectionAt;
use crate::edit::site::{is_named, sites};
use crate::edit::spot::level;
use crate::edit::{AttributeChange, EditError, declaration, parse};
use crate::home::Home;
use crate::schema;

/// Writes every value where the level has it already, else into the section, else into a new one.
pub(super) fn set(text: &str, home: &Home, change: &AttributeChange) -> Result<String, EditError> {
    let file: Arc<Path> = Arc::from(home.config_file.as_path());
    let root = parse(text, &file)?.root;
    let site = match &change.site {
        None => None,
        Some(name) => {
            let known = sites(&root).find(|site| is_named(site, name)).ok_or(EditError::NoSuchSite(name.clone()))?;
            known.attribute("name").map(str::to_owned)
        }
    };
    let level = level(site.as_deref().unwrap_or(""), &change.path);
    let mut text = text.to_owned();
    for value in &change.values {
        let unknown =
            || EditError::NoSuchAttribute { section: value.section.clone(), name: value.name.clone(), near: None };
        let table = schema::section(&value.section).ok_or_else(unknown)?;
        let section =
            SectionAt { file: &file, location: &level, path: table.path, table: table.element, inherited: None };
        let mut steps: Vec<&str> = value.name.split('.').collect();
        let attribute = steps.pop().unwrap_or("").to_owned();
        let at = steps.into_iter().map(|name| Step::Element(name.to_owned())).collect();
        let action = Action { at, deed: Deed::Set { attribute, text: value.text.clone() } };
        text = section.act(&text, &action).map_err(|error| {
            let is_unknown = matches!(error, EditError::NoSuchElement { .. } | EditError::NoSuchAttribute { .. });
            if is_unknown { unknown() } else { error }
        })?;
        if value.section.starts_with("doorward/") {
            let root = parse(&text, &file)?.root;
            text = splice(&text, declaration::of_doorward(&text, &root).into_iter().collect());
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::NewValue;

    const DYNAMIC: &str = "system.webServer/security/dynamicIpSecurity";

    fn changed(text: &str, site: &str, path: &str, value: (&str, &str, &str)) -> String {
        let (section, name, value) = value;
        let value = NewValue { section: section.to_owned(), name: name.to_owned(), text: value.to_owned() };
        let site = (!site.is_empty()).then(|| site.to_owned());
        let change = AttributeChange { site, path: path.to_owned(), values: vec![value] };
        match set(text, &Home::under(Path::new("h")), &change) {
            Ok(text) => text,
            Err(error) => error.to_string(),
        }
    }

    fn check(before: &str, after: &str, place: (&str, &str), value: (&str, &str, &str)) {
        let frame = |inner: &str| {
            format!(
                "<configuration>\n  <system.applicationHost><sites><site name=\"Shop\" id=\"1\"/></sites></system.applicationHost>\n{inner}</configuration>\n"
            )
        };
        assert_eq!(changed(&frame(before), place.0, place.1, value), frame(after));
    }

    const RATE: (&str, &str, &str) = (DYNAMIC, "denyByRequestRate.maxRequests", "7");

    #[test]
    fn a_written_value_is_replaced_and_nothing_else() {
        check(
            "<location path='shop'><system.webServer><security><dynamicIpSecurity><denyByRequestRate   maxRequests = '20' /></dynamicIpSecurity></security></system.webServer></location>\n",
            "<location path='shop'><system.webServer><security><dynamicIpSecurity><denyByRequestRate   maxRequests = '7' /></dynamicIpSecurity></security></system.webServer></location>\n",
            ("SHOP", "/"),
            RATE,
        );
    }

    #[test]
    fn a_missing_attribute_goes_behind_the_others() {
        check(
            "<system.webServer><security><dynamicIpSecurity denyAction=\">\"><!-- x --></dynamicIpSecurity></security></system.webServer>\n",
            "<system.webServer><security><dynamicIpSecurity denyAction=\">\" enableLoggingOnlyMode=\"true\"><!-- x --></dynamicIpSecurity></security></system.webServer>\n",
            ("", ""),
            (DYNAMIC, "enableLoggingOnlyMode", "true"),
        );
    }

    #[test]
    fn missing_elements_are_made_in_the_tag_of_the_level() {
        check(
            "  <location path=\"Shop/api\">\n    <system.webServer>\n      <security>\n      </security>\n    </system.webServer>\n  </location>\n",
            "  <location path=\"Shop/api\">\n    <system.webServer>\n      <security>\n        <dynamicIpSecurity>\n          <denyByRequestRate maxRequests=\"7\" />\n        </dynamicIpSecurity>\n      </security>\n    </system.webServer>\n  </location>\n",
            ("Shop", "/api/"),
            RATE,
        );
    }

    #[test]
    fn a_level_without_a_tag_gets_one() {
        check(
            "",
            "  <location path=\"Shop\">\n    <system.webServer>\n      <security>\n        <dynamicIpSecurity>\n          <denyByRequestRate maxRequests=\"7\" />\n        </dynamicIpSecurity>\n      </security>\n    </system.webServer>\n  </location>\n",
            ("shop", ""),
            RATE,
        );
    }

    #[test]
    fn our_own_section_is_declared() {
        let text = "<configuration>\n  <a/>\n</configuration>";
        let made = changed(text, "", "", ("doorward/limiter", "trustedProxies", "10.0.0.0/8"));
        assert!(made.contains("<sectionGroup name=\"doorward\">"), "{made}");
        assert!(made.contains("<limiter trustedProxies=\"10.0.0.0/8\" />"), "{made}");
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        let text = "<configuration/>";
        assert_eq!(changed(text, "x", "", RATE), "no site is named 'x'");
        let unknown = changed(text, "", "", (DYNAMIC, "denyByRequestRate.max", "7"));
        assert_eq!(unknown, format!("{DYNAMIC} has no attribute 'denyByRequestRate.max'"));
    }
}
