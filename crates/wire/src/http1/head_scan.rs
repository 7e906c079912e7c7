//! Finds out whether a head is complete, and refuses one that can no longer become valid.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::fields;
use crate::{HeadLimits, Malformed};

const HEAD_END: &[u8] = b"\r\n\r\n";

/// Made once: making it costs as much as searching a head with it.
static HEAD_END_FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(HEAD_END));

/// Looks at a start line: the bytes from its first one, where its LF is if that has been received, the limits.
pub(crate) type CheckStartLine = fn(&[u8], Option<usize>, &HeadLimits) -> Result<(), Malformed>;

/// How far an incomplete head has been looked at. It holds positions only, so a waiting connection keeps no copy.
#[derive(Debug, Default)]
pub(crate) struct HeadScan {
    /// Up to here there is no end of the head.
    searched: usize,
    /// Up to here all lines are complete and valid.
    checked: usize,
    fields: usize,
}

impl HeadScan {
    /// True when all of the head is in `input`. A head that came in one piece costs one look at its last bytes.
    /// After `Ok(false)` the next call must bring the same bytes again with more behind them.
    pub(crate) fn is_complete(
        &mut self,
        input: &[u8],
        limits: &HeadLimits,
        check_start_line: CheckStartLine,
    ) -> Result<bool, Malformed> {
        let window = &input[..input.len().min(limits.request_bytes_max)];
        let from = self.searched.saturating_sub(HEAD_END.len() - 1).min(window.len());
        if window.ends_with(HEAD_END) || HEAD_END_FINDER.find(&window[from..]).is_some() {
            *self = Self::default();
            return Ok(true);
        }
        self.searched = window.len();
        self.check_lines(input, limits, check_start_line)?;
        Ok(false)
    }

    /// Number of bytes of an incomplete head that have been seen.
    pub(crate) fn seen(&self) -> usize {
        self.searched
    }

    /// The same checks in the same order that reading the complete head will do, so that a bad head is refused at
    /// once and with the same words.
    fn check_lines(
        &mut self,
        input: &[u8],
        limits: &HeadLimits,
        check_start_line: CheckStartLine,
    ) -> Result<(), Malformed> {
        loop {
            let rest = input.get(self.checked..).unwrap_or_default();
            let line_feed = memchr::memchr(b'\n', rest);
            if self.checked == 0 {
                check_start_line(rest, line_feed, limits)?;
            } else if line_feed.is_some() {
                fields::bounded_line(rest, self.checked, limits)?;
                self.fields += 1;
                if self.fields > limits.fields_max {
                    return Err(Malformed::TooManyFields);
                }
            } else {
                fields::check_length(self.checked, rest.len(), limits)?;
            }
            match line_feed {
                Some(length) => self.checked += length + 1,
                None => return Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short_start_line(head: &[u8], line_feed: Option<usize>, _: &HeadLimits) -> Result<(), Malformed> {
        if line_feed.unwrap_or(head.len()) < 9 { Ok(()) } else { Err(Malformed::Verb) }
    }

    /// Feeds `head` in steps of `step` bytes; the number of bytes after which there is an answer.
    fn answered_after(head: &str, step: usize) -> (usize, Result<bool, Malformed>) {
        let limits = HeadLimits { request_bytes_max: 60, field_bytes_max: 20, fields_max: 3, ..HeadLimits::default() };
        let mut scan = HeadScan::default();
        let mut end = 0;
        loop {
            end = (end + step).min(head.len());
            let answer = scan.is_complete(&head.as_bytes()[..end], &limits, short_start_line);
            if answer != Ok(false) || end == head.len() {
                return (end, answer);
            }
        }
    }

    fn check(head: &str, expect: (usize, Result<bool, Malformed>)) {
        assert_eq!(answered_after(head, 1), expect, "{head:?}");
    }

    #[test]
    fn the_empty_line_ends_a_head() {
        check("a\r\nb: c\r\n\r\n", (11, Ok(true)));
        check("a\r\nb: c\r\n\r", (10, Ok(false)));
        assert_eq!(answered_after("a\r\n\r\nmore", 9), (9, Ok(true)));
    }

    #[test]
    fn faults_are_found_as_soon_as_they_are_there() {
        check("a\r\nb: c\nd: e\r\n\r\n", (8, Err(Malformed::InvalidCrLf)));
        check("aaaaaaaaaa", (9, Err(Malformed::Verb)));
        check("a\r\nb c\r\n", (8, Err(Malformed::FieldName)));
        check(&format!("a\r\nb: {}", "c".repeat(50)), (25, Err(Malformed::FieldTooLong)));
        check(&"a\r\nb: cccccccccc\r\n".repeat(9), (21, Err(Malformed::FieldName)));
        check(&format!("a\r\n{}", "b: c\r\n".repeat(5)), (27, Err(Malformed::TooManyFields)));
    }
}
