//! `system.webServer/applicationInitialization` (IIS reference §4.3).

use crate::schema::types::Kind::{Bool, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable,
};

/// `applicationInitialization`.
pub(in crate::schema) const APPLICATION_INITIALIZATION: SectionTable = SectionTable {
    path: "system.webServer/applicationInitialization",
    element: &ElementTable::new(
        "applicationInitialization",
        &[
            AttributeTable::new("remapManagedRequestsTo", Text).default(""),
            AttributeTable::new("skipManagedModules", Bool).default("false"),
            AttributeTable::new("doAppInitAfterRestart", Bool).default("false"),
        ],
    )
    .collection(&CollectionTable::new("add", &APPLICATION_INITIALIZATION_ENTRY).with_remove()),
    allow_definition: AllowDefinition::MachineToApplication,
    override_mode: OverrideMode::Allow,
};

const APPLICATION_INITIALIZATION_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("initializationPage", Text).required().unique(),
        AttributeTable::new("hostName", Text).default(""),
    ],
);
