//! `system.webServer/management/authorization` (IIS reference §4.3).

use crate::schema::types::Kind::{Bool, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable,
};

/// `authorization`.
pub(in crate::schema) const AUTHORIZATION: SectionTable = SectionTable {
    path: "system.webServer/management/authorization",
    element: &ElementTable::new("authorization", &[AttributeTable::new("defaultProvider", Text)])
        .children(&[&PROVIDERS, &AUTHORIZATION_RULES]),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};

const AUTHORIZATION_RULES: ElementTable =
    ElementTable::new("authorizationRules", &[]).collection(&CollectionTable::new("scope", &SCOPE));

const SCOPE: ElementTable = ElementTable::new("scope", &[AttributeTable::new("path", Text).required().unique()])
    .collection(&CollectionTable::new("add", &SCOPE_ENTRY));

const SCOPE_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[AttributeTable::new("name", Text).required().unique(), AttributeTable::new("isRole", Bool).default("false")],
);

const PROVIDERS: ElementTable =
    ElementTable::new("providers", &[]).collection(&CollectionTable::new("add", &PROVIDERS_ENTRY));

const PROVIDERS_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[AttributeTable::new("name", Text).required().unique(), AttributeTable::new("type", Text).required()],
)
.any_attributes();
