//! Preconditions, in the order of RFC 9110 13.2.2.

use std::time::SystemTime;

use doorward_wire::Request;

/// What the preconditions of a GET or HEAD come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Answer with the content; `ranges` tells whether a `Range` may be honoured.
    Proceed { ranges: bool },
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

/// Evaluates the request's preconditions against the file's validators.
pub(crate) fn evaluate(request: &Request, etag: Option<&str>, modified: SystemTime) -> Outcome {
    if request.field("If-Match").is_some() {
        if !request.field_lines("If-Match").any(|line| lists(line, etag, false)) {
            return Outcome::Failed;
        }
    } else if let Some(date) = date(request, "If-Unmodified-Since")
        && whole_seconds(modified) > date
    {
        return Outcome::Failed;
    }
    if request.field("If-None-Match").is_some() {
        if request.field_lines("If-None-Match").any(|line| lists(line, etag, true)) {
            return Outcome::NotModified;
        }
    } else if let Some(date) = date(request, "If-Modified-Since")
        && whole_seconds(modified) <= date
    {
        return Outcome::NotModified;
    }
    Outcome::Proceed { ranges: if_range(request, etag, modified) }
}

/// `If-Range` (RFC 9110 13.1.5): strong comparison of a tag, exact equality of a date.
fn if_range(request: &Request, etag: Option<&str>, modified: SystemTime) -> bool {
    match request.field("If-Range") {
        None => true,
        Some(value) if value.trim_ascii().starts_with(b"\"") => {
            etag.is_some_and(|etag| etag.as_bytes() == value.trim_ascii())
        }
        Some(_) => date(request, "If-Range").is_some_and(|date| date == whole_seconds(modified)),
    }
}

/// Whether a list of entity tags names ours. Weak tags count only for weak comparison.
fn lists(line: &[u8], etag: Option<&str>, weak: bool) -> bool {
    let line = line.trim_ascii();
    if line == b"*" {
        return true;
    }
    let Some(etag) = etag else { return false };
    line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).any(|tag| {
        let tag = if weak { tag.strip_prefix(b"W/").unwrap_or(tag) } else { tag };
        tag == etag.as_bytes()
    })
}

/// A date field; several lines or an invalid date are ignored (RFC 9110 13.1.3).
fn date(request: &Request, name: &str) -> Option<SystemTime> {
    let mut lines = request.field_lines(name);
    let line = lines.next()?;
    if lines.next().is_some() {
        return None;
    }
    httpdate::parse_http_date(std::str::from_utf8(line).ok()?.trim()).ok()
}

/// HTTP dates have no fractions.
fn whole_seconds(time: SystemTime) -> SystemTime {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::request;
    use std::time::{Duration, UNIX_EPOCH};

    const GO: Outcome = Outcome::Proceed { ranges: true };
    const WHOLE: Outcome = Outcome::Proceed { ranges: false };

    fn check(fields: &str, expected: Outcome) {
        // 784111777 is Sun, 06 Nov 1994 08:49:37 GMT; the fraction must not matter.
        let modified = UNIX_EPOCH + Duration::from_millis(784_111_777_400);
        let request = request(&format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"));
        assert_eq!(evaluate(&request, Some("\"v1\""), modified), expected, "{fields}");
    }

    #[test]
    fn order_and_comparison() {
        check("", GO);
        check("If-None-Match: \"v1\"\r\n", Outcome::NotModified);
        check("If-None-Match: W/\"v1\"\r\n", Outcome::NotModified);
        check("If-None-Match: \"a\", \"v1\"\r\n", Outcome::NotModified);
        check("If-None-Match: *\r\n", Outcome::NotModified);
        check("If-None-Match: \"v2\"\r\n", GO);
        check("If-Match: \"v1\"\r\n", GO);
        check("If-Match: W/\"v1\"\r\n", Outcome::Failed);
        check("If-Match: \"v2\"\r\n", Outcome::Failed);
        check("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", Outcome::NotModified);
        check("If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", GO);
        check("If-Modified-Since: yesterday\r\n", GO);
        check("If-None-Match: \"v2\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", GO);
        check("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", Outcome::Failed);
        check("If-Match: \"v1\"\r\nIf-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", GO);
        check("If-Range: \"v1\"\r\n", GO);
        check("If-Range: \"v2\"\r\n", WHOLE);
        check("If-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n", GO);
        check("If-Range: Sun, 06 Nov 1994 08:49:38 GMT\r\n", WHOLE);
        check("If-Range: W/\"v1\"\r\n", WHOLE);
    }
}
