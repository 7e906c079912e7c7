//! Why a message is refused, and how HTTP.sys would say it.

use crate::path::BadPath;

/// Why a head or a body is refused. After one of these the connection cannot be used any more: where the next
/// message would begin is not known.
///
/// The words of the page are those of HTTP.sys (IIS reference §9) where they are known, and follow its manner
/// elsewhere. A fault found in an upstream's response is the upstream's: it is answered with 502 whatever
/// [`Malformed::status`] says.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Malformed {
    /// The start line is not `method SP target SP version` (RFC 9112 §3).
    #[error("the request line is not `method target version` with single spaces (RFC 9112 section 3)")]
    BadRequest,
    /// The method is no token, or longer than 255 bytes (RFC 9110 §9.1).
    #[error("the method is not a token of at most 255 characters (RFC 9110 section 9.1)")]
    Verb,
    /// The target is of no form that fits the method, or holds characters that must be percent-encoded.
    #[error("the request target is not valid: percent-encode what is not printable ASCII (RFC 9112 section 3.2)")]
    Url,
    /// The target, or the number of its segments, is beyond the limits (RFC 9110 §15.5.15).
    #[error("the request target is too long")]
    UrlTooLong,
    /// Well-formed version of another major number than 1 (RFC 9110 §15.6.6).
    #[error("only HTTP/1.0 and HTTP/1.1 are understood here")]
    VersionNotSupported,
    /// A CR without LF, an LF without CR, or more than one empty line before a request (RFC 9112 §2.2).
    #[error("a line does not end in CR LF, or a CR or LF stands alone (RFC 9112 section 2.2)")]
    InvalidCrLf,
    /// A field line without a token directly before its colon; folded lines are among them (RFC 9112 §5).
    #[error("a field line is not `name: value`: no space before the colon, no folded lines (RFC 9112 section 5)")]
    FieldName,
    /// A control character in a field value (RFC 9110 §5.5).
    #[error("a field value holds a control character (RFC 9110 section 5.5)")]
    FieldValue,
    /// One field line is longer than [`crate::HeadLimits::field_bytes_max`].
    #[error("one field line is too long")]
    FieldTooLong,
    /// Start line and fields together are longer than [`crate::HeadLimits::request_bytes_max`].
    #[error("start line and fields together are too long")]
    RequestTooLong,
    /// More field lines than [`crate::HeadLimits::fields_max`].
    #[error("the head has too many fields")]
    TooManyFields,
    /// Host is missing in HTTP/1.1, doubled, empty or no valid authority (RFC 9112 §3.2).
    #[error("exactly one Host field with a valid name and port is needed (RFC 9112 section 3.2)")]
    Hostname,
    /// Content-Length is not all digits (RFC 9112 §6.3).
    #[error("Content-Length is not a plain decimal number (RFC 9112 section 6.3)")]
    Number,
    /// More than one statement about the length of the body (RFC 9112 §6.3).
    #[error("the length of the body is stated more than once: one Content-Length or one Transfer-Encoding")]
    LengthConflict,
    /// Transfer-Encoding is stated where it cannot be, or does not end in chunked (RFC 9112 §6.1, §6.3).
    #[error("Transfer-Encoding is not `chunked`, or stands in an HTTP/1.0 message (RFC 9112 section 6.1)")]
    TransferCoding,
    /// POST or PUT without any length, which HTTP.sys refuses (RFC 9110 §15.5.12 allows it to).
    #[error("POST and PUT need a Content-Length (0 is one) or a chunked body")]
    LengthRequired,
    /// A stated length that no body can have (over 2^63 - 1 bytes).
    #[error("the stated length of the body is beyond all bounds")]
    EntityTooLarge,
    /// The method CONNECT, or a transfer coding that is not known (RFC 9112 §6.1).
    #[error("this method or transfer coding is not implemented")]
    NotImplemented,
    /// A chunk head, its extension or the line end behind its data is wrong (RFC 9112 §7.1).
    #[error("the chunked framing of the body is broken (RFC 9112 section 7.1)")]
    Chunk,
    /// Response only: the status line is not `HTTP/1.x SP 3DIGIT …`, or nobody asked for a response.
    #[error("the upstream's status line is not valid or was not expected (RFC 9112 section 4)")]
    StatusLine,
    /// Response only: the connection ended before the message did (RFC 9112 §8).
    #[error("the upstream closed the connection before its response was complete")]
    EndOfStream,
}

/// The words of one kind of refusal.
struct Words {
    status: u16,
    reason: &'static str,
    title: &'static str,
    heading: &'static str,
    text: &'static str,
}

const fn bad_request(reason: &'static str, heading: &'static str, text: &'static str) -> Words {
    Words { status: 400, reason, title: "Bad Request", heading, text }
}

/// A refusal outside 400: title and heading are one.
const fn plain(status: u16, reason: &'static str, title: &'static str, text: &'static str) -> Words {
    Words { status, reason, title, heading: title, text }
}

const BADLY_FORMED: Words = bad_request("BadRequest", "Bad Request", "HTTP Error 400. The request is badly formed.");
const VERB: Words = bad_request("Verb", "Bad Request - Invalid Verb", "HTTP Error 400. The request verb is invalid.");
const URL: Words = bad_request("URL", "Bad Request - Invalid URL", "HTTP Error 400. The request URL is invalid.");
const HEADER: Words =
    bad_request("Header", "Bad Request - Invalid Header", "HTTP Error 400. The request has an invalid header name.");
const FIELD_LENGTH: Words = bad_request(
    "FieldLength",
    "Bad Request - Header Field Too Long",
    "HTTP Error 400. A request header field is too long.",
);
const REQUEST_LENGTH: Words = bad_request(
    "RequestLength",
    "Bad Request - Request Too Long",
    "HTTP Error 400. The size of the request headers is too long.",
);
const HOSTNAME: Words =
    bad_request("Hostname", "Bad Request - Invalid Hostname", "HTTP Error 400. The request hostname is invalid.");
const NUMBER: Words =
    bad_request("Number", "Bad Request - Invalid Number", "HTTP Error 400. A number in the request is invalid.");
const CR_LF: Words = bad_request(
    "Invalid_CR/LF",
    "Bad Request - Invalid CR or LF",
    "HTTP Error 400. The request has an invalid CR or LF.",
);
const URL_LENGTH: Words =
    plain(414, "URL_Length", "Request URL Too Long", "HTTP Error 414. The request URL is too long.");
const LENGTH_REQUIRED: Words = plain(
    411,
    "LengthRequired",
    "Length Required",
    "HTTP Error 411. The request must be chunked or have a content length.",
);
const ENTITY_TOO_LARGE: Words =
    plain(413, "EntityTooLarge", "Request Entity Too Large", "HTTP Error 413. The request entity is too large.");
const NOT_IMPLEMENTED: Words = plain(501, "N/I", "Not Implemented", "HTTP Error 501. The request is not implemented.");
const VERSION: Words =
    plain(505, "Version_N/S", "HTTP Version Not Supported", "HTTP Error 505. The HTTP version is not supported.");
const UPSTREAM: Words = plain(502, "N/A", "Bad Gateway", "HTTP Error 502. The upstream's response is invalid.");

impl Malformed {
    /// Status of the answer.
    pub fn status(self) -> u16 {
        self.words().status
    }

    /// The word for the `s-reason` column of the HTTPERR log (IIS reference §6.6).
    pub fn http_err_reason(self) -> &'static str {
        self.words().reason
    }

    /// Title of the page, which is also the reason phrase (IIS reference §9, column T).
    pub fn title(self) -> &'static str {
        self.words().title
    }

    /// Heading of the page (column H).
    pub fn heading(self) -> &'static str {
        self.words().heading
    }

    /// Paragraph of the page (column P).
    pub fn text(self) -> &'static str {
        self.words().text
    }

    fn words(self) -> &'static Words {
        match self {
            Self::BadRequest | Self::LengthConflict | Self::TransferCoding | Self::Chunk => &BADLY_FORMED,
            Self::Verb => &VERB,
            Self::Url => &URL,
            Self::UrlTooLong => &URL_LENGTH,
            Self::VersionNotSupported => &VERSION,
            Self::InvalidCrLf => &CR_LF,
            Self::FieldName | Self::FieldValue => &HEADER,
            Self::FieldTooLong => &FIELD_LENGTH,
            Self::RequestTooLong | Self::TooManyFields => &REQUEST_LENGTH,
            Self::Hostname => &HOSTNAME,
            Self::Number => &NUMBER,
            Self::LengthRequired => &LENGTH_REQUIRED,
            Self::EntityTooLarge => &ENTITY_TOO_LARGE,
            Self::NotImplemented => &NOT_IMPLEMENTED,
            Self::StatusLine | Self::EndOfStream => &UPSTREAM,
        }
    }
}

impl From<BadPath> for Malformed {
    fn from(bad: BadPath) -> Self {
        match bad {
            BadPath::TooManySegments => Self::UrlTooLong,
            BadPath::NotRooted
            | BadPath::Escape
            | BadPath::EncodedSlash
            | BadPath::Control
            | BadPath::Utf8
            | BadPath::AboveRoot
            | BadPath::SegmentTooLong => Self::Url,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page around the three texts, as long as HTTP.sys makes it (IIS reference §9).
    fn page_bytes(fault: Malformed) -> usize {
        let around = concat!(
            "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"\"http://www.w3.org/TR/html4/strict.dtd\">\r\n",
            "<HTML><HEAD><TITLE></TITLE>\r\n",
            "<META HTTP-EQUIV=\"Content-Type\" Content=\"text/html; charset=us-ascii\"></HEAD>\r\n",
            "<BODY><h2></h2>\r\n<hr><p></p>\r\n</BODY></HTML>\r\n"
        );
        around.len() + fault.title().len() + fault.heading().len() + fault.text().len()
    }

    fn check(fault: Malformed, status: u16, reason: &str, page: usize) {
        assert_eq!((fault.status(), fault.http_err_reason(), page_bytes(fault)), (status, reason, page), "{fault:?}");
    }

    #[test]
    fn pages_are_as_long_as_those_of_http_sys() {
        check(Malformed::Hostname, 400, "Hostname", 334);
        check(Malformed::BadRequest, 400, "BadRequest", 311);
        check(Malformed::Url, 400, "URL", 324);
        check(Malformed::Verb, 400, "Verb", 326);
        check(Malformed::FieldName, 400, "Header", 339);
        check(Malformed::FieldTooLong, 400, "FieldLength", 342);
        check(Malformed::RequestTooLong, 400, "RequestLength", 346);
        check(Malformed::LengthRequired, 411, "LengthRequired", 344);
    }

    #[test]
    fn a_bad_path_is_a_bad_url() {
        assert_eq!(Malformed::from(BadPath::Escape).http_err_reason(), "URL");
        assert_eq!(Malformed::from(BadPath::TooManySegments).status(), 414);
    }
}
