//! The IP listen list: adding and removing an address.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use crate::document::{Element, Splice, splice};
use crate::edit::insert::{self, New};
use crate::edit::{EditError, parse};
use crate::http_service::parse_listen_address;

/// Adds an address at the end of the list.
pub(super) fn add(text: &str, file: &Arc<Path>, address: IpAddr) -> Result<String, EditError> {
    let document = parse(text, file)?;
    let new = New::element("add").with("address", address.to_string());
    let change = match document.root.child("ipListen") {
        Some(list) if !naming(list, address).is_empty() => return Err(EditError::ListenExists(address)),
        Some(list) => insert::last_in(text, list, &new),
        None => insert::first_in(text, &document.root, &New::element("ipListen").holding([new])),
    };
    Ok(splice(text, vec![change]))
}

/// Removes every entry of an address.
pub(super) fn remove(text: &str, file: &Arc<Path>, address: IpAddr) -> Result<String, EditError> {
    let document = parse(text, file)?;
    let entries = document.root.child("ipListen").map(|list| naming(list, address)).unwrap_or_default();
    if entries.is_empty() {
        return Err(EditError::NoSuchListen(address));
    }
    let changes: Vec<Splice> = entries.into_iter().map(|entry| insert::removal(text, entry)).collect();
    Ok(splice(text, changes))
}

/// The entries for an address, with or without a port (decision D12).
fn naming(list: &Element, address: IpAddr) -> Vec<&Element> {
    let names = |entry: &&Element| {
        let written = entry.attribute("address").and_then(parse_listen_address);
        entry.name == "add" && written.is_some_and(|(own, _)| own == address)
    };
    list.children.iter().filter(names).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::{Edit, edit};
    use crate::home::Home;
    use crate::store::save;

    #[test]
    fn addresses_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::under(folder.path());
        let address: IpAddr = [127, 0, 0, 2].into();
        assert!(matches!(edit(&home, &Edit::RemoveListen(address)), Err(EditError::NoSuchListen(_))));
        let first = edit(&home, &Edit::AddListen(address)).unwrap();
        assert_eq!(first.previous, None);
        assert!(
            first.text.contains("  <ipListen>\n    <add address=\"127.0.0.2\" />\n  </ipListen>\n"),
            "{}",
            first.text
        );
        save(&first).unwrap();
        assert!(matches!(edit(&home, &Edit::AddListen(address)), Err(EditError::ListenExists(_))));
        save(&edit(&home, &Edit::AddListen("::1".parse().unwrap())).unwrap()).unwrap();
        let last = edit(&home, &Edit::RemoveListen(address)).unwrap();
        assert!(last.text.contains("  <ipListen>\n    <add address=\"::1\" />\n  </ipListen>\n"), "{}", last.text);
    }

    #[test]
    fn an_entry_with_a_port_is_the_same_address() {
        let text =
            "<httpService>\r\n <ipListen>\r\n  <add address=\"127.0.0.2:443\"/>\r\n </ipListen>\r\n</httpService>";
        let file = Arc::from(Path::new("h"));
        assert!(add(text, &file, [127, 0, 0, 2].into()).is_err());
        let removed = remove(text, &file, [127, 0, 0, 2].into()).unwrap();
        assert_eq!(removed, "<httpService>\r\n <ipListen>\r\n </ipListen>\r\n</httpService>");
    }

    #[test]
    fn a_file_without_the_list_gets_one() {
        let made = add("<httpService />", &Arc::from(Path::new("h")), [127, 0, 0, 2].into()).unwrap();
        let expected = "<httpService>\n  <ipListen>\n    <add address=\"127.0.0.2\" />\n  </ipListen>\n</httpService>";
        assert_eq!(made, expected);
    }
}
