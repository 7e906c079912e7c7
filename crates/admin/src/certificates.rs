//! Certificates, as a door asks for them and as they are told of.

use std::path::PathBuf;

use doorward_server::{CertificateStatus, Control, imported_certificates};
use serde::{Deserialize, Serialize};

/// Body of `POST /v1/certs`: a certificate and its key to keep, both in PEM.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportOrder {
    /// The chain, the server's own certificate first.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

impl std::fmt::Debug for ImportOrder {
    /// Without the key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ImportOrder").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// Body of `POST /v1/certs/bindings`: where a certificate is to answer, and where it lies; exactly one of `file`, `hash`
/// and `directory` says so.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BindOrder {
    /// `127.0.0.2:443`, `shop.test:443`, or the port of a central store.
    pub place: String,
    /// File of the chain.
    #[serde(default)]
    pub file: Option<String>,
    /// File of the key, where it is not in the same file.
    #[serde(default)]
    pub key: Option<String>,
    /// SHA-1 of an imported certificate.
    #[serde(default)]
    pub hash: Option<String>,
    /// Folder of a central store.
    #[serde(default)]
    pub directory: Option<String>,
    /// File whose first line opens a PFX, or those of a central store.
    #[serde(default)]
    pub password_file: Option<String>,
    /// File of the authorities that clients' certificates have to come from.
    #[serde(default)]
    pub client_ca: Option<String>,
    /// Whether every client is asked for a certificate.
    #[serde(default)]
    pub client_cert_negotiation: bool,
    /// Whether nothing before TLS 1.3 is spoken.
    #[serde(default)]
    pub tls13_only: bool,
}

/// What `http.config` says of certificates.
#[derive(Clone, Debug, Default)]
pub struct BoundCertificates {
    /// Folder of imported certificates.
    pub folder: PathBuf,
    /// The entries, in the order of the file.
    pub bindings: Vec<CertificateBindingReport>,
}

/// `GET /v1/certs`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CertificatesReport {
    /// Where certificates answer.
    pub bindings: Vec<CertificateBindingReport>,
    /// Certificates in use, and then those that were imported and are not.
    pub certificates: Vec<CertificateStatus>,
}

/// One entry of `sslCerts`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CertificateBindingReport {
    /// Where it answers.
    pub place: String,
    /// Its file, or a central store's folder.
    pub source: String,
    /// What handshakes there are about beyond it, in words; empty where it is nothing.
    #[serde(default)]
    pub rules: Vec<String>,
}

/// All certificates there are.
pub fn certificates(control: &Control, bound: BoundCertificates) -> CertificatesReport {
    certificates_report(control.certificates(), bound)
}

/// The certificates in use, and those that were imported and are not.
pub fn certificates_report(in_use: Vec<CertificateStatus>, bound: BoundCertificates) -> CertificatesReport {
    let mut certificates = in_use;
    for imported in imported_certificates(&bound.folder) {
        if !certificates.iter().any(|other| other.source == imported.source) {
            certificates.push(imported);
        }
    }
    CertificatesReport { bindings: bound.bindings, certificates }
}
