//! `requestFiltering` (IIS reference §4.2).

use crate::schema::checks::{file_extension, segment};
use crate::schema::types::Kind::{Bool, FilledText, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, OverrideMode, SectionTable, UINT,
};

/// `requestFiltering`.
pub(super) const REQUEST_FILTERING: SectionTable = SectionTable {
    path: "system.webServer/security/requestFiltering",
    element: &ElementTable::new(
        "requestFiltering",
        &[
            AttributeTable::new("allowDoubleEscaping", Bool).default("false"),
            AttributeTable::new("allowHighBitCharacters", Bool).default("true"),
            AttributeTable::new("unescapeQueryString", Bool).default("true"),
            AttributeTable::new("removeServerHeader", Bool),
        ],
    )
    .children(&[
        &FILE_EXTENSIONS,
        &REQUEST_LIMITS,
        &VERBS,
        &HIDDEN_SEGMENTS,
        &ElementTable::new("alwaysAllowedUrls", &[]).collection(&list(&URL)),
        &ElementTable::new("alwaysAllowedQueryStrings", &[]).collection(&list(&QUERY_STRING)),
        &ElementTable::new("denyUrlSequences", &[]).collection(&list(&SEQUENCE)),
        &ElementTable::new("denyQueryStringSequences", &[]).collection(&list(&SEQUENCE)),
        &ElementTable::new("filteringRules", &[])
            .collection(&CollectionTable::new("filteringRule", &FILTERING_RULE).with_remove()),
    ]),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Allow,
};

const fn list(entry: &'static ElementTable) -> CollectionTable {
    CollectionTable::new("add", entry).with_remove()
}

const URL: ElementTable = ElementTable::new("add", &[AttributeTable::new("url", FilledText).required().unique()]);

const QUERY_STRING: ElementTable =
    ElementTable::new("add", &[AttributeTable::new("queryString", FilledText).required().unique()]);

const SEQUENCE: ElementTable =
    ElementTable::new("add", &[AttributeTable::new("sequence", FilledText).required().unique()]);

const FILE_EXTENSIONS: ElementTable = ElementTable::new(
    "fileExtensions",
    &[
        AttributeTable::new("allowUnlisted", Bool).default("true"),
        AttributeTable::new("applyToWebDAV", Bool).default("true"),
    ],
)
.collection(&list(&ElementTable::new(
    "add",
    &[
        AttributeTable::new("fileExtension", FilledText).required().unique().check(file_extension),
        AttributeTable::new("allowed", Bool).default("true").required(),
    ],
)));

const REQUEST_LIMITS: ElementTable = ElementTable::new(
    "requestLimits",
    &[
        AttributeTable::new("maxAllowedContentLength", UINT).default("30000000"),
        AttributeTable::new("maxUrl", UINT).default("4096"),
        AttributeTable::new("maxQueryString", UINT).default("2048"),
    ],
)
.children(&[&ElementTable::new("headerLimits", &[]).collection(&list(&ElementTable::new(
    "add",
    &[AttributeTable::new("header", FilledText).required().unique(), AttributeTable::new("sizeLimit", UINT).required()],
)))]);

const VERBS: ElementTable = ElementTable::new(
    "verbs",
    &[
        AttributeTable::new("allowUnlisted", Bool).default("true"),
        AttributeTable::new("applyToWebDAV", Bool).default("true"),
    ],
)
.collection(&list(&ElementTable::new(
    "add",
    &[
        AttributeTable::new("verb", FilledText).required().unique().case_sensitive(),
        AttributeTable::new("allowed", Bool).required(),
    ],
)));

const HIDDEN_SEGMENTS: ElementTable =
    ElementTable::new("hiddenSegments", &[AttributeTable::new("applyToWebDAV", Bool).default("true")]).collection(
        &list(&ElementTable::new(
            "add",
            &[AttributeTable::new("segment", FilledText).required().unique().check(segment)],
        )),
    );

const FILTERING_RULE: ElementTable = ElementTable::new(
    "filteringRule",
    &[
        AttributeTable::new("name", Text).required().unique(),
        AttributeTable::new("scanUrl", Bool).default("false"),
        AttributeTable::new("scanQueryString", Bool).default("false"),
        AttributeTable::new("scanAllRaw", Bool).default("false"),
        AttributeTable::new("denyUnescapedPercent", Bool).default("true"),
    ],
)
.children(&[
    &ElementTable::new("scanHeaders", &[]).collection(&list(&ElementTable::new(
        "add",
        &[AttributeTable::new("requestHeader", FilledText).required().unique()],
    ))),
    &ElementTable::new("appliesTo", &[]).collection(&list(&ElementTable::new(
        "add",
        &[AttributeTable::new("fileExtension", FilledText).required().unique()],
    ))),
    &ElementTable::new("denyStrings", &[])
        .collection(&list(&ElementTable::new("add", &[AttributeTable::new("string", FilledText).required().unique()]))),
]);
