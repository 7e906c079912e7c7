//! `system.applicationHost/sites` (IIS reference §1.1, with `hsts` and the certificate attributes of later versions).

use crate::diagnostic::Complaint;
use crate::schema::checks;
use crate::schema::log::{LOG_FIELDS, LOG_FORMAT, LOG_PERIOD};
use crate::schema::types::Kind::{Bool, Enum, FilledText, Flags, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, Kind, OverrideMode, SectionTable, UINT,
};

/// The section.
pub(super) const SITES: SectionTable = SectionTable {
    path: "system.applicationHost/sites",
    element: &ElementTable::new("sites", &[])
        .children(&[&SITE_DEFAULTS, &APPLICATION_DEFAULTS, &VIRTUAL_DIRECTORY_DEFAULTS])
        .collection(&CollectionTable::new("site", &SITE).isolated()),
    allow_definition: AllowDefinition::AppHostOnly,
    override_mode: OverrideMode::Deny,
};

const SITE: ElementTable = ElementTable::new(
    "site",
    &[
        AttributeTable::new("name", Text).required().unique().check(site_name),
        AttributeTable::new("id", UINT).required().unique(),
        AttributeTable::new("serverAutoStart", Bool).default("true"),
    ],
)
.children(&[
    &BINDINGS,
    &LIMITS,
    &LOG_FILE,
    &TRACE_FAILED_REQUESTS_LOGGING,
    &HSTS,
    &APPLICATION_DEFAULTS,
    &VIRTUAL_DIRECTORY_DEFAULTS,
])
.collection(&CollectionTable::new("application", &APPLICATION));

const SITE_DEFAULTS: ElementTable = SITE.defaults("siteDefaults");
const APPLICATION_DEFAULTS: ElementTable = APPLICATION.defaults("applicationDefaults");
const VIRTUAL_DIRECTORY_DEFAULTS: ElementTable = VIRTUAL_DIRECTORY.defaults("virtualDirectoryDefaults");

const BINDINGS: ElementTable =
    ElementTable::new("bindings", &[]).collection(&CollectionTable::new("binding", &BINDING).with_clear());

// `bindingInformation` may be empty here: a binding without an end point is kept and warned about (decision D16).
const BINDING: ElementTable = ElementTable::new(
    "binding",
    &[
        AttributeTable::new("protocol", FilledText).required().combined(),
        AttributeTable::new("bindingInformation", Text).required().combined(),
        AttributeTable::new("sslFlags", Kind::uint(0, 127)).default("0"),
        AttributeTable::new("certificateHash", Text).check(checks::hexadecimal),
        AttributeTable::new("certificateStoreName", Text).default("MY"),
        AttributeTable::new("isDsMapperEnabled", Bool).default("false"),
    ],
);

const LIMITS: ElementTable = ElementTable::new(
    "limits",
    &[
        AttributeTable::new("maxBandwidth", Kind::uint_outside(0, 1023)).default("4294967295"),
        AttributeTable::new("maxConnections", UINT).default("4294967295"),
        AttributeTable::new("connectionTimeout", Kind::span(0, 65_535)).default("00:02:00"),
        AttributeTable::new("maxUrlSegments", Kind::uint(0, 16_383)).default("32"),
    ],
);

const LOG_FILE: ElementTable = ElementTable::new(
    "logFile",
    &[
        AttributeTable::new("logExtFileFlags", Flags(LOG_FIELDS)).default(
            "Date, Time, ClientIP, UserName, ServerIP, Method, UriStem, UriQuery, TimeTaken, HttpStatus, Win32Status, \
             ServerPort, UserAgent, HttpSubStatus, Referer",
        ),
        AttributeTable::new("customLogPluginClsid", Text).default(""),
        AttributeTable::new("logFormat", Enum(LOG_FORMAT)).default("W3C"),
        AttributeTable::new("logTargetW3C", Flags(&[("File", 1), ("ETW", 2)])).default("File"),
        AttributeTable::new("directory", FilledText).default("%SystemDrive%\\inetpub\\logs\\LogFiles").expanded(),
        AttributeTable::new("period", Enum(LOG_PERIOD)).default("Daily"),
        AttributeTable::new("truncateSize", Kind::long(1_048_576, 4_294_967_295)).default("20971520"),
        AttributeTable::new("localTimeRollover", Bool).default("false"),
        AttributeTable::new("enabled", Bool).default("true"),
        AttributeTable::new("logSiteId", Bool).default("true"),
        AttributeTable::new("flushByEntryCountW3CLog", UINT).default("0"),
        AttributeTable::new("maxLogLineLength", Kind::uint(2, 65_536)).default("65536"),
    ],
)
.children(&[&CUSTOM_FIELDS]);

const CUSTOM_FIELDS: ElementTable = ElementTable::new(
    "customFields",
    &[AttributeTable::new("maxCustomFieldLength", Kind::uint(2, 65_536)).default("4096")],
)
.collection(&CollectionTable::new("add", &CUSTOM_FIELD).with_clear());

const CUSTOM_FIELD: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("logFieldName", FilledText).required().unique(),
        AttributeTable::new("sourceName", FilledText).required(),
        AttributeTable::new("sourceType", Enum(&[("RequestHeader", 0), ("ResponseHeader", 1), ("ServerVariable", 2)]))
            .required(),
    ],
);

const TRACE_FAILED_REQUESTS_LOGGING: ElementTable = ElementTable::new(
    "traceFailedRequestsLogging",
    &[
        AttributeTable::new("enabled", Bool).default("false"),
        AttributeTable::new("directory", Text).default("%SystemDrive%\\inetpub\\logs\\FailedReqLogFiles").expanded(),
        AttributeTable::new("maxLogFiles", Kind::uint(1, 10_000)).default("50"),
        AttributeTable::new("maxLogFileSizeKB", Kind::uint(0, 1_048_576)).default("1024"),
        AttributeTable::new("customActionsEnabled", Bool).default("false"),
    ],
);

const HSTS: ElementTable = ElementTable::new(
    "hsts",
    &[
        AttributeTable::new("enabled", Bool).default("false"),
        AttributeTable::new("max-age", UINT).default("0"),
        AttributeTable::new("includeSubDomains", Bool).default("false"),
        AttributeTable::new("preload", Bool).default("false"),
        AttributeTable::new("redirectHttpToHttps", Bool).default("false"),
    ],
);

const APPLICATION: ElementTable = ElementTable::new(
    "application",
    &[
        AttributeTable::new("path", Text).required().unique().check(application_path),
        AttributeTable::new("applicationPool", Text),
        AttributeTable::new("enabledProtocols", Text).default("http"),
        AttributeTable::new("serviceAutoStartEnabled", Bool).default("false"),
        AttributeTable::new("serviceAutoStartProvider", Text),
        AttributeTable::new("preloadEnabled", Bool).default("false"),
    ],
)
.children(&[&VIRTUAL_DIRECTORY_DEFAULTS])
.collection(&CollectionTable::new("virtualDirectory", &VIRTUAL_DIRECTORY));

const VIRTUAL_DIRECTORY: ElementTable = ElementTable::new(
    "virtualDirectory",
    &[
        AttributeTable::new("path", Text).required().unique().check(virtual_directory_path),
        AttributeTable::new("physicalPath", Text).expanded(),
        AttributeTable::new("userName", Text),
        AttributeTable::new("password", Text).default("").case_sensitive().encrypted(),
        AttributeTable::new("logonMethod", Enum(&[("Interactive", 0), ("Batch", 1), ("Network", 2), ("ClearText", 3)]))
            .default("ClearText"),
        AttributeTable::new("allowSubDirConfig", Bool).default("true"),
    ],
);

/// Longest site name, in characters: it becomes part of paths.
const SITE_NAME_CHARACTERS_MAX: usize = 260;

/// Whether IIS's validator `siteName` takes the name, and it is safe as part of a path.
pub(crate) fn is_site_name(name: &str) -> bool {
    let barred = |c: char| r#"\/?;:@&=+$,|"<>"#.contains(c) || c.is_control();
    let blank = name.trim().is_empty() || name == "." || name == "..";
    !blank && !name.contains(barred) && name.chars().count() <= SITE_NAME_CHARACTERS_MAX
}

/// What to say about a name that the validator refuses.
pub(crate) fn not_a_site_name() -> Complaint {
    Complaint::new("value", "Invalid site name").hint(
        r#"a name is not blank, '.' or '..', has at most 260 characters and none of \ / ? ; : @ & = + $ , | " < >"#,
    )
}

pub(crate) fn site_name(text: &str) -> Result<(), Complaint> {
    if is_site_name(text) { Ok(()) } else { Err(not_a_site_name()) }
}

pub(crate) fn application_path(text: &str) -> Result<(), Complaint> {
    url_path(text, "application")
}

pub(crate) fn virtual_directory_path(text: &str) -> Result<(), Complaint> {
    url_path(text, "virtual directory")
}

fn url_path(text: &str, what: &str) -> Result<(), Complaint> {
    let segments = text.strip_prefix('/');
    let fits =
        |segment: &str| !segment.is_empty() && segment != "." && segment != ".." && !segment.contains(['\\', '?', '#']);
    match segments {
        Some("") => Ok(()),
        Some(rest) if rest.split('/').all(fits) => Ok(()),
        Some(_) | None => Err(Complaint::new("value", format!("Invalid {what} path {text}"))
            .hint("a path starts with '/', does not end with it, and has no '.' or '..' segment")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: fn(&str) -> Result<(), Complaint>, text: &str, fits: bool) {
        assert_eq!(rule(text).is_ok(), fits, "{text:?}");
    }

    #[test]
    fn names() {
        check(site_name, "Default Web Site (2)", true);
        check(site_name, "a.b-c_d", true);
        check(site_name, &"a".repeat(260), true);
        check(site_name, &"a".repeat(261), false);
        for wrong in ["", " ", ".", "..", "a/b", "a\\b", "a\"b", "a\nb", "a<b"] {
            check(site_name, wrong, false);
        }
    }

    #[test]
    fn url_paths() {
        check(application_path, "/", true);
        check(application_path, "/a b/c", true);
        for wrong in ["", "app", "/app/", "//", "/a//b", "/../x", "/./x", "/a\\b"] {
            check(application_path, wrong, false);
        }
        assert_eq!(virtual_directory_path("x").unwrap_err().message, "Invalid virtual directory path x");
    }
}
