//! The shared table of bad configurations, as far as our section tables cover it.

#![allow(clippy::disallowed_methods, reason = "tests lay out the files that are read")]
#![allow(clippy::unwrap_used, reason = "a table that cannot be read is a failed test")]

mod shared_table;

use std::path::Path;
use std::sync::Arc;

use doorward_config::{Diagnostic, Home, Severity, load, load_text};
use shared_table::{shared, unescape};

/// Rows about sections that other parts of the program read, or about files it does not read yet.
const NOT_COVERED: &[(&str, &str)] = &[
    // A certificate may be bound before or after, also by name or folder: `https_problems` of the plan says what is missing,
    // as `check` and `status` do.
    ("bind-https-nocert", "certificates are matched with bindings where the plan is built"),
    // IIS takes such a file, and a site shall not stop for it: a warning, and the field is left out when it is served.
    ("hdr-framing", "a warning rather than an error"),
];

fn wrapped(context: &str, xml: &str) -> Option<Vec<u8>> {
    let around = |open: &str, close: &str| {
        let mut text = format!("<configuration>{open}").into_bytes();
        text.extend(unescape(xml));
        text.extend(format!("{close}</configuration>").into_bytes());
        Some(text)
    };
    match context {
        "doc" | "web.config" => Some(unescape(xml)),
        "site" => around("<system.applicationHost><sites>", "</sites></system.applicationHost>"),
        "security" => around("<system.webServer><security>", "</security></system.webServer>"),
        "webServer" => around("<system.webServer>", "</system.webServer>"),
        _ => None,
    }
}

fn findings(text: &[u8]) -> Vec<Diagnostic> {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::under(folder.path());
    std::fs::create_dir_all(home.config_file.parent().unwrap()).unwrap();
    std::fs::write(&home.config_file, text).unwrap();
    match load(&home) {
        Ok(configuration) => configuration.findings,
        Err(error) => {
            assert!(!error.diagnostics.is_empty(), "a refusal without a reason");
            error.diagnostics
        }
    }
}

/// What is said of a folder's own file.
fn of_folder(text: &[u8]) -> Vec<Diagnostic> {
    let host = "<configuration><system.applicationHost><sites><site name=\"a\" id=\"1\"><application path=\"/\">\
        <virtualDirectory path=\"/\" physicalPath=\"/srv\"/></application></site></sites></system.applicationHost></configuration>";
    let configuration = load_text(host, Path::new("host"), None, &Home::under(Path::new("/h"))).unwrap();
    let file: Arc<Path> = Arc::from(Path::new("/srv/web.config"));
    let text = std::str::from_utf8(text).unwrap();
    let read = configuration.web_config((&file, text), "/", &|_| Err("there is none".to_owned()));
    configuration.findings_along("a", "/", &[Arc::new(read)])
}

fn meets(findings: &[Diagnostic], expected: &str, part: &str) -> bool {
    let (severity, kind) = match expected.split_once(':') {
        None => return findings.iter().all(|finding| finding.severity != Severity::Error),
        Some(("error", kind)) => (Severity::Error, kind),
        Some((_, kind)) => (Severity::Warning, kind),
    };
    findings.iter().any(|finding| {
        finding.severity == severity
            && finding.kind == kind
            && finding.to_string().contains(part)
            && finding.origin.as_ref().is_some_and(|origin| origin.line > 0 && origin.column > 0)
    })
}

#[test]
fn bad_configurations_are_named_for_what_they_are() {
    let Some(path) = shared("vectors/bad_config.tsv") else {
        println!("skipped: the shared vectors are not here");
        return;
    };
    let table = std::fs::read_to_string(path).unwrap();
    let (mut run, mut skipped, mut failures) = (0, 0, Vec::new());
    for row in table.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let (id, context, xml, expected, part) = (columns[0], columns[1], columns[2], columns[3], columns[4]);
        let foreign = ["rw-", "px-"].iter().any(|prefix| id.starts_with(prefix));
        let text = wrapped(context, xml).filter(|_| !foreign && !NOT_COVERED.iter().any(|(name, _)| *name == id));
        let Some(text) = text else {
            skipped += 1;
            continue;
        };
        run += 1;
        let found = if context == "web.config" { of_folder(&text) } else { findings(&text) };
        if !expected.split('|').any(|one| meets(&found, one, part)) {
            let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
            failures.push(format!("{id}: wanted {expected} with {part:?}, got {shown:#?}"));
        }
    }
    println!("{run} rows run, {skipped} skipped");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(run > 110, "only {run} rows were run");
}

#[test]
fn real_files_load_with_every_site() {
    let Some(index) = shared("corpus/index.tsv") else {
        println!("skipped: the shared corpus is not here");
        return;
    };
    let mut run = 0;
    for row in std::fs::read_to_string(&index).unwrap().lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        if !columns[2].to_lowercase().ends_with("applicationhost.config") {
            continue;
        }
        let file = index.parent().unwrap().join(columns[0]);
        let text = std::fs::read_to_string(&file).unwrap();
        let read = load_text(&text, &file, None, &Home::under(Path::new("/h")));
        let configuration = read.unwrap_or_else(|error| panic!("{}: {error}", columns[0]));
        let errors: Vec<String> = configuration
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(ToString::to_string)
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", columns[0]);
        assert_eq!(configuration.sites.len(), text.matches("<site name=").count(), "{}", columns[0]);
        assert!(!configuration.ignored.is_empty());
        let types = configuration.settings_at(&configuration.sites[0].name, "/").static_content.mime_map.clone();
        assert_eq!(types[".html"].as_ref(), "text/html", "{}", columns[0]);
        run += 1;
    }
    println!("{run} files run");
    assert!(run >= 3);
}
