//! The client's side: responses of an upstream out of a stream of bytes.

use super::body::BodyReader;
use super::facts::Stated;
use super::head_scan::HeadScan;
use super::{Event, Response, response};
use crate::{HeadLimits, Malformed};

/// Most interim responses before the final one.
const INTERIM_MAX: u32 = 32;

/// Where a machine stands.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// No request is open: a response now is one that nobody asked for.
    Idle,
    Head,
    Body,
}

/// Reads the responses of one connection to an upstream, one request at a time. Like [`super::ServerMachine`] it
/// holds no bytes.
#[derive(Debug)]
pub struct ClientMachine {
    limits: HeadLimits,
    stage: Stage,
    scan: HeadScan,
    body: BodyReader,
    method_is_head: bool,
    interims: u32,
    reusable: bool,
    wire_bytes: u64,
    fault: Option<Malformed>,
}

impl ClientMachine {
    /// A machine for a fresh connection.
    pub fn new(limits: HeadLimits) -> Self {
        Self {
            limits,
            stage: Stage::Idle,
            scan: HeadScan::default(),
            body: BodyReader::none(),
            method_is_head: false,
            interims: 0,
            reusable: true,
            wire_bytes: 0,
            fault: None,
        }
    }

    /// A request has been, or is about to be, sent. A response to HEAD has no body (RFC 9112 §6.3 rule 1).
    pub fn begin(&mut self, method_is_head: bool) {
        self.stage = Stage::Head;
        self.scan = HeadScan::default();
        self.method_is_head = method_is_head;
        self.interims = 0;
        self.reusable = false;
        self.wire_bytes = 0;
    }

    /// Looks at the front of `input`, by the same rules as [`super::ServerMachine::read`].
    ///
    /// The head of an interim response (1xx but 101) is followed by another head. After 101 comes
    /// [`Event::BodyEnd`] and what follows belongs to the new protocol. `response` is written by [`Event::Head`]
    /// alone, and left without meaning by an error.
    ///
    /// # Errors
    /// [`Malformed`] for what breaks the rules or the limits, or for bytes that no request asked for; then the
    /// connection has to be closed.
    pub fn read<'b>(&mut self, input: &'b [u8], response: &mut Response) -> Result<(usize, Event<'b>), Malformed> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let outcome = match self.stage {
            Stage::Idle if input.is_empty() => Ok((0, Event::NeedMore)),
            Stage::Idle => Err(Malformed::StatusLine),
            Stage::Head => self.read_head(input, response),
            Stage::Body => self.read_body(input),
        };
        self.fault = outcome.err();
        if let Ok((used, _)) = outcome {
            self.wire_bytes += used as u64;
        }
        outcome
    }

    /// The upstream has closed its side. This ends a body that has no length of its own.
    ///
    /// # Errors
    /// [`Malformed::EndOfStream`] when anything was still due, or nothing was asked.
    pub fn end_of_stream(&mut self) -> Result<Event<'static>, Malformed> {
        self.reusable = false;
        if self.fault.is_none() && self.stage == Stage::Body && self.body.ends_with_connection() {
            self.stage = Stage::Idle;
            return Ok(Event::BodyEnd);
        }
        let fault = *self.fault.get_or_insert(Malformed::EndOfStream);
        Err(fault)
    }

    /// True when the response has ended, its end was stated by the response itself and the upstream keeps the
    /// connection. The caller has to see to it that no bytes are left behind the response.
    pub fn reusable(&self) -> bool {
        self.fault.is_none() && self.stage == Stage::Idle && self.reusable
    }

    /// True when nothing of the response to the present request has been used up yet; with an empty buffer the
    /// request may be tried on another connection if its method allows it (RFC 9110 §9.2.2).
    pub fn is_untouched(&self) -> bool {
        self.stage == Stage::Head && self.wire_bytes == 0 && self.scan.seen() == 0
    }

    /// Bytes of content received of the present body.
    pub fn body_received(&self) -> u64 {
        self.body.received()
    }

    /// Bytes used up since [`ClientMachine::begin`], with heads and chunk framing.
    pub fn wire_bytes(&self) -> u64 {
        self.wire_bytes
    }

    fn read_head(&mut self, input: &[u8], response: &mut Response) -> Result<(usize, Event<'static>), Malformed> {
        if !self.scan.is_complete(input, &self.limits, response::check_status_line)? {
            return Ok((0, Event::NeedMore));
        }
        let (length, stated) = response.fill(input, &self.limits)?;
        if matches!(response.status(), 100 | 102..=199) {
            self.interims += 1;
            if self.interims > INTERIM_MAX {
                return Err(Malformed::StatusLine);
            }
        } else {
            self.start_body(response, stated);
        }
        Ok((length, Event::Head))
    }

    /// RFC 9112 §6.3. A response that cannot have a body and announces one all the same is no ground to stand on for
    /// a next one.
    fn start_body(&mut self, response: &Response, stated: Stated) {
        let status = response.status();
        let never_has_body = matches!(status, 101 | 204);
        let announces_body = !matches!(stated, Stated::Nothing | Stated::Length(0));
        self.reusable = response.keep_alive() && status != 101 && !(never_has_body && announces_body);
        self.stage = Stage::Body;
        self.body = match stated {
            _ if self.method_is_head || never_has_body || status == 304 => BodyReader::none(),
            Stated::Length(bytes) => BodyReader::with_length(bytes),
            Stated::Chunked => BodyReader::chunked(),
            Stated::Nothing => {
                self.reusable = false;
                BodyReader::until_close()
            }
        };
    }

    fn read_body<'b>(&mut self, input: &'b [u8]) -> Result<(usize, Event<'b>), Malformed> {
        let (used, event) = self.body.read(input, &self.limits)?;
        if event == Event::BodyEnd {
            self.stage = Stage::Idle;
        }
        Ok((used, event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the answer to one request shows when it comes in steps of `step` bytes and the connection then ends.
    fn transcript(method_is_head: bool, input: &[u8], step: usize) -> String {
        let (mut machine, mut response) = (ClientMachine::new(HeadLimits::default()), Response::new());
        machine.begin(method_is_head);
        let (mut seen, mut used, mut end) = (String::new(), 0, 0);
        loop {
            let (bytes, event) = match machine.read(&input[used..end], &mut response) {
                Ok(outcome) => outcome,
                Err(fault) => return format!("{seen}; {fault:?}"),
            };
            used += bytes;
            match event {
                Event::Head => seen = format!("{seen}{} ", response.status()),
                Event::Body(piece) => seen += &String::from_utf8_lossy(piece),
                Event::BodyEnd if machine.reusable() => return format!("{seen}; reusable at {used}"),
                Event::BodyEnd => return format!("{seen}; ended at {used}"),
                Event::NeedMore if end == input.len() => return format!("{seen}; {:?}", machine.end_of_stream()),
                Event::NeedMore => end = (end + step).min(input.len()),
            }
        }
    }

    fn check(input: &str, expect: &str) {
        for step in [1, 3, 1 << 20] {
            assert_eq!(transcript(false, input.as_bytes(), step), expect, "{input:?} by {step}");
        }
    }

    #[test]
    fn the_end_is_found_as_stated() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", "200 abc; reusable at 41");
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "200 abc; reusable at 60");
        check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc", "200 abc; ended at 60");
        check("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", "200 abc; ended at 41");
        check("HTTP/1.1 200 OK\r\n\r\nabc", "200 abc; Ok(BodyEnd)");
        check("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200 ; reusable at 38");
    }

    #[test]
    fn some_responses_have_no_body() {
        check("HTTP/1.1 204 x\r\n\r\n", "204 ; reusable at 18");
        check("HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n", "304 ; reusable at 37");
        check("HTTP/1.1 204 x\r\nContent-Length: 9\r\n\r\n", "204 ; ended at 37");
        check("HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\ntunnel", "101 ; ended at 51");
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
        assert_eq!(transcript(true, head, 1), "200 ; reusable at 38");
        assert_eq!(transcript(true, b"HTTP/1.1 200 OK\r\n\r\n", 9), "200 ; reusable at 19");
    }

    #[test]
    fn interim_responses_come_first() {
        let interim = "HTTP/1.1 100 Continue\r\n\r\n";
        let last = "HTTP/1.1 204 x\r\n\r\n";
        check(&format!("{interim}HTTP/1.1 103 Early\r\nLink: a\r\n\r\n{last}"), "100 103 204 ; reusable at 74");
        check(&interim.repeat(33), &format!("{}; StatusLine", "100 ".repeat(32)));
    }

    #[test]
    fn broken_responses_are_refused() {
        check("HTTP/1.1 200 OK\nX: y\r\n\r\n", "; InvalidCrLf");
        check("HTTP/1.1 200 OK\r\nX : y\r\n\r\n", "; FieldName");
        check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "; LengthConflict");
        check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", "; LengthConflict");
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "; TransferCoding");
        check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "200 ab; Err(EndOfStream)");
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "200 abc; Err(EndOfStream)");
        check("SSH-2.0-OpenSSH\r\n", "; StatusLine");
        check("", "; Err(EndOfStream)");
    }

    #[test]
    fn a_connection_serves_one_request_after_another() {
        let (mut machine, mut response) = (ClientMachine::new(HeadLimits::default()), Response::new());
        let answer = b"HTTP/1.1 204 x\r\n\r\n";
        for _ in 0..3 {
            assert!(machine.reusable());
            machine.begin(false);
            assert!(machine.is_untouched() && !machine.reusable());
            assert_eq!(machine.read(answer, &mut response), Ok((18, Event::Head)));
            assert_eq!(machine.read(b"", &mut response), Ok((0, Event::BodyEnd)));
            assert_eq!(machine.wire_bytes(), 18);
        }
        assert_eq!(machine.read(b"", &mut response), Ok((0, Event::NeedMore)));
        assert_eq!(machine.read(answer, &mut response), Err(Malformed::StatusLine));
        assert!(!machine.reusable());
    }
}
