//! What an operator withholds from deeper levels: override modes and lock attributes (IIS reference §3.4, §3.5).
//!
//! A file's locks bind the files of deeper folders; a location tag of the same file is the operator's own. Files are told
//! apart by their rank: 0 is the server's, 1 the outermost folder's, and so on.

use crate::diagnostic::{Complaint, Findings, Origin};
use crate::document::Attribute;
use crate::effective::Effective;
use crate::reader::{Declared, Directive};
use crate::schema::{ElementTable, OverrideMode};

/// The lock attributes that any element may carry.
const NAMES: [&str; 5] =
    ["lockAttributes", "lockAllAttributesExcept", "lockElements", "lockAllElementsExcept", "lockItem"];

/// One lock attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockDirective {
    /// `lockAttributes`, `lockAllAttributesExcept`, `lockElements`, `lockAllElementsExcept` or `lockItem`.
    pub name: &'static str,
    /// Its value as written: a comma list, `*`, or `true`.
    pub value: String,
    /// Where it stands.
    pub origin: Origin,
}

/// What binds deeper files in one section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionLock {
    /// Whether deeper files may set the section at all; never [`OverrideMode::Inherit`].
    pub mode: OverrideMode,
    /// Lock attributes of the section's own element, outermost level first.
    pub directives: Vec<LockDirective>,
}

/// Reads a lock attribute; `None` when the attribute is of another kind.
pub(crate) fn directive(table: &ElementTable, attribute: &Attribute, findings: &mut Findings) -> Option<LockDirective> {
    let name = NAMES.into_iter().find(|name| *name == attribute.name)?;
    if name == "lockAttributes" {
        check_names(table, attribute, findings);
    }
    if name == "lockItem" && !["true", "false"].iter().any(|word| attribute.value.eq_ignore_ascii_case(word)) {
        let message = "The 'lockItem' attribute is invalid.  Not a valid boolean: write true or false";
        findings.error(&attribute.origin, Complaint::new("value", message));
    }
    Some(LockDirective { name, value: attribute.value.clone(), origin: attribute.origin.clone() })
}

fn check_names(table: &ElementTable, attribute: &Attribute, findings: &mut Findings) {
    let names = attribute.value.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "*");
    for name in names.filter(|name| table.attribute(name).is_none()) {
        let message = format!("lockAttributes contains unknown attribute '{name}'");
        findings.error(&attribute.origin, Complaint::new("schema", message));
    }
}

/// The mode of a location tag: `overrideMode`, or the older `allowOverride`; both at once contradict each other.
pub(crate) fn override_mode(mode: Option<&str>, allow: Option<&str>) -> Result<OverrideMode, Complaint> {
    let invalid =
        |name: &str, reason: &str| Complaint::new("value", format!("The '{name}' attribute is invalid.  {reason}"));
    match (mode, allow) {
        (None, None) => Ok(OverrideMode::Inherit),
        (Some(_), Some(_)) => Err(Complaint::new("schema", "overrideMode and allowOverride cannot be used together")
            .hint("keep overrideMode")),
        (Some(text), None) => {
            [("Inherit", OverrideMode::Inherit), ("Allow", OverrideMode::Allow), ("Deny", OverrideMode::Deny)]
                .into_iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(text))
                .map(|(_, mode)| mode)
                .ok_or_else(|| invalid("overrideMode", "Enum must be one of Inherit, Allow, Deny"))
        }
        (None, Some(text)) if text.eq_ignore_ascii_case("true") => Ok(OverrideMode::Allow),
        (None, Some(text)) if text.eq_ignore_ascii_case("false") => Ok(OverrideMode::Deny),
        (None, Some(_)) => Err(invalid("allowOverride", "Not a valid boolean: write true or false")),
    }
}

/// The lock attributes of an element that bind a file of this rank.
fn binding(element: &Effective, rank: usize) -> impl Iterator<Item = &LockDirective> {
    element.locks.iter().filter(move |(own, _)| *own < rank).map(|(_, lock)| lock)
}

/// Whether the list of names that is a lock's value has this one.
fn lists(lock: &LockDirective, name: &str) -> bool {
    lock.value.split(',').map(str::trim).any(|listed| listed == "*" || listed == name)
}

/// Whether an attribute may not be set by a file of this rank.
pub(crate) fn withholds_attribute(element: &Effective, name: &str, rank: usize) -> bool {
    binding(element, rank).any(|lock| match lock.name {
        "lockAttributes" => lists(lock, name),
        "lockAllAttributesExcept" => !lists(lock, name),
        _ => false,
    })
}

/// Whether a child element, or a directive of that name, may not be used by a file of this rank.
pub(crate) fn withholds_element(element: &Effective, name: &str, rank: usize) -> bool {
    binding(element, rank).any(|lock| match lock.name {
        "lockElements" => lists(lock, name),
        "lockAllElementsExcept" => !lists(lock, name),
        _ => false,
    })
}

/// Whether the element is locked as a whole for a file of this rank.
pub(crate) fn is_locked(element: &Effective, rank: usize) -> bool {
    binding(element, rank).any(|lock| lock.name == "lockItem" && lock.value.eq_ignore_ascii_case("true"))
}

/// Whether the element is locked as a whole, and `declared` says anything about it.
pub(crate) fn withholds_all(element: &Effective, declared: &Declared, rank: usize) -> bool {
    let says = !declared.attributes.is_empty() || !declared.children.is_empty() || !declared.directives.is_empty();
    says && is_locked(element, rank)
}

/// Where a directive stands that a file of this rank may not write: its name is locked, or it would empty a collection
/// with a locked entry.
pub(crate) fn refuses_directive<'d>(element: &Effective, directive: &'d Directive, rank: usize) -> Option<&'d Origin> {
    let collection = element.table.collection?;
    let (name, origin) = match directive {
        Directive::Add(declared) => (declared.name, &declared.origin),
        Directive::Remove(declared) => (collection.remove.unwrap_or("remove"), &declared.origin),
        Directive::Clear(origin) => (collection.clear.unwrap_or("clear"), origin),
    };
    let empties =
        matches!(directive, Directive::Clear(_)) && element.entries.iter().any(|entry| is_locked(entry, rank));
    (empties || withholds_element(element, name, rank)).then_some(origin)
}

/// IIS's text, and where the lock stands.
pub(crate) fn violation(element: &Effective, rank: usize) -> Complaint {
    let own = binding(element, rank).next();
    let of_entry = element.entries.iter().flat_map(|entry| binding(entry, rank)).next();
    let complaint = Complaint::new("locked", "Lock violation");
    match own.or(of_entry) {
        Some(lock) => complaint.hint(format!("{} at {} locks it", lock.name, lock.origin)),
        None => complaint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mode: Option<&str>, allow: Option<&str>, expected: Option<OverrideMode>) {
        assert_eq!(override_mode(mode, allow).ok(), expected, "{mode:?} {allow:?}");
    }

    #[test]
    fn modes() {
        check(None, None, Some(OverrideMode::Inherit));
        check(Some("allow"), None, Some(OverrideMode::Allow));
        check(Some("Deny"), None, Some(OverrideMode::Deny));
        check(None, Some("false"), Some(OverrideMode::Deny));
        check(None, Some("TRUE"), Some(OverrideMode::Allow));
        check(Some("Maybe"), None, None);
        check(None, Some("1"), None);
        check(Some("Allow"), Some("true"), None);
    }
}
