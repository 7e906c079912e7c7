//! Whom we hold responsible for a request: the peer, or the client behind trusted proxies.

use std::net::IpAddr;

use ipnet::IpNet;
use thiserror::Error;

use crate::address::{canonical, canonical_network};
use crate::forwarded::{self, Hop, Trail};
use crate::text::escape;

/// Where the client's address comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientSource {
    /// The TCP counterpart; headers are not looked at.
    Peer,
    /// A forwarding header, as far as it can be believed (IIS `enableProxyMode`).
    Forwarded(ForwardedRule),
}

/// Which forwarding header counts, and who is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardedRule {
    /// The one header that is read; others are never mixed in (D7).
    pub header: ForwardedHeader,
    /// Whose header is believed.
    pub trust: Trust,
}

/// The header that names the client (attribute `clientHeader`, D7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`: a comma-separated list, each proxy appends on the right.
    XForwardedFor,
    /// `Forwarded` (RFC 7239), of which only `for=` is read.
    Forwarded,
    /// Another header, which must hold exactly one address on exactly one line.
    Other(String),
}

impl ForwardedHeader {
    /// The header of this name; case does not matter (RFC 9110 §5.1).
    pub fn named(name: &str) -> Self {
        [Self::XForwardedFor, Self::Forwarded]
            .into_iter()
            .find(|known| known.name().eq_ignore_ascii_case(name))
            .unwrap_or_else(|| Self::Other(name.to_owned()))
    }

    /// The field name.
    pub fn name(&self) -> &str {
        match self {
            Self::XForwardedFor => "X-Forwarded-For",
            Self::Forwarded => "Forwarded",
            Self::Other(name) => name,
        }
    }
}

/// Whose forwarding header is believed (D8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Peers and hops in these networks; an empty list trusts nobody.
    Listed(Vec<IpNet>),
    /// A loopback, private, unique local or link-local peer, for one hop only and never for admission.
    Implicit,
    /// Anybody: the left-most address, as IIS reads it. Forgeable.
    AnyProxy,
}

/// How the client's address was found.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// It is the peer.
    Peer,
    /// Named by a proxy of the explicit list.
    Listed,
    /// Named by a near peer that nobody listed.
    Implicit,
    /// Named by a header that anybody may have written.
    AnyProxy,
}

/// Whom we hold responsible for a request. Both addresses are canonical.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Client {
    /// The TCP counterpart.
    pub peer: IpAddr,
    /// The address limits and lists apply to.
    pub address: IpAddr,
    /// How that address was found.
    pub via: Via,
}

impl Client {
    /// The client that connected by itself.
    pub fn direct(peer: IpAddr) -> Self {
        let peer = canonical(peer);
        Self { peer, address: peer, via: Via::Peer }
    }

    fn behind(peer: IpAddr, address: IpAddr, via: Via) -> Self {
        Self { peer, address: canonical(address), via }
    }

    /// Whether an allow entry for this address may let the client in or exempt it. A header that nobody vouches
    /// for may not (D9).
    pub fn may_be_admitted(&self) -> bool {
        match self.via {
            Via::Peer | Via::Listed => true,
            Via::Implicit | Via::AnyProxy => false,
        }
    }
}

/// The forwarding header holds something that is no address, under [`Trust::AnyProxy`] (IIS 400.10).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "the {header} header holds \"{element}\", which is no address; send addresses such as 203.0.113.9, \
     or name the proxies in trustedProxies so that other values are ignored"
)]
pub struct InvalidForwarded {
    /// Name of the header.
    pub header: String,
    /// The offending element, escaped and cut to 64 characters; empty when no element names an address.
    pub element: String,
}

/// Finds the client of a request from its peer and the values of the chosen header, in order of appearance.
///
/// # Errors
/// [`InvalidForwarded`] only under [`Trust::AnyProxy`], for a value that is no address (400.10). Elsewhere an
/// unparsable element ends the walk and the last trusted hop is the client (D7).
pub fn identify<'h>(
    peer: IpAddr,
    source: &ClientSource,
    lines: impl Iterator<Item = &'h [u8]>,
) -> Result<Client, InvalidForwarded> {
    let direct = Client::direct(peer);
    let ClientSource::Forwarded(rule) = source else { return Ok(direct) };
    match &rule.trust {
        Trust::AnyProxy => left_most(direct.peer, &rule.header, lines),
        Trust::Listed(trusted) if is_listed(trusted, direct.peer) => {
            let trail = forwarded::trail(&rule.header, lines);
            Ok(walk(direct, &trail, trusted))
        }
        Trust::Implicit if is_near(direct.peer) => {
            let trail = forwarded::trail(&rule.header, lines);
            Ok(match trail.nearest_first().next() {
                Some(Hop::Address(address)) => Client::behind(direct.peer, address, Via::Implicit),
                Some(Hop::Nameless | Hop::Garbage(_)) | None => direct,
            })
        }
        Trust::Listed(_) | Trust::Implicit => Ok(direct),
    }
}

/// The right-most address that is not a trusted proxy; the left-most when all are trusted.
fn walk(direct: Client, trail: &Trail<'_>, trusted: &[IpNet]) -> Client {
    let mut client = direct;
    for hop in trail.nearest_first() {
        let Hop::Address(address) = hop else { break };
        client = Client::behind(direct.peer, address, Via::Listed);
        if !is_listed(trusted, client.address) {
            break;
        }
    }
    client
}

/// IIS's own reading: the left-most address of all lines, and every element has to be one.
fn left_most<'h>(
    peer: IpAddr,
    header: &ForwardedHeader,
    lines: impl Iterator<Item = &'h [u8]>,
) -> Result<Client, InvalidForwarded> {
    let invalid = |element: &[u8]| InvalidForwarded { header: header.name().to_owned(), element: escape(element, 64) };
    let (mut found, mut nameless) = (None, false);
    for hop in lines.flat_map(|line| forwarded::hops(header, line)) {
        match hop {
            Hop::Address(address) => found = found.or(Some(address)),
            Hop::Nameless => nameless = true,
            Hop::Garbage(element) => return Err(invalid(element)),
        }
    }
    match found {
        Some(address) => Ok(Client::behind(peer, address, Via::AnyProxy)),
        None if nameless => Err(invalid(b"")),
        None => Ok(Client::direct(peer)),
    }
}

fn is_listed(trusted: &[IpNet], address: IpAddr) -> bool {
    trusted.iter().any(|network| canonical_network(*network).contains(&address))
}

/// Loopback, private, unique local or link-local: an address a proxy of our own is likely to have (D8).
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(header: &str, trust: Trust) -> ClientSource {
        ClientSource::Forwarded(ForwardedRule { header: ForwardedHeader::named(header), trust })
    }

    fn found(peer: &str, source: &ClientSource, line: &str) -> Result<Client, InvalidForwarded> {
        identify(peer.parse().unwrap(), source, line.lines().map(str::as_bytes))
    }

    fn check(trust: Trust, peer: &str, line: &str, expected: (&str, Via)) {
        let client = found(peer, &source("X-Forwarded-For", trust), line).unwrap();
        assert_eq!((client.address.to_string().as_str(), client.via), expected, "{peer}: {line}");
    }

    fn listed() -> Trust {
        Trust::Listed(vec!["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()])
    }

    #[test]
    fn listed_proxies_are_walked_from_the_right() {
        check(listed(), "127.0.0.1", "6.6.6.6, 198.51.100.7, 10.0.0.2", ("198.51.100.7", Via::Listed));
        check(listed(), "127.0.0.1", "10.0.0.4, 10.0.0.3", ("10.0.0.4", Via::Listed));
        check(listed(), "127.0.0.1", "garbage", ("127.0.0.1", Via::Peer));
        check(listed(), "203.0.113.9", "198.51.100.7", ("203.0.113.9", Via::Peer));
    }

    #[test]
    fn an_empty_list_trusts_nobody() {
        check(Trust::Listed(Vec::new()), "127.0.0.1", "198.51.100.7", ("127.0.0.1", Via::Peer));
    }

    #[test]
    fn implicit_trust_believes_a_near_peer_for_one_hop() {
        check(Trust::Implicit, "127.0.0.1", "198.51.100.7, 10.0.0.2", ("10.0.0.2", Via::Implicit));
        check(Trust::Implicit, "fd00::1", "198.51.100.7", ("198.51.100.7", Via::Implicit));
        check(Trust::Implicit, "fe80::1", "198.51.100.7", ("198.51.100.7", Via::Implicit));
        check(Trust::Implicit, "203.0.113.9", "198.51.100.7", ("203.0.113.9", Via::Peer));
        check(Trust::Implicit, "10.0.0.1", "198.51.100.7, x", ("10.0.0.1", Via::Peer));
    }

    #[test]
    fn any_proxy_takes_the_left_most_and_refuses_garbage() {
        check(Trust::AnyProxy, "203.0.113.9", "unknown, 1.2.3.4, 5.6.7.8", ("1.2.3.4", Via::AnyProxy));
        let source = source("X-Forwarded-For", Trust::AnyProxy);
        let error = found("203.0.113.9", &source, "1.2.3.4, bad\u{1b}[1m").unwrap_err();
        assert_eq!(error.element, "bad\\x1b[1m");
        assert!(error.to_string().contains("X-Forwarded-For header holds"));
        assert_eq!(found("203.0.113.9", &source, "unknown").unwrap_err().element, "");
    }

    #[test]
    fn only_vouched_addresses_may_be_admitted() {
        let client = |via| Client { via, ..Client::direct("10.0.0.1".parse().unwrap()) };
        assert!(client(Via::Peer).may_be_admitted() && client(Via::Listed).may_be_admitted());
        assert!(!client(Via::Implicit).may_be_admitted() && !client(Via::AnyProxy).may_be_admitted());
    }

    #[test]
    fn header_names_ignore_case() {
        assert_eq!(ForwardedHeader::named("x-forwarded-for"), ForwardedHeader::XForwardedFor);
        assert_eq!(ForwardedHeader::named("FORWARDED"), ForwardedHeader::Forwarded);
        assert_eq!(ForwardedHeader::named("X-Real-IP").name(), "X-Real-IP");
    }

    #[test]
    fn the_peer_source_ignores_headers() {
        let client = found("::ffff:127.0.0.1", &ClientSource::Peer, "198.51.100.7").unwrap();
        assert_eq!(client, Client::direct("127.0.0.1".parse().unwrap()));
    }
}
