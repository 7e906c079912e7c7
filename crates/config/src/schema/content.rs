//! `defaultDocument`, `directoryBrowse`, `staticContent` (IIS reference §4.1).

use crate::schema::types::Kind::{Bool, Enum, FilledText, Flags, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, Kind, OverrideMode, SectionTable,
};

/// `defaultDocument`.
pub(super) const DEFAULT_DOCUMENT: SectionTable = SectionTable {
    path: "system.webServer/defaultDocument",
    element: &ElementTable::new("defaultDocument", &[AttributeTable::new("enabled", Bool).default("true")]).children(
        &[&ElementTable::new("files", &[]).collection(
            &CollectionTable::new("add", &ElementTable::new("add", &[AttributeTable::new("value", Text).unique()]))
                .with_remove()
                .prepending(),
        )],
    ),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};

/// `directoryBrowse`.
pub(super) const DIRECTORY_BROWSE: SectionTable = SectionTable {
    path: "system.webServer/directoryBrowse",
    element: &ElementTable::new(
        "directoryBrowse",
        &[
            AttributeTable::new("enabled", Bool).default("false"),
            AttributeTable::new(
                "showFlags",
                Flags(&[("None", 0), ("Date", 2), ("Time", 4), ("Size", 8), ("Extension", 16), ("LongDate", 32)]),
            )
            .default("Date, Time, Size, Extension"),
        ],
    ),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};

/// `staticContent`.
pub(super) const STATIC_CONTENT: SectionTable = SectionTable {
    path: "system.webServer/staticContent",
    element: &ElementTable::new(
        "staticContent",
        &[
            AttributeTable::new("defaultDocFooter", Text).case_sensitive(),
            AttributeTable::new("isDocFooterFileName", Bool).default("false"),
            AttributeTable::new("enableDocFooter", Bool).default("false"),
        ],
    )
    .children(&[&CLIENT_CACHE])
    .collection(&CollectionTable::new("mimeMap", &MIME_MAP).with_remove()),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};

const CLIENT_CACHE: ElementTable = ElementTable::new(
    "clientCache",
    &[
        AttributeTable::new(
            "cacheControlMode",
            Enum(&[("NoControl", 0), ("DisableCache", 1), ("UseMaxAge", 2), ("UseExpires", 3)]),
        )
        .default("NoControl"),
        AttributeTable::new("cacheControlMaxAge", Kind::span(0, u32::MAX as i64)).default("1.00:00:00"),
        AttributeTable::new("httpExpires", Text),
        AttributeTable::new("cacheControlCustom", Text),
        AttributeTable::new("setEtag", Bool).default("true"),
    ],
);

const MIME_MAP: ElementTable = ElementTable::new(
    "mimeMap",
    &[
        AttributeTable::new("fileExtension", Text).required().unique(),
        AttributeTable::new("mimeType", FilledText).required(),
    ],
);
