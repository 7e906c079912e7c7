//! `method SP target SP version` (RFC 9112 §3).

use super::Version;
use super::span::Span;
use super::target::{self, Target};
use crate::chars::{is_tchar, target_length, token_length};
use crate::{HeadLimits, Malformed};

/// Longest method; HTTPERR cuts it there too (IIS reference §6.6).
const METHOD_BYTES_MAX: usize = 255;

/// Where the parts of a request line are.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct RequestLine {
    pub(crate) method: Span,
    pub(crate) target: Target,
    pub(crate) version: Version,
}

/// Reads the request line at the front of a complete head, and answers where the first field line begins.
pub(crate) fn read_first(head: &[u8], limits: &HeadLimits) -> Result<(RequestLine, usize), Malformed> {
    let line_feed = memchr::memchr(b'\n', head).ok_or(Malformed::InvalidCrLf)?;
    check_length(head, Some(line_feed), limits)?;
    Ok((read(&head[..line_feed], limits)?, line_feed + 1))
}

/// Refuses a request line that is wrong or cannot become right. `line_feed` is where its LF is, if received.
pub(crate) fn check(head: &[u8], line_feed: Option<usize>, limits: &HeadLimits) -> Result<(), Malformed> {
    check_length(head, line_feed, limits)?;
    line_feed.map_or(Ok(()), |length| read(&head[..length], limits).map(|_| ()))
}

/// Each bound speaks when the byte that breaks it is there, so that the answer is the same however the bytes come.
fn check_length(head: &[u8], line_feed: Option<usize>, limits: &HeadLimits) -> Result<(), Malformed> {
    check_first_byte(head)?;
    let line = &head[..line_feed.unwrap_or(head.len())];
    let last = limits.request_bytes_max.saturating_sub(1);
    let method_max = METHOD_BYTES_MAX.min(last);
    let Some(space) = memchr::memchr(b' ', &line[..line.len().min(method_max + 1)]) else {
        return if line.len() > method_max { Err(Malformed::Verb) } else { Ok(()) };
    };
    let start = space + 1;
    let end = memchr::memchr(b' ', &line[start..]).map_or(line.len(), |length| start + length);
    if end > last.min(start.saturating_add(limits.url_bytes_max)) {
        return Err(Malformed::UrlTooLong);
    }
    if line.len() > last {
        return Err(Malformed::RequestTooLong);
    }
    Ok(())
}

/// No request begins with anything but a token character; a TLS hello on a plain port is found out here.
fn check_first_byte(head: &[u8]) -> Result<(), Malformed> {
    match head.first() {
        Some(b'\r' | b'\n') => Err(Malformed::InvalidCrLf),
        Some(byte) if is_tchar(*byte) => Ok(()),
        Some(byte) if byte.is_ascii_graphic() => Err(Malformed::Verb),
        Some(_) => Err(Malformed::BadRequest),
        None => Ok(()),
    }
}

/// Reads a request line, given without its LF.
fn read(line: &[u8], limits: &HeadLimits) -> Result<RequestLine, Malformed> {
    let line = line.strip_suffix(b"\r").ok_or(Malformed::InvalidCrLf)?;
    let method = token_length(line);
    match line.get(method) {
        Some(b' ') => {}
        Some(b'\r') => return Err(Malformed::InvalidCrLf),
        Some(_) => return Err(Malformed::Verb),
        None => return Err(Malformed::BadRequest),
    }
    let start = method + 1;
    let length = target_length(&line[start..]);
    let end = start + length;
    match line.get(end) {
        Some(b' ') if length > 0 => {}
        Some(b' ') | None => return Err(Malformed::BadRequest),
        Some(b'\r') => return Err(Malformed::InvalidCrLf),
        Some(_) => return Err(Malformed::Url),
    }
    let version = Version::read(&line[end + 1..])?.ok_or(Malformed::VersionNotSupported)?;
    let method = Span::new(0, method);
    if method.of(line) == b"CONNECT" {
        // A front door is no forward proxy, and what follows may be bytes of the tunnel (RFC 9110 §9.3.6).
        return Err(Malformed::NotImplemented);
    }
    let target = target::read(&line[..end], start, method.of(line), limits)?;
    Ok(RequestLine { method, target, version })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(line: &str, limits: &HeadLimits) -> Result<(), Malformed> {
        check(format!("{line}\n").as_bytes(), Some(line.len()), limits)
    }

    fn check_line(line: &str, expect: Result<(), Malformed>) {
        assert_eq!(verdict(line, &HeadLimits::default()), expect, "{line:?}");
    }

    #[test]
    fn three_parts_with_single_spaces() {
        check_line("GET / HTTP/1.1\r", Ok(()));
        check_line("FROB /?a HTTP/1.0\r", Ok(()));
        check_line("GET / HTTP/1.7\r", Ok(()));
        for line in ["GET\r", "GET /\r", "GET  / HTTP/1.1\r", "GET /  HTTP/1.1\r", "GET / x HTTP/1.1\r", "GET /\r\r"] {
            assert!(matches!(
                verdict(line, &HeadLimits::default()),
                Err(Malformed::BadRequest | Malformed::InvalidCrLf)
            ));
        }
    }

    #[test]
    fn the_version_is_exact() {
        for version in
            ["http/1.1", "HTTP/1,1", "HTTP /1.1", "HTTP/1.10", "HTTP/1.", "HTTP/.1", "HTTP/1.1x", "HTTP/-1.1"]
        {
            check_line(&format!("GET / {version}\r"), Err(Malformed::BadRequest));
        }
        check_line("GET / HTTP/9.9\r", Err(Malformed::VersionNotSupported));
        check_line("PRI * HTTP/2.0\r", Err(Malformed::VersionNotSupported));
    }

    #[test]
    fn the_method_is_a_token() {
        for method in ["GE(T", "GE,T", "G@T", "G/T", "GE\0T", "GE\u{7f}T", "\"GET"] {
            check_line(&format!("{method} / HTTP/1.1\r"), Err(Malformed::Verb));
        }
        check_line(&format!("{} / HTTP/1.1\r", "A".repeat(256)), Err(Malformed::Verb));
        check_line(&format!("{} / HTTP/1.1\r", "A".repeat(255)), Ok(()));
        check_line("CONNECT localhost:80 HTTP/1.1\r", Err(Malformed::NotImplemented));
        check_line("\tGET / HTTP/1.1\r", Err(Malformed::BadRequest));
        check_line("\u{16}\u{3}", Err(Malformed::BadRequest));
    }

    #[test]
    fn the_target_is_printable_ascii() {
        for target in ["/a\0b", "/a\u{7}", "/a\u{7f}", "/\u{e9}", "/#x", "/a\tb", "GET"] {
            check_line(&format!("GET {target} HTTP/1.1\r"), Err(Malformed::Url));
        }
        check_line("GET * HTTP/1.1\r", Err(Malformed::Url));
        check_line("GET /a\rb HTTP/1.1\r", Err(Malformed::InvalidCrLf));
        check_line("GET / HTTP/1.1", Err(Malformed::InvalidCrLf));
    }

    #[test]
    fn lengths_are_bounded() {
        let limits = HeadLimits { url_bytes_max: 10, request_bytes_max: 40, ..HeadLimits::default() };
        assert_eq!(verdict("GET /23456789a HTTP/1.1\r", &limits), Ok(()));
        assert_eq!(verdict("GET /23456789ab HTTP/1.1\r", &limits), Err(Malformed::UrlTooLong));
        let unfinished = format!("GET /{}", "a".repeat(35));
        let wide = HeadLimits { url_bytes_max: 100, ..limits };
        assert_eq!(check(unfinished.as_bytes(), None, &wide), Err(Malformed::UrlTooLong));
        assert_eq!(check(&unfinished.as_bytes()[..39], None, &wide), Ok(()));
        assert_eq!(verdict("GET /2 HTTP/1.1------------------------------\r", &limits), Err(Malformed::RequestTooLong));
    }
}
