//! Heads and chunks, written into a buffer.

use super::{Version, reason_phrase};
use crate::chars::is_tchar;

/// What ends a chunked body, without trailers.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// The interim response that an `Expect: 100-continue` waits for.
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// How a message says where its body ends.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Framing {
    /// By Content-Length. It is also right for a response to HEAD, with the length that a GET would have.
    Length(u64),
    /// By chunks. HTTP/1.0 does not know them: see [`Framing::for_version`].
    Chunked,
    /// By the end of the connection.
    Close,
    /// It has no body and states no length: 1xx, 204, 304, and requests without body.
    None,
}

impl Framing {
    /// The framing that a peer of this version understands: chunks become [`Framing::Close`] in HTTP/1.0.
    #[must_use]
    pub fn for_version(self, version: Version) -> Self {
        match (self, version) {
            (Self::Chunked, Version::Http10) => Self::Close,
            (Self::Length(_) | Self::Chunked | Self::Close | Self::None, _) => self,
        }
    }
}

/// Writes one head into a buffer, behind what is there.
///
/// No value can end its line: CR, LF and NUL become a space, and a field whose name is no token is left out.
#[derive(Debug)]
pub struct HeadWriter<'o> {
    out: &'o mut Vec<u8>,
}

impl<'o> HeadWriter<'o> {
    /// Begins a response. The status line says HTTP/1.1 to every client (RFC 9110 §2.5).
    pub fn start(out: &'o mut Vec<u8>, status: u16) -> Self {
        out.extend_from_slice(b"HTTP/1.1 ");
        write_decimal(out, u64::from(status));
        out.push(b' ');
        out.extend_from_slice(reason_phrase(status).as_bytes());
        out.extend_from_slice(b"\r\n");
        Self { out }
    }

    /// Begins a request. White space, controls and what is not ASCII are percent-encoded in the target and left out
    /// of the method.
    pub fn start_request(out: &'o mut Vec<u8>, method: &str, target: &str) -> Self {
        out.extend(method.bytes().filter(|byte| is_tchar(*byte)));
        out.push(b' ');
        for byte in target.bytes() {
            if byte.is_ascii_graphic() {
                out.push(byte);
            } else {
                out.extend_from_slice(&[b'%', hex_digit(byte >> 4), hex_digit(byte & 15)]);
            }
        }
        out.extend_from_slice(b" HTTP/1.1\r\n");
        Self { out }
    }

    /// Field lines that were rendered before, each ending in CRLF; the caller vouches for their form.
    pub fn lines(&mut self, lines: &[u8]) -> &mut Self {
        self.out.extend_from_slice(lines);
        self
    }

    /// Writes one field line.
    pub fn field(&mut self, name: &str, value: &[u8]) -> &mut Self {
        if name.is_empty() || !name.bytes().all(is_tchar) {
            return self;
        }
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b": ");
        let start = self.out.len();
        self.out.extend_from_slice(value);
        for byte in &mut self.out[start..] {
            if matches!(byte, b'\r' | b'\n' | 0) {
                *byte = b' ';
            }
        }
        self.out.extend_from_slice(b"\r\n");
        self
    }

    /// Writes one field line with a decimal value.
    pub fn number(&mut self, name: &str, value: u64) -> &mut Self {
        let mut digits = [0; DIGITS_MAX];
        self.field(name, decimal(value, &mut digits))
    }

    /// Writes what says where the body ends and whether the connection stays: Content-Length or Transfer-Encoding,
    /// and Connection where the version's default is not meant (RFC 9112 §9.3). With [`Framing::Close`], also when
    /// it comes from [`Framing::for_version`], the connection is never said to stay.
    pub fn framing(&mut self, framing: Framing, keep_alive: bool, version: Version) -> &mut Self {
        let framing = framing.for_version(version);
        match framing {
            Framing::Length(bytes) => self.number("Content-Length", bytes),
            Framing::Chunked => self.field("Transfer-Encoding", b"chunked"),
            Framing::Close | Framing::None => self,
        };
        match (version, keep_alive && framing != Framing::Close) {
            (Version::Http11, true) => self,
            (Version::Http10, true) => self.field("Connection", b"keep-alive"),
            (Version::Http10 | Version::Http11, false) => self.field("Connection", b"close"),
        }
    }

    /// Ends the head with its empty line.
    pub fn finish(&mut self) {
        self.out.extend_from_slice(b"\r\n");
    }
}

/// Writes one chunk. No data writes nothing, because an empty chunk would end the body.
pub fn write_chunk(out: &mut Vec<u8>, data: &[u8]) {
    if !data.is_empty() {
        write_chunk_head(out, data.len() as u64);
        out.extend_from_slice(data);
        out.extend_from_slice(b"\r\n");
    }
}

/// Writes the head of a chunk of `len` bytes; the bytes and CR LF are to follow. `len` must not be 0.
pub fn write_chunk_head(out: &mut Vec<u8>, len: u64) {
    let digits = (u64::BITS - len.leading_zeros()).div_ceil(4).max(1);
    for place in (0..digits).rev() {
        out.push(hex_digit((len >> (place * 4)) as u8 & 15));
    }
    out.extend_from_slice(b"\r\n");
}

fn hex_digit(value: u8) -> u8 {
    b"0123456789ABCDEF"[usize::from(value & 15)]
}

/// Digits of the largest `u64`.
const DIGITS_MAX: usize = 20;

fn write_decimal(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(decimal(value, &mut [0; DIGITS_MAX]));
}

fn decimal(mut value: u64, digits: &mut [u8; DIGITS_MAX]) -> &[u8] {
    let mut start = DIGITS_MAX;
    loop {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            return &digits[start..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClientMachine, Event, HeadLimits, Request, Response, ServerMachine};
    use proptest::prelude::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_head_is_written_line_by_line() {
        let text = written(|out| {
            HeadWriter::start(out, 404)
                .field("Server", b"x")
                .number("Age", 0)
                .framing(Framing::Length(u64::MAX), true, Version::Http11)
                .finish();
        });
        assert_eq!(
            text,
            "HTTP/1.1 404 Not Found\r\nServer: x\r\nAge: 0\r\nContent-Length: 18446744073709551615\r\n\r\n"
        );
        assert_eq!(written(|out| HeadWriter::start(out, 299).finish()), "HTTP/1.1 299 \r\n\r\n");
        let text = written(|out| HeadWriter::start_request(out, "GE\r\nT", "/a b\r\n\u{e9}").finish());
        assert_eq!(text, "GET /a%20b%0D%0A%C3%A9 HTTP/1.1\r\n\r\n");
    }

    #[test]
    fn no_value_splits_a_response() {
        let text = written(|out| {
            HeadWriter::start(out, 200)
                .field("Location", b"/a\r\nX-Injected: 1\0")
                .field("X\r\nY", b"z")
                .field("", b"z");
        });
        assert_eq!(text, "HTTP/1.1 200 OK\r\nLocation: /a  X-Injected: 1 \r\n");
    }

    fn check(framing: Framing, keep_alive: bool, version: Version, expect: &str) {
        let text = written(|out| {
            HeadWriter::start(out, 200).framing(framing, keep_alive, version);
        });
        assert_eq!(text.strip_prefix("HTTP/1.1 200 OK\r\n").unwrap().replace("\r\n", "|"), expect);
    }

    #[test]
    fn framing_suits_the_version() {
        check(Framing::Length(5), true, Version::Http11, "Content-Length: 5|");
        check(Framing::Length(5), false, Version::Http11, "Content-Length: 5|Connection: close|");
        check(Framing::Length(5), true, Version::Http10, "Content-Length: 5|Connection: keep-alive|");
        check(Framing::Chunked, true, Version::Http11, "Transfer-Encoding: chunked|");
        check(Framing::Chunked, true, Version::Http10, "Connection: close|");
        check(Framing::Close, true, Version::Http11, "Connection: close|");
        check(Framing::None, true, Version::Http11, "");
    }

    #[test]
    fn chunks_have_hexadecimal_sizes() {
        assert_eq!(written(|out| write_chunk(out, b"hello world, hello")), "12\r\nhello world, hello\r\n");
        assert_eq!(written(|out| write_chunk(out, b"")), "");
        assert_eq!(written(|out| write_chunk_head(out, u64::MAX)), "FFFFFFFFFFFFFFFF\r\n");
        assert_eq!(written(|out| write_chunk_head(out, 16)), "10\r\n");
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(
            status in 200_u16..600,
            fields in proptest::collection::vec(("[A-Za-z][A-Za-z-]{0,9}q", "[ -~]{0,20}"), 0..8),
            pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..5),
        ) {
            prop_assume!(!matches!(status, 204 | 304));
            let mut wire = Vec::new();
            let mut head = HeadWriter::start(&mut wire, status);
            for (name, value) in &fields {
                head.field(name, value.as_bytes());
            }
            head.framing(Framing::Chunked, true, Version::Http11).finish();
            for piece in &pieces {
                write_chunk(&mut wire, piece);
            }
            wire.extend_from_slice(LAST_CHUNK);

            let (mut machine, mut response) = (ClientMachine::new(HeadLimits::default()), Response::new());
            machine.begin(false);
            let (mut at, mut body) = (0, Vec::new());
            loop {
                let (used, event) = machine.read(&wire[at..], &mut response).unwrap();
                at += used;
                match event {
                    Event::Body(piece) => body.extend_from_slice(piece),
                    Event::Head => {}
                    Event::BodyEnd => break,
                    Event::NeedMore => prop_assert!(false, "incomplete"),
                }
            }
            prop_assert_eq!((response.status(), body, at), (status, pieces.concat(), wire.len()));
            let seen: Vec<_> = response.fields().take(fields.len()).collect();
            let sent: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.trim().as_bytes())).collect();
            prop_assert_eq!(seen, sent);
            prop_assert!(machine.reusable());
        }

        #[test]
        fn a_written_request_is_never_malformed(target in "/[^#]{0,30}", value in any::<Vec<u8>>()) {
            let mut wire = Vec::new();
            let clean: Vec<u8> = value.into_iter().filter(|byte| !byte.is_ascii_control() || b"\r\n\0".contains(byte)).collect();
            HeadWriter::start_request(&mut wire, "GET", &target).field("Host", b"a").field("X", &clean).finish();
            let mut machine = ServerMachine::new(HeadLimits::default());
            prop_assert_eq!(machine.read(&wire, &mut Request::new()), Ok((wire.len(), Event::Head)));
        }
    }
}
