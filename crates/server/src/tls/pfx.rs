//! PFX (PKCS#12), in which Windows hands out a certificate with its key.

use p12_keystore::KeyStore;

use super::certificate::CertificateError;
use super::pem;

/// Whether these bytes are DER, which begins with a SEQUENCE, rather than PEM, which is text.
pub fn is_pfx(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x30)
}

/// The chain and the key of a PFX, both in PEM.
pub fn pem_of_pfx(name: &str, bytes: &[u8], password: &str) -> Result<(String, String), CertificateError> {
    let invalid = |reason: String| CertificateError::Invalid(name.to_owned(), reason);
    let store =
        KeyStore::from_pkcs12(bytes, password).map_err(|error| invalid(format!("{error} (is the password right?)")))?;
    let (_, chain) = store.private_key_chain().ok_or_else(|| invalid("it holds no private key".to_owned()))?;
    let certificates = chain.chain().iter().map(|certificate| pem::block("CERTIFICATE", certificate.as_der()));
    Ok((certificates.collect(), pem::block("PRIVATE KEY", chain.key())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::certificate::inspect;
    use p12_keystore::{Certificate, KeyStoreEntry, PrivateKeyChain};

    fn pfx(password: &str) -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let chain = [Certificate::from_der(certificate.der()).unwrap()];
        let mut store = KeyStore::new();
        let entry = PrivateKeyChain::new(key.serialize_der(), [1], chain);
        store.add_entry("a", KeyStoreEntry::PrivateKeyChain(entry));
        store.writer(password).write().unwrap()
    }

    #[test]
    fn its_chain_and_key_are_taken_with_the_password_alone() {
        let bytes = pfx("secret");
        let (certificate, key) = pem_of_pfx("x.pfx", &bytes, "secret").unwrap();
        assert_eq!(inspect(certificate.as_bytes(), key.as_bytes()).unwrap().names, ["a.test"]);
        let wrong = pem_of_pfx("x.pfx", &bytes, "").unwrap_err().to_string();
        assert!(wrong.starts_with("x.pfx cannot be used") && wrong.contains("password"), "{wrong}");
        assert!(pem_of_pfx("x.pfx", b"0\x82", "").is_err());
    }
}
