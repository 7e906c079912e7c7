//! The text of forwarding headers: which hops do they name?

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::ForwardedHeader;

/// How many hops are walked from the right; the last one walked is the client of a longer chain.
const HOPS_MAX: usize = 50;

/// The longest text of an address with brackets and port is 52 bytes.
const ADDRESS_BYTES_MAX: usize = 64;

/// One element of a forwarding header.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hop<'h> {
    /// An address; its port is dropped.
    Address(IpAddr),
    /// `unknown` or an obfuscated `_name` (RFC 7239 §6.2, §6.3).
    Nameless,
    /// Anything else.
    Garbage(&'h [u8]),
}

/// The last hops of all lines of the header.
pub(crate) struct Trail<'h> {
    hops: [Hop<'h>; HOPS_MAX],
    /// All hops seen, also those that no longer fit.
    seen: usize,
}

impl<'h> Trail<'h> {
    /// The hops from the nearest to the farthest, at most 50.
    pub(crate) fn nearest_first(&self) -> impl Iterator<Item = Hop<'h>> + '_ {
        let kept = self.seen.min(HOPS_MAX);
        (1..=kept).map(|back| self.hops[(self.seen - back) % HOPS_MAX])
    }
}

/// Reads all lines of a header as one list (RFC 9110 §5.3).
pub(crate) fn trail<'h>(header: &ForwardedHeader, lines: impl Iterator<Item = &'h [u8]>) -> Trail<'h> {
    let mut trail = Trail { hops: [Hop::Nameless; HOPS_MAX], seen: 0 };
    for (number, line) in lines.enumerate() {
        // A header for one address that comes twice is a choice we do not make.
        let refused = number > 0 && matches!(header, ForwardedHeader::Other(_));
        for hop in hops(header, line) {
            trail.hops[trail.seen % HOPS_MAX] = if refused { Hop::Garbage(line) } else { hop };
            trail.seen += 1;
        }
    }
    trail
}

/// The hops of one line from left to right; empty elements are skipped.
pub(crate) fn hops<'h>(header: &ForwardedHeader, line: &'h [u8]) -> impl Iterator<Item = Hop<'h>> + use<'h> {
    let (splits_at_comma, has_parameters) = match header {
        ForwardedHeader::XForwardedFor => (true, false),
        ForwardedHeader::Forwarded => (true, true),
        ForwardedHeader::Other(_) => (false, false),
    };
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let current = rest?;
        let (element, after) = if splits_at_comma { split_at(current, b',', has_parameters) } else { (current, None) };
        rest = after;
        Some(trimmed(element))
    })
    .filter(|element| !element.is_empty())
    .map(move |element| if has_parameters { parameters(element) } else { bare(element) })
}

/// An element that is a plain address.
fn bare(element: &[u8]) -> Hop<'_> {
    match address(element) {
        Some(address) => Hop::Address(address),
        None if is_nameless(element) => Hop::Nameless,
        None => Hop::Garbage(element),
    }
}

/// A `forwarded-element` (RFC 7239 §4): exactly one well-formed `for` parameter makes it a hop.
fn parameters(element: &[u8]) -> Hop<'_> {
    let (mut node, mut rest) = (None, Some(element));
    while let Some(current) = rest {
        let (pair, after) = split_at(current, b';', true);
        rest = after;
        let pair = trimmed(pair);
        let Some(equals) = pair.iter().position(|byte| *byte == b'=') else {
            if pair.is_empty() {
                continue;
            }
            return Hop::Garbage(element);
        };
        let (name, value) = (&pair[..equals], &pair[equals + 1..]);
        if !is_token(name) || (name.eq_ignore_ascii_case(b"for") && node.replace(value).is_some()) {
            return Hop::Garbage(element);
        }
    }
    node.and_then(node_hop).unwrap_or(Hop::Garbage(element))
}

/// The value of `for=`: a token, or a quoted string where colons or brackets occur (RFC 7239 §4, §6).
fn node_hop(value: &[u8]) -> Option<Hop<'_>> {
    let mut buffer = [0; ADDRESS_BYTES_MAX];
    let text = match value.first()? {
        b'"' => unquoted(value, &mut buffer)?,
        _ if is_token(value) => value,
        _ => return None,
    };
    if is_nameless(text) {
        return Some(Hop::Nameless);
    }
    // An IPv6 address is always in brackets here.
    let bare_v6 = std::str::from_utf8(text).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok());
    address(text).filter(|_| !bare_v6).map(Hop::Address)
}

/// The content of a quoted string with its quoted pairs undone; `None` when it is not one or too long.
fn unquoted<'b>(value: &[u8], buffer: &'b mut [u8; ADDRESS_BYTES_MAX]) -> Option<&'b [u8]> {
    let inner = value.strip_prefix(b"\"")?;
    let (mut length, mut bytes) = (0, inner.iter());
    while let Some(byte) = bytes.next() {
        let kept = match byte {
            b'"' => return bytes.as_slice().is_empty().then_some(&buffer[..length]),
            b'\\' => bytes.next()?,
            plain => plain,
        };
        *buffer.get_mut(length)? = *kept;
        length += 1;
    }
    None
}

/// Splits at the first separator, which does not count inside a quoted string when `quotes` is set.
fn split_at(text: &[u8], separator: u8, quotes: bool) -> (&[u8], Option<&[u8]>) {
    let (mut inside, mut escaped) = (false, false);
    for (at, byte) in text.iter().enumerate() {
        if escaped {
            escaped = false;
        } else if inside && *byte == b'\\' {
            escaped = true;
        } else if quotes && *byte == b'"' {
            inside = !inside;
        } else if *byte == separator && !inside {
            return (&text[..at], Some(&text[at + 1..]));
        }
    }
    (text, None)
}

/// An address as proxies write it: `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]`, `[::1]:80`.
fn address(text: &[u8]) -> Option<IpAddr> {
    if text.len() > ADDRESS_BYTES_MAX {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    if let Some(bracketed) = text.strip_prefix('[') {
        let (inside, after) = bracketed.split_once(']')?;
        let port_fits = after.is_empty() || after.strip_prefix(':').is_some_and(is_port);
        return inside.parse::<Ipv6Addr>().ok().filter(|_| port_fits).map(IpAddr::V6);
    }
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let (v4, port) = text.split_once(':')?;
    v4.parse::<Ipv4Addr>().ok().filter(|_| is_port(port)).map(IpAddr::V4)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

fn is_nameless(text: &[u8]) -> bool {
    text.eq_ignore_ascii_case(b"unknown") || text.strip_prefix(b"_").is_some_and(is_token)
}

/// RFC 9110 §5.6.2.
fn is_token(text: &[u8]) -> bool {
    let in_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(in_token)
}

/// Without the optional white space around it (RFC 9110 §5.6.3).
fn trimmed(text: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = text.iter().position(|byte| !is_space(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_space(byte)).map_or(start, |last| last + 1);
    &text[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hops as words: an address, `nameless` or `garbage`.
    fn words(header: &ForwardedHeader, lines: &[&str]) -> String {
        let trail = trail(header, lines.iter().map(|line| line.as_bytes()));
        let word = |hop| match hop {
            Hop::Address(address) => address.to_string(),
            Hop::Nameless => "nameless".to_owned(),
            Hop::Garbage(_) => "garbage".to_owned(),
        };
        trail.nearest_first().map(word).collect::<Vec<_>>().join(" ")
    }

    fn check(line: &str, from_right: &str) {
        assert_eq!(words(&ForwardedHeader::XForwardedFor, &[line]), from_right, "{line}");
    }

    fn check_forwarded(line: &str, from_right: &str) {
        assert_eq!(words(&ForwardedHeader::Forwarded, &[line]), from_right, "{line}");
    }

    #[test]
    fn lists_are_split_trimmed_and_stripped_of_ports() {
        check("1.2.3.4, \t5.6.7.8:80 ,,", "5.6.7.8 1.2.3.4");
        check("[::1]:443, ::2, [::3]", "::3 ::2 ::1");
        check("", "");
        check(" , ,", "");
    }

    #[test]
    fn what_is_no_address_is_garbage() {
        check("1.2.3.4:", "garbage");
        check("1.2.3.4:+80", "garbage");
        check("1.2.3.4:65536", "garbage");
        check("[1.2.3.4]", "garbage");
        check("fe80::1%eth0", "garbage");
        check("1.2.3.4 5.6.7.8", "garbage");
        check(&"1".repeat(4000), "garbage");
    }

    #[test]
    fn unknown_and_obfuscated_names_are_nameless() {
        check("unknown, _hidden, _", "garbage nameless nameless");
    }

    #[test]
    fn forwarded_reads_only_for() {
        check_forwarded("for=1.2.3.4;proto=https;by=10.0.0.1, For=\"[::1]:80\"", "::1 1.2.3.4");
        check_forwarded("proto=https; for=1.2.3.4 ;", "1.2.3.4");
        check_forwarded("proto=https", "garbage");
        check_forwarded("for=1.2.3.4;for=5.6.7.8", "garbage");
        check_forwarded("for=", "garbage");
    }

    #[test]
    fn forwarded_quotes_hide_separators() {
        check_forwarded("for=1.2.3.4;host=\"a,b;c\\\",\", for=\"5.6.7.8:1\"", "5.6.7.8 1.2.3.4");
        check_forwarded("for=1.2.3.4, for=\"5.6.7.8", "garbage 1.2.3.4");
        check_forwarded("for=\"::1\"", "garbage");
        check_forwarded("for=[::1]", "garbage");
        check_forwarded("for=1.2.3.4:80", "garbage");
        check_forwarded("for=\"unknown\"", "nameless");
    }

    #[test]
    fn an_open_quote_ends_with_its_line() {
        let lines = ["for=\"6.6.6.6", "for=198.51.100.7"];
        assert_eq!(words(&ForwardedHeader::Forwarded, &lines), "198.51.100.7 garbage");
    }

    #[test]
    fn another_header_holds_one_address_on_one_line() {
        let other = ForwardedHeader::Other("X-Real-IP".to_owned());
        assert_eq!(words(&other, &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(words(&other, &["1.2.3.4, 5.6.7.8"]), "garbage");
        assert_eq!(words(&other, &["1.2.3.4", "5.6.7.8"]), "garbage 1.2.3.4");
    }

    #[test]
    fn the_trail_keeps_the_last_fifty() {
        let line = (1..=60).map(|n| format!("10.1.0.{n}")).collect::<Vec<_>>().join(",");
        let trail = trail(&ForwardedHeader::XForwardedFor, [line.as_bytes()].into_iter());
        assert_eq!(trail.nearest_first().count(), HOPS_MAX);
        assert_eq!(trail.nearest_first().last(), Some(Hop::Address("10.1.0.11".parse().unwrap())));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(line in proptest::collection::vec(any::<u8>(), 0..120)) {
            for name in ["X-Forwarded-For", "Forwarded", "X-Real-IP"] {
                let header = ForwardedHeader::named(name);
                let _ = trail(&header, [line.as_slice()].into_iter()).nearest_first().count();
            }
        }
    }
}
