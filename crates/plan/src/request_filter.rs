//! `requestFiltering` in the form the filter stage asks: compiled once, asked without allocating.

use doorward_config::{FilterList, FilteringRule, RequestFiltering};

/// What is refused before anybody answers (IIS reference §4.2).
#[allow(clippy::struct_excessive_bools, reason = "one switch for each attribute of the section")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFilter {
    /// Whether a file writes the section: what is forwarded obeys it then only.
    pub written: bool,
    /// Whether a path may change when it is decoded once more.
    pub allow_double_escaping: bool,
    /// Whether a path may hold characters beyond ASCII.
    pub allow_high_bit: bool,
    /// Whether query strings are also looked at decoded.
    pub unescape_query: bool,
    /// File extensions.
    pub extensions: AllowList,
    /// Methods, each exactly as written.
    pub verbs: AllowList,
    /// Path segments nobody sees.
    pub hidden_segments: Names,
    /// Whether they are hidden from `WebDAV` requests too.
    pub hidden_for_webdav: bool,
    /// Whether files whose names start with a dot are served.
    pub dot_files: bool,
    /// Largest body in bytes.
    pub content_bytes_max: u64,
    /// Longest path in bytes.
    pub url_bytes_max: usize,
    /// Longest query string in bytes.
    pub query_bytes_max: usize,
    /// Header names, and the most bytes of a value of each.
    pub headers: Vec<(String, usize)>,
    /// Whole paths that URL sequences do not concern.
    pub always_allowed_urls: Names,
    /// Whole query strings, without question mark, that query string sequences do not concern.
    pub always_allowed_queries: Names,
    /// Texts that no path may hold.
    pub url_sequences: Vec<String>,
    /// Texts that no query string may hold.
    pub query_sequences: Vec<String>,
    /// Further rules, in order.
    pub rules: Vec<FilterRule>,
}

/// Names that are looked up without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// One bit for each length there is, the last for all greater ones: most names are told apart by it.
    lengths: u64,
    /// The shortest first, but where they are looked up exactly as written.
    names: Vec<String>,
}

/// Names that are allowed or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowList {
    /// Whether the list concerns `WebDAV` requests too.
    pub for_webdav: bool,
    allow_unlisted: bool,
    allowed: Names,
    denied: Names,
    exact: bool,
}

/// One `filteringRule`.
#[allow(clippy::struct_excessive_bools, reason = "one switch for each attribute of the element")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterRule {
    /// Whether paths are scanned.
    pub scan_url: bool,
    /// Whether query strings are scanned.
    pub scan_query: bool,
    /// Whether every header is scanned.
    pub scan_all: bool,
    /// Whether a percent sign that escapes nothing is refused in what is scanned.
    pub deny_unescaped_percent: bool,
    /// Headers that are scanned.
    pub headers: Vec<String>,
    /// Texts that are refused.
    pub deny: Vec<String>,
    applies_to: Names,
}

fn length_bit(bytes: usize) -> u64 {
    1 << bytes.min(63)
}

impl Names {
    /// Takes the names in any case.
    pub fn new<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut names: Vec<String> = names.into_iter().map(str::to_lowercase).collect();
        names.sort_by_key(String::len);
        Self { lengths: names.iter().fold(0, |bits, name| bits | length_bit(name.len())), names }
    }

    /// Whether it is one of them.
    pub fn contains(&self, name: &str) -> bool {
        if !name.is_ascii() {
            let lower = name.to_lowercase();
            return self.names.contains(&lower);
        }
        self.has_length(name.len()) && {
            let start = self.names.partition_point(|own| own.len() < name.len());
            let mut so_long = self.names[start..].iter().take_while(|own| own.len() == name.len());
            so_long.any(|own| own.eq_ignore_ascii_case(name))
        }
    }

    /// Whether one of them is so long, in bytes. What is not ASCII may have another length in another case.
    pub fn has_length(&self, bytes: usize) -> bool {
        self.lengths & length_bit(bytes) != 0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

impl AllowList {
    /// Whether the name is allowed.
    pub fn allows(&self, name: &str) -> bool {
        let listed = |names: &Names| {
            if self.exact { names.names.iter().any(|own| own == name) } else { names.contains(name) }
        };
        !listed(&self.denied) && (self.allow_unlisted || listed(&self.allowed))
    }

    fn new(list: &FilterList, exact: bool, name: impl Fn(&str) -> String) -> Self {
        let of = |wanted: bool| {
            let names = list.entries.iter().filter(|(_, allowed)| *allowed == wanted);
            let names: Vec<String> = names.map(|(own, _)| name(own)).collect();
            if exact { Names { lengths: 0, names } } else { Names::new(names.iter().map(String::as_str)) }
        };
        Self {
            for_webdav: list.apply_to_webdav,
            allow_unlisted: list.allow_unlisted,
            allowed: of(true),
            denied: of(false),
            exact,
        }
    }

    /// A list of names without regard to case, for `WebDAV` requests too.
    pub fn of<'n>(
        allow_unlisted: bool,
        allowed: impl IntoIterator<Item = &'n str>,
        denied: impl IntoIterator<Item = &'n str>,
    ) -> Self {
        let (allowed, denied) = (Names::new(allowed), Names::new(denied));
        Self { for_webdav: true, allow_unlisted, allowed, denied, exact: false }
    }
}

impl FilterRule {
    /// Whether requests for files of this extension (with its dot) are scanned.
    pub fn applies_to(&self, extension: &str) -> bool {
        self.applies_to.is_empty() || self.applies_to.contains(extension)
    }

    /// A rule that scans nothing yet: what it refuses, for which extensions.
    pub fn of<'n>(deny: impl IntoIterator<Item = &'n str>, applies_to: impl IntoIterator<Item = &'n str>) -> Self {
        Self {
            scan_url: false,
            scan_query: false,
            scan_all: false,
            deny_unescaped_percent: true,
            headers: Vec::new(),
            deny: deny.into_iter().map(str::to_owned).collect(),
            applies_to: Names::new(applies_to),
        }
    }

    fn new(rule: &FilteringRule) -> Self {
        let extensions: Vec<String> = rule.applies_to.iter().map(|extension| dotted(extension)).collect();
        Self {
            scan_url: rule.scan_url,
            scan_query: rule.scan_query_string,
            scan_all: rule.scan_all_raw,
            deny_unescaped_percent: rule.deny_unescaped_percent,
            headers: rule.scan_headers.clone(),
            deny: rule.deny_strings.clone(),
            applies_to: Names::new(extensions.iter().map(String::as_str)),
        }
    }
}

/// The extension with its dot.
fn dotted(extension: &str) -> String {
    if extension.starts_with('.') { extension.to_owned() } else { format!(".{extension}") }
}

fn bytes(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

impl RequestFilter {
    /// Compiles the section; `dot_files` is our own switch for names that start with a dot.
    pub fn new(section: &RequestFiltering, dot_files: bool) -> Self {
        let names = |texts: &[String]| Names::new(texts.iter().map(String::as_str));
        let queries = section.always_allowed_query_strings.iter();
        let limits = &section.limits;
        Self {
            written: section.written,
            allow_double_escaping: section.allow_double_escaping,
            allow_high_bit: section.allow_high_bit_characters,
            unescape_query: section.unescape_query_string,
            extensions: AllowList::new(&section.file_extensions, false, dotted),
            verbs: AllowList::new(&section.verbs, true, str::to_owned),
            hidden_segments: names(&section.hidden_segments),
            hidden_for_webdav: section.hidden_segments_for_webdav,
            dot_files,
            content_bytes_max: limits.content_bytes_max.into(),
            url_bytes_max: bytes(limits.url_bytes_max),
            query_bytes_max: bytes(limits.query_bytes_max),
            headers: limits.headers.iter().map(|(name, limit)| (name.clone(), bytes(*limit))).collect(),
            always_allowed_urls: names(&section.always_allowed_urls),
            always_allowed_queries: Names::new(queries.map(|text| text.strip_prefix('?').unwrap_or(text))),
            url_sequences: section.deny_url_sequences.clone(),
            query_sequences: section.deny_query_string_sequences.clone(),
            rules: section.rules.iter().map(FilterRule::new).collect(),
        }
    }

    /// A filter that lets everything through.
    pub fn open() -> Self {
        Self {
            written: false,
            allow_double_escaping: true,
            allow_high_bit: true,
            unescape_query: false,
            extensions: AllowList::of(true, [], []),
            verbs: AllowList::of(true, [], []),
            hidden_segments: Names::default(),
            hidden_for_webdav: false,
            dot_files: true,
            content_bytes_max: u64::MAX,
            url_bytes_max: usize::MAX,
            query_bytes_max: usize::MAX,
            headers: Vec::new(),
            always_allowed_urls: Names::default(),
            always_allowed_queries: Names::default(),
            url_sequences: Vec::new(),
            query_sequences: Vec::new(),
            rules: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], name: &str, expected: bool) {
        assert_eq!(Names::new(names.iter().copied()).contains(name), expected, "{name} in {names:?}");
    }

    #[test]
    fn names_have_no_case() {
        check(&["web.config", "Ünder"], "WEB.Config", true);
        check(&["web.config", "Ünder"], "üNDER", true);
        check(&["web.config"], "web_config", false);
        check(&["web.config"], "web.confi", false);
        check(&[], "", false);
        let long = "x".repeat(80);
        check(&[&long], &long.to_uppercase(), true);
        check(&[&long], &"x".repeat(81), false);
    }

    fn allows(allow_unlisted: bool, exact: bool, name: &str) -> bool {
        let entries = vec![("yes".to_owned(), true), ("no".to_owned(), false)];
        let list = FilterList { allow_unlisted, apply_to_webdav: true, entries };
        AllowList::new(&list, exact, str::to_owned).allows(name)
    }

    #[test]
    fn a_denied_name_is_never_allowed() {
        assert!(allows(true, false, "YES") && allows(true, false, "other") && !allows(true, false, "NO"));
        assert!(allows(false, false, "YES") && !allows(false, false, "other") && !allows(false, false, "no"));
        assert!(allows(false, true, "yes") && !allows(false, true, "YES") && allows(true, true, "NO"));
    }
}
