//! Adding and removing sites: what is written, what stays, what is refused.

#![allow(clippy::disallowed_methods, reason = "tests lay out the files that are read")]
#![allow(clippy::unwrap_used, reason = "an installation that cannot be laid out is a failed test")]

use std::path::Path;

use doorward_config::{Edit, EditError, EditedFile, Home, NewSite, edit, load, save};
use proptest::prelude::*;

struct Installation {
    home: Home,
    _folder: tempfile::TempDir,
}

fn installation(text: Option<&str>) -> Installation {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::under(folder.path());
    if let Some(text) = text {
        std::fs::create_dir_all(home.config_file.parent().unwrap()).unwrap();
        std::fs::write(&home.config_file, text).unwrap();
    }
    Installation { home, _folder: folder }
}

fn site(name: &str, bindings: &[&str]) -> NewSite {
    let bindings = bindings.iter().map(|information| ("http".to_owned(), (*information).to_owned())).collect();
    NewSite { name: name.into(), bindings, ..NewSite::default() }
}

fn added(text: Option<&str>, new: NewSite) -> Result<EditedFile, EditError> {
    edit(&installation(text).home, &Edit::AddSite(new))
}

/// Tabs would be kept too; here it is CRLF, a byte order mark, odd spacing and a comment in the way.
const FOREIGN: &str = "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<configuration>\r\n    <configSections>\r\n    \
    </configSections>\r\n    <system.applicationHost>\r\n        <sites>\r\n            <site  name='Old'   id=\"1\" >\r\n\
    \x20             <bindings/>\r\n            </site> <!-- keep me -->\r\n            <siteDefaults/>\r\n        </sites>\r\n\
    \x20   </system.applicationHost>\r\n</configuration>\r\n";

#[test]
fn a_site_is_written_behind_the_last_one_and_nothing_else_changes() {
    let new = NewSite { physical_path: Some(r"C:\a & b".into()), ..site("New", &["127.0.0.2:80:a.test"]) };
    let made = added(Some(FOREIGN), new).unwrap();
    let block = "\r\n            <site name=\"New\" id=\"2\">\r\n                <application path=\"/\">\r\n\
        \x20                   <virtualDirectory path=\"/\" physicalPath=\"C:\\a &amp; b\" />\r\n\
        \x20               </application>\r\n                <bindings>\r\n\
        \x20                   <binding protocol=\"http\" bindingInformation=\"127.0.0.2:80:a.test\" />\r\n\
        \x20               </bindings>\r\n            </site>";
    // The comment is about the site whose line it ends.
    let at = FOREIGN.find("keep me -->").unwrap() + "keep me -->".len();
    assert_eq!(made.text, format!("{}{block}{}", &FOREIGN[..at], &FOREIGN[at..]));
    assert_eq!(made.previous.as_deref(), Some(FOREIGN));
}

#[test]
fn an_upstream_is_written_and_its_group_declared() {
    let new = NewSite { proxy_to: Some("http://127.0.0.1:5001".into()), ..site("New", &["127.0.0.2:80:"]) };
    let made = added(Some(FOREIGN), new).unwrap().text;
    let location = "    <location path=\"New\">\r\n        <doorward>\r\n            <proxy to=\"http://127.0.0.1:5001\" />\r\n\
        \x20       </doorward>\r\n    </location>\r\n</configuration>";
    assert!(made.contains(location), "{made}");
    assert!(made.contains("        <sectionGroup name=\"doorward\">\r\n"), "{made}");
    assert!(!made.replace("\r\n", "").contains('\n'), "every line still ends with CRLF");
}

#[test]
fn a_missing_file_is_begun_and_each_edit_builds_on_the_last() {
    let place = installation(None);
    let first = edit(&place.home, &Edit::AddSite(site("One", &["127.0.0.2:8080:"]))).unwrap();
    assert_eq!(first.previous, None);
    save(&first).unwrap();
    let proxied = NewSite { proxy_to: Some("http://127.0.0.1:1".into()), ..site("Two", &["127.0.0.3:8080:"]) };
    save(&edit(&place.home, &Edit::AddSite(proxied)).unwrap()).unwrap();
    let read = load(&place.home).unwrap();
    assert_eq!(
        read.sites.iter().map(|site| (site.name.as_str(), site.id)).collect::<Vec<_>>(),
        [("One", 1), ("Two", 2)]
    );
    assert_eq!(read.settings_at("Two", "/").proxy.as_ref().unwrap().to, "http://127.0.0.1:1");
    save(&edit(&place.home, &Edit::RemoveSite { name: "TWO".into() }).unwrap()).unwrap();
    save(&edit(&place.home, &Edit::RemoveSite { name: "One".into() }).unwrap()).unwrap();
    let text = std::fs::read_to_string(&place.home.config_file).unwrap();
    assert!(text.contains("    <sites>\n    </sites>\n") && !text.contains("<location"), "{text}");
    let again = edit(&place.home, &Edit::AddSite(site("Three", &[]))).unwrap();
    assert!(
        again.text.contains("    <sites>\n      <site name=\"Three\" id=\"1\" />\n    </sites>\n"),
        "{}",
        again.text
    );
}

fn check_refused(text: Option<&str>, new: NewSite, part: &str) {
    let shown = match added(text, new) {
        Ok(made) => panic!("not refused: {}", made.text),
        Err(error) => error.to_string(),
    };
    assert!(shown.contains(part), "{shown}");
}

#[test]
fn refused() {
    check_refused(Some(FOREIGN), site("OLD", &[]), "exists");
    check_refused(Some(FOREIGN), NewSite { id: Some(1), ..site("New", &[]) }, "unique key attribute 'id' set to '1'");
    check_refused(None, site("a/b", &[]), "Invalid site name");
    check_refused(None, site("a", &["127.0.0.1:http:"]), "'http' is not a port");
    check_refused(None, site("a", &["127.0.0.1:80:x.*.test"]), "left-most label");
    check_refused(None, site("a", &["127.0.0.2:80:a.localhost"]), "browsers take");
    check_refused(None, site("a", &["*:80:", "*:80:"]), "duplicate collection entry of type 'binding'");
    check_refused(None, NewSite { proxy_to: Some("ftp://x".into()), ..site("a", &[]) }, "does not begin with http://");
    check_refused(Some("<configuration>"), site("a", &[]), "not well-formed");
    let missing = edit(&installation(None).home, &Edit::RemoveSite { name: "x".into() });
    assert!(matches!(missing, Err(EditError::NoSuchSite(_))));
}

#[test]
fn bare_documents_get_what_they_need() {
    for text in [
        "<configuration/>",
        "<configuration></configuration>",
        "<configuration><system.applicationHost/></configuration>",
        "<configuration><system.applicationHost><sites/></system.applicationHost></configuration>",
        "<configuration xmlns=\"urn:x\">\n<!-- c -->\n<system.webServer>\n</system.webServer>\n</configuration>",
    ] {
        let place = installation(Some(text));
        let new = NewSite { proxy_to: Some("http://127.0.0.1:1".into()), ..site("New", &["127.0.0.2:80:"]) };
        save(&edit(&place.home, &Edit::AddSite(new)).unwrap_or_else(|error| panic!("{text}: {error}"))).unwrap();
        let read = load(&place.home).unwrap();
        assert!(read.settings_at("New", "/").proxy.is_some() && read.sites[0].bindings.len() == 1, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn adding_and_removing_gives_the_same_bytes(name in "[A-Za-z][A-Za-z0-9 ()._-]{0,20}[a-z]", path in "/[ -~é]{0,20}") {
        let place = installation(Some(FOREIGN));
        let text = FOREIGN.replace(" <!-- keep me -->", "");
        std::fs::write(&place.home.config_file, &text).unwrap();
        prop_assume!(!name.eq_ignore_ascii_case("old"));
        let new = NewSite { physical_path: Some(path.clone()), ..site(&name, &["127.0.0.2:80:"]) };
        save(&edit(&place.home, &Edit::AddSite(new)).unwrap()).unwrap();
        let read = load(&place.home).unwrap();
        let added = read.site(&name).unwrap();
        prop_assert_eq!(&added.applications[0].virtual_directories[0].physical_path, &path);
        let removed = edit(&place.home, &Edit::RemoveSite { name }).unwrap();
        prop_assert_eq!(removed.text, text);
        prop_assert!(Path::new(&removed.path).exists());
    }
}
