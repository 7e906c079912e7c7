//! Any section after inheritance, in the words of its table: for commands, pages and forms that know no section by name.

use std::sync::Arc;

use crate::configuration::Configuration;
use crate::diagnostic::{Findings, Origin};
use crate::effective::Effective;
use crate::hierarchy::Place;
use crate::merge::underlay;
use crate::schema::{AttributeTable, ElementTable, Schema, SectionTable};
use crate::web_config::WebConfig;

/// One element after inheritance. Every attribute and child element of its table is there, written or not.
#[derive(Debug, Clone)]
pub struct ElementView {
    /// The name it was written under; an entry of a collection may have one of several.
    pub name: &'static str,
    /// Its table.
    pub table: &'static ElementTable,
    /// Where it was last named; `None` when nowhere, and for an entry that is built in.
    pub origin: Option<Origin>,
    /// Its attributes, in the order of the table.
    pub attributes: Vec<AttributeView>,
    /// Attributes that the table does not list, where it allows any: name, text, place.
    pub others: Vec<(String, String, Origin)>,
    /// Its child elements, in the order of the table.
    pub children: Vec<ElementView>,
    /// The entries of its collection, in the order in which they apply.
    pub entries: Vec<ElementView>,
}

/// One attribute after inheritance.
#[derive(Debug, Clone)]
pub struct AttributeView {
    /// Its table.
    pub table: &'static AttributeTable,
    /// The text as written, or the default's; empty when there is neither.
    pub text: String,
    /// Where it is written, and at which level: `""` the server, `/` the site, `/a/b` below it; `None` when it is nowhere.
    pub set: Option<(Origin, String)>,
}

impl Configuration {
    /// All sections there are.
    pub fn schema(&self) -> &'static Schema {
        self.hierarchy.schema
    }

    /// A section at `path` of `site` after inheritance; the empty site is the server's own level.
    pub fn view(&self, site: &str, path: &str, section: &'static SectionTable) -> ElementView {
        self.view_along((site, path), &[], section)
    }

    /// The same with the folders' own files on the way there, outermost first.
    pub fn view_along(
        &self,
        (site, path): (&str, &str),
        files: &[Arc<WebConfig>],
        section: &'static SectionTable,
    ) -> ElementView {
        let place = Place { site, path, files };
        ElementView::of(&self.hierarchy.effective(section, place, &mut Findings::default()))
    }
}

impl ElementView {
    fn of(element: &Effective) -> Self {
        let attribute = |table: &'static AttributeTable| AttributeView {
            table,
            text: element.written(&[table.name]).remove(0),
            set: element.setting(table.name).map(|set| (set.origin.clone(), set.level.to_string())),
        };
        let entry = |entry: &Effective| {
            let defaults = element.table.collection.and_then(|collection| collection.defaults);
            let Some(defaults) = defaults.and_then(|name| element.children.get(name)) else { return Self::of(entry) };
            let mut entry = entry.clone();
            underlay(&mut entry, defaults);
            Self::of(&entry)
        };
        let others = element.others.iter().map(|(name, set)| (name.clone(), set.text.clone(), set.origin.clone()));
        Self {
            name: element.name,
            table: element.table,
            origin: element.origin.clone(),
            attributes: element.table.attributes.iter().map(attribute).collect(),
            others: others.collect(),
            children: element.table.children.iter().map(|child| Self::of(element.child(child.name))).collect(),
            entries: element.entries().map(entry).collect(),
        }
    }

    /// The attribute of that name, in exactly this case.
    pub fn attribute(&self, name: &str) -> Option<&AttributeView> {
        self.attributes.iter().find(|attribute| attribute.table.name == name)
    }

    /// The child element of that name, in exactly this case.
    pub fn child(&self, name: &str) -> Option<&ElementView> {
        self.children.iter().find(|child| child.table.name == name)
    }

    /// Whether any level says anything about it or what is inside it.
    pub fn is_written(&self) -> bool {
        self.origin.is_some() || self.children.iter().any(Self::is_written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::Home;
    use crate::load::load_text;
    use std::path::Path;

    const TEXT: &str = r#"<configuration>
  <system.webServer><security><authentication><windowsAuthentication enabled="true">
    <providers><add value="Negotiate"/></providers></windowsAuthentication></authentication></security>
    <management><authentication><providers><add name="a" type="t" extra="1"/></providers></authentication></management>
  </system.webServer>
  <location path="Shop/api"><system.webServer><security><authentication><windowsAuthentication authPersistNonNTLM="true">
    <providers><add value="NTLM"/></providers></windowsAuthentication></authentication></security></system.webServer></location>
</configuration>"#;

    fn configuration() -> Configuration {
        load_text(TEXT, Path::new("f"), None, &Home::under(Path::new("h"))).unwrap()
    }

    #[test]
    fn a_section_shows_values_defaults_origins_and_entries() {
        let configuration = configuration();
        let table = configuration.schema().named("windowsauthentication")[0];
        let view = configuration.view("shop", "/api", table);
        let shown = |name: &str| {
            let attribute = view.attribute(name).unwrap();
            let set = attribute.set.as_ref().map(|(origin, level)| format!("{}{level}", origin.line));
            format!("{} {}", attribute.text, set.unwrap_or_default())
        };
        assert_eq!(shown("enabled"), "true 2");
        assert_eq!(shown("authPersistNonNTLM"), "true 6/api");
        assert_eq!(shown("useKernelMode"), "true ");
        let providers: Vec<&str> = view
            .child("providers")
            .unwrap()
            .entries
            .iter()
            .map(|entry| &*entry.attribute("value").unwrap().text)
            .collect();
        assert_eq!(providers, ["Negotiate", "NTLM"]);
        assert!(view.is_written() && !view.child("extendedProtection").unwrap().is_written());
    }

    #[test]
    fn an_attribute_beyond_the_table_is_kept() {
        let configuration = configuration();
        let table = configuration.schema().section("system.webServer/management/authentication").unwrap();
        let view = configuration.view("", "", table);
        let provider = &view.child("providers").unwrap().entries[0];
        assert_eq!((&*provider.others[0].0, &*provider.others[0].1), ("extra", "1"));
    }
}
