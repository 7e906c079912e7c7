//! One site's log: its settings, and what follows from them once and for all.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use crate::fields::{Column, FieldSet};
use crate::period::{FileName, NameForm, Period, PeriodKey, file_name, stem};
use crate::sink::Retention;
use crate::{sink, w3c};

/// What a log line looks like: the `logFormat` of a site. JSON is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// W3C extended, with the fields of the site (IIS reference §6.3).
    W3c,
    /// NCSA common log, local time (§6.5).
    Ncsa,
    /// IIS's own comma-separated format, local time (§6.5).
    Iis,
    /// One JSON object a line, with the decision of the limiter.
    Json,
}

/// One site's log, from the `logFile` element (IIS reference §1.1).
#[allow(clippy::struct_excessive_bools, reason = "one switch for each attribute of the element")]
#[derive(Clone, Debug, PartialEq)]
pub struct SiteLogSettings {
    /// `enabled`: otherwise no line is written.
    pub enabled: bool,
    /// The site's number: names the folder and `s-sitename`.
    pub site_id: u32,
    /// The site's name: `s-sitename` when `log_site_id` is off.
    pub site_name: String,
    /// Folder below which `W3SVC<id>` holds the files.
    pub directory: PathBuf,
    /// `logFormat`.
    pub format: Format,
    /// `logExtFileFlags`: the columns of a W3C line.
    pub fields: FieldSet,
    /// `customFields`: further columns, in this order.
    pub custom_fields: Vec<CustomField>,
    /// `period`.
    pub period: Period,
    /// `truncateSize`: for [`Period::MaxSize`]. Below 1 MiB counts as 1 MiB; 4294967295 is one file without limit.
    pub truncate_bytes: u64,
    /// `localTimeRollover`: names and rollover by local time. Times within W3C lines stay UTC.
    pub local_time_rollover: bool,
    /// `logSiteId`: `s-sitename` is `W3SVC<id>`, otherwise the site's name.
    pub log_site_id: bool,
    /// `maxLogLineLength`: a longer line gets its longest values replaced by `...`.
    pub line_bytes_max: usize,
    /// `flushByEntryCountW3CLog`: hand over after so many lines; 0 leaves it to size and time.
    pub flush_lines: u32,
    /// `centralLogFileMode`: the lines of all sites go to one file, below `W3SVC` without a number.
    pub is_central: bool,
    /// `logInUTF8`: otherwise names have no `u_` and lines are Windows-1252, with `?` for what that does not have.
    pub is_utf8: bool,
    /// Where the lines go.
    pub target: LogTarget,
    /// How long old files are kept.
    pub retention: Retention,
}

/// Where the lines of a log go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogTarget {
    /// To files.
    File,
    /// To standard output.
    Stdout,
    /// To standard error.
    Stderr,
}

/// A further column of a site's log (IIS reference §6.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomField {
    /// `logFieldName`: the name in `#Fields`.
    pub name: String,
    /// `sourceName`: header or server variable.
    pub source_name: String,
    /// `sourceType`.
    pub source: CustomSource,
    /// `maxCustomFieldLength`: the caller cuts a longer value.
    pub bytes_max: usize,
}

/// Where the value of a custom field comes from. The caller looks it up; the log only knows its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CustomSource {
    /// A header of the request.
    RequestHeader,
    /// A header of the response.
    ResponseHeader,
    /// A server variable.
    ServerVariable,
}

/// One site's log, shared by the serving threads and the writer. It opens nothing itself.
#[derive(Debug)]
pub struct SiteLog {
    settings: SiteLogSettings,
    columns: Vec<Column>,
    fields_line: Vec<u8>,
    folder: PathBuf,
    site_text: String,
    zone: TimeZone,
}

impl SiteLog {
    /// Prepares a log in the machine's time zone. Nothing is created before the first line.
    pub fn new(settings: SiteLogSettings) -> Arc<Self> {
        Self::in_zone(settings, TimeZone::system())
    }

    /// Prepares a log whose local time is that of `zone`.
    pub(crate) fn in_zone(settings: SiteLogSettings, zone: TimeZone) -> Arc<Self> {
        let service = format!("W3SVC{}", settings.site_id);
        let folder = settings.directory.join(if settings.is_central { "W3SVC" } else { &service });
        let site_text = if settings.log_site_id { service } else { settings.site_name.clone() };
        let columns = settings.fields.columns().collect();
        let fields_line = w3c::fields_line(settings.fields, &settings.custom_fields);
        Arc::new(Self { settings, columns, fields_line, folder, site_text, zone })
    }

    /// The settings it was made from.
    pub fn settings(&self) -> &SiteLogSettings {
        &self.settings
    }

    /// The file a line of this moment goes to. For [`Period::MaxSize`] the folder is read: the highest number there.
    pub fn current_path(&self, now_unix_ms: u64) -> PathBuf {
        let name = self.file_name(self.period_key(now_unix_ms));
        let number = sink::highest_number(&self.folder, &name).unwrap_or(1);
        self.folder.join(name.numbered(number))
    }

    /// Whether a line would be written at all: the log is on and has columns.
    pub fn writes_lines(&self) -> bool {
        let has_columns = !self.columns.is_empty() || !self.settings.custom_fields.is_empty();
        self.settings.enabled && (has_columns || self.settings.format != Format::W3c)
    }

    /// The columns of a W3C line before the custom ones.
    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The `#Fields` line of a W3C log, with its line end.
    pub fn fields_line(&self) -> &[u8] {
        &self.fields_line
    }

    /// The text of `s-sitename`.
    pub(crate) fn site_text(&self) -> &str {
        &self.site_text
    }

    /// `<directory>/W3SVC<id>`.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Seconds to add to UTC for the site's local time at this moment.
    pub(crate) fn offset_s(&self, unix_ms: u64) -> i32 {
        self.zone.to_offset(timestamp(unix_ms / 1000)).seconds()
    }

    /// The file a record of this moment belongs to.
    pub(crate) fn period_key(&self, unix_ms: u64) -> PeriodKey {
        let offset_s = if self.rolls_by_local_time() { self.offset_s(unix_ms) } else { 0 };
        PeriodKey::new(self.settings.period, civil(unix_ms / 1000, offset_s))
    }

    /// What the file of a period is called.
    pub(crate) fn file_name(&self, key: PeriodKey) -> FileName {
        file_name(&self.name_form(), key)
    }

    /// What the names of its files begin with.
    pub(crate) fn stem(&self) -> &'static str {
        stem(&self.name_form())
    }

    fn name_form(&self) -> NameForm {
        NameForm {
            format: self.settings.format,
            period: self.settings.period,
            has_custom_fields: !self.settings.custom_fields.is_empty(),
            truncate_bytes: truncate_limit(self.settings.truncate_bytes),
            is_utf8: self.settings.is_utf8,
        }
    }

    /// NCSA and IIS lines carry local time, so their files roll by it too, whatever the attribute says (§6.1).
    fn rolls_by_local_time(&self) -> bool {
        match self.settings.format {
            Format::W3c | Format::Json => self.settings.local_time_rollover,
            Format::Ncsa | Format::Iis => true,
        }
    }
}

/// Civil time at an offset from UTC. Moments after the year 9999 are held there, so that lines keep their shape.
pub(crate) fn civil(unix_s: u64, offset_s: i32) -> DateTime {
    Offset::from_seconds(offset_s).unwrap_or(Offset::UTC).to_datetime(timestamp(unix_s))
}

fn timestamp(unix_s: u64) -> Timestamp {
    i64::try_from(unix_s).ok().and_then(|s| Timestamp::from_second(s).ok()).unwrap_or(Timestamp::MAX)
}

/// The effective size limit of a numbered file (IIS reference §6.2).
fn truncate_limit(truncate_bytes: u64) -> u64 {
    const UNLIMITED: u64 = 0xFFFF_FFFF;
    const LEAST: u64 = 1 << 20;
    if truncate_bytes == UNLIMITED { u64::MAX } else { truncate_bytes.max(LEAST) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Settings as an IIS site has them by default.
    pub(crate) fn settings(directory: &Path) -> SiteLogSettings {
        SiteLogSettings {
            enabled: true,
            site_id: 1,
            site_name: "Default Web Site".into(),
            directory: directory.into(),
            format: Format::W3c,
            fields: FieldSet::DEFAULT,
            custom_fields: Vec::new(),
            period: Period::Daily,
            truncate_bytes: 20_971_520,
            local_time_rollover: false,
            log_site_id: true,
            line_bytes_max: 65_536,
            flush_lines: 0,
            is_central: false,
            is_utf8: true,
            target: LogTarget::File,
            retention: Retention::default(),
        }
    }

    /// 2024-07-22 14:17:48 UTC, the moment of the sample lines.
    pub(crate) const SAMPLE_MS: u64 = 1_721_657_868_000;

    /// Four hours behind UTC.
    pub(crate) fn west() -> TimeZone {
        TimeZone::fixed(jiff::tz::offset(-4))
    }

    fn check(change: impl FnOnce(&mut SiteLogSettings), unix_ms: u64, expected: &str) {
        let mut settings = settings(Path::new("/logs"));
        change(&mut settings);
        assert_eq!(SiteLog::in_zone(settings, west()).current_path(unix_ms), Path::new(expected));
    }

    #[test]
    fn path_follows_the_moment() {
        check(|_| (), SAMPLE_MS, "/logs/W3SVC1/u_ex240722.log");
        check(|s| s.site_id = 7, 0, "/logs/W3SVC7/u_ex700101.log");
        check(|s| s.period = Period::MaxSize, 0, "/logs/W3SVC1/u_extend1.log");
        check(|s| s.period = Period::Hourly, SAMPLE_MS, "/logs/W3SVC1/u_ex24072214.log");
    }

    #[test]
    fn central_and_ansi_names() {
        check(|s| s.is_central = true, SAMPLE_MS, "/logs/W3SVC/u_ex240722.log");
        check(|s| s.is_utf8 = false, SAMPLE_MS, "/logs/W3SVC1/ex240722.log");
    }

    #[test]
    fn local_time_rollover_names_by_local_time() {
        let just_after_midnight_utc = SAMPLE_MS + 10 * 3_600_000;
        check(|_| (), just_after_midnight_utc, "/logs/W3SVC1/u_ex240723.log");
        check(|s| s.local_time_rollover = true, just_after_midnight_utc, "/logs/W3SVC1/u_ex240722.log");
        check(|s| s.format = Format::Ncsa, just_after_midnight_utc, "/logs/W3SVC1/u_nc240722.log");
    }

    #[test]
    fn truncate_size_has_the_documented_bounds() {
        assert_eq!(
            [truncate_limit(5), truncate_limit(1 << 21), truncate_limit(0xFFFF_FFFF)],
            [1 << 20, 1 << 21, u64::MAX]
        );
    }

    #[test]
    fn absurd_moments_are_held_in_range() {
        assert_eq!(civil(u64::MAX, 0).year(), 9999);
    }

    #[test]
    fn a_log_without_columns_is_off() {
        let lines = |fields, format| {
            let settings = SiteLogSettings { format, fields, ..settings(Path::new("/")) };
            SiteLog::new(settings).writes_lines()
        };
        assert!(!lines(FieldSet::from_bits(0), Format::W3c));
        assert!(lines(FieldSet::from_bits(0), Format::Json) && lines(FieldSet::DEFAULT, Format::W3c));
    }
}
