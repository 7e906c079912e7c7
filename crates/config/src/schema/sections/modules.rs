//! `system.webServer/modules` (IIS reference §4.4).

use crate::schema::types::Kind::{Bool, FilledText, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable,
};

/// `modules`.
pub(in crate::schema) const MODULES: SectionTable = SectionTable {
    path: "system.webServer/modules",
    element: &ElementTable::new(
        "modules",
        &[
            AttributeTable::new("runAllManagedModulesForAllRequests", Bool).default("false"),
            AttributeTable::new("runManagedModulesForWebDavRequests", Bool).default("false"),
        ],
    )
    .collection(&CollectionTable::new("add", &MODULES_ENTRY).with_remove()),
    allow_definition: AllowDefinition::MachineToApplication,
    override_mode: OverrideMode::Deny,
};

const MODULES_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("name", FilledText).required().unique().case_sensitive(),
        AttributeTable::new("type", Text).case_sensitive(),
        AttributeTable::new("preCondition", Text).case_sensitive(),
    ],
);
