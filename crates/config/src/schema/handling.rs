//! `serverRuntime` (IIS reference §4.3).

use crate::schema::types::Kind::{Bool, Enum, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, ElementTable, Kind, OverrideMode, SPAN, SectionTable, UINT,
};

/// `serverRuntime`.
pub(super) const SERVER_RUNTIME: SectionTable = SectionTable {
    path: "system.webServer/serverRuntime",
    element: &ElementTable::new(
        "serverRuntime",
        &[
            AttributeTable::new("enabled", Bool).default("true"),
            AttributeTable::new("appConcurrentRequestLimit", UINT).default("5000"),
            AttributeTable::new("maxRequestEntityAllowed", UINT).default("4294967295"),
            AttributeTable::new("uploadReadAheadSize", Kind::uint(0, i32::MAX as i64)).default("49152"),
            AttributeTable::new("alternateHostName", Text),
            AttributeTable::new("enableNagling", Bool).default("false"),
            AttributeTable::new("frequentHitThreshold", Kind::uint(1, i32::MAX as i64)).default("2"),
            AttributeTable::new("frequentHitTimePeriod", SPAN).default("00:00:10"),
            AttributeTable::new(
                "authenticatedUserOverride",
                Enum(&[("UseAuthenticatedUser", 1), ("UseWorkerProcessUser", 2)]),
            )
            .default("UseAuthenticatedUser"),
        ],
    ),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};
