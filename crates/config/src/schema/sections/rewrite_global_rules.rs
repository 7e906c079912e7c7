//! `system.webServer/rewrite/globalRules` (IIS reference §4.5).

use crate::schema::checks;
use crate::schema::types::Kind::{Bool, Enum, FilledText, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, Kind, OverrideMode, SectionTable, Word,
};

/// `globalRules`.
pub(in crate::schema) const GLOBAL_RULES: SectionTable = SectionTable {
    path: "system.webServer/rewrite/globalRules",
    element: &ElementTable::new("globalRules", &[]).collection(&CollectionTable::new("rule", &RULE).with_remove()),
    allow_definition: AllowDefinition::AppHostOnly,
    override_mode: OverrideMode::Deny,
};

const RULE: ElementTable = ElementTable::new(
    "rule",
    &[
        AttributeTable::new("name", Text).required().unique(),
        AttributeTable::new("enabled", Bool).default("true"),
        AttributeTable::new("patternSyntax", Enum(&[("ECMAScript", 0), ("Wildcard", 1), ("ExactMatch", 2)]))
            .default("ECMAScript"),
        AttributeTable::new("stopProcessing", Bool).default("false"),
    ],
)
.children(&[&MATCH, &CONDITIONS, &SERVER_VARIABLES, &ACTION]);

const ACTION: ElementTable = ElementTable::new(
    "action",
    &[
        AttributeTable::new("type", Enum(TYPE)).default("None"),
        AttributeTable::new("url", Text).check(checks::trimmed),
        AttributeTable::new("appendQueryString", Bool).default("true"),
        AttributeTable::new("redirectType", Enum(REDIRECT_TYPE)).default("Permanent"),
        AttributeTable::new("statusCode", Kind::uint_outside(300, 307)).default("0"),
        AttributeTable::new("subStatusCode", Kind::uint(0, 999)).default("0"),
        AttributeTable::new("statusReason", Text),
        AttributeTable::new("statusDescription", Text),
    ],
);

const REDIRECT_TYPE: &[Word] = &[("Permanent", 301), ("Found", 302), ("SeeOther", 303), ("Temporary", 307)];

const TYPE: &[Word] = &[("None", 0), ("Rewrite", 1), ("Redirect", 2), ("CustomResponse", 3), ("AbortRequest", 4)];

const SERVER_VARIABLES: ElementTable =
    ElementTable::new("serverVariables", &[]).collection(&CollectionTable::new("set", &SET));

const SET: ElementTable = ElementTable::new(
    "set",
    &[
        AttributeTable::new("name", Text).required().unique().check(checks::trimmed),
        AttributeTable::new("value", Text),
        AttributeTable::new("replace", Bool).default("true"),
    ],
);

const CONDITIONS: ElementTable = ElementTable::new(
    "conditions",
    &[
        AttributeTable::new("logicalGrouping", Enum(&[("MatchAll", 0), ("MatchAny", 1)])).default("MatchAll"),
        AttributeTable::new("trackAllCaptures", Bool).default("false"),
    ],
)
.collection(&CollectionTable::new("add", &CONDITIONS_ENTRY));

const CONDITIONS_ENTRY: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("input", Text).combined(),
        AttributeTable::new("matchType", Enum(&[("Pattern", 0), ("IsFile", 1), ("IsDirectory", 2)]))
            .default("Pattern")
            .combined(),
        AttributeTable::new("pattern", Text).combined(),
        AttributeTable::new("ignoreCase", Bool).default("true").combined(),
        AttributeTable::new("negate", Bool).default("false").combined(),
    ],
);

const MATCH: ElementTable = ElementTable::new(
    "match",
    &[
        AttributeTable::new("url", FilledText),
        AttributeTable::new("ignoreCase", Bool).default("true"),
        AttributeTable::new("negate", Bool).default("false"),
    ],
);
