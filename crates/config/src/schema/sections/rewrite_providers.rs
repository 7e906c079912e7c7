//! `system.webServer/rewrite/providers` (IIS reference §4.5).

use crate::schema::checks;
use crate::schema::types::Kind::{FilledText, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable,
};

/// `providers`.
pub(in crate::schema) const PROVIDERS: SectionTable = SectionTable {
    path: "system.webServer/rewrite/providers",
    element: &ElementTable::new("providers", &[])
        .collection(&CollectionTable::new("provider", &PROVIDER).with_remove()),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};

const PROVIDER: ElementTable = ElementTable::new(
    "provider",
    &[
        AttributeTable::new("name", Text).required().unique().check(checks::trimmed),
        AttributeTable::new("type", Text).required().check(checks::trimmed),
    ],
)
.children(&[&SETTINGS]);

const SETTINGS: ElementTable =
    ElementTable::new("settings", &[]).collection(&CollectionTable::new("add", &SETTINGS_ENTRY).with_remove());

const SETTINGS_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("key", FilledText).required().unique(),
        AttributeTable::new("value", Text),
        AttributeTable::new("encryptedValue", Text).default("").encrypted(),
    ],
);
