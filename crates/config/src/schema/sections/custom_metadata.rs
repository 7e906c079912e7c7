//! `system.applicationHost/customMetadata` (IIS reference §1.9).

use crate::schema::types::Kind::{Enum, Flags, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable, UINT, Word,
};

/// `customMetadata`.
pub(in crate::schema) const CUSTOM_METADATA: SectionTable = SectionTable {
    path: "system.applicationHost/customMetadata",
    element: &ElementTable::new("customMetadata", &[]).collection(&CollectionTable::new("key", &KEY)),
    allow_definition: AllowDefinition::AppHostOnly,
    override_mode: OverrideMode::Deny,
};

const KEY: ElementTable = ElementTable::new("key", &[AttributeTable::new("path", Text).unique()])
    .collection(&CollectionTable::new("property", &PROPERTY));

const PROPERTY: ElementTable = ElementTable::new(
    "property",
    &[
        AttributeTable::new("id", UINT).unique(),
        AttributeTable::new("dataType", Enum(DATA_TYPE)).required(),
        AttributeTable::new("userType", UINT).default("1"),
        AttributeTable::new("attributes", Flags(ATTRIBUTES)).default("Inherit"),
        AttributeTable::new("value", Text).case_sensitive(),
    ],
);

const ATTRIBUTES: &[Word] = &[
    ("None", 0),
    ("Inherit", 1),
    ("PartialPath", 2),
    ("Secure", 4),
    ("Reference", 8),
    ("Volatile", 16),
    ("IsInherited", 32),
    ("InsertPath", 64),
    ("LocalMachineOnly", 128),
    ("NonSecureOnly", 256),
];

const DATA_TYPE: &[Word] = &[("DWord", 1), ("String", 2), ("Binary", 3), ("ExpandSZ", 4), ("MultiSZ", 5)];
