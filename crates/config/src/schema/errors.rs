//! `httpErrors` and `httpLogging` (IIS reference §4.1, §4.3).

use crate::schema::types::Kind::{Bool, Enum, FilledText, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, Kind, OverrideMode, SectionTable, Word,
};

const RESPONSE_MODE: &[Word] = &[("File", 0), ("ExecuteURL", 1), ("Redirect", 2)];

/// `httpErrors`.
pub(super) const HTTP_ERRORS: SectionTable = SectionTable {
    path: "system.webServer/httpErrors",
    element: &ElementTable::new(
        "httpErrors",
        &[
            AttributeTable::new("errorMode", Enum(&[("DetailedLocalOnly", 0), ("Custom", 1), ("Detailed", 2)]))
                .default("DetailedLocalOnly"),
            AttributeTable::new("existingResponse", Enum(&[("Auto", 0), ("Replace", 1), ("PassThrough", 2)]))
                .default("Auto"),
            AttributeTable::new("defaultPath", Text).expanded(),
            AttributeTable::new("defaultResponseMode", Enum(RESPONSE_MODE)).default("File"),
            AttributeTable::new("detailedMoreInformationLink", Text)
                .default("http://go.microsoft.com/fwlink/?LinkID=62293"),
            AttributeTable::new("allowAbsolutePathsWhenDelegated", Bool).default("false"),
        ],
    )
    .collection(&CollectionTable::new("error", &ERROR).with_remove()),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};

const ERROR: ElementTable = ElementTable::new(
    "error",
    &[
        AttributeTable::new("statusCode", Kind::uint(400, 999)).required().combined(),
        AttributeTable::new("subStatusCode", Kind::long(-1, 999)).default("-1").combined(),
        AttributeTable::new("prefixLanguageFilePath", Text).expanded(),
        AttributeTable::new("path", FilledText).required().expanded(),
        AttributeTable::new("responseMode", Enum(RESPONSE_MODE)).default("File"),
    ],
);

/// `httpLogging`.
pub(super) const HTTP_LOGGING: SectionTable = SectionTable {
    path: "system.webServer/httpLogging",
    element: &ElementTable::new(
        "httpLogging",
        &[
            AttributeTable::new("selectiveLogging", Enum(&[("LogAll", 0), ("LogSuccessful", 1), ("LogError", 2)]))
                .default("LogAll"),
            AttributeTable::new("dontLog", Bool).default("false"),
        ],
    ),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};
