//! `system.webServer/isapiFilters` (IIS reference §4.3).

use crate::schema::types::Kind::{Bool, FilledText, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable,
};

/// `isapiFilters`.
pub(in crate::schema) const ISAPI_FILTERS: SectionTable = SectionTable {
    path: "system.webServer/isapiFilters",
    element: &ElementTable::new("isapiFilters", &[]).collection(&CollectionTable::new("filter", &FILTER).with_remove()),
    allow_definition: AllowDefinition::MachineToApplication,
    override_mode: OverrideMode::Deny,
};

const FILTER: ElementTable = ElementTable::new(
    "filter",
    &[
        AttributeTable::new("name", FilledText).required().unique().case_sensitive(),
        AttributeTable::new("path", FilledText).required().expanded(),
        AttributeTable::new("enabled", Bool).default("true"),
        AttributeTable::new("enableCache", Bool).default("false"),
        AttributeTable::new("preCondition", Text).case_sensitive(),
    ],
);
