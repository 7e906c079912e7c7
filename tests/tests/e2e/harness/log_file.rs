//! Reads W3C and HTTPERR logs by the `#Fields` line of the file itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One line of a log with its field names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    names: Arc<[String]>,
    values: Vec<String>,
}

impl LogLine {
    /// The value of a field; panics when the file does not have it.
    pub fn field(&self, name: &str) -> &str {
        let at = self.names.iter().position(|known| known == name);
        let at = at.unwrap_or_else(|| panic!("no field {name} among {:?}", self.names));
        &self.values[at]
    }

    /// `sc-status sc-substatus sc-win32-status`, as people quote it.
    pub fn verdict(&self) -> String {
        ["sc-status", "sc-substatus", "sc-win32-status"].map(|name| self.field(name)).join(" ")
    }

    /// The whole line.
    pub fn text(&self) -> String {
        self.values.join(" ")
    }
}

/// The verdicts of lines, sorted: lines are in order of completion only within one serving thread.
pub fn verdicts(lines: &[LogLine]) -> Vec<String> {
    let mut verdicts: Vec<_> = lines.iter().map(LogLine::verdict).collect();
    verdicts.sort();
    verdicts
}

/// The verdict of the one line with this `cs-uri-stem`.
pub fn verdict_of(lines: &[LogLine], stem: &str) -> String {
    let found: Vec<_> = lines.iter().filter(|line| line.field("cs-uri-stem") == stem).map(LogLine::verdict).collect();
    assert_eq!(found.len(), 1, "lines of {stem}: {found:?}");
    found.concat()
}

/// Every line of every log in `folder`, oldest file first; nothing when there is no such folder.
/// Panics when a line does not have as many values as the header before it has fields.
pub fn read_folder(folder: &Path) -> Vec<LogLine> {
    files(folder).iter().flat_map(|file| parse(&fs::read_to_string(file).unwrap())).collect()
}

/// The log files in `folder`, sorted by name.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn parse(text: &str) -> Vec<LogLine> {
    let mut names: Arc<[String]> = Arc::default();
    let mut lines = Vec::new();
    // A line without its end is still being written.
    for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        let line = line.trim_end_matches('\r');
        if let Some(fields) = line.strip_prefix("#Fields: ") {
            names = fields.split(' ').map(str::to_owned).collect();
        } else if !line.starts_with('#') {
            let values: Vec<_> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(values.len(), names.len(), "a log line with a wrong number of fields: {line:?}");
            lines.push(LogLine { names: Arc::clone(&names), values });
        }
    }
    lines
}

#[test]
fn lines_are_read_by_their_header() {
    let lines = parse("#Version: 1.0\r\n#Fields: sc-status sc-substatus sc-win32-status\r\n403 501 0\r\n200 0");
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].verdict().as_str(), lines[0].field("sc-substatus")), ("403 501 0", "501"));
}
