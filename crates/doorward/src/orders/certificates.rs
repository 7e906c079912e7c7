//! Certificates: kept, forgotten, bound and unbound.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use doorward_admin::{BindOrder, BoundCertificates, CertificateBindingReport, Done, ImportOrder, Refused, RefusedKind};
use doorward_config::{
    CertificateBinding, CertificateKey, CertificatePlace, Configuration, Edit, HandshakeRules, Home, HostRule,
};
use doorward_server::{CertificateFacts, inspect, inspect_authorities, inspect_files};

use super::Planned;

/// Keeps a certificate and its key under the certificate's SHA-1.
pub(crate) fn import(home: &Home, order: &ImportOrder, command: &str) -> Result<Done, Refused> {
    let facts = inspect(order.certificate.as_bytes(), order.key.as_bytes()).map_err(|error| unusable(&error))?;
    let failed = |error: std::io::Error| {
        let folder = home.certificates.display();
        Refused::new(RefusedKind::Failed, format!("cannot write to {folder}: {error}"))
    };
    DirBuilder::new().recursive(true).mode(0o700).create(&home.certificates).map_err(failed)?;
    let (certificate, key) = imported(home, &facts.sha1);
    // The key first: what can be listed is complete.
    replace(&key, &order.key).and_then(|()| replace(&certificate, &order.certificate)).map_err(failed)?;
    let message = format!("Certificate {} imported.", facts.sha1);
    let mut notes = vec![describe(&facts)];
    notes.push(format!("bind it with `{command} cert bind PLACE --hash {}`", facts.sha1));
    Ok(Done { message, notes })
}

/// Deletes an imported certificate that answers nowhere.
pub(crate) fn remove(
    (home, configuration): (&Home, &Configuration),
    sha1: &str,
    command: &str,
) -> Result<Done, Refused> {
    let sha1 = sha1.to_ascii_lowercase();
    let used = CertificatePlace::Hash(sha1.clone());
    if let Some(binding) = configuration.certificates.iter().find(|binding| binding.place == used) {
        let hint = Some(format!("`{command} cert unbind {}` first", binding.key));
        let message = format!("certificate {sha1} is bound to {}", binding.key);
        return Err(Refused { kind: RefusedKind::Conflict, message, hint });
    }
    let (certificate, key) = imported(home, &sha1);
    let is_name = sha1.len() == 40 && sha1.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_name || !certificate.exists() {
        let hint = Some(format!("`{command} cert list` shows what was imported"));
        let message = format!("no certificate '{sha1}' was imported");
        return Err(Refused { kind: RefusedKind::NotFound, message, hint });
    }
    fs::remove_file(&certificate)
        .and_then(|()| fs::remove_file(&key))
        .map_err(|error| Refused::new(RefusedKind::Failed, format!("cannot delete {sha1}: {error}")))?;
    Ok(Done { message: format!("Certificate {sha1} removed."), notes: Vec::new() })
}

/// Lets a certificate answer somewhere, once it has been seen that it can.
pub(super) fn bind(home: &Home, order: BindOrder) -> Result<Planned, Refused> {
    let key = place_of(&order.place)?;
    let rules = rules_of(&order);
    let place = source_of(order)?;
    let (mut notes, folder) = (Vec::new(), &home.certificates);
    if let Some((certificate, secret)) = place.files(folder) {
        let password = place.password_file(folder);
        let facts = inspect_files(&certificate, &secret, password.as_deref()).map_err(|error| unusable(&error))?;
        notes.push(describe(&facts));
        notes.extend(mismatch(&key, &facts));
    }
    if let Some(file) = rules.client_ca(folder) {
        let facts = inspect_authorities(&file).map_err(|error| unusable(&error))?;
        notes.push(format!("clients' certificates from {}", facts.subject));
    }
    let message = format!("Certificate bound to {key}.");
    Ok(Planned { edit: Edit::BindCertificate(key, place, rules), message, notes })
}

/// Lets no certificate answer there any more.
pub(super) fn unbind(text: &str) -> Result<Planned, Refused> {
    let key = place_of(text)?;
    let message = format!("No certificate is bound to {key} any more.");
    Ok(Planned { edit: Edit::UnbindCertificate(key), message, notes: Vec::new() })
}

/// What `cert list` tells of `http.config`.
pub(crate) fn bound(home: &Home, configuration: &Configuration) -> BoundCertificates {
    let folder = home.certificates.clone();
    let source = |place: &CertificatePlace| {
        let file = place.files(&folder).map(|(certificate, _)| certificate);
        file.or_else(|| place.directory(&folder)).map(|path| path.display().to_string()).unwrap_or_default()
    };
    let report = |binding: &CertificateBinding| CertificateBindingReport {
        place: binding.key.to_string(),
        source: source(&binding.place),
        rules: in_words(&binding.rules, &folder),
    };
    let bindings = configuration.certificates.iter().map(report).collect();
    BoundCertificates { folder, bindings }
}

fn imported(home: &Home, sha1: &str) -> (std::path::PathBuf, std::path::PathBuf) {
    let named = |extension: &str| home.certificates.join(format!("{sha1}.{extension}"));
    (named("pem"), named("key"))
}

fn place_of(text: &str) -> Result<CertificateKey, Refused> {
    text.parse().map_err(|reason: String| Refused::new(RefusedKind::Invalid, reason))
}

fn rules_of(order: &BindOrder) -> HandshakeRules {
    HandshakeRules {
        client_ca: order.client_ca.clone(),
        client_cert_negotiation: order.client_cert_negotiation,
        tls13_only: order.tls13_only,
    }
}

fn in_words(rules: &HandshakeRules, folder: &Path) -> Vec<String> {
    let authorities = rules.client_ca(folder).map(|file| format!("clients' certificates from {}", file.display()));
    let asks = rules.client_cert_negotiation.then(|| "asks every client".to_owned());
    let version = rules.tls13_only.then(|| "TLS 1.3 alone".to_owned());
    authorities.into_iter().chain(asks).chain(version).collect()
}

fn source_of(order: BindOrder) -> Result<CertificatePlace, Refused> {
    match (order.file, order.hash, order.directory) {
        (Some(file), None, None) => {
            Ok(CertificatePlace::Files { file, key: order.key, password_file: order.password_file })
        }
        (None, Some(hash), None) => Ok(CertificatePlace::Hash(hash.to_ascii_lowercase())),
        (None, None, Some(directory)) => {
            Ok(CertificatePlace::Directory { directory, password_file: order.password_file })
        }
        _ => Err(Refused {
            kind: RefusedKind::Invalid,
            message: "say where the certificate is, in one way".to_owned(),
            hint: Some(
                "--file CERT.pem --key KEY.pem, or --hash SHA1, or --directory DIR for a central store".to_owned(),
            ),
        }),
    }
}

fn unusable(error: &doorward_server::CertificateError) -> Refused {
    Refused::new(RefusedKind::Invalid, error.to_string())
}

fn describe(facts: &CertificateFacts) -> String {
    let names = if facts.names.is_empty() { facts.subject.clone() } else { facts.names.join(", ") };
    format!("for {names}, until {}", facts.not_after())
}

/// Clients compare names; a certificate for others is bound as it was asked for, and this is said.
fn mismatch(key: &CertificateKey, facts: &CertificateFacts) -> Option<String> {
    let CertificateKey::Name(host, _) = key else { return None };
    let covers = |name: &String| match host {
        HostRule::Any => true,
        HostRule::Exact(own) => {
            name.eq_ignore_ascii_case(own)
                || name
                    .strip_prefix("*.")
                    .is_some_and(|suffix| own.split_once('.').is_some_and(|(_, rest)| rest == suffix))
        }
        HostRule::Wildcard(suffix) => name.strip_prefix("*.").is_some_and(|own| own.eq_ignore_ascii_case(suffix)),
    };
    (!facts.names.iter().any(covers)).then(|| format!("warning: it does not name {key}, so clients will not trust it"))
}

/// Writes a file that only we can read, all at once.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let temporary = path.with_extension("new");
    // One that was left by an accident; there may be none.
    let _none = fs::remove_file(&temporary);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all())?;
    fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(place: &str, names: &[&str], warned: bool) {
        let facts = CertificateFacts {
            sha1: String::new(),
            subject: String::new(),
            issuer: String::new(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            not_before_unix_s: 0,
            not_after_unix_s: 0,
        };
        assert_eq!(mismatch(&place.parse().unwrap(), &facts).is_some(), warned, "{place} {names:?}");
    }

    #[test]
    fn a_certificate_for_others_is_remarked() {
        check("a.test:443", &["a.test"], false);
        check("a.test:443", &["b.test", "*.test"], false);
        check("a.b.test:443", &["*.test"], true);
        check("a.test:443", &[], true);
        check("*.b.test:443", &["*.b.test"], false);
        check("*.b.test:443", &["b.test"], true);
        check("127.0.0.2:443", &["a.test"], false);
    }
}
