//! `system.webServer/security/authentication/basicAuthentication` (IIS reference §4.3).

use crate::schema::types::Kind::{Bool, Enum, Text};
use crate::schema::types::{AllowDefinition, AttributeTable, ElementTable, OverrideMode, SectionTable, Word};

/// `basicAuthentication`.
pub(in crate::schema) const BASIC_AUTHENTICATION: SectionTable = SectionTable {
    path: "system.webServer/security/authentication/basicAuthentication",
    element: &ElementTable::new(
        "basicAuthentication",
        &[
            AttributeTable::new("enabled", Bool).default("false"),
            AttributeTable::new("realm", Text),
            AttributeTable::new("defaultLogonDomain", Text),
            AttributeTable::new("logonMethod", Enum(LOGON_METHOD)).default("ClearText"),
        ],
    ),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};

const LOGON_METHOD: &[Word] = &[("Interactive", 0), ("Batch", 1), ("Network", 2), ("ClearText", 3)];
