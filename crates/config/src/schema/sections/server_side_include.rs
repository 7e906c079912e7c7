//! `system.webServer/serverSideInclude` (IIS reference §4.3).

use crate::schema::types::Kind::Bool;
use crate::schema::types::{AllowDefinition, AttributeTable, ElementTable, OverrideMode, SectionTable};

/// `serverSideInclude`.
pub(in crate::schema) const SERVER_SIDE_INCLUDE: SectionTable = SectionTable {
    path: "system.webServer/serverSideInclude",
    element: &ElementTable::new("serverSideInclude", &[AttributeTable::new("ssiExecDisable", Bool).default("false")]),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};
