//! What is refused for how it is asked for: `requestFiltering` (IIS reference §4.2), and what an upstream might read
//! differently from us.

use std::borrow::Cow;

use doorward_plan::{FilterRule, RequestFilter};
use doorward_wire::{BodyLength, Malformed, Request, path as url_path};

use crate::exchange::Exchange;
use crate::outcome::{Refusal, ServiceRefusal, SiteRefusal};

/// Status and substatus of what is refused.
type No = (u16, u16);

/// Methods that only `WebDAV` has (RFC 4918 §9).
const WEBDAV_METHODS: [&str; 7] = ["PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK"];

/// Refuses what the section denies. What is forwarded obeys it only where a file writes it: the stock settings are about
/// folders with programs in them.
pub(crate) fn screen(exchange: &Exchange) -> Result<(), Refusal> {
    let Some(effective) = &exchange.effective else { return Ok(()) };
    let filter = &effective.filter;
    if effective.upstream.is_some() {
        if is_read_in_two_ways(exchange.request.path()) {
            return Err(Refusal::Service(ServiceRefusal::Malformed(Malformed::Url)));
        }
        if !filter.written {
            return Ok(());
        }
    }
    let request = &exchange.request;
    let checked = sizes(filter, request)
        .or_else(|| names(filter, &exchange.path, request.method(), effective.upstream.is_none()))
        .or_else(|| further(filter, &exchange.path, request));
    match checked {
        Some((status, substatus)) => Err(SiteRefusal::new(status, substatus, 0).into()),
        None => Ok(()),
    }
}

/// Whether an upstream might arrive at another path than we did. `//` counts as one slash here and as an empty segment,
/// which `..` takes away, elsewhere.
fn is_read_in_two_ways(raw_path: &str) -> bool {
    raw_path.bytes().any(is_ambiguous) || (raw_path.contains("//") && url_path::has_dot_segment(raw_path))
}

/// Characters that no URI path may hold unescaped (RFC 3986 3.3), and that some servers take as a slash
/// or as the end of a quoted text.
fn is_ambiguous(byte: u8) -> bool {
    b"<>\"\\^`".contains(&byte)
}

/// Whether a file at this path is refused, whoever asks.
pub(crate) fn hides(filter: &RequestFilter, path: &str) -> bool {
    names(filter, path, "GET", true).is_some()
}

fn sizes(filter: &RequestFilter, request: &Request) -> Option<No> {
    match request.body() {
        BodyLength::Known(length) if length > filter.content_bytes_max => return Some((413, 1)),
        BodyLength::Known(_) | BodyLength::None | BodyLength::Chunked => {}
    }
    if request.path().len() > filter.url_bytes_max {
        return Some((404, 14));
    }
    (request.query().map_or(0, str::len) > filter.query_bytes_max).then_some((404, 15))
}

/// What path and method say; `own` is for files of ours, whose names may start with a dot.
fn names(filter: &RequestFilter, path: &str, method: &str, own: bool) -> Option<No> {
    if !filter.allow_double_escaping && url_path::is_double_escaped(path) {
        return Some((404, 11));
    }
    if !filter.allow_high_bit && !path.is_ascii() {
        return Some((404, 12));
    }
    if !filter.url_sequences.is_empty()
        && !filter.always_allowed_urls.contains(path)
        && holds_any(path.as_bytes(), &filter.url_sequences)
    {
        return Some((404, 5));
    }
    let webdav = WEBDAV_METHODS.contains(&method);
    let dotted = own && !filter.dot_files;
    let hidden = filter.hidden_for_webdav || !webdav;
    let unseen =
        |segment: &str| (hidden && filter.hidden_segments.contains(segment)) || (dotted && is_dot_file(segment));
    if may_be_unseen(filter, path) && path.split('/').any(unseen) {
        return Some((404, 8));
    }
    if (filter.extensions.for_webdav || !webdav) && !filter.extensions.allows(extension(path)) {
        return Some((404, 7));
    }
    ((filter.verbs.for_webdav || !webdav) && !filter.verbs.allows(method)).then_some((404, 6))
}

/// Whether a segment may be hidden: by its length or its first byte alone, which is enough for most paths.
fn may_be_unseen(filter: &RequestFilter, path: &str) -> bool {
    let mut segments = path.as_bytes().split(|byte| *byte == b'/');
    !path.is_ascii()
        || segments.any(|segment| segment.first() == Some(&b'.') || filter.hidden_segments.has_length(segment.len()))
}

/// Names that start with a dot are hidden by custom on Unix (`.git`, `.env`); `.well-known` (RFC 8615) is served.
fn is_dot_file(segment: &str) -> bool {
    segment.starts_with('.') && !segment.eq_ignore_ascii_case(".well-known")
}

/// The extension of the last segment with its dot; the dot alone for a name without one.
fn extension(path: &str) -> &str {
    let name = &path[path.rfind('/').map_or(0, |slash| slash + 1)..];
    // Editors' backups (`a.cs~`) carry the same secrets.
    let name = name.trim_end_matches('~');
    name.rfind('.').map_or(".", |dot| &name[dot..])
}

/// Headers, query string and rules: most sections have none of these.
fn further(filter: &RequestFilter, path: &str, request: &Request) -> Option<No> {
    if filter.headers.is_empty() && filter.query_sequences.is_empty() && filter.rules.is_empty() {
        return None;
    }
    let too_long = |(name, bytes_max): &(String, usize)| request.field_lines(name).any(|line| line.len() > *bytes_max);
    if filter.headers.iter().any(too_long) {
        return Some((404, 10));
    }
    let query = request.query().unwrap_or_default();
    let readings = [Some(Cow::Borrowed(query.as_bytes())), decoded(query).filter(|_| filter.unescape_query)];
    let query_holds =
        |texts: &[String]| readings.iter().flatten().any(|reading| !reading.is_empty() && holds_any(reading, texts));
    if !filter.query_sequences.is_empty()
        && !filter.always_allowed_queries.contains(query)
        && query_holds(&filter.query_sequences)
    {
        return Some((404, 18));
    }
    let extension = extension(path);
    let denies = |rule: &FilterRule| {
        rule.applies_to(extension)
            && ((rule.scan_url && holds_any(path.as_bytes(), &rule.deny))
                || (rule.scan_query && (query_holds(&rule.deny) || is_percent_left(rule, query)))
                || denies_a_field(rule, request))
    };
    filter.rules.iter().any(denies).then_some((404, 19))
}

fn denies_a_field(rule: &FilterRule, request: &Request) -> bool {
    if !rule.scan_all && rule.headers.is_empty() {
        return false;
    }
    let scanned = |name: &str| rule.scan_all || rule.headers.iter().any(|own| own.eq_ignore_ascii_case(name));
    request.fields().any(|(name, value)| {
        scanned(name) && (holds_any(value, &rule.deny) || (rule.scan_all && holds_any(name.as_bytes(), &rule.deny)))
    })
}

/// Whether the query string holds a percent sign that no two hexadecimal digits follow.
fn is_percent_left(rule: &FilterRule, query: &str) -> bool {
    let escapes = |rest: &[u8]| rest.iter().take(2).filter(|byte| byte.is_ascii_hexdigit()).count() == 2;
    rule.deny_unescaped_percent
        && query.bytes().enumerate().any(|(at, byte)| byte == b'%' && !escapes(&query.as_bytes()[at + 1..]))
}

/// The query string without its escapes, if it has any.
fn decoded(query: &str) -> Option<Cow<'_, [u8]>> {
    if !query.contains('%') {
        return None;
    }
    let mut out = Vec::with_capacity(query.len());
    let mut rest = query.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let digit = |at: usize| more.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let escaped = digit(0).zip(digit(1)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        if let Some(byte) = escaped.filter(|_| *first == b'%') {
            out.push(byte);
            rest = &more[2..];
        } else {
            out.push(*first);
            rest = more;
        }
    }
    Some(Cow::Owned(out))
}

/// Whether the text holds one of these, whatever its case.
fn holds_any(text: &[u8], wanted: &[String]) -> bool {
    let holds =
        |wanted: &String| text.windows(wanted.len().max(1)).any(|part| part.eq_ignore_ascii_case(wanted.as_bytes()));
    wanted.iter().any(holds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use doorward_limiter::Scope;
    use doorward_plan::{AllowList, Effective, Names};
    use std::sync::Arc;

    fn stock() -> RequestFilter {
        RequestFilter {
            written: true,
            allow_double_escaping: false,
            dot_files: false,
            unescape_query: true,
            hidden_segments: Names::new(["web.config", "bin"]),
            extensions: AllowList::of(true, [], [".cs", ".config"]),
            content_bytes_max: 30_000_000,
            url_bytes_max: 64,
            query_bytes_max: 32,
            ..RequestFilter::open()
        }
    }

    /// `asked` is a request line without its version, then field lines, all separated by `|`. The expected is the
    /// status with its substatus; 0 lets it through.
    fn check_with(filter: RequestFilter, asked: &str, expected: &str) {
        let (line, fields) = asked.split_once('|').unwrap_or((asked, ""));
        let fields = if fields.is_empty() { String::new() } else { fields.replace('|', "\r\n") + "\r\n" };
        let mut exchange = testing::exchange(testing::request(&format!("{line} HTTP/1.1\r\nHost: a\r\n{fields}\r\n")));
        url_path::normalise(exchange.request.path(), &mut exchange.path).unwrap();
        exchange.effective = Some(Arc::new(Effective { filter: Arc::new(filter), ..Effective::bare(Scope(1)) }));
        let seen = match screen(&exchange) {
            Ok(()) => "0".to_owned(),
            Err(Refusal::Site(refusal)) => format!("{}.{}", refusal.status, refusal.substatus),
            Err(other) => format!("{other:?}"),
        };
        assert_eq!(seen, expected, "{asked}");
    }

    fn check(asked: &str, expected: &str) {
        check_with(stock(), asked, expected);
    }

    #[test]
    fn names_and_sizes() {
        check("GET /", "0");
        check("GET /a.html", "0");
        check("GET /web.config", "404.8");
        check("GET /x/WEB.CONFIG", "404.8");
        check("GET /bin/a.dll", "404.8");
        check("GET /cabin/a.html", "0");
        check("GET /.git/HEAD", "404.8");
        check("GET /.well-known/acme-challenge/x", "0");
        check("GET /a.cs", "404.7");
        check("GET /a.CS", "404.7");
        check("GET /a.cs~", "404.7");
        check("GET /a.css", "0");
        check("GET /other.config", "404.7");
        check("GET /a%252eb", "404.11");
        check("GET /a+b", "404.11");
        check(&format!("GET /{}", "a".repeat(64)), "404.14");
        check(&format!("GET /a?{}", "a".repeat(32)), "0");
        check(&format!("GET /a?{}", "a".repeat(33)), "404.15");
        check("POST /a|Content-Length: 30000000", "0");
        check("POST /a|Content-Length: 30000001", "413.1");
    }

    #[test]
    fn switches_and_lists() {
        check_with(RequestFilter { allow_double_escaping: true, ..stock() }, "GET /a+b", "0");
        check_with(RequestFilter { allow_high_bit: false, ..stock() }, "GET /%C3%A9", "404.12");
        check_with(RequestFilter { allow_high_bit: true, ..stock() }, "GET /%C3%A9", "0");
        check_with(RequestFilter { dot_files: true, ..stock() }, "GET /.env", "0");
        let only_html = || RequestFilter { extensions: AllowList::of(false, [".html"], []), ..stock() };
        check_with(only_html(), "GET /a.html", "0");
        check_with(only_html(), "GET /a.txt", "404.7");
        check_with(only_html(), "GET /a", "404.7");
        let folders = || RequestFilter { extensions: AllowList::of(false, [".html", "."], []), ..stock() };
        check_with(folders(), "GET /a/", "0");
        let verbs = || RequestFilter { verbs: AllowList::of(true, [], ["TRACE", "LOCK"]), ..stock() };
        check_with(verbs(), "GET /", "0");
        check_with(verbs(), "LOCK /", "404.6");
        let mut not_webdav = AllowList::of(true, [], ["LOCK", "TRACE"]);
        not_webdav.for_webdav = false;
        check_with(RequestFilter { verbs: not_webdav.clone(), ..stock() }, "LOCK /", "0");
        check_with(RequestFilter { verbs: not_webdav, ..stock() }, "TRACE /", "404.6");
        check_with(RequestFilter { hidden_for_webdav: false, ..stock() }, "PROPFIND /bin/x", "0");
        check_with(RequestFilter { hidden_for_webdav: false, ..stock() }, "GET /bin/x", "404.8");
    }

    fn sequences() -> RequestFilter {
        RequestFilter {
            url_sequences: vec!["..".to_owned(), "/admin".to_owned()],
            query_sequences: vec!["<script".to_owned(), "--".to_owned()],
            always_allowed_urls: Names::new(["/admin/login.html"]),
            always_allowed_queries: Names::new(["a=--"]),
            headers: vec![("X-Long".to_owned(), 4)],
            ..stock()
        }
    }

    #[test]
    fn sequences_and_headers() {
        check_with(sequences(), "GET /a..b", "404.5");
        check_with(sequences(), "GET /x/ADMIN/y", "404.5");
        check_with(sequences(), "GET /Admin/Login.html", "0");
        check_with(sequences(), "GET /?a=<Script>", "404.18");
        check_with(sequences(), "GET /?a=%3CsCript%3E", "404.18");
        check_with(RequestFilter { unescape_query: false, ..sequences() }, "GET /?a=%3Cscript", "0");
        check_with(sequences(), "GET /?A=--", "0");
        check_with(sequences(), "GET /?b=--", "404.18");
        check_with(sequences(), "GET /|x-long: 1234", "0");
        check_with(sequences(), "GET /|x-long: 12345", "404.10");
    }

    fn rule(change: impl Fn(&mut FilterRule)) -> RequestFilter {
        let mut rule = FilterRule::of(["drop "], [".asp"]);
        change(&mut rule);
        RequestFilter { rules: vec![rule], ..stock() }
    }

    #[test]
    fn rules() {
        check_with(rule(|rule| rule.scan_url = true), "GET /x%20DROP%20y.asp", "404.19");
        check_with(rule(|rule| rule.scan_url = true), "GET /x%20DROP%20y.html", "0");
        check_with(rule(|_| ()), "GET /drop%20y.asp?drop%20", "0");
        check_with(rule(|rule| rule.scan_query = true), "GET /a.asp?drop%20", "404.19");
        check_with(rule(|rule| rule.scan_query = true), "GET /a.asp?100%", "404.19");
        check_with(rule(|rule| rule.scan_query = true), "GET /a.asp?%2", "404.19");
        let lenient = |rule: &mut FilterRule| {
            rule.scan_query = true;
            rule.deny_unescaped_percent = false;
        };
        check_with(rule(lenient), "GET /a.asp?100%", "0");
        check_with(rule(|rule| rule.headers = vec!["X-A".to_owned()]), "GET /a.asp|x-a: Drop it", "404.19");
        check_with(rule(|rule| rule.headers = vec!["X-A".to_owned()]), "GET /a.asp|x-b: Drop it", "0");
        check_with(rule(|rule| rule.scan_all = true), "GET /a.asp|x-b: Drop it", "404.19");
    }
}
