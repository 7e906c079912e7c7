//! `doorward/logs`: what a site's `logFile` has no word for.

use crate::schema::types::Kind::{Bool, Enum};
use crate::schema::types::{AllowDefinition, AttributeTable, ElementTable, OverrideMode, SectionTable, UINT};

/// `logs`.
pub(super) const LOGS: SectionTable = SectionTable {
    path: "doorward/logs",
    element: &ElementTable::new(
        "logs",
        &[
            AttributeTable::new("format", Enum(&[("Site", 0), ("JSON", 1)])).default("Site"),
            AttributeTable::new("target", Enum(&[("File", 0), ("Stdout", 1), ("Stderr", 2)])).default("File"),
            AttributeTable::new("keepDays", UINT).default("0"),
            AttributeTable::new("keepMegabytes", UINT).default("0"),
            AttributeTable::new("compress", Bool).default("false"),
        ],
    ),
    allow_definition: AllowDefinition::MachineToApplication,
    override_mode: OverrideMode::Deny,
};
