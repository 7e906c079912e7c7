//! Any bytes as a configuration file, a folder's file and the HTTP service's: each is read or refused, what is said of it
//! stands at a place the text has, and an edit that has nothing to change gives back the very bytes.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use doorward_config::{
    Action, ConfigFile, Configuration, Deed, Diagnostic, Edit, EditError, Home, SectionChange, edit, load_text,
};

use super::disk::Disk;

const HOST: &str = r#"<configuration><system.applicationHost><sites><site name="a" id="1">
<application path="/"><virtualDirectory path="/" physicalPath="/x" /></application>
<bindings><binding protocol="http" bindingInformation="127.0.0.2:80:" /></bindings>
</site></sites></system.applicationHost></configuration>"#;

thread_local! {
    static KNOWN: RefCell<Option<(Disk, Configuration)>> = const { RefCell::new(None) };
}

/// Checks one text in each of its parts.
pub(super) fn run(input: &[u8]) {
    KNOWN.with_borrow_mut(|known| {
        let (disk, outer) = known.get_or_insert_with(|| (Disk::new("document"), plain()));
        let Ok(text) = std::str::from_utf8(input) else { return disk.refuses(input) };
        as_configuration(text, disk);
        as_folder_file(text, outer);
        as_http_service(text);
    });
}

fn plain() -> Configuration {
    let read = load_text(HOST, Path::new("host"), None, &Home::under(Path::new("/h")));
    read.unwrap_or_else(|error| panic!("{error}"))
}

fn as_configuration(text: &str, disk: &Disk) {
    let file = disk.home().config_file.clone();
    let read = load_text(text, &file, None, disk.home());
    match &read {
        Ok(configuration) => places(&configuration.findings, (&file, text)),
        Err(error) => {
            assert!(!error.diagnostics.is_empty(), "refused without a word: {text:?}");
            places(&error.diagnostics, (&file, text));
        }
    }
    disk.write(text.as_bytes());
    match edit(disk.home(), &nothing()) {
        Ok(made) => assert!(made.text == text && made.previous.as_deref() == Some(text), "{text:?}"),
        Err(EditError::Invalid(findings)) => {
            assert!(read.is_err() && !findings.is_empty(), "{text:?}");
            places(&findings, (&file, text));
        }
        Err(error) => panic!("{error}: {text:?}"),
    }
}

/// An edit that leaves everything as it is: an attribute that nobody can have written there is no longer written.
fn nothing() -> Edit {
    let deed = Deed::Unset { attribute: "enabled".to_owned() };
    Edit::Change(SectionChange {
        file: ConfigFile::ApplicationHost,
        location: "no such site/nor such a path".to_owned(),
        section: "system.webServer/directoryBrowse".to_owned(),
        actions: vec![Action { at: Vec::new(), deed }],
    })
}

fn as_folder_file(text: &str, outer: &Configuration) {
    let file: Arc<Path> = Arc::from(Path::new("/x/web.config"));
    let read = Arc::new(outer.web_config((&file, text), "/", &|_| Err("there is none".to_owned())));
    let files = [Arc::clone(&read)];
    for path in std::iter::once("/".to_owned()).chain(read.location_paths()) {
        places(&outer.findings_along("a", &path, &files), (&file, text));
        let (_, fault) = outer.settings_along("a", &path, &files);
        let quoted = fault.iter().flat_map(|fault| &fault.excerpt);
        for (number, line) in quoted {
            assert_eq!(text.lines().nth(*number as usize - 1), Some(&**line), "line {number} of {text:?}");
        }
    }
}

fn as_http_service(text: &str) {
    let file = Path::new("http");
    match load_text(HOST, Path::new("host"), Some((text, file)), &Home::under(Path::new("/h"))) {
        Ok(configuration) => places(&configuration.findings, (file, text)),
        Err(error) => places(&error.diagnostics, (file, text)),
    }
}

/// Every place that is named is there.
fn places(findings: &[Diagnostic], (file, text): (&Path, &str)) {
    let origins = findings.iter().filter_map(|finding| finding.origin.as_ref());
    for origin in origins.filter(|origin| *origin.file == *file) {
        let line = text.split('\n').nth((origin.line as usize).wrapping_sub(1));
        let columns = line.map(|line| line.trim_start_matches('\u{feff}').chars().count() + 1);
        let is_there = columns.is_some_and(|columns| (1..=columns).contains(&(origin.column as usize)));
        assert!(is_there, "{origin} is no place in {text:?}");
    }
}
