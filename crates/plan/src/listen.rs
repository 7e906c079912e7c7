//! Which exact addresses to hold open, and what each leads to.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use doorward_config::{BindingAddress, Endpoint};
use doorward_limiter::{IpNet, canonical};

use crate::certificates::Certificates;
use crate::gate::EarlyAbort;
use crate::route::{Route, Routes};
use crate::site::SitePlan;

/// A part of the configuration that could not be planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The site it concerns.
    pub site: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let site = self.site.as_deref().map(|site| format!("{site}: ")).unwrap_or_default();
        write!(formatter, "warning: {site}{}", self.message)
    }
}

/// One bound address and port.
#[derive(Clone, Debug)]
pub struct ListenerPlan {
    /// Whether connections start with a TLS handshake.
    pub secure: bool,
    /// Whether clients may speak HTTP/2: no binding here switches it off (`sslFlags` 4, IIS reference §1.3).
    pub http2: bool,
    /// Which certificate those get.
    pub certificates: Certificates,
    /// When connections are reset before their first byte (D11).
    pub early_abort: Option<EarlyAbort>,
    routes: Routes,
    /// A wildcard listener (`0.0.0.0`, `[::]`) also takes what bindings with an address asked for,
    /// since the kernel gives a port to either the wildcard or its single addresses.
    by_local: HashMap<IpAddr, Routes>,
    /// Who has to begin with a PROXY protocol header: whoever one of the started sites here names.
    proxy_protocol: Vec<IpNet>,
}

impl ListenerPlan {
    /// The routes of a connection whose own end has this address.
    pub fn routes(&self, local: IpAddr) -> &Routes {
        self.by_local.get(&local).unwrap_or(&self.routes)
    }

    /// Whether a path of the sites that can be meant by this name, or by none, wants a client's certificate.
    pub fn asks_certificate(&self, local: IpAddr, name: Option<&str>) -> bool {
        let routes = self.routes(local);
        match name {
            Some(name) => matches!(routes.find(name), Route::Site(site) if site.asks_certificate),
            None => routes.sites().iter().any(|site| site.asks_certificate),
        }
    }

    /// Whether a connection of this peer has to begin with a PROXY protocol header.
    pub fn expects_proxy_header(&self, peer: IpAddr) -> bool {
        let peer = canonical(peer);
        self.proxy_protocol.iter().any(|network| network.contains(&peer))
    }

    /// The started sites that need this listener, each once.
    pub fn sites(&self) -> Vec<&Arc<SitePlan>> {
        let mut sites = self.routes.sites();
        for site in self.by_local.values().flat_map(Routes::sites) {
            if !sites.iter().any(|other| other.id == site.id) {
                sites.push(site);
            }
        }
        sites
    }
}

/// One usable binding of one site.
pub(crate) struct Claimed {
    pub(crate) site: Arc<SitePlan>,
    pub(crate) endpoint: Endpoint,
    /// `sslFlags` without bit 4.
    pub(crate) http2: bool,
}

/// The addresses to open for all started sites, with the routes at each.
pub(crate) fn listeners(claimed: &[Claimed], listen: &[IpAddr]) -> (BTreeMap<SocketAddr, ListenerPlan>, Vec<Problem>) {
    let mut protocols: BTreeMap<SocketAddr, bool> = BTreeMap::new();
    let mut problems = Vec::new();
    for claim in claimed.iter().filter(|claim| claim.site.state.is_started()) {
        for address in addresses(claim.endpoint.address, listen) {
            let address = SocketAddr::new(address, claim.endpoint.port);
            if *protocols.entry(address).or_insert(claim.endpoint.secure) != claim.endpoint.secure {
                problems.push(Problem {
                    site: Some(claim.site.name.clone()),
                    message: format!("{address} is wanted for both http and https; the first binding keeps it"),
                });
            }
        }
    }
    absorb_into_wildcards(&mut protocols);
    let listeners: BTreeMap<SocketAddr, ListenerPlan> =
        protocols.into_iter().map(|(address, secure)| (address, listener(address, secure, claimed, listen))).collect();
    problems.extend(listeners.iter().filter_map(proxy_protocol_problem));
    (listeners, problems)
}

/// A connection is settled before its site is known, so that the sites of one address have to agree.
fn proxy_protocol_problem((address, listener): (&SocketAddr, &ListenerPlan)) -> Option<Problem> {
    let sites = listener.sites();
    let first = sites.first()?;
    let other = sites.iter().find(|site| site.proxy_protocol != first.proxy_protocol)?;
    Some(Problem {
        site: Some(other.name.clone()),
        message: format!(
            "it shares {address} with {}, whose proxyProtocol differs: the peers of both lists have to send the header",
            first.name
        ),
    })
}

/// The addresses a binding listens on: its own, or what the IP listen list leaves of the wildcard.
fn addresses(binding: BindingAddress, listen: &[IpAddr]) -> Vec<IpAddr> {
    let wildcards = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
    let usable = if listen.is_empty() { &wildcards[..] } else { listen };
    let of_family = |v4: bool| usable.iter().copied().filter(|address| address.is_ipv4() == v4).collect();
    match binding {
        BindingAddress::Ip(address) => vec![address],
        BindingAddress::Any => usable.to_vec(),
        BindingAddress::AnyV4 => of_family(true),
        BindingAddress::AnyV6 => of_family(false),
    }
}

/// Where a wildcard is to be opened, the single addresses of its family and port go into it.
fn absorb_into_wildcards(protocols: &mut BTreeMap<SocketAddr, bool>) {
    let wildcards: BTreeSet<(u16, bool)> = protocols
        .keys()
        .filter(|address| address.ip().is_unspecified())
        .map(|address| (address.port(), address.is_ipv4()))
        .collect();
    protocols.retain(|address, _| {
        address.ip().is_unspecified() || !wildcards.contains(&(address.port(), address.is_ipv4()))
    });
}

fn listener(address: SocketAddr, secure: bool, claimed: &[Claimed], listen: &[IpAddr]) -> ListenerPlan {
    let here: Vec<&Claimed> = claimed
        .iter()
        .filter(|claim| claim.endpoint.port == address.port() && claim.endpoint.secure == secure)
        .collect();
    let mut by_local = HashMap::new();
    if address.ip().is_unspecified() {
        for claim in &here {
            if let BindingAddress::Ip(own) = claim.endpoint.address
                && own.is_ipv4() == address.is_ipv4()
            {
                by_local.entry(own).or_insert_with(|| routes_at(own, &here, listen));
            }
        }
    }
    let http2 =
        here.iter().filter(|claim| covers(claim.endpoint.address, address.ip(), listen)).all(|claim| claim.http2);
    let mut planned = ListenerPlan {
        secure,
        http2,
        certificates: Certificates::default(),
        early_abort: None,
        routes: routes_at(address.ip(), &here, listen),
        by_local,
        proxy_protocol: Vec::new(),
    };
    planned.proxy_protocol = planned.sites().iter().flat_map(|site| site.proxy_protocol.clone()).collect();
    planned
}

fn routes_at(local: IpAddr, here: &[&Claimed], listen: &[IpAddr]) -> Routes {
    let mut routes = Routes::default();
    for claim in here.iter().filter(|claim| covers(claim.endpoint.address, local, listen)) {
        let names_address = matches!(claim.endpoint.address, BindingAddress::Ip(_));
        routes.add(&claim.endpoint.host, &claim.site, names_address);
    }
    routes
}

/// Whether a binding takes requests that arrive at `local`.
pub(crate) fn covers(binding: BindingAddress, local: IpAddr, listen: &[IpAddr]) -> bool {
    let is_listed = || {
        listen.is_empty()
            || listen.iter().any(|own| *own == local || (own.is_unspecified() && own.is_ipv4() == local.is_ipv4()))
    };
    match binding {
        BindingAddress::Ip(own) => own == local,
        BindingAddress::Any => is_listed(),
        BindingAddress::AnyV4 => local.is_ipv4() && is_listed(),
        BindingAddress::AnyV6 => local.is_ipv6() && is_listed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::SiteState;
    use crate::site::tests_support::site;
    use doorward_config::parse_binding_information;

    /// Sites are `name`, or `-name` when stopped, each with one binding.
    fn planned(bindings: &[(&str, &str)], listen: &[&str]) -> BTreeMap<SocketAddr, ListenerPlan> {
        let listen: Vec<IpAddr> = listen.iter().map(|address| address.parse().unwrap()).collect();
        let claimed: Vec<Claimed> = (1..)
            .zip(bindings)
            .map(|(id, (name, information))| {
                let (address, port, host) = parse_binding_information(information).unwrap();
                let state = if name.starts_with('-') { SiteState::Stopped } else { SiteState::Started };
                let endpoint = Endpoint { secure: false, address, port, host };
                Claimed { site: site(id, name.trim_start_matches('-'), state), endpoint, http2: true }
            })
            .collect();
        listeners(&claimed, &listen).0
    }

    fn check(bindings: &[(&str, &str)], listen: &[&str], expected: &[&str]) {
        let found: Vec<String> = planned(bindings, listen).keys().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{bindings:?} with {listen:?}");
    }

    #[test]
    fn addresses_to_open() {
        check(&[("a", "127.0.0.2:80:")], &[], &["127.0.0.2:80"]);
        check(&[("a", "127.0.0.2:80:")], &["127.0.0.9"], &["127.0.0.2:80"]);
        check(&[("a", "*:80:")], &[], &["0.0.0.0:80", "[::]:80"]);
        check(&[("a", "*:80:")], &["127.0.0.2", "::1"], &["127.0.0.2:80", "[::1]:80"]);
        check(&[("a", "*:80:"), ("b", "127.0.0.3:80:")], &[], &["0.0.0.0:80", "[::]:80"]);
        check(&[("a", "*:80:"), ("b", "127.0.0.3:81:")], &[], &["0.0.0.0:80", "127.0.0.3:81", "[::]:80"]);
        check(&[("a", "*:80:"), ("b", "127.0.0.3:80:")], &["127.0.0.2"], &["127.0.0.2:80", "127.0.0.3:80"]);
        check(&[("-a", "127.0.0.2:80:"), ("b", "127.0.0.3:80:")], &[], &["127.0.0.3:80"]);
        check(&[("a", "127.0.0.2:80:a.test"), ("b", "127.0.0.2:80:b.test")], &[], &["127.0.0.2:80"]);
        check(&[("a", "0.0.0.0:80:")], &[], &["0.0.0.0:80"]);
        check(&[("a", "[::]:80:")], &["127.0.0.2", "::1"], &["[::1]:80"]);
    }

    fn route(bindings: &[(&str, &str)], listen: &[&str], at: (&str, &str, &str)) -> String {
        let planned = planned(bindings, listen);
        let (listener, local, host) = at;
        match planned[&listener.parse().unwrap()].routes(local.parse().unwrap()).find(host) {
            Route::Site(site) => site.name.clone(),
            Route::Stopped => "stopped".to_owned(),
            Route::UnknownHost => "unknown".to_owned(),
        }
    }

    #[test]
    fn one_binding_switches_http2_off_for_its_address() {
        let (address, port, host) = parse_binding_information("127.0.0.2:80:a").unwrap();
        let claim = |id, http2| Claimed {
            site: site(id, "s", SiteState::Started),
            endpoint: Endpoint { secure: false, address, port, host: host.clone() },
            http2,
        };
        let spoken =
            |claims: &[Claimed]| listeners(claims, &[]).0.values().map(|listener| listener.http2).collect::<Vec<_>>();
        assert_eq!(spoken(&[claim(1, true), claim(2, true)]), [true]);
        assert_eq!(spoken(&[claim(1, true), claim(2, false)]), [false]);
    }

    #[test]
    fn wildcard_listeners_route_by_local_address() {
        let both = [("star", "*:80:"), ("own", "127.0.0.3:80:")];
        assert_eq!(route(&both, &[], ("0.0.0.0:80", "127.0.0.3", "x")), "own");
        assert_eq!(route(&both, &[], ("0.0.0.0:80", "127.0.0.4", "x")), "star");
        assert_eq!(route(&both, &[], ("[::]:80", "::1", "x")), "star");
        let stopped = [("star", "*:80:"), ("-own", "127.0.0.3:80:")];
        assert_eq!(route(&stopped, &[], ("0.0.0.0:80", "127.0.0.3", "x")), "star");
        let named = [("a", "*:80:a.test"), ("-b", "*:80:b.test")];
        assert_eq!(route(&named, &[], ("0.0.0.0:80", "127.0.0.3", "b.test")), "stopped");
        assert_eq!(route(&named, &[], ("0.0.0.0:80", "127.0.0.3", "c.test")), "unknown");
    }

    #[test]
    fn star_claims_only_listed_addresses() {
        let both = [("star", "*:80:star.test"), ("own", "127.0.0.3:80:own.test")];
        assert_eq!(route(&both, &["127.0.0.2"], ("127.0.0.3:80", "127.0.0.3", "star.test")), "unknown");
        assert_eq!(route(&both, &["127.0.0.2", "127.0.0.3"], ("127.0.0.3:80", "127.0.0.3", "star.test")), "star");
    }
}
