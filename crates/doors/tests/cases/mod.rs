//! The form of the cases, read and written.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// One case.
#[derive(Default)]
pub struct Case {
    /// Lines of it that are kept as they are: its head, comments and files.
    head: Vec<String>,
    pub has_server: bool,
    /// Name below the home and text.
    pub files: Vec<(String, String)>,
    pub commands: Vec<Command>,
}

/// One command line: the words of each program of a pipe.
pub struct Command {
    line: String,
    pub pipe: Vec<Vec<String>>,
}

/// The cases of a text that are about a running server, as such a server prints them: without standard error, and with
/// exit codes of 8 bits.
#[allow(dead_code, reason = "the end-to-end tests use it")]
pub fn with_server(text: &str) -> String {
    let mut parts = text.split("\n== ");
    let mut kept = parts.next().unwrap_or_default().trim_end().to_owned();
    let is_apart = |part: &&str| {
        let name = part.lines().next().unwrap_or_default();
        name.ends_with("(no server)") || name.ends_with("(a clock of the test)")
    };
    for part in parts.filter(|part| !is_apart(part)) {
        let lines = part.trim_end().lines().filter(|line| !line.starts_with("! "));
        let short = |line: &str| match line.strip_prefix("exit ").and_then(|code| code.parse::<u32>().ok()) {
            Some(code) => format!("exit {}", code & 0xff),
            None => line.to_owned(),
        };
        let _ = write!(kept, "\n\n== {}", lines.map(short).collect::<Vec<_>>().join("\n"));
    }
    kept.push('\n');
    kept
}

/// The text with every case's results replaced by those found.
pub fn rewritten(text: &str, run: &mut dyn FnMut(&Case) -> (Vec<String>, String)) -> String {
    let mut parts = text.split("\n== ");
    let mut found = parts.next().unwrap_or_default().trim_end().to_owned();
    for part in parts {
        let case = read(part);
        let (printed, changes) = run(&case);
        let _ = write!(found, "\n\n== {}", case.head.join("\n"));
        for (command, printed) in case.commands.iter().zip(printed) {
            let _ = write!(found, "\n$ {}\n{}", command.line, printed.trim_end());
        }
        let _ = write!(found, "{}", changes.trim_end());
    }
    found.push('\n');
    found
}

fn read(part: &str) -> Case {
    let mut case = Case { has_server: true, ..Case::default() };
    for (index, line) in part.lines().enumerate() {
        if let Some(line) = line.strip_prefix("$ ") {
            let pipe = line.split(" | ").map(words).collect();
            case.commands.push(Command { line: line.to_owned(), pipe });
        } else if case.commands.is_empty() && !line.trim().is_empty() {
            if index == 0 && line.ends_with("(no server)") {
                case.has_server = false;
            }
            if let Some((name, text)) = line.strip_prefix("with ").and_then(|rest| rest.split_once(": ")) {
                case.files.push((name.to_owned(), text.replace("\\n", "\n")));
            }
            case.head.push(line.to_owned());
        }
    }
    case
}

/// Words as a Windows shell hands them over: double quotes group and go away.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut any) = (Vec::new(), String::new(), false, false);
    for character in line.chars() {
        match character {
            '"' => (quoted, any) = (!quoted, true),
            ' ' if !quoted => {
                if any || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            other => word.push(other),
        }
    }
    if any || !word.is_empty() {
        words.push(word);
    }
    words
}

/// Name below the folder → text, for every configuration file there.
pub fn contents(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(at) = waiting.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                // Each change leaves a copy in the history, which has its own tests.
                if !path.ends_with("state/history") {
                    waiting.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "config") {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, std::fs::read_to_string(path).unwrap());
            }
        }
    }
    found
}

/// What went and what came, file by file.
pub fn changes(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> String {
    let mut shown = String::new();
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let (old, new) = (before.get(name), after.get(name));
        if old != new {
            let gone = if new.is_none() { " (gone)" } else { "" };
            let lines = difference(old.map_or("", String::as_str), new.map_or("", String::as_str));
            let _ = write!(shown, "\n@ {name}{gone}\n{}", if new.is_none() { "" } else { &lines });
        }
    }
    shown
}

/// The lines that went (`-`) and came (`+`), by the longest common part.
pub fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for (i, line) in old.iter().enumerate().rev() {
        for (j, other) in new.iter().enumerate().rev() {
            common[i][j] =
                if line == other { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut shown) = (0, 0, String::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if j >= new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            let _ = writeln!(shown, "-{}", old[i]);
            i += 1;
        } else {
            let _ = writeln!(shown, "+{}", new[j]);
            j += 1;
        }
    }
    shown
}
