//! `httpRedirect` and `httpProtocol` (IIS reference §4.1).

use crate::schema::checks;
use crate::schema::types::Kind::{Bool, Enum, FilledText, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable,
};

/// `httpRedirect`.
pub(super) const HTTP_REDIRECT: SectionTable = SectionTable {
    path: "system.webServer/httpRedirect",
    element: &ElementTable::new(
        "httpRedirect",
        &[
            AttributeTable::new("enabled", Bool).default("false"),
            AttributeTable::new("destination", Text).check(checks::destination),
            AttributeTable::new("exactDestination", Bool).default("false"),
            AttributeTable::new("childOnly", Bool).default("false"),
            AttributeTable::new(
                "httpResponseStatus",
                Enum(&[("Permanent", 301), ("Found", 302), ("Temporary", 307), ("PermRedirect", 308)]),
            )
            .default("Found"),
        ],
    )
    .collection(
        &CollectionTable::new(
            "add",
            &ElementTable::new(
                "add",
                &[
                    AttributeTable::new("wildcard", FilledText).required().unique(),
                    AttributeTable::new("destination", FilledText).required().check(checks::destination),
                ],
            ),
        )
        .with_remove(),
    ),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};

/// `httpProtocol`.
pub(super) const HTTP_PROTOCOL: SectionTable = SectionTable {
    path: "system.webServer/httpProtocol",
    element: &ElementTable::new("httpProtocol", &[AttributeTable::new("allowKeepAlive", Bool).default("true")])
        .children(&[
            &ElementTable::new("customHeaders", &[]).collection(&CollectionTable::new("add", &HEADER).with_remove()),
            &ElementTable::new("redirectHeaders", &[]).collection(&CollectionTable::new("add", &HEADER).with_remove()),
        ]),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};

const HEADER: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("name", Text).unique().check(checks::response_header_name),
        AttributeTable::new("value", Text).case_sensitive().check(checks::header_value),
    ],
);
