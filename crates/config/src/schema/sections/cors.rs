//! `system.webServer/cors` (IIS reference §4.3).

use crate::schema::types::Kind::{Bool, FilledText};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, Kind, OverrideMode, SectionTable,
};

/// `cors`.
pub(in crate::schema) const CORS: SectionTable = SectionTable {
    path: "system.webServer/cors",
    element: &ElementTable::new(
        "cors",
        &[
            AttributeTable::new("enabled", Bool).default("false"),
            AttributeTable::new("failUnlistedOrigins", Bool).default("false"),
        ],
    )
    .collection(&CollectionTable::new("add", &CORS_ENTRY).with_remove()),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};

const CORS_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("origin", FilledText).required().unique(),
        AttributeTable::new("allowed", Bool).default("true"),
        AttributeTable::new("allowCredentials", Bool).default("false"),
        AttributeTable::new("maxAge", Kind::long(-2_147_483_648, 2_147_483_647)).default("-1"),
    ],
)
.children(&[&ALLOW_HEADERS, &ALLOW_METHODS, &EXPOSE_HEADERS]);

const EXPOSE_HEADERS: ElementTable = ElementTable::new("exposeHeaders", &[])
    .collection(&CollectionTable::new("add", &ALLOW_HEADERS_ENTRY).with_remove());

const ALLOW_METHODS: ElementTable =
    ElementTable::new("allowMethods", &[]).collection(&CollectionTable::new("add", &ALLOW_METHODS_ENTRY).with_remove());

const ALLOW_METHODS_ENTRY: ElementTable =
    ElementTable::new("add", &[AttributeTable::new("method", FilledText).required().unique()]);

const ALLOW_HEADERS: ElementTable =
    ElementTable::new("allowHeaders", &[AttributeTable::new("allowAllRequestedHeaders", Bool).default("false")])
        .collection(&CollectionTable::new("add", &ALLOW_HEADERS_ENTRY).with_remove());

const ALLOW_HEADERS_ENTRY: ElementTable =
    ElementTable::new("add", &[AttributeTable::new("header", FilledText).required().unique()]);
