//! `system.webServer/rewrite/outboundRules` (IIS reference §4.5).

use crate::schema::types::Kind::{Bool, Enum, FilledText, Flags, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, Kind, OverrideMode, SectionTable, Word,
};

/// `outboundRules`.
pub(in crate::schema) const OUTBOUND_RULES: SectionTable = SectionTable {
    path: "system.webServer/rewrite/outboundRules",
    element: &ElementTable::new("outboundRules", &[AttributeTable::new("rewriteBeforeCache", Bool).default("false")])
        .children(&[&CUSTOM_TAGS, &PRE_CONDITIONS])
        .collection(&CollectionTable::new("rule", &RULE).with_remove()),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};

const PRE_CONDITIONS: ElementTable = ElementTable::new("preConditions", &[])
    .collection(&CollectionTable::new("preCondition", &PRE_CONDITION).with_remove());

const PRE_CONDITION: ElementTable = ElementTable::new(
    "preCondition",
    &[
        AttributeTable::new("name", Text).required().unique(),
        AttributeTable::new("logicalGrouping", Enum(&[("MatchAll", 0), ("MatchAny", 1)])).default("MatchAll"),
        AttributeTable::new("patternSyntax", Enum(&[("ECMAScript", 0), ("Wildcard", 1), ("ExactMatch", 2)]))
            .default("ECMAScript"),
    ],
)
.collection(&CollectionTable::new("add", &CONDITIONS_ENTRY));

const CUSTOM_TAGS: ElementTable =
    ElementTable::new("customTags", &[]).collection(&CollectionTable::new("tags", &TAGS).with_remove());

const TAGS: ElementTable = ElementTable::new("tags", &[AttributeTable::new("name", Text).required().unique()])
    .collection(&CollectionTable::new("tag", &TAG).with_remove());

const TAG: ElementTable = ElementTable::new(
    "tag",
    &[
        AttributeTable::new("name", FilledText).required().combined(),
        AttributeTable::new("attribute", FilledText).required().combined(),
    ],
);

const RULE: ElementTable = ElementTable::new(
    "rule",
    &[
        AttributeTable::new("name", Text).required().unique(),
        AttributeTable::new("preCondition", Text),
        AttributeTable::new("enabled", Bool).default("true"),
        AttributeTable::new("patternSyntax", Enum(&[("ECMAScript", 0), ("Wildcard", 1), ("ExactMatch", 2)]))
            .default("ECMAScript"),
        AttributeTable::new("stopProcessing", Bool).default("false"),
    ],
)
.children(&[&MATCH, &CONDITIONS, &ACTION]);

const ACTION: ElementTable = ElementTable::new(
    "action",
    &[
        AttributeTable::new("type", Enum(&[("None", 0), ("Rewrite", 1)])).default("None"),
        AttributeTable::new("value", Text),
        AttributeTable::new("replace", Bool).default("true"),
    ],
);

const CONDITIONS: ElementTable = ElementTable::new(
    "conditions",
    &[
        AttributeTable::new("logicalGrouping", Enum(&[("MatchAll", 0), ("MatchAny", 1)])).default("MatchAll"),
        AttributeTable::new("trackAllCaptures", Bool).default("true"),
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
        AttributeTable::new("filterByTags", Flags(FILTER_BY_TAGS)).default("None"),
        AttributeTable::new("customTags", Text),
        AttributeTable::new("serverVariable", Text),
        AttributeTable::new("pattern", Text),
        AttributeTable::new("occurrences", Kind::long(i64::MIN + 1, i64::MAX)).default("0"),
        AttributeTable::new("ignoreCase", Bool).default("true"),
        AttributeTable::new("negate", Bool).default("false"),
    ],
);

const FILTER_BY_TAGS: &[Word] = &[
    ("None", 0),
    ("A", 1),
    ("Area", 2),
    ("Base", 4),
    ("Form", 8),
    ("Frame", 16),
    ("Head", 32),
    ("IFrame", 64),
    ("Img", 128),
    ("Input", 256),
    ("Link", 512),
    ("Script", 1024),
    ("CustomTags", 32768),
];
