//! `system.webServer/security/authentication/iisClientCertificateMappingAuthentication` (IIS reference §4.3).

use crate::schema::types::Kind::{Bool, Enum, FilledText, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable, Word,
};

/// `iisClientCertificateMappingAuthentication`.
pub(in crate::schema) const IIS_CLIENT_CERTIFICATE_MAPPING_AUTHENTICATION: SectionTable = SectionTable {
    path: "system.webServer/security/authentication/iisClientCertificateMappingAuthentication",
    element: &ElementTable::new(
        "iisClientCertificateMappingAuthentication",
        &[
            AttributeTable::new("enabled", Bool).default("false"),
            AttributeTable::new("oneToOneCertificateMappingsEnabled", Bool).default("true"),
            AttributeTable::new("manyToOneCertificateMappingsEnabled", Bool).default("true"),
            AttributeTable::new("defaultLogonDomain", Text),
            AttributeTable::new("logonMethod", Enum(LOGON_METHOD)).default("ClearText"),
        ],
    )
    .children(&[&MANY_TO_ONE_MAPPINGS, &ONE_TO_ONE_MAPPINGS]),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};

const ONE_TO_ONE_MAPPINGS: ElementTable = ElementTable::new("oneToOneMappings", &[])
    .collection(&CollectionTable::new("add", &ONE_TO_ONE_MAPPINGS_ENTRY).with_clear());

const ONE_TO_ONE_MAPPINGS_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("enabled", Bool).default("true"),
        AttributeTable::new("userName", Text),
        AttributeTable::new("password", Text).default("").case_sensitive().encrypted(),
        AttributeTable::new("certificate", Text).required().unique().case_sensitive(),
    ],
);

const MANY_TO_ONE_MAPPINGS: ElementTable = ElementTable::new("manyToOneMappings", &[])
    .collection(&CollectionTable::new("add", &MANY_TO_ONE_MAPPINGS_ENTRY).with_clear());

const MANY_TO_ONE_MAPPINGS_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("name", FilledText).required().unique(),
        AttributeTable::new("description", Text),
        AttributeTable::new("enabled", Bool).default("true"),
        AttributeTable::new("permissionMode", Enum(&[("Allow", 1), ("Deny", 2)])).default("Allow"),
        AttributeTable::new("userName", FilledText),
        AttributeTable::new("password", Text).default("").case_sensitive().encrypted(),
    ],
)
.children(&[&RULES]);

const RULES: ElementTable =
    ElementTable::new("rules", &[]).collection(&CollectionTable::new("add", &RULES_ENTRY).with_clear());

const RULES_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("certificateField", Enum(&[("Subject", 1), ("Issuer", 2)])).required().combined(),
        AttributeTable::new("certificateSubField", Text).required().combined().case_sensitive(),
        AttributeTable::new("matchCriteria", Text).required().combined().case_sensitive(),
        AttributeTable::new("compareCaseSensitive", Bool).default("true").combined(),
    ],
);

const LOGON_METHOD: &[Word] = &[("Interactive", 0), ("Batch", 1), ("Network", 2), ("ClearText", 3)];
