//! `system.webServer/validation` (IIS reference §4.3).

use crate::schema::types::Kind::Bool;
use crate::schema::types::{AllowDefinition, AttributeTable, ElementTable, OverrideMode, SectionTable};

/// `validation`.
pub(in crate::schema) const VALIDATION: SectionTable = SectionTable {
    path: "system.webServer/validation",
    element: &ElementTable::new(
        "validation",
        &[AttributeTable::new("validateIntegratedModeConfiguration", Bool).default("true")],
    ),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};
