//! `system.webServer/rewrite/rewriteMaps` (IIS reference §4.5).

use crate::schema::checks;
use crate::schema::types::Kind::{Bool, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable,
};

/// `rewriteMaps`.
pub(in crate::schema) const REWRITE_MAPS: SectionTable = SectionTable {
    path: "system.webServer/rewrite/rewriteMaps",
    element: &ElementTable::new("rewriteMaps", &[])
        .collection(&CollectionTable::new("rewriteMap", &REWRITE_MAP).with_remove()),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};

const REWRITE_MAP: ElementTable = ElementTable::new(
    "rewriteMap",
    &[
        AttributeTable::new("name", Text).required().unique().check(checks::trimmed),
        AttributeTable::new("defaultValue", Text),
        AttributeTable::new("ignoreCase", Bool).default("true"),
    ],
)
.collection(&CollectionTable::new("add", &REWRITE_MAP_ENTRY).with_remove());

const REWRITE_MAP_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[AttributeTable::new("key", Text).required().unique().case_sensitive(), AttributeTable::new("value", Text)],
);
