//! `system.webServer/proxy` (IIS reference §4.5).

use crate::schema::types::Kind::{Bool, Enum, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, ElementTable, Kind, OverrideMode, SPAN, SectionTable, UINT,
};

/// `proxy`.
pub(in crate::schema) const PROXY: SectionTable = SectionTable {
    path: "system.webServer/proxy",
    element: &ElementTable::new(
        "proxy",
        &[
            AttributeTable::new("enabled", Bool).default("false"),
            AttributeTable::new("passConnectionCloseHeader", Bool).default("false"),
            AttributeTable::new("passServerHeader", Enum(&[("Replace", 0), ("Remove", 1), ("PassThrough", 2)]))
                .default("Replace"),
            AttributeTable::new("httpVersion", Enum(&[("Http10", 0), ("Http11", 1), ("PassThrough", 2)]))
                .default("PassThrough"),
            AttributeTable::new("keepAlive", Bool).default("true"),
            AttributeTable::new("timeout", Kind::span(1, 86_400)).default("00:02:00"),
            AttributeTable::new("preserveHostHeader", Bool).default("false"),
            AttributeTable::new("reverseRewriteHostInResponseHeaders", Bool).default("true"),
            AttributeTable::new("xForwardedByHeaderName", Text).default("X-Forwarded-By"),
            AttributeTable::new("xForwardedByHeader", Text),
            AttributeTable::new("xForwardedForHeaderName", Text).default("X-Forwarded-For"),
            AttributeTable::new("includePortInXForwardedFor", Bool).default("true"),
            AttributeTable::new("arrResponseHeader", Bool).default("true"),
            AttributeTable::new("sslHeaderName", Text).default("X-ARR-SSL"),
            AttributeTable::new("clientCertHeaderName", Text).default("X-ARR-ClientCert"),
            AttributeTable::new("logGuidName", Text).default("X-ARR-LOG-ID"),
            AttributeTable::new("logCacheHitName", Text).default("X-ARR-CACHE-HIT"),
            AttributeTable::new("maxForwards", UINT).default("10"),
            AttributeTable::new("minResponseBuffer", Kind::uint(0, 4_194_303)).default("256"),
            AttributeTable::new("responseBufferLimit", Kind::uint(0, 4_194_303)).default("4096"),
            AttributeTable::new("maxResponseHeaderSize", UINT).default("65536"),
            AttributeTable::new("proxy", Text),
            AttributeTable::new("proxyBypass", Text),
            AttributeTable::new("stealthMode", Bool).default("false"),
            AttributeTable::new("clientCertFileName", Text),
            AttributeTable::new("clientCertPassword", Text).default("").case_sensitive().encrypted(),
            AttributeTable::new("clientCertHash", Text),
            AttributeTable::new("bufferChunkedResponses", Bool).default("true"),
        ],
    )
    .children(&[&CACHE]),
    allow_definition: AllowDefinition::AppHostOnly,
    override_mode: OverrideMode::Deny,
};

const CACHE: ElementTable = ElementTable::new(
    "cache",
    &[
        AttributeTable::new("enabled", Bool).default("true"),
        AttributeTable::new("requestConsolidationEnabled", Bool).default("false"),
        AttributeTable::new("requestConsolidationTimeout", SPAN).default("00:00:00.1"),
        AttributeTable::new("queryStringHandling", Enum(&[("Ignore", 0), ("NoCaching", 1), ("Accept", 2)]))
            .default("Ignore"),
        AttributeTable::new("validationInterval", Kind::span(0, 86_400)).default("00:01:00"),
    ],
);
