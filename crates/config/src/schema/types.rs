//! What a section's table is made of.

use crate::diagnostic::{Complaint, Findings};
use crate::reader::Declared;

/// One section.
#[derive(Debug)]
pub(crate) struct SectionTable {
    /// Full path, such as `system.webServer/security/ipSecurity`.
    pub(crate) path: &'static str,
    pub(crate) element: &'static ElementTable,
    pub(crate) allow_definition: AllowDefinition,
    /// Whether deeper files may set it when no location tag says so; `configSections` of the file may differ.
    pub(crate) override_mode: OverrideMode,
}

/// Where a section may be written (IIS reference §3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AllowDefinition {
    /// In applicationHost.config only, and not below a location path.
    AppHostOnly,
    /// Down to application roots.
    MachineToApplication,
    /// Anywhere.
    Everywhere,
}

/// Whether deeper files may set a section (IIS reference §3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverrideMode {
    /// As the parent says.
    Inherit,
    /// They may.
    Allow,
    /// They may not.
    Deny,
}

/// One element: its attributes, its child elements, and the collection it may hold.
#[derive(Debug)]
pub(crate) struct ElementTable {
    pub(crate) name: &'static str,
    pub(crate) attributes: &'static [AttributeTable],
    pub(crate) children: &'static [&'static ElementTable],
    pub(crate) collection: Option<&'static CollectionTable>,
    /// A defaults element mirrors another element, with nothing required.
    pub(crate) partial: bool,
    /// A rule that needs several attributes at once.
    pub(crate) check: Option<fn(&Declared, &mut Findings)>,
}

/// The entries of an element and the names of its directives.
#[derive(Debug)]
pub(crate) struct CollectionTable {
    pub(crate) add: &'static str,
    pub(crate) remove: Option<&'static str>,
    pub(crate) clear: Option<&'static str>,
    pub(crate) entry: &'static ElementTable,
    pub(crate) order: MergeOrder,
    /// A fault in one entry disables that entry (a site) and leaves the file usable (decision D20).
    pub(crate) isolated: bool,
}

/// Where a deeper level's entries go (IIS reference §3.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MergeOrder {
    /// After the inherited ones.
    Append,
    /// Before the inherited ones (`mergeAppend="false"`).
    Prepend,
}

/// Whether an attribute identifies an entry of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// It does not.
    None,
    /// It alone does.
    Unique,
    /// It does together with the others of this kind.
    Combined,
}

/// A rule for one attribute's text.
pub(crate) type TextRule = fn(&str) -> Result<(), Complaint>;

/// One attribute.
#[derive(Debug)]
pub(crate) struct AttributeTable {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) default: Option<&'static str>,
    pub(crate) required: bool,
    pub(crate) key: Key,
    /// A rule beyond the type.
    pub(crate) check: Option<TextRule>,
}

/// A named number of an enumeration or a set of flags.
pub(crate) type Word = (&'static str, u32);

/// The type of an attribute and its range.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Bool,
    Enum(&'static [Word]),
    Flags(&'static [Word]),
    Uint(Bounds),
    /// A number that needs 64 bits.
    Long(Bounds),
    /// Bounds in whole seconds.
    Span(Bounds),
    Text,
    /// Text that must not be empty.
    FilledText,
}

/// The legal numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) min: i64,
    pub(crate) max: i64,
    /// A stretch inside that is not legal, both ends included.
    pub(crate) excluded: Option<(i64, i64)>,
}

/// Any unsigned 32-bit number.
pub(crate) const UINT: Kind = Kind::Uint(Bounds { min: 0, max: u32::MAX as i64, excluded: None });

impl Kind {
    pub(crate) const fn uint(min: i64, max: i64) -> Self {
        Kind::Uint(Bounds { min, max, excluded: None })
    }

    pub(crate) const fn uint_outside(first: i64, last: i64) -> Self {
        Kind::Uint(Bounds { min: 0, max: u32::MAX as i64, excluded: Some((first, last)) })
    }

    pub(crate) const fn long(min: i64, max: i64) -> Self {
        Kind::Long(Bounds { min, max, excluded: None })
    }

    pub(crate) const fn span(min_s: i64, max_s: i64) -> Self {
        Kind::Span(Bounds { min: min_s, max: max_s, excluded: None })
    }
}

impl AttributeTable {
    pub(crate) const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, default: None, required: false, key: Key::None, check: None }
    }

    pub(crate) const fn default(mut self, text: &'static str) -> Self {
        self.default = Some(text);
        self
    }

    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(crate) const fn unique(mut self) -> Self {
        self.key = Key::Unique;
        self
    }

    pub(crate) const fn combined(mut self) -> Self {
        self.key = Key::Combined;
        self
    }

    pub(crate) const fn check(mut self, rule: TextRule) -> Self {
        self.check = Some(rule);
        self
    }
}

impl ElementTable {
    pub(crate) const fn new(name: &'static str, attributes: &'static [AttributeTable]) -> Self {
        Self { name, attributes, children: &[], collection: None, partial: false, check: None }
    }

    pub(crate) const fn children(mut self, children: &'static [&'static ElementTable]) -> Self {
        self.children = children;
        self
    }

    pub(crate) const fn collection(mut self, collection: &'static CollectionTable) -> Self {
        self.collection = Some(collection);
        self
    }

    /// The same element under another name, holding defaults for it.
    pub(crate) const fn defaults(mut self, name: &'static str) -> Self {
        self.name = name;
        self.partial = true;
        self
    }

    pub(crate) const fn check(mut self, rule: fn(&Declared, &mut Findings)) -> Self {
        self.check = Some(rule);
        self
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&'static AttributeTable> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    pub(crate) fn child(&self, name: &str) -> Option<&'static ElementTable> {
        self.children.iter().copied().find(|child| child.name == name)
    }
}

impl CollectionTable {
    pub(crate) const fn new(add: &'static str, entry: &'static ElementTable) -> Self {
        Self { add, remove: None, clear: None, entry, order: MergeOrder::Append, isolated: false }
    }

    /// Entries may be emptied, under the usual name.
    pub(crate) const fn with_clear(mut self) -> Self {
        self.clear = Some("clear");
        self
    }

    /// Entries may be removed one by one and emptied, under the usual names.
    pub(crate) const fn with_remove(mut self) -> Self {
        self.remove = Some("remove");
        self.with_clear()
    }

    pub(crate) const fn prepending(mut self) -> Self {
        self.order = MergeOrder::Prepend;
        self
    }

    pub(crate) const fn isolated(mut self) -> Self {
        self.isolated = true;
        self
    }
}
