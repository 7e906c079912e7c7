//! How a site's requests are logged, and how the server logs centrally (IIS reference §1.1, §1.9, §6).

use crate::diagnostic::Origin;
use crate::effective::Effective;

/// `logFile` of a site.
#[allow(clippy::struct_excessive_bools, reason = "one switch for each attribute of the element")]
#[derive(Debug, Clone, PartialEq)]
pub struct LogFile {
    /// Whether requests are logged.
    pub enabled: bool,
    /// Layout of a line.
    pub log_format: LogFormat,
    /// Folder as written; [`crate::PathMap::resolve`] finds it on this machine.
    pub directory: String,
    /// Where `directory` was written; `None` means IIS's default stands, and the home's log folder applies.
    pub directory_origin: Option<Origin>,
    /// When a new file is begun.
    pub period: LogPeriod,
    /// Size in bytes that begins a new file when `period` is [`LogPeriod::MaxSize`].
    pub truncate_size: u64,
    /// Whether days and hours are local rather than UTC.
    pub local_time_rollover: bool,
    /// Whether the site's number is logged.
    pub log_site_id: bool,
    /// Lines after which the file is flushed; 0 leaves it to the writer.
    pub flush_by_entry_count: u32,
    /// Longest line in bytes.
    pub max_log_line_length: u32,
    /// Bit field of `logExtFileFlags` (Date=1, Time=2, ClientIP=4 …, IIS reference §1.1).
    pub log_ext_file_flags: u32,
    /// Whether W3C lines go to the file (`logTargetW3C`).
    pub target_file: bool,
    /// Longest value of a custom field in bytes.
    pub max_custom_field_length: u32,
    /// Additional fields, in order.
    pub custom_fields: Vec<CustomField>,
}

/// One `customFields/add`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    /// Name of the column.
    pub name: String,
    /// Name of the header or server variable.
    pub source_name: String,
    /// What `source_name` names.
    pub source_type: CustomFieldSource,
}

/// Where a custom field's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomFieldSource {
    /// A request header.
    RequestHeader,
    /// A response header.
    ResponseHeader,
    /// A server variable.
    ServerVariable,
}

/// Layout of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Microsoft IIS format.
    Iis,
    /// NCSA common format.
    Ncsa,
    /// W3C extended format.
    W3c,
    /// A plug-in's format.
    Custom,
}

/// When a new log file is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogPeriod {
    /// When the file has reached its size.
    MaxSize,
    /// Each day.
    Daily,
    /// Each week.
    Weekly,
    /// Each month.
    Monthly,
    /// Each hour.
    Hourly,
}

/// Whether sites log on their own or together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CentralLogFileMode {
    /// Each site has its own files.
    Site,
    /// One binary file for all.
    CentralBinary,
    /// One W3C file for all.
    CentralW3c,
}

/// `system.applicationHost/log` (IIS reference §1.9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerLog {
    /// Whether logs are UTF-8 and file names carry `u_`.
    pub log_in_utf8: bool,
    /// Whether sites log on their own or together.
    pub central_log_file_mode: CentralLogFileMode,
    /// The one W3C file, when `central_log_file_mode` says so.
    pub central_w3c: CentralLog,
    /// The one binary file, when `central_log_file_mode` says so.
    pub central_binary: CentralLog,
}

/// A log file shared by all sites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CentralLog {
    /// Whether it is written.
    pub enabled: bool,
    /// Folder as written.
    pub directory: String,
    /// Where `directory` was written; `None` means IIS's default stands.
    pub directory_origin: Option<Origin>,
    /// When a new file is begun.
    pub period: LogPeriod,
    /// Size in bytes that begins a new file when `period` is [`LogPeriod::MaxSize`].
    pub truncate_size: u64,
    /// Whether days and hours are local rather than UTC.
    pub local_time_rollover: bool,
    /// Bit field of `logExtFileFlags`; 0 for the binary file, which has no columns.
    pub log_ext_file_flags: u32,
}

/// `system.applicationHost/webLimits` (IIS reference §1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebLimits {
    /// Bytes per second over all sites; `None` is unlimited.
    pub max_global_bandwidth: Option<u32>,
    /// Idle time after which a connection is closed, in milliseconds.
    pub connection_timeout_ms: u64,
    /// Time for a request's head, in milliseconds; 0 leaves it to the connection's time.
    pub header_wait_timeout_ms: u64,
    /// Slowest transfer that is tolerated, in bytes per second; 0 tolerates any.
    pub min_bytes_per_second: u32,
}

impl LogFile {
    pub(crate) fn read(element: &Effective) -> Self {
        let fields = element.child("customFields");
        Self {
            enabled: element.bool("enabled"),
            log_format: match element.uint("logFormat") {
                0 => LogFormat::Iis,
                1 => LogFormat::Ncsa,
                3 => LogFormat::Custom,
                _ => LogFormat::W3c,
            },
            directory: element.text("directory"),
            directory_origin: element.first_origin(&["directory"]),
            period: LogPeriod::from_number(element.uint("period")),
            truncate_size: element.long("truncateSize"),
            local_time_rollover: element.bool("localTimeRollover"),
            log_site_id: element.bool("logSiteId"),
            flush_by_entry_count: element.uint("flushByEntryCountW3CLog"),
            max_log_line_length: element.uint("maxLogLineLength"),
            log_ext_file_flags: element.uint("logExtFileFlags"),
            target_file: element.uint("logTargetW3C") & 1 == 1,
            max_custom_field_length: fields.uint("maxCustomFieldLength"),
            custom_fields: fields.entries().map(CustomField::read).collect(),
        }
    }
}

impl CustomField {
    fn read(entry: &Effective) -> Self {
        Self {
            name: entry.text("logFieldName"),
            source_name: entry.text("sourceName"),
            source_type: match entry.uint("sourceType") {
                1 => CustomFieldSource::ResponseHeader,
                2 => CustomFieldSource::ServerVariable,
                _ => CustomFieldSource::RequestHeader,
            },
        }
    }
}

impl LogPeriod {
    fn from_number(number: u32) -> Self {
        match number {
            0 => LogPeriod::MaxSize,
            2 => LogPeriod::Weekly,
            3 => LogPeriod::Monthly,
            4 => LogPeriod::Hourly,
            _ => LogPeriod::Daily,
        }
    }
}

impl ServerLog {
    pub(crate) fn read(section: &Effective) -> Self {
        let w3c = section.child("centralW3CLogFile");
        Self {
            log_in_utf8: section.bool("logInUTF8"),
            central_log_file_mode: match section.uint("centralLogFileMode") {
                1 => CentralLogFileMode::CentralBinary,
                2 => CentralLogFileMode::CentralW3c,
                _ => CentralLogFileMode::Site,
            },
            central_w3c: CentralLog { log_ext_file_flags: w3c.uint("logExtFileFlags"), ..CentralLog::read(w3c) },
            central_binary: CentralLog::read(section.child("centralBinaryLogFile")),
        }
    }
}

impl CentralLog {
    /// What both kinds have.
    fn read(element: &Effective) -> Self {
        Self {
            enabled: element.bool("enabled"),
            directory: element.text("directory"),
            directory_origin: element.first_origin(&["directory"]),
            period: LogPeriod::from_number(element.uint("period")),
            truncate_size: element.long("truncateSize"),
            local_time_rollover: element.bool("localTimeRollover"),
            log_ext_file_flags: 0,
        }
    }
}

impl WebLimits {
    pub(crate) fn read(section: &Effective) -> Self {
        Self {
            max_global_bandwidth: section.limit("maxGlobalBandwidth"),
            connection_timeout_ms: section.span_ms("connectionTimeout"),
            header_wait_timeout_ms: section.span_ms("headerWaitTimeout"),
            min_bytes_per_second: section.uint("minBytesPerSecond"),
        }
    }
}
