//! The reference pages are what the tables say. `DOORWARD_UPDATE_CASES=1` writes them.

#![allow(clippy::disallowed_methods, reason = "tests read and write the pages")]
#![allow(clippy::unwrap_used, reason = "a page that cannot be read is a failed test")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use doorward_config::{
    AllowDefinition, AttributeTable, Bounds, CollectionTable, ElementTable, Key, Kind, MergeOrder, OverrideMode,
    Schema, SectionTable, SectionUse, Word,
};

/// File name and content of every page.
fn pages() -> BTreeMap<String, String> {
    let schema = Schema::built_in();
    let mut pages = BTreeMap::new();
    let mut index = String::from(
        "# Configuration reference\n\nOne page for each section, written from the tables that Doorward reads, checks and edits by.\n\n\
         | section | effect here |\n|---|---|\n",
    );
    for section in schema.sections() {
        let file = format!("{}.md", section.path.replace('/', "."));
        let acts = schema.use_of(section) == SectionUse::Acts;
        let effect = if acts { "acted on" } else { "kept, not acted on" };
        let _infallible = writeln!(index, "| [{}]({file}) | {effect} |", section.path);
        pages.insert(file, page(schema, section, acts));
    }
    pages.insert("README.md".to_owned(), index);
    pages
}

fn page(schema: &Schema, section: &SectionTable, acts: bool) -> String {
    let mut page = format!("# {}\n\n", section.path);
    page.push_str(if acts { "Acted on.\n\n" } else { "Read, checked, inherited, edited and kept; not acted on.\n\n" });
    let place = match section.allow_definition {
        AllowDefinition::MachineOnly | AllowDefinition::MachineToRootWeb => "in files that do not exist here",
        AllowDefinition::AppHostOnly => "in `applicationHost.config` alone",
        AllowDefinition::MachineToApplication => "down to the root of an application",
        AllowDefinition::Everywhere => "anywhere",
    };
    let lock = match section.override_mode {
        OverrideMode::Allow | OverrideMode::Inherit => "open to deeper files",
        OverrideMode::Deny => "locked for deeper files",
    };
    let _infallible = writeln!(page, "May be written {place}; {lock}, unless `configSections` says otherwise.");
    let shown = |path: &str| if acts && schema.acts(section, path) { "yes" } else { "kept, not acted on" };
    element(&mut page, section.element, ("", section.element.name), &shown);
    page
}

/// An element, then what stands in it. `path` is what its attributes are called by inside the section.
fn element(
    page: &mut String,
    table: &ElementTable,
    (path, title): (&str, &str),
    effect: &dyn Fn(&str) -> &'static str,
) {
    let _infallible = write!(page, "\n## {title}\n");
    if !table.attributes.is_empty() {
        page.push_str("\n| attribute | type | default | range | effect here |\n|---|---|---|---|---|\n");
    }
    for attribute in table.attributes {
        let default = attribute.default.map_or_else(|| "–".to_owned(), |text| format!("`{text}`"));
        let _infallible = writeln!(
            page,
            "| `{}`{} | {} | {default} | {} | {} |",
            attribute.name,
            marks(attribute),
            kind(&attribute.kind),
            range(&attribute.kind),
            effect(&format!("{path}{}", attribute.name)),
        );
    }
    if table.any_attributes {
        page.push_str("\nFurther attributes may be written.\n");
    }
    if let Some(collection) = table.collection {
        entries(page, collection);
        let names = format!("{path}{}.", collection.add);
        element(page, collection.entry, (&names, &format!("{title} / {}", collection.add)), effect);
    }
    for child in table.children {
        element(page, child, (&format!("{path}{}.", child.name), &format!("{title} / {}", child.name)), effect);
    }
}

fn entries(page: &mut String, collection: &CollectionTable) {
    let adds: Vec<String> =
        std::iter::once(collection.add).chain(collection.also.iter().copied()).map(quoted).collect();
    let _infallible = write!(page, "\nHolds entries: {}", adds.join(", "));
    for (what, name) in [("removed by", collection.remove), ("emptied by", collection.clear)] {
        if let Some(name) = name {
            let _infallible = write!(page, "; {what} {}", quoted(name));
        }
    }
    page.push_str(match collection.order {
        MergeOrder::Append => ". Deeper levels' entries come after the inherited ones.",
        MergeOrder::Prepend => ". Deeper levels' entries come before the inherited ones.",
    });
    page.push_str(if collection.duplicates { " The same keys may come twice.\n" } else { "\n" });
}

fn quoted(name: &str) -> String {
    format!("`{name}`")
}

fn marks(attribute: &AttributeTable) -> String {
    let key = match attribute.key {
        Key::None => None,
        Key::Unique => Some("key"),
        Key::Combined => Some("part of the key"),
    };
    let marks = [
        attribute.required.then_some("required"),
        key,
        attribute.encrypted.then_some("encrypted by IIS"),
        attribute.expanded.then_some("variables are resolved"),
    ];
    let marks: Vec<&str> = marks.into_iter().flatten().collect();
    if marks.is_empty() { String::new() } else { format!(" ({})", marks.join(", ")) }
}

fn kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::Bool => "true or false",
        Kind::Enum(_) => "one word",
        Kind::Flags(_) => "words, separated by commas",
        Kind::Uint(_) => "number",
        Kind::Long(_) => "number with a sign",
        Kind::Span(_) => "time span",
        Kind::Text => "text",
        Kind::FilledText => "text, not empty",
    }
}

fn range(kind: &Kind) -> String {
    match kind {
        Kind::Enum(words) | Kind::Flags(words) => listed(words),
        Kind::Uint(bounds) | Kind::Long(bounds) => numbers(bounds, ""),
        Kind::Span(bounds) => numbers(bounds, " s"),
        Kind::Bool | Kind::Text | Kind::FilledText => "–".to_owned(),
    }
}

fn listed(words: &[Word]) -> String {
    words.iter().map(|(word, number)| format!("`{word}` {number}")).collect::<Vec<_>>().join(", ")
}

fn numbers(bounds: &Bounds, unit: &str) -> String {
    let mut text = format!("{} to {}{unit}", bounds.min, bounds.max);
    if let Some((first, last)) = bounds.excluded {
        let _infallible = write!(text, ", not {first} to {last}");
    }
    if bounds.step > 1 {
        let _infallible = write!(text, ", in steps of {}{unit}", bounds.step);
    }
    text
}

#[test]
fn the_pages_are_what_the_tables_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/configuration");
    let pages = pages();
    if std::env::var_os("DOORWARD_UPDATE_CASES").is_some() {
        let _not_there = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        for (file, text) in &pages {
            std::fs::write(folder.join(file), text).unwrap();
        }
    }
    for (file, text) in &pages {
        let kept = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        assert_eq!(&kept, text, "{file}: DOORWARD_UPDATE_CASES=1 writes it anew");
    }
    let kept = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(kept, pages.len(), "pages of sections that are no more");
}
