//! `system.webServer/httpTracing` (IIS reference §4.3).

use crate::schema::types::Kind::Text;
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable,
};

/// `httpTracing`.
pub(in crate::schema) const HTTP_TRACING: SectionTable = SectionTable {
    path: "system.webServer/httpTracing",
    element: &ElementTable::new("httpTracing", &[]).children(&[&TRACE_URLS]),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};

const TRACE_URLS: ElementTable =
    ElementTable::new("traceUrls", &[]).collection(&CollectionTable::new("add", &TRACE_URLS_ENTRY).with_remove());

const TRACE_URLS_ENTRY: ElementTable =
    ElementTable::new("add", &[AttributeTable::new("value", Text).required().unique()]);
