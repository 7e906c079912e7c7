//! All certificates of the plan in force, ready for handshakes. Files are read again when they change.

use std::collections::HashMap;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use doorward_plan::{Candidate, CertificateSource, Certificates, Plan};
use rustls::ServerConfig;
use serde::{Deserialize, Serialize};

use super::certificate::{CertificateFacts, facts_of, from_files, join};
use super::config::Ready;
use super::embedded;
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

/// Tells one state of files from another without reading them.
type Signature = [Option<[i64; 4]>; 2];

#[derive(Debug)]
struct Entry {
    state: State,
    usable: Option<(Arc<Ready>, CertificateFacts)>,
    problem: Option<String>,
}

/// What a certificate was made from.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Files(Signature),
    Made(Instant),
}

/// The certificates of a plan.
#[derive(Debug, Default)]
pub(crate) struct Store {
    entries: HashMap<CertificateSource, Arc<Entry>>,
    /// Folder, then host name with `_` for a wildcard's `*`.
    central: HashMap<PathBuf, HashMap<String, CertificateSource>>,
}

impl Store {
    /// Reads what a plan needs; what has not changed since `before` is taken over, and what cannot be read any more
    /// stays in use as it was.
    pub(crate) fn of(plan: &Plan, before: &Self) -> Self {
        let mut store = Self::default();
        for listener in plan.listeners.values().filter(|listener| listener.secure) {
            let (sources, folder) = listener.certificates.sources();
            sources.for_each(|source| store.take(source, before));
            if let Some(folder) = folder
                && !store.central.contains_key(folder)
            {
                let files = central_store(folder);
                for source in files.values() {
                    store.take(source, before);
                }
                store.central.insert(folder.to_owned(), files);
            }
        }
        store
    }

    /// Those of `other` too, for connections that still hold its plan.
    pub(crate) fn joined(&self, other: &Self) -> Self {
        let mut all = Self { entries: other.entries.clone(), central: other.central.clone() };
        all.entries.extend(self.entries.iter().map(|(source, entry)| (source.clone(), Arc::clone(entry))));
        all.central.extend(self.central.iter().map(|(folder, files)| (folder.clone(), files.clone())));
        all
    }

    /// Whether it holds the very same certificates.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.central == other.central
            && self.entries.len() == other.entries.len()
            && self
                .entries
                .iter()
                .all(|(source, entry)| other.entries.get(source).is_some_and(|other| Arc::ptr_eq(entry, other)))
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

    /// The configuration for a handshake (D14); `None` when there is no certificate for it.
    pub(crate) fn choose(
        &self,
        certificates: &Certificates,
        local: IpAddr,
        name: Option<&str>,
    ) -> Option<Arc<ServerConfig>> {
        let found = certificates.candidates(local, name).find_map(|candidate| match candidate {
            Candidate::Source(source) => Some(source),
            Candidate::CentralStore(folder) => self.in_central_store(folder, name?),
        })?;
        let (ready, _) = self.entries.get(found)?.usable.as_ref()?;
        Some(ready.config(certificates.switches(local, name)))
    }

    fn in_central_store(&self, folder: &Path, name: &str) -> Option<&CertificateSource> {
        let files = self.central.get(folder)?;
        let wildcard = || files.get(&format!("_.{}", name.split_once('.')?.1));
        files.get(name).or_else(wildcard)
    }

    /// Every certificate, in the order of its source.
    pub(crate) fn status(&self) -> Vec<CertificateStatus> {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_by_key(|(source, _)| *source);
        entries.into_iter().map(|(source, entry)| entry.status(source)).collect()
    }
}

/// The certificates a plan needs, read once; for `check`.
pub fn certificates_of(plan: &Plan) -> Vec<CertificateStatus> {
    Store::of(plan, &Store::default()).status()
}

/// The certificates that were imported into this folder, each in `SHA1.pem` and `SHA1.key`.
pub fn imported_certificates(folder: &Path) -> Vec<CertificateStatus> {
    let files = central_store(folder).into_iter();
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
            Ok(usable) => Self { state, usable: Some(usable), problem: None },
            Err(problem) => {
                let kept = if before.is_some() { "; the certificate read before stays in use" } else { "" };
                Self { state, problem: Some(format!("{problem}{kept}")), usable: before }
            }
        }
    }

    fn is_current(&self, source: &CertificateSource) -> bool {
        match &self.state {
            State::Files(signature) => matches!(State::of(source), State::Files(now) if now == *signature),
            State::Made(at) => at.elapsed() < embedded::RENEWED_AFTER,
        }
    }

    fn status(&self, source: &CertificateSource) -> CertificateStatus {
        let facts = self.usable.as_ref().map(|(_, facts)| facts.clone());
        let now_unix_s = i64::try_from(unix_ms() / 1000).unwrap_or(i64::MAX);
        let expiry = || facts.as_ref().and_then(|facts| facts.expiry_warning(now_unix_s));
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
            CertificateSource::Files { certificate, key } => {
                Self::Files([certificate, key].map(|path| signature(path)))
            }
            CertificateSource::Embedded => Self::Made(Instant::now()),
        }
    }
}

fn signature(path: &Path) -> Option<[i64; 4]> {
    let metadata = std::fs::metadata(path).ok()?;
    let signed = |number: u64| number.cast_signed();
    let time = metadata.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let nanos = i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
    // The status-change time tells of a `chmod`, which may be what was missing.
    Some([signed(metadata.ino()), signed(metadata.size()), nanos, metadata.ctime() ^ metadata.ctime_nsec() << 32])
}

fn load(source: &CertificateSource) -> Result<(Arc<Ready>, CertificateFacts), String> {
    let (certified, facts) = match source {
        CertificateSource::Files { certificate, key } => {
            from_files(certificate, key).map_err(|error| error.to_string())?
        }
        CertificateSource::Embedded => {
            let (chain, key) = embedded::make().map_err(|error| error.to_string())?;
            let facts = facts_of(&chain[0])?;
            (join(chain, key).map_err(|error| error.to_string())?, facts)
        }
    };
    let ready = Ready::new(certified).map_err(|error| error.to_string())?;
    Ok((Arc::new(ready), facts))
}

/// The files of a central store by host name: `shop.test.pem`, `_.shop.test.pem`, the key inside or in `shop.test.key`.
fn central_store(folder: &Path) -> HashMap<String, CertificateSource> {
    let files = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).take(CENTRAL_STORE_FILES_MAX);
    let named = files.filter_map(|file| {
        let certificate = file.path();
        let host = file.file_name().to_str()?.strip_suffix(".pem")?.to_ascii_lowercase();
        let beside = certificate.with_extension("key");
        let key = if beside.exists() { beside } else { certificate.clone() };
        Some((host, CertificateSource::Files { certificate, key }))
    });
    named.collect()
}
