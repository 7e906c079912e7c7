//! The server's side: requests out of a stream of bytes.

use super::body::BodyReader;
use super::head_scan::HeadScan;
use super::{BodyLength, Event, Request, request_line};
use crate::{HeadLimits, Malformed, Waiting};

/// Reads the requests of one connection. It holds positions and counts, never bytes: those stay with the caller
/// until they are used up.
///
/// After [`Event::Head`] come [`Event::Body`] any number of times and [`Event::BodyEnd`] once, then the next head.
/// The machine goes on after `Connection: close` and after an upgrade; to stop there is the caller's part.
#[derive(Debug)]
pub struct ServerMachine {
    limits: HeadLimits,
    in_body: bool,
    scan: HeadScan,
    body: BodyReader,
    /// An empty line before the next request has been passed over.
    skipped_line: bool,
    /// A CR has been seen that may begin that empty line.
    half_line: bool,
    wire_bytes: u64,
    fault: Option<Malformed>,
}

impl ServerMachine {
    /// A machine at the start of a connection.
    pub fn new(limits: HeadLimits) -> Self {
        Self {
            limits,
            in_body: false,
            scan: HeadScan::default(),
            body: BodyReader::none(),
            skipped_line: false,
            half_line: false,
            wire_bytes: 0,
            fault: None,
        }
    }

    /// Looks at the front of `input`: how many bytes are used up, and what they mean.
    ///
    /// Used bytes are to be dropped, whatever the event; with [`Event::NeedMore`] the next call brings the unused
    /// ones again with more behind them. What stays unused is shorter than [`HeadLimits::request_bytes_max`] or
    /// 1026 bytes (a chunk head), whichever is more, so a buffer of that size never fills up without an answer.
    /// `request` is written by [`Event::Head`] alone, and by a refused head, of which it then holds the request line if
    /// that was in order (for the HTTPERR log).
    ///
    /// # Errors
    /// [`Malformed`] for what breaks the rules or the limits, and the same again from then on: the connection has to
    /// be closed after the answer. Trailers are checked, bounded and dropped.
    pub fn read<'b>(&mut self, input: &'b [u8], request: &mut Request) -> Result<(usize, Event<'b>), Malformed> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let outcome = if self.in_body { self.read_body(input) } else { self.read_head(input, request) };
        self.fault = outcome.err();
        outcome
    }

    /// True between messages when nothing of the next one has been received.
    pub fn is_idle(&self) -> bool {
        self.fault.is_none() && !self.in_body && !self.half_line && self.scan.seen() == 0
    }

    /// True from [`Event::Head`] to [`Event::BodyEnd`].
    pub fn in_body(&self) -> bool {
        self.in_body
    }

    /// What the connection waits for, to choose its timer.
    pub fn waiting(&self) -> Waiting {
        match (self.in_body, self.is_idle()) {
            (true, _) => Waiting::Body,
            (false, true) => Waiting::Idle,
            (false, false) => Waiting::Head,
        }
    }

    /// Bytes of content received of the present body, or of the last one between messages.
    pub fn body_received(&self) -> u64 {
        self.body.received()
    }

    /// Bytes used up for the present message (the last one between messages), with its head and chunk framing:
    /// `cs-bytes` of the W3C log.
    pub fn wire_bytes(&self) -> u64 {
        self.wire_bytes
    }

    fn read_body<'b>(&mut self, input: &'b [u8]) -> Result<(usize, Event<'b>), Malformed> {
        let (used, event) = self.body.read(input, &self.limits)?;
        self.wire_bytes += used as u64;
        self.in_body = event != Event::BodyEnd;
        Ok((used, event))
    }

    fn read_head(&mut self, input: &[u8], request: &mut Request) -> Result<(usize, Event<'static>), Malformed> {
        let skipped = self.skip_empty_line(input);
        let head = &input[skipped..];
        if self.half_line {
            return Ok((skipped, Event::NeedMore));
        }
        match self.complete_head(head, request) {
            Ok(0) => Ok((skipped, Event::NeedMore)),
            Ok(length) => {
                self.start_body(request.body(), length);
                Ok((skipped + length, Event::Head))
            }
            Err(fault) => {
                request.fill_line(head, &self.limits);
                Err(fault)
            }
        }
    }

    /// One empty line before a request is passed over (RFC 9112 §2.2): its length if it is at the front of `input`.
    fn skip_empty_line(&mut self, input: &[u8]) -> usize {
        self.half_line = !self.skipped_line && input == b"\r";
        if self.skipped_line || !input.starts_with(b"\r\n") {
            return 0;
        }
        self.skipped_line = true;
        2
    }

    /// The length of the head if it is complete, else 0.
    fn complete_head(&mut self, head: &[u8], request: &mut Request) -> Result<usize, Malformed> {
        if head.is_empty() || !self.scan.is_complete(head, &self.limits, request_line::check)? {
            return Ok(0);
        }
        request.fill(head, &self.limits)
    }

    fn start_body(&mut self, length: BodyLength, head_bytes: usize) {
        self.body = match length {
            BodyLength::None => BodyReader::none(),
            BodyLength::Known(bytes) => BodyReader::with_length(bytes),
            BodyLength::Chunked => BodyReader::chunked(),
        };
        self.in_body = true;
        self.wire_bytes = head_bytes as u64 + if self.skipped_line { 2 } else { 0 };
        self.skipped_line = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a connection shows when `input` comes in steps of `step` bytes.
    fn transcript(input: &[u8], step: usize) -> String {
        let (mut machine, mut request) = (ServerMachine::new(HeadLimits::default()), Request::new());
        let (mut seen, mut used, mut end) = (String::new(), 0, 0);
        loop {
            let (bytes, event) = match machine.read(&input[used..end], &mut request) {
                Ok(outcome) => outcome,
                Err(fault) => return format!("{seen}{fault:?} after {:?}", request.target()),
            };
            used += bytes;
            match event {
                Event::Head => seen = format!("{seen}{} {}; ", request.method(), request.target()),
                Event::Body(piece) => seen += &String::from_utf8_lossy(piece),
                Event::BodyEnd => seen = format!("{seen} .{}/{}; ", machine.body_received(), machine.wire_bytes()),
                Event::NeedMore if end == input.len() => return format!("{seen}{:?}", machine.waiting()),
                Event::NeedMore => end = (end + step).min(input.len()),
            }
        }
    }

    fn check(input: &str, expect: &str) {
        for step in [1, 2, 7, 1 << 20] {
            assert_eq!(transcript(input.as_bytes(), step), expect, "{input:?} by {step}");
        }
    }

    #[test]
    fn requests_follow_each_other() {
        let get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
        check(get, "GET /a;  .0/28; Idle");
        check(&get.repeat(2), "GET /a;  .0/28; GET /a;  .0/28; Idle");
        let post = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
        check(&format!("{post}{get}"), "POST /p; abc .3/51; GET /a;  .0/28; Idle");
        let chunked = "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        check(&format!("{chunked}{get}"), "POST /p; abc .3/70; GET /a;  .0/28; Idle");
    }

    #[test]
    fn a_waiting_connection_knows_for_what() {
        check("", "Idle");
        check("G", "Head");
        check("GET / HTTP/1.1\r\nHost: h\r\n\r", "Head");
        check("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na", "POST /p; aBody");
    }

    #[test]
    fn one_empty_line_is_passed_over() {
        check("\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n", "GET /a;  .0/30; Idle");
        let twice = "\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n".repeat(2);
        check(&twice, "GET /a;  .0/30; GET /a;  .0/30; Idle");
        check("\r\n", "Idle");
        check("\r", "Head");
        check("\r\n\r\n", "InvalidCrLf after \"\"");
        check("\r\rGET", "InvalidCrLf after \"\"");
        check("\nGET", "InvalidCrLf after \"\"");
    }

    #[test]
    fn a_refused_head_leaves_its_request_line() {
        check("GET /a HTTP/1.1\r\nHost h\r\n\r\n", "FieldName after \"/a\"");
        check("GET /a HTTP/1.1\r\nHost: h h\r\n\r\n", "Hostname after \"/a\"");
        check("GET /a HTTP/1.1\nHost: h\r\n\r\n", "InvalidCrLf after \"\"");
    }

    #[test]
    fn a_fault_stays() {
        let (mut machine, mut request) = (ServerMachine::new(HeadLimits::default()), Request::new());
        assert_eq!(machine.read(b"\x16\x03\x01", &mut request), Err(Malformed::BadRequest));
        assert_eq!(machine.read(b"GET / HTTP/1.0\r\n\r\n", &mut request), Err(Malformed::BadRequest));
        assert!(!machine.is_idle());
    }
}
