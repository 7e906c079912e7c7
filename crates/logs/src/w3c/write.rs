//! One line of a W3C log.

use crate::address::put_ip;
use crate::escape::{Escape, VALUE_BYTES_MAX};
use crate::fields::Column;
use crate::line::Surroundings;
use crate::number::put_number;
use crate::record::Record;

/// Appends the site's columns of one record, separated by single spaces, with the line end.
pub(crate) fn put_line(out: &mut Vec<u8>, around: &Surroundings<'_>, record: &Record<'_>) {
    let start = out.len();
    let mut columns = around.site.columns();
    if let [Column::Date, Column::Time, others @ ..] = columns {
        out.extend_from_slice(around.time.date_time());
        out.push(b' ');
        columns = others;
    }
    for column in columns {
        put_column(out, *column, around, record);
        out.push(b' ');
    }
    for index in 0..around.site.settings().custom_fields.len() {
        put_custom(out, around, record.custom.get(index).copied().flatten());
        out.push(b' ');
    }
    // Every column leaves a space behind it; the last one makes way for the line end.
    out.pop();
    if out.get(start) == Some(&b'#') {
        // A line may begin with a client's text; it must not pass for a directive.
        out[start] = b'+';
    }
    out.extend_from_slice(b"\r\n");
}

fn put_column(out: &mut Vec<u8>, column: Column, around: &Surroundings<'_>, record: &Record<'_>) {
    let text = |out: &mut Vec<u8>, value| Escape::w3c(around.value_bytes_max).put(out, value);
    match column {
        Column::Date => out.extend_from_slice(around.time.date()),
        Column::Time => out.extend_from_slice(around.time.time()),
        Column::SiteName => text(out, Some(around.site.site_text().as_bytes())),
        Column::ComputerName => text(out, Some(around.computer_name.as_bytes())),
        Column::ServerIp => put_ip(out, record.server.ip()),
        Column::Method => text(out, Some(record.method)),
        Column::UriStem => text(out, Some(record.stem)),
        Column::UriQuery => text(out, record.query),
        Column::ServerPort => put_number(out, record.server.port().into()),
        Column::UserName => text(out, record.user_name),
        Column::ClientIp => put_ip(out, record.peer),
        Column::Version => text(out, Some(record.version.as_bytes())),
        Column::UserAgent => text(out, record.user_agent),
        Column::Cookie => text(out, record.cookie),
        Column::Referer => text(out, record.referer),
        Column::Host => text(out, record.host),
        Column::Status => put_number(out, record.status.into()),
        Column::Substatus => put_number(out, record.substatus.into()),
        Column::Win32Status => put_number(out, record.win32_status.into()),
        Column::BytesSent => put_number(out, record.bytes_sent),
        Column::BytesReceived => put_number(out, record.bytes_received),
        Column::TimeTaken => put_number(out, record.time_taken_ms),
    }
}

/// A custom value is cut where the others are replaced (IIS reference §6.4), until the line itself is too long.
fn put_custom(out: &mut Vec<u8>, around: &Surroundings<'_>, value: Option<&[u8]>) {
    Escape::w3c(around.value_bytes_max).put_cut(out, value, VALUE_BYTES_MAX);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fields::FieldSet;
    use crate::line::tests::{line, sample};
    use crate::site_log::{CustomField, CustomSource, SiteLogSettings};

    fn check(change: impl FnOnce(&mut SiteLogSettings), record: &Record<'_>, expected: &str) {
        assert_eq!(line(change, record), expected);
    }

    fn custom(count: usize) -> Vec<CustomField> {
        let field = |index| CustomField {
            name: format!("x{index}"),
            source_name: "X".into(),
            source: CustomSource::RequestHeader,
            bytes_max: 4096,
        };
        (0..count).map(field).collect()
    }

    const EVERY_FIELD: FieldSet = FieldSet::from_bits(u32::MAX);

    #[test]
    fn default_fields_have_the_shape_of_the_sample_log() {
        let agent = b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Edg/126.0.0.0";
        let record = Record { user_agent: Some(agent), ..sample() };
        let expected = "2024-07-22 14:17:48 ::1 GET / - 8090 - ::1 Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+Edg/126.0.0.0 - 200 0 0 1";
        check(|_| (), &record, expected);
        let denied = Record {
            stem: b"/bundles/j query",
            query: Some(b"v=JVBM4Dk7eZ"),
            referer: Some(b"http://localhost:8090/"),
            status: 403,
            substatus: 502,
            time_taken_ms: 7,
            ..record
        };
        let expected = "2024-07-22 14:17:48 ::1 GET /bundles/j+query v=JVBM4Dk7eZ 8090 - ::1 \
             Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+Edg/126.0.0.0 http://localhost:8090/ 403 502 0 7";
        check(|_| (), &denied, expected);
    }

    #[test]
    fn every_field_in_the_fixed_order() {
        let record = Record { cookie: Some(b"a=1; b=2"), user_name: Some(b"ann"), ..sample() };
        check(
            |s| s.fields = EVERY_FIELD,
            &record,
            "2024-07-22 14:17:48 W3SVC1 WEB+1 ::1 GET / - 8090 ann ::1 HTTP/1.1 Mozilla/5.0+(X11) a=1;+b=2 - \
             localhost:8090 200 0 0 3223 163 1",
        );
    }

    #[test]
    fn site_name_follows_log_site_id() {
        let fields = FieldSet::from_bits(16);
        check(|s| s.fields = fields, &sample(), "W3SVC1");
        check(|s| (s.fields, s.log_site_id) = (fields, false), &sample(), "Default+Web+Site");
    }

    #[test]
    fn custom_fields_come_last_and_are_cut() {
        let long = vec![b'x'; 5000];
        let record = Record { custom: &[Some(b"a b"), None, Some(&long)], ..sample() };
        let expected = format!("GET a+b - {} -", "x".repeat(4096));
        check(|s| (s.fields, s.custom_fields) = (FieldSet::from_bits(128), custom(4)), &record, &expected);
    }

    #[test]
    fn long_values_become_dots() {
        let (longest, too_long) = (vec![b'a'; 4096], vec![b'b'; 4097]);
        let record = Record { stem: &longest, query: Some(&too_long), ..sample() };
        check(|s| s.fields = FieldSet::from_bits(256 | 512), &record, &format!("{} ...", "a".repeat(4096)));
    }

    #[test]
    fn a_line_never_passes_for_a_directive() {
        check(|s| s.fields = FieldSet::from_bits(128), &Record { method: b"#Fields:", ..sample() }, "+Fields:");
    }

    proptest! {
        #[test]
        fn any_bytes_keep_the_columns(
            texts in prop::collection::vec(any::<Vec<u8>>(), 8),
            bits: u32,
            count in 0..3_usize,
        ) {
            let custom_values = [Some(texts[7].as_slice()), None];
            let record = Record {
                method: &texts[0],
                stem: &texts[1],
                query: Some(&texts[2]),
                user_name: Some(&texts[3]),
                user_agent: Some(&texts[4]),
                cookie: Some(&texts[5]),
                referer: Some(&texts[6]),
                custom: &custom_values,
                ..sample()
            };
            let fields = FieldSet::from_bits(bits | 1);
            let text = line(|s| (s.fields, s.custom_fields) = (fields, custom(count)), &record);
            prop_assert_eq!(text.split_whitespace().count(), fields.names().count() + count);
            prop_assert_eq!(text.split(' ').count(), fields.names().count() + count);
            prop_assert_eq!(text.lines().count(), 1);
        }
    }
}
