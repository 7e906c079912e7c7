//! `system.webServer/fastCgi` (IIS reference §4.3).

use crate::schema::types::Kind::{Bool, Enum, FilledText, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, Kind, OverrideMode, SectionTable, Word,
};

/// `fastCgi`.
pub(in crate::schema) const FAST_CGI: SectionTable = SectionTable {
    path: "system.webServer/fastCgi",
    element: &ElementTable::new("fastCgi", &[]).collection(&CollectionTable::new("application", &APPLICATION)),
    allow_definition: AllowDefinition::AppHostOnly,
    override_mode: OverrideMode::Deny,
};

const APPLICATION: ElementTable = ElementTable::new(
    "application",
    &[
        AttributeTable::new("fullPath", FilledText).required().combined().expanded(),
        AttributeTable::new("arguments", Text).default("").combined().expanded(),
        AttributeTable::new("monitorChangesTo", Text).default(""),
        AttributeTable::new("stderrMode", Enum(STDERR_MODE)).default("ReturnStdErrIn500"),
        AttributeTable::new("maxInstances", Kind::uint(0, 10_000)).default("0"),
        AttributeTable::new("idleTimeout", Kind::uint(10, 2_592_000)).default("300"),
        AttributeTable::new("activityTimeout", Kind::uint(10, 2_592_000)).default("70"),
        AttributeTable::new("requestTimeout", Kind::uint(10, 2_592_000)).default("90"),
        AttributeTable::new("instanceMaxRequests", Kind::uint(1, 10_000_000)).default("200"),
        AttributeTable::new("signalBeforeTerminateSeconds", Kind::uint(0, 60)).default("0"),
        AttributeTable::new("protocol", Enum(&[("NamedPipe", 0), ("Tcp", 1)])).default("NamedPipe"),
        AttributeTable::new("queueLength", Kind::uint(1, 100_000_000)).default("1000"),
        AttributeTable::new("flushNamedPipe", Bool).default("false"),
        AttributeTable::new("rapidFailsPerMinute", Kind::uint(0, 1000)).default("10"),
    ],
)
.children(&[&ENVIRONMENT_VARIABLES]);

const ENVIRONMENT_VARIABLES: ElementTable = ElementTable::new("environmentVariables", &[])
    .collection(&CollectionTable::new("environmentVariable", &ENVIRONMENT_VARIABLE));

const ENVIRONMENT_VARIABLE: ElementTable = ElementTable::new(
    "environmentVariable",
    &[AttributeTable::new("name", Text).unique(), AttributeTable::new("value", Text)],
);

const STDERR_MODE: &[Word] =
    &[("ReturnStdErrIn500", 0), ("ReturnGeneric500", 1), ("IgnoreAndReturn200", 2), ("TerminateProcess", 3)];
