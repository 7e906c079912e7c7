//! `system.webServer/security/authorization` (IIS reference §4.3).

use crate::schema::types::Kind::{Bool, Enum, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable,
};

/// `authorization`.
pub(in crate::schema) const AUTHORIZATION: SectionTable = SectionTable {
    path: "system.webServer/security/authorization",
    element: &ElementTable::new("authorization", &[AttributeTable::new("bypassLoginPages", Bool).default("true")])
        .collection(&CollectionTable::new("add", &AUTHORIZATION_ENTRY).with_remove()),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};

const AUTHORIZATION_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("accessType", Enum(&[("Allow", 0), ("Deny", 1)])).required(),
        AttributeTable::new("users", Text).combined(),
        AttributeTable::new("roles", Text).combined(),
        AttributeTable::new("verbs", Text).combined().case_sensitive(),
    ],
);
