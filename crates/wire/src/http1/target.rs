//! The forms of a request target (RFC 9112 §3.2).

use super::authority::host_length;
use super::span::Span;
use crate::path::check_segments;
use crate::{HeadLimits, Malformed};

/// Where the parts of a target are.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct Target {
    pub(crate) whole: Span,
    /// Empty for an absolute form without path.
    pub(crate) path: Span,
    pub(crate) query: Option<Span>,
    /// Absolute form only: host with port, and the length of the host.
    pub(crate) authority: Option<(Span, usize)>,
    /// Absolute form only: the length of the scheme.
    pub(crate) scheme: usize,
}

/// Reads the target that lies between `start` and the end of `line`. Its characters have been checked.
pub(crate) fn read(line: &[u8], start: usize, method: &[u8], limits: &HeadLimits) -> Result<Target, Malformed> {
    let text = &line[start..];
    let whole = Span::new(start, line.len());
    match text {
        [b'/', ..] => {
            let (path, query) = split_query(line, start);
            check_segments(path.of(line), limits.segment_bytes_max, limits.segments_max)?;
            Ok(Target { whole, path, query, ..Target::default() })
        }
        b"*" if method == b"OPTIONS" => Ok(Target { whole, path: whole, ..Target::default() }),
        _ => absolute(line, start, limits),
    }
}

/// `http://host[:port][/path][?query]`, or the same with https (RFC 9112 §3.2.2).
fn absolute(line: &[u8], start: usize, limits: &HeadLimits) -> Result<Target, Malformed> {
    let text = &line[start..];
    let scheme = scheme_length(text).ok_or(Malformed::Url)?;
    let from = start + scheme + 3;
    let length = line[from..].iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(line.len() - from);
    let authority = Span::new(from, from + length);
    let host = host_length(authority.of(line)).ok_or(Malformed::Url)?;
    let (path, query) = split_query(line, from + length);
    check_segments(path.of(line), limits.segment_bytes_max, limits.segments_max)?;
    Ok(Target { whole: Span::new(start, line.len()), path, query, authority: Some((authority, host)), scheme })
}

fn scheme_length(text: &[u8]) -> Option<usize> {
    let colon = text.iter().take(6).position(|byte| *byte == b':')?;
    let (scheme, rest) = text.split_at(colon);
    let known = scheme.eq_ignore_ascii_case(b"http") || scheme.eq_ignore_ascii_case(b"https");
    (known && rest.starts_with(b"://")).then_some(colon)
}

fn split_query(line: &[u8], start: usize) -> (Span, Option<Span>) {
    match memchr::memchr(b'?', &line[start..]) {
        Some(mark) => (Span::new(start, start + mark), Some(Span::new(start + mark + 1, line.len()))),
        None => (Span::new(start, line.len()), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let line = format!("GET {text}");
        let method = if text == "*" { "OPTIONS" } else { "GET" };
        let seen = match read(line.as_bytes(), 4, method.as_bytes(), &HeadLimits::default()) {
            Ok(target) => {
                let part = |span: Span| String::from_utf8_lossy(span.of(line.as_bytes())).into_owned();
                let host = target.authority.map_or("-".into(), |(all, host)| part(all.front(host)));
                let query = target.query.map_or("-".into(), part);
                format!("{host} {} {query}", part(target.path))
            }
            Err(fault) => format!("{fault:?}"),
        };
        assert_eq!(seen, expect, "{text}");
    }

    #[test]
    fn origin_form() {
        check("/", "- / -");
        check("/a/b?c?d", "- /a/b c?d");
        check("/?", "- / ");
        check("//evil.example/", "- //evil.example/ -");
        check("*", "- * -");
    }

    #[test]
    fn absolute_form() {
        check("http://a", "a  -");
        check("HTTPS://a:443/x?y", "a /x y");
        check("http://a?y", "a  y");
        check("http://[::1]:80/", "[::1] / -");
    }

    #[test]
    fn no_other_form() {
        for text in
            ["", "index.html", "localhost:80", "ftp://a/", "http:/a", "http://", "http:///x", "http://u@a/", "**"]
        {
            check(text, "Url");
        }
        check("http://a\\b/", "Url");
    }

    #[test]
    fn segments_are_bounded() {
        check(&format!("/{}", "a".repeat(261)), "Url");
        check(&"/a".repeat(256), "UrlTooLong");
        check(&format!("http://h{}", "/a".repeat(256)), "UrlTooLong");
    }
}
