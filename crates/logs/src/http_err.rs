//! Lines of the HTTP service's error log (IIS reference §6.6).

use std::net::SocketAddr;

use crate::address::put_scoped_ip;
use crate::escape::Escape;
use crate::number::put_number;
use crate::record::ErrorRecord;
use crate::time_text::TimeText;

/// The `#Software` and `#Version` lines that readers of HTTPERR files look for.
pub(crate) const SOFTWARE: &str = "Microsoft HTTP API 2.0";

/// The `#Fields` line of every HTTPERR file; `streamid` is there since Server 2016; HTTP/1 has none.
pub const FIELDS_LINE: &[u8] = b"#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri \
    streamid sc-status s-siteid s-reason s-queuename\r\n";

const METHOD_BYTES_MAX: usize = 255;
const URI_BYTES_MAX: usize = 4096;

/// Appends one line with its line end.
pub(crate) fn put_line(out: &mut Vec<u8>, time: &TimeText, record: &ErrorRecord<'_>) {
    let escape = Escape::w3c(URI_BYTES_MAX);
    out.extend_from_slice(time.date_time());
    out.push(b' ');
    put_socket(out, record.peer);
    put_socket(out, record.server);
    escape.put(out, record.version.map(str::as_bytes));
    out.push(b' ');
    escape.put_cut(out, record.method, METHOD_BYTES_MAX);
    out.push(b' ');
    escape.put_cut(out, record.uri, URI_BYTES_MAX);
    out.push(b' ');
    put_optional(out, record.stream_id.map(u64::from));
    put_optional(out, record.status.map(u64::from));
    put_optional(out, record.site_id.map(u64::from));
    escape.put(out, Some(record.reason.as_bytes()));
    out.push(b' ');
    escape.put(out, record.queue.map(str::as_bytes));
    out.extend_from_slice(b"\r\n");
}

/// Appends address and port, each with a space after it.
fn put_socket(out: &mut Vec<u8>, address: Option<SocketAddr>) {
    match address {
        Some(address) => {
            put_scoped_ip(out, address);
            out.push(b' ');
            put_optional(out, Some(address.port().into()));
        }
        None => out.extend_from_slice(b"- - "),
    }
}

/// Appends a number or `-`, with a space after it.
fn put_optional(out: &mut Vec<u8>, number: Option<u64>) {
    match number {
        Some(number) => put_number(out, number),
        None => out.push(b'-'),
    }
    out.push(b' ');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::site_log::tests::SAMPLE_MS;

    const EMPTY: ErrorRecord<'_> = ErrorRecord {
        time_unix_ms: SAMPLE_MS,
        peer: None,
        server: None,
        version: None,
        method: None,
        uri: None,
        stream_id: None,
        status: None,
        site_id: None,
        reason: "Timer_ConnectionIdle",
        queue: None,
    };

    fn line(record: &ErrorRecord<'_>) -> String {
        let (mut out, mut time) = (Vec::new(), TimeText::new());
        time.turn_to(record.time_unix_ms, 0);
        put_line(&mut out, &time, record);
        String::from_utf8(out).unwrap()
    }

    fn check(record: &ErrorRecord<'_>, expected: &str) {
        assert_eq!(line(record), format!("2024-07-22 14:17:48 {expected}\r\n"));
    }

    #[test]
    fn lines() {
        check(&EMPTY, "- - - - - - - - - - Timer_ConnectionIdle -");
        let (peer, server) = ("172.31.77.6:2094".parse().ok(), "127.0.0.2:80".parse().ok());
        let record = ErrorRecord { peer, server, version: Some("HTTP/1.1"), method: Some(b"GET"), ..EMPTY };
        let full = ErrorRecord { uri: Some(b"/a b?c"), status: Some(503), reason: "ConnLimit", ..record };
        check(&full, "172.31.77.6 2094 127.0.0.2 80 HTTP/1.1 GET /a+b?c - 503 - ConnLimit -");
        let abort = ErrorRecord { reason: "AbortRequest_501", site_id: Some(7), queue: Some("Default Pool"), ..full };
        check(
            &ErrorRecord { status: None, ..abort },
            "172.31.77.6 2094 127.0.0.2 80 HTTP/1.1 GET /a+b?c - - 7 AbortRequest_501 Default+Pool",
        );
        let second = ErrorRecord { version: Some("HTTP/2"), stream_id: Some(3), ..full };
        check(&second, "172.31.77.6 2094 127.0.0.2 80 HTTP/2 GET /a+b?c 3 503 - ConnLimit -");
        let v6 = ErrorRecord { peer: "[::1]:61522".parse().ok(), reason: "Hostname", ..EMPTY };
        check(&v6, "::1%0 61522 - - - - - - - - Hostname -");
    }

    #[test]
    fn long_values_are_cut() {
        let long = vec![b'A'; 5000];
        let record = ErrorRecord { method: Some(&long), uri: Some(&long), ..EMPTY };
        check(&record, &format!("- - - - - {} {} - - - Timer_ConnectionIdle -", "A".repeat(255), "A".repeat(4096)));
    }

    #[test]
    fn header_names_as_many_columns_as_a_line_has() {
        let names = FIELDS_LINE.split(|byte| *byte == b' ').count() - 1;
        assert_eq!(names, line(&EMPTY).split_whitespace().count());
    }

    proptest! {
        #[test]
        fn any_bytes_keep_the_columns(method: Vec<u8>, uri: Vec<u8>, reason: String) {
            let record = ErrorRecord { method: Some(&method), uri: Some(&uri), reason: &reason, ..EMPTY };
            let text = line(&record);
            prop_assert_eq!(text.split_whitespace().count(), 14);
            prop_assert_eq!(text.lines().count(), 1);
        }
    }
}
