//! `system.webServer/rewrite/allowedServerVariables` (IIS reference §4.5).

use crate::schema::types::Kind::Text;
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable,
};

/// `allowedServerVariables`.
pub(in crate::schema) const ALLOWED_SERVER_VARIABLES: SectionTable = SectionTable {
    path: "system.webServer/rewrite/allowedServerVariables",
    element: &ElementTable::new("allowedServerVariables", &[])
        .collection(&CollectionTable::new("add", &ALLOWED_SERVER_VARIABLES_ENTRY).with_remove()),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};

const ALLOWED_SERVER_VARIABLES_ENTRY: ElementTable =
    ElementTable::new("add", &[AttributeTable::new("name", Text).required().unique()]);
