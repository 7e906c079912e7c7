//! `system.applicationHost/log`, `webLimits` and `listenerAdapters` (IIS reference §1.9).

use crate::schema::types::Kind::{Bool, Enum, FilledText, Flags, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, Kind, OverrideMode, SectionTable, UINT, Word,
};

/// Columns of a W3C log and their bits.
pub(super) const LOG_FIELDS: &[Word] = &[
    ("Date", 1),
    ("Time", 2),
    ("ClientIP", 4),
    ("UserName", 8),
    ("SiteName", 16),
    ("ComputerName", 32),
    ("ServerIP", 64),
    ("Method", 128),
    ("UriStem", 256),
    ("UriQuery", 512),
    ("HttpStatus", 1024),
    ("Win32Status", 2048),
    ("BytesSent", 4096),
    ("BytesRecv", 8192),
    ("TimeTaken", 16_384),
    ("ServerPort", 32_768),
    ("UserAgent", 65_536),
    ("Cookie", 131_072),
    ("Referer", 262_144),
    ("ProtocolVersion", 524_288),
    ("Host", 1_048_576),
    ("HttpSubStatus", 2_097_152),
];

/// Layouts of a log line.
pub(super) const LOG_FORMAT: &[Word] = &[("IIS", 0), ("NCSA", 1), ("W3C", 2), ("Custom", 3)];

/// When a new log file is begun.
pub(super) const LOG_PERIOD: &[Word] = &[("MaxSize", 0), ("Daily", 1), ("Weekly", 2), ("Monthly", 3), ("Hourly", 4)];

/// `log`.
pub(super) const LOG: SectionTable = SectionTable {
    path: "system.applicationHost/log",
    element: &ElementTable::new(
        "log",
        &[
            AttributeTable::new("logInUTF8", Bool).default("true"),
            AttributeTable::new("centralLogFileMode", Enum(&[("Site", 0), ("CentralBinary", 1), ("CentralW3C", 2)]))
                .default("Site"),
        ],
    )
    .children(&[&CENTRAL_BINARY, &CENTRAL_W3C]),
    allow_definition: AllowDefinition::AppHostOnly,
    override_mode: OverrideMode::Deny,
};

const DIRECTORY: &str = "%SystemDrive%\\inetpub\\logs\\LogFiles";

const CENTRAL_BINARY: ElementTable = ElementTable::new(
    "centralBinaryLogFile",
    &[
        AttributeTable::new("enabled", Bool).default("false"),
        AttributeTable::new("directory", Text).default(DIRECTORY).expanded(),
        AttributeTable::new("period", Enum(LOG_PERIOD)).default("Daily"),
        AttributeTable::new("truncateSize", Kind::long(1_048_576, 4_294_967_295)).default("20971520"),
        AttributeTable::new("localTimeRollover", Bool).default("false"),
    ],
);

const CENTRAL_W3C: ElementTable = ElementTable::new(
    "centralW3CLogFile",
    &[
        AttributeTable::new("enabled", Bool).default("true"),
        AttributeTable::new("directory", FilledText).default(DIRECTORY).expanded(),
        AttributeTable::new("period", Enum(LOG_PERIOD)).default("Daily"),
        AttributeTable::new("truncateSize", Kind::long(1_048_576, 4_294_967_295)).default("20971520"),
        AttributeTable::new("localTimeRollover", Bool).default("false"),
        AttributeTable::new("logExtFileFlags", Flags(LOG_FIELDS)).default(
            "Date, Time, ClientIP, UserName, SiteName, ServerIP, Method, UriStem, UriQuery, TimeTaken, HttpStatus, \
             Win32Status, ServerPort, UserAgent, HttpSubStatus, Referer",
        ),
    ],
);

/// `webLimits`.
pub(super) const WEB_LIMITS: SectionTable = SectionTable {
    path: "system.applicationHost/webLimits",
    element: &ElementTable::new(
        "webLimits",
        &[
            AttributeTable::new("maxGlobalBandwidth", Kind::uint_outside(0, 1023)).default("4294967295"),
            AttributeTable::new("connectionTimeout", Kind::span(0, u32::MAX as i64)).default("00:02:00"),
            AttributeTable::new("demandStartThreshold", Kind::uint(10, 2_147_483_647)).default("2147483647"),
            AttributeTable::new("dynamicIdleThreshold", Kind::uint(0, 10_000)).default("0"),
            AttributeTable::new("headerWaitTimeout", Kind::span(0, 65_535)).default("00:00:00"),
            AttributeTable::new("minBytesPerSecond", UINT).default("240"),
            AttributeTable::new("dynamicRegistrationThreshold", UINT).default("100"),
        ],
    ),
    allow_definition: AllowDefinition::AppHostOnly,
    override_mode: OverrideMode::Deny,
};

/// `listenerAdapters`: which protocols the machine has.
pub(super) const LISTENER_ADAPTERS: SectionTable = SectionTable {
    path: "system.applicationHost/listenerAdapters",
    element: &ElementTable::new("listenerAdapters", &[]).collection(&CollectionTable::new(
        "add",
        &ElementTable::new(
            "add",
            &[
                AttributeTable::new("name", Text).required().unique(),
                AttributeTable::new("identity", Text),
                AttributeTable::new("protocolManagerDll", Text),
                AttributeTable::new("protocolManagerDllInitFunction", Text).case_sensitive(),
            ],
        ),
    )),
    allow_definition: AllowDefinition::AppHostOnly,
    override_mode: OverrideMode::Deny,
};
