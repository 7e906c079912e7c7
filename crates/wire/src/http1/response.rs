//! One response head, as it comes from an upstream.

use super::Version;
use super::facts::{Facts, Stated};
use super::fields::{self, HeadBytes};
use super::span::Span;
use crate::chars::value_length;
use crate::{HeadLimits, Malformed};

/// One response head. Owned and reusable, as [`super::Request`] is. A [`super::ClientMachine`] fills it.
#[derive(Clone, Debug, Default)]
pub struct Response {
    head: HeadBytes,
    line: StatusLine,
    content_length: Option<u64>,
    keep_alive: bool,
    upgrade: Option<Span>,
}

/// `version SP 3DIGIT SP [ reason ]` (RFC 9112 §4).
#[derive(Copy, Clone, Debug, Default)]
struct StatusLine {
    version: Version,
    status: u16,
    reason: Span,
}

impl Response {
    /// An empty response, to be filled.
    pub fn new() -> Self {
        Self::default()
    }

    /// The status code, from 100 to 599.
    pub fn status(&self) -> u16 {
        self.line.status
    }

    /// The words behind the status code, which mean nothing (RFC 9112 §4).
    pub fn reason(&self) -> &[u8] {
        self.line.reason.of(&self.head.bytes)
    }

    /// The version of the message.
    pub fn version(&self) -> Version {
        self.line.version
    }

    /// The value of the first field of this name, in any case of letters, without white space around it.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.head.fields.iter().find_map(|field| field.value_if_named(name, &self.head.bytes))
    }

    /// All fields, in the order they came.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> + Clone {
        self.head.iter()
    }

    /// The values of all field lines of this name, in the order they came.
    pub fn field_lines<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone {
        self.head.lines(name)
    }

    /// Whether the upstream keeps the connection (RFC 9112 §9.3). See [`super::ClientMachine::reusable`].
    pub fn keep_alive(&self) -> bool {
        self.keep_alive
    }

    /// Content-Length as stated. For HEAD and 304 it is the length that a GET would have had (RFC 9110 §8.6).
    pub fn content_length(&self) -> Option<u64> {
        self.content_length
    }

    /// The first Upgrade field, if Connection names it (RFC 9110 §7.8).
    pub fn upgrade(&self) -> Option<&[u8]> {
        self.upgrade.map(|upgrade| upgrade.of(&self.head.bytes))
    }

    /// Length of the head in bytes, with its empty line.
    pub fn head_bytes(&self) -> usize {
        self.head.bytes.len()
    }

    /// The head as it came, with its empty line.
    pub fn raw_head(&self) -> &[u8] {
        &self.head.bytes
    }

    /// Empties the response; the capacity stays.
    pub fn clear(&mut self) {
        let mut head = std::mem::take(&mut self.head);
        head.clear();
        *self = Self { head, ..Self::default() };
    }

    /// Fills the response from a complete head at the front of `head`; answers the head's length and what is stated
    /// about the body.
    pub(crate) fn fill(&mut self, head: &[u8], limits: &HeadLimits) -> Result<(usize, Stated), Malformed> {
        self.clear();
        let line_feed = memchr::memchr(b'\n', head).ok_or(Malformed::InvalidCrLf)?;
        check_length(line_feed, limits)?;
        self.line = read_status_line(&head[..line_feed])?;
        let (length, facts) = fields::read_all(head, line_feed + 1, limits, &mut self.head.fields)?;
        let stated = self.settle(&facts)?;
        self.head.bytes.extend_from_slice(&head[..length]);
        Ok((length, stated))
    }

    fn settle(&mut self, facts: &Facts) -> Result<Stated, Malformed> {
        let version = self.line.version;
        let stated = facts.stated(version)?;
        self.content_length = facts.content_length();
        self.keep_alive = facts.keep_alive(version);
        self.upgrade = facts.offered_upgrade(version);
        Ok(stated)
    }
}

/// Refuses a status line that is wrong or too long. `line_feed` is where its LF is, if received.
pub(crate) fn check_status_line(head: &[u8], line_feed: Option<usize>, limits: &HeadLimits) -> Result<(), Malformed> {
    check_length(line_feed.unwrap_or(head.len()), limits)?;
    line_feed.map_or(Ok(()), |length| read_status_line(&head[..length]).map(|_| ()))
}

fn check_length(line_feed: usize, limits: &HeadLimits) -> Result<(), Malformed> {
    if line_feed < limits.request_bytes_max { Ok(()) } else { Err(Malformed::RequestTooLong) }
}

/// Reads a status line, given without its LF. The space before an empty reason may be missing: the RFC wants it, but
/// nothing depends on it, and upstreams leave it out.
fn read_status_line(line: &[u8]) -> Result<StatusLine, Malformed> {
    let line_end = line.strip_suffix(b"\r").ok_or(Malformed::InvalidCrLf)?;
    let (version, rest) = line_end.split_at_checked(8).ok_or(Malformed::StatusLine)?;
    let version = Version::read(version).map_err(|_| Malformed::StatusLine)?.ok_or(Malformed::VersionNotSupported)?;
    let (status, reason) = match rest {
        [b' ', digits @ ..] => digits.split_at_checked(3).ok_or(Malformed::StatusLine)?,
        [..] => return Err(Malformed::StatusLine),
    };
    let reason_is_text = matches!(reason, [] | [b' ', ..]) && value_length(reason) == reason.len();
    let status = status_code(status).filter(|_| reason_is_text).ok_or(Malformed::StatusLine)?;
    let reason = Span::new((line_end.len() - reason.len() + 1).min(line_end.len()), line_end.len());
    Ok(StatusLine { version, status, reason })
}

fn status_code(digits: &[u8]) -> Option<u16> {
    let &[hundreds @ b'1'..=b'5', tens @ b'0'..=b'9', ones @ b'0'..=b'9'] = digits else { return None };
    let value = |digit: u8| u16::from(digit - b'0');
    Some(value(hundreds) * 100 + value(tens) * 10 + value(ones))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expect: Result<(u16, &str), Malformed>) {
        let seen = read_status_line(line.as_bytes()).map(|read| (read.status, read.reason.text(line.as_bytes())));
        assert_eq!(seen, expect, "{line:?}");
    }

    #[test]
    fn a_status_line_has_a_code() {
        check("HTTP/1.1 200 OK\r", Ok((200, "OK")));
        check("HTTP/1.0 404 Not Found\r", Ok((404, "Not Found")));
        check("HTTP/1.1 599 \r", Ok((599, "")));
        check("HTTP/1.1 100\r", Ok((100, "")));
    }

    #[test]
    fn anything_else_is_refused() {
        for line in [
            "\r",
            "HTTP/1.1\r",
            "HTTP/1.1 \r",
            "HTTP/1.1 20\r",
            "HTTP/1.1 2000\r",
            "HTTP/1.1  200 OK\r",
            "HTTP/1.1 600 x\r",
            "HTTP/1.1 099 x\r",
            "HTTP/1.1 200 a\0b\r",
            "http/1.1 200 OK\r",
            "HTTP/1.1 +20 OK\r",
            "ICY 200 OK\r",
        ] {
            check(line, Err(Malformed::StatusLine));
        }
        check("HTTP/2.0 200 OK\r", Err(Malformed::VersionNotSupported));
        check("HTTP/1.1 200 OK", Err(Malformed::InvalidCrLf));
    }

    #[test]
    fn parts_are_found() {
        let head =
            b"HTTP/1.1 301 Gone\r\nLocation: /x\r\nSet-Cookie: a\r\nset-cookie: b\r\nContent-Length: 7\r\n\r\nrest";
        let mut response = Response::new();
        assert_eq!(response.fill(head, &HeadLimits::default()), Ok((head.len() - 4, Stated::Length(7))));
        assert_eq!((response.status(), response.reason(), response.version()), (301, &b"Gone"[..], Version::Http11));
        assert_eq!((response.field("location"), response.content_length()), (Some(&b"/x"[..]), Some(7)));
        assert_eq!(response.field_lines("Set-Cookie").count(), 2);
        assert_eq!((response.keep_alive(), response.head_bytes()), (true, head.len() - 4));
        response.clear();
        assert_eq!((response.status(), response.fields().count()), (0, 0));
    }
}
