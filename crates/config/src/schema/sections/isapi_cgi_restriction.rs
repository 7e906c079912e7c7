//! `system.webServer/security/isapiCgiRestriction` (IIS reference §4.3).

use crate::schema::types::Kind::{Bool, FilledText, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable,
};

/// `isapiCgiRestriction`.
pub(in crate::schema) const ISAPI_CGI_RESTRICTION: SectionTable = SectionTable {
    path: "system.webServer/security/isapiCgiRestriction",
    element: &ElementTable::new(
        "isapiCgiRestriction",
        &[
            AttributeTable::new("notListedIsapisAllowed", Bool).default("false"),
            AttributeTable::new("notListedCgisAllowed", Bool).default("false"),
        ],
    )
    .collection(&CollectionTable::new("add", &ISAPI_CGI_RESTRICTION_ENTRY).with_remove()),
    allow_definition: AllowDefinition::AppHostOnly,
    override_mode: OverrideMode::Deny,
};

const ISAPI_CGI_RESTRICTION_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("path", FilledText).required().unique().expanded(),
        AttributeTable::new("allowed", Bool).default("false").required(),
        AttributeTable::new("groupId", Text),
        AttributeTable::new("description", Text),
    ],
);
