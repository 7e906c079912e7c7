//! What a section's table is made of: the words of IIS's own schema language.
//!
//! Every table lives as long as the program: those built in are constants, and those of the operator's own schema files
//! are read once and kept ([`crate::Schema`]), so that one engine serves both.

use crate::diagnostic::{Complaint, Findings};
use crate::reader::Declared;

/// One section.
#[derive(Debug)]
pub struct SectionTable {
    /// Full path, such as `system.webServer/security/ipSecurity`.
    pub path: &'static str,
    /// The section's own element.
    pub element: &'static ElementTable,
    /// Where it may be written; `configSections` of the file may differ.
    pub allow_definition: AllowDefinition,
    /// Whether deeper files may set it when no location tag says so; `configSections` of the file may differ.
    pub override_mode: OverrideMode,
}

/// Where a section may be written (IIS reference §3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowDefinition {
    /// In machine.config only, which nobody has here.
    MachineOnly,
    /// In machine.config and the root web.config of .NET only.
    MachineToRootWeb,
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
pub struct ElementTable {
    /// Its name in the file.
    pub name: &'static str,
    /// Its attributes, in the order of the schema.
    pub attributes: &'static [AttributeTable],
    /// Its child elements; the entries of a collection are not among them.
    pub children: &'static [&'static ElementTable],
    /// The collection it holds.
    pub collection: Option<&'static CollectionTable>,
    /// A defaults element mirrors another element, with nothing required.
    pub partial: bool,
    /// Attributes that are not listed may be written too (`allowUnrecognizedAttributes`).
    pub any_attributes: bool,
    /// A rule that needs several attributes at once.
    pub(crate) check: Option<fn(&Declared, &mut Findings)>,
}

/// The entries of an element and the names of its directives.
#[derive(Debug)]
pub struct CollectionTable {
    /// Name of the element that adds an entry.
    pub add: &'static str,
    /// Other names that add an entry of the same kind.
    pub also: &'static [&'static str],
    /// Name of the element that removes an inherited entry by its keys; `None` when entries cannot be removed.
    pub remove: Option<&'static str>,
    /// Name of the element that empties the collection; `None` when it cannot be emptied.
    pub clear: Option<&'static str>,
    /// What an entry looks like.
    pub entry: &'static ElementTable,
    /// Where a deeper level's entries go.
    pub order: MergeOrder,
    /// The same keys may come twice (`allowDuplicates`).
    pub duplicates: bool,
    /// The child element beside the entries whose values hold in every entry that has none of its own
    /// (`defaultElement`); those of sites have their own law and are not named here.
    pub defaults: Option<&'static str>,
    /// A fault in one entry disables that entry (a site) and leaves the file usable (decision D20).
    pub(crate) isolated: bool,
}

/// Where a deeper level's entries go (IIS reference §3.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeOrder {
    /// After the inherited ones.
    Append,
    /// Before the inherited ones (`mergeAppend="false"`).
    Prepend,
}

/// Whether an attribute identifies an entry of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
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
#[allow(clippy::struct_excessive_bools, reason = "one switch for each word of IIS's schema language")]
#[derive(Debug, Clone, Copy)]
pub struct AttributeTable {
    /// Its name in the file.
    pub name: &'static str,
    /// Its type and range.
    pub kind: Kind,
    /// The text that stands for it where nobody writes it.
    pub default: Option<&'static str>,
    /// Whether the element is not valid without it.
    pub required: bool,
    /// Whether it tells the entries of a collection apart.
    pub key: Key,
    /// As a key, whether upper and lower case differ.
    pub case_sensitive: bool,
    /// Whether IIS writes it encrypted, as `[enc:provider:text:enc]`; such a text is kept as it is.
    pub encrypted: bool,
    /// Whether variables such as `%SystemDrive%` in it are resolved when it is used.
    pub expanded: bool,
    /// Whether `Infinite` may be written for the largest number there is (`allowInfinite`).
    pub infinite: bool,
    /// A rule beyond the type.
    pub(crate) check: Option<TextRule>,
}

/// A named number of an enumeration or a set of flags.
pub type Word = (&'static str, u32);

/// The type of an attribute and its range.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `true` or `false`, in any case.
    Bool,
    /// One of some words.
    Enum(&'static [Word]),
    /// Any of some words, separated by commas.
    Flags(&'static [Word]),
    /// A number of 32 bits without a sign.
    Uint(Bounds),
    /// A number that has a sign or needs 64 bits.
    Long(Bounds),
    /// A time span `[d.]hh:mm:ss`; bounds in whole seconds.
    Span(Bounds),
    /// Any text.
    Text,
    /// Text that must not be empty.
    FilledText,
}

/// The legal numbers.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The smallest.
    pub min: i64,
    /// The largest.
    pub max: i64,
    /// A stretch inside that is not legal, both ends included.
    pub excluded: Option<(i64, i64)>,
    /// What a legal number is a multiple of; 1 allows all, and 0 fractions of a second too.
    pub step: i64,
}

/// Any unsigned 32-bit number.
pub(crate) const UINT: Kind = Kind::uint(0, u32::MAX as i64);
/// Any time span that a file can write, also with fractions of a second.
pub(crate) const SPAN: Kind = Kind::span_step(0, u32::MAX as i64, 0);

impl Bounds {
    pub(crate) const fn between(min: i64, max: i64) -> Self {
        Self { min, max, excluded: None, step: 1 }
    }
}

impl Kind {
    pub(crate) const fn uint(min: i64, max: i64) -> Self {
        Kind::Uint(Bounds::between(min, max))
    }

    pub(crate) const fn uint_outside(first: i64, last: i64) -> Self {
        Kind::Uint(Bounds { excluded: Some((first, last)), ..Bounds::between(0, u32::MAX as i64) })
    }

    pub(crate) const fn long(min: i64, max: i64) -> Self {
        Kind::Long(Bounds::between(min, max))
    }

    pub(crate) const fn span(min_s: i64, max_s: i64) -> Self {
        Kind::Span(Bounds::between(min_s, max_s))
    }

    /// A span that is a multiple of `step_s` seconds.
    pub(crate) const fn span_step(min_s: i64, max_s: i64, step_s: i64) -> Self {
        Kind::Span(Bounds { step: step_s, ..Bounds::between(min_s, max_s) })
    }
}

impl AttributeTable {
    pub(crate) const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            default: None,
            required: false,
            key: Key::None,
            case_sensitive: false,
            encrypted: false,
            expanded: false,
            infinite: false,
            check: None,
        }
    }

    pub(crate) const fn case_sensitive(mut self) -> Self {
        self.case_sensitive = true;
        self
    }

    pub(crate) const fn encrypted(mut self) -> Self {
        self.encrypted = true;
        self
    }

    pub(crate) const fn expanded(mut self) -> Self {
        self.expanded = true;
        self
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
        Self { name, attributes, children: &[], collection: None, partial: false, any_attributes: false, check: None }
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

    /// Attributes beyond those of the table may be written.
    pub(crate) const fn any_attributes(mut self) -> Self {
        self.any_attributes = true;
        self
    }

    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&'static AttributeTable> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The child element of that name.
    pub fn child(&self, name: &str) -> Option<&'static ElementTable> {
        self.children.iter().copied().find(|child| child.name == name)
    }
}

impl CollectionTable {
    pub(crate) const fn new(add: &'static str, entry: &'static ElementTable) -> Self {
        Self {
            add,
            also: &[],
            remove: None,
            clear: None,
            entry,
            order: MergeOrder::Append,
            duplicates: false,
            defaults: None,
            isolated: false,
        }
    }

    /// Entries may be removed and emptied, under names of their own.
    pub(crate) const fn named(mut self, remove: &'static str, clear: &'static str) -> Self {
        self.remove = Some(remove);
        self.clear = Some(clear);
        self
    }

    /// Entries may be removed one by one, and not emptied.
    pub(crate) const fn with_remove_only(mut self) -> Self {
        self.remove = Some("remove");
        self
    }

    /// The same keys may come twice.
    pub(crate) const fn duplicates(mut self) -> Self {
        self.duplicates = true;
        self
    }

    /// Whether an element of that name adds an entry.
    pub fn adds(&self, name: &str) -> bool {
        self.add == name || self.also.contains(&name)
    }

    /// The names of everything that may stand in the collection.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let adds = std::iter::once(self.add).chain(self.also.iter().copied());
        adds.chain(self.remove).chain(self.clear)
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
