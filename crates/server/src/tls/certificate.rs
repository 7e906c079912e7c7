//! Certificates and keys: read from PEM, checked, described.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::net::IpAddr;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::OFlags;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::client_certificate::Authorities;
use super::config::provider;
use super::pfx::{is_pfx, pem_of_pfx};

/// More than any chain or key needs.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The system refused.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// No regular file of a sensible size.
    #[error("{} is not a regular file of at most 1 MiB", .0.display())]
    NotAFile(PathBuf),
    /// Somebody else could read the key.
    #[error("the key {0} can be read by others (mode {1:04o}): run `chmod 600 {0}`")]
    ReadableKey(String, u32),
    /// No certificate in it.
    #[error("{0} holds no certificate: it needs a block -----BEGIN CERTIFICATE----- in PEM")]
    NoCertificate(String),
    /// No key in it, or one that is encrypted.
    #[error(
        "{0} holds no private key that can be used: it needs an unencrypted block -----BEGIN PRIVATE KEY----- in PEM (PKCS#8, PKCS#1 or SEC1)"
    )]
    NoKey(String),
    /// The first certificate is not the key's.
    #[error(
        "the key {key} does not belong to the first certificate of {certificate}: put the server's own certificate first, or give its key"
    )]
    NotItsKey {
        /// Where the certificate is.
        certificate: String,
        /// Where the key is.
        key: String,
    },
    /// What was read makes no sense.
    #[error("{0} cannot be used: {1}")]
    Invalid(String, String),
}

/// What a person wants to know of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateFacts {
    /// SHA-1 of the whole, the name Windows gives it.
    pub sha1: String,
    /// Whom it names.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// Host names and addresses it is valid for.
    pub names: Vec<String>,
    /// First second of its life, since 1970 UTC.
    pub not_before_unix_s: i64,
    /// Last second of its life, since 1970 UTC.
    pub not_after_unix_s: i64,
}

impl CertificateFacts {
    /// The end of its life as text (UTC).
    pub fn not_after(&self) -> String {
        let seconds = u64::try_from(self.not_after_unix_s).unwrap_or(0);
        httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
    }

    /// What is to be said about its end, if anything: that it has come, or comes within 14 days.
    pub fn expiry_warning(&self, now_unix_s: i64) -> Option<String> {
        let days = (self.not_after_unix_s - now_unix_s).div_euclid(24 * 60 * 60);
        let life = self.not_after_unix_s - self.not_before_unix_s;
        if self.not_after_unix_s < now_unix_s {
            Some(format!("expired on {}", self.not_after()))
        } else if days < 14 && life > 14 * 24 * 60 * 60 {
            Some(format!("expires on {}, in {days} days", self.not_after()))
        } else {
            None
        }
    }
}

/// Checks a certificate and its key, both in PEM, without using them.
pub fn inspect(certificate: &[u8], key: &[u8]) -> Result<CertificateFacts, CertificateError> {
    let (_, facts) = certified(("the certificate", certificate), ("the key", key))?;
    Ok(facts)
}

/// The same for files, which also have to be readable, and the key by its owner alone. `password` is the file whose
/// first line opens a PFX.
pub fn inspect_files(
    certificate: &Path,
    key: &Path,
    password: Option<&Path>,
) -> Result<CertificateFacts, CertificateError> {
    from_files((certificate, key), password).map(|(_, facts)| facts)
}

/// Checks a file of authorities of clients' certificates; describes the first.
pub fn inspect_authorities(file: &Path) -> Result<CertificateFacts, CertificateError> {
    Authorities::from_file(file).map(|authorities| authorities.facts)
}

/// Reads a certificate and its key from files.
pub(super) fn from_files(
    (certificate, key): (&Path, &Path),
    password: Option<&Path>,
) -> Result<(CertifiedKey, CertificateFacts), CertificateError> {
    let name = certificate.display().to_string();
    let chain = read(certificate, false)?;
    if is_pfx(&chain) {
        // It holds the key too.
        let bytes = read(certificate, true)?;
        let password = password.map(|file| read(file, true)).transpose()?.unwrap_or_default();
        let password = String::from_utf8_lossy(&password);
        let (chain, secret) = pem_of_pfx(&name, &bytes, password.lines().next().unwrap_or_default())?;
        return certified((&name, chain.as_bytes()), (&name, secret.as_bytes()));
    }
    let secret = read(key, true)?;
    certified((&name, &chain), (&key.display().to_string(), &secret))
}

/// A file that everybody may read.
pub(super) fn read_public(path: &Path) -> Result<Vec<u8>, CertificateError> {
    read(path, false)
}

/// A chain and a key that belong together.
fn certified(chain: (&str, &[u8]), key: (&str, &[u8])) -> Result<(CertifiedKey, CertificateFacts), CertificateError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.1).collect();
    let certificates =
        certificates.map_err(|error| CertificateError::Invalid(chain.0.to_owned(), error.to_string()))?;
    let Some(own) = certificates.first() else {
        return Err(CertificateError::NoCertificate(chain.0.to_owned()));
    };
    let facts = facts_of(own).map_err(|reason| CertificateError::Invalid(chain.0.to_owned(), reason))?;
    let secret = PrivateKeyDer::from_pem_slice(key.1).map_err(|_| CertificateError::NoKey(key.0.to_owned()))?;
    let certified = join(certificates, secret).map_err(|error| {
        if matches!(error, rustls::Error::InconsistentKeys(_)) {
            CertificateError::NotItsKey { certificate: chain.0.to_owned(), key: key.0.to_owned() }
        } else {
            CertificateError::Invalid(key.0.to_owned(), error.to_string())
        }
    })?;
    Ok((certified, facts))
}

/// A chain and a key as rustls wants them, checked against each other.
pub(super) fn join(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<CertifiedKey, rustls::Error> {
    let signer = provider().key_provider.load_private_key(key)?;
    let certified = CertifiedKey::new(chain, signer);
    certified.keys_match()?;
    Ok(certified)
}

/// A file's bytes. A key must be its owner's alone; root's may be read by a group as well, as Debian's `ssl-cert` has it.
fn read(path: &Path, secret: bool) -> Result<Vec<u8>, CertificateError> {
    let failed = |source| CertificateError::Read { path: path.to_owned(), source };
    // Without NONBLOCK a pipe in the file's place would hold us for ever.
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() || metadata.len() > FILE_BYTES_MAX {
        return Err(CertificateError::NotAFile(path.to_owned()));
    }
    let permitted = if metadata.uid() == 0 { 0o740 } else { 0o700 };
    if secret && metadata.mode() & 0o777 & !permitted != 0 {
        return Err(CertificateError::ReadableKey(path.display().to_string(), metadata.mode() & 0o7777));
    }
    let mut bytes = Vec::new();
    File::take(file, FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Describes a certificate.
pub(super) fn facts_of(der: &CertificateDer<'_>) -> Result<CertificateFacts, String> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|error| error.to_string())?;
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    let names = alternatives.iter().flat_map(|names| &names.value.general_names).filter_map(name);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, der);
    Ok(CertificateFacts {
        sha1: hexadecimal(digest.as_ref()),
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        names: names.collect(),
        not_before_unix_s: certificate.validity().not_before.timestamp(),
        not_after_unix_s: certificate.validity().not_after.timestamp(),
    })
}

/// Mail addresses, directory names and the like name no server.
fn name(name: &GeneralName<'_>) -> Option<String> {
    if let GeneralName::DNSName(name) = name {
        return Some((*name).to_owned());
    }
    let GeneralName::IPAddress(bytes) = name else { return None };
    let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
    let address = v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
    address.ok().map(|address| address.to_string())
}

/// Bytes as hexadecimal digits.
fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::pem;
    use std::os::unix::fs::PermissionsExt;

    struct Pair {
        certificate: String,
        key: String,
    }

    fn pair(name: &str) -> Pair {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        let der = params.self_signed(&key).unwrap();
        Pair { certificate: pem::block("CERTIFICATE", der.der()), key: pem::block("PRIVATE KEY", key.serialized_der()) }
    }

    fn check(certificate: &str, key: &str, expected: &str) {
        let found = match inspect(certificate.as_bytes(), key.as_bytes()) {
            Ok(facts) => facts.names.join(" "),
            Err(error) => error.to_string(),
        };
        assert!(found.starts_with(expected), "{found}");
    }

    #[test]
    fn what_belongs_together_is_taken() {
        let (a, b) = (pair("a.test"), pair("b.test"));
        check(&a.certificate, &a.key, "a.test");
        check(&format!("{}{}", a.certificate, b.certificate), &a.key, "a.test");
        check(&a.certificate, &b.key, "the key the key does not belong to the first certificate");
        check(&a.certificate, "", "the key holds no private key");
        check("", &a.key, "the certificate holds no certificate");
        check(
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            &a.key,
            "the certificate cannot be used",
        );
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (own, path) = (pair("a.test"), folder.path().join("key"));
        let certificate = folder.path().join("cert");
        std::fs::write(&path, &own.key).unwrap();
        std::fs::write(&certificate, &own.certificate).unwrap();
        let load = |mode: u32| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            from_files((&certificate, &path), None).map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!(load(0o600), Ok(()));
        assert!(load(0o644).is_err_and(|error| error.contains("chmod 600")));
        assert!(load(0o620).is_err());
    }

    #[test]
    fn the_end_is_announced() {
        let day = 24 * 60 * 60;
        let facts = |life_days: i64| CertificateFacts {
            sha1: String::new(),
            subject: String::new(),
            issuer: String::new(),
            names: Vec::new(),
            not_before_unix_s: 0,
            not_after_unix_s: life_days * day,
        };
        assert_eq!(facts(90).expiry_warning(70 * day), None);
        assert_eq!(
            facts(90).expiry_warning(80 * day).as_deref(),
            Some("expires on Wed, 01 Apr 1970 00:00:00 GMT, in 10 days")
        );
        assert_eq!(facts(90).expiry_warning(91 * day).as_deref(), Some("expired on Wed, 01 Apr 1970 00:00:00 GMT"));
        assert_eq!(facts(1).expiry_warning(0), None, "short lives are renewed by their maker");
    }
}
