//! Field lines of a head: read strictly, kept as positions in the head's bytes.

use super::facts::Facts;
use super::span::Span;
use crate::chars::{is_ows, token_length, trim_ows, value_length};
use crate::{HeadLimits, Malformed};

/// One field line.
#[derive(Copy, Clone, Debug)]
pub(crate) struct FieldSpan {
    name: Span,
    value: Span,
}

impl FieldSpan {
    pub(crate) fn value_if_named<'b>(&self, name: &str, bytes: &'b [u8]) -> Option<&'b [u8]> {
        self.name.of(bytes).eq_ignore_ascii_case(name.as_bytes()).then(|| self.value.of(bytes))
    }
}

/// The bytes of a head and where its fields are in them. Cleared and filled again without allocating.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeadBytes {
    pub(crate) bytes: Vec<u8>,
    pub(crate) fields: Vec<FieldSpan>,
}

impl HeadBytes {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.fields.clear();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> + Clone {
        self.fields.iter().map(|field| (field.name.text(&self.bytes), field.value.of(&self.bytes)))
    }

    pub(crate) fn lines<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone {
        self.fields.iter().filter_map(move |field| field.value_if_named(name, &self.bytes))
    }
}

/// One field line of which the LF has been received, as lengths from its start.
pub(crate) struct FieldLine {
    name: usize,
    value_start: usize,
    value_end: usize,
    /// With the line end.
    pub(crate) length: usize,
}

/// Reads the field line at the front of `bytes`; an LF must be somewhere in them.
fn field_line(bytes: &[u8]) -> Result<FieldLine, Malformed> {
    let name = token_length(bytes);
    match bytes.get(name) {
        Some(b':') if name > 0 => {}
        Some(b'\n') => return Err(Malformed::InvalidCrLf),
        _ => return Err(Malformed::FieldName),
    }
    let white = bytes[name + 1..].iter().take_while(|byte| is_ows(**byte)).count();
    let value_start = name + 1 + white;
    let stop = value_start + value_length(&bytes[value_start..]);
    match (bytes.get(stop), bytes.get(stop + 1)) {
        (Some(b'\r'), Some(b'\n')) => {}
        (Some(b'\r' | b'\n') | None, _) => return Err(Malformed::InvalidCrLf),
        (Some(_), _) => return Err(Malformed::FieldValue),
    }
    let value_end = value_start + trim_ows(&bytes[value_start..stop]).len();
    Ok(FieldLine { name, value_start, value_end, length: stop + 2 })
}

/// Refuses a field line that is too long for itself or for its head. `start` is where it begins in the head,
/// `line_feed` where its LF is, or how much of it has been received without any.
///
/// The lower of the two bounds speaks, because it is the one that would have spoken first had the line come byte
/// by byte: an answer must not depend on how TCP cut the stream.
pub(crate) fn check_length(start: usize, line_feed: usize, limits: &HeadLimits) -> Result<(), Malformed> {
    let field_bound = limits.field_bytes_max.saturating_add(1); // for the CR
    let Some(head_bound) = limits.request_bytes_max.checked_sub(start + 1) else {
        return Err(Malformed::RequestTooLong);
    };
    if line_feed <= field_bound.min(head_bound) {
        Ok(())
    } else if field_bound < head_bound {
        Err(Malformed::FieldTooLong)
    } else {
        Err(Malformed::RequestTooLong)
    }
}

/// One field line of which the LF has been received, held to its limits. `start` is its place in the head.
pub(crate) fn bounded_line(line: &[u8], start: usize, limits: &HeadLimits) -> Result<FieldLine, Malformed> {
    let outcome = field_line(line);
    let line_feed = match &outcome {
        Ok(read) => read.length - 1,
        Err(_) => memchr::memchr(b'\n', line).unwrap_or(line.len()),
    };
    check_length(start, line_feed, limits)?;
    outcome
}

/// Reads all field lines from `start` to the empty line. Answers the length of the head and what its fields say.
/// The head must be complete.
pub(crate) fn read_all(
    head: &[u8],
    start: usize,
    limits: &HeadLimits,
    fields: &mut Vec<FieldSpan>,
) -> Result<(usize, Facts), Malformed> {
    let mut facts = Facts::default();
    let mut at = start;
    while !head[at..].starts_with(b"\r\n") {
        let line = bounded_line(&head[at..], at, limits)?;
        if fields.len() == limits.fields_max {
            return Err(Malformed::TooManyFields);
        }
        let name = Span::new(at, at + line.name);
        let value = Span::new(at + line.value_start, at + line.value_end);
        facts.note(name.of(head), value.of(head), value);
        fields.push(FieldSpan { name, value });
        at += line.length;
    }
    check_length(at, 1, limits)?;
    Ok((at + 2, facts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expect: Result<(&str, &str), Malformed>) {
        let bytes = line.as_bytes();
        let read = field_line(bytes).map(|read| (&line[..read.name], &line[read.value_start..read.value_end]));
        assert_eq!(read, expect, "{line:?}");
    }

    #[test]
    fn a_line_is_name_colon_value() {
        check("Host: a\r\n", Ok(("Host", "a")));
        check("Host:a\r\nX: y\r\n", Ok(("Host", "a")));
        check("X-A:\t b c \t\r\n", Ok(("X-A", "b c")));
        check("X:\r\n", Ok(("X", "")));
        check("X: \t \r\n", Ok(("X", "")));
        check("X: é\r\n", Ok(("X", "é")));
    }

    #[test]
    fn anything_else_is_refused() {
        for line in [": b\r\n", "X : b\r\n", "X\t: b\r\n", " folded\r\n", "\tfolded\r\n", "none\r\n", "X@: b\r\n"] {
            check(line, Err(Malformed::FieldName));
        }
        for line in ["X: b\n", "X: b\rc\r\n", "X: b\r\r\n", "X\n", "X:\n"] {
            check(line, Err(Malformed::InvalidCrLf));
        }
        for line in ["X: a\0b\r\n", "X: \u{b}\r\n", "X: \u{7f}\r\n"] {
            check(line, Err(Malformed::FieldValue));
        }
    }

    #[test]
    fn the_lower_bound_speaks() {
        let limits = HeadLimits { request_bytes_max: 100, field_bytes_max: 20, ..HeadLimits::default() };
        assert_eq!(check_length(0, 21, &limits), Ok(()));
        assert_eq!(check_length(0, 22, &limits), Err(Malformed::FieldTooLong));
        assert_eq!(check_length(90, 9, &limits), Ok(()));
        assert_eq!(check_length(90, 10, &limits), Err(Malformed::RequestTooLong));
        assert_eq!(check_length(100, 0, &limits), Err(Malformed::RequestTooLong));
    }
}
