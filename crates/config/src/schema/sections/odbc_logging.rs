//! `system.webServer/odbcLogging` (IIS reference §4.3).

use crate::schema::types::Kind::Text;
use crate::schema::types::{AllowDefinition, AttributeTable, ElementTable, OverrideMode, SectionTable};

/// `odbcLogging`.
pub(in crate::schema) const ODBC_LOGGING: SectionTable = SectionTable {
    path: "system.webServer/odbcLogging",
    element: &ElementTable::new(
        "odbcLogging",
        &[
            AttributeTable::new("dataSource", Text).default("InternetDb").case_sensitive(),
            AttributeTable::new("tableName", Text).default("InternetLog").case_sensitive(),
            AttributeTable::new("userName", Text).default("InternetAdmin"),
            AttributeTable::new("password", Text).default("").case_sensitive().encrypted(),
        ],
    ),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};
