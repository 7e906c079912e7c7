//! `sslCerts`: saying which certificate answers where.

use std::path::Path;
use std::sync::Arc;

use crate::certificate::{CertificateKey, CertificatePlace};
use crate::document::{Element, Splice, splice};
use crate::edit::insert::{self, New};
use crate::edit::{EditError, parse};

/// Adds an entry; one for the same place gives way.
pub(super) fn bind(
    text: &str,
    file: &Arc<Path>,
    (key, place): (&CertificateKey, &CertificatePlace),
) -> Result<String, EditError> {
    let cleared = match unbind(text, file, key) {
        Ok(cleared) => cleared,
        Err(EditError::NoSuchCertificate(_)) => text.to_owned(),
        Err(error) => return Err(error),
    };
    let document = parse(&cleared, file)?;
    let new = entry(key, place);
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

fn entry(key: &CertificateKey, place: &CertificatePlace) -> New {
    let new = New::element("add").with(key.attribute(), key.to_string());
    match place {
        CertificatePlace::Files { file, key: None } => new.with("file", file),
        CertificatePlace::Files { file, key: Some(key) } => new.with("file", file).with("key", key),
        CertificatePlace::Hash(hash) => new.with("hash", hash),
        CertificatePlace::Directory(directory) => new.with("directory", directory),
    }
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
        let files = |file: &str| CertificatePlace::Files { file: file.to_owned(), key: Some("k".to_owned()) };
        assert!(matches!(edit(&home, &Edit::UnbindCertificate(key.clone())), Err(EditError::NoSuchCertificate(_))));
        for file in ["a.pem", "b.pem"] {
            let made = edit(&home, &Edit::BindCertificate(key.clone(), files(file))).unwrap();
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
        let store = CertificatePlace::Directory("x".to_owned());
        let wrong = Edit::BindCertificate("a.test:443".parse().unwrap(), store);
        assert!(matches!(edit(&home, &wrong), Err(EditError::Invalid(_))));
    }
}
