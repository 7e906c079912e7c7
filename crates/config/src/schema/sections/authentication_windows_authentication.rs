//! `system.webServer/security/authentication/windowsAuthentication` (IIS reference §4.3).

use crate::schema::types::Kind::{Bool, Enum, FilledText, Flags, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable, Word,
};

/// `windowsAuthentication`.
pub(in crate::schema) const WINDOWS_AUTHENTICATION: SectionTable = SectionTable {
    path: "system.webServer/security/authentication/windowsAuthentication",
    element: &ElementTable::new(
        "windowsAuthentication",
        &[
            AttributeTable::new("enabled", Bool).default("false"),
            AttributeTable::new("authPersistSingleRequest", Bool).default("false"),
            AttributeTable::new("authPersistNonNTLM", Bool).default("false"),
            AttributeTable::new("useKernelMode", Bool).default("true"),
            AttributeTable::new("useAppPoolCredentials", Bool).default("false"),
        ],
    )
    .children(&[&PROVIDERS, &EXTENDED_PROTECTION]),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};

const EXTENDED_PROTECTION: ElementTable = ElementTable::new(
    "extendedProtection",
    &[
        AttributeTable::new("tokenChecking", Enum(&[("None", 0), ("Allow", 1), ("Require", 2)])).default("None"),
        AttributeTable::new("flags", Flags(FLAGS)).default("None"),
    ],
)
.collection(&CollectionTable::new("spn", &SPN).named("removeSpn", "clearSpns"));

const SPN: ElementTable = ElementTable::new("spn", &[AttributeTable::new("name", FilledText).unique()]);

const FLAGS: &[Word] =
    &[("None", 0), ("Proxy", 1), ("NoServiceNameCheck", 2), ("AllowDotlessSpn", 4), ("ProxyCohosting", 32)];

const PROVIDERS: ElementTable =
    ElementTable::new("providers", &[]).collection(&CollectionTable::new("add", &PROVIDERS_ENTRY).with_remove());

const PROVIDERS_ENTRY: ElementTable = ElementTable::new("add", &[AttributeTable::new("value", Text).unique()]);
