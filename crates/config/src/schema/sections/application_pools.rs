//! `system.applicationHost/applicationPools` (IIS reference §1.8).

use crate::schema::checks;
use crate::schema::types::Kind::{Bool, Enum, FilledText, Flags, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, Kind, OverrideMode, SectionTable, UINT, Word,
};

/// `applicationPools`.
pub(in crate::schema) const APPLICATION_POOLS: SectionTable = SectionTable {
    path: "system.applicationHost/applicationPools",
    element: &ElementTable::new("applicationPools", &[])
        .children(&[&APPLICATION_POOL_DEFAULTS])
        .collection(&CollectionTable::new("add", &APPLICATION_POOLS_ENTRY)),
    allow_definition: AllowDefinition::AppHostOnly,
    override_mode: OverrideMode::Deny,
};

const APPLICATION_POOL_DEFAULTS: ElementTable = APPLICATION_POOLS_ENTRY.defaults("applicationPoolDefaults");

const APPLICATION_POOLS_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("name", Text).required().unique().check(checks::pool_name),
        AttributeTable::new("queueLength", Kind::uint(10, 65_535)).default("1000"),
        AttributeTable::new("autoStart", Bool).default("true"),
        AttributeTable::new("enable32BitAppOnWin64", Bool).default("false"),
        AttributeTable::new("managedRuntimeVersion", Text).default(""),
        AttributeTable::new("managedRuntimeLoader", Text).default("webengine4.dll"),
        AttributeTable::new("enableConfigurationOverride", Bool).default("true"),
        AttributeTable::new("managedPipelineMode", Enum(&[("Integrated", 0), ("Classic", 1)])).default("Integrated"),
        AttributeTable::new("CLRConfigFile", Text).default("").expanded(),
        AttributeTable::new("passAnonymousToken", Bool).default("true"),
        AttributeTable::new("startMode", Enum(&[("OnDemand", 0), ("AlwaysRunning", 1)])).default("OnDemand"),
    ],
)
.children(&[&PROCESS_MODEL, &RECYCLING, &FAILURE, &CPU, &ENVIRONMENT_VARIABLES]);

const ENVIRONMENT_VARIABLES: ElementTable = ElementTable::new("environmentVariables", &[])
    .collection(&CollectionTable::new("add", &ENVIRONMENT_VARIABLES_ENTRY).with_remove_only());

const ENVIRONMENT_VARIABLES_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[AttributeTable::new("name", FilledText).required().unique(), AttributeTable::new("value", FilledText).required()],
);

const CPU: ElementTable = ElementTable::new(
    "cpu",
    &[
        AttributeTable::new("limit", Kind::uint(0, 100_000)).default("0"),
        AttributeTable::new("action", Enum(ACTION)).default("NoAction"),
        AttributeTable::new("resetInterval", Kind::span_step(0, 86_400, 60)).default("00:05:00"),
        AttributeTable::new("smpAffinitized", Bool).default("false"),
        AttributeTable::new("smpProcessorAffinityMask", UINT).default("4294967295"),
        AttributeTable::new("smpProcessorAffinityMask2", UINT).default("4294967295"),
        AttributeTable::new("processorGroup", Kind::long(0, 2_147_483_647)).default("0"),
        AttributeTable::new("numaNodeAssignment", Enum(&[("MostAvailableMemory", 0), ("WindowsScheduling", 1)]))
            .default("MostAvailableMemory"),
        AttributeTable::new("numaNodeAffinityMode", Enum(&[("Soft", 0), ("Hard", 1)])).default("Soft"),
    ],
);

const ACTION: &[Word] = &[("NoAction", 0), ("KillW3wp", 1), ("Throttle", 2), ("ThrottleUnderLoad", 3)];

const FAILURE: ElementTable = ElementTable::new(
    "failure",
    &[
        AttributeTable::new("loadBalancerCapabilities", Enum(&[("TcpLevel", 1), ("HttpLevel", 2)]))
            .default("HttpLevel"),
        AttributeTable::new("orphanWorkerProcess", Bool).default("false"),
        AttributeTable::new("orphanActionExe", Text).expanded(),
        AttributeTable::new("orphanActionParams", Text).expanded(),
        AttributeTable::new("rapidFailProtection", Bool).default("true"),
        AttributeTable::new("rapidFailProtectionInterval", Kind::span_step(60, 8_640_000, 60)).default("00:05:00"),
        AttributeTable::new("rapidFailProtectionMaxCrashes", Kind::uint(1, 2_147_483_647)).default("5"),
        AttributeTable::new("autoShutdownExe", Text).expanded(),
        AttributeTable::new("autoShutdownParams", Text).expanded(),
    ],
);

const RECYCLING: ElementTable = ElementTable::new(
    "recycling",
    &[
        AttributeTable::new("disallowOverlappingRotation", Bool).default("false"),
        AttributeTable::new("disallowRotationOnConfigChange", Bool).default("false"),
        AttributeTable::new("logEventOnRecycle", Flags(LOG_EVENT_ON_RECYCLE))
            .default("Time, Requests, Schedule, Memory, IsapiUnhealthy, OnDemand, ConfigChange, PrivateMemory"),
    ],
)
.children(&[&PERIODIC_RESTART]);

const PERIODIC_RESTART: ElementTable = ElementTable::new(
    "periodicRestart",
    &[
        AttributeTable::new("memory", UINT).default("0"),
        AttributeTable::new("privateMemory", UINT).default("0"),
        AttributeTable::new("requests", UINT).default("0"),
        AttributeTable::new("time", Kind::span_step(0, 25_920_000, 60)).default("1.05:00:00"),
    ],
)
.children(&[&SCHEDULE]);

const SCHEDULE: ElementTable =
    ElementTable::new("schedule", &[]).collection(&CollectionTable::new("add", &SCHEDULE_ENTRY).with_clear());

const SCHEDULE_ENTRY: ElementTable =
    ElementTable::new("add", &[AttributeTable::new("value", Kind::span_step(0, 86_399, 60)).required().unique()]);

const LOG_EVENT_ON_RECYCLE: &[Word] = &[
    ("Time", 1),
    ("Requests", 2),
    ("Schedule", 4),
    ("Memory", 8),
    ("IsapiUnhealthy", 16),
    ("OnDemand", 32),
    ("ConfigChange", 64),
    ("PrivateMemory", 128),
];

const PROCESS_MODEL: ElementTable = ElementTable::new(
    "processModel",
    &[
        AttributeTable::new("identityType", Enum(IDENTITY_TYPE)).default("ApplicationPoolIdentity"),
        AttributeTable::new("userName", Text),
        AttributeTable::new("password", Text).default("").case_sensitive().encrypted(),
        AttributeTable::new("loadUserProfile", Bool).default("false"),
        AttributeTable::new("setProfileEnvironment", Bool).default("true"),
        AttributeTable::new("logonType", Enum(&[("LogonBatch", 0), ("LogonService", 1)])).default("LogonBatch"),
        AttributeTable::new("manualGroupMembership", Bool).default("false"),
        AttributeTable::new("idleTimeout", Kind::span_step(0, 2_592_000, 60)).default("00:20:00"),
        AttributeTable::new("idleTimeoutAction", Enum(&[("Terminate", 0), ("Suspend", 1)])).default("Terminate"),
        AttributeTable::new("maxProcesses", Kind::uint(0, 2_147_483_647)).default("1"),
        AttributeTable::new("shutdownTimeLimit", Kind::span(1, 4_294_967)).default("00:01:30"),
        AttributeTable::new("startupTimeLimit", Kind::span(1, 4_294_967)).default("00:01:30"),
        AttributeTable::new("pingingEnabled", Bool).default("true"),
        AttributeTable::new("pingInterval", Kind::span(1, 4_294_967)).default("00:00:30"),
        AttributeTable::new("pingResponseTime", Kind::span(1, 4_294_967)).default("00:01:30"),
        AttributeTable::new("logEventOnProcessModel", Flags(&[("IdleTimeout", 1)])).default("IdleTimeout"),
    ],
);

const IDENTITY_TYPE: &[Word] = &[
    ("LocalSystem", 0),
    ("LocalService", 1),
    ("NetworkService", 2),
    ("SpecificUser", 3),
    ("ApplicationPoolIdentity", 4),
];
