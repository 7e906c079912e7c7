//! Which bound addresses exclude each other.
//!
//! These are the kernel's own rules (`inet_csk_bind_conflict` with `ipv6_rcv_saddr_equal`) for two sockets of which at
//! least one listens and none uses `SO_REUSEPORT`: equal addresses clash, a wildcard clashes with every address of its
//! family, and `[::]` counts as an IPv4 wildcard too unless it is IPv6-only. Zone and device are not looked at.

use std::net::{IpAddr, SocketAddr};

use super::Listening;
use super::socket::Socket;

/// How another socket keeps us from an address.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum Clash {
    /// It holds the very same address.
    Exact,
    /// It holds the same IPv4 address, and one of the two is written in its IPv6 form `::ffff:a.b.c.d`.
    Mapped,
    /// It holds the wildcard of our family, `0.0.0.0` or `::`.
    Wildcard,
    /// It holds `[::]` and is not IPv6-only (or that is not known), so that it covers IPv4 as well.
    DualStack,
    /// We want a wildcard, and it holds an address that the wildcard would cover.
    WeAreWildcard,
}

/// Whether `other` keeps us from opening `wanted`, and how. An IPv6 socket of ours is IPv6-only, as all of Doorward's are.
pub fn clash(wanted: SocketAddr, other: &Listening) -> Option<Clash> {
    between(wanted, true, Bound { address: SocketAddr::new(other.address, other.port), v6_only: other.v6_only })
}

/// As [`clash`] for a socket of ours that is not IPv6-only: there, wanting `[::]` means wanting IPv4 too.
pub fn clash_dual_stack(wanted: SocketAddr, other: &Listening) -> Option<Clash> {
    between(wanted, false, Bound { address: SocketAddr::new(other.address, other.port), v6_only: other.v6_only })
}

/// What of another socket matters here.
#[derive(Copy, Clone, Debug)]
pub(super) struct Bound {
    /// Its local address.
    pub(super) address: SocketAddr,
    /// As in [`Listening`].
    pub(super) v6_only: Option<bool>,
}

/// The sockets that clash by the given rule, the plainest clash first.
pub(super) fn among(sockets: &[Socket], rule: impl Fn(Bound) -> Option<Clash>) -> Vec<(Clash, Socket)> {
    let judge = |socket: &Socket| {
        let kind = rule(Bound { address: socket.local, v6_only: socket.v6_only })?;
        Some((kind, socket.clone()))
    };
    let mut clashing: Vec<(Clash, Socket)> = sockets.iter().filter_map(judge).collect();
    clashing.sort_by_key(|(kind, _)| *kind);
    clashing
}

/// The rule itself; `v6_only` is that of the socket we want.
pub(super) fn between(wanted: SocketAddr, v6_only: bool, other: Bound) -> Option<Clash> {
    if wanted.port() != other.address.port() {
        return None;
    }
    let (ours, theirs) = (wanted.ip(), other.address.ip());
    if ours == theirs {
        return Some(Clash::Exact);
    }
    match (ours.to_canonical(), theirs.to_canonical()) {
        (IpAddr::V4(ours), IpAddr::V4(theirs)) => same_family(ours.into(), theirs.into()),
        (IpAddr::V6(ours), IpAddr::V6(theirs)) => same_family(ours.into(), theirs.into()),
        (IpAddr::V4(_), IpAddr::V6(theirs)) => {
            (theirs.is_unspecified() && other.v6_only != Some(true)).then_some(Clash::DualStack)
        }
        (IpAddr::V6(ours), IpAddr::V4(_)) => (ours.is_unspecified() && !v6_only).then_some(Clash::WeAreWildcard),
    }
}

/// Two addresses of one family, after `::ffff:a.b.c.d` became `a.b.c.d`; they were written differently.
fn same_family(ours: IpAddr, theirs: IpAddr) -> Option<Clash> {
    if ours == theirs {
        Some(Clash::Mapped)
    } else if theirs.is_unspecified() {
        Some(Clash::Wildcard)
    } else if ours.is_unspecified() {
        Some(Clash::WeAreWildcard)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port_owner::socket::{self, States};
    use socket2::{Domain, Socket as RawSocket, Type};

    fn case(wanted: &str, other: &str, v6_only: Option<bool>) -> Option<Clash> {
        between(wanted.parse().unwrap(), true, Bound { address: other.parse().unwrap(), v6_only })
    }

    fn check(wanted: &str, other: &str, expected: Option<Clash>) {
        assert_eq!(case(wanted, other, Some(true)), expected, "{wanted} against {other}, IPv6-only");
    }

    fn check_dual(wanted: &str, other: &str, expected: Option<Clash>) {
        assert_eq!(case(wanted, other, Some(false)), expected, "{wanted} against {other}");
        assert_eq!(case(wanted, other, None), expected, "{wanted} against {other}, unknown");
    }

    #[test]
    fn tells_the_clashes_apart() {
        check("127.0.0.2:80", "127.0.0.2:80", Some(Clash::Exact));
        check("127.0.0.2:80", "127.0.0.2:81", None);
        check("127.0.0.2:80", "127.0.0.3:80", None);
        check("127.0.0.2:80", "0.0.0.0:80", Some(Clash::Wildcard));
        check("0.0.0.0:80", "127.0.0.2:80", Some(Clash::WeAreWildcard));
        check("0.0.0.0:80", "0.0.0.0:80", Some(Clash::Exact));
        check("[::1]:80", "[::1]:80", Some(Clash::Exact));
        check("[::1]:80", "[::]:80", Some(Clash::Wildcard));
        check("[::1]:80", "0.0.0.0:80", None);
        check("[::1]:80", "127.0.0.1:80", None);
        check("[::]:80", "[::1]:80", Some(Clash::WeAreWildcard));
        check("[::]:80", "[::]:80", Some(Clash::Exact));
    }

    #[test]
    fn v6_only_and_dual_stack_differ_for_ipv4_alone() {
        check("127.0.0.2:80", "[::]:80", None);
        check("0.0.0.0:80", "[::]:80", None);
        check_dual("127.0.0.2:80", "[::]:80", Some(Clash::DualStack));
        check_dual("0.0.0.0:80", "[::]:80", Some(Clash::DualStack));
        check_dual("[::1]:80", "[::]:80", Some(Clash::Wildcard));
        check_dual("[::]:80", "0.0.0.0:80", None);
        check_dual("127.0.0.2:80", "[::1]:80", None);
    }

    #[test]
    fn mapped_addresses_are_ipv4() {
        check_dual("127.0.0.2:80", "[::ffff:127.0.0.2]:80", Some(Clash::Mapped));
        check_dual("127.0.0.3:80", "[::ffff:127.0.0.2]:80", None);
        check_dual("[::ffff:127.0.0.2]:80", "127.0.0.2:80", Some(Clash::Mapped));
        check_dual("[::ffff:127.0.0.2]:80", "[::ffff:127.0.0.2]:80", Some(Clash::Exact));
        check_dual("[::ffff:127.0.0.2]:80", "0.0.0.0:80", Some(Clash::Wildcard));
        check_dual("[::ffff:127.0.0.2]:80", "[::]:80", Some(Clash::DualStack));
        check_dual("127.0.0.2:80", "[::ffff:0.0.0.0]:80", Some(Clash::Wildcard));
        check_dual("0.0.0.0:80", "[::ffff:127.0.0.2]:80", Some(Clash::WeAreWildcard));
        check_dual("0.0.0.0:80", "[::ffff:0.0.0.0]:80", Some(Clash::Mapped));
        check_dual("[::]:80", "[::ffff:127.0.0.2]:80", None);
        check_dual("[::1]:80", "[::ffff:127.0.0.2]:80", None);
    }

    #[test]
    fn a_dual_stack_wish_wants_ipv4_too() {
        let other = |address: &str| Bound { address: address.parse().unwrap(), v6_only: None };
        let wanted = "[::]:80".parse().unwrap();
        assert_eq!(between(wanted, false, other("0.0.0.0:80")), Some(Clash::WeAreWildcard));
        assert_eq!(between(wanted, false, other("127.0.0.1:80")), Some(Clash::WeAreWildcard));
        assert_eq!(between(wanted, false, other("[::ffff:127.0.0.1]:80")), Some(Clash::WeAreWildcard));
        assert_eq!(between("[::1]:80".parse().unwrap(), false, other("0.0.0.0:80")), None);
    }

    /// A listener of ours, opened as the server does it.
    fn open(address: SocketAddr, v6_only: bool) -> std::io::Result<RawSocket> {
        let socket = RawSocket::new(Domain::for_address(address), Type::STREAM, None)?;
        if address.is_ipv6() {
            socket.set_only_v6(v6_only)?;
        }
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(1)?;
        Ok(socket)
    }

    fn port_of(socket: &RawSocket) -> u16 {
        socket.local_addr().unwrap().as_socket().unwrap().port()
    }

    /// Other tests run at the same time and may have got the same port on another address.
    fn held_by_strangers(wanted: SocketAddr, v6_only: bool, theirs: IpAddr) -> bool {
        let sockets = [States::Listening, States::Others].map(|states| socket::query(states, Some(wanted.port())));
        let clashing = among(&sockets.concat(), |other| between(wanted, v6_only, other));
        clashing.iter().any(|(_, socket)| socket.local.ip() != theirs)
    }

    /// A held address and one that we want beside it, each with its IPv6-only option.
    #[derive(Copy, Clone, Debug)]
    struct Pair {
        wanted: SocketAddr,
        v6_only: bool,
        held: Bound,
    }

    /// Whether the pair could be compared: there may be no IPv6, and an IPv6-only socket takes no mapped address.
    fn check_with_kernel(pair: Pair) -> bool {
        let expected = between(pair.wanted, pair.v6_only, pair.held);
        match open(pair.wanted, pair.v6_only) {
            Ok(_) => assert_eq!(expected, None, "opened: {pair:?}"),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                let strangers = || held_by_strangers(pair.wanted, pair.v6_only, pair.held.address.ip());
                assert!(expected.is_some() || strangers(), "refused: {pair:?}");
            }
            Err(_) => return false,
        }
        true
    }

    /// The kernel is the judge: for each pair of addresses, our rule says what bind(2) does.
    #[test]
    fn agrees_with_the_kernel() {
        let addresses = ["127.31.8.1", "127.31.8.2", "0.0.0.0", "::", "::1", "::ffff:127.31.8.1", "::ffff:0.0.0.0"];
        let shapes = || addresses.iter().flat_map(|text| [true, false].map(|v6_only| (text.parse().unwrap(), v6_only)));
        let mut compared = 0;
        for (ip, v6_only) in shapes() {
            let Ok(socket) = open(SocketAddr::new(ip, 0), v6_only) else { continue };
            let port = port_of(&socket);
            let held = Bound { address: SocketAddr::new(ip, port), v6_only: Some(v6_only) };
            let pairs = shapes().map(|(ip, v6_only)| Pair { wanted: SocketAddr::new(ip, port), v6_only, held });
            compared += pairs.filter(|&pair| check_with_kernel(pair)).count();
        }
        assert!(compared >= 9, "only {compared} pairs could be compared");
    }
}
