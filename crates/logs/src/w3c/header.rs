//! The four lines before the records of a W3C file.

use crate::escape::Escape;
use crate::fields::FieldSet;
use crate::site_log::CustomField;
use crate::time_text::TimeText;

/// The `#Software` line that log readers look for.
pub(crate) const SOFTWARE: &str = "Microsoft Internet Information Services 10.0";

/// The `#Fields` line with its line end: the site's columns, then its custom ones.
pub(crate) fn fields_line(fields: FieldSet, custom: &[CustomField]) -> Vec<u8> {
    let mut line = b"#Fields:".to_vec();
    for name in fields.names() {
        line.push(b' ');
        line.extend_from_slice(name.as_bytes());
    }
    for field in custom {
        line.push(b' ');
        Escape::w3c(usize::MAX).put(&mut line, Some(field.name.as_bytes()));
    }
    line.extend_from_slice(b"\r\n");
    line
}

/// Appends a header block for records from `unix_ms` on.
pub(crate) fn put_header(out: &mut Vec<u8>, software: &str, unix_ms: u64, fields_line: &[u8]) {
    let mut time = TimeText::new();
    time.turn_to(unix_ms, 0);
    out.extend_from_slice(b"#Software: ");
    out.extend_from_slice(software.as_bytes());
    out.extend_from_slice(b"\r\n#Version: 1.0\r\n#Date: ");
    out.extend_from_slice(time.date_time());
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(fields_line);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site_log::CustomSource;
    use crate::site_log::tests::SAMPLE_MS;

    #[test]
    fn block_of_the_default_fields() {
        let mut out = Vec::new();
        put_header(&mut out, SOFTWARE, SAMPLE_MS, &fields_line(FieldSet::DEFAULT, &[]));
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2024-07-22 14:17:48\r\n\
             #Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) \
             cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n"
        );
    }

    #[test]
    fn custom_names_come_last_and_stay_one_word() {
        let field = CustomField {
            name: "x forwarded".into(),
            source_name: "X-Forwarded-For".into(),
            source: CustomSource::RequestHeader,
            bytes_max: 4096,
        };
        assert_eq!(fields_line(FieldSet::from_bits(1), &[field]), b"#Fields: date x+forwarded\r\n");
    }
}
