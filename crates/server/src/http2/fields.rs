//! Heads of answers: rendered once for all versions, read back for the h2 crate.

use http::header::SEC_WEBSOCKET_ACCEPT;
use http::{HeaderName, HeaderValue, StatusCode};

/// Fields that belong to a connection of HTTP/1.1 (RFC 9113 8.2.2).
const CONNECTION_FIELDS: [&str; 5] = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

/// Bytes of one field in a decoded header list.
pub(super) fn field_bytes(name: &str, value: &[u8]) -> u64 {
    (name.len() + value.len()) as u64
}

/// The head of an answer out of its HTTP/1.1 text, and how many bytes its header list has.
pub(super) fn response(text: &[u8], status: u16) -> (http::Response<()>, u64) {
    let mut response = http::Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut bytes = field_bytes(":status", b"200");
    for line in text.split(|byte| *byte == b'\n').skip(1) {
        let Some((name, value)) = field(line) else { continue };
        bytes += field_bytes(name.as_str(), value.as_bytes());
        response.headers_mut().append(name, value);
    }
    (response, bytes)
}

/// One field line; `None` for what HTTP/2 does not carry.
fn field(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
    // The hash of a key that the client never had (RFC 8441 5).
    let is_other = CONNECTION_FIELDS.contains(&name.as_str()) || name == SEC_WEBSOCKET_ACCEPT;
    (!is_other).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str)], bytes: u64) {
        let (response, counted) = response(text.as_bytes(), 200);
        let seen: Vec<_> =
            response.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!((&seen[..], counted), (expected, 10 + bytes), "{text:?}");
    }

    #[test]
    fn lines_become_fields() {
        check("HTTP/1.1 200 OK\r\n\r\n", &[], 0);
        check("HTTP/1.1 200 OK\r\nServer: x\r\nAge:  1 \r\n\r\n", &[("server", "x"), ("age", "1")], 11);
        check(
            "HTTP/1.1 200 OK\r\nSet-Cookie: a:b\r\nSet-Cookie: c\r\n\r\n",
            &[("set-cookie", "a:b"), ("set-cookie", "c")],
            24,
        );
    }

    #[test]
    fn the_connection_stays_out() {
        check("HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nX: 1\r\n\r\n", &[("x", "1")], 2);
        check("HTTP/1.1 200 OK\r\nno field\r\nb@d: 1\r\n\r\n", &[], 0);
    }
}
