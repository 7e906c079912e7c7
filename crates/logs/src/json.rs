//! JSON lines: one object a request, with the client and the decision of the limiter.
//!
//! Keys do not depend on `logExtFileFlags`, except that the cookie, which may hold a secret, is written only when its
//! flag is on.

use std::net::IpAddr;

use crate::address::put_ip;
use crate::escape::{first_character, is_harmless};
use crate::line::Surroundings;
use crate::number::put_number;
use crate::record::Record;

/// Appends one object with its line end. A value that is not there is `null`.
pub(crate) fn put_line(out: &mut Vec<u8>, around: &Surroundings<'_>, record: &Record<'_>) {
    let mut object = Object { out, value_bytes_max: around.value_bytes_max, is_first: true };
    object.time("time", around, record.time_unix_ms);
    object.number("site_id", around.site.settings().site_id.into());
    object.text("site", Some(around.site.settings().site_name.as_bytes()));
    object.address("server_ip", record.server.ip());
    object.number("server_port", record.server.port().into());
    object.address("peer", record.peer);
    object.address("client", record.client);
    object.text("method", Some(record.method));
    object.text("path", Some(record.stem));
    object.text("query", record.query);
    object.text("version", Some(record.version.as_bytes()));
    object.text("host", record.host);
    object.text("user", record.user_name);
    object.text("user_agent", record.user_agent);
    object.text("referer", record.referer);
    if around.site.settings().fields.has_cookie() {
        object.text("cookie", record.cookie);
    }
    object.number("status", record.status.into());
    object.number("substatus", record.substatus.into());
    object.number("win32_status", record.win32_status.into());
    object.number("bytes_sent", record.bytes_sent);
    object.number("bytes_received", record.bytes_received);
    object.number("time_taken_ms", record.time_taken_ms);
    object.text("decision", record.decision.map(str::as_bytes));
    object.number("in_progress", record.in_progress.into());
    object.number("in_window", record.in_window.into());
    put_custom(&mut object, around, record);
    out.extend_from_slice(b"}\r\n");
}

/// Appends the custom fields as an object of their own, so that their names cannot clash with ours.
fn put_custom(object: &mut Object<'_>, around: &Surroundings<'_>, record: &Record<'_>) {
    let fields = &around.site.settings().custom_fields;
    if fields.is_empty() {
        return;
    }
    object.key("custom");
    let mut inner = Object { out: object.out, value_bytes_max: around.value_bytes_max, is_first: true };
    for (index, field) in fields.iter().enumerate() {
        inner.text(&field.name, record.custom.get(index).copied().flatten());
    }
    inner.out.push(b'}');
}

/// An object being written: the opening brace comes with the first key.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    value_bytes_max: usize,
    is_first: bool,
}

impl Object<'_> {
    fn key(&mut self, name: &str) {
        self.out.extend_from_slice(if self.is_first { b"{\"" } else { b",\"" });
        self.is_first = false;
        put_characters(self.out, name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn number(&mut self, name: &str, number: u64) {
        self.key(name);
        put_number(self.out, number);
    }

    fn address(&mut self, name: &str, ip: IpAddr) {
        self.key(name);
        self.out.push(b'"');
        put_ip(self.out, ip);
        self.out.push(b'"');
    }

    fn text(&mut self, name: &str, value: Option<&[u8]>) {
        self.key(name);
        match value {
            None => self.out.extend_from_slice(b"null"),
            Some(value) if value.len() > self.value_bytes_max => self.out.extend_from_slice(b"\"...\""),
            Some(value) => put_string(self.out, value),
        }
    }

    /// RFC 3339 with milliseconds: a whole second is too coarse to replay a rate limit.
    fn time(&mut self, name: &str, around: &Surroundings<'_>, unix_ms: u64) {
        self.key(name);
        self.out.push(b'"');
        self.out.extend_from_slice(around.time.date());
        self.out.push(b'T');
        self.out.extend_from_slice(around.time.time());
        let thousandths = unix_ms % 1000;
        self.out.push(b'.');
        for place in [100, 10, 1] {
            self.out.push(b'0' + (thousandths / place % 10) as u8);
        }
        self.out.extend_from_slice(b"Z\"");
    }
}

/// Appends a JSON string (RFC 8259 section 7). What would disturb a terminal is escaped although JSON allows it; a
/// byte that is no UTF-8 becomes U+FFFD.
fn put_string(out: &mut Vec<u8>, value: &[u8]) {
    out.push(b'"');
    put_characters(out, value);
    out.push(b'"');
}

fn put_characters(out: &mut Vec<u8>, value: &[u8]) {
    // The usual case: looked at as a whole, which the compiler turns into vector instructions.
    if value.iter().fold(true, |all, byte| all & is_plain(*byte)) {
        out.extend_from_slice(value);
        return;
    }
    let mut rest = value;
    while !rest.is_empty() {
        let plain = rest.iter().take_while(|byte| is_plain(**byte)).count();
        out.extend_from_slice(&rest[..plain]);
        rest = &rest[plain..];
        if !rest.is_empty() {
            let character = first_character(rest);
            put_character(out, character.unwrap_or('\u{FFFD}'));
            rest = &rest[character.map_or(1, char::len_utf8)..];
        }
    }
}

fn is_plain(byte: u8) -> bool {
    (byte.is_ascii_graphic() || byte == b' ') && byte != b'"' && byte != b'\\'
}

fn put_character(out: &mut Vec<u8>, character: char) {
    match character {
        '"' | '\\' => out.extend_from_slice(&[b'\\', character as u8]),
        _ if is_harmless(character) => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        _ => {
            // Nothing beyond the Basic Multilingual Plane is white space, a control or a change of direction.
            let code = u32::from(character);
            out.extend_from_slice(b"\\u");
            for place in [12, 8, 4, 0] {
                out.push(b"0123456789abcdef"[(code >> place & 0xF) as usize]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fields::FieldSet;
    use crate::line::tests::{line, sample};
    use crate::site_log::{CustomField, CustomSource, Format};

    fn check(value: &[u8], expected: &str) {
        let mut out = Vec::new();
        put_string(&mut out, value);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn strings() {
        check(b"", r#""""#);
        check(br#"a "b" \c"#, r#""a \"b\" \\c""#);
        check(b"\r\n\x00\x1b\x7f", r#""\u000d\u000a\u0000\u001b\u007f""#);
        check("é𝄞\u{9b}\u{2028}\u{202e}".as_bytes(), "\"é𝄞\\u009b\\u2028\\u202e\"");
        check(b"a\xffb", "\"a\u{fffd}b\"");
    }

    #[test]
    fn whole_line() {
        let record = Record { decision: Some("deny-rate"), in_window: 6, status: 403, substatus: 502, ..sample() };
        let record = Record { time_unix_ms: record.time_unix_ms + 70, ..record };
        assert_eq!(
            line(|s| s.format = Format::Json, &record),
            "{\"time\":\"2024-07-22T14:17:48.070Z\",\"site_id\":1,\"site\":\"Default Web Site\",\"server_ip\":\"::1\",\
             \"server_port\":8090,\"peer\":\"::1\",\"client\":\"::1\",\"method\":\"GET\",\"path\":\"/\",\"query\":null,\
             \"version\":\"HTTP/1.1\",\"host\":\"localhost:8090\",\"user\":null,\"user_agent\":\"Mozilla/5.0 (X11)\",\
             \"referer\":null,\"status\":403,\"substatus\":502,\"win32_status\":0,\"bytes_sent\":3223,\
             \"bytes_received\":163,\"time_taken_ms\":1,\"decision\":\"deny-rate\",\"in_progress\":0,\"in_window\":6}"
        );
    }

    #[test]
    fn cookie_needs_its_flag() {
        let record = Record { cookie: Some(b"id=1"), ..sample() };
        assert!(!line(|s| s.format = Format::Json, &record).contains("cookie"));
        let with_flag = line(|s| (s.format, s.fields) = (Format::Json, FieldSet::from_bits(131_072)), &record);
        assert!(with_flag.contains("\"cookie\":\"id=1\""));
    }

    #[test]
    fn custom_fields_have_their_own_object() {
        let field = |name: &str| CustomField {
            name: name.into(),
            source_name: "X-Forwarded-For".into(),
            source: CustomSource::RequestHeader,
            bytes_max: 4096,
        };
        let record = Record { custom: &[Some(b"1.2.3.4")], ..sample() };
        let text = line(|s| (s.format, s.custom_fields) = (Format::Json, vec![field("status"), field("b")]), &record);
        assert!(text.ends_with(r#""in_window":0,"custom":{"status":"1.2.3.4","b":null}}"#), "{text}");
    }

    proptest! {
        #[test]
        fn any_bytes_stay_one_printable_line(value: Vec<u8>) {
            let text = line(|s| s.format = Format::Json, &Record { user_agent: Some(&value), ..sample() });
            prop_assert!(text.chars().all(|character| character == ' ' || is_harmless(character)));
            let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
            let without_marks = |text: &str| text.replace('\u{FFFD}', "");
            let agent = parsed["user_agent"].as_str().map(without_marks);
            prop_assert_eq!(agent, Some(without_marks(&String::from_utf8_lossy(&value))));
        }
    }
}
