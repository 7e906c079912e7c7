//! One request head.

use super::facts::{Facts, NameMarks, Stated};
use super::fields::{self, HeadBytes};
use super::request_line::{self, RequestLine};
use super::span::Span;
use super::{BodyLength, Version, authority};
use crate::{HeadLimits, Malformed};

/// One request head. Owned and reusable: it holds the head's bytes in one buffer and positions in it, and filling
/// it again allocates nothing once the buffer has grown. A [`super::ServerMachine`] fills it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    head: HeadBytes,
    line: RequestLine,
    authority: Span,
    host: Span,
    body: BodyLength,
    keep_alive: bool,
    expects_continue: bool,
    upgrade: Option<Span>,
    /// The request line as text, so that its parts need no second look at their bytes.
    text: String,
    /// Which names may be among the fields.
    names: NameMarks,
    /// Something has been written into it since it was cleared.
    is_used: bool,
}

impl Request {
    /// An empty request, to be filled.
    pub fn new() -> Self {
        Self::default()
    }

    /// The method, case kept.
    pub fn method(&self) -> &str {
        self.line.method.within(&self.text)
    }

    /// The request target as it came (RFC 9112 §3.2).
    pub fn target(&self) -> &str {
        self.line.target.whole.within(&self.text)
    }

    /// The path of the target as it came, without query. `*` for `OPTIONS *` and for OPTIONS on an absolute form
    /// without path (RFC 9112 §3.2.4), else it begins with a slash. See [`crate::path::normalise`].
    pub fn path(&self) -> &str {
        let path = self.line.target.path;
        match (path.is_empty(), self.method()) {
            (false, _) => path.within(&self.text),
            (true, "OPTIONS") => "*",
            (true, _) => "/",
        }
    }

    /// The query of the target as it came, without its question mark. `Some("")` for a bare question mark.
    pub fn query(&self) -> Option<&str> {
        self.line.target.query.map(|query| query.within(&self.text))
    }

    /// The scheme of an absolute-form target, case kept: `http` or `https`. It is what the client wrote, not what
    /// the connection is.
    pub fn scheme(&self) -> Option<&str> {
        let target = self.line.target;
        (target.scheme > 0).then(|| target.whole.front(target.scheme).within(&self.text))
    }

    /// The host in force, case and a final dot kept, port taken off, brackets kept. The target's own authority
    /// beats the Host field (RFC 9112 §3.2.2). Empty in HTTP/1.0 without Host.
    pub fn host(&self) -> &str {
        self.host.text(&self.head.bytes)
    }

    /// The same as [`Request::host`], with its port if one is written.
    pub fn authority(&self) -> &str {
        self.authority.text(&self.head.bytes)
    }

    /// The version of the message.
    pub fn version(&self) -> Version {
        self.line.version
    }

    /// The value of the first field of this name, in any case of letters, without white space around it.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        if !self.names.may_have(name) {
            return None;
        }
        self.head.fields.iter().find_map(|field| field.value_if_named(name, &self.head.bytes))
    }

    /// All fields, in the order they came.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> + Clone {
        self.head.iter()
    }

    /// The values of all field lines of this name, in the order they came.
    pub fn field_lines<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone {
        self.head.lines(name)
    }

    /// How the end of the body is known.
    pub fn body(&self) -> BodyLength {
        self.body
    }

    /// Whether the client wants the connection kept (RFC 9112 §9.3).
    pub fn keep_alive(&self) -> bool {
        self.keep_alive
    }

    /// Whether the client waits for a 100 before it sends the body (RFC 9110 §10.1.1): asked for, possible in this
    /// version, and there is a body.
    pub fn expects_continue(&self) -> bool {
        self.expects_continue
    }

    /// The first Upgrade field, if Connection names it and the version allows it (RFC 9110 §7.8).
    pub fn upgrade(&self) -> Option<&[u8]> {
        self.upgrade.map(|upgrade| upgrade.of(&self.head.bytes))
    }

    /// Length of the head in bytes, with its empty line.
    pub fn head_bytes(&self) -> usize {
        self.head.bytes.len()
    }

    /// The head as it came, with its empty line.
    pub fn raw_head(&self) -> &[u8] {
        &self.head.bytes
    }

    /// Empties the request; the capacity stays.
    pub fn clear(&mut self) {
        if !self.is_used {
            return;
        }
        let (mut head, mut text) = (std::mem::take(&mut self.head), std::mem::take(&mut self.text));
        head.clear();
        text.clear();
        *self = Self { head, text, ..Self::default() };
    }

    /// Fills the request from a complete head at the front of `head`, and answers the head's length.
    pub(crate) fn fill(&mut self, head: &[u8], limits: &HeadLimits) -> Result<usize, Malformed> {
        self.clear();
        self.is_used = true;
        let (line, first_field) = request_line::read_first(head, limits)?;
        self.line = line;
        let (length, facts) = fields::read_all(head, first_field, limits, &mut self.head.fields)?;
        self.settle(head, &facts)?;
        self.names = facts.names;
        self.keep_line(&head[..first_field]);
        self.head.bytes.extend_from_slice(&head[..length]);
        Ok(length)
    }

    /// Keeps of a refused head what a log line about it needs: the request line, if that was in order.
    pub(crate) fn fill_line(&mut self, head: &[u8], limits: &HeadLimits) {
        self.clear();
        self.is_used = true;
        if let Ok((line, first_field)) = request_line::read_first(head, limits) {
            self.line = line;
            self.keep_line(&head[..first_field]);
            self.head.bytes.extend_from_slice(&head[..first_field]);
        }
    }

    /// A request line that was in order is ASCII.
    fn keep_line(&mut self, line: &[u8]) {
        self.text.push_str(str::from_utf8(line).unwrap_or_default());
    }

    fn settle(&mut self, head: &[u8], facts: &Facts) -> Result<(), Malformed> {
        let version = self.line.version;
        self.body = match facts.stated(version)? {
            Stated::Length(bytes) => BodyLength::Known(bytes),
            Stated::Chunked => BodyLength::Chunked,
            Stated::Nothing => BodyLength::None,
        };
        self.settle_host(head, facts)?;
        let method = self.line.method.of(head);
        if self.body == BodyLength::None && matches!(method, b"POST" | b"PUT") {
            return Err(Malformed::LengthRequired);
        }
        self.keep_alive = facts.keep_alive(version);
        let has_body = !matches!(self.body, BodyLength::None | BodyLength::Known(0));
        self.expects_continue = has_body && facts.expects_continue(version);
        self.upgrade = facts.offered_upgrade(version);
        Ok(())
    }

    /// Host must be right even where the target overrules it (RFC 9112 §3.2).
    fn settle_host(&mut self, head: &[u8], facts: &Facts) -> Result<(), Malformed> {
        if !facts.host_is_single(self.line.version) {
            return Err(Malformed::Hostname);
        }
        if let Some(authority) = facts.host {
            let host = authority::host_length(authority.of(head)).ok_or(Malformed::Hostname)?;
            (self.authority, self.host) = (authority, authority.front(host));
        }
        if let Some((authority, host)) = self.line.target.authority {
            (self.authority, self.host) = (authority, authority.front(host));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(head: &str) -> Result<Request, Malformed> {
        let mut request = Request::new();
        request.fill(head.as_bytes(), &HeadLimits::default()).map(|length| {
            assert_eq!(length, head.len());
            request
        })
    }

    fn check(head: &str, expect: Malformed) {
        assert_eq!(request(head).err(), Some(expect), "{head:?}");
    }

    #[test]
    fn parts_are_found() {
        let head = "GET /a/b?c=d HTTP/1.1\r\nHost: Shop.test:8080\r\nX: 1\r\nx:2\r\nCookie:  e \r\n\r\n";
        let request = request(head).unwrap();
        assert_eq!((request.method(), request.target(), request.path()), ("GET", "/a/b?c=d", "/a/b"));
        assert_eq!((request.query(), request.version()), (Some("c=d"), Version::Http11));
        assert_eq!((request.host(), request.authority(), request.scheme()), ("Shop.test", "Shop.test:8080", None));
        assert_eq!((request.field("COOKIE"), request.field("x")), (Some(&b"e"[..]), Some(&b"1"[..])));
        assert_eq!(request.field_lines("X").collect::<Vec<_>>(), [b"1", b"2"]);
        assert_eq!(request.fields().map(|(name, _)| name).collect::<Vec<_>>(), ["Host", "X", "x", "Cookie"]);
        assert_eq!((request.body(), request.keep_alive()), (BodyLength::None, true));
        assert_eq!((request.head_bytes(), request.raw_head()), (head.len(), head.as_bytes()));
    }

    #[test]
    fn the_target_beats_the_host_field() {
        let request = request("GET HTTP://[::1]:81?q HTTP/1.1\r\nHost: other\r\n\r\n").unwrap();
        assert_eq!((request.host(), request.authority(), request.path()), ("[::1]", "[::1]:81", "/"));
        assert_eq!((request.query(), request.scheme()), (Some("q"), Some("HTTP")));
    }

    #[test]
    fn options_may_be_about_the_server() {
        assert_eq!(request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").unwrap().path(), "*");
        assert_eq!(request("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n").unwrap().path(), "*");
    }

    #[test]
    fn one_valid_host() {
        assert_eq!(request("GET / HTTP/1.0\r\n\r\n").unwrap().host(), "");
        check("GET / HTTP/1.1\r\n\r\n", Malformed::Hostname);
        check("GET http://a/ HTTP/1.1\r\n\r\n", Malformed::Hostname);
        check("GET http://a/ HTTP/1.1\r\nHost: b c\r\n\r\n", Malformed::Hostname);
        check("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", Malformed::Hostname);
        check("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", Malformed::Hostname);
        check("GET / HTTP/1.1\r\nHost:\r\n\r\n", Malformed::Hostname);
    }

    #[test]
    fn post_and_put_need_a_length() {
        check("POST / HTTP/1.1\r\nHost: a\r\n\r\n", Malformed::LengthRequired);
        check("PUT / HTTP/1.0\r\n\r\n", Malformed::LengthRequired);
        assert!(request("PATCH / HTTP/1.1\r\nHost: a\r\n\r\n").is_ok());
        let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n";
        assert!(!request(head).unwrap().expects_continue());
    }

    #[test]
    fn a_fault_in_a_line_comes_before_one_in_its_meaning() {
        check("GET / HTTP/1.1\r\nHost: a b\r\nX : y\r\n\r\n", Malformed::FieldName);
        check("GET / HTTP/1.1\r\nContent-Length: x\r\nX: \0\r\n\r\n", Malformed::FieldValue);
    }

    #[test]
    fn filling_again_allocates_nothing() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
        let mut request = Request::new();
        request.fill(head, &HeadLimits::default()).unwrap();
        let before = (request.head.bytes.as_ptr(), request.head.fields.as_ptr());
        request.fill(head, &HeadLimits::default()).unwrap();
        assert_eq!((request.head.bytes.as_ptr(), request.head.fields.as_ptr()), before);
        request.clear();
        assert_eq!((request.method(), request.host(), request.fields().count()), ("", "", 0));
    }
}
