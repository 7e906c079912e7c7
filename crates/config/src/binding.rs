//! What a binding's `protocol` and `bindingInformation` mean (IIS reference §1.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::diagnostic::Origin;
use crate::effective::Effective;

/// One `binding` element of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// `http`, `https`, or a protocol that is kept and never listened on (`net.tcp`, `msmq.formatname` …).
    pub protocol: String,
    /// The text as written, usually `address:port:host`.
    pub information: String,
    /// Bit field of IIS reference §1.3 (1 = SNI, 2 = central store, 4 = no HTTP/2 …).
    pub ssl_flags: u32,
    /// What to listen on, or why nothing can be listened on.
    pub endpoint: Result<Endpoint, EndpointError>,
    /// Where the element stands.
    pub origin: Origin,
}

/// What a usable binding asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// `https` rather than `http`.
    pub secure: bool,
    /// The address part.
    pub address: BindingAddress,
    /// TCP port, 1..65535.
    pub port: u16,
    /// The host part.
    pub host: HostRule,
}

/// The address part of a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BindingAddress {
    /// `*` or nothing: every address the IP listen list permits.
    Any,
    /// `0.0.0.0`: every IPv4 address.
    AnyV4,
    /// `[::]`: every IPv6 address.
    AnyV6,
    /// Exactly this address.
    Ip(IpAddr),
}

/// The host part of a binding; comparison ignores case, so the text is kept in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HostRule {
    /// Any host name.
    Any,
    /// This name only.
    Exact(String),
    /// Every name with at least one more label; the text is the suffix without `*.`.
    Wildcard(String),
}

/// Why a binding has no end point. The file stays valid: IIS loads and keeps such bindings (decision D16).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// The protocol is neither `http` nor `https`.
    #[error("protocol '{0}' is not served: only http and https are")]
    NotHttp(String),
    /// Fewer than two colons.
    #[error("'{0}' is not of the form address:port:host")]
    Form(String),
    /// The port is no number from 1 to 65535.
    #[error("'{0}' is not a port number from 1 to 65535")]
    Port(String),
    /// The address is neither `*`, IPv4 nor IPv6 in brackets.
    #[error("'{0}' is not an IP address (write *, 127.0.0.1 or [::1])")]
    Address(String),
    /// An IPv6 address with a zone, which belongs to one machine only.
    #[error("'{0}' has a zone; write the address without it")]
    Zone(String),
    /// The host name breaks RFC 1123 §2.1.
    #[error("'{0}' is not a host name (labels of 1 to 63 letters, digits, '-' or '_', at most 253 in all)")]
    Host(String),
    /// A `*` somewhere other than as the whole left-most label (decision D15).
    #[error("'{0}' has a '*' that is not the whole left-most label, as in *.example.test")]
    Wildcard(String),
    /// A host name outside ASCII.
    #[error("'{0}' has letters outside ASCII; write its A-label (xn--…)")]
    HostNotAscii(String),
}

impl Binding {
    pub(crate) fn read(entry: &Effective) -> Option<Self> {
        let (protocol, information) = (entry.text("protocol"), entry.text("bindingInformation"));
        Some(Self {
            endpoint: endpoint(&protocol, &information),
            ssl_flags: entry.uint("sslFlags"),
            origin: entry.origin.clone()?,
            protocol,
            information,
        })
    }

    /// Whether the address was written in an abbreviated or unbracketed form that IIS reads in the manner of
    /// `inet_aton`, such as `127.0.1` for 127.0.0.1.
    pub fn is_loosely_written(&self) -> bool {
        let address = split(&self.information).map(|(address, _, _)| address);
        matches!((&self.endpoint, address), (Ok(Endpoint { address: BindingAddress::Ip(IpAddr::V4(_)), .. }), Ok(text))
            if text.parse::<Ipv4Addr>().is_err())
    }
}

/// What `protocol` and `bindingInformation` ask for.
pub(crate) fn endpoint(protocol: &str, information: &str) -> Result<Endpoint, EndpointError> {
    let secure = match protocol.to_ascii_lowercase().as_str() {
        "http" => false,
        "https" => true,
        _ => return Err(EndpointError::NotHttp(protocol.to_owned())),
    };
    let (address, port, host) = parse_binding_information(information)?;
    Ok(Endpoint { secure, address, port, host })
}

/// Reads `address:port:host` from the right, which is what lets an IPv6 address keep its colons
/// (IIS reference §1.2; decision D15 for `*.` hosts).
pub fn parse_binding_information(text: &str) -> Result<(BindingAddress, u16, HostRule), EndpointError> {
    let (address, port, host) = split(text)?;
    Ok((parse_address(address)?, parse_port(port)?, parse_host(host)?))
}

fn split(text: &str) -> Result<(&str, &str, &str), EndpointError> {
    let form = || EndpointError::Form(text.to_owned());
    let (rest, host) = text.rsplit_once(':').ok_or_else(form)?;
    let (address, port) = rest.rsplit_once(':').ok_or_else(form)?;
    Ok((address, port, host))
}

fn parse_port(text: &str) -> Result<u16, EndpointError> {
    // `parse` alone would take a leading plus sign.
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = if digits { text.parse::<u16>().ok() } else { None };
    number.filter(|&port| port != 0).ok_or_else(|| EndpointError::Port(text.to_owned()))
}

fn parse_address(text: &str) -> Result<BindingAddress, EndpointError> {
    if text.is_empty() || text == "*" {
        return Ok(BindingAddress::Any);
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if text.contains(':') || bare.is_some() {
        return parse_v6(bare.unwrap_or(text)).map(v6_rule);
    }
    match parse_v4(text) {
        Some(Ipv4Addr::UNSPECIFIED) => Ok(BindingAddress::AnyV4),
        Some(address) => Ok(BindingAddress::Ip(address.into())),
        None => Err(EndpointError::Address(text.to_owned())),
    }
}

fn parse_v6(text: &str) -> Result<Ipv6Addr, EndpointError> {
    if text.contains('%') {
        return Err(EndpointError::Zone(text.to_owned()));
    }
    text.parse().map_err(|_| EndpointError::Address(text.to_owned()))
}

fn v6_rule(address: Ipv6Addr) -> BindingAddress {
    if address.is_unspecified() { BindingAddress::AnyV6 } else { BindingAddress::Ip(address.into()) }
}

/// Dotted IPv4 with one to four parts, the last of which fills the remaining bytes, each decimal, `0x` or octal:
/// the rules of POSIX `inet_addr`, which Windows follows.
fn parse_v4(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u64> = text.split('.').map(parse_v4_part).collect::<Option<_>>()?;
    let (last, head) = parts.split_last()?;
    if head.len() > 3 || head.iter().any(|&part| part > 255) {
        return None;
    }
    let free_bits = 8 * (4 - head.len() as u32);
    if *last >> free_bits != 0 {
        return None;
    }
    let high = head.iter().fold(0u64, |sum, part| sum << 8 | part);
    u32::try_from(high << free_bits | last).ok().map(Ipv4Addr::from)
}

fn parse_v4_part(text: &str) -> Option<u64> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = match hexadecimal {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
    };
    let legal = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    if legal { u64::from_str_radix(digits, radix).ok() } else { None }
}

pub(crate) fn parse_host(text: &str) -> Result<HostRule, EndpointError> {
    if text.is_empty() {
        return Ok(HostRule::Any);
    }
    if !text.is_ascii() {
        return Err(EndpointError::HostNotAscii(text.to_owned()));
    }
    let host = text.to_ascii_lowercase();
    let suffix = host.strip_prefix("*.");
    let name = suffix.unwrap_or(&host);
    if name.contains('*') {
        return Err(EndpointError::Wildcard(text.to_owned()));
    }
    if host.len() > 253 || !name.split('.').all(is_label) {
        return Err(EndpointError::Host(text.to_owned()));
    }
    Ok(match suffix {
        Some(suffix) => HostRule::Wildcard(suffix.to_owned()),
        None => HostRule::Exact(host),
    })
}

/// A label of RFC 1123 §2.1, with the underscore that Windows names may carry.
fn is_label(label: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=63).contains(&label.len()) && label.bytes().all(legal) && !label.starts_with('-') && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &str) {
        let shown = match parse_binding_information(text) {
            Ok((address, port, host)) => format!("{address:?} {port} {host:?}"),
            Err(error) => format!("{error:?}"),
        };
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn well_formed() {
        check("*:80:", "Any 80 Any");
        check(":80:www.x", r#"Any 80 Exact("www.x")"#);
        check("0.0.0.0:80:", "AnyV4 80 Any");
        check("192.168.0.1:80:WWW.Contoso.com", r#"Ip(192.168.0.1) 80 Exact("www.contoso.com")"#);
        check("[::1]:443:host", r#"Ip(::1) 443 Exact("host")"#);
        check("[::]:443:", "AnyV6 443 Any");
        check("::1:443:", "Ip(::1) 443 Any");
        check("*:443:*.contoso.com", r#"Any 443 Wildcard("contoso.com")"#);
        check("*:443:*.test", r#"Any 443 Wildcard("test")"#);
        check("1.1.1:61902:localhost", r#"Ip(1.1.0.1) 61902 Exact("localhost")"#);
        check("127.1:80:", "Ip(127.0.0.1) 80 Any");
        check("0x7f.1:80:", "Ip(127.0.0.1) 80 Any");
        check("127.0.0.010:80:", "Ip(127.0.0.8) 80 Any");
        check("2130706433:80:", "Ip(127.0.0.1) 80 Any");
        check("127.0.0.1:80:my_host", r#"Ip(127.0.0.1) 80 Exact("my_host")"#);
    }

    #[test]
    fn malformed() {
        check("", r#"Form("")"#);
        check(":", r#"Form(":")"#);
        check("::", r#"Port("")"#);
        check("127.0.0.1:80", r#"Form("127.0.0.1:80")"#);
        check("*:localhost:localhost", r#"Port("localhost")"#);
        check("*:161902:", r#"Port("161902")"#);
        check("*:0:", r#"Port("0")"#);
        check("*:+80:", r#"Port("+80")"#);
        check("*: 80:", r#"Port(" 80")"#);
        check("1.1.1.1.1:80:", r#"Address("1.1.1.1.1")"#);
        check("256.0.0.1:80:", r#"Address("256.0.0.1")"#);
        check("1.16777216:80:", r#"Address("1.16777216")"#);
        check("08.1:80:", r#"Address("08.1")"#);
        check("localhost:80:", r#"Address("localhost")"#);
        check("[fe80::1%eth0]:80:", r#"Zone("fe80::1%eth0")"#);
        check("[127.0.0.1]:80:", r#"Address("127.0.0.1")"#);
        check("*:80:service.*.contoso.com", r#"Wildcard("service.*.contoso.com")"#);
        check("*:80:*a.test", r#"Wildcard("*a.test")"#);
        check("*:80:*", r#"Wildcard("*")"#);
        check("*:80:*.", r#"Host("*.")"#);
        check("*:80:-a.test", r#"Host("-a.test")"#);
        check("*:80:a..test", r#"Host("a..test")"#);
        check("*:80:a.test 127.0.0.9", r#"Host("a.test 127.0.0.9")"#);
        check("*:80:bücher.test", r#"HostNotAscii("bücher.test")"#);
    }

    #[test]
    fn other_protocols_are_kept() {
        assert_eq!(endpoint("net.tcp", "808:*"), Err(EndpointError::NotHttp("net.tcp".into())));
        assert!(endpoint("HTTPS", "*:443:").is_ok_and(|e| e.secure));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            let _ = parse_binding_information(&text);
        }

        #[test]
        fn canonical_v4_is_read_as_itself(bits in 1u32.., port in 1u16..) {
            let address = Ipv4Addr::from(bits);
            let read = parse_binding_information(&format!("{address}:{port}:"));
            prop_assert_eq!(read, Ok((BindingAddress::Ip(address.into()), port, HostRule::Any)));
        }
    }
}
