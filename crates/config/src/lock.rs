//! What an operator withholds from deeper levels: override modes and lock attributes (IIS reference §3.4, §3.5).
//!
//! They are read, checked and kept. They bind web.config files; a location tag of the same file is the operator's own.

use crate::diagnostic::{Complaint, Findings, Origin};
use crate::document::Attribute;
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
