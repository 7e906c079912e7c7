//! IP addresses as text, by hand: short forms of RFC 5952, without brackets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::number::put_number;

/// Appends an address; an IPv4 address mapped into IPv6 is written as IPv4 (D10).
pub(crate) fn put_ip(out: &mut Vec<u8>, ip: IpAddr) {
    match ip.to_canonical() {
        IpAddr::V4(ip) => put_v4(out, ip),
        IpAddr::V6(ip) => put_v6(out, ip),
    }
}

/// Appends the address of a socket as HTTPERR has it: IPv6 with its scope, also scope 0 (IIS reference §6.6).
pub(crate) fn put_scoped_ip(out: &mut Vec<u8>, address: SocketAddr) {
    put_ip(out, address.ip());
    let SocketAddr::V6(v6) = address else { return };
    if v6.ip().to_canonical().is_ipv6() {
        out.push(b'%');
        put_number(out, v6.scope_id().into());
    }
}

/// Every octet with a dot behind it, and its length with the dot.
const OCTETS: [([u8; 4], u8); 256] = {
    let mut octets = [([b'.'; 4], 0); 256];
    let mut octet = 0;
    while octet < 256 {
        let length = if octet < 10 {
            1
        } else if octet < 100 {
            2
        } else {
            3
        };
        let (mut rest, mut at) = (octet, length);
        while at > 0 {
            at -= 1;
            octets[octet].0[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        octets[octet].1 = length as u8 + 1;
        octet += 1;
    }
    octets
};

fn put_v4(out: &mut Vec<u8>, ip: Ipv4Addr) {
    let mut text = [0; 16];
    let mut end = 0;
    for octet in ip.octets() {
        let (digits, length) = OCTETS[usize::from(octet)];
        text[end..end + 4].copy_from_slice(&digits);
        end += usize::from(length);
    }
    out.extend_from_slice(&text[..end - 1]);
}

fn put_v6(out: &mut Vec<u8>, ip: Ipv6Addr) {
    let groups = ip.segments();
    let (from, to) = longest_zeros(groups);
    put_groups(out, &groups[..from]);
    if to > from {
        out.extend_from_slice(b"::");
        put_groups(out, &groups[to..]);
    }
}

/// The run of zero groups that `::` stands for: the longest, the first of equals, at least two (RFC 5952 4.2).
fn longest_zeros(groups: [u16; 8]) -> (usize, usize) {
    let mut best = (8, 8);
    let mut start = 0;
    for end in 1..=8 {
        if groups[end - 1] != 0 {
            start = end;
        } else if end - start >= 2 && end - start > best.1 - best.0 {
            best = (start, end);
        }
    }
    best
}

fn put_groups(out: &mut Vec<u8>, groups: &[u16]) {
    for (index, group) in groups.iter().enumerate() {
        if index > 0 {
            out.push(b':');
        }
        let digits = (16 - group.leading_zeros()).div_ceil(4).max(1);
        for place in (0..digits).rev() {
            out.push(b"0123456789abcdef"[usize::from(group >> (4 * place) & 0xF)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(ip: IpAddr) {
        let mut out = Vec::new();
        put_ip(&mut out, ip);
        assert_eq!(String::from_utf8(out).unwrap(), ip.to_canonical().to_string());
    }

    #[test]
    fn usual_forms() {
        for text in ["::", "::1", "1::", "fe80::1", "2001:db8:0:1:1:1:1:1", "2001:0:0:1::1", "1:2:3:4:5:6:7:8"] {
            check(text.parse().unwrap());
        }
        for text in ["0.0.0.0", "127.0.0.2", "255.255.255.255", "::ffff:192.0.2.1"] {
            check(text.parse().unwrap());
        }
    }

    #[test]
    fn scope_is_written_for_ipv6_only() {
        let scoped = |text: &str, scope| {
            let mut out = Vec::new();
            let mut address: SocketAddr = text.parse().unwrap();
            if let SocketAddr::V6(v6) = &mut address {
                v6.set_scope_id(scope);
            }
            put_scoped_ip(&mut out, address);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(scoped("[fe80::1]:80", 3), "fe80::1%3");
        assert_eq!(scoped("[::1]:80", 0), "::1%0");
        assert_eq!(scoped("127.0.0.1:80", 0), "127.0.0.1");
        assert_eq!(scoped("[::ffff:10.0.0.1]:80", 0), "10.0.0.1");
    }

    #[test]
    fn every_octet() {
        (0..=255).for_each(|octet: u8| check([octet, octet, 0, octet].into()));
    }

    proptest! {
        #[test]
        fn same_as_the_standard_library(groups in prop::array::uniform8(prop_oneof![Just(0u16), any::<u16>()])) {
            let ip = Ipv6Addr::from(groups);
            // The standard library writes the deprecated IPv4-compatible block with dots; RFC 5952 leaves that open.
            prop_assume!(groups[..6] != [0; 6]);
            check(ip.into());
        }
    }
}
