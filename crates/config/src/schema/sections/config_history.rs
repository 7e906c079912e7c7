//! `system.applicationHost/configHistory` (IIS reference §1.9).

use crate::schema::types::Kind::{Bool, Text};
use crate::schema::types::{AllowDefinition, AttributeTable, ElementTable, Kind, OverrideMode, SectionTable};

/// `configHistory`.
pub(in crate::schema) const CONFIG_HISTORY: SectionTable = SectionTable {
    path: "system.applicationHost/configHistory",
    element: &ElementTable::new(
        "configHistory",
        &[
            AttributeTable::new("enabled", Bool).default("true"),
            AttributeTable::new("path", Text).default("%SYSTEMDRIVE%\\inetpub\\history"),
            AttributeTable::new("maxHistories", Kind::uint(1, 4_294_967_295)).default("10"),
            AttributeTable::new("period", Kind::span(10, 2_147_483_647)).default("00:02:00"),
        ],
    ),
    allow_definition: AllowDefinition::AppHostOnly,
    override_mode: OverrideMode::Deny,
};
