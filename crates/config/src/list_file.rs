//! Lists of addresses to deny, kept in files of their own: one address or network per line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipnet::IpNet;

use crate::configuration::Configuration;
use crate::diagnostic::{Complaint, Diagnostic, Findings, LoadError, Origin, Severity};
use crate::home::Home;
use crate::schema::parse_networks;
use crate::store;

/// Bad lines named one by one; the others are counted.
const NAMED_MAX: usize = 3;

/// A file of addresses to deny (`doorward/limiter` `listFile`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Networks to deny, in the order of the file, each with its line, from 1.
    pub entries: Vec<(IpNet, u32)>,
}

/// The files that the levels of a configuration name, by the name as written.
pub(crate) type ListFiles = BTreeMap<String, Listed>;

/// One file that some level names.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    path: PathBuf,
    origin: Origin,
    /// What was in it; `None` when it could not be read.
    file: Option<Arc<ListFile>>,
}

/// The word for findings about a list that cannot be read.
const KIND: &str = "list";

/// Reads every file that some level names. A file that cannot be read is an error of that level: without its list
/// nobody would be denied.
pub(crate) fn read_all(configuration: Configuration, home: &Home) -> Result<Configuration, LoadError> {
    let mut configuration = configuration;
    let mut findings = Findings::from(std::mem::take(&mut configuration.findings));
    let folder = home.config_file.parent().unwrap_or(Path::new("."));
    let mut files = ListFiles::new();
    for level in configuration.hierarchy.levels.values() {
        let layer = level.layers.get("doorward/limiter");
        let Some(setting) = layer.and_then(|layer| layer.declared.setting("listFile")) else { continue };
        if setting.text.is_empty() {
            continue;
        }
        findings.within(level.owner(), |findings| {
            let path = folder.join(&setting.text);
            let file = read_one(&path, &setting.origin, findings).map(Arc::new);
            files.insert(setting.text.clone(), Listed { path, origin: setting.origin.clone(), file });
        });
    }
    if findings.file_is_unusable() {
        return Err(LoadError { diagnostics: findings.all });
    }
    Ok(Configuration { list_files: files, findings: findings.all, ..configuration })
}

fn read_one(path: &Path, origin: &Origin, findings: &mut Findings) -> Option<ListFile> {
    let missing = || format!("{} is not there", path.display());
    let read = store::read(path).map_err(|error| error.to_string()).and_then(|text| text.ok_or_else(missing));
    match read {
        Ok(text) => {
            let (entries, bad) = parse(&text);
            complain(path, &bad, findings);
            Some(ListFile { path: path.to_owned(), entries })
        }
        Err(reason) => {
            let complaint = Complaint::new(KIND, format!("the list cannot be read: {reason}"));
            findings.error(origin, complaint.hint("make the file, an empty one denies nobody, or remove listFile"));
            None
        }
    }
}

/// A line's number and what is wrong with it.
type BadLine = (u32, String);

/// The networks, and the lines that are none. `#` begins a comment, also behind a network.
fn parse(text: &str) -> (Vec<(IpNet, u32)>, Vec<BadLine>) {
    let (mut entries, mut bad) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        let written = line.split('#').next().unwrap_or("").trim();
        match parse_networks(written) {
            Ok(networks) => entries.extend(networks.into_iter().map(|network| (network, number))),
            Err(complaint) => bad.push((number, complaint.message)),
        }
    }
    (entries, bad)
}

/// One bad line in a list that somebody else keeps must not take the good ones away.
fn complain(path: &Path, bad: &[BadLine], findings: &mut Findings) {
    for (line, message) in bad.iter().take(NAMED_MAX) {
        let origin = Origin { file: Arc::from(path), line: *line, column: 1 };
        let hint = "write one address or network per line, such as 203.0.113.9 or 2001:db8::/32";
        findings.warning(&origin, Complaint::new("value", format!("{message}; the line is left out")).hint(hint));
    }
    if let Some((line, _)) = bad.get(NAMED_MAX) {
        let origin = Origin { file: Arc::from(path), line: *line, column: 1 };
        let message = format!("{} more lines are left out as well", bad.len() - NAMED_MAX);
        findings.warning(&origin, Complaint::new("value", message));
    }
}

impl Configuration {
    /// The list that a level names, by the name as written.
    pub fn list_file(&self, written: &str) -> Option<&Arc<ListFile>> {
        self.list_files.get(written)?.file.as_ref()
    }

    /// The files of all lists, to be watched for changes, those that could not be read among them.
    pub fn list_paths(&self) -> Vec<PathBuf> {
        self.list_files.values().map(|listed| listed.path.clone()).collect()
    }

    /// Takes over from the configuration before what could not be read now, so that a list that is away for a moment
    /// changes nothing; what was an error is then a warning.
    pub fn keep_lists_of(&mut self, before: &Self) {
        for (name, listed) in &mut self.list_files {
            let Some(known) = before.list_file(name).filter(|_| listed.file.is_none()) else { continue };
            listed.file = Some(Arc::clone(known));
            let about_it =
                |finding: &&mut Diagnostic| finding.kind == KIND && finding.origin.as_ref() == Some(&listed.origin);
            for finding in self.findings.iter_mut().filter(about_it) {
                finding.severity = Severity::Warning;
                finding.message += "; what it said before stays in force";
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str], bad: &[u32]) {
        let (entries, wrong) = parse(text);
        let shown: Vec<String> = entries.iter().map(|(network, line)| format!("{line} {network}")).collect();
        assert_eq!(shown, expected, "{text}");
        assert_eq!(wrong.iter().map(|(line, _)| *line).collect::<Vec<_>>(), bad, "{text}");
    }

    #[test]
    fn lines_are_addresses_networks_or_comments() {
        check("", &[], &[]);
        check("203.0.113.9\n# known\r\n\n10.1.2.3/8 # inside\n", &["1 203.0.113.9/32", "4 10.0.0.0/8"], &[]);
        check("2001:db8::/32\nshop.test\n::1\n", &["1 2001:db8::/32", "3 ::1/128"], &[2]);
        check("10.0.0.1, 10.0.0.2\n10.0.0.0/33", &["1 10.0.0.1/32", "1 10.0.0.2/32"], &[2]);
    }

    #[test]
    fn many_bad_lines_are_counted() {
        let mut findings = Findings::default();
        let (_, bad) = parse(&"x\n".repeat(10));
        complain(Path::new("l"), &bad, &mut findings);
        assert_eq!(findings.all.len(), NAMED_MAX + 1);
        assert!(findings.all[NAMED_MAX].to_string().starts_with("l:4:1: warning[value]: 7 more lines"));
    }
}
