//! Which certificate answers a handshake: HTTP.sys's order (IIS reference §7.5, D14).

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use doorward_config::{CertificateBinding, CertificateKey, Endpoint, HostRule};

use crate::handshake::{HandshakeTerms, TlsSwitches};

/// Where a certificate and its key come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CertificateSource {
    /// Two files, or twice the same.
    Files {
        /// The chain, the server's own certificate first; or a PFX, which holds the key too.
        certificate: PathBuf,
        /// The private key.
        key: PathBuf,
        /// The file whose first line opens a PFX.
        password: Option<PathBuf>,
    },
    /// Made by the server for the embedded default; it lives in memory and nobody is asked to trust it.
    Embedded,
}

/// A folder in which certificates are named after their hosts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CentralStore {
    /// The folder.
    pub folder: PathBuf,
    /// The file whose first line opens the PFX files in it.
    pub password: Option<PathBuf>,
}

/// One answer to "which certificate?". The first that exists is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate<'c> {
    /// Where it lies.
    pub place: Place<'c>,
    /// What a handshake with it is about.
    pub terms: &'c HandshakeTerms,
}

/// Where a candidate lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'c> {
    /// This one; when it cannot be used, none.
    Source(&'c CertificateSource),
    /// The file named after the host in this store; when there is none, the next candidate.
    CentralStore(&'c CentralStore),
}

/// A certificate, or a store of some, and what handshakes with it are about.
#[derive(Clone, Debug)]
struct Bound<T> {
    what: T,
    terms: HandshakeTerms,
}

impl Bound<CertificateSource> {
    fn candidate(&self) -> Candidate<'_> {
        Candidate { place: Place::Source(&self.what), terms: &self.terms }
    }
}

/// What is bound to a name.
#[derive(Clone, Debug)]
enum Named {
    Source(CertificateSource),
    /// A store of its own, before that of the port.
    Store(CentralStore),
}

impl Bound<Named> {
    fn candidate(&self) -> Candidate<'_> {
        let place = match &self.what {
            Named::Source(source) => Place::Source(source),
            Named::Store(store) => Place::CentralStore(store),
        };
        Candidate { place, terms: &self.terms }
    }
}

/// The embedded default's.
static EMBEDDED: Bound<CertificateSource> = Bound { what: CertificateSource::Embedded, terms: HandshakeTerms::NONE };

/// The certificates of one listener.
#[derive(Clone, Debug, Default)]
pub struct Certificates {
    by_address: HashMap<IpAddr, Bound<CertificateSource>>,
    exact: HashMap<String, Bound<Named>>,
    /// (suffix with its leading dot, what is bound to it), the longest suffix first.
    wildcard: Vec<(String, Bound<Named>)>,
    central_store: Option<Bound<CentralStore>>,
    /// Whether sites of the embedded default need the listener.
    embedded: bool,
    /// Of every binding at this port, unless none switches anything off.
    switches: Vec<(Endpoint, TlsSwitches)>,
}

impl Certificates {
    /// Those for connections to `port`. Relative files lie beside `folder`, that of imported certificates.
    pub(crate) fn at(port: u16, bindings: &[CertificateBinding], folder: &Path) -> Self {
        let mut here = Self::default();
        for binding in bindings {
            let terms = HandshakeTerms::of(binding, folder);
            let password = binding.place.password_file(folder);
            let files = binding.place.files(folder);
            let source = files.map(|(certificate, key)| {
                let password = password.clone();
                CertificateSource::Files { certificate, key, password }
            });
            let store = binding.place.directory(folder).map(|folder| CentralStore { folder, password });
            match (&binding.key, source, store) {
                (CertificateKey::Address(address), Some(what), _) if address.port() == port => {
                    here.by_address.insert(address.ip(), Bound { what, terms });
                }
                (CertificateKey::Name(host, own), Some(source), _) if *own == port => {
                    here.add_name(host, Bound { what: Named::Source(source), terms });
                }
                (CertificateKey::Name(host, own), None, Some(store)) if *own == port => {
                    here.add_name(host, Bound { what: Named::Store(store), terms });
                }
                (CertificateKey::CentralStore(own), None, Some(what)) if *own == port => {
                    here.central_store = Some(Bound { what, terms });
                }
                (CertificateKey::Address(_) | CertificateKey::Name(..) | CertificateKey::CentralStore(_), ..) => {}
            }
        }
        here
    }

    fn add_name(&mut self, host: &HostRule, source: Bound<Named>) {
        match host {
            HostRule::Any => {}
            HostRule::Exact(name) => {
                self.exact.insert(name.clone(), source);
            }
            HostRule::Wildcard(suffix) => {
                self.wildcard.push((format!(".{suffix}"), source));
                self.wildcard.sort_by_key(|(suffix, _)| std::cmp::Reverse(suffix.len()));
            }
        }
    }

    /// From now on the embedded default's certificate answers where nothing else does.
    pub(crate) fn with_embedded(&mut self) {
        self.embedded = true;
    }

    /// Notes what the bindings at this port switch off.
    pub(crate) fn switch<'b>(&mut self, bindings: impl Iterator<Item = (&'b Endpoint, u32)>) {
        let all: Vec<_> = bindings.map(|(endpoint, flags)| (endpoint.clone(), TlsSwitches::of(flags))).collect();
        if all.iter().any(|(_, switches)| *switches != TlsSwitches::default()) {
            self.switches = all;
        }
    }

    /// The certificates for a connection whose own end is `local` and whose client asked for `name`, in lower case:
    /// the one of the address, of the name, of the central store, of the wildcard address. Only a central store, in
    /// which there may be no file for the name, has others behind it.
    pub fn candidates<'c>(&'c self, local: IpAddr, name: Option<&str>) -> impl Iterator<Item = Candidate<'c>> {
        let address = self.by_address.get(&local).map(Bound::<CertificateSource>::candidate);
        let exact = name.and_then(|name| self.exact.get(name));
        let covers = |suffix: &str| name.is_some_and(|name| name.len() > suffix.len() && name.ends_with(suffix));
        let wildcard = || self.wildcard.iter().find(|(suffix, _)| covers(suffix)).map(|(_, bound)| bound);
        let named = exact.or_else(wildcard).map(Bound::<Named>::candidate);
        let central = self.central_store.as_ref().filter(|_| name.is_some());
        let central = central.map(|store| Candidate { place: Place::CentralStore(&store.what), terms: &store.terms });
        let any_v6 = self.by_address.get(&IpAddr::from([0_u16; 8])).filter(|_| local.is_ipv6());
        let any = self.by_address.get(&IpAddr::from([0_u8; 4]));
        let embedded = self.embedded.then_some(&EMBEDDED);
        let first = address.or(named);
        let is_last = first.is_some_and(|first| matches!(first.place, Place::Source(_)));
        let rest = central.into_iter().chain(any_v6.or(any).or(embedded).map(Bound::<CertificateSource>::candidate));
        let rest = rest.take(if is_last { 0 } else { usize::MAX });
        first.into_iter().chain(rest)
    }

    /// Every certificate that may be asked for by itself.
    pub fn sources(&self) -> impl Iterator<Item = &CertificateSource> {
        let named = self.named().filter_map(|bound| match &bound.what {
            Named::Source(source) => Some(source),
            Named::Store(_) => None,
        });
        let addressed = self.by_address.values().chain(self.embedded.then_some(&EMBEDDED));
        addressed.map(|bound| &bound.what).chain(named)
    }

    /// Every store that may be looked into: of names, and of the port.
    pub fn stores(&self) -> impl Iterator<Item = &CentralStore> {
        let named = self.named().filter_map(|bound| match &bound.what {
            Named::Source(_) => None,
            Named::Store(store) => Some(store),
        });
        named.chain(self.central_store.as_ref().map(|store| &store.what))
    }

    /// The files of authorities that clients' certificates may have to come from.
    pub fn client_authorities(&self) -> impl Iterator<Item = &Path> {
        let central = self.central_store.as_ref().map(|store| &store.terms);
        let addressed = self.by_address.values().map(|bound| &bound.terms);
        let terms = addressed.chain(self.named().map(|bound| &bound.terms)).chain(central);
        terms.filter_map(|terms| terms.client_ca.as_deref())
    }

    fn named(&self) -> impl Iterator<Item = &Bound<Named>> {
        self.exact.values().chain(self.wildcard.iter().map(|(_, bound)| bound))
    }

    /// What the most specific binding for this connection switches off.
    pub fn switches(&self, local: IpAddr, name: Option<&str>) -> TlsSwitches {
        use doorward_config::BindingAddress;
        let rank = |endpoint: &Endpoint| {
            let by_address = match endpoint.address {
                BindingAddress::Ip(own) => (own == local).then_some(1),
                BindingAddress::Any | BindingAddress::AnyV4 | BindingAddress::AnyV6 => Some(0),
            }?;
            let by_name = match (&endpoint.host, name) {
                (HostRule::Any, _) => Some(0),
                (HostRule::Exact(own), Some(name)) => (own == name).then_some(usize::MAX),
                (HostRule::Wildcard(suffix), Some(name)) => {
                    let rest = name.strip_suffix(suffix.as_str()).filter(|rest| rest.len() > 1 && rest.ends_with('.'));
                    rest.map(|_| suffix.len())
                }
                (HostRule::Exact(_) | HostRule::Wildcard(_), None) => None,
            }?;
            Some((by_name, by_address))
        };
        let ranked = self.switches.iter().filter_map(|(endpoint, switches)| Some((rank(endpoint)?, *switches)));
        ranked.max_by_key(|(rank, _)| *rank).map(|(_, switches)| switches).unwrap_or_default()
    }

    /// What handshakes of a binding's clients are about, where they can get a certificate.
    pub(crate) fn terms(&self, local: IpAddr, host: &HostRule) -> Option<&HandshakeTerms> {
        let found = |name: Option<&str>| self.candidates(local, name).next().map(|candidate| candidate.terms);
        match host {
            HostRule::Any => found(None).or(self.central_store.as_ref().map(|store| &store.terms)),
            HostRule::Exact(name) => found(Some(name)),
            HostRule::Wildcard(suffix) => found(Some(&format!("any.{suffix}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_config::{BindingAddress, Home, load_text};

    fn configured(entries: &str) -> Certificates {
        let host = "<configuration/>";
        let http = format!("<httpService><sslCerts>{entries}</sslCerts></httpService>");
        let home = Home::under(Path::new("/d"));
        let read = load_text(host, Path::new("a"), Some((&http, Path::new("h"))), &home).unwrap();
        Certificates::at(443, &read.certificates, &home.certificates)
    }

    fn check(certificates: &Certificates, (local, name): (&str, Option<&str>), expected: &str) {
        let shown = certificates.candidates(local.parse().unwrap(), name).map(|candidate| match candidate.place {
            Place::Source(CertificateSource::Files { certificate, .. }) => {
                certificate.file_stem().unwrap().to_string_lossy().into_owned()
            }
            Place::Source(CertificateSource::Embedded) => "embedded".to_owned(),
            Place::CentralStore(store) => store.folder.display().to_string(),
        });
        assert_eq!(shown.collect::<Vec<_>>().join(" "), expected, "{local} {name:?}");
    }

    const ALL: &str = r#"<add ipPort="127.0.0.2:443" file="address"/>
        <add hostnamePort="a.test:443" file="exact"/>
        <add hostnamePort="*.test:443" file="short"/>
        <add hostnamePort="*.b.test:443" file="long"/>
        <add centralStore="443" directory="/store"/>
        <add ipPort="0.0.0.0:443" file="any"/>
        <add ipPort="[::]:443" file="any6"/>
        <add ipPort="127.0.0.3:444" file="elsewhere"/>"#;

    #[test]
    fn address_beats_name_beats_central_store_beats_wildcard() {
        let all = configured(ALL);
        check(&all, ("127.0.0.2", Some("a.test")), "address");
        check(&all, ("127.0.0.2", None), "address");
        check(&all, ("127.0.0.3", Some("a.test")), "exact");
        check(&all, ("127.0.0.3", Some("x.b.test")), "long");
        check(&all, ("127.0.0.3", Some("b.test")), "short");
        check(&all, ("127.0.0.3", Some("other")), "/store any");
        check(&all, ("127.0.0.3", None), "any");
        check(&all, ("::1", None), "any6");
    }

    #[test]
    fn a_store_of_one_name_comes_before_that_of_the_port() {
        let scoped = r#"<add hostnamePort="a.test:443" directory="/own"/>
            <add hostnamePort="*.b.test:443" directory="/wild"/>
            <add hostnamePort="c.test:443" file="c"/>"#;
        let bound = configured(&format!(
            r#"{scoped}<add centralStore="443" directory="/store"/>
            <add ipPort="0.0.0.0:443" file="any"/><add ipPort="127.0.0.2:443" file="address"/>"#
        ));
        check(&bound, ("127.0.0.3", Some("a.test")), "/own /store any");
        check(&bound, ("127.0.0.3", Some("x.b.test")), "/wild /store any");
        check(&bound, ("127.0.0.3", Some("c.test")), "c");
        check(&bound, ("127.0.0.2", Some("a.test")), "address");
        check(&configured(scoped), ("127.0.0.3", Some("a.test")), "/own");
        let stores: Vec<_> = bound.stores().map(|store| store.folder.display().to_string()).collect();
        assert_eq!((stores.len(), stores.last().unwrap().as_str()), (3, "/store"));
    }

    #[test]
    fn nothing_bound_is_no_certificate() {
        check(&configured(""), ("127.0.0.2", Some("a.test")), "");
        check(&configured(r#"<add hostnamePort="a.test:443" file="x"/>"#), ("127.0.0.2", None), "");
        check(&configured(r#"<add ipPort="0.0.0.0:443" file="any"/>"#), ("::1", None), "any");
        check(&configured(r#"<add ipPort="[::]:443" file="any6"/>"#), ("127.0.0.2", None), "");
    }

    #[test]
    fn the_embedded_one_comes_last() {
        let mut certificates = configured(r#"<add ipPort="127.0.0.2:443" file="own"/>"#);
        certificates.with_embedded();
        check(&certificates, ("127.0.0.2", None), "own");
        check(&certificates, ("127.0.0.3", None), "embedded");
    }

    #[test]
    fn a_binding_is_told_when_no_certificate_serves_it() {
        let named = configured(r#"<add hostnamePort="a.test:443" file="x"/>"#);
        let serves = |host: HostRule| named.terms([127, 0, 0, 2].into(), &host).is_some();
        assert!(serves(HostRule::Exact("a.test".to_owned())) && !serves(HostRule::Any));
        assert!(!serves(HostRule::Exact("b.test".to_owned())) && !serves(HostRule::Wildcard("test".to_owned())));
        assert!(configured("").terms([127, 0, 0, 2].into(), &HostRule::Any).is_none());
    }

    #[test]
    fn the_most_specific_binding_switches() {
        let endpoint = |host: &str, address: BindingAddress| {
            let host = match host.strip_prefix("*.") {
                Some(suffix) => HostRule::Wildcard(suffix.to_owned()),
                None if host.is_empty() => HostRule::Any,
                None => HostRule::Exact(host.to_owned()),
            };
            Endpoint { secure: true, address, port: 443, host }
        };
        let own = BindingAddress::Ip([127, 0, 0, 2].into());
        let bindings = [
            (endpoint("", BindingAddress::Any), 32),
            (endpoint("a.test", BindingAddress::Any), 0),
            (endpoint("*.b.test", BindingAddress::Any), 4),
            (endpoint("", own), 36),
        ];
        let mut certificates = Certificates::default();
        certificates.switch(bindings.iter().map(|(endpoint, flags)| (endpoint, *flags)));
        let found = |local: [u8; 4], name| {
            let switches = certificates.switches(local.into(), name);
            (switches.without_tls13, switches.without_http2)
        };
        assert_eq!(found([127, 0, 0, 3], None), (true, false));
        assert_eq!(found([127, 0, 0, 3], Some("a.test")), (false, false));
        assert_eq!(found([127, 0, 0, 3], Some("x.b.test")), (false, true));
        assert_eq!(found([127, 0, 0, 2], None), (true, true));
    }
}
