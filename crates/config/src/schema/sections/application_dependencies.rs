//! `system.webServer/security/applicationDependencies` (IIS reference §4.3).

use crate::schema::types::Kind::{FilledText, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable,
};

/// `applicationDependencies`.
pub(in crate::schema) const APPLICATION_DEPENDENCIES: SectionTable = SectionTable {
    path: "system.webServer/security/applicationDependencies",
    element: &ElementTable::new("applicationDependencies", &[])
        .collection(&CollectionTable::new("application", &APPLICATION).with_clear()),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};

const APPLICATION: ElementTable = ElementTable::new(
    "application",
    &[AttributeTable::new("name", FilledText).required().unique(), AttributeTable::new("groupId", Text)],
)
.collection(&CollectionTable::new("add", &APPLICATION_ENTRY).with_clear());

const APPLICATION_ENTRY: ElementTable =
    ElementTable::new("add", &[AttributeTable::new("groupId", Text).required().unique()]);
