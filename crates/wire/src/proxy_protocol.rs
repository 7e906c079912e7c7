//! The PROXY protocol, versions 1 and 2: a proxy's word on who is at the other end of a connection.
//!
//! The header stands before everything else, before a TLS handshake too. [`read`] tells how many bytes are certainly
//! missing, so that a caller who reads no more than that never takes a byte of what follows.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use thiserror::Error;

/// The first twelve bytes of a version 2 header (specification §2.2).
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Bytes of a version 2 header before its addresses.
const FIXED_BYTES: usize = 16;
/// More addresses and extensions are not taken; proxies send some hundred bytes.
const VARIABLE_BYTES_MAX: usize = 4096;
/// Longest version 1 line with its CRLF (specification §2.1).
const LINE_BYTES_MAX: usize = 107;
/// The shortest line there is: `PROXY UNKNOWN` and CRLF.
const LINE_BYTES_MIN: usize = 15;

/// What a whole header says.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ProxyHeader {
    /// The proxy itself connects (a health check), or it does not know for whom: the TCP counterpart stands.
    Local,
    /// It connects for this client.
    For(SocketAddr),
}

/// How far the bytes received go.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// At least so many bytes are missing; never more than the header still has.
    NeedMore(usize),
    /// The header is whole.
    Whole(ProxyHeader),
}

/// The bytes are no PROXY header.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum ProxyFault {
    /// Neither version begins like this.
    #[error("the connection does not begin with a PROXY protocol header")]
    Missing,
    /// It begins like one and goes on otherwise.
    #[error("the PROXY protocol header is malformed")]
    Malformed,
    /// It is longer than any may be.
    #[error("the PROXY protocol header is too long")]
    TooLong,
}

/// Reads a header from the first bytes of a connection, which hold no byte more than was asked for.
///
/// # Errors
/// [`ProxyFault`] when it cannot become a header whatever follows.
pub fn read(bytes: &[u8]) -> Result<Progress, ProxyFault> {
    let begins_like = |start: &[u8]| bytes.len() <= start.len() && start.starts_with(bytes) || bytes.starts_with(start);
    if begins_like(b"PROXY ") {
        return line(bytes);
    }
    if begins_like(SIGNATURE) {
        return binary(bytes);
    }
    Err(ProxyFault::Missing)
}

/// Version 1: one line of text.
fn line(bytes: &[u8]) -> Result<Progress, ProxyFault> {
    if let Some(text) = bytes.strip_suffix(b"\r\n") {
        let text = std::str::from_utf8(text).map_err(|_| ProxyFault::Malformed)?;
        return line_text(text).map(Progress::Whole).ok_or(ProxyFault::Malformed);
    }
    if bytes.contains(&b'\n') {
        return Err(ProxyFault::Malformed);
    }
    let end = if bytes.ends_with(b"\r") { 1 } else { 2 };
    let missing = LINE_BYTES_MIN.saturating_sub(bytes.len()).max(end);
    if bytes.len() + missing > LINE_BYTES_MAX { Err(ProxyFault::TooLong) } else { Ok(Progress::NeedMore(missing)) }
}

fn line_text(text: &str) -> Option<ProxyHeader> {
    let rest = text.strip_prefix("PROXY ")?;
    if rest == "UNKNOWN" || rest.starts_with("UNKNOWN ") {
        return Some(ProxyHeader::Local);
    }
    let words: [&str; 5] = rest.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let [family, source, destination, source_port, destination_port] = words;
    let address = |text: &str| -> Option<IpAddr> {
        match family {
            "TCP4" => text.parse::<Ipv4Addr>().ok().map(IpAddr::from),
            "TCP6" => text.parse::<Ipv6Addr>().ok().map(IpAddr::from),
            _ => None,
        }
    };
    address(destination)?;
    port(destination_port)?;
    Some(ProxyHeader::For(SocketAddr::new(address(source)?, port(source_port)?)))
}

/// Digits without a sign and without zeros before them.
fn port(text: &str) -> Option<u16> {
    let plain = text == "0" || !text.starts_with(['0', '+']);
    plain.then(|| text.parse().ok()).flatten()
}

/// Version 2: signature, command, family, length, addresses, extensions.
fn binary(bytes: &[u8]) -> Result<Progress, ProxyFault> {
    let Some(fixed) = bytes.first_chunk::<FIXED_BYTES>() else {
        return Ok(Progress::NeedMore(FIXED_BYTES - bytes.len()));
    };
    let [.., command, family, high, low] = *fixed;
    let is_local = match command {
        0x20 => true,
        0x21 => false,
        _ => return Err(ProxyFault::Malformed),
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > VARIABLE_BYTES_MAX {
        return Err(ProxyFault::TooLong);
    }
    let variable = &bytes[FIXED_BYTES..];
    if variable.len() < length {
        return Ok(Progress::NeedMore(length - variable.len()));
    }
    if is_local {
        return Ok(Progress::Whole(ProxyHeader::Local));
    }
    address_block(family, variable).map(Progress::Whole).ok_or(ProxyFault::Malformed)
}

/// Source and destination addresses, then their ports. A Unix socket or an unspecified family names nobody.
fn address_block(family: u8, block: &[u8]) -> Option<ProxyHeader> {
    let port = |at: usize| Some(u16::from_be_bytes(*block.get(at..)?.first_chunk()?));
    match family {
        0x11 => {
            let source = Ipv4Addr::from(*block.first_chunk::<4>()?);
            port(10)?;
            Some(ProxyHeader::For(SocketAddr::new(source.into(), port(8)?)))
        }
        0x21 => {
            let source = Ipv6Addr::from(*block.first_chunk::<16>()?);
            port(34)?;
            Some(ProxyHeader::For(SocketAddr::new(source.into(), port(32)?)))
        }
        0x00 | 0x31 => Some(ProxyHeader::Local),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Takes bytes as a server does: never more than are missing.
    fn take(bytes: &[u8]) -> (Result<Progress, ProxyFault>, usize) {
        let mut have = 0;
        loop {
            match read(&bytes[..have]) {
                Ok(Progress::NeedMore(missing)) if have + missing <= bytes.len() => have += missing,
                other => return (other, have),
            }
        }
    }

    fn check(bytes: &[u8], expected: &str) {
        let shown = match take(bytes) {
            (Ok(Progress::Whole(ProxyHeader::For(address))), _) => address.to_string(),
            (Ok(Progress::Whole(ProxyHeader::Local)), _) => "local".to_owned(),
            (Ok(Progress::NeedMore(_)), _) => "more".to_owned(),
            (Err(fault), _) => format!("{fault:?}"),
        };
        assert_eq!(shown, expected, "{}", bytes.escape_ascii());
    }

    fn version_2(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
        let length = u16::try_from(block.len()).unwrap().to_be_bytes();
        [SIGNATURE.as_slice(), &[command, family], &length, block].concat()
    }

    #[test]
    fn lines() {
        check(b"PROXY TCP4 203.0.113.9 127.0.0.1 50000 80\r\n", "203.0.113.9:50000");
        check(b"PROXY TCP6 2001:db8::7 ::1 50000 443\r\n", "[2001:db8::7]:50000");
        check(b"PROXY TCP4 203.0.113.9 127.0.0.1 0 65535\r\nGET", "203.0.113.9:0");
        check(b"PROXY UNKNOWN\r\n", "local");
        check(b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "local");
        check(b"PROXY TCP4 203.0.113.9 127.0.0.1 50000 80", "more");
        check(b"", "more");
        check(b"PRO", "more");
    }

    #[test]
    fn lines_that_are_none() {
        for wrong in [
            "PROXY TCP4 2001:db8::7 127.0.0.1 1 2\r\n",
            "PROXY TCP6 203.0.113.9 ::1 1 2\r\n",
            "PROXY TCP4 203.0.113.09 127.0.0.1 1 2\r\n",
            "PROXY TCP4 203.0.113.9 127.0.0.1 01 2\r\n",
            "PROXY TCP4 203.0.113.9 127.0.0.1 +1 2\r\n",
            "PROXY TCP4 203.0.113.9 127.0.0.1 65536 2\r\n",
            "PROXY TCP4 203.0.113.9 127.0.0.1 1\r\n",
            "PROXY TCP4  203.0.113.9 127.0.0.1 1 2\r\n",
            "PROXY TCP4 203.0.113.9 127.0.0.1 1 2 \r\n",
            "PROXY UDP4 203.0.113.9 127.0.0.1 1 2\r\n",
            "PROXY UNKNOWNS\r\n1",
            "PROXY TCP4 203.0.113.9 127.0.0.1 1 2\n\n",
        ] {
            check(wrong.as_bytes(), "Malformed");
        }
        check(format!("PROXY UNKNOWN {}", "x".repeat(200)).as_bytes(), "TooLong");
        check(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "Missing");
        check(b"PROXYTCP4 203.0.113.9", "Missing");
        check(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00\x00\x00", "Missing");
        check(b"\r\n\r\nGET / HTTP/1.1", "Missing");
    }

    #[test]
    fn binary_headers() {
        let v4 = [203, 0, 113, 9, 127, 0, 0, 1, 0xc3, 0x50, 0, 80];
        let v6 = [Ipv6Addr::LOCALHOST.octets(), Ipv6Addr::LOCALHOST.octets()].concat();
        check(&version_2(0x21, 0x11, &v4), "203.0.113.9:50000");
        check(&version_2(0x21, 0x11, &[v4.as_slice(), b"\x04\0\x01x"].concat()), "203.0.113.9:50000");
        check(&version_2(0x21, 0x21, &[&v6[..], &[0, 7, 0, 8]].concat()), "[::1]:7");
        check(&version_2(0x21, 0x21, &[&v6[..], &[0, 7, 0]].concat()), "Malformed");
        check(&version_2(0x20, 0x11, &v4), "local");
        check(&version_2(0x20, 0, &[]), "local");
        check(&version_2(0x21, 0, &[1, 2, 3]), "local");
        check(&version_2(0x21, 0x31, &[0; 216]), "local");
        check(&version_2(0x21, 0x11, &v4[..11]), "Malformed");
        check(&version_2(0x21, 0x12, &v4), "Malformed");
        check(&version_2(0x11, 0x11, &v4), "Malformed");
        check(&version_2(0x22, 0x11, &v4), "Malformed");
        check(&version_2(0x21, 0x11, &[0; 5000]), "TooLong");
        check(&version_2(0x21, 0x11, &v4)[..20], "more");
    }

    proptest! {
        #[test]
        fn no_byte_behind_the_header_is_taken(source: SocketAddr, second: bool, rest: Vec<u8>) {
            let (family, port) = (if source.is_ipv4() { "TCP4" } else { "TCP6" }, source.port());
            let address = SocketAddr::new(source.ip(), port);
            let header = match (second, source.ip()) {
                (false, ip) => format!("PROXY {family} {ip} {ip} {port} 80\r\n").into_bytes(),
                (true, IpAddr::V4(ip)) => {
                    let ports = [port.to_be_bytes(), [0, 80]].concat();
                    version_2(0x21, 0x11, &[ip.octets().as_slice(), &ip.octets(), &ports].concat())
                }
                (true, IpAddr::V6(ip)) => {
                    let ports = [port.to_be_bytes(), [0, 80]].concat();
                    version_2(0x21, 0x21, &[ip.octets().as_slice(), &ip.octets(), &ports].concat())
                }
            };
            let (progress, used) = take(&[header.as_slice(), &rest].concat());
            prop_assert_eq!(progress, Ok(Progress::Whole(ProxyHeader::For(address))));
            prop_assert_eq!(used, header.len());
        }

        #[test]
        fn any_bytes_are_read_or_refused(start in 0..3_usize, bytes: Vec<u8>) {
            let start: &[u8] = [b"".as_slice(), b"PROXY ", SIGNATURE][start];
            let bytes = [start, &bytes].concat();
            if let (Ok(Progress::NeedMore(missing)), used) = take(&bytes) {
                prop_assert!(missing > 0 && used + missing > bytes.len());
            }
        }
    }
}
