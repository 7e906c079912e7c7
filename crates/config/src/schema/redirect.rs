//! `httpRedirect` and `httpProtocol` (IIS reference §4.1).

use crate::diagnostic::{Complaint, Findings};
use crate::reader::Declared;
use crate::schema::checks;
use crate::schema::types::Kind::{Bool, Enum, FilledText, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable,
};

/// `httpRedirect`.
pub(super) const HTTP_REDIRECT: SectionTable = SectionTable {
    path: "system.webServer/httpRedirect",
    element: &ElementTable::new(
        "httpRedirect",
        &[
            AttributeTable::new("enabled", Bool).default("false"),
            AttributeTable::new("destination", Text).check(checks::destination),
            AttributeTable::new("exactDestination", Bool).default("false"),
            AttributeTable::new("childOnly", Bool).default("false"),
            AttributeTable::new(
                "httpResponseStatus",
                Enum(&[("Permanent", 301), ("Found", 302), ("Temporary", 307), ("PermRedirect", 308)]),
            )
            .default("Found"),
        ],
    )
    .collection(
        &CollectionTable::new(
            "add",
            &ElementTable::new(
                "add",
                &[
                    AttributeTable::new("wildcard", FilledText).required().unique(),
                    AttributeTable::new("destination", FilledText).required().check(checks::destination),
                ],
            ),
        )
        .with_remove(),
    ),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};

/// `httpProtocol`.
pub(super) const HTTP_PROTOCOL: SectionTable = SectionTable {
    path: "system.webServer/httpProtocol",
    element: &ElementTable::new("httpProtocol", &[AttributeTable::new("allowKeepAlive", Bool).default("true")])
        .children(&[
            &ElementTable::new("customHeaders", &[]).collection(&CollectionTable::new("add", &HEADER).with_remove()),
            &ElementTable::new("redirectHeaders", &[]).collection(&CollectionTable::new("add", &HEADER).with_remove()),
        ]),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};

const HEADER: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("name", Text).unique().check(checks::response_header_name),
        AttributeTable::new("value", Text).case_sensitive(),
    ],
)
.check(header);

/// Fields that frame a message: only the server itself can say them (`plan` leaves them out).
const FRAMING: [&str; 7] =
    ["Connection", "Content-Length", "Date", "Keep-Alive", "Trailer", "Transfer-Encoding", "Upgrade"];

/// One header: what would end its line is refused, by its name; and what cannot be said is told of.
fn header(declared: &Declared, findings: &mut Findings) {
    let name = declared.text("name");
    if let Some(value) = declared.setting("value")
        && value.text.chars().any(|c| c.is_control() && c != '\t')
    {
        let message = format!("The 'value' attribute is invalid.  The value of {name} has a control character in it");
        findings.error(&value.origin, Complaint::new("value", message).hint("write it in one line"));
    }
    if FRAMING.iter().any(|own| own.eq_ignore_ascii_case(name)) {
        let message = format!("{name} frames the message: it is left out, the server says it itself");
        findings.warning(&declared.origin, Complaint::new("unused", message).hint("take the entry away"));
    }
}
