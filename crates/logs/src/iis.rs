//! IIS's own log format: fifteen columns, each ended by a comma, in local time (IIS reference §6.5).

use crate::address::put_ip;
use crate::escape::Escape;
use crate::line::Surroundings;
use crate::number::{put_number, put_two_digits};
use crate::record::Record;
use crate::time_text::TimeText;

/// Appends one line. A comma in a value becomes `%2C`, so that it cannot add a column.
pub(crate) fn put_line(out: &mut Vec<u8>, around: &Surroundings<'_>, record: &Record<'_>) {
    let escape = Escape { value_bytes_max: around.value_bytes_max, percent: b"," };
    let text = |out: &mut Vec<u8>, value: Option<&[u8]>| {
        escape.put(out, value);
        out.extend_from_slice(b", ");
    };
    put_address(out, record.peer);
    text(out, record.user_name);
    put_date_time(out, around.time);
    text(out, Some(format_service(around)));
    text(out, Some(around.computer_name.as_bytes()));
    put_address(out, record.server.ip());
    let numbers = [record.time_taken_ms, record.bytes_received, record.bytes_sent];
    for number in numbers.into_iter().chain([record.status.into(), record.win32_status.into()]) {
        put_number(out, number);
        out.extend_from_slice(b", ");
    }
    text(out, Some(record.method));
    text(out, Some(record.stem));
    escape.put(out, record.query);
    out.extend_from_slice(b",\r\n");
}

/// Service and instance: the same text as `s-sitename`.
fn format_service<'a>(around: &Surroundings<'a>) -> &'a [u8] {
    around.site.site_text().as_bytes()
}

fn put_address(out: &mut Vec<u8>, ip: std::net::IpAddr) {
    put_ip(out, ip);
    out.extend_from_slice(b", ");
}

/// Appends `7/22/2024, 7:05:09, `: month, day and hour without leading zeros, as IIS 7 and later write them.
fn put_date_time(out: &mut Vec<u8>, time: &TimeText) {
    let at = time.civil();
    for number in [at.month(), at.day()] {
        put_number(out, number.unsigned_abs().into());
        out.push(b'/');
    }
    put_number(out, at.year().unsigned_abs().into());
    out.extend_from_slice(b", ");
    put_number(out, at.hour().unsigned_abs().into());
    for number in [at.minute(), at.second()] {
        out.push(b':');
        put_two_digits(out, number);
    }
    out.extend_from_slice(b", ");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::line::tests::{line, sample};
    use crate::site_log::Format;

    fn check(record: &Record<'_>, expected: &str) {
        assert_eq!(line(|s| s.format = Format::Iis, record), expected);
    }

    #[test]
    fn lines() {
        check(&sample(), "::1, -, 7/22/2024, 10:17:48, W3SVC1, WEB+1, ::1, 1, 163, 3223, 200, 0, GET, /, -,");
        let early = sample().time_unix_ms - 3 * 3_600_000 - 12 * 60_000;
        check(
            &Record { time_unix_ms: early, user_name: Some(b"a, b"), query: Some(b"x=1,2"), ..sample() },
            "::1, a%2C+b, 7/22/2024, 7:05:48, W3SVC1, WEB+1, ::1, 1, 163, 3223, 200, 0, GET, /, x=1%2C2,",
        );
    }

    proptest! {
        #[test]
        fn any_bytes_keep_fifteen_columns(method: Vec<u8>, stem: Vec<u8>, query: Vec<u8>) {
            let record = Record { method: &method, stem: &stem, query: Some(&query), ..sample() };
            let text = line(|s| s.format = Format::Iis, &record);
            prop_assert_eq!(text.matches(',').count(), 15);
            prop_assert_eq!(text.split(", ").count(), 15);
        }
    }
}
