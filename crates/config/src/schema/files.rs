//! `doorward/files`: how files are found, where IIS has no attribute for it (design decision D23).

use crate::schema::types::Kind::Bool;
use crate::schema::types::{AllowDefinition, AttributeTable, ElementTable, OverrideMode, SectionTable};

/// `files`.
pub(super) const FILES: SectionTable = SectionTable {
    path: "doorward/files",
    element: &ElementTable::new(
        "files",
        &[
            AttributeTable::new("dotFiles", Bool).default("false"),
            AttributeTable::new("ignoreCase", Bool).default("false"),
            AttributeTable::new("precompressed", Bool).default("true"),
        ],
    ),
    allow_definition: AllowDefinition::MachineToApplication,
    override_mode: OverrideMode::Deny,
};
