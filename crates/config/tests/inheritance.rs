//! Inheritance and locks: files above a line, what holds below it. `DOORWARD_UPDATE_CASES=1` writes what is found; read
//! the difference before it is kept.

#![allow(clippy::disallowed_methods, reason = "tests read their cases")]
#![allow(clippy::unwrap_used, reason = "a case that cannot be read is a failed test")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use doorward_config::{
    Configuration, Diagnostic, ElementView, Home, Severity, WebConfig, load_text, load_text_at_start,
};

/// The sites of every case: Shop with two applications and a virtual directory, and another site.
const SITES: &str = r#"<system.applicationHost><sites>
    <site name="Shop" id="1">
        <application path="/"><virtualDirectory path="/" physicalPath="/srv"/></application>
        <application path="/app"><virtualDirectory path="/" physicalPath="/srv/app"/></application>
        <bindings><binding protocol="http" bindingInformation="127.0.0.2:80:"/></bindings></site>
    <site name="Other" id="2"><application path="/"><virtualDirectory path="/" physicalPath="/srv/o"/></application>
        <bindings><binding protocol="http" bindingInformation="127.0.0.3:80:"/></bindings></site>
</sites></system.applicationHost>"#;

/// One case: the server's file, folders' files, files that these include, and schema files.
#[derive(Default)]
struct Case {
    title: String,
    host: String,
    /// The sites, where they are others than [`SITES`].
    sites: Option<String>,
    folders: Vec<(String, String)>,
    sources: Vec<(String, String)>,
    schemas: Vec<(String, String)>,
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
                Some(("sites:", text)) => case.sites = Some(text.to_owned()),
                Some(("web", rest)) => case.folders.push(split(rest)),
                Some(("source", rest)) => case.sources.push(split(rest)),
                Some(("schema", rest)) => case.schemas.push(split(rest)),
                _ => panic!("a line that begins with none of the words of a case: {line:?}"),
            }
        }
        case
    }

    /// What is read, from a home that holds the schema files.
    fn load<T>(&self, read: impl FnOnce(&str, &Home) -> T) -> T {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::under(folder.path());
        for (name, text) in &self.schemas {
            let whole = text.strip_prefix('!').map(str::to_owned);
            let text = whole.unwrap_or_else(|| format!("<configSchema>{text}</configSchema>"));
            std::fs::create_dir_all(&home.schema).unwrap();
            std::fs::write(home.schema.join(name), text).unwrap();
        }
        let own = self.sites.as_ref();
        let own = own.map(|own| format!("<system.applicationHost><sites>{own}</sites></system.applicationHost>"));
        let sites = own.as_deref().unwrap_or(SITES);
        read(&format!("<configuration>{}\n{sites}</configuration>", self.host), &home)
    }

    /// Everything that is said about all files but the folders', those of the schema without their folder.
    fn findings(&self) -> String {
        self.load(|text, home| {
            let read = load_text_at_start(text, Path::new("host"), None, home);
            let findings = read.map_or_else(|error| error.diagnostics, |configuration| configuration.findings);
            // That built-in lists apply is so in every case.
            let texts: Vec<String> =
                findings.iter().filter(|own| own.kind != "builtin").map(|own| in_folder(own, home)).collect();
            if texts.is_empty() { "none".to_owned() } else { texts.join(" ;; ") }
        })
    }

    /// What the server's file amounts to, or the first error that concerns a site.
    fn configuration(&self, site: &str) -> Result<Configuration, String> {
        let configuration = self.load(|text, home| {
            load_text(text, Path::new("host"), None, home).map_err(|error| {
                let mut findings = error.diagnostics.iter();
                in_folder(findings.find(|finding| finding.severity == Severity::Error).unwrap(), home)
            })
        })?;
        let concerns = |finding: &&Diagnostic| finding.site.is_none() || finding.is_of_site(site);
        let mut concerned = configuration.findings.iter().filter(concerns);
        let error = concerned.find(|finding| finding.severity == Severity::Error);
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
        if question == "findings" {
            return self.findings();
        }
        let (path, section) = question.split_once(' ').unwrap();
        let (site, path) = if path.starts_with('/') { ("Shop", path) } else { path.split_once(':').unwrap() };
        let configuration = match self.configuration(site) {
            Ok(configuration) => configuration,
            Err(error) => return error,
        };
        let files = if site == "Shop" { self.files(&configuration, path) } else { Vec::new() };
        if let Some(fault) = configuration.fault_along(site, path, &files) {
            let line = fault.finding.origin.as_ref().map(|origin| format!(":{}", origin.column)).unwrap_or_default();
            let message = fault.finding.message.split(". This happens").next().unwrap();
            return format!("500.19 {:#010x} {}{line} {message}", fault.hresult, fault.file.display());
        }
        let named = configuration.schema().named(section);
        let Some(table) = named.first() else { return "no such section".to_owned() };
        let view = configuration.view_along((site, path), &files, table);
        let mut shown = String::new();
        show(&view, "", &mut shown);
        // Of the server's file only what would be an error if the section had an effect here.
        let own = configuration.findings.iter().filter(|finding| matches!(finding.kind, "schema" | "duplicate"));
        let along = configuration.findings_along(site, path, &files);
        for warning in own.chain(&along).filter(|finding| finding.severity == Severity::Warning) {
            let message = warning.message.split(". This happens").next().unwrap();
            let _infallible = write!(shown, "; warning: {message}");
        }
        match shown.trim_start_matches("; ") {
            "" => "nothing".to_owned(),
            shown => shown.to_owned(),
        }
    }
}

/// A finding, schema files named without their folder.
fn in_folder(finding: &Diagnostic, home: &Home) -> String {
    finding.to_string().replace(&format!("{}/", home.schema.display()), "")
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
    let others = element.others.iter().map(|(_, text, _)| &**text);
    let mut shown = own.chain(others).collect::<Vec<_>>().join("|");
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

/// What the reference states about inheritance and locks, sentence by sentence (IIS reference §3.4 to §3.6). The title of a
/// case ends with the rule that it is about.
const RULES: [&str; 40] = [
    "3.4 this level",
    "3.4 relative path",
    "3.4 no lists",
    "3.4 two tags",
    "3.4 twice",
    "3.4 outside and inside",
    "3.4 order",
    "3.4 Deny",
    "3.4 Allow",
    "3.4 unknown path",
    "3.4 any URL",
    "3.4 precedence",
    "3.4 recipes",
    "3.4 Inherit",
    "3.4 allowOverride",
    "3.4 both words",
    "3.4 child applications",
    "3.5 lockAttributes",
    "3.5 lockAllAttributesExcept",
    "3.5 lockElements",
    "3.5 lockAllElementsExcept",
    "3.5 lockItem",
    "3.5 clear and remove",
    "3.5 deeper levels",
    "3.5 mentioning",
    "3.5 repeating",
    "3.5 unknown attribute",
    "3.5 any element",
    "3.6 add",
    "3.6 remove",
    "3.6 clear",
    "3.6 order",
    "3.6 default merge",
    "3.6 mergeAppend",
    "3.6 duplicate",
    "3.6 missing",
    "3.6 combined keys",
    "3.6 allowDuplicates",
    "3.6 allowUnrecognizedAttributes",
    "3.6 no remove",
];

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

fn files() -> Vec<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn what_holds_is_what_the_cases_say() {
    let questions: usize = files().iter().map(|file| run(file)).sum();
    println!("{questions} questions");
}

#[test]
fn every_rule_has_its_cases() {
    let texts = files().into_iter().map(|file| std::fs::read_to_string(file).unwrap());
    let titles: Vec<String> = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let rules = titles.iter().filter_map(|line| line.strip_prefix("= ")?.strip_suffix(')')?.rsplit_once(" (§"));
    let mut cases: BTreeMap<&str, usize> = RULES.iter().map(|rule| (*rule, 0)).collect();
    for (title, rule) in rules {
        let count = cases.get_mut(rule);
        *count.unwrap_or_else(|| panic!("{title}: there is no rule '{rule}'")) += 1;
    }
    let missing: Vec<_> = cases.iter().filter(|(_, count)| **count == 0).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let sum: usize = cases.values().sum();
    println!("{cases:#?}\n{sum} cases");
    assert!(sum >= 120, "only {sum}");
}
