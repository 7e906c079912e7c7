//! Streams of HTTP/1 messages: what they mean, however they arrive.

use doorward_wire::{ClientMachine, Event, HeadLimits, Malformed, Request, Response, ServerMachine};

/// A head as received, its content, and how many bytes both took on the wire.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Message {
    pub(super) head: Vec<u8>,
    pub(super) content: Vec<u8>,
    pub(super) wire_bytes: u64,
}

/// What a stream meant.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Meaning {
    pub(super) messages: Vec<Message>,
    /// The last message is whole.
    pub(super) ended: bool,
    pub(super) fault: Option<Malformed>,
}

impl Meaning {
    fn content(&mut self, piece: &[u8]) {
        assert!(!piece.is_empty(), "a piece of content is never empty");
        if let Some(message) = self.messages.last_mut() {
            message.content.extend_from_slice(piece);
        }
    }

    fn ended(&mut self, wire_bytes: u64) {
        if let Some(message) = self.messages.last_mut() {
            message.wire_bytes = wire_bytes;
        }
    }
}

/// Limits that short streams meet.
pub(super) fn small_limits() -> HeadLimits {
    HeadLimits {
        request_bytes_max: 400,
        field_bytes_max: 120,
        fields_max: 8,
        url_bytes_max: 60,
        segment_bytes_max: 20,
        segments_max: 8,
    }
}

/// Requests; the input comes in pieces that end at `cuts`, which rise up to its length.
pub(super) fn served(input: &[u8], cuts: &[usize], limits: HeadLimits) -> Meaning {
    let (mut machine, mut request) = (ServerMachine::new(limits), Request::new());
    let (mut meaning, mut used) = (Meaning::default(), 0);
    for end in cuts {
        loop {
            let (bytes, event) = match machine.read(&input[used..*end], &mut request) {
                Ok(read) => read,
                Err(fault) => return Meaning { fault: Some(fault), ..meaning },
            };
            used += bytes;
            match event {
                Event::NeedMore => break,
                Event::Head => {
                    meaning.messages.push(Message { head: request.raw_head().to_vec(), ..Message::default() });
                }
                Event::Body(piece) => meaning.content(piece),
                Event::BodyEnd => meaning.ended(machine.wire_bytes()),
            }
        }
        assert!(end - used < limits.request_bytes_max.max(1026), "what is kept back is bounded");
    }
    meaning.ended = machine.is_idle();
    meaning
}

/// Responses to requests of one method, one after the other.
pub(super) fn answered(input: &[u8], cuts: &[usize], method_is_head: bool) -> Meaning {
    let (mut machine, mut response) = (ClientMachine::new(small_limits()), Response::new());
    let (mut meaning, mut used) = (Meaning::default(), 0);
    machine.begin(method_is_head);
    for end in cuts {
        loop {
            let (bytes, event) = match machine.read(&input[used..*end], &mut response) {
                Ok(read) => read,
                Err(fault) => return Meaning { fault: Some(fault), ..meaning },
            };
            used += bytes;
            match event {
                Event::NeedMore => break,
                Event::Head => {
                    meaning.messages.push(Message { head: response.raw_head().to_vec(), ..Message::default() });
                }
                Event::Body(piece) => meaning.content(piece),
                Event::BodyEnd => {
                    meaning.ended(machine.wire_bytes());
                    machine.begin(method_is_head);
                }
            }
        }
    }
    meaning.ended = machine.end_of_stream().is_ok();
    meaning
}

/// Takes cuts from the front of an input: their number, then each as a byte; the rest is the stream, and the cuts rise up to
/// its length.
pub(super) fn cut(input: &[u8]) -> (Vec<usize>, &[u8]) {
    let (count, rest) = input.split_first().map_or((0, input), |(count, rest)| (usize::from(*count % 16), rest));
    let (raw, stream) = rest.split_at(count.min(rest.len()));
    let mut cuts: Vec<usize> = raw.iter().map(|byte| usize::from(*byte) * (stream.len() + 1) / 256).collect();
    cuts.sort_unstable();
    cuts.push(stream.len());
    (cuts, stream)
}

/// One piece per byte.
pub(super) fn bytewise(input: &[u8]) -> Vec<usize> {
    (0..=input.len()).collect()
}

/// The lines of a head, without line ends; panics where it is not made of lines that end in CRLF.
pub(super) fn lines(head: &[u8]) -> Vec<&[u8]> {
    let whole = head.strip_suffix(b"\r\n\r\n");
    assert!(whole.is_some(), "a head ends in an empty line");
    let mut lines: Vec<&[u8]> = whole.unwrap_or_default().split(|byte| *byte == b'\n').collect();
    let last = lines.len() - 1;
    for line in &mut lines[..last] {
        assert!(line.ends_with(b"\r"), "a bare LF after {line:?}");
        *line = &line[..line.len() - 1];
    }
    assert!(!lines.iter().any(|line| line.contains(&b'\r') || line.contains(&0)), "bare CR or NUL in {lines:?}");
    lines
}

/// Name in lower case and value of each field line; panics where one is not `name: value`.
pub(super) fn fields<'h>(lines: &[&'h [u8]]) -> Vec<(Vec<u8>, &'h [u8])> {
    let field = |line: &&'h [u8]| {
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(0);
        let name = line[..colon].to_ascii_lowercase();
        let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
        assert!(!name.is_empty() && name.iter().all(is_token), "no field name in {line:?}");
        (name, line[colon + 1..].trim_ascii())
    };
    lines.iter().map(field).collect()
}
