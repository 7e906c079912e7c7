//! Our own section group: what IIS has no attribute for (design decisions D2, D5, D7, D8, D10).

use crate::diagnostic::{Complaint, Findings};
use crate::reader::Declared;
use crate::schema::checks;
use crate::schema::types::Kind::{Bool, FilledText, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, Kind, OverrideMode, SectionTable, UINT, Word,
};

/// `limiter`.
pub(super) const LIMITER: SectionTable = SectionTable {
    path: "doorward/limiter",
    element: &ElementTable::new(
        "limiter",
        &[
            AttributeTable::new("countDenied", Bool).default("true"),
            AttributeTable::new("exemptAllowed", Bool).default("true"),
            AttributeTable::new("countLongLived", Bool).default("true"),
            AttributeTable::new("ipv6PrefixLength", Kind::uint(1, 128)).default("64"),
            AttributeTable::new("trustedProxies", Text).check(checks::networks),
            AttributeTable::new("trustAnyProxy", Bool).default("false"),
            AttributeTable::new("clientHeader", Text).default("X-Forwarded-For").check(checks::header_name),
            AttributeTable::new("listFile", Text),
            AttributeTable::new("tooManyRequests", Bool).default("false"),
            AttributeTable::new("rateLimitFields", Bool).default("false"),
            AttributeTable::new("penaltySeconds", Kind::uint(0, 86_400)).default("0"),
            AttributeTable::new("penaltySecondsMax", Kind::uint(1, 604_800)).default("3600"),
            AttributeTable::new("tarpitMs", Kind::uint(0, 60_000)).default("0"),
            AttributeTable::new("connectionsPerAddress", UINT),
            AttributeTable::new("handshakesPerSecond", UINT),
            AttributeTable::new("ipv6WiderPrefixLength", Kind::uint(1, 127)).default("48"),
            AttributeTable::new("ipv6WiderClients", Kind::uint(0, 16)).default("0"),
            AttributeTable::new("ipv6WiderSeconds", Kind::uint(1, 86_400)).default("60"),
        ],
    )
    .children(&[&ElementTable::new("limits", &[]).collection(&CollectionTable::new("limit", &LIMIT).with_remove())]),
    allow_definition: AllowDefinition::MachineToApplication,
    override_mode: OverrideMode::Deny,
};

/// One limit for some requests only.
const LIMIT: ElementTable = ElementTable::new(
    "limit",
    &[
        AttributeTable::new("name", FilledText).required().unique().check(checks::limit_name),
        AttributeTable::new("method", Text).check(checks::methods),
        AttributeTable::new("path", Text).check(checks::path_pattern),
        AttributeTable::new("maxRequests", UINT).default("0"),
        AttributeTable::new("requestIntervalInMilliseconds", Kind::uint(1, 4_294_967_295)).default("60000"),
        AttributeTable::new("maxConcurrentRequests", UINT).default("0"),
        AttributeTable::new("denyAction", Kind::Enum(LIMIT_ACTION)).default("Inherit"),
    ],
)
.check(check_limit);

/// As in `dynamicIpSecurity`, or what that says.
const LIMIT_ACTION: &[Word] = &[
    ("Inherit", 1),
    ("AbortRequest", 0),
    ("Unauthorized", 401),
    ("Forbidden", 403),
    ("NotFound", 404),
    ("TooManyRequests", 429),
];

fn check_limit(entry: &Declared, findings: &mut Findings) {
    let is_zero = |name: &str| entry.text(name).trim_start_matches('0').is_empty();
    if is_zero("maxRequests") && is_zero("maxConcurrentRequests") {
        let message = format!("the limit '{}' limits nothing", entry.text("name"));
        let hint = "write maxRequests (with requestIntervalInMilliseconds), maxConcurrentRequests, or both";
        findings.warning(&entry.origin, Complaint::new("limit", message).hint(hint));
    }
}

/// `proxy`.
pub(super) const PROXY: SectionTable = SectionTable {
    path: "doorward/proxy",
    element: &ElementTable::new(
        "proxy",
        &[
            AttributeTable::new("to", Text).check(checks::upstream),
            AttributeTable::new("connectTimeoutMs", Kind::uint(1, 3_600_000)).default("5000"),
            AttributeTable::new("responseTimeoutMs", Kind::uint(1, 86_400_000)).default("120000"),
        ],
    ),
    allow_definition: AllowDefinition::MachineToApplication,
    override_mode: OverrideMode::Deny,
};

/// `proxyProtocol`.
pub(super) const PROXY_PROTOCOL: SectionTable = SectionTable {
    path: "doorward/proxyProtocol",
    element: &ElementTable::new(
        "proxyProtocol",
        &[AttributeTable::new("trusted", FilledText).required().check(checks::networks)],
    ),
    allow_definition: AllowDefinition::MachineToApplication,
    override_mode: OverrideMode::Deny,
};

/// `paths`.
pub(super) const PATHS: SectionTable = SectionTable {
    path: "doorward/paths",
    element: &ElementTable::new("paths", &[]).collection(
        &CollectionTable::new(
            "map",
            &ElementTable::new(
                "map",
                &[
                    AttributeTable::new("from", FilledText).required().unique(),
                    AttributeTable::new("to", FilledText).required(),
                ],
            ),
        )
        .with_remove(),
    ),
    allow_definition: AllowDefinition::AppHostOnly,
    override_mode: OverrideMode::Deny,
};
