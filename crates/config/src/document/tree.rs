//! Elements with their byte ranges: what the reader of XML found, without its borrows.

use std::ops::Range;

use crate::diagnostic::Origin;

/// One element.
#[derive(Debug)]
pub(crate) struct Element {
    /// Local name; a prefix or a default namespace is dropped.
    pub(crate) name: String,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) children: Vec<Element>,
    /// Where text other than white space stands directly inside the element.
    pub(crate) text: Option<Origin>,
    pub(crate) origin: Origin,
    /// Bytes of the whole element, tags included.
    pub(crate) range: Range<usize>,
}

/// One attribute.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    /// With references resolved.
    pub(crate) value: String,
    pub(crate) origin: Origin,
    /// Bytes of the value as written, without its quotes.
    pub(crate) value_range: Range<usize>,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.value.as_str())
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// Copies the tree; its depth has been bounded by the scan.
pub(crate) fn read(node: roxmltree::Node<'_, '_>, place: &dyn Fn(usize) -> Origin) -> Element {
    let attributes = node.attributes().map(|attribute| Attribute {
        name: qualified(attribute.namespace(), attribute.name()),
        value: attribute.value().to_owned(),
        origin: place(attribute.range().start),
        value_range: attribute.range_value(),
    });
    let stray = |child: &roxmltree::Node<'_, '_>| {
        child.is_text() && child.text().is_some_and(|text| text.contains(|c: char| !c.is_ascii_whitespace()))
    };
    Element {
        name: node.tag_name().name().to_owned(),
        attributes: attributes.collect(),
        children: node.children().filter(roxmltree::Node::is_element).map(|child| read(child, place)).collect(),
        text: node.children().find(stray).map(|child| place(child.range().start)),
        origin: place(node.range().start),
        range: node.range(),
    }
}

/// An attribute in a namespace (such as a deployment transform's) is none of ours; the name says so.
fn qualified(namespace: Option<&str>, name: &str) -> String {
    namespace.map_or_else(|| name.to_owned(), |namespace| format!("{{{namespace}}}{name}"))
}
