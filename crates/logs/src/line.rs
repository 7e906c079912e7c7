//! One line of a site's log in the site's format, within the site's length limit.

use crate::escape::VALUE_BYTES_MAX;
use crate::record::{ErrorRecord, Record};
use crate::site_log::{Format, SiteLog};
use crate::time_text::TimeText;
use crate::{ansi, http_err, iis, json, ncsa, w3c};

/// Turns records into lines. It knows no file, no thread and no clock; one for each thread keeps the second as text.
#[derive(Debug)]
pub struct Formatter {
    computer_name: String,
    utc: TimeText,
    local: TimeText,
}

impl Formatter {
    /// For lines of the machine of this name (`s-computername`).
    pub fn new(computer_name: impl Into<String>) -> Self {
        Self { computer_name: computer_name.into(), utc: TimeText::new(), local: TimeText::new() }
    }

    /// Appends a record as the site logs it, with the line end. Whether the site logs at all is the caller's question.
    pub fn line(&mut self, out: &mut Vec<u8>, site: &SiteLog, record: &Record<'_>) {
        let offset_s = if has_local_time(site.settings().format) { site.offset_s(record.time_unix_ms) } else { 0 };
        self.line_at(out, (site, offset_s), record);
    }

    /// The same for a caller that knows the site's offset from UTC already.
    pub(crate) fn line_at(&mut self, out: &mut Vec<u8>, (site, offset_s): (&SiteLog, i32), record: &Record<'_>) {
        let time = if has_local_time(site.settings().format) {
            self.local.turn_to(record.time_unix_ms, offset_s);
            &self.local
        } else {
            self.utc.turn_to(record.time_unix_ms, 0);
            &self.utc
        };
        put_line(out, Surroundings { site, time, computer_name: &self.computer_name, value_bytes_max: 0 }, record);
    }

    /// Appends a line of HTTPERR, with the line end.
    pub fn error_line(&mut self, out: &mut Vec<u8>, record: &ErrorRecord<'_>) {
        self.utc.turn_to(record.time_unix_ms, 0);
        http_err::put_line(out, &self.utc, record);
    }
}

/// Lengths a value may have, tried in turn until the line fits: longer ones become `...`.
const VALUE_LIMITS: [usize; 4] = [VALUE_BYTES_MAX, 512, 64, 3];

/// What a line needs besides the record.
pub(crate) struct Surroundings<'a> {
    /// The site's settings and what follows from them.
    pub(crate) site: &'a SiteLog,
    /// The second of the record: UTC for W3C and JSON, local for NCSA and IIS.
    pub(crate) time: &'a TimeText,
    /// Name of this machine (`s-computername`).
    pub(crate) computer_name: &'a str,
    /// Longer values become `...`.
    pub(crate) value_bytes_max: usize,
}

/// Appends one line with its line end. When values of three bytes each still do not fit, the line is written all
/// the same: a short limit must not cost the fields.
fn put_line(out: &mut Vec<u8>, mut around: Surroundings<'_>, record: &Record<'_>) {
    let start = out.len();
    for limit in VALUE_LIMITS {
        out.truncate(start);
        around.value_bytes_max = limit;
        match around.site.settings().format {
            Format::W3c => w3c::put_line(out, &around, record),
            Format::Ncsa => ncsa::put_line(out, &around, record),
            Format::Iis => iis::put_line(out, &around, record),
            Format::Json => json::put_line(out, &around, record),
        }
        if out.len() - start <= around.site.settings().line_bytes_max {
            break;
        }
    }
    let settings = around.site.settings();
    if !settings.is_utf8 && settings.format != Format::Json {
        ansi::turn(out, start);
    }
}

/// Whether lines of a format carry local time (IIS reference §6.1).
fn has_local_time(format: Format) -> bool {
    match format {
        Format::W3c | Format::Json => false,
        Format::Ncsa | Format::Iis => true,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::Path;

    use super::*;
    use crate::site_log::SiteLogSettings;
    use crate::site_log::tests::{SAMPLE_MS, settings, west};

    /// The first request of the sample log.
    pub(crate) fn sample() -> Record<'static> {
        Record {
            time_unix_ms: SAMPLE_MS,
            server: "[::1]:8090".parse().unwrap(),
            method: b"GET",
            stem: b"/",
            query: None,
            user_name: None,
            peer: "::1".parse().unwrap(),
            version: "HTTP/1.1",
            user_agent: Some(b"Mozilla/5.0 (X11)"),
            cookie: None,
            referer: None,
            host: Some(b"localhost:8090"),
            status: 200,
            substatus: 0,
            win32_status: 0,
            bytes_sent: 3223,
            bytes_received: 163,
            time_taken_ms: 1,
            custom: &[],
            client: "::1".parse().unwrap(),
            decision: None,
            in_progress: 0,
            in_window: 0,
        }
    }

    /// The line of a record at a site with changed settings, without its line end.
    pub(crate) fn line(change: impl FnOnce(&mut SiteLogSettings), record: &Record<'_>) -> String {
        let mut settings = settings(Path::new("/logs"));
        change(&mut settings);
        let mut out = Vec::new();
        Formatter::new("WEB 1").line(&mut out, &SiteLog::in_zone(settings, west()), record);
        let text = String::from_utf8(out).unwrap();
        text.strip_suffix("\r\n").expect("a line ends with CRLF").to_owned()
    }

    #[test]
    fn a_long_line_loses_its_long_values_only() {
        let (agent, referer) = (vec![b'a'; 400], vec![b'r'; 60]);
        let record = Record { user_agent: Some(&agent), referer: Some(&referer), ..sample() };
        let full = line(|_| (), &record);
        assert!(full.len() > 460);
        let limited = line(|s| s.line_bytes_max = 200, &record);
        assert_eq!(limited, full.replace(&"a".repeat(400), "..."));
    }

    #[test]
    fn a_limit_too_small_for_the_fields_keeps_the_fields() {
        let record = Record { stem: b"/a/long/path", ..sample() };
        assert_eq!(line(|s| s.line_bytes_max = 2, &record).split(' ').count(), 15);
        assert!(line(|s| s.line_bytes_max = 2, &record).contains(" GET ... - 8090 "));
    }
}
