//! `system.webServer/globalModules` (IIS reference §4.4).

use crate::schema::types::Kind::Text;
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable,
};

/// `globalModules`.
pub(in crate::schema) const GLOBAL_MODULES: SectionTable = SectionTable {
    path: "system.webServer/globalModules",
    element: &ElementTable::new("globalModules", &[])
        .collection(&CollectionTable::new("add", &GLOBAL_MODULES_ENTRY).with_remove()),
    allow_definition: AllowDefinition::AppHostOnly,
    override_mode: OverrideMode::Deny,
};

const GLOBAL_MODULES_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("name", Text).required().unique().case_sensitive(),
        AttributeTable::new("image", Text).expanded(),
        AttributeTable::new("preCondition", Text).case_sensitive(),
    ],
);
