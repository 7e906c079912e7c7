//! `system.webServer/aspNetCore` (IIS reference §4.4).

use crate::schema::types::Kind::{Bool, FilledText, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, Kind, OverrideMode, SectionTable,
};

/// `aspNetCore`.
pub(in crate::schema) const ASP_NET_CORE: SectionTable = SectionTable {
    path: "system.webServer/aspNetCore",
    element: &ElementTable::new(
        "aspNetCore",
        &[
            AttributeTable::new("processPath", Text).expanded(),
            AttributeTable::new("arguments", Text).default("").expanded(),
            AttributeTable::new("startupTimeLimit", Kind::uint(0, 3600)).default("120"),
            AttributeTable::new("shutdownTimeLimit", Kind::uint(0, 600)).default("10"),
            AttributeTable::new("rapidFailsPerMinute", Kind::uint(0, 100)).default("10"),
            AttributeTable::new("requestTimeout", Kind::span(0, 1_296_000)).default("00:02:00"),
            AttributeTable::new("stdoutLogEnabled", Bool).default("false"),
            AttributeTable::new("stdoutLogFile", Text).default(".\\aspnetcore-stdout").expanded(),
            AttributeTable::new("processesPerApplication", Kind::uint(1, 100)).default("1"),
            AttributeTable::new("forwardWindowsAuthToken", Bool).default("true"),
            AttributeTable::new("disableStartUpErrorPage", Bool).default("false"),
            AttributeTable::new("hostingModel", Text),
        ],
    )
    .children(&[&RECYCLE_ON_FILE_CHANGE, &ENVIRONMENT_VARIABLES, &HANDLER_SETTINGS]),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};

const HANDLER_SETTINGS: ElementTable = ElementTable::new("handlerSettings", &[])
    .collection(&CollectionTable::new("handlerSetting", &HANDLER_SETTING).with_clear().duplicates());

const HANDLER_SETTING: ElementTable = ElementTable::new(
    "handlerSetting",
    &[AttributeTable::new("name", FilledText).required(), AttributeTable::new("value", Text).required()],
);

const ENVIRONMENT_VARIABLES: ElementTable = ElementTable::new("environmentVariables", &[])
    .collection(&CollectionTable::new("environmentVariable", &ENVIRONMENT_VARIABLE).with_clear().duplicates());

const ENVIRONMENT_VARIABLE: ElementTable = ElementTable::new(
    "environmentVariable",
    &[AttributeTable::new("name", FilledText).required(), AttributeTable::new("value", Text).required()],
);

const RECYCLE_ON_FILE_CHANGE: ElementTable = ElementTable::new("recycleOnFileChange", &[])
    .collection(&CollectionTable::new("file", &FILE).with_clear().duplicates());

const FILE: ElementTable = ElementTable::new("file", &[AttributeTable::new("path", FilledText).required().expanded()]);
