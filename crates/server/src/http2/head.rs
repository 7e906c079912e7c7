//! A request's header list, read as strictly as a head of HTTP/1.1: it is written as one and given to the same machine.

use doorward_wire::{BodyLength, Event, HeadLimits, Malformed, Request, ServerMachine};
use http::header::{CONTENT_LENGTH, COOKIE, HOST, SEC_WEBSOCKET_KEY, TE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};

use super::fields::field_bytes;
use super::websocket;

/// Fields that a message of HTTP/2 must not have (RFC 9113 8.2.2).
const FORBIDDEN: [&str; 5] = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];
/// Fields that a trailer section must not have: they would say something else about the message (RFC 9110 6.5.1).
const NO_TRAILERS: [&str; 5] = ["content-length", "host", "te", "trailer", "content-encoding"];

/// Fills the request from a header list; answers the bytes of the list. `ended` says that no body follows.
pub(super) fn read(parts: &Parts, ended: bool, limits: HeadLimits, request: &mut Request) -> Result<u64, Malformed> {
    let mut text = Vec::with_capacity(512);
    let outcome = write(parts, ended, &mut text);
    text.extend_from_slice(b"\r\n");
    let mut machine = ServerMachine::new(limits);
    // Even a head that is refused leaves its request line, for the log.
    let event = machine.read(&text, request);
    outcome?;
    match event? {
        (used, Event::Head) if used == text.len() => {}
        (_, Event::Head | Event::NeedMore | Event::Body(_) | Event::BodyEnd) => return Err(Malformed::BadRequest),
    }
    match request.body() {
        BodyLength::Known(1..) if ended => Err(Malformed::LengthConflict),
        BodyLength::None | BodyLength::Known(_) | BodyLength::Chunked => Ok(list_bytes(parts)),
    }
}

/// Whether a trailer section may end a message.
pub(super) fn is_trailer(fields: &HeaderMap) -> bool {
    fields.iter().all(|(name, value)| {
        !FORBIDDEN.contains(&name.as_str()) && !NO_TRAILERS.contains(&name.as_str()) && is_value(value.as_bytes())
    })
}

fn write(parts: &Parts, ended: bool, text: &mut Vec<u8>) -> Result<(), Malformed> {
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let opens_websocket = websocket::is_opening(parts);
    let method = if opens_websocket { "GET" } else { parts.method.as_str() };
    for piece in [method, " ", path, " HTTP/1.1\r\n"] {
        text.extend_from_slice(piece.as_bytes());
    }
    let authority = authority(parts);
    let fields = fields(&parts.headers, text);
    put(text, "Host", authority?);
    fields?;
    if !path.starts_with('/') && path != "*" {
        return Err(Malformed::Url);
    }
    if !matches!(parts.uri.scheme_str(), None | Some("http" | "https")) {
        return Err(Malformed::Url);
    }
    if opens_websocket {
        text.extend_from_slice(websocket::opening_lines().as_bytes());
        return if parts.headers.contains_key(CONTENT_LENGTH) { Err(Malformed::LengthConflict) } else { Ok(()) };
    }
    // To nowhere, or another protocol in its stream.
    if parts.method == Method::CONNECT {
        return Err(Malformed::Verb);
    }
    if !parts.headers.contains_key(CONTENT_LENGTH) {
        match (ended, parts.method.as_str()) {
            // Its end comes with its stream's: what is not known yet goes on in chunks.
            (false, _) => put(text, "Transfer-Encoding", b"chunked"),
            (true, "POST" | "PUT") => put(text, "Content-Length", b"0"),
            (true, _) => {}
        }
    }
    Ok(())
}

/// `:authority`, or Host in its place; where both are, they must agree (RFC 9113 8.3.1).
fn authority(parts: &Parts) -> Result<&[u8], Malformed> {
    let mut hosts = parts.headers.get_all(HOST).iter();
    let host = hosts.next().map(HeaderValue::as_bytes);
    if hosts.next().is_some() {
        return Err(Malformed::Hostname);
    }
    match (parts.uri.authority(), host) {
        (Some(authority), Some(host)) if !host.eq_ignore_ascii_case(authority.as_str().as_bytes()) => {
            Err(Malformed::Hostname)
        }
        (Some(authority), _) => Ok(authority.as_str().as_bytes()),
        (None, Some(host)) => Ok(host),
        (None, None) => Err(Malformed::Hostname),
    }
}

fn fields(headers: &HeaderMap, text: &mut Vec<u8>) -> Result<(), Malformed> {
    for (name, value) in headers {
        let value = value.as_bytes();
        let connected = FORBIDDEN.contains(&name.as_str()) || (name == TE && value != b"trailers");
        if connected || !is_value(value) {
            return Err(if connected { Malformed::FieldName } else { Malformed::FieldValue });
        }
        if name != HOST && name != COOKIE && name != SEC_WEBSOCKET_KEY {
            put(text, name.as_str(), value);
        }
    }
    // Cookies may come one by one; everybody else wants them on one line (RFC 9113 8.2.3).
    let cookies: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if !cookies.is_empty() {
        put(text, "cookie", &cookies.join(&b"; "[..]));
    }
    Ok(())
}

/// No white space around it (RFC 9113 8.2.1); the h2 crate has seen to the rest.
fn is_value(value: &[u8]) -> bool {
    value.trim_ascii().len() == value.len()
}

fn put(text: &mut Vec<u8>, name: &str, value: &[u8]) {
    text.extend_from_slice(name.as_bytes());
    text.extend_from_slice(b": ");
    text.extend_from_slice(value);
    text.extend_from_slice(b"\r\n");
}

/// Bytes of the decoded header list: `cs-bytes` without the content.
fn list_bytes(parts: &Parts) -> u64 {
    let uri = &parts.uri;
    let pseudo = [
        (":method", parts.method.as_str()),
        (":scheme", uri.scheme_str().unwrap_or("http")),
        (":authority", uri.authority().map_or("", |authority| authority.as_str())),
        (":path", uri.path_and_query().map_or("", |path| path.as_str())),
    ];
    let protocol = if websocket::is_opening(parts) { field_bytes(":protocol", b"websocket") } else { 0 };
    let pseudo = pseudo.iter().map(|(name, value)| field_bytes(name, value.as_bytes())).sum::<u64>();
    protocol
        + pseudo
        + parts.headers.iter().map(|(name, value)| field_bytes(name.as_str(), value.as_bytes())).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `method uri|name:value|…` to `authority path body` or the fault.
    fn seen(text: &str, ended: bool) -> Result<String, Malformed> {
        let mut lines = text.split('|');
        let (method, uri) = lines.next().unwrap().split_once(' ').unwrap();
        let mut builder = http::Request::builder().method(method).uri(uri);
        for line in lines {
            let (name, value) = line.split_once(':').unwrap();
            builder = builder.header(name, value);
        }
        let (parts, ()) = builder.body(()).unwrap().into_parts();
        let mut request = Request::new();
        read(&parts, ended, HeadLimits::default(), &mut request)?;
        Ok(format!("{} {} {:?}", request.authority(), request.target(), request.body()))
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(seen(text, true), Ok(expected.to_owned()), "{text}");
    }

    fn refused(text: &str, expected: Malformed) {
        assert_eq!(seen(text, true), Err(expected), "{text}");
    }

    #[test]
    fn a_list_is_a_head() {
        check("GET http://a:81/b?c|x:y", "a:81 /b?c None");
        check("GET /b|host:a", "a /b None");
        check("GET http://a/|host:A", "a / None");
        check("POST http://a/", "a / Known(0)");
        check("OPTIONS *|host:a", "a * None");
        check("GET http://a/|te:trailers", "a / None");
        assert_eq!(seen("POST http://a/", false).unwrap(), "a / Chunked");
        assert_eq!(seen("POST http://a/|content-length:3", false).unwrap(), "a / Known(3)");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        refused("GET /|x:y", Malformed::Hostname);
        refused("GET http://a/|host:b", Malformed::Hostname);
        refused("GET http://a/|host:a|host:a", Malformed::Hostname);
        refused("GET http://u@a/", Malformed::Hostname);
        refused("GET *|host:a", Malformed::Url);
        refused("GET ftp://a/", Malformed::Url);
        refused("GET http://a/|x: y", Malformed::FieldValue);
        refused("GET http://a/|connection:close", Malformed::FieldName);
        refused("GET http://a/|te:gzip", Malformed::FieldName);
        refused("GET http://a/|content-length:1", Malformed::LengthConflict);
        refused("POST http://a/|content-length:0|content-length:5", Malformed::LengthConflict);
        refused("POST http://a/|content-length:+0", Malformed::Number);
    }

    #[test]
    fn a_websocket_is_the_get_that_it_stands_for() {
        let opening = |protocol: &'static str, fields: &[(&str, &str)]| {
            let builder = http::Request::builder().method("CONNECT").uri("http://a/ws?x");
            let builder = fields.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
            let (mut parts, ()) = builder.body(()).unwrap().into_parts();
            parts.extensions.insert(h2::ext::Protocol::from_static(protocol));
            let mut request = Request::new();
            read(&parts, false, HeadLimits::default(), &mut request).map(|_| request)
        };
        let request = opening("websocket", &[("sec-websocket-version", "13"), ("sec-websocket-key", "own")]).unwrap();
        assert_eq!((request.method(), request.target(), request.body()), ("GET", "/ws?x", BodyLength::None));
        assert_eq!(request.upgrade(), Some(&b"websocket"[..]));
        assert_eq!(request.field_lines("Sec-WebSocket-Key").count(), 1);
        assert_ne!(request.field("Sec-WebSocket-Key"), Some(&b"own"[..]));
        assert_eq!(opening("websocket", &[("content-length", "3")]).unwrap_err(), Malformed::LengthConflict);
        assert_eq!(opening("connect-udp", &[]).unwrap_err(), Malformed::Verb);
    }

    #[test]
    fn a_refused_list_leaves_its_request_line() {
        let (parts, ()) =
            http::Request::builder().uri("http://a/b").header("te", "gzip").body(()).unwrap().into_parts();
        let mut request = Request::new();
        assert_eq!(read(&parts, true, HeadLimits::default(), &mut request), Err(Malformed::FieldName));
        assert_eq!(request.target(), "/b");
    }

    #[test]
    fn cookies_are_joined_and_bytes_counted() {
        let builder = http::Request::builder().uri("http://a/b").header("cookie", "c=1").header("cookie", "d=2");
        let (parts, ()) = builder.body(()).unwrap().into_parts();
        let mut request = Request::new();
        // :method GET, :scheme http, :authority a, :path /b, and two cookies.
        assert_eq!(read(&parts, true, HeadLimits::default(), &mut request), Ok(10 + 11 + 11 + 7 + 2 * 9));
        assert_eq!(request.field("Cookie"), Some(&b"c=1; d=2"[..]));
    }
}
