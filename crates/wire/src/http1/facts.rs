//! What the fields of a head say about its own message: length, connection, host, expectation.

use super::Version;
use super::span::Span;
use crate::Malformed;
use crate::chars::trim_ows;

/// Collected while the fields are read. A fault is kept until the whole head has been read, so that what is wrong
/// with a line itself comes first, however the head arrived.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) host: Option<Span>,
    pub(crate) names: NameMarks,
    host_lines: usize,
    content_length: Option<u64>,
    chunked: bool,
    options: Options,
    expects_continue: bool,
    upgrade: Option<Span>,
    fault: Option<Malformed>,
}

/// A bit for each kind of name there is: most of the fields that somebody asks for are not there, and that is told by it.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NameMarks(u64);

impl NameMarks {
    fn mark(name: &[u8]) -> u64 {
        let first = name.first().map_or(0, u8::to_ascii_lowercase);
        1 << ((name.len() * 5 + usize::from(first)) % 64)
    }

    /// Whether a field of this name, in any case of letters, may be there.
    pub(crate) fn may_have(self, name: &str) -> bool {
        self.0 & Self::mark(name.as_bytes()) != 0
    }
}

/// What the Connection field asks for (RFC 9110 §7.6.1).
#[derive(Copy, Clone, Debug, Default)]
struct Options {
    close: bool,
    keep_alive: bool,
    upgrade: bool,
}

/// How the end of a body is stated.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stated {
    Nothing,
    Length(u64),
    Chunked,
}

impl Facts {
    /// Takes notice of one field line. The length of a name tells most fields apart from the few that matter.
    pub(crate) fn note(&mut self, name: &[u8], value: &[u8], place: Span) {
        self.names.0 |= NameMarks::mark(name);
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => {
                self.host = Some(place);
                self.host_lines += 1;
            }
            6 if name.eq_ignore_ascii_case(b"expect") => {
                self.expects_continue |= value.eq_ignore_ascii_case(b"100-continue");
            }
            7 if name.eq_ignore_ascii_case(b"upgrade") => self.upgrade = self.upgrade.or(Some(place)),
            10 if name.eq_ignore_ascii_case(b"connection") => self.options.note(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => self.note_length(value),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.note_coding(value),
            _ => {}
        }
    }

    fn note_length(&mut self, value: &[u8]) {
        if self.content_length.is_some() {
            self.blame(Malformed::LengthConflict);
        }
        match body_bytes(value) {
            Ok(bytes) => self.content_length = Some(bytes),
            Err(fault) => self.blame(fault),
        }
    }

    /// Only `chunked`, once, on one line. Other codings before it are not understood (501), and anything that does
    /// not end in it leaves the end of the body open (400; RFC 9112 §6.3 rule 4).
    fn note_coding(&mut self, value: &[u8]) {
        let last = value.rsplit(|byte| *byte == b',').next().map_or(value, trim_ows);
        if self.chunked || !last.eq_ignore_ascii_case(b"chunked") {
            self.blame(Malformed::TransferCoding);
        } else if last.len() != value.len() {
            self.blame(Malformed::NotImplemented);
        }
        self.chunked = true;
    }

    fn blame(&mut self, fault: Malformed) {
        self.fault = self.fault.or(Some(fault));
    }

    /// The length of the body as the fields state it. Both ways at once is how smuggled requests begin, and chunks
    /// are unknown to HTTP/1.0 (RFC 9112 §6.1).
    pub(crate) fn stated(&self, version: Version) -> Result<Stated, Malformed> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        match (self.chunked, self.content_length) {
            (true, Some(_)) => Err(Malformed::LengthConflict),
            (true, None) if version == Version::Http10 => Err(Malformed::TransferCoding),
            (true, None) => Ok(Stated::Chunked),
            (false, Some(bytes)) => Ok(Stated::Length(bytes)),
            (false, None) => Ok(Stated::Nothing),
        }
    }

    /// Content-Length alone, where it does not say the length of a body (RFC 9110 §8.6).
    pub(crate) fn content_length(&self) -> Option<u64> {
        self.content_length
    }

    /// Whether the Host lines are as many as a request of this version may have (RFC 9112 §3.2).
    pub(crate) fn host_is_single(&self, version: Version) -> bool {
        self.host_lines == 1 || (self.host_lines == 0 && version == Version::Http10)
    }

    /// RFC 9112 §9.3.
    pub(crate) fn keep_alive(&self, version: Version) -> bool {
        match version {
            Version::Http11 => !self.options.close,
            Version::Http10 => self.options.keep_alive && !self.options.close,
        }
    }

    /// A client of HTTP/1.0 cannot take a 100 (RFC 9110 §10.1.1).
    pub(crate) fn expects_continue(&self, version: Version) -> bool {
        self.expects_continue && version == Version::Http11
    }

    /// The Upgrade field where it counts: named in Connection, and not in HTTP/1.0 (RFC 9110 §7.8).
    pub(crate) fn offered_upgrade(&self, version: Version) -> Option<Span> {
        self.upgrade.filter(|_| self.options.upgrade && version == Version::Http11)
    }
}

impl Options {
    fn note(&mut self, value: &[u8]) {
        for option in value.split(|byte| *byte == b',').map(trim_ows) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            self.upgrade |= option.eq_ignore_ascii_case(b"upgrade");
        }
    }
}

/// The value of Content-Length: digits only, at most 2^63 - 1, so that sums of lengths cannot overflow.
fn body_bytes(value: &[u8]) -> Result<u64, Malformed> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Malformed::Number);
    }
    value
        .iter()
        .try_fold(0_i64, |sum, digit| sum.checked_mul(10)?.checked_add(i64::from(digit - b'0')))
        .map(i64::unsigned_abs)
        .ok_or(Malformed::EntityTooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(fields: &str) -> Facts {
        let mut facts = Facts::default();
        for field in fields.split('|').filter(|field| !field.is_empty()) {
            let (name, value) = field.split_once(':').unwrap();
            facts.note(name.as_bytes(), value.as_bytes(), Span::default());
        }
        facts
    }

    fn check(fields: &str, expect: Result<Stated, Malformed>) {
        assert_eq!(facts(fields).stated(Version::Http11), expect, "{fields}");
    }

    #[test]
    fn one_length_is_taken() {
        check("", Ok(Stated::Nothing));
        check("Content-Length:5", Ok(Stated::Length(5)));
        check("content-length:0005", Ok(Stated::Length(5)));
        check("Content-Length:9223372036854775807", Ok(Stated::Length(i64::MAX as u64)));
        check("TRANSFER-ENCODING:Chunked", Ok(Stated::Chunked));
        check("Content_Length:5|X-Content-Length:6", Ok(Stated::Nothing));
    }

    #[test]
    fn two_lengths_are_none() {
        for fields in [
            "Content-Length:5|Content-Length:5",
            "Content-Length:5|Content-Length:6",
            "Content-Length:5|Transfer-Encoding:chunked",
            "Transfer-Encoding:chunked|Content-Length:0",
        ] {
            check(fields, Err(Malformed::LengthConflict));
        }
    }

    #[test]
    fn a_length_is_a_number() {
        for value in ["", "-1", "+5", "0x5", "5e0", "1 0", "1_0", "five", "5, 6", "5,5", "\u{b}5"] {
            check(&format!("Content-Length:{value}"), Err(Malformed::Number));
        }
        check("Content-Length:x|Transfer-Encoding:gzip", Err(Malformed::Number));
        check("Transfer-Encoding:gzip|Content-Length:x", Err(Malformed::TransferCoding));
        for value in ["9223372036854775808", "18446744073709551616", &"9".repeat(99)] {
            check(&format!("Content-Length:{value}"), Err(Malformed::EntityTooLarge));
        }
    }

    #[test]
    fn chunked_is_the_only_coding() {
        for value in ["", "gzip", "identity", "chunked, gzip", "xchunked", "chunked;q=1", "'chunked'", "chunked,"] {
            check(&format!("Transfer-Encoding:{value}"), Err(Malformed::TransferCoding));
        }
        for value in ["gzip, chunked", "chunked, chunked", ",chunked"] {
            check(&format!("Transfer-Encoding:{value}"), Err(Malformed::NotImplemented));
        }
        check("Transfer-Encoding:chunked|Transfer-Encoding:chunked", Err(Malformed::TransferCoding));
        assert_eq!(facts("Transfer-Encoding:chunked").stated(Version::Http10), Err(Malformed::TransferCoding));
    }

    #[test]
    fn the_connection_is_kept_as_the_rfc_says() {
        let kept =
            |fields: &str| (facts(fields).keep_alive(Version::Http10), facts(fields).keep_alive(Version::Http11));
        assert_eq!(kept(""), (false, true));
        assert_eq!(kept("Connection:foo, CLOSE"), (false, false));
        assert_eq!(kept("Connection:Keep-Alive"), (true, true));
        assert_eq!(kept("Connection:keep-alive|Connection:close"), (false, false));
        assert_eq!(kept("Connection:closed"), (false, true));
    }

    #[test]
    fn an_upgrade_must_be_named_in_connection() {
        let offered = |fields: &str, version| facts(fields).offered_upgrade(version).is_some();
        assert!(offered("Upgrade:websocket|Connection:keep-alive, Upgrade", Version::Http11));
        assert!(!offered("Upgrade:websocket|Connection:keep-alive, Upgrade", Version::Http10));
        assert!(!offered("Upgrade:websocket", Version::Http11));
        assert!(facts("Expect:100-Continue").expects_continue(Version::Http11));
        assert!(!facts("Expect:100-continue").expects_continue(Version::Http10));
        assert!(!facts("Expect:200-maybe").expects_continue(Version::Http11));
    }
}
