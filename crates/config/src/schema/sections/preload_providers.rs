//! `system.applicationHost/preloadProviders` (IIS reference §1.9).

use crate::schema::types::Kind::Text;
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable,
};

/// `preloadProviders`.
pub(in crate::schema) const PRELOAD_PROVIDERS: SectionTable = SectionTable {
    path: "system.applicationHost/preloadProviders",
    element: &ElementTable::new("preloadProviders", &[])
        .collection(&CollectionTable::new("add", &PRELOAD_PROVIDERS_ENTRY).with_remove()),
    allow_definition: AllowDefinition::AppHostOnly,
    override_mode: OverrideMode::Deny,
};

const PRELOAD_PROVIDERS_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[AttributeTable::new("name", Text).required().unique(), AttributeTable::new("type", Text).required()],
);
