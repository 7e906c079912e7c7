//! `system.webServer/management/trustedProviders` (IIS reference §4.3).

use crate::schema::types::Kind::{Bool, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable,
};

/// `trustedProviders`.
pub(in crate::schema) const TRUSTED_PROVIDERS: SectionTable = SectionTable {
    path: "system.webServer/management/trustedProviders",
    element: &ElementTable::new(
        "trustedProviders",
        &[AttributeTable::new("allowUntrustedProviders", Bool).default("false")],
    )
    .collection(&CollectionTable::new("add", &TRUSTED_PROVIDERS_ENTRY).duplicates()),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};

const TRUSTED_PROVIDERS_ENTRY: ElementTable = ElementTable::new("add", &[AttributeTable::new("type", Text).required()]);
