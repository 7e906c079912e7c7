//! An authority's word that a certificate is not revoked (OCSP, RFC 6960), from a file: `shop.pem.ocsp` beside `shop.pem`,
//! in DER as `openssl ocsp -respout` writes it. Clients check its signature; here only what would make it useless is
//! looked at.

use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::certificate::read_public;

/// A response that may be shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Staple {
    pub(super) der: Vec<u8>,
    /// When the next one should be there, in seconds since 1970 UTC.
    pub(super) until_unix_s: i64,
}

/// Where the response for a certificate lies.
pub(super) fn beside(certificate: &Path) -> PathBuf {
    let mut name = certificate.as_os_str().to_owned();
    name.push(".ocsp");
    PathBuf::from(name)
}

/// The response for a certificate, or why the one that is there is not shown; `None` where there is none.
pub(super) fn load(file: &Path, own: &CertificateDer<'_>, now_unix_s: i64) -> Option<Result<Staple, String>> {
    if !file.exists() {
        return None;
    }
    let bytes = read_public(file).map_err(|error| error.to_string());
    let staple = bytes.and_then(|der| {
        let until_unix_s = check(&der, own, now_unix_s).map_err(|fault| format!("{}: {fault}", file.display()))?;
        Ok(Staple { der, until_unix_s })
    });
    Some(staple.map_err(|reason| format!("{reason}; it is not shown to clients")))
}

/// Until when the response holds for this certificate.
fn check(der: &[u8], own: &CertificateDer<'_>, now_unix_s: i64) -> Result<i64, &'static str> {
    let single = single_response(der)?;
    let (_, certificate) = X509Certificate::from_der(own).map_err(|_| "its certificate cannot be read")?;
    if significant(single.serial) != significant(certificate.raw_serial()) {
        return Err("it is about another certificate");
    }
    if single.status != Tag(0) {
        return Err("it does not say that the certificate is good");
    }
    let until = single.next_update.ok_or("it does not say until when it holds")?;
    if now_unix_s < single.this_update || until <= now_unix_s {
        return Err("its time is over or has not come: fetch a new one with `openssl ocsp -respout`");
    }
    Ok(until)
}

/// What is read of a `SingleResponse` (RFC 6960 4.2.1).
struct Single<'d> {
    serial: &'d [u8],
    /// 0 is good.
    status: Tag,
    this_update: i64,
    next_update: Option<i64>,
}

fn single_response(der: &[u8]) -> Result<Single<'_>, &'static str> {
    read_response(der).ok_or("it is no OCSP response, in DER, with one answer")
}

fn read_response(der: &[u8]) -> Option<Single<'_>> {
    let [status, bytes] = &fields(only(der)?)?[..] else { return None };
    let [_kind, basic] = &fields(only(bytes.data)?)?[..] else { return None };
    if status.data != [0] {
        return None;
    }
    let signed = fields(only(basic.data)?)?;
    let mut data = fields(signed.first()?.data)?.into_iter().peekable();
    // The version is there only where it is not the first.
    data.next_if(is_context_0);
    let [_responder, _produced, responses] = &data.take(3).collect::<Vec<_>>()[..] else { return None };
    let [single] = &fields(responses.data)?[..] else { return None };
    let [id, status, this_update, rest @ ..] = &fields(single.data)?[..] else { return None };
    let next_update = rest.first().filter(|next| is_context_0(next));
    Some(Single {
        serial: fields(id.data)?.last()?.data,
        status: status.tag(),
        this_update: time(this_update)?,
        next_update: next_update.and_then(|next| time(fields(next.data)?.first()?)),
    })
}

/// The one value that these bytes are, as its content.
fn only(der: &[u8]) -> Option<&[u8]> {
    match &fields(der)?[..] {
        [one] => Some(one.data),
        _ => None,
    }
}

/// Values one after the other.
fn fields(mut der: &[u8]) -> Option<Vec<Any<'_>>> {
    let mut fields = Vec::new();
    while !der.is_empty() {
        let (rest, field) = Any::from_der(der).ok()?;
        fields.push(field);
        der = rest;
    }
    Some(fields)
}

fn is_context_0(field: &Any<'_>) -> bool {
    field.header.is_contextspecific() && field.tag() == Tag(0)
}

fn time(field: &Any<'_>) -> Option<i64> {
    let time = field.clone().generalizedtime().ok()?.utc_datetime().ok()?;
    Some(time.unix_timestamp())
}

/// A number's bytes without the zeros before it.
fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `openssl ocsp -ndays 7`.
    const CERTIFICATE: &[u8] = include_bytes!("cases/staple.pem");
    const OTHER: &[u8] = include_bytes!("cases/staple_other.pem");
    const GOOD: &[u8] = include_bytes!("cases/staple_good.der");
    const REVOKED: &[u8] = include_bytes!("cases/staple_revoked.der");

    fn of(pem: &[u8]) -> CertificateDer<'static> {
        use rustls::pki_types::pem::PemObject;
        CertificateDer::from_pem_slice(pem).unwrap()
    }

    fn check_it(der: &[u8], own: &[u8], offset_s: i64, expected: Result<(), &str>) {
        let single = single_response(GOOD).unwrap();
        let found = check(der, &of(own), single.this_update + offset_s);
        match expected {
            Ok(()) => assert_eq!(found, Ok(single.next_update.unwrap())),
            Err(part) => assert!(found.unwrap_err().contains(part), "{found:?}"),
        }
    }

    #[test]
    fn only_what_is_of_use_is_shown() {
        let day = 24 * 60 * 60;
        check_it(GOOD, CERTIFICATE, 0, Ok(()));
        check_it(GOOD, CERTIFICATE, 6 * day, Ok(()));
        check_it(GOOD, CERTIFICATE, 7 * day, Err("time is over"));
        check_it(GOOD, CERTIFICATE, -1, Err("has not come"));
        check_it(GOOD, OTHER, 0, Err("another certificate"));
        check_it(REVOKED, OTHER, 0, Err("does not say that the certificate is good"));
        check_it(b"", CERTIFICATE, 0, Err("no OCSP response"));
        check_it(&GOOD[..GOOD.len() - 1], CERTIFICATE, 0, Err("no OCSP response"));
        // tryLater (RFC 6960 4.2.1) carries no answer.
        check_it(&[0x30, 3, 0x0a, 1, 3], CERTIFICATE, 0, Err("no OCSP response"));
    }
}
