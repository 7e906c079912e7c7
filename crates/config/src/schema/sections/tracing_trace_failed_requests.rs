//! `system.webServer/tracing/traceFailedRequests` (IIS reference §4.3).

use crate::schema::types::Kind::{Bool, Enum, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, Kind, OverrideMode, SPAN, SectionTable, Word,
};

/// `traceFailedRequests`.
pub(in crate::schema) const TRACE_FAILED_REQUESTS: SectionTable = SectionTable {
    path: "system.webServer/tracing/traceFailedRequests",
    element: &ElementTable::new("traceFailedRequests", &[])
        .collection(&CollectionTable::new("add", &TRACE_FAILED_REQUESTS_ENTRY).with_remove()),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};

const TRACE_FAILED_REQUESTS_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("path", Text).unique(),
        AttributeTable::new("customActionExe", Text).expanded(),
        AttributeTable::new("customActionParams", Text).expanded(),
        AttributeTable::new("customActionTriggerLimit", Kind::uint(0, 10_000)).default("1"),
    ],
)
.children(&[&TRACE_AREAS, &FAILURE_DEFINITIONS]);

const FAILURE_DEFINITIONS: ElementTable = ElementTable::new(
    "failureDefinitions",
    &[
        AttributeTable::new("timeTaken", SPAN).default("00:00:00"),
        AttributeTable::new("traceAllAfterTimeout", Bool).default("false"),
        AttributeTable::new("statusCodes", Text),
        AttributeTable::new("verbosity", Enum(VERBOSITY_2)).default("Ignore"),
    ],
);

const VERBOSITY_2: &[Word] = &[("Ignore", 0), ("CriticalError", 1), ("Error", 2), ("Warning", 3)];

const TRACE_AREAS: ElementTable =
    ElementTable::new("traceAreas", &[]).collection(&CollectionTable::new("add", &TRACE_AREAS_ENTRY).with_remove());

const TRACE_AREAS_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("provider", Text).required().unique(),
        AttributeTable::new("areas", Text),
        AttributeTable::new("verbosity", Enum(VERBOSITY)).default("Warning"),
    ],
);

const VERBOSITY: &[Word] =
    &[("General", 0), ("CriticalError", 1), ("Error", 2), ("Warning", 3), ("Information", 4), ("Verbose", 5)];
