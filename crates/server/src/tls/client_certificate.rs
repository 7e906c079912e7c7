//! Certificates of clients. They are asked for in the handshake and judged after it: a bad one is refused by the path that
//! wants it, with a page (403.16, 403.17), and not by an alert that nobody understands.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};

use super::certificate::{CertificateError, CertificateFacts, facts_of, read_public};
use super::config::provider;
use super::signature::{Signature, signature};

/// What is known of the certificate of a connection's client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ClientCertificate {
    /// It was not asked for, or not shown.
    #[default]
    Absent,
    /// An authority that is trusted here vouches for it.
    Trusted,
    /// Nobody trusted here vouches for it, or it is not for clients.
    Untrusted,
    /// Its time is over, or has not come.
    Expired,
}

/// Asks for a certificate and takes any whose key the client has. As in IIS the client is not told whose are wanted.
#[derive(Debug)]
pub(super) struct AskAnyone;

impl ClientCertVerifier for AskAnyone {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _own: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// The authorities that clients' certificates have to come from.
#[derive(Debug)]
pub(crate) struct Authorities {
    verifier: Arc<dyn ClientCertVerifier>,
    /// Of the first.
    pub(super) facts: CertificateFacts,
}

impl Authorities {
    /// Those of a PEM file.
    pub(super) fn from_file(path: &Path) -> Result<Self, CertificateError> {
        let invalid = |reason: String| CertificateError::Invalid(path.display().to_string(), reason);
        let pem = read_public(path)?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let certificates = certificates.map_err(|error| invalid(error.to_string()))?;
        let first = certificates.first().ok_or_else(|| CertificateError::NoCertificate(path.display().to_string()))?;
        let facts = facts_of(first).map_err(invalid)?;
        let mut roots = RootCertStore::empty();
        for certificate in &certificates {
            roots.add(certificate.clone()).map_err(|error| invalid(error.to_string()))?;
        }
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
        let verifier = builder.build().map_err(|error| invalid(error.to_string()))?;
        Ok(Self { verifier, facts })
    }

    fn judge(&self, chain: &[CertificateDer<'_>]) -> ClientCertificate {
        let Some((own, others)) = chain.split_first() else { return ClientCertificate::Absent };
        match self.verifier.verify_client_cert(own, others, UnixTime::now()) {
            Ok(_) => ClientCertificate::Trusted,
            Err(Error::InvalidCertificate(error)) if is_about_time(&error) => ClientCertificate::Expired,
            Err(_) => ClientCertificate::Untrusted,
        }
    }
}

/// What a client showed, in the eyes of these authorities; without any nobody is trusted.
pub(super) fn judge(chain: Option<&[CertificateDer<'_>]>, authorities: Option<&Authorities>) -> ClientCertificate {
    match (chain, authorities) {
        (None | Some([]), _) => ClientCertificate::Absent,
        (Some(_), None) => ClientCertificate::Untrusted,
        (Some(chain), Some(authorities)) => authorities.judge(chain),
    }
}

fn is_about_time(error: &rustls::CertificateError) -> bool {
    use rustls::CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
    matches!(error, Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. })
}

/// A file of authorities as it was read last.
#[derive(Debug)]
pub(super) struct AuthorityFile {
    signature: Option<Signature>,
    pub(super) usable: Option<Arc<Authorities>>,
    problem: Option<String>,
}

impl AuthorityFile {
    /// Reads it; what was read before stays in use where that cannot be.
    pub(super) fn load(path: &Path, before: Option<Arc<Authorities>>) -> Self {
        let signature = signature(path);
        match Authorities::from_file(path) {
            Ok(authorities) => Self { signature, usable: Some(Arc::new(authorities)), problem: None },
            Err(error) => {
                let kept = match before {
                    Some(_) => "; the authorities read before stay in use",
                    None => "; no certificate of a client is trusted",
                };
                Self { signature, usable: before, problem: Some(format!("{error}{kept}")) }
            }
        }
    }

    pub(super) fn is_current(&self, path: &Path) -> bool {
        self.signature == signature(path)
    }

    pub(super) fn facts(&self) -> Option<&CertificateFacts> {
        self.usable.as_ref().map(|authorities| &authorities.facts)
    }

    pub(super) fn problem(&self) -> Option<&String> {
        self.problem.as_ref()
    }
}

/// How `status` names such a file.
pub(super) fn source(path: &Path) -> String {
    format!("{} (authorities of clients)", PathBuf::from(path).display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::pem;
    use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
    use std::time::{Duration, SystemTime};

    struct Authority {
        issuer: Issuer<'static, KeyPair>,
        pem: String,
    }

    fn authority(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Authority { pem: pem::block("CERTIFICATE", certificate.der()), issuer: Issuer::new(params, key) }
    }

    fn signed(by: &Authority, change: impl Fn(&mut CertificateParams)) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["client.test".to_owned()]).unwrap();
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        change(&mut params);
        params.signed_by(&KeyPair::generate().unwrap(), &by.issuer).unwrap().into()
    }

    fn check(pem: &str, chain: &[CertificateDer<'_>], expected: ClientCertificate) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), pem).unwrap();
        let loaded = AuthorityFile::load(file.path(), None);
        assert_eq!(judge(Some(chain), loaded.usable.as_deref()), expected, "{:?}", loaded.problem);
    }

    #[test]
    fn who_is_trusted() {
        let (ours, other) = (authority("ours"), authority("other"));
        let plain = |_: &mut CertificateParams| ();
        let ago = |days: u64| SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
        check(&ours.pem, &[], ClientCertificate::Absent);
        check(&ours.pem, &[signed(&ours, plain)], ClientCertificate::Trusted);
        check(&ours.pem, &[signed(&other, plain)], ClientCertificate::Untrusted);
        check(&(other.pem.clone() + &ours.pem), &[signed(&other, plain)], ClientCertificate::Trusted);
        let expired = |params: &mut CertificateParams| {
            (params.not_before, params.not_after) = (ago(9).into(), ago(1).into());
        };
        check(&ours.pem, &[signed(&ours, expired)], ClientCertificate::Expired);
        let early = |params: &mut CertificateParams| {
            params.not_before = (SystemTime::now() + Duration::from_secs(999_999)).into();
        };
        check(&ours.pem, &[signed(&ours, early)], ClientCertificate::Expired);
        let for_servers = |params: &mut CertificateParams| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        };
        check(&ours.pem, &[signed(&ours, for_servers)], ClientCertificate::Untrusted);
        check("", &[signed(&ours, plain)], ClientCertificate::Untrusted);
    }
}
