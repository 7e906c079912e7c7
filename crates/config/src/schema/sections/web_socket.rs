//! `system.webServer/webSocket` (IIS reference §4.3).

use crate::schema::types::Kind::Bool;
use crate::schema::types::{AllowDefinition, AttributeTable, ElementTable, Kind, OverrideMode, SectionTable};

/// `webSocket`.
pub(in crate::schema) const WEB_SOCKET: SectionTable = SectionTable {
    path: "system.webServer/webSocket",
    element: &ElementTable::new(
        "webSocket",
        &[
            AttributeTable::new("enabled", Bool).default("true"),
            AttributeTable::new("receiveBufferLimit", Kind::uint(4096, 2_147_483_647)).default("4194304"),
            AttributeTable::new("pingInterval", Kind::span(0, 86_400)).default("00:00:00"),
        ],
    ),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};
