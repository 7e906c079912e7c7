//! `system.webServer/security/authentication/clientCertificateMappingAuthentication` (IIS reference §4.3).

use crate::schema::types::Kind::Bool;
use crate::schema::types::{AllowDefinition, AttributeTable, ElementTable, OverrideMode, SectionTable};

/// `clientCertificateMappingAuthentication`.
pub(in crate::schema) const CLIENT_CERTIFICATE_MAPPING_AUTHENTICATION: SectionTable = SectionTable {
    path: "system.webServer/security/authentication/clientCertificateMappingAuthentication",
    element: &ElementTable::new(
        "clientCertificateMappingAuthentication",
        &[AttributeTable::new("enabled", Bool).default("false")],
    ),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};
