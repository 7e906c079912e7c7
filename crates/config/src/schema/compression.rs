//! `urlCompression` and `httpCompression` (IIS reference §4.1).

use crate::schema::types::Kind::{Bool, FilledText, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, Kind, OverrideMode, SectionTable, UINT,
};

/// `urlCompression`.
pub(super) const URL_COMPRESSION: SectionTable = SectionTable {
    path: "system.webServer/urlCompression",
    element: &ElementTable::new(
        "urlCompression",
        &[
            AttributeTable::new("doStaticCompression", Bool).default("true"),
            AttributeTable::new("doDynamicCompression", Bool).default("true"),
            AttributeTable::new("dynamicCompressionBeforeCache", Bool).default("false"),
        ],
    ),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};

/// `httpCompression`.
pub(super) const HTTP_COMPRESSION: SectionTable = SectionTable {
    path: "system.webServer/httpCompression",
    element: &ElementTable::new(
        "httpCompression",
        &[
            AttributeTable::new("sendCacheHeaders", Bool).default("false"),
            AttributeTable::new("expiresHeader", Text).default("Wed, 01 Jan 1997 12:00:00 GMT"),
            AttributeTable::new("cacheControlHeader", Text).default("max-age=86400"),
            AttributeTable::new("directory", Text)
                .default("%SystemDrive%\\inetpub\\temp\\IIS Temporary Compressed Files")
                .expanded(),
            AttributeTable::new("doDiskSpaceLimiting", Bool).default("true"),
            AttributeTable::new("maxDiskSpaceUsage", UINT).default("100"),
            AttributeTable::new("minFileSizeForComp", UINT).default("2700"),
            AttributeTable::new("noCompressionForHttp10", Bool).default("true"),
            AttributeTable::new("noCompressionForProxies", Bool).default("true"),
            AttributeTable::new("noCompressionForRange", Bool).default("true"),
            AttributeTable::new("staticCompressionIgnoreHitFrequency", Bool).default("false"),
            AttributeTable::new("staticCompressionDisableCpuUsage", PERCENT).default("100"),
            AttributeTable::new("staticCompressionEnableCpuUsage", PERCENT).default("50"),
            AttributeTable::new("dynamicCompressionDisableCpuUsage", PERCENT).default("90"),
            AttributeTable::new("dynamicCompressionEnableCpuUsage", PERCENT).default("50"),
            AttributeTable::new("dynamicCompressionBufferLimit", UINT).default("65536"),
        ],
    )
    .children(&[
        &ElementTable::new("staticTypes", &[]).collection(&CollectionTable::new("add", &MEDIA_TYPE).with_remove()),
        &ElementTable::new("dynamicTypes", &[]).collection(&CollectionTable::new("add", &MEDIA_TYPE).with_remove()),
    ])
    .collection(&CollectionTable::new("scheme", &SCHEME).with_remove()),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};

const PERCENT: Kind = Kind::uint(0, 100);

const SCHEME: ElementTable = ElementTable::new(
    "scheme",
    &[
        AttributeTable::new("name", FilledText).required().unique(),
        AttributeTable::new("doStaticCompression", Bool).default("true"),
        AttributeTable::new("doDynamicCompression", Bool).default("true"),
        AttributeTable::new("dll", FilledText).required().expanded(),
        AttributeTable::new("staticCompressionLevel", UINT).default("7"),
        AttributeTable::new("dynamicCompressionLevel", UINT).default("0"),
    ],
);

const MEDIA_TYPE: ElementTable = ElementTable::new(
    "add",
    &[AttributeTable::new("mimeType", FilledText).required().unique(), AttributeTable::new("enabled", Bool).required()],
);
