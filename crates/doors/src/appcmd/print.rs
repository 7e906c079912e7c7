//! How objects and sections are printed: text, XML, and the configuration itself (IIS reference §8.4).

use std::fmt::Write as _;

use doorward_config::{AttributeView, ElementView, OverrideMode, SectionLock};

use crate::appcmd::failure::Failure;
use crate::appcmd::item::Item;
use crate::appcmd::words::{Line, Parameter};
use crate::outcome::Outcome;

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Form {
    /// `/text:NAME`; `*` is everything.
    pub(super) property: Option<String>,
    pub(super) xml: bool,
    pub(super) config: Option<Extent>,
    /// With `/config`: where values come from.
    pub(super) metadata: bool,
}

/// How much of an element is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// What is written somewhere.
    Written,
    /// Defaults too.
    All,
}

impl Form {
    /// Takes the general parameters out of a line.
    pub(super) fn take(line: &mut Line) -> Result<Self, Failure> {
        let mut form = Self { metadata: line.take("metadata").is_some(), ..Self::default() };
        form.xml = match line.take("xml") {
            None => false,
            Some(Parameter { value: None, .. }) => true,
            Some(Parameter { value: Some(text), .. }) => {
                return Err(Failure::Syntax(format!("xml:{text}"), "takes no value"));
            }
        };
        form.property = line.take("text").and_then(|own| own.value);
        form.config = match line.take("config").map(|own| own.value.unwrap_or_default()).as_deref() {
            None => None,
            Some("") => Some(Extent::Written),
            Some("*") => Some(Extent::All),
            Some(text) => return Err(Failure::Syntax(format!("config:{text}"), "takes nothing or *")),
        };
        Ok(form)
    }
}

/// Prints objects.
pub(super) fn items(items: &[Item], form: &Form) -> Outcome {
    let mut text = String::new();
    if form.xml {
        text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<appcmd>\n");
    }
    for item in items {
        match (form.xml, form.config, form.property.as_deref()) {
            (true, config, _) => item_xml(&mut text, item, config),
            (_, Some(extent), _) => {
                if let Some(element) = &item.element {
                    element_xml(&mut text, element, (0, extent, form.metadata));
                }
            }
            (_, None, Some("*")) => item_tree(&mut text, item),
            (_, None, Some(name)) => {
                if let Some(value) = item.text(name) {
                    let _infallible = writeln!(text, "{value}");
                }
            }
            (_, None, None) => item_line(&mut text, item),
        }
    }
    if form.xml {
        text.push_str("</appcmd>\n");
    }
    Outcome { output: text, ..Outcome::default() }
}

fn item_line(text: &mut String, item: &Item) {
    let parts: Vec<String> = item
        .summary
        .iter()
        .map(|(name, value)| match *name {
            "" => value.clone(),
            name => format!("{name}:{value}"),
        })
        .collect();
    let behind = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(",")) };
    let _infallible = writeln!(text, "{} \"{}\"{behind}", item.kind.word(), item.name);
}

fn item_xml(text: &mut String, item: &Item, config: Option<Extent>) {
    let word = item.kind.word();
    let facts: Vec<String> = item.facts.iter().map(|(name, value)| format!(" {name}=\"{}\"", escaped(value))).collect();
    let _infallible = write!(text, "    <{word}{}", facts.concat());
    match config.and_then(|extent| Some((extent, item.element.as_ref()?))) {
        Some((extent, element)) => {
            text.push_str(">\n");
            element_xml(text, element, (4, extent, false));
            let _infallible = writeln!(text, "    </{word}>");
        }
        None => text.push_str(" />\n"),
    }
}

/// `/text:*`: facts, then the element with everything in it.
fn item_tree(text: &mut String, item: &Item) {
    let _infallible = writeln!(text, "{}", item.kind.word());
    for (name, value) in &item.facts {
        let _infallible = writeln!(text, "  {name}: {value}");
    }
    if let Some(element) = &item.element {
        element_tree(text, element, 1);
    }
}

/// An element with all its values, as `/text:*` shows it.
pub(super) fn element_tree(text: &mut String, element: &ElementView, depth: usize) {
    let margin = "  ".repeat(depth);
    let _infallible = writeln!(text, "{margin}[{}]", element.name);
    for attribute in element.attributes.iter().filter(|attribute| is_said(attribute)) {
        let _infallible = writeln!(text, "{margin}  {}:\"{}\"", attribute.table.name, attribute.text);
    }
    for inner in element.children.iter().chain(&element.entries) {
        element_tree(text, inner, depth + 1);
    }
}

/// Whether there is anything to show: a text somebody wrote, or a default.
fn is_said(attribute: &AttributeView) -> bool {
    attribute.set.is_some() || attribute.table.default.is_some()
}

/// An element as XML; `(margin, how much, with places)`.
pub(super) fn element_xml(text: &mut String, element: &ElementView, (margin, extent, places): (usize, Extent, bool)) {
    let is_shown = |attribute: &&AttributeView| match extent {
        Extent::Written => attribute.set.is_some(),
        Extent::All => is_said(attribute),
    };
    let own = element.attributes.iter().filter(is_shown).map(|own| (own.table.name, own.text.as_str()));
    let others = element.others.iter().map(|(name, text, _)| (name.as_str(), text.as_str()));
    let attributes: Vec<String> =
        own.chain(others).map(|(name, text)| format!(" {name}=\"{}\"", escaped(text))).collect();
    let space = " ".repeat(margin);
    if let Some(origin) = element.origin.as_ref().filter(|_| places) {
        let _infallible = writeln!(text, "{space}<!-- {origin} -->");
    }
    let _infallible = write!(text, "{space}<{}{}", element.name, attributes.concat());
    if element.children.is_empty() && element.entries.is_empty() {
        text.push_str(" />\n");
        return;
    }
    text.push_str(">\n");
    for inner in element.children.iter().chain(&element.entries) {
        element_xml(text, inner, (margin + 2, extent, places));
    }
    let _infallible = writeln!(text, "{space}</{}>", element.name);
}

/// A section inside its groups.
pub(super) fn section_xml(text: &mut String, path: &str, element: &ElementView, (extent, places): (Extent, bool)) {
    let groups: Vec<&str> = path.split('/').collect();
    let groups = groups.split_last().map_or(&[][..], |(_, groups)| groups);
    for (depth, group) in groups.iter().enumerate() {
        let _infallible = writeln!(text, "{}<{group}>", "  ".repeat(depth));
    }
    element_xml(text, element, (groups.len() * 2, extent, places));
    for (depth, group) in groups.iter().enumerate().rev() {
        let _infallible = writeln!(text, "{}</{group}>", "  ".repeat(depth));
    }
}

/// A section as an object, for `/xml`.
pub(super) fn section_item(
    text: &mut String,
    (path, level): (&str, &str),
    lock: Option<&SectionLock>,
    (element, extent): (&ElementView, Extent),
) {
    let mode = lock.map_or(OverrideMode::Inherit, |lock| lock.mode);
    let locked = mode == OverrideMode::Deny;
    let _infallible = writeln!(
        text,
        "    <CONFIG CONFIG.SECTION=\"{path}\" path=\"{}\" overrideMode=\"{mode:?}\" locked=\"{locked}\">",
        escaped(level)
    );
    let mut inner = String::new();
    element_xml(&mut inner, element, (6, extent, false));
    // A whole path cannot be the name of an element.
    let name = path.replace('/', "-");
    let own = element.name;
    let inner = inner.replacen(&format!("<{own}"), &format!("<{name}"), 1);
    let end = format!("      </{own}>\n");
    let inner = inner.strip_suffix(&end).map(|rest| format!("{rest}      </{name}>\n")).unwrap_or(inner);
    text.push_str(&inner);
    text.push_str("    </CONFIG>\n");
}

/// Text inside an attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#xA;"),
            '\r' => escaped.push_str("&#xD;"),
            '\t' => escaped.push_str("&#x9;"),
            other => escaped.push(other),
        }
    }
    escaped
}
