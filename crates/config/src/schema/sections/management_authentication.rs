//! `system.webServer/management/authentication` (IIS reference §4.3).

use crate::schema::types::Kind::{Bool, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable,
};

/// `authentication`.
pub(in crate::schema) const AUTHENTICATION: SectionTable = SectionTable {
    path: "system.webServer/management/authentication",
    element: &ElementTable::new("authentication", &[AttributeTable::new("defaultProvider", Text)])
        .children(&[&PROVIDERS, &CREDENTIALS]),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};

const CREDENTIALS: ElementTable =
    ElementTable::new("credentials", &[]).collection(&CollectionTable::new("add", &CREDENTIALS_ENTRY));

const CREDENTIALS_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("name", Text).required().unique(),
        AttributeTable::new("password", Text).required().case_sensitive(),
        AttributeTable::new("enabled", Bool).default("true"),
    ],
);

const PROVIDERS: ElementTable =
    ElementTable::new("providers", &[]).collection(&CollectionTable::new("add", &PROVIDERS_ENTRY));

const PROVIDERS_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[AttributeTable::new("name", Text).required().unique(), AttributeTable::new("type", Text).required()],
)
.any_attributes();
