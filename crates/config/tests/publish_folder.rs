//! A folder as a build publishes it: its web.config is understood, what is not ours in it stays, and an edit changes the
//! lines that it is about.

#![allow(clippy::disallowed_methods, reason = "tests lay out the files that are read")]
#![allow(clippy::unwrap_used, reason = "an installation that cannot be laid out is a failed test")]

use std::path::Path;
use std::sync::Arc;

use doorward_config::{
    Action, ConfigFile, Deed, Edit, Home, Position, SectionChange, Severity, Step, edit, load, save,
};

const WEB_CONFIG: &str = include_str!("publish/web.config");
const FILTERING: &str = "system.webServer/security/requestFiltering";

struct Place {
    home: Home,
    folder: tempfile::TempDir,
}

/// An installation with one site, whose content has this web.config.
fn place(text: &str) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::under(&folder.path().join("home"));
    let root = folder.path().join("www");
    for path in [home.config_file.parent().unwrap(), &root] {
        std::fs::create_dir_all(path).unwrap();
    }
    std::fs::write(root.join("web.config"), text).unwrap();
    let host = format!(
        r#"<configuration><system.applicationHost><sites><site name="Orders" id="1"><application path="/">
        <virtualDirectory path="/" physicalPath="{}"/></application><bindings>
        <binding protocol="http" bindingInformation="127.0.0.2:80:"/></bindings></site></sites></system.applicationHost>
        <location path="" overrideMode="Allow"><system.webServer><handlers/></system.webServer></location></configuration>"#,
        root.display()
    );
    std::fs::write(&home.config_file, host).unwrap();
    Place { home, folder }
}

fn change(section: &str, way: &[&str], deed: Deed) -> Edit {
    let at = way.iter().map(|name| Step::Element((*name).to_owned())).collect();
    Edit::Change(SectionChange {
        file: ConfigFile::WebConfig { site: "Orders".to_owned(), path: "/".to_owned() },
        location: String::new(),
        section: section.to_owned(),
        actions: vec![Action { at, deed }],
    })
}

/// Makes an edit of the file: the lines that go and those that come, one after the other, and nothing else differs.
fn check(text: &str, change: &Edit, (gone, new): (&str, &str)) {
    let place = place(text);
    let made = edit(&place.home, change).unwrap();
    assert_eq!(made.path, place.folder.path().join("www/web.config"));
    let (old, after): (Vec<_>, Vec<_>) =
        (text.split_inclusive('\n').collect(), made.text.split_inclusive('\n').collect());
    let head = old.iter().zip(&after).take_while(|(one, other)| one == other).count();
    let tail = old[head..].iter().rev().zip(after[head..].iter().rev()).take_while(|(one, other)| one == other).count();
    let trimmed = |lines: &[&str]| lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n");
    let seen = (trimmed(&old[head..old.len() - tail]), trimmed(&after[head..after.len() - tail]));
    assert_eq!((&*seen.0, &*seen.1), (gone, new), "{change:?}");
    assert_eq!(text.matches("\r\n").count() == 0, made.text.matches("\r\n").count() == 0);
    save(&made).unwrap();
    assert_eq!(std::fs::read_to_string(&made.path).unwrap(), made.text);
}

fn set(attribute: &str, text: &str) -> Deed {
    Deed::Set { attribute: attribute.to_owned(), text: text.to_owned() }
}

fn add(name: &str, text: &str) -> Deed {
    Deed::Add { attributes: vec![(name.to_owned(), text.to_owned())], position: Position::End }
}

#[test]
fn it_is_understood() {
    let place = place(WEB_CONFIG);
    let configuration = load(&place.home).unwrap();
    let file: Arc<Path> = Arc::from(place.folder.path().join("www/web.config"));
    let read = Arc::new(configuration.web_config((&file, WEB_CONFIG), "/", &|_| Err("there is none".to_owned())));
    let files = [read];
    assert_eq!(configuration.fault_along("Orders", "/", &files), None);
    let told = configuration.findings_along("Orders", "/", &files);
    assert!(told.iter().all(|finding| finding.severity < Severity::Error), "{told:?}");
    let (settings, _) = configuration.settings_along("Orders", "/", &files);
    assert_eq!(settings.request_filtering.limits.content_bytes_max, 52_428_800);
    assert!(settings.request_filtering.hidden_segments.iter().any(|segment| segment == "private"));
    assert_eq!(settings.http_protocol.custom_headers, [("X-Frame-Options".to_owned(), "DENY".to_owned())]);
}

#[test]
fn an_edit_changes_the_lines_it_is_about() {
    for text in [WEB_CONFIG.to_owned(), WEB_CONFIG.replace('\n', "\r\n"), format!("\u{feff}{WEB_CONFIG}")] {
        check(
            &text,
            &change(FILTERING, &["requestLimits"], set("maxUrl", "2048")),
            (
                r#"<requestLimits maxAllowedContentLength="52428800" />"#,
                r#"<requestLimits maxAllowedContentLength="52428800" maxUrl="2048" />"#,
            ),
        );
        check(
            &text,
            &change(FILTERING, &["hiddenSegments"], add("segment", "drafts")),
            ("", r#"<add segment="drafts" />"#),
        );
        check(
            &text,
            &change(FILTERING, &["requestLimits"], Deed::Unset { attribute: "maxAllowedContentLength".to_owned() }),
            (r#"<requestLimits maxAllowedContentLength="52428800" />"#, "<requestLimits />"),
        );
        let keys = vec![("name".to_owned(), "X-Frame-Options".to_owned())];
        check(
            &text,
            &change("system.webServer/httpProtocol", &["customHeaders"], Deed::Remove { keys }),
            (r#"<add name="X-Frame-Options" value="DENY" />"#, ""),
        );
        check(
            &text,
            &change("system.webServer/directoryBrowse", &[], set("enabled", "true")),
            // Not into the tag that keeps its content from child applications.
            ("", "<system.webServer>\n<directoryBrowse enabled=\"true\" />\n</system.webServer>"),
        );
    }
}

/// An edit of the folder below; the file it makes, or why not.
fn below(root: &str, section: &str, way: &[&str], deed: Deed) -> Result<String, String> {
    let place = place(&format!("<configuration><system.webServer>{root}</system.webServer></configuration>"));
    std::fs::create_dir(place.folder.path().join("www/a")).unwrap();
    let Edit::Change(change) = change(section, way, deed) else { unreachable!() };
    let file = ConfigFile::WebConfig { site: "Orders".to_owned(), path: "/a".to_owned() };
    let made = edit(&place.home, &Edit::Change(SectionChange { file, ..change }));
    made.map(|made| made.text).map_err(|error| error.to_string())
}

#[test]
fn what_the_files_above_say_counts_for_an_edit() {
    const FILES: &str = "<defaultDocument><files><add value=\"x\"/></files></defaultDocument>";
    const DOCUMENT: &str = "system.webServer/defaultDocument";
    const BROWSE: &str = "system.webServer/directoryBrowse";
    let twice = below(FILES, DOCUMENT, &["files"], add("value", "x")).unwrap_err();
    assert!(twice.starts_with("Cannot add duplicate"), "{twice}");
    assert!(below(FILES, DOCUMENT, &["files"], add("value", "y")).unwrap().contains("<add value=\"y\" />"));
    let keys = vec![("value".to_owned(), "x".to_owned())];
    let removed = below(FILES, DOCUMENT, &["files"], Deed::Remove { keys }).unwrap();
    assert!(removed.contains("<remove value=\"x\" />"), "{removed}");
    let locked = below("<directoryBrowse lockAttributes=\"enabled\"/>", BROWSE, &[], set("enabled", "true"));
    assert!(locked.as_ref().is_err_and(|error| error.starts_with("Lock violation")), "{locked:?}");
    assert!(below("<directoryBrowse lockAttributes=\"enabled\"/>", BROWSE, &[], set("showFlags", "Date")).is_ok());
}
