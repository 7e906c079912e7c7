//! Whatever a client sends, a record is one line with its fields, and a reader finds the record in that line again.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use doorward_logs::w3c::{ParsedRecord, parse};
use doorward_logs::{
    CustomField, CustomSource, ErrorRecord, FieldSet, Format, Formatter, HTTPERR_FIELDS_LINE, LogTarget, Period,
    Record, Retention, SiteLog, SiteLogSettings,
};
use serde_json::{Map, Value, json};

use super::input::Input;

/// The last millisecond of the year 9999: times beyond are held there.
const LAST_MS: u64 = 253_402_300_799_999;
/// A value longer than this is written as `...`.
const VALUE_BYTES_MAX: usize = 4096;

type Text<'i> = Option<Cow<'i, [u8]>>;

/// Checks one record in every format.
pub(super) fn run(input: &[u8]) {
    let mut input = Input(input);
    let (bits, count, numbers) = (input.u32(), usize::from(input.byte() % 4), Numbers::take(&mut input));
    let texts: [Text<'_>; 11] = std::array::from_fn(|_| input.text());
    let custom: Vec<Option<&[u8]>> = texts[8..8 + count].iter().map(Option::as_deref).collect();
    let record = numbers.record(&texts, &custom);
    let case = Case { record, custom_count: count };
    case.w3c(FieldSet::from_bits(bits | 3));
    case.shape(FieldSet::from_bits(bits));
    case.json(FieldSet::from_bits(bits));
    case.ncsa();
    case.iis();
    error_line(&numbers.error_record(&texts));
}

/// Everything of a record that is no client's text.
struct Numbers {
    time_unix_ms: u64,
    sockets: [std::net::SocketAddr; 3],
    small: [u16; 3],
    large: [u64; 6],
    word: u8,
}

impl Numbers {
    fn take(input: &mut Input<'_>) -> Self {
        Self {
            time_unix_ms: input.u64() % (LAST_MS + 1),
            sockets: std::array::from_fn(|_| input.socket()),
            small: std::array::from_fn(|_| input.u16()),
            large: std::array::from_fn(|_| input.u64()),
            word: input.byte(),
        }
    }

    fn record<'i>(&self, texts: &'i [Text<'_>], custom: &'i [Option<&'i [u8]>]) -> Record<'i> {
        let text = |index: usize| texts[index].as_deref();
        Record {
            time_unix_ms: self.time_unix_ms,
            server: self.sockets[0],
            method: text(0).unwrap_or_default(),
            stem: text(1).unwrap_or_default(),
            query: text(2),
            user_name: text(3),
            peer: self.sockets[1].ip(),
            version: ["HTTP/1.0", "HTTP/1.1", "HTTP/2"][usize::from(self.word % 3)],
            user_agent: text(4),
            cookie: text(5),
            referer: text(6),
            host: text(7),
            status: self.small[0],
            substatus: self.small[1],
            win32_status: self.large[0] as u32,
            bytes_sent: self.large[1],
            bytes_received: self.large[2],
            time_taken_ms: self.large[3],
            custom,
            client: self.sockets[2].ip(),
            decision: [None, Some("allow"), Some("deny-rate")][usize::from(self.word / 3 % 3)],
            in_progress: self.large[4] as u32,
            in_window: self.large[5] as u32,
        }
    }

    fn error_record<'i>(&self, texts: &'i [Text<'_>]) -> ErrorRecord<'i> {
        let some = |bit: u8| self.word & bit != 0;
        ErrorRecord {
            time_unix_ms: self.time_unix_ms,
            peer: some(1).then_some(self.sockets[0]),
            server: some(2).then_some(self.sockets[1]),
            version: some(4).then_some("HTTP/1.1"),
            method: texts[0].as_deref(),
            uri: texts[1].as_deref(),
            stream_id: some(8).then_some(self.large[4] as u32),
            status: some(16).then_some(self.small[0]),
            site_id: some(32).then_some(self.large[5] as u32),
            reason: "AbortRequest_501",
            queue: some(64).then_some("Default Pool"),
        }
    }
}

/// One record, and how many custom fields its site has.
struct Case<'i> {
    record: Record<'i>,
    custom_count: usize,
}

impl Case<'_> {
    fn site(&self, change: impl FnOnce(&mut SiteLogSettings)) -> Arc<SiteLog> {
        let mut settings = settings();
        settings.custom_fields = (0..self.custom_count).map(custom_field).collect();
        change(&mut settings);
        SiteLog::new(settings)
    }

    /// The line of the record without its end; panics where it is not one line of valid text.
    fn line(&self, site: &SiteLog) -> String {
        let mut out = Vec::new();
        Formatter::new("WEB 1").line(&mut out, site, &self.record);
        one_line(&out)
    }

    /// Our own reader finds every column again.
    fn w3c(&self, fields: FieldSet) {
        let site = self.site(|s| s.fields = fields);
        let text = [site.fields_line(), self.line(&site).as_bytes()].concat();
        let read: Vec<_> = parse(&text).map(Result::ok).collect();
        assert_eq!(read, [Some(self.expected(fields))]);
    }

    /// The record as far as `+`, `-` and `...` let it be known.
    fn expected(&self, fields: FieldSet) -> ParsedRecord {
        let record = &self.record;
        let has = |bit: u32| fields.contains(FieldSet::from_bits(bit));
        let text = |bit: u32, value: Option<&[u8]>| has(bit).then(|| read_back(value)).flatten();
        let custom = |index: usize| {
            let value = record.custom[index].map(|value| cut(value, VALUE_BYTES_MAX));
            (format!("x{index}"), read_back(value))
        };
        ParsedRecord {
            line_number: 2,
            time_unix_ms: Some(record.time_unix_ms / 1000 * 1000),
            site_name: text(16, Some(b"W3SVC1")),
            computer_name: text(32, Some(b"WEB 1")),
            server_ip: has(64).then(|| record.server.ip().to_canonical()),
            server_port: has(32_768).then(|| record.server.port()),
            method: text(128, Some(record.method)),
            stem: text(256, Some(record.stem)),
            query: text(512, record.query),
            user_name: text(8, record.user_name),
            peer: has(4).then(|| record.peer.to_canonical()),
            version: text(524_288, Some(record.version.as_bytes())),
            user_agent: text(65_536, record.user_agent),
            cookie: text(131_072, record.cookie),
            referer: text(262_144, record.referer),
            host: text(1_048_576, record.host),
            status: has(1024).then_some(record.status),
            substatus: has(2_097_152).then_some(record.substatus),
            win32_status: has(2048).then_some(record.win32_status),
            bytes_sent: has(4096).then_some(record.bytes_sent),
            bytes_received: has(8192).then_some(record.bytes_received),
            time_taken_ms: has(16_384).then_some(record.time_taken_ms),
            custom: (0..self.custom_count).map(custom).collect(),
        }
    }

    /// The columns are as many as announced, and no line passes for a directive, whatever comes first and however short
    /// lines have to be, in either code page.
    fn shape(&self, fields: FieldSet) {
        let columns = fields.names().count() + self.custom_count;
        if columns == 0 {
            return;
        }
        for (line_bytes_max, is_utf8) in [(100, true), (65_536, false)] {
            let site = self.site(|s| (s.fields, s.line_bytes_max, s.is_utf8) = (fields, line_bytes_max, is_utf8));
            let mut out = Vec::new();
            Formatter::new("WEB 1").line(&mut out, &site, &self.record);
            let line = out.strip_suffix(b"\r\n").unwrap_or_default();
            assert!(!line.starts_with(b"#") && !line.iter().any(|byte| *byte < 0x20 || *byte == 0x7F), "{line:?}");
            assert_eq!(line.split(|byte| *byte == b' ').count(), columns);
            assert!(line.split(|byte| *byte == b' ').all(|value| !value.is_empty()));
        }
    }

    /// A parser of somebody else finds every value again, to the millisecond.
    fn json(&self, fields: FieldSet) {
        let site = self.site(|s| (s.format, s.fields) = (Format::Json, fields));
        let mut read: Map<String, Value> = serde_json::from_str(&self.line(&site)).unwrap_or_default();
        let record = &self.record;
        let time = read.remove("time").and_then(|time| Some(time.as_str()?.to_owned())).unwrap_or_default();
        assert_eq!(time, rfc3339(record.time_unix_ms));
        let text = |value: Option<&[u8]>| json!(value.map(json_text));
        let ip = |ip: IpAddr| json!(ip.to_canonical().to_string());
        let mut expected = json!({
            "site_id": 1, "site": "any", "server_ip": ip(record.server.ip()), "server_port": record.server.port(),
            "peer": ip(record.peer), "client": ip(record.client), "method": text(Some(record.method)),
            "path": text(Some(record.stem)), "query": text(record.query), "version": record.version,
            "host": text(record.host), "user": text(record.user_name), "user_agent": text(record.user_agent),
            "referer": text(record.referer), "status": record.status, "substatus": record.substatus,
            "win32_status": record.win32_status, "bytes_sent": record.bytes_sent,
            "bytes_received": record.bytes_received, "time_taken_ms": record.time_taken_ms,
            "decision": record.decision, "in_progress": record.in_progress, "in_window": record.in_window,
        });
        if fields.contains(FieldSet::from_bits(131_072)) {
            expected["cookie"] = text(record.cookie);
        }
        if self.custom_count > 0 {
            let custom = record.custom.iter().enumerate().map(|(index, value)| (format!("x{index}"), text(*value)));
            expected["custom"] = custom.collect::<Map<_, _>>().into();
        }
        assert_eq!(Value::Object(read), expected);
    }

    /// `peer - user [date] "method target version" status bytes`.
    fn ncsa(&self) {
        let line = self.line(&self.site(|s| s.format = Format::Ncsa));
        let parts: Vec<&str> = line.split('"').collect();
        assert_eq!(parts.len(), 3, "{line}");
        let record = &self.record;
        let head = format!("{} - {} [", record.peer.to_canonical(), shown(record.user_name, b"\""));
        assert!(parts[0].starts_with(&head) && parts[0].ends_with("] ") && parts[0].split(' ').count() == 6, "{line}");
        let mut target = shown(Some(record.stem), b"\"");
        if let Some(query) = record.query.filter(|query| !query.is_empty()) {
            let _infallible = write!(target, "?{}", shown(Some(query), b"\""));
        }
        assert_eq!(parts[1], format!("{} {target} {}", shown(Some(record.method), b"\""), record.version));
        assert_eq!(parts[2], format!(" {} {}", record.status, record.bytes_sent));
    }

    /// Fifteen columns, each ended by a comma.
    fn iis(&self) {
        let line = self.line(&self.site(|s| s.format = Format::Iis));
        let columns: Vec<&str> = line.strip_suffix(',').unwrap_or_default().split(", ").collect();
        let record = &self.record;
        assert_eq!(columns.len(), 15, "{line}");
        assert!(columns.iter().all(|column| !column.is_empty() && !column.contains([',', ' '])), "{line}");
        let texts = [Some(record.method), Some(record.stem), record.query].map(|value| shown(value, b","));
        assert_eq!(columns[12..], texts);
        let numbers = [record.time_taken_ms, record.bytes_received, record.bytes_sent, record.status.into()];
        assert_eq!(columns[7..11], numbers.map(|number| number.to_string()));
        assert_eq!(
            (columns[0], &*shown(record.user_name, b",")),
            (&*record.peer.to_canonical().to_string(), columns[1])
        );
    }
}

/// Our reader finds a line of HTTPERR again; what W3C logs do not have comes under its name.
fn error_line(record: &ErrorRecord<'_>) {
    let mut out = HTTPERR_FIELDS_LINE.to_vec();
    Formatter::new("WEB 1").error_line(&mut out, record);
    one_line(&out[HTTPERR_FIELDS_LINE.len()..]);
    let custom = |name: &str, value: Option<String>| (name.to_owned(), value);
    let expected = ParsedRecord {
        line_number: 2,
        time_unix_ms: Some(record.time_unix_ms / 1000 * 1000),
        peer: record.peer.map(|peer| peer.ip().to_canonical()),
        server_ip: record.server.map(|server| server.ip().to_canonical()),
        server_port: record.server.map(|server| server.port()),
        version: record.version.map(str::to_owned),
        method: read_back(record.method.map(|method| cut(method, 255))),
        status: record.status,
        custom: vec![
            custom("c-port", record.peer.map(|peer| peer.port().to_string())),
            custom("cs-uri", read_back(record.uri.map(|uri| cut(uri, VALUE_BYTES_MAX)))),
            custom("streamid", record.stream_id.map(|id| id.to_string())),
            custom("s-siteid", record.site_id.map(|id| id.to_string())),
            custom("s-reason", Some(record.reason.to_owned())),
            custom("s-queuename", record.queue.map(|queue| queue.replace(' ', "+"))),
        ],
        ..ParsedRecord::default()
    };
    let read: Vec<_> = parse(&out).map(Result::ok).collect();
    assert_eq!(read, [Some(expected)]);
}

/// The text of a line that ends where it should, and nowhere before; nothing in it moves a cursor.
fn one_line(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).ok().and_then(|text| text.strip_suffix("\r\n"));
    assert!(text.is_some_and(|text| !text.chars().any(char::is_control)), "{bytes:?}");
    text.unwrap_or_default().to_owned()
}

/// A value as a reader of W3C logs gets it back.
fn read_back(value: Option<&[u8]>) -> Option<String> {
    Some(shown(value, b"")).filter(|text| text != "-")
}

/// A value as the formats in columns show it.
fn shown(value: Option<&[u8]>, percent: &[u8]) -> String {
    let value = value.unwrap_or_default();
    if value.is_empty() {
        return "-".to_owned();
    }
    if value.len() > VALUE_BYTES_MAX {
        return "...".to_owned();
    }
    let mut text = String::new();
    for chunk in value.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' | ',' if percent.contains(&(character as u8)) => {
                    let _infallible = write!(text, "%{:02X}", u32::from(character));
                }
                _ => text.push(if is_shown(character) { character } else { '+' }),
            }
        }
        text.extend(chunk.invalid().iter().map(|_| '+'));
    }
    text
}

/// No control, no space, no change of writing direction.
fn is_shown(character: char) -> bool {
    let turns = ('\u{200E}'..='\u{200F}').contains(&character)
        || ('\u{202A}'..='\u{202E}').contains(&character)
        || ('\u{2066}'..='\u{2069}').contains(&character);
    !character.is_control() && !character.is_whitespace() && !turns
}

fn json_text(value: &[u8]) -> String {
    if value.len() > VALUE_BYTES_MAX {
        return "...".to_owned();
    }
    let chunks = value.utf8_chunks();
    chunks.map(|chunk| chunk.valid().to_owned() + &"\u{FFFD}".repeat(chunk.invalid().len())).collect()
}

/// The beginning of a value, at a character's boundary where there is one near.
fn cut(value: &[u8], bytes_max: usize) -> &[u8] {
    let is_inside = |end: usize| value.get(end).is_some_and(|byte| byte & 0xC0 == 0x80);
    let near = (0..4).map(|back| bytes_max - back).find(|end| !is_inside(*end));
    &value[..near.unwrap_or(bytes_max).min(value.len())]
}

/// A moment as JSON lines have it, by the calendar's own arithmetic (days from civil, H. Hinnant).
fn rfc3339(unix_ms: u64) -> String {
    let (days, ms) = (unix_ms / 86_400_000 + 719_468, unix_ms % 86_400_000);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let (day, month) = (day_of_year - (153 * shifted + 2) / 5 + 1, (shifted + 2) % 12 + 1);
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1000)
}

fn custom_field(index: usize) -> CustomField {
    CustomField {
        name: format!("x{index}"),
        source_name: "X".to_owned(),
        source: CustomSource::RequestHeader,
        bytes_max: VALUE_BYTES_MAX,
    }
}

fn settings() -> SiteLogSettings {
    SiteLogSettings {
        enabled: true,
        site_id: 1,
        site_name: "any".to_owned(),
        directory: "/logs".into(),
        format: Format::W3c,
        fields: FieldSet::default(),
        custom_fields: Vec::new(),
        period: Period::Daily,
        truncate_bytes: 0,
        local_time_rollover: false,
        log_site_id: true,
        line_bytes_max: usize::MAX,
        flush_lines: 0,
        is_central: false,
        is_utf8: true,
        target: LogTarget::File,
        retention: Retention::default(),
    }
}
