//! `system.webServer/tracing/traceProviderDefinitions` (IIS reference §4.3).

use crate::schema::types::Kind::Text;
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable, UINT,
};

/// `traceProviderDefinitions`.
pub(in crate::schema) const TRACE_PROVIDER_DEFINITIONS: SectionTable = SectionTable {
    path: "system.webServer/tracing/traceProviderDefinitions",
    element: &ElementTable::new("traceProviderDefinitions", &[])
        .collection(&CollectionTable::new("add", &TRACE_PROVIDER_DEFINITIONS_ENTRY).with_remove()),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};

const TRACE_PROVIDER_DEFINITIONS_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[AttributeTable::new("name", Text).required().unique(), AttributeTable::new("guid", Text).required()],
)
.children(&[&AREAS]);

const AREAS: ElementTable =
    ElementTable::new("areas", &[]).collection(&CollectionTable::new("add", &AREAS_ENTRY).with_remove());

const AREAS_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[AttributeTable::new("name", Text).required().unique(), AttributeTable::new("value", UINT).required()],
);
