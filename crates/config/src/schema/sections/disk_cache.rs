//! `system.webServer/diskCache` (IIS reference §4.3).

use crate::schema::types::Kind::{Bool, FilledText, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, Kind, OverrideMode, SectionTable, UINT,
};

/// `diskCache`.
pub(in crate::schema) const DISK_CACHE: SectionTable = SectionTable {
    path: "system.webServer/diskCache",
    element: &ElementTable::new(
        "diskCache",
        &[
            AttributeTable::new("allowedAcceptEncoding", Text).default("gzip"),
            AttributeTable::new("byteRangeSegmentSize", Kind::uint(0, 4_194_303)).default("256"),
            AttributeTable::new("scavengerInterval", Kind::span(0, 86_400)).default("00:05:00"),
            AttributeTable::new("lowWatermark", Kind::uint(0, 100)).default("80"),
            AttributeTable::new("highWatermark", Kind::uint(0, 100)).default("90"),
        ],
    )
    .children(&[&SHARED_DRIVE_LOCATION, &DRIVE_LOCATION_HEALTH, &COMPRESSION])
    .collection(&CollectionTable::new("driveLocation", &DRIVE_LOCATION)),
    allow_definition: AllowDefinition::AppHostOnly,
    override_mode: OverrideMode::Deny,
};

const COMPRESSION: ElementTable = ElementTable::new(
    "compression",
    &[
        AttributeTable::new("enabled", Bool).default("true"),
        AttributeTable::new("level", Kind::long(0, 10)).default("4"),
    ],
)
.collection(&CollectionTable::new("add", &COMPRESSION_ENTRY));

const COMPRESSION_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[AttributeTable::new("mimeType", FilledText).required().unique(), AttributeTable::new("enabled", Bool).required()],
);

const DRIVE_LOCATION_HEALTH: ElementTable = ElementTable::new(
    "driveLocationHealth",
    &[
        AttributeTable::new("enabled", Bool).default("false"),
        AttributeTable::new("diskQueueLengthLowWatermark", UINT).default("15"),
        AttributeTable::new("diskQueueLengthHighWatermark", UINT).default("30"),
    ],
);

const SHARED_DRIVE_LOCATION: ElementTable =
    ElementTable::new("sharedDriveLocation", &[AttributeTable::new("path", Text)]);

const DRIVE_LOCATION: ElementTable = ElementTable::new(
    "driveLocation",
    &[AttributeTable::new("path", FilledText).required().unique(), AttributeTable::new("maxUsage", UINT).required()],
);
