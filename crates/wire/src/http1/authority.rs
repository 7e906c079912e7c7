//! Host and port: the value of Host and the authority of an absolute-form target.

use std::net::Ipv6Addr;

/// Longest name that DNS could resolve, with room for a final dot (RFC 1034 §3.1).
const HOST_BYTES_MAX: usize = 255;

/// The length of the host in `authority`, or nothing if that is no `host [":" port]` (RFC 3986 §3.2).
///
/// Names are held to letters, digits, `-`, `.`, `_` and `~` without empty labels: the other characters that RFC 3986
/// would allow are in no name that a client can resolve, and a host goes into logs, keys and file names. A final
/// dot is left for the reader to take off. User information is refused (RFC 9110 §4.2.4).
pub(crate) fn host_length(authority: &[u8]) -> Option<usize> {
    let length = if authority.first() == Some(&b'[') {
        memchr::memchr(b']', authority)? + 1
    } else {
        memchr::memchr(b':', authority).unwrap_or(authority.len())
    };
    let (host, port) = authority.split_at(length);
    (is_host(host) && is_port(port)).then_some(length)
}

fn is_host(host: &[u8]) -> bool {
    if let [b'[', address @ .., b']'] = host {
        return str::from_utf8(address).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok());
    }
    let name = host.strip_suffix(b".").unwrap_or(host);
    host.len() <= HOST_BYTES_MAX && name.split(|byte| *byte == b'.').all(is_label)
}

fn is_label(label: &[u8]) -> bool {
    !label.is_empty() && label.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~'))
}

/// What follows the host: nothing, or a colon and at most five digits up to 65535. No digits are legal
/// (RFC 3986 §3.2.3).
fn is_port(port: &[u8]) -> bool {
    match port {
        [] => true,
        [b':', digits @ ..] => {
            let number = digits.iter().try_fold(0_u16, |sum, digit| {
                let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
                sum.checked_mul(10)?.checked_add(u16::from(digit))
            });
            digits.len() <= 5 && number.is_some()
        }
        [..] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(authority: &str, host: Option<&str>) {
        assert_eq!(host_length(authority.as_bytes()).map(|length| &authority[..length]), host, "{authority}");
    }

    #[test]
    fn names_and_addresses_are_hosts() {
        check("localhost", Some("localhost"));
        check("localhost:8080", Some("localhost"));
        check("localhost:", Some("localhost"));
        check("a.b-c.example.", Some("a.b-c.example."));
        check("127.0.0.2:443", Some("127.0.0.2"));
        check("my_pc:65535", Some("my_pc"));
        check("[::1]", Some("[::1]"));
        check("[2001:db8::7]:443", Some("[2001:db8::7]"));
    }

    #[test]
    fn nothing_else_is() {
        for authority in
            ["", ".", "..", "a..b", ".a", "../../etc", "a b", "u@h", "a/x", "a?x", "a\\x", "http://a", ":80"]
        {
            check(authority, None);
        }
        for authority in ["h:99999", "h:65536", "h:-1", "h:0x50", "h:80:80", "h:80 80", "h:000080", "h:9999999999999"] {
            check(authority, None);
        }
        for authority in ["[::1", "[::1]x", "[::g]", "[fe80::1%25lo]", "[]", "[1.2.3.4]", "::1", "l\u{e4}"] {
            check(authority, None);
        }
        check(&"a".repeat(256), None);
    }
}
