//! Reading W3C logs, ours or IIS's, by their `#Fields` lines: for replay, and to prove what we write.

use std::io::{self, BufRead, Read};
use std::net::IpAddr;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use crate::fields::Column;

/// One line read back. A column that is not there, or that holds `-`, is `None`.
///
/// `+` in a text is left as it is: whether it was a space is lost when the line is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParsedRecord {
    /// Line of the file, from 1.
    pub line_number: u64,
    /// `date` and `time`, in milliseconds since 1970 UTC. A log with `time` alone takes the day of its `#Date` line.
    pub time_unix_ms: Option<u64>,
    /// `s-sitename`.
    pub site_name: Option<String>,
    /// `s-computername`.
    pub computer_name: Option<String>,
    /// `s-ip`, without scope.
    pub server_ip: Option<IpAddr>,
    /// `s-port`.
    pub server_port: Option<u16>,
    /// `cs-method`.
    pub method: Option<String>,
    /// `cs-uri-stem`.
    pub stem: Option<String>,
    /// `cs-uri-query`.
    pub query: Option<String>,
    /// `cs-username`.
    pub user_name: Option<String>,
    /// `c-ip`, without scope.
    pub peer: Option<IpAddr>,
    /// `cs-version`.
    pub version: Option<String>,
    /// `cs(User-Agent)`.
    pub user_agent: Option<String>,
    /// `cs(Cookie)`.
    pub cookie: Option<String>,
    /// `cs(Referer)`.
    pub referer: Option<String>,
    /// `cs-host`.
    pub host: Option<String>,
    /// `sc-status`.
    pub status: Option<u16>,
    /// `sc-substatus`.
    pub substatus: Option<u16>,
    /// `sc-win32-status`.
    pub win32_status: Option<u32>,
    /// `sc-bytes`.
    pub bytes_sent: Option<u64>,
    /// `cs-bytes`.
    pub bytes_received: Option<u64>,
    /// `time-taken`, in milliseconds.
    pub time_taken_ms: Option<u64>,
    /// Columns of other names, in the order of the line.
    pub custom: Vec<(String, Option<String>)>,
}

/// Why a line could not be read. Reading goes on with the next one, except after [`ParseError::Io`].
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// The file itself could not be read.
    #[error("line {line_number}: cannot read the log: {source}")]
    Io {
        /// Line of the file, from 1.
        line_number: u64,
        /// What the system said.
        source: io::Error,
    },
    /// A record stands before any `#Fields` line.
    #[error("line {line_number}: a record before any #Fields line: give the log from its beginning")]
    NoFields {
        /// Line of the file, from 1.
        line_number: u64,
    },
    /// A line has other columns than its `#Fields` line announces.
    #[error("line {line_number}: {found} columns where #Fields announces {expected}")]
    ColumnCount {
        /// Line of the file, from 1.
        line_number: u64,
        /// Columns of `#Fields`.
        expected: usize,
        /// Columns of the line.
        found: usize,
    },
    /// A value is not what its column holds.
    #[error("line {line_number}: `{value}` is no value for the column {column}")]
    Value {
        /// Line of the file, from 1.
        line_number: u64,
        /// Name of the column.
        column: String,
        /// What stands there, at most 64 characters of it.
        value: String,
    },
    /// A line is longer than any log has: 1 MiB.
    #[error("line {line_number}: longer than 1 MiB: not a line of a log")]
    TooLong {
        /// Line of the file, from 1.
        line_number: u64,
    },
}

/// Longest line that is read; IIS stops at 65 536 bytes.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// Reads a log that is in memory.
pub fn parse(text: &[u8]) -> Parser<&[u8]> {
    Parser::new(text)
}

/// The records of a log, one after the other. Directives and empty lines are passed over.
#[derive(Debug)]
pub struct Parser<R> {
    reader: R,
    line_number: u64,
    columns: Vec<ColumnName>,
    day: Option<Date>,
    is_at_end: bool,
}

/// A column of the current `#Fields` line.
#[derive(Debug)]
struct ColumnName {
    known: Option<Column>,
    text: String,
}

impl<R: BufRead> Parser<R> {
    /// Reads a log of any length, a line at a time.
    pub fn new(reader: R) -> Self {
        Self { reader, line_number: 0, columns: Vec::new(), day: None, is_at_end: false }
    }

    /// The next line without its end; `None` at the end of the log.
    fn next_line(&mut self) -> Result<Option<String>, ParseError> {
        let mut line = Vec::new();
        let line_number = self.line_number + 1;
        let read = self.reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
        let length = read.map_err(|source| {
            self.is_at_end = true;
            ParseError::Io { line_number, source }
        })?;
        self.line_number = line_number;
        if length == 0 {
            self.is_at_end = true;
            return Ok(None);
        }
        if length as u64 == LINE_BYTES_MAX && line.last() != Some(&b'\n') {
            self.skip_line()?;
            return Err(ParseError::TooLong { line_number });
        }
        Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
    }

    fn skip_line(&mut self) -> Result<(), ParseError> {
        self.reader.skip_until(b'\n').map(|_| ()).map_err(|source| {
            self.is_at_end = true;
            ParseError::Io { line_number: self.line_number, source }
        })
    }

    /// Takes in a line that starts with `#`. Unknown directives are remarks.
    fn directive(&mut self, line: &str) {
        if let Some(names) = line.strip_prefix("#Fields:") {
            let name = |text: &str| ColumnName { known: Column::named(text), text: text.to_owned() };
            self.columns = names.split_whitespace().map(name).collect();
        } else if let Some(date) = line.strip_prefix("#Date:") {
            self.day = date.split_whitespace().next().and_then(|day| day.parse().ok());
        }
    }

    fn record(&self, line: &str) -> Result<ParsedRecord, ParseError> {
        let line_number = self.line_number;
        if self.columns.is_empty() {
            return Err(ParseError::NoFields { line_number });
        }
        let values: Vec<&str> = line.split(' ').collect();
        if values.len() != self.columns.len() {
            let (expected, found) = (self.columns.len(), values.len());
            return Err(ParseError::ColumnCount { line_number, expected, found });
        }
        let mut reading = Reading { day: self.day, ..Reading::default() };
        reading.record.line_number = line_number;
        for (column, value) in self.columns.iter().zip(values) {
            reading.column(column, (value != "-").then_some(value)).ok_or_else(|| ParseError::Value {
                line_number,
                column: column.text.clone(),
                value: value.chars().take(64).collect(),
            })?;
        }
        Ok(reading.finish())
    }
}

impl<R: BufRead> Iterator for Parser<R> {
    type Item = Result<ParsedRecord, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_at_end {
            match self.next_line() {
                Err(error) => return Some(Err(error)),
                Ok(None) => return None,
                Ok(Some(line)) if line.is_empty() => {}
                // A byte order mark may stand before the first line of a log that an editor has saved.
                Ok(Some(line)) if line.trim_start_matches('\u{FEFF}').starts_with('#') => {
                    self.directive(line.trim_start_matches('\u{FEFF}'));
                }
                Ok(Some(line)) => return Some(self.record(&line)),
            }
        }
        None
    }
}

/// A line being read: date and time meet at its end.
#[derive(Default)]
struct Reading {
    record: ParsedRecord,
    day: Option<Date>,
    time: Option<Time>,
}

impl Reading {
    /// Takes in one column; `None` when the value does not fit it.
    fn column(&mut self, column: &ColumnName, value: Option<&str>) -> Option<()> {
        let record = &mut self.record;
        let text = || value.map(str::to_owned);
        let Some(known) = column.known else {
            record.custom.push((column.text.clone(), text()));
            return Some(());
        };
        match known {
            Column::Date => fit(&mut self.day, value)?,
            Column::Time => fit(&mut self.time, value)?,
            Column::SiteName => record.site_name = text(),
            Column::ComputerName => record.computer_name = text(),
            Column::ServerIp => fit(&mut record.server_ip, value.map(without_scope))?,
            Column::Method => record.method = text(),
            Column::UriStem => record.stem = text(),
            Column::UriQuery => record.query = text(),
            Column::ServerPort => fit(&mut record.server_port, value)?,
            Column::UserName => record.user_name = text(),
            Column::ClientIp => fit(&mut record.peer, value.map(without_scope))?,
            Column::Version => record.version = text(),
            Column::UserAgent => record.user_agent = text(),
            Column::Cookie => record.cookie = text(),
            Column::Referer => record.referer = text(),
            Column::Host => record.host = text(),
            Column::Status => fit(&mut record.status, value)?,
            Column::Substatus => fit(&mut record.substatus, value)?,
            Column::Win32Status => fit(&mut record.win32_status, value)?,
            Column::BytesSent => fit(&mut record.bytes_sent, value)?,
            Column::BytesReceived => fit(&mut record.bytes_received, value)?,
            Column::TimeTaken => fit(&mut record.time_taken_ms, value)?,
        }
        Some(())
    }

    fn finish(mut self) -> ParsedRecord {
        let moment = self.day.zip(self.time).map(|(day, time)| DateTime::from_parts(day, time));
        let timestamp = moment.and_then(|moment| Offset::UTC.to_timestamp(moment).ok());
        self.record.time_unix_ms = timestamp.and_then(|at| u64::try_from(at.as_millisecond()).ok());
        self.record
    }
}

/// Sets what a column holds, if there is a value; `None` when the value does not fit.
fn fit<T: std::str::FromStr>(target: &mut Option<T>, value: Option<&str>) -> Option<()> {
    if let Some(value) = value {
        *target = Some(value.parse().ok()?);
    }
    Some(())
}

fn without_scope(address: &str) -> &str {
    address.split_once('%').map_or(address, |(address, _)| address)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::escape::Escape;
    use crate::fields::FieldSet;
    use crate::line::tests::{line, sample};
    use crate::record::Record;
    use crate::site_log::tests::SAMPLE_MS;
    use crate::w3c::{fields_line, header};

    fn read(text: &str) -> Vec<String> {
        let show = |record: ParsedRecord| format!("{}:{}", record.line_number, record.stem.unwrap_or_default());
        parse(text.as_bytes()).map(|record| record.map_or_else(|error| error.to_string(), show)).collect()
    }

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(read(text), expected);
    }

    #[test]
    fn lines_follow_their_fields_line() {
        check("", &[]);
        check("#Fields: cs-uri-stem\r\n/a\r\n/b\r\n", &["2:/a", "3:/b"]);
        check("\u{FEFF}#Fields: cs-uri-stem\n\n/a", &["3:/a"]);
        check("#Fields: cs-uri-stem\n/a\n#Fields: sc-status cs-uri-stem\n200 /b\n", &["2:/a", "4:/b"]);
    }

    #[test]
    fn errors_name_the_line_and_do_not_end_the_log() {
        check("/a\n", &["line 1: a record before any #Fields line: give the log from its beginning"]);
        check(
            "#Fields: cs-uri-stem sc-status\n/a b 200\n/c 200\n",
            &["line 2: 3 columns where #Fields announces 2", "3:/c"],
        );
        check(
            "#Fields: cs-uri-stem sc-status\n/a x\n/c -\n",
            &["line 2: `x` is no value for the column sc-status", "3:/c"],
        );
        let long = format!("#Fields: cs-uri-stem\n{}\n/b\n", "a".repeat(3 << 20));
        check(&long, &["line 2: longer than 1 MiB: not a line of a log", "3:/b"]);
    }

    #[test]
    fn date_may_come_from_the_directive() {
        let text = b"#Date: 2024-07-22 00:00:00\n#Fields: time c-ip x-own\n14:17:48 fe80::1%3 -\n";
        let record = parse(text).next().unwrap().unwrap();
        assert_eq!(record.time_unix_ms, Some(SAMPLE_MS));
        assert_eq!(record.peer, "fe80::1".parse().ok());
        assert_eq!(record.custom, [("x-own".to_owned(), None)]);
    }

    /// Writes a record with every field and reads it back.
    fn round_trip(record: &Record<'_>) -> ParsedRecord {
        let fields = FieldSet::from_bits(u32::MAX);
        let mut text = Vec::new();
        header::put_header(&mut text, header::SOFTWARE, record.time_unix_ms, &fields_line(fields, &[]));
        text.extend_from_slice(line(|s| s.fields = fields, record).as_bytes());
        let mut records = parse(&text);
        let parsed = records.next().unwrap().unwrap();
        assert!(records.next().is_none());
        parsed
    }

    #[test]
    fn what_we_write_is_read_back() {
        let record = Record { user_name: Some(b"ann"), substatus: 502, ..sample() };
        let parsed = round_trip(&record);
        assert_eq!(parsed.time_unix_ms, Some(SAMPLE_MS));
        assert_eq!((parsed.server_ip, parsed.server_port), (Some(record.server.ip()), Some(8090)));
        assert_eq!((parsed.peer, parsed.status, parsed.substatus), (Some(record.peer), Some(200), Some(502)));
        assert_eq!((parsed.bytes_sent, parsed.bytes_received), (Some(3223), Some(163)));
        assert_eq!((parsed.time_taken_ms, parsed.win32_status), (Some(1), Some(0)));
        assert_eq!(parsed.site_name.as_deref(), Some("W3SVC1"));
        assert_eq!(parsed.user_name.as_deref(), Some("ann"));
        assert_eq!((parsed.query, parsed.cookie), (None, None));
    }

    proptest! {
        #[test]
        fn any_client_text_comes_back_in_its_own_column(stem: Vec<u8>, agent: Vec<u8>, seconds in 0..4_000_000_000_u64) {
            let escaped = |value: &[u8]| {
                let mut out = Vec::new();
                Escape::w3c(4096).put(&mut out, Some(value));
                Some(String::from_utf8(out).unwrap()).filter(|text| text != "-")
            };
            let record = Record { stem: &stem, user_agent: Some(&agent), time_unix_ms: seconds * 1000, ..sample() };
            let parsed = round_trip(&record);
            prop_assert_eq!(parsed.stem, escaped(&stem));
            prop_assert_eq!(parsed.user_agent, escaped(&agent));
            prop_assert_eq!(parsed.time_unix_ms, Some(seconds * 1000));
            prop_assert_eq!(parsed.status, Some(200));
        }

        #[test]
        fn any_bytes_are_read_without_panic(text: Vec<u8>) {
            let with_fields = [b"#Fields: date time c-ip sc-status x\n".as_slice(), &text].concat();
            prop_assert!(parse(&with_fields).count() <= with_fields.len());
        }
    }
}
