//! Inheritance and locks: files above a line, what holds below it. `DOORWARD_UPDATE_CASES=1` writes what is found; read
//! the difference before it is kept.

#![allow(clippy::disallowed_methods, reason = "tests read their cases")]
#![allow(clippy::unwrap_used, reason = "a case that cannot be read is a failed test")]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use doorward_config::{Configuration, ElementView, Home, Severity, WebConfig, load_text};

/// The sites of every case: Shop with two applications and a virtual directory, and another site.
const SITES: &str = r#"<system.applicationHost><sites>
    <site name="Shop" id="1">
        <application path="/"><virtualDirectory path="/" physicalPath="/srv"/></application>
        <application path="/app"><virtualDirectory path="/" physicalPath="/srv/app"/></application>
        <bindings><binding protocol="http" bindingInformation="127.0.0.2:80:"/></bindings></site>
    <site name="Other" id="2"><application path="/"><virtualDirectory path="/" physicalPath="/srv/o"/></application>
        <bindings><binding protocol="http" bindingInformation="127.0.0.3:80:"/></bindings></site>
</sites></system.applicationHost>"#;

/// One case: the server's file, folders' files, and files that these include.
#[derive(Default)]
struct Case {
    title: String,
    host: String,
    folders: Vec<(String, String)>,
    sources: Vec<(String, String)>,
    questions: Vec<String>,
}

impl Case {
    fn read(block: &str) -> Self {
        let mut case = Self::default();
        let mut asked = false;
        for line in block.lines() {
            match line.split_once(' ') {
                _ if line == "----" => asked = true,
                _ if asked => case.questions.push(line.split(" =").next().unwrap().to_owned()),
                Some(("=", title)) => title.clone_into(&mut case.title),
                Some(("host:", text)) => case.host += text,
                Some(("web", rest)) => case.folders.push(split(rest)),
                Some(("source", rest)) => case.sources.push(split(rest)),
                _ => panic!("a line that begins with none of '= ', 'host: ', 'web ', 'source ': {line:?}"),
            }
        }
        case
    }

    /// What the server's file amounts to, or its first error.
    fn configuration(&self) -> Result<Configuration, String> {
        let text = format!("<configuration>{}\n{SITES}</configuration>", self.host);
        let read = load_text(&text, Path::new("host"), None, &Home::under(Path::new("/h")));
        let configuration = read.map_err(|error| {
            let mut findings = error.diagnostics.into_iter();
            findings.find(|finding| finding.severity == Severity::Error).unwrap().to_string()
        })?;
        let error = configuration.findings.iter().find(|finding| finding.severity == Severity::Error);
        error.map_or(Ok(()), |error| Err(error.to_string()))?;
        Ok(configuration)
    }

    /// The folders' files on the way to a path, outermost first.
    fn files(&self, configuration: &Configuration, path: &str) -> Vec<Arc<WebConfig>> {
        let on_the_way = |base: &str| {
            let base = base.trim_end_matches('/').to_lowercase();
            let path = path.to_lowercase();
            path.strip_prefix(&base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut folders: Vec<_> = self.folders.iter().filter(|(base, _)| on_the_way(base)).collect();
        folders.sort_by_key(|(base, _)| base.trim_end_matches('/').len());
        let source = |name: &str| {
            let known = self.sources.iter().find(|(known, _)| known == name);
            let (name, text) = known.ok_or_else(|| format!("there is no {name}"))?;
            Ok((Arc::from(Path::new(name)), text.clone()))
        };
        let read = |(base, text): &&(String, String)| {
            let whole = text.strip_prefix('!').map(str::to_owned);
            let text = whole.unwrap_or_else(|| format!("<configuration>{text}</configuration>"));
            let file: Arc<Path> = Arc::from(Path::new(base));
            Arc::new(configuration.web_config((&file, &text), base, &source))
        };
        folders.iter().map(read).collect()
    }

    fn answer(&self, question: &str) -> String {
        let configuration = match self.configuration() {
            Ok(configuration) => configuration,
            Err(error) => return error,
        };
        let (path, section) = question.split_once(' ').unwrap();
        let (site, path) = if path.starts_with('/') { ("Shop", path) } else { path.split_once(':').unwrap() };
        let files = if site == "Shop" { self.files(&configuration, path) } else { Vec::new() };
        if let Some(fault) = configuration.fault_along(site, path, &files) {
            let line = fault.finding.origin.as_ref().map(|origin| format!(":{}", origin.column)).unwrap_or_default();
            let message = fault.finding.message.split(". This happens").next().unwrap();
            return format!("500.19 {:#010x} {}{line} {message}", fault.hresult, fault.file.display());
        }
        let table = configuration.schema().named(section)[0];
        let view = configuration.view_along((site, path), &files, table);
        let mut shown = String::new();
        show(&view, "", &mut shown);
        let warnings = configuration.findings_along(site, path, &files);
        for warning in warnings.iter().filter(|finding| finding.severity == Severity::Warning) {
            let message = warning.message.split(". This happens").next().unwrap();
            let _infallible = write!(shown, "; warning: {message}");
        }
        match shown.trim_start_matches("; ") {
            "" => "nothing".to_owned(),
            shown => shown.to_owned(),
        }
    }
}

/// Everything that is written, each value with its file.
fn show(element: &ElementView, prefix: &str, shown: &mut String) {
    for attribute in &element.attributes {
        if let Some((origin, _)) = &attribute.set {
            let _infallible =
                write!(shown, "; {prefix}{}={} {}", attribute.table.name, attribute.text, origin.file.display());
        }
    }
    for child in &element.children {
        show(child, &format!("{prefix}{}.", child.table.name), shown);
    }
    let entries: Vec<String> = element.entries.iter().filter(|entry| entry.origin.is_some()).map(entry).collect();
    if !entries.is_empty() {
        let _infallible = write!(shown, "; {prefix}[{}]", entries.join(", "));
    }
}

/// An entry by its texts.
fn entry(element: &ElementView) -> String {
    let own = element.attributes.iter().filter(|attribute| attribute.set.is_some()).map(|attribute| &*attribute.text);
    let mut shown = own.collect::<Vec<_>>().join("|");
    for child in &element.children {
        show(child, "", &mut shown);
    }
    for nested in &element.entries {
        let _infallible = write!(shown, "({})", entry(nested));
    }
    shown
}

fn split(rest: &str) -> (String, String) {
    let (name, text) = rest.split_once(": ").unwrap();
    (name.to_owned(), text.to_owned())
}

/// Runs a file of cases; returns how many questions it has.
fn run(path: &Path) -> usize {
    let text = std::fs::read_to_string(path).unwrap();
    let mut found = String::new();
    let mut questions = 0;
    for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
        let case = Case::read(block);
        if !found.is_empty() {
            found.push_str("\n\n");
        }
        found.push_str(block.split("\n----").next().unwrap());
        found.push_str("\n----");
        for question in &case.questions {
            questions += 1;
            let _infallible = write!(found, "\n{question} = {}", case.answer(question));
        }
    }
    found.push('\n');
    if std::env::var_os("DOORWARD_UPDATE_CASES").is_some() {
        std::fs::write(path, &found).unwrap();
        return questions;
    }
    for (number, (expected, got)) in text.lines().zip(found.lines()).enumerate() {
        assert_eq!(expected, got, "{}:{}", path.display(), number + 1);
    }
    assert_eq!(text.lines().count(), found.lines().count(), "{}", path.display());
    questions
}

#[test]
fn what_holds_is_what_the_cases_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let cases: usize = files.iter().map(|file| run(file)).sum();
    println!("{cases} questions in {} files", files.len());
    assert!(cases >= 120, "only {cases}");
}
