//! Rules for one attribute's text that a type cannot express.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::diagnostic::Complaint;

fn invalid(message: impl Into<String>) -> Complaint {
    Complaint::new("value", message)
}

/// A certificate hash: hexadecimal digits, two for each byte; empty is none.
pub(super) fn hexadecimal(text: &str) -> Result<(), Complaint> {
    if text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(invalid(format!("'{text}' is not hexadecimal")))
}

/// The name of an application pool (IIS reference §1.8).
pub(crate) fn pool_name(text: &str) -> Result<(), Complaint> {
    if !text.trim().is_empty() && !text.contains(|c| r#"\/"|<>:*?][+=;,@&"#.contains(c)) {
        return Ok(());
    }
    Err(invalid("Invalid application pool name")
        .hint(r#"a name is not blank and has none of \ / " | < > : * ? ] [ + = ; , @ &"#))
}

/// Text without white space at its ends.
pub(crate) fn trimmed(text: &str) -> Result<(), Complaint> {
    if text.trim() == text { Ok(()) } else { Err(invalid(format!("'{text}' has white space at its ends"))) }
}

/// A comma-separated list of addresses and networks.
pub(super) fn networks(text: &str) -> Result<(), Complaint> {
    parse_networks(text).map(drop)
}

/// Reads such a list; an address stands for itself alone.
pub(crate) fn parse_networks(text: &str) -> Result<Vec<IpNet>, Complaint> {
    let parts = text.split([',', ' ']).map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| parse_network(part).ok_or_else(|| not_a_network(part))).collect()
}

fn not_a_network(part: &str) -> Complaint {
    invalid(format!("'{part}' is no address and no network")).hint("write 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32")
}

fn parse_network(text: &str) -> Option<IpNet> {
    let network: IpNet = text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))?;
    Some(network.trunc())
}

/// A header field name (RFC 9110 §5.1): a token.
pub(super) fn header_name(text: &str) -> Result<(), Complaint> {
    if is_token(text) {
        return Ok(());
    }
    Err(invalid(format!("'{text}' is not the name of a header")))
}

/// A token (RFC 9110 §5.6.2).
fn is_token(text: &str) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(token)
}

/// The name of a limit: it is written into headers and tables.
pub(super) fn limit_name(text: &str) -> Result<(), Complaint> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if text.len() <= 64 && text.bytes().all(plain) {
        return Ok(());
    }
    Err(invalid(format!("'{text}' cannot be the name of a limit")).hint("use up to 64 letters, digits, and - _ ."))
}

/// A comma-separated list of methods; empty is every method.
pub(super) fn methods(text: &str) -> Result<(), Complaint> {
    match text.split([',', ' ']).find(|part| !part.is_empty() && !is_token(part)) {
        None => Ok(()),
        Some(part) => {
            Err(invalid(format!("'{part}' is no method")).hint("write method=\"POST\" or method=\"PUT, PATCH\""))
        }
    }
}

/// A path with stars; empty is every path.
pub(super) fn path_pattern(text: &str) -> Result<(), Complaint> {
    let wrong = |why: &str, hint: &str| Err(invalid(format!("the path '{text}' {why}")).hint(hint.to_owned()));
    if !text.is_empty() && !text.starts_with(['/', '*']) {
        return wrong("begins with neither / nor *, so that no request can match it", "write /login* or */search");
    }
    if text.contains(['?', '#']) {
        return wrong("has a query in it, which is not looked at", "write the path alone");
    }
    if text.contains('%') {
        return wrong("has an escape in it; the decoded path is looked at", "write the character itself");
    }
    if text.contains("//") || text.split('/').any(|segment| segment == "." || segment == "..") {
        return wrong("has segments that no path has once it is made plain", "write the path as the site sees it");
    }
    Ok(())
}

/// The name of a response field; an empty one is left out.
pub(super) fn response_header_name(text: &str) -> Result<(), Complaint> {
    if text.is_empty() { Ok(()) } else { header_name(text) }
}

/// An extension as it stands in a path; a lone dot is that of names without one.
pub(super) fn file_extension(text: &str) -> Result<(), Complaint> {
    if text.starts_with('.') && !text.contains(['/', '\\']) {
        return Ok(());
    }
    Err(invalid(format!("'{text}' is no extension of a file name")).hint("begin it with a dot: .exe"))
}

/// One segment of a path.
pub(super) fn segment(text: &str) -> Result<(), Complaint> {
    if !text.contains(['/', '\\']) {
        return Ok(());
    }
    Err(invalid(format!("'{text}' is more than one segment of a path")).hint("name one folder or file"))
}

/// Where a redirect leads: it becomes a line of the response's head.
pub(super) fn destination(text: &str) -> Result<(), Complaint> {
    if text.chars().any(char::is_control) {
        return Err(invalid("the URL has a control character in it").hint("write it in one line"));
    }
    Ok(())
}

/// The base URL of an upstream: scheme, host, port, and at most a path; empty turns forwarding off.
pub(super) fn upstream(text: &str) -> Result<(), Complaint> {
    let wrong = |why: &str| Err(invalid(format!("'{text}' {why}")).hint("write http://127.0.0.1:5001"));
    if text.is_empty() {
        return Ok(());
    }
    if text.bytes().any(|b| b.is_ascii_whitespace() || b.is_ascii_control()) {
        return wrong("has white space or a control character in it");
    }
    let Some(rest) = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")) else {
        return wrong("does not begin with http:// or https://");
    };
    if rest.contains(['?', '#', '@']) {
        return wrong("has a query, a fragment or a user in it");
    }
    let authority = rest.split_once('/').map_or(rest, |(authority, _)| authority);
    if is_authority(authority) { Ok(()) } else { wrong("has no usable host and port") }
}

fn is_authority(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) if address.parse::<std::net::Ipv6Addr>().is_ok() => ("v6", port),
        Some(_) => return false,
        None => text.find(':').map_or((text, ""), |at| text.split_at(at)),
    };
    let host_byte = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let port_fits = match port.strip_prefix(':') {
        Some(digits) => digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok_and(|port| port > 0),
        None => port.is_empty(),
    };
    !host.is_empty() && host.bytes().all(host_byte) && port_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: fn(&str) -> Result<(), Complaint>, text: &str, fits: bool) {
        assert_eq!(rule(text).is_ok(), fits, "{text:?}");
    }

    #[test]
    fn texts() {
        check(hexadecimal, "0aFF", true);
        check(hexadecimal, "zz", false);
        check(pool_name, "DefaultAppPool", true);
        check(pool_name, ".NET v4.5 (2)", true);
        check(pool_name, "", false);
        check(pool_name, "a|b", false);
        check(trimmed, "a b", true);
        check(trimmed, " a", false);
        check(networks, "", true);
        check(networks, "10.0.0.0/8, ::1,192.168.1.7/24", true);
        check(networks, "10.0.0.0/33", false);
        check(networks, "localhost", false);
        check(header_name, "X-Forwarded-For", true);
        check(header_name, "X A", false);
        check(header_name, "", false);
        check(limit_name, "log-in_2.x", true);
        check(limit_name, "log in", false);
        check(limit_name, &"x".repeat(65), false);
        check(methods, "", true);
        check(methods, "PUT, PATCH", true);
        check(methods, "P(T", false);
        check(path_pattern, "", true);
        check(path_pattern, "/login*", true);
        check(path_pattern, "*/search", true);
        check(path_pattern, "login", false);
        check(path_pattern, "/a?b=*", false);
        check(path_pattern, "/a%20b", false);
        check(path_pattern, "/a/../b", false);
        check(response_header_name, "", true);
        check(response_header_name, "X:A", false);
    }

    #[test]
    fn upstreams() {
        check(upstream, "http://127.0.0.1:5001", true);
        check(upstream, "https://[::1]:5001/", true);
        check(upstream, "http://backend", true);
        check(upstream, "http://backend/api", true);
        check(upstream, "", true);
        check(upstream, "127.0.0.1:5001", false);
        check(upstream, "http://", false);
        check(upstream, "http://:80", false);
        check(upstream, "http://a:99999", false);
        check(upstream, "http://a:+80", false);
        check(upstream, "http://a:", false);
        check(upstream, "http://::1:80", false);
        check(upstream, "http://[::1", false);
        check(upstream, "http://user@a", false);
        check(upstream, "http://a b", false);
    }

    #[test]
    fn a_network_of_the_list_has_no_host_bits() {
        assert_eq!(parse_networks("192.168.1.7/24").unwrap()[0].to_string(), "192.168.1.0/24");
    }
}
