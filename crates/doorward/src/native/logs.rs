//! `doorward logs …`: where log lines go, and what they say.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use doorward_admin::{LogFileReport, Refused, RefusedKind};
use hyper::Method;
use serde_json::json;

use crate::cli::{LogsCommand, TailArgs};
use crate::client::ask;
use crate::text;

/// How often a followed log is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The end of a file in which its last lines are looked for.
const TAIL_BYTES: u64 = 1 << 20;

/// Runs one `logs` command.
pub(super) fn run(socket: &Path, command: LogsCommand) -> Result<(), Refused> {
    match command {
        LogsCommand::Paths(args) => paths(socket, args.json),
        LogsCommand::Tail(args) => tail(socket, &args),
        LogsCommand::Reopen => super::order(socket, (Method::POST, "/v1/logs/reopen"), None),
    }
}

fn reports(socket: &Path) -> Result<Vec<LogFileReport>, Refused> {
    ask(socket, (Method::GET, "/v1/logs"), None)
}

fn paths(socket: &Path, json: bool) -> Result<(), Refused> {
    let reports = reports(socket)?;
    if json {
        text::line(format!("{:#}", json!(reports)));
        return Ok(());
    }
    let row = |report: &LogFileReport| {
        let site = report.site.as_deref().unwrap_or("-").to_owned();
        let path = if report.enabled { &report.path } else { "(not logged)" };
        vec![site, report.format.clone(), path.to_owned()]
    };
    text::table(&["SITE", "FORMAT", "FILE"], &reports.iter().map(row).collect::<Vec<_>>());
    Ok(())
}

fn tail(socket: &Path, args: &TailArgs) -> Result<(), Refused> {
    let mut readers: HashMap<String, Reader> = HashMap::new();
    let mut heading = String::new();
    let mut is_first = true;
    loop {
        let chosen = chosen(reports(socket)?, args)?;
        for report in &chosen {
            let key = report.site.clone().unwrap_or_default();
            let reader = readers.entry(key).or_insert_with(|| Reader::new(&report.path));
            let mut lines = reader.new_lines();
            if is_first {
                lines.drain(..lines.len().saturating_sub(args.lines));
            }
            if !lines.is_empty() && chosen.len() > 1 && heading != report.path {
                text::line(format!("==> {} <==", report.path));
                heading.clone_from(&report.path);
            }
            lines.iter().for_each(text::line);
            reader.turn_to(&report.path);
        }
        if !args.follow {
            return Ok(());
        }
        is_first = false;
        std::thread::sleep(LOOK_EVERY);
    }
}

/// The logs that are meant, as far as they are files.
fn chosen(reports: Vec<LogFileReport>, args: &TailArgs) -> Result<Vec<LogFileReport>, Refused> {
    let is_meant = |report: &LogFileReport| match (&args.site, &report.site) {
        (Some(wanted), site) => site.as_ref().is_some_and(|site| site.to_lowercase() == wanted.to_lowercase()),
        (None, site) => site.is_none() || !args.errors,
    };
    let meant: Vec<_> = reports.into_iter().filter(is_meant).collect();
    if meant.is_empty() {
        let message = format!("there is no site '{}'", args.site.as_deref().unwrap_or_default());
        let hint = Some("`doorward logs paths` lists them".to_owned());
        return Err(Refused { kind: RefusedKind::NotFound, message, hint });
    }
    let files: Vec<_> =
        meant.into_iter().filter(|report| report.enabled && Path::new(&report.path).is_absolute()).collect();
    if files.is_empty() {
        let message = "its lines do not go to a file".to_owned();
        return Err(Refused { kind: RefusedKind::Invalid, message, hint: None });
    }
    Ok(files)
}

/// How far a log has been read.
struct Reader {
    path: String,
    offset: Option<u64>,
}

impl Reader {
    fn new(path: &str) -> Self {
        Self { path: path.to_owned(), offset: None }
    }

    /// Goes on with the next file, from its beginning.
    fn turn_to(&mut self, path: &str) {
        if self.path != path {
            *self = Self { path: path.to_owned(), offset: Some(0) };
        }
    }

    /// Whole lines since the last look; a file that is not there has none yet.
    fn new_lines(&mut self) -> Vec<String> {
        self.read().unwrap_or_default()
    }

    fn read(&mut self) -> io::Result<Vec<String>> {
        let mut file = File::open(&self.path)?;
        let length = file.metadata()?.len();
        let from = match self.offset {
            // Emptied or replaced by a rotation: from its beginning.
            Some(offset) if offset > length => 0,
            Some(offset) => offset,
            None => length.saturating_sub(TAIL_BYTES),
        };
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(length - from).read_to_end(&mut bytes)?;
        // What stands before the first line end may be the end of a line.
        let is_cut = from > 0 && self.offset.is_none();
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.offset = Some(from + whole as u64);
        let lines = String::from_utf8_lossy(&bytes[..whole]);
        Ok(lines.lines().skip(usize::from(is_cut)).map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn only_whole_and_new_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let mut reader = Reader::new(path.to_str().unwrap());
        assert!(reader.new_lines().is_empty());
        let mut file = File::create(&path).unwrap();
        file.write_all(b"one\r\ntwo\r\nthr").unwrap();
        assert_eq!(reader.new_lines(), ["one", "two"]);
        file.write_all(b"ee\r\n").unwrap();
        assert_eq!(reader.new_lines(), ["three"]);
        assert!(reader.new_lines().is_empty());
        file.set_len(0).unwrap();
        std::fs::write(&path, "four\r\n").unwrap();
        assert_eq!(reader.new_lines(), ["four"]);
    }
}
