//! NCSA common log lines, in local time (IIS reference §6.5).

use crate::address::put_ip;
use crate::escape::Escape;
use crate::line::Surroundings;
use crate::number::{put_number, put_two_digits, put_year};
use crate::record::Record;
use crate::time_text::TimeText;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Appends `peer - user [date] "request" status bytes`. A quotation mark of the client becomes `%22`.
pub(crate) fn put_line(out: &mut Vec<u8>, around: &Surroundings<'_>, record: &Record<'_>) {
    let escape = Escape { value_bytes_max: around.value_bytes_max, percent: b"\"" };
    put_ip(out, record.peer);
    out.extend_from_slice(b" - ");
    escape.put(out, record.user_name);
    out.extend_from_slice(b" [");
    put_date(out, around.time);
    out.extend_from_slice(b"] \"");
    escape.put(out, Some(record.method));
    out.push(b' ');
    escape.put(out, Some(record.stem));
    if let Some(query) = record.query.filter(|query| !query.is_empty()) {
        out.push(b'?');
        escape.put(out, Some(query));
    }
    out.push(b' ');
    escape.put(out, Some(record.version.as_bytes()));
    out.extend_from_slice(b"\" ");
    put_number(out, record.status.into());
    out.push(b' ');
    put_number(out, record.bytes_sent);
    out.extend_from_slice(b"\r\n");
}

/// Appends `07/Apr/2004:17:39:04 -0800`.
fn put_date(out: &mut Vec<u8>, time: &TimeText) {
    let at = time.civil();
    put_two_digits(out, at.day());
    out.push(b'/');
    out.extend_from_slice(MONTHS[usize::from(at.month().unsigned_abs() - 1) % 12].as_bytes());
    out.push(b'/');
    put_year(out, at.year());
    out.push(b':');
    out.extend_from_slice(time.time());
    out.extend_from_slice(if time.offset_s() < 0 { b" -" } else { b" +" });
    let minutes = time.offset_s().unsigned_abs() / 60;
    put_two_digits(out, (minutes / 60) as i8);
    put_two_digits(out, (minutes % 60) as i8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::line::tests::{line, sample};
    use crate::site_log::Format;

    fn check(record: &Record<'_>, expected: &str) {
        assert_eq!(line(|s| s.format = Format::Ncsa, record), expected);
    }

    #[test]
    fn lines() {
        check(&sample(), r#"::1 - - [22/Jul/2024:10:17:48 -0400] "GET / HTTP/1.1" 200 3223"#);
        let record = Record { user_name: Some(br"Microsoft\John Doe"), query: Some(b"a=\"b\" c"), ..sample() };
        let expected = r#"::1 - Microsoft\John+Doe [22/Jul/2024:10:17:48 -0400] "GET /?a=%22b%22+c HTTP/1.1" 200 3223"#;
        check(&record, expected);
        check(&Record { query: Some(b""), ..sample() }, &line(|s| s.format = Format::Ncsa, &sample()));
    }

    proptest! {
        #[test]
        fn any_bytes_keep_the_shape(method: Vec<u8>, stem: Vec<u8>, user: Vec<u8>) {
            let record = Record { method: &method, stem: &stem, user_name: Some(&user), ..sample() };
            let text = line(|s| s.format = Format::Ncsa, &record);
            prop_assert_eq!(text.matches('"').count(), 2);
            prop_assert_eq!(text.split_whitespace().count(), 10);
        }
    }
}
