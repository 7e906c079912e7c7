//! `system.webServer/security/authentication/digestAuthentication` (IIS reference §4.3).

use crate::schema::types::Kind::{Bool, Text};
use crate::schema::types::{AllowDefinition, AttributeTable, ElementTable, OverrideMode, SectionTable};

/// `digestAuthentication`.
pub(in crate::schema) const DIGEST_AUTHENTICATION: SectionTable = SectionTable {
    path: "system.webServer/security/authentication/digestAuthentication",
    element: &ElementTable::new(
        "digestAuthentication",
        &[AttributeTable::new("enabled", Bool).default("false"), AttributeTable::new("realm", Text)],
    ),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};
