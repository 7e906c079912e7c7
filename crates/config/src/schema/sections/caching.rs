//! `system.webServer/caching` (IIS reference §4.1).

use crate::schema::types::Kind::{Bool, Enum, FilledText, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, Kind, OverrideMode, SectionTable, UINT, Word,
};

/// `caching`.
pub(in crate::schema) const CACHING: SectionTable = SectionTable {
    path: "system.webServer/caching",
    element: &ElementTable::new(
        "caching",
        &[
            AttributeTable::new("enabled", Bool).default("true"),
            AttributeTable::new("enableKernelCache", Bool).default("true"),
            AttributeTable::new("maxCacheSize", UINT).default("0"),
            AttributeTable::new("maxResponseSize", UINT).default("262144"),
        ],
    )
    .children(&[&PROFILES]),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};

const PROFILES: ElementTable = ElementTable::new("profiles", &[])
    .collection(&CollectionTable::new("add", &PROFILES_ENTRY).with_remove().prepending());

const PROFILES_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("extension", FilledText).required().unique(),
        AttributeTable::new("policy", Enum(POLICY)).default("DontCache"),
        AttributeTable::new("kernelCachePolicy", Enum(POLICY)).default("DontCache"),
        AttributeTable::new("duration", Kind::span(1, 4_294_967)).default("00:00:30"),
        AttributeTable::new("location", Enum(LOCATION)).default("Server"),
        AttributeTable::new("varyByHeaders", Text),
        AttributeTable::new("varyByQueryString", Text),
    ],
);

const LOCATION: &[Word] =
    &[("Any", 0), ("Client", 1), ("Downstream", 2), ("Server", 3), ("None", 4), ("ServerAndClient", 5)];

const POLICY: &[Word] = &[("DontCache", 0), ("CacheUntilChange", 1), ("CacheForTimePeriod", 2), ("DisableCache", 3)];
