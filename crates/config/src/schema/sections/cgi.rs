//! `system.webServer/cgi` (IIS reference §4.3).

use crate::schema::types::Kind::Bool;
use crate::schema::types::{AllowDefinition, AttributeTable, ElementTable, Kind, OverrideMode, SectionTable};

/// `cgi`.
pub(in crate::schema) const CGI: SectionTable = SectionTable {
    path: "system.webServer/cgi",
    element: &ElementTable::new(
        "cgi",
        &[
            AttributeTable::new("createCGIWithNewConsole", Bool).default("false"),
            AttributeTable::new("createProcessAsUser", Bool).default("true"),
            AttributeTable::new("timeout", Kind::span(1, 2_147_483_647)).default("00:15:00"),
        ],
    ),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};
