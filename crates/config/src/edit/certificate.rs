//! `sslCerts`: saying which certificate answers where.

use std::path::Path;
use std::sync::Arc;

use crate::certificate::{CertificateKey, CertificatePlace, HandshakeRules};
use crate::document::{Element, Splice, splice};
use crate::edit::insert::{self, New};
use crate::edit::{EditError, parse};

/// Adds an entry; one for the same place gives way.
pub(super) fn bind(
    text: &str,
    file: &Arc<Path>,
    (key, place, rules): (&CertificateKey, &CertificatePlace, &HandshakeRules),
) -> Result<String, EditError> {
    let cleared = match unbind(text, file, key) {
        Ok(cleared) => cleared,
        Err(EditError::NoSuchCertificate(_)) => text.to_owned(),
        Err(error) => return Err(error),
    };
    let document = parse(&cleared, file)?;
    let new = entry(key, place, rules);
    let change = match document.root.child("sslCerts") {
        Some(list) => insert::last_in(&cleared, list, &new),
        None => insert::last_in(&cleared, &document.root, &New::element("sslCerts").holding([new])),
    };
    Ok(splice(&cleared, vec![change]))
}

/// Removes the entries for a place.
pub(super) fn unbind(text: &str, file: &Arc<Path>, key: &CertificateKey) -> Result<String, EditError> {
    let document = parse(text, file)?;
    let names = |entry: &&Element| {
        let written = entry.attribute(key.attribute()).and_then(|text| text.parse::<CertificateKey>().ok());
        entry.name == "add" && written.as_ref() == Some(key)
    };
    let list = document.root.child("sslCerts");
    let entries: Vec<&Element> = list.iter().flat_map(|list| &list.children).filter(names).collect();
    if entries.is_empty() {
        return Err(EditError::NoSuchCertificate(key.clone()));
    }
    let changes: Vec<Splice> = entries.into_iter().map(|entry| insert::removal(text, entry)).collect();
    Ok(splice(text, changes))
}

fn entry(key: &CertificateKey, place: &CertificatePlace, rules: &HandshakeRules) -> New {
    let optional = |new: New, name: &'static str, text: Option<&String>| match text {
        Some(text) => new.with(name, text),
        None => new,
    };
    let new = New::element("add").with(key.attribute(), key.to_string());
    let new = match place {
        CertificatePlace::Files { file, key, password_file } => {
            let new = optional(new.with("file", file), "key", key.as_ref());
            optional(new, "passwordFile", password_file.as_ref())
        }
        CertificatePlace::Hash(hash) => new.with("hash", hash),
        CertificatePlace::Directory { directory, password_file } => {
            optional(new.with("directory", directory), "passwordFile", password_file.as_ref())
        }
    };
    let new = optional(new, "clientCa", rules.client_ca.as_ref());
    let new = if rules.client_cert_negotiation { new.with("clientCertNegotiation", "true") } else { new };
    if rules.tls13_only { new.with("minTls", "1.3") } else { new }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::{Edit, edit};
    use crate::home::Home;
    use crate::store::save;

    #[test]
    fn certificates_come_change_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::under(folder.path());
        let key: CertificateKey = "127.0.0.2:443".parse().unwrap();
        let files = |file: &str| CertificatePlace::Files {
            file: file.to_owned(),
            key: Some("k".to_owned()),
            password_file: None,
        };
        assert!(matches!(edit(&home, &Edit::UnbindCertificate(key.clone())), Err(EditError::NoSuchCertificate(_))));
        for file in ["a.pem", "b.pem"] {
            let made =
                edit(&home, &Edit::BindCertificate(key.clone(), files(file), HandshakeRules::default())).unwrap();
            let expected = format!(
                "  <sslCerts>\n    <add ipPort=\"127.0.0.2:443\" file=\"{file}\" key=\"k\" />\n  </sslCerts>\n"
            );
            assert!(made.text.contains(&expected), "{}", made.text);
            save(&made).unwrap();
        }
        let gone = edit(&home, &Edit::UnbindCertificate(key)).unwrap();
        assert!(!gone.text.contains("ipPort"), "{}", gone.text);
    }

    #[test]
    fn an_entry_that_could_not_be_read_again_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::under(folder.path());
        let store = CertificatePlace::Directory { directory: "x".to_owned(), password_file: None };
        let wrong = Edit::BindCertificate("127.0.0.2:443".parse().unwrap(), store, HandshakeRules::default());
        assert!(matches!(edit(&home, &wrong), Err(EditError::Invalid(_))));
    }

    #[test]
    fn what_is_asked_of_clients_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::under(folder.path());
        let key: CertificateKey = "443".parse().unwrap();
        let store =
            CertificatePlace::Directory { directory: "store".to_owned(), password_file: Some("word".to_owned()) };
        let rules =
            HandshakeRules { client_ca: Some("ca.pem".to_owned()), client_cert_negotiation: true, tls13_only: true };
        let made = edit(&home, &Edit::BindCertificate(key, store, rules)).unwrap();
        let expected = "<add centralStore=\"443\" directory=\"store\" passwordFile=\"word\" clientCa=\"ca.pem\" \
                        clientCertNegotiation=\"true\" minTls=\"1.3\" />";
        assert!(made.text.contains(expected), "{}", made.text);
    }
}
