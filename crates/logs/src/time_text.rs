//! The date and time of a line, formatted once a second.

use jiff::civil::DateTime;

use crate::number::{put_two_digits, put_year};
use crate::site_log::civil;

/// A second as text, kept until another second or offset is asked for.
#[derive(Debug)]
pub(crate) struct TimeText {
    second: u64,
    offset_s: i32,
    civil: DateTime,
    text: Vec<u8>,
}

impl TimeText {
    pub(crate) fn new() -> Self {
        let mut time = Self { second: 0, offset_s: 0, civil: civil(0, 0), text: Vec::with_capacity(19) };
        time.render();
        time
    }

    /// Moves to the second of a moment, at an offset from UTC.
    pub(crate) fn turn_to(&mut self, unix_ms: u64, offset_s: i32) {
        let second = unix_ms / 1000;
        if (second, offset_s) == (self.second, self.offset_s) {
            return;
        }
        (self.second, self.offset_s) = (second, offset_s);
        self.civil = civil(second, offset_s);
        self.render();
    }

    /// `YYYY-MM-DD HH:MM:SS`.
    pub(crate) fn date_time(&self) -> &[u8] {
        &self.text
    }

    /// `YYYY-MM-DD`.
    pub(crate) fn date(&self) -> &[u8] {
        &self.text[..10]
    }

    /// `HH:MM:SS`.
    pub(crate) fn time(&self) -> &[u8] {
        &self.text[11..]
    }

    /// The parts, for formats with another order.
    pub(crate) fn civil(&self) -> DateTime {
        self.civil
    }

    /// Seconds between this civil time and UTC.
    pub(crate) fn offset_s(&self) -> i32 {
        self.offset_s
    }

    fn render(&mut self) {
        let (out, at) = (&mut self.text, self.civil);
        out.clear();
        put_year(out, at.year());
        for (separator, number) in
            [(b'-', at.month()), (b'-', at.day()), (b' ', at.hour()), (b':', at.minute()), (b':', at.second())]
        {
            out.push(separator);
            put_two_digits(out, number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site_log::tests::SAMPLE_MS;

    fn check(unix_ms: u64, offset_s: i32, expected: &str) {
        let mut time = TimeText::new();
        time.turn_to(unix_ms, offset_s);
        assert_eq!(time.date_time(), expected.as_bytes());
        assert_eq!([time.date(), time.time()].join(&b' '), expected.as_bytes());
    }

    #[test]
    fn seconds_as_text() {
        check(0, 0, "1970-01-01 00:00:00");
        check(999, 0, "1970-01-01 00:00:00");
        check(SAMPLE_MS, 0, "2024-07-22 14:17:48");
        check(SAMPLE_MS, -4 * 3600, "2024-07-22 10:17:48");
        check(1_709_164_800_000, 0, "2024-02-29 00:00:00");
    }

    #[test]
    fn another_offset_in_the_same_second_is_noticed() {
        let mut time = TimeText::new();
        time.turn_to(SAMPLE_MS, 0);
        time.turn_to(SAMPLE_MS, 3600);
        assert_eq!(time.time(), b"15:17:48");
    }
}
