//! `system.webServer/security/authentication/anonymousAuthentication` (IIS reference §4.3).

use crate::schema::types::Kind::{Bool, Enum, Text};
use crate::schema::types::{AllowDefinition, AttributeTable, ElementTable, OverrideMode, SectionTable, Word};

/// `anonymousAuthentication`.
pub(in crate::schema) const ANONYMOUS_AUTHENTICATION: SectionTable = SectionTable {
    path: "system.webServer/security/authentication/anonymousAuthentication",
    element: &ElementTable::new(
        "anonymousAuthentication",
        &[
            AttributeTable::new("enabled", Bool).default("true"),
            AttributeTable::new("userName", Text).default("IUSR"),
            AttributeTable::new("password", Text).default("").case_sensitive().encrypted(),
            AttributeTable::new("logonMethod", Enum(LOGON_METHOD)).default("ClearText"),
        ],
    ),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};

const LOGON_METHOD: &[Word] = &[("Interactive", 0), ("Batch", 1), ("Network", 2), ("ClearText", 3)];
