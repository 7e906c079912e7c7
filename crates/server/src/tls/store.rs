//! All certificates of the plan in force, ready for handshakes. Files are read again when they change.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use doorward_plan::{CentralStore, CertificateSource, ListenerPlan, Place, Plan};
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};

use super::certificate::{CertificateFacts, facts_of, from_files, join};
use super::client_certificate::{self, Authorities, AuthorityFile, ClientCertificate};
use super::config::{Ready, Way};
use super::signature::{Signature, signature};
use super::{embedded, staple};
use crate::clock::unix_ms;

/// Files of a central store that are read at most; a larger folder is a mistake.
const CENTRAL_STORE_FILES_MAX: usize = 4096;

/// A certificate as `status` tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateStatus {
    /// Its file, or the words for the embedded default's.
    pub source: String,
    /// What is in use.
    pub facts: Option<CertificateFacts>,
    /// Why it cannot be used, or why the newest state of its file is not; or that it expires.
    pub problem: Option<String>,
}

#[derive(Debug)]
struct Entry {
    state: State,
    usable: Option<(Arc<Ready>, CertificateFacts)>,
    /// When the authority's word for it has to be left out, in seconds since 1970 UTC.
    staple_until_unix_s: Option<i64>,
    problem: Option<String>,
}

/// What was read of a certificate.
struct Loaded {
    ready: Arc<Ready>,
    facts: CertificateFacts,
    staple: Option<Result<i64, String>>,
}

/// Why a handshake does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoHandshake {
    /// Nothing is bound for it that can be used.
    NoCertificate,
    /// The certificate's binding rejects everybody.
    Rejected,
}

/// What a handshake goes on with.
pub(crate) struct Chosen {
    pub(crate) config: Arc<ServerConfig>,
    authorities: Option<Arc<Authorities>>,
}

impl Chosen {
    /// What the client's certificates are worth.
    pub(crate) fn judge(&self, chain: Option<&[CertificateDer<'_>]>) -> ClientCertificate {
        client_certificate::judge(chain, self.authorities.as_deref())
    }
}

/// What a certificate was made from.
#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Certificate, key, password, and the authority's word.
    Files([Option<Signature>; 4]),
    Made(Instant),
}

/// The certificates of a plan.
#[derive(Debug, Default)]
pub(crate) struct Store {
    entries: HashMap<CertificateSource, Arc<Entry>>,
    /// Store, then host name with `_` for a wildcard's `*`.
    central: HashMap<CentralStore, HashMap<String, CertificateSource>>,
    authorities: HashMap<PathBuf, Arc<AuthorityFile>>,
}

impl Store {
    /// Reads what a plan needs; what has not changed since `before` is taken over, and what cannot be read any more
    /// stays in use as it was.
    pub(crate) fn of(plan: &Plan, before: &Self) -> Self {
        let mut store = Self::default();
        for listener in plan.listeners.values().filter(|listener| listener.secure) {
            listener.certificates.sources().for_each(|source| store.take(source, before));
            listener.certificates.client_authorities().for_each(|file| store.take_authorities(file, before));
            for central in listener.certificates.stores() {
                if store.central.contains_key(central) {
                    continue;
                }
                let files = central_store(central);
                for source in files.values() {
                    store.take(source, before);
                }
                store.central.insert(central.clone(), files);
            }
        }
        store
    }

    /// Those of `other` too, for connections that still hold its plan.
    pub(crate) fn joined(&self, other: &Self) -> Self {
        Self {
            entries: joined(&self.entries, &other.entries),
            central: joined(&self.central, &other.central),
            authorities: joined(&self.authorities, &other.authorities),
        }
    }

    /// Whether it holds the very same certificates.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.central == other.central
            && is_same(&self.entries, &other.entries)
            && is_same(&self.authorities, &other.authorities)
    }

    fn take(&mut self, source: &CertificateSource, before: &Self) {
        if self.entries.contains_key(source) {
            return;
        }
        let present = before.entries.get(source);
        let entry = match present.filter(|entry| entry.is_current(source)) {
            Some(entry) => Arc::clone(entry),
            None => Arc::new(Entry::load(source, present.and_then(|entry| entry.usable.clone()))),
        };
        self.entries.insert(source.clone(), entry);
    }

    fn take_authorities(&mut self, file: &Path, before: &Self) {
        if self.authorities.contains_key(file) {
            return;
        }
        let present = before.authorities.get(file);
        let entry = match present.filter(|entry| entry.is_current(file)) {
            Some(entry) => Arc::clone(entry),
            None => Arc::new(AuthorityFile::load(file, present.and_then(|entry| entry.usable.clone()))),
        };
        self.authorities.insert(file.to_owned(), entry);
    }

    /// How a handshake goes on (D14), or why it does not.
    pub(crate) fn choose(
        &self,
        listener: &ListenerPlan,
        local: IpAddr,
        name: Option<&str>,
    ) -> Result<Chosen, NoHandshake> {
        let certificates = &listener.certificates;
        let found = certificates.candidates(local, name).find_map(|candidate| match candidate.place {
            Place::Source(source) => Some((source, candidate.terms)),
            Place::CentralStore(store) => Some((self.in_central_store(store, name?)?, candidate.terms)),
        });
        let (found, terms) = found.ok_or(NoHandshake::NoCertificate)?;
        if terms.rejects {
            return Err(NoHandshake::Rejected);
        }
        let usable = self.entries.get(found).and_then(|entry| entry.usable.as_ref());
        let (ready, _) = usable.ok_or(NoHandshake::NoCertificate)?;
        let switches = certificates.switches(local, name).and(terms.switches);
        let way = Way {
            tls12: !terms.tls13_only,
            tls13: terms.tls13_only || !switches.without_tls13,
            http2: !switches.without_http2,
            asks: terms.asks_certificate || listener.asks_certificate(local, name),
            staples: !switches.without_stapling,
        };
        let authorities = terms.client_ca.as_ref().and_then(|file| self.authorities.get(file)?.usable.clone());
        let config = ready.config(way).map_err(|_| NoHandshake::NoCertificate)?;
        Ok(Chosen { config, authorities })
    }

    fn in_central_store(&self, store: &CentralStore, name: &str) -> Option<&CertificateSource> {
        let files = self.central.get(store)?;
        let wildcard = || files.get(&format!("_.{}", name.split_once('.')?.1));
        files.get(name).or_else(wildcard)
    }

    /// Every certificate, in the order of its source.
    pub(crate) fn status(&self) -> Vec<CertificateStatus> {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_by_key(|(source, _)| *source);
        let certificates = entries.into_iter().map(|(source, entry)| entry.status(source));
        let mut authorities: Vec<_> = self.authorities.iter().collect();
        authorities.sort_by_key(|(file, _)| *file);
        certificates.chain(authorities.into_iter().map(|(file, entry)| authorities_status(file, entry))).collect()
    }
}

fn authorities_status(file: &Path, entry: &AuthorityFile) -> CertificateStatus {
    let facts = entry.facts().cloned();
    let expiry = || facts.as_ref().and_then(|facts| facts.expiry_warning(now_unix_s()));
    let problem = entry.problem().cloned().or_else(expiry);
    CertificateStatus { source: client_certificate::source(file), problem, facts }
}

/// What both hold; where both have something, what `first` has.
fn joined<K: Clone + Eq + Hash, V: Clone>(first: &HashMap<K, V>, second: &HashMap<K, V>) -> HashMap<K, V> {
    let pairs = second.iter().chain(first);
    pairs.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn is_same<K: Eq + Hash, V>(first: &HashMap<K, Arc<V>>, second: &HashMap<K, Arc<V>>) -> bool {
    let same = |(key, value): (&K, &Arc<V>)| second.get(key).is_some_and(|other| Arc::ptr_eq(value, other));
    first.len() == second.len() && first.iter().all(same)
}

fn now_unix_s() -> i64 {
    i64::try_from(unix_ms() / 1000).unwrap_or(i64::MAX)
}

/// The certificates a plan needs, read once; for `check`.
pub fn certificates_of(plan: &Plan) -> Vec<CertificateStatus> {
    Store::of(plan, &Store::default()).status()
}

/// The certificates that were imported into this folder, each in `SHA1.pem` and `SHA1.key`.
pub fn imported_certificates(folder: &Path) -> Vec<CertificateStatus> {
    let files = central_store(&CentralStore { folder: folder.to_owned(), password: None }).into_iter();
    let is_sha1 = |name: &str| name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut sources: Vec<_> = files.filter(|(name, _)| is_sha1(name)).map(|(_, source)| source).collect();
    sources.sort();
    sources.iter().map(|source| Entry::load(source, None).status(source)).collect()
}

impl Entry {
    fn load(source: &CertificateSource, before: Option<(Arc<Ready>, CertificateFacts)>) -> Self {
        // Looked at first: a file that changes while it is read is read again.
        let state = State::of(source);
        match load(source) {
            Ok(Loaded { ready, facts, staple }) => {
                let usable = Some((ready, facts));
                match staple {
                    Some(Ok(until)) => Self { state, usable, staple_until_unix_s: Some(until), problem: None },
                    Some(Err(problem)) => Self { state, usable, staple_until_unix_s: None, problem: Some(problem) },
                    None => Self { state, usable, staple_until_unix_s: None, problem: None },
                }
            }
            Err(problem) => {
                let kept = if before.is_some() { "; the certificate read before stays in use" } else { "" };
                let problem = Some(format!("{problem}{kept}"));
                Self { state, problem, usable: before, staple_until_unix_s: None }
            }
        }
    }

    fn is_current(&self, source: &CertificateSource) -> bool {
        if self.staple_until_unix_s.is_some_and(|until| until <= now_unix_s()) {
            return false;
        }
        match &self.state {
            State::Files(signature) => matches!(State::of(source), State::Files(now) if now == *signature),
            State::Made(at) => at.elapsed() < embedded::RENEWED_AFTER,
        }
    }

    fn status(&self, source: &CertificateSource) -> CertificateStatus {
        let facts = self.usable.as_ref().map(|(_, facts)| facts.clone());
        let expiry = || facts.as_ref().and_then(|facts| facts.expiry_warning(now_unix_s()));
        let source = match source {
            CertificateSource::Files { certificate, .. } => certificate.display().to_string(),
            CertificateSource::Embedded => "(embedded default, in memory only)".to_owned(),
        };
        CertificateStatus { source, problem: self.problem.clone().or_else(expiry), facts }
    }
}

impl State {
    fn of(source: &CertificateSource) -> Self {
        match source {
            CertificateSource::Files { certificate, key, password } => Self::Files([
                signature(certificate),
                signature(key),
                password.as_deref().and_then(signature),
                signature(&staple::beside(certificate)),
            ]),
            CertificateSource::Embedded => Self::Made(Instant::now()),
        }
    }
}

fn load(source: &CertificateSource) -> Result<Loaded, String> {
    let (mut certified, facts, staple) = match source {
        CertificateSource::Files { certificate, key, password } => {
            let read = from_files((certificate, key), password.as_deref());
            let (certified, facts) = read.map_err(|error| error.to_string())?;
            let own = certified.cert.first();
            let staple = own.and_then(|own| staple::load(&staple::beside(certificate), own, now_unix_s()));
            (certified, facts, staple)
        }
        CertificateSource::Embedded => {
            let (chain, key) = embedded::make().map_err(|error| error.to_string())?;
            let facts = facts_of(&chain[0])?;
            (join(chain, key).map_err(|error| error.to_string())?, facts, None)
        }
    };
    let staple = staple.map(|staple| {
        staple.map(|staple| {
            certified.ocsp = Some(staple.der);
            staple.until_unix_s
        })
    });
    let ready = Arc::new(Ready::new(certified).map_err(|error| error.to_string())?);
    Ok(Loaded { ready, facts, staple })
}

/// The files of a central store by host name: `shop.test.pem`, `_.shop.test.pem`, the key inside or in `shop.test.key`; or
/// `shop.test.pfx`, which a PEM of the same name beats.
fn central_store(store: &CentralStore) -> HashMap<String, CertificateSource> {
    let files = std::fs::read_dir(&store.folder).into_iter().flatten().filter_map(Result::ok);
    let mut named = HashMap::new();
    for file in files.take(CENTRAL_STORE_FILES_MAX) {
        let (certificate, name) = (file.path(), file.file_name());
        let Some((host, extension)) = name.to_str().and_then(|name| name.rsplit_once('.')) else { continue };
        let host = host.to_ascii_lowercase();
        match extension {
            "pem" => {
                let beside = certificate.with_extension("key");
                let key = if beside.exists() { beside } else { certificate.clone() };
                named.insert(host, CertificateSource::Files { certificate, key, password: None });
            }
            "pfx" => {
                let (key, password) = (certificate.clone(), store.password.clone());
                named.entry(host).or_insert(CertificateSource::Files { certificate, key, password });
            }
            _ => {}
        }
    }
    named
}
