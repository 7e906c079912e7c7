//! `system.webServer/asp` (IIS reference §4.3).

use crate::schema::types::Kind::{Bool, FilledText, Flags, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, ElementTable, Kind, OverrideMode, SPAN, SectionTable, UINT, Word,
};

/// `asp`.
pub(in crate::schema) const ASP: SectionTable = SectionTable {
 path: "system.webServer/asp",
 element: &ElementTable::new("asp", &[AttributeTable::new("appAllowClientDebug", Bool).default("false"), AttributeTable::new("appAllowDebugging", Bool).default("false"), AttributeTable::new("errorsToNTLog", Bool).default("false"), AttributeTable::new("logErrorRequests", Bool).default("true"), AttributeTable::new("calcLineNumber", Bool).default("true"), AttributeTable::new("codePage", Kind::uint(0, 2_147_483_647)).default("0"), AttributeTable::new("enableApplicationRestart", Bool).default("true"), AttributeTable::new("enableAspHtmlFallback", Bool).default("true"), AttributeTable::new("enableChunkedEncoding", Bool).default("true"), AttributeTable::new("enableParentPaths", Bool).default("false"), AttributeTable::new("exceptionCatchEnable", Bool).default("true"), AttributeTable::new("lcid", Kind::uint(0, 2_147_483_647)).default("0"), AttributeTable::new("runOnEndAnonymously", Bool).default("true"), AttributeTable::new("scriptErrorMessage", FilledText).default("An error occurred on the server when processing the URL. Please contact the system administrator. <p/> If you are the system administrator please click <a href=\"http://go.microsoft.com/fwlink/?LinkID=82731\">here</a> to find out more about this error."), AttributeTable::new("scriptErrorSentToBrowser", Bool).default("false"), AttributeTable::new("scriptLanguage", FilledText).default("VBScript"), AttributeTable::new("bufferingOn", Bool).default("true")]).children(&[&SESSION, &COM_PLUS, &CACHE, &LIMITS]),
 allow_definition: AllowDefinition::Everywhere,
 override_mode: OverrideMode::Deny,
};

const LIMITS: ElementTable = ElementTable::new(
    "limits",
    &[
        AttributeTable::new("scriptTimeout", SPAN).default("00:01:30"),
        AttributeTable::new("bufferingLimit", Kind::uint(0, 2_147_483_647)).default("4194304"),
        AttributeTable::new("maxRequestEntityAllowed", Kind::uint(0, 2_147_483_647)).default("200000"),
        AttributeTable::new("processorThreadMax", Kind::uint(0, 2_147_483_647)).default("25"),
        AttributeTable::new("queueConnectionTestTime", Kind::span(1, 2_147_483_647)).default("00:00:03"),
        AttributeTable::new("queueTimeout", SPAN).default("00:00:00"),
        AttributeTable::new("requestQueueMax", Kind::uint(0, 2_147_483_647)).default("3000"),
    ],
);

const CACHE: ElementTable = ElementTable::new(
    "cache",
    &[
        AttributeTable::new("diskTemplateCacheDirectory", FilledText)
            .default("%SystemDrive%\\inetpub\\temp\\ASP Compiled Templates")
            .expanded(),
        AttributeTable::new("maxDiskTemplateCacheFiles", Kind::uint(0, 2_147_483_647)).default("2000"),
        AttributeTable::new("scriptFileCacheSize", Kind::uint(0, 2_147_483_647)).default("500"),
        AttributeTable::new("scriptEngineCacheMax", Kind::uint(0, 2_147_483_647)).default("250"),
        AttributeTable::new("enableTypelibCache", Bool).default("true"),
    ],
);

const COM_PLUS: ElementTable = ElementTable::new(
    "comPlus",
    &[
        AttributeTable::new("appServiceFlags", Flags(APP_SERVICE_FLAGS)).default("None"),
        AttributeTable::new("sxsName", FilledText),
        AttributeTable::new("partitionId", Text).default("00000000-0000-0000-0000-000000000000"),
        AttributeTable::new("trackThreadingModel", Bool).default("false"),
        AttributeTable::new("executeInMta", Bool).default("false"),
    ],
);

const APP_SERVICE_FLAGS: &[Word] = &[("None", 0), ("EnableTracker", 1), ("EnableSxS", 2), ("UsePartition", 4)];

const SESSION: ElementTable = ElementTable::new(
    "session",
    &[
        AttributeTable::new("allowSessionState", Bool).default("true"),
        AttributeTable::new("keepSessionIdSecure", Bool).default("true"),
        AttributeTable::new("max", UINT).default("4294967295"),
        AttributeTable::new("timeout", Kind::span_step(0, 31_536_000, 60)).default("00:20:00"),
    ],
);
