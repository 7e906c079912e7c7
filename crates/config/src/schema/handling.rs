//! `handlers` and `serverRuntime` (IIS reference §4.3, §4.4).

use crate::schema::types::Kind::{Bool, Enum, FilledText, Flags, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, Kind, OverrideMode, SPAN, SectionTable, UINT,
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

/// `handlers`. The stock file declares it locked and unlocks it at its end; where a file declares nothing, it is open.
pub(super) const HANDLERS: SectionTable = SectionTable {
    path: "system.webServer/handlers",
    element: &ElementTable::new(
        "handlers",
        &[AttributeTable::new("accessPolicy", Flags(ACCESS_POLICY)).default("Read")],
    )
    .collection(&CollectionTable::new("add", &HANDLER).with_remove().prepending()),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};

const ACCESS_POLICY: &[(&str, u32)] = &[
    ("None", 0),
    ("Read", 1),
    ("Write", 2),
    ("Execute", 4),
    ("Source", 16),
    ("Script", 512),
    ("NoRemoteWrite", 1024),
    ("NoRemoteRead", 4096),
    ("NoRemoteExecute", 8192),
    ("NoRemoteScript", 16384),
];

const HANDLER: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("name", FilledText).required().unique().case_sensitive(),
        AttributeTable::new("path", FilledText).required(),
        AttributeTable::new("verb", Text).required().case_sensitive(),
        AttributeTable::new("type", Text).case_sensitive(),
        AttributeTable::new("modules", Text).default("ManagedPipelineHandler").case_sensitive(),
        AttributeTable::new("scriptProcessor", Text).expanded(),
        AttributeTable::new("resourceType", Enum(&[("File", 0), ("Directory", 1), ("Either", 2), ("Unspecified", 3)]))
            .default("Unspecified"),
        AttributeTable::new(
            "requireAccess",
            Enum(&[("None", 0), ("Read", 1), ("Write", 2), ("Script", 3), ("Execute", 4)]),
        )
        .default("Script"),
        AttributeTable::new("allowPathInfo", Bool).default("false"),
        AttributeTable::new("preCondition", Text).case_sensitive(),
        AttributeTable::new("responseBufferLimit", UINT).default("4194304"),
    ],
);
