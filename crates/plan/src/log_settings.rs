//! From `logFile` to the settings of a site's log.

use std::path::{Path, PathBuf};

use doorward_config::{CentralLogFileMode, Configuration, LogFile, LogFormat, LogPeriod, Site};
use doorward_logs::{CustomField, CustomSource, FieldSet, Format, LogTarget, Period, Retention, SiteLogSettings};

/// Where a site's log goes. A `directory` written in the configuration wins over the home's log folder
/// (design: homes); IIS's own default path counts as "not written".
pub(crate) fn site_log(configuration: &Configuration, site: &Site, home_logs: &Path) -> SiteLogSettings {
    let log = &site.log_file;
    let own = configuration.settings_at(&site.name, "/").logs;
    let settings = SiteLogSettings {
        enabled: log.enabled,
        site_id: site.id,
        site_name: site.name.clone(),
        directory: directory(configuration, log, home_logs),
        format: if own.json { Format::Json } else { format(log.log_format) },
        fields: FieldSet::from_bits(log.log_ext_file_flags),
        custom_fields: custom_fields(log),
        period: period(log.period),
        truncate_bytes: log.truncate_size,
        local_time_rollover: log.local_time_rollover,
        log_site_id: log.log_site_id,
        line_bytes_max: log.max_log_line_length as usize,
        flush_lines: log.flush_by_entry_count,
        is_central: false,
        is_utf8: configuration.server_log.log_in_utf8,
        target: target(own.target),
        retention: Retention {
            days: own.keep_days,
            bytes_max: u64::from(own.keep_megabytes) * 1_000_000,
            compress: own.compress,
        },
    };
    match configuration.server_log.central_log_file_mode {
        CentralLogFileMode::CentralW3c => central(configuration, settings, home_logs),
        // The binary form is read by Windows alone: the sites keep their own files.
        CentralLogFileMode::Site | CentralLogFileMode::CentralBinary => settings,
    }
}

/// `centralW3CLogFile` takes the place of the site's own settings; a site that logs nothing still logs nothing.
fn central(configuration: &Configuration, own: SiteLogSettings, home_logs: &Path) -> SiteLogSettings {
    let central = &configuration.server_log.central_w3c;
    let directory = match &central.directory_origin {
        Some(_) => configuration.paths.resolve(&central.directory).path,
        None => home_logs.to_owned(),
    };
    SiteLogSettings {
        enabled: own.enabled && central.enabled,
        directory,
        format: Format::W3c,
        fields: FieldSet::from_bits(central.log_ext_file_flags),
        custom_fields: Vec::new(),
        period: period(central.period),
        truncate_bytes: central.truncate_size,
        local_time_rollover: central.local_time_rollover,
        log_site_id: true,
        is_central: true,
        target: LogTarget::File,
        ..own
    }
}

fn target(configured: doorward_config::LogTarget) -> LogTarget {
    match configured {
        doorward_config::LogTarget::File => LogTarget::File,
        doorward_config::LogTarget::Stdout => LogTarget::Stdout,
        doorward_config::LogTarget::Stderr => LogTarget::Stderr,
    }
}

fn directory(configuration: &Configuration, log: &LogFile, home_logs: &Path) -> PathBuf {
    match &log.directory_origin {
        Some(_) => configuration.paths.resolve(&log.directory).path,
        None => home_logs.to_owned(),
    }
}

/// The folder of the server's own logs, HTTPERR among them.
pub fn server_log_directory(home_logs: &Path) -> PathBuf {
    home_logs.join("HTTPERR")
}

/// `Custom` hands the log to a plug-in, which Windows alone has; W3C is what its users can read here.
fn format(configured: LogFormat) -> Format {
    match configured {
        LogFormat::Iis => Format::Iis,
        LogFormat::Ncsa => Format::Ncsa,
        LogFormat::W3c | LogFormat::Custom => Format::W3c,
    }
}

fn period(configured: LogPeriod) -> Period {
    match configured {
        LogPeriod::MaxSize => Period::MaxSize,
        LogPeriod::Daily => Period::Daily,
        LogPeriod::Weekly => Period::Weekly,
        LogPeriod::Monthly => Period::Monthly,
        LogPeriod::Hourly => Period::Hourly,
    }
}

fn custom_fields(log: &LogFile) -> Vec<CustomField> {
    log.custom_fields
        .iter()
        .map(|field| CustomField {
            name: field.name.clone(),
            source_name: field.source_name.clone(),
            bytes_max: log.max_custom_field_length as usize,
            source: match field.source_type {
                doorward_config::CustomFieldSource::RequestHeader => CustomSource::RequestHeader,
                doorward_config::CustomFieldSource::ResponseHeader => CustomSource::ResponseHeader,
                doorward_config::CustomFieldSource::ServerVariable => CustomSource::ServerVariable,
            },
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests_support {
    use super::*;

    /// Settings of a log that no test writes to.
    pub(crate) fn settings(site_id: u32) -> SiteLogSettings {
        SiteLogSettings {
            enabled: false,
            site_id,
            site_name: String::new(),
            directory: PathBuf::new(),
            format: Format::W3c,
            fields: FieldSet::DEFAULT,
            custom_fields: Vec::new(),
            period: Period::Daily,
            truncate_bytes: 20 << 20,
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
}
