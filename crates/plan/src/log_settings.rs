//! From `logFile` to the settings of a site's log.

use std::path::{Path, PathBuf};

use doorward_config::{Configuration, LogFile, LogFormat, LogPeriod, Site};
use doorward_logs::{CustomField, CustomSource, FieldSet, Format, Period, SiteLogSettings};

/// Where a site's log goes. A `directory` written in the configuration wins over the home's log folder
/// (design: homes); IIS's own default path counts as "not written".
pub(crate) fn site_log(configuration: &Configuration, site: &Site, home_logs: &Path) -> SiteLogSettings {
    let log = &site.log_file;
    SiteLogSettings {
        enabled: log.enabled,
        site_id: site.id,
        site_name: site.name.clone(),
        directory: directory(configuration, log, home_logs),
        format: format(log.log_format),
        fields: FieldSet::from_bits(log.log_ext_file_flags),
        custom_fields: custom_fields(log),
        period: period(log.period),
        truncate_bytes: log.truncate_size,
        local_time_rollover: log.local_time_rollover,
        log_site_id: log.log_site_id,
        line_bytes_max: log.max_log_line_length as usize,
        flush_lines: log.flush_by_entry_count,
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
        }
    }
}
