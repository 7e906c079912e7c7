//! `system.applicationHost/serviceAutoStartProviders` (IIS reference §1.9).

use crate::schema::types::Kind::{FilledText, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable,
};

/// `serviceAutoStartProviders`.
pub(in crate::schema) const SERVICE_AUTO_START_PROVIDERS: SectionTable = SectionTable {
    path: "system.applicationHost/serviceAutoStartProviders",
    element: &ElementTable::new("serviceAutoStartProviders", &[])
        .collection(&CollectionTable::new("add", &SERVICE_AUTO_START_PROVIDERS_ENTRY).with_remove()),
    allow_definition: AllowDefinition::AppHostOnly,
    override_mode: OverrideMode::Deny,
};

const SERVICE_AUTO_START_PROVIDERS_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("name", FilledText).unique().case_sensitive(),
        AttributeTable::new("type", Text).case_sensitive(),
    ],
);
