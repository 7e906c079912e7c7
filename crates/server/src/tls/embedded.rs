//! The embedded default's certificate: made at the start, never written anywhere.
//!
//! Its authority exists for the one signature and is forgotten, so there is nothing that could be trusted by mistake.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Names of the embedded default's sites.
const NAMES: [&str; 3] = ["127.0.0.2", "127.0.0.3", "localhost"];
/// Shorter than any certificate a person would be asked to trust.
const LIFE: Duration = Duration::from_hours(24);
/// Clocks of clients may be slow.
const SLACK: Duration = Duration::from_hours(1);

/// How long one is used before the next is made.
pub(super) const RENEWED_AFTER: Duration = Duration::from_hours(12);

/// A new certificate with its key.
pub(super) fn make() -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), rcgen::Error> {
    let now = SystemTime::now();
    let mut params = CertificateParams::new(NAMES.map(str::to_owned).to_vec())?;
    params.distinguished_name.push(DnType::CommonName, "Doorward embedded default");
    params.use_authority_key_identifier_extension = true;
    params.key_usages.push(KeyUsagePurpose::DigitalSignature);
    params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    params.not_before = (now - SLACK).into();
    params.not_after = (now + LIFE - SLACK).into();
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &authority(now)?)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(|_| rcgen::Error::CouldNotParseKeyPair)?;
    Ok((vec![certificate.into()], key))
}

fn authority(now: SystemTime) -> Result<Issuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.distinguished_name.push(DnType::CommonName, "Doorward, in memory only, not to be trusted");
    params.key_usages.push(KeyUsagePurpose::KeyCertSign);
    params.not_before = (now - SLACK).into();
    params.not_after = (now + LIFE - SLACK).into();
    Ok(Issuer::new(params, KeyPair::generate()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::certificate::facts_of;

    #[test]
    fn it_lives_a_day_at_most_and_names_the_embedded_sites() {
        let (chain, _) = make().unwrap();
        let facts = facts_of(&chain[0]).unwrap();
        assert_eq!(facts.not_after_unix_s - facts.not_before_unix_s, 24 * 60 * 60);
        assert_eq!(facts.names, ["127.0.0.2", "127.0.0.3", "localhost"]);
        assert_eq!(chain.len(), 1, "the authority is not shown to anybody");
    }
}
