//! `system.webServer/security/requestFiltering` (IIS reference §4.2).

use crate::effective::Effective;

/// What is refused before anybody answers.
#[allow(clippy::struct_excessive_bools, reason = "one switch for each attribute of the section")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestFiltering {
    /// Whether a file writes the section at all; otherwise these are IIS's stock settings.
    pub written: bool,
    /// Whether a path may change when it is decoded once more.
    pub allow_double_escaping: bool,
    /// Whether a path may hold characters beyond ASCII.
    pub allow_high_bit_characters: bool,
    /// Whether query strings are also looked at decoded.
    pub unescape_query_string: bool,
    /// Whether answers say which server made them; `None` where nobody decides.
    pub remove_server_header: Option<bool>,
    /// `fileExtensions`: each with its dot, as written.
    pub file_extensions: FilterList,
    /// `verbs`: each as written.
    pub verbs: FilterList,
    /// `hiddenSegments`.
    pub hidden_segments: Vec<String>,
    /// Whether hidden segments are hidden from `WebDAV` requests too.
    pub hidden_segments_for_webdav: bool,
    /// `requestLimits`.
    pub limits: RequestLimits,
    /// `alwaysAllowedUrls`: whole paths that URL sequences do not concern.
    pub always_allowed_urls: Vec<String>,
    /// `alwaysAllowedQueryStrings`: whole query strings that query string sequences do not concern.
    pub always_allowed_query_strings: Vec<String>,
    /// `denyUrlSequences`.
    pub deny_url_sequences: Vec<String>,
    /// `denyQueryStringSequences`.
    pub deny_query_string_sequences: Vec<String>,
    /// `filteringRules` in effective order.
    pub rules: Vec<FilteringRule>,
}

/// Names that are allowed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterList {
    /// Whether a name that is not listed is allowed.
    pub allow_unlisted: bool,
    /// Whether the list concerns `WebDAV` requests too.
    pub apply_to_webdav: bool,
    /// Names, and whether each is allowed.
    pub entries: Vec<(String, bool)>,
}

/// `requestLimits`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLimits {
    /// Largest body in bytes.
    pub content_bytes_max: u32,
    /// Longest path in bytes.
    pub url_bytes_max: u32,
    /// Longest query string in bytes.
    pub query_bytes_max: u32,
    /// Header names, and the most bytes of a value of each.
    pub headers: Vec<(String, u32)>,
}

/// One `filteringRule`.
#[allow(clippy::struct_excessive_bools, reason = "one switch for each attribute of the element")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilteringRule {
    /// Its name.
    pub name: String,
    /// Whether paths are scanned.
    pub scan_url: bool,
    /// Whether query strings are scanned.
    pub scan_query_string: bool,
    /// Whether the head as it came is scanned.
    pub scan_all_raw: bool,
    /// Whether a percent sign that escapes nothing is refused in what is scanned.
    pub deny_unescaped_percent: bool,
    /// Headers that are scanned.
    pub scan_headers: Vec<String>,
    /// File extensions whose requests are scanned; all when empty.
    pub applies_to: Vec<String>,
    /// What is refused.
    pub deny_strings: Vec<String>,
}

impl RequestFiltering {
    pub(crate) fn read(section: &Effective) -> Self {
        let hidden = section.child("hiddenSegments");
        let limits = section.child("requestLimits");
        let headers = limits.child("headerLimits").entries();
        Self {
            written: section.origin.is_some(),
            allow_double_escaping: section.bool("allowDoubleEscaping"),
            allow_high_bit_characters: section.bool("allowHighBitCharacters"),
            unescape_query_string: section.bool("unescapeQueryString"),
            remove_server_header: section.setting("removeServerHeader").map(|_| section.bool("removeServerHeader")),
            file_extensions: FilterList::read(section.child("fileExtensions"), "fileExtension"),
            verbs: FilterList::read(section.child("verbs"), "verb"),
            hidden_segments: texts(hidden, "segment"),
            hidden_segments_for_webdav: hidden.bool("applyToWebDAV"),
            limits: RequestLimits {
                content_bytes_max: limits.uint("maxAllowedContentLength"),
                url_bytes_max: limits.uint("maxUrl"),
                query_bytes_max: limits.uint("maxQueryString"),
                headers: headers.map(|entry| (entry.text("header"), entry.uint("sizeLimit"))).collect(),
            },
            always_allowed_urls: texts(section.child("alwaysAllowedUrls"), "url"),
            always_allowed_query_strings: texts(section.child("alwaysAllowedQueryStrings"), "queryString"),
            deny_url_sequences: texts(section.child("denyUrlSequences"), "sequence"),
            deny_query_string_sequences: texts(section.child("denyQueryStringSequences"), "sequence"),
            rules: section.child("filteringRules").entries().map(FilteringRule::read).collect(),
        }
    }
}

impl FilterList {
    fn read(element: &Effective, name: &str) -> Self {
        Self {
            allow_unlisted: element.bool("allowUnlisted"),
            apply_to_webdav: element.bool("applyToWebDAV"),
            entries: element.entries().map(|entry| (entry.text(name), entry.bool("allowed"))).collect(),
        }
    }
}

impl FilteringRule {
    fn read(entry: &Effective) -> Self {
        Self {
            name: entry.text("name"),
            scan_url: entry.bool("scanUrl"),
            scan_query_string: entry.bool("scanQueryString"),
            scan_all_raw: entry.bool("scanAllRaw"),
            deny_unescaped_percent: entry.bool("denyUnescapedPercent"),
            scan_headers: texts(entry.child("scanHeaders"), "requestHeader"),
            applies_to: texts(entry.child("appliesTo"), "fileExtension"),
            deny_strings: texts(entry.child("denyStrings"), "string"),
        }
    }
}

fn texts(element: &Effective, name: &str) -> Vec<String> {
    element.entries().map(|entry| entry.text(name)).filter(|text| !text.is_empty()).collect()
}
