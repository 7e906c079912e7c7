//! `doorward logs …`: where log lines go, and what they say.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
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
            let reader = readers.entry(key).or_default();
            let mut lines = reader.new_lines(Path::new(&report.path));
            if is_first && lines.is_empty() {
                text::complain(format!("{}: no line yet", report.path));
            } else if is_first {
                lines.drain(..lines.len().saturating_sub(args.lines));
            }
            if !lines.is_empty() && chosen.len() > 1 && heading != report.path {
                text::line(format!("==> {} <==", report.path));
                heading.clone_from(&report.path);
            }
            lines.iter().for_each(text::line);
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
        let hint = Some("`doorward logs paths` says where they go".to_owned());
        return Err(Refused { kind: RefusedKind::Invalid, message, hint });
    }
    Ok(files)
}

/// How far a log has been read. The file stays open: what was written to it before it was renamed, or before the next
/// period began, is still read.
#[derive(Default)]
struct Reader {
    open: Option<(File, PathBuf)>,
    offset: u64,
    /// The first look finds the end of the log, later ones go on.
    has_looked: bool,
}

impl Reader {
    /// Whole lines since the last look; a file that is not there has none yet.
    fn new_lines(&mut self, path: &Path) -> Vec<String> {
        let mut lines = self.rest().unwrap_or_default();
        if self.turn_to(path) {
            lines.extend(self.rest().unwrap_or_default());
        }
        self.has_looked = true;
        lines
    }

    /// Opens the file of this name, if that is another one than before.
    fn turn_to(&mut self, path: &Path) -> bool {
        let Ok(file) = File::open(path) else { return false };
        let same = |(open, of): &(File, PathBuf)| of == path && identity(open) == identity(&file);
        if self.open.as_ref().is_some_and(same) {
            return false;
        }
        self.open = Some((file, path.to_owned()));
        self.offset = 0;
        true
    }

    fn rest(&mut self) -> io::Result<Vec<String>> {
        let Some((file, _)) = &mut self.open else { return Ok(Vec::new()) };
        let length = file.metadata()?.len();
        // Emptied by a rotation: from its beginning.
        let from = match self.offset {
            offset if offset > length => 0,
            0 if !self.has_looked => length.saturating_sub(TAIL_BYTES),
            offset => offset,
        };
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(length - from).read_to_end(&mut bytes)?;
        // What stands before the first line end may be the end of a line.
        let is_cut = from > 0 && !self.has_looked;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.offset = from + whole as u64;
        let lines = String::from_utf8_lossy(&bytes[..whole]);
        Ok(lines.lines().skip(usize::from(is_cut)).map(str::to_owned).collect())
    }
}

/// Which file it is, whatever it is called.
fn identity(file: &File) -> Option<(u64, u64)> {
    file.metadata().ok().map(|data| (data.dev(), data.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn only_whole_and_new_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let mut reader = Reader::default();
        assert!(reader.new_lines(&path).is_empty());
        let mut file = File::create(&path).unwrap();
        file.write_all(b"one\r\ntwo\r\nthr").unwrap();
        assert_eq!(reader.new_lines(&path), ["one", "two"]);
        file.write_all(b"ee\r\n").unwrap();
        assert_eq!(reader.new_lines(&path), ["three"]);
        assert!(reader.new_lines(&path).is_empty());
        file.set_len(0).unwrap();
        std::fs::write(&path, "four\r\n").unwrap();
        assert_eq!(reader.new_lines(&path), ["four"]);
    }

    #[test]
    fn a_rotation_costs_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let (path, old) = (folder.path().join("a.log"), folder.path().join("a.log.1"));
        std::fs::write(&path, "one\r\n").unwrap();
        let mut reader = Reader::default();
        assert_eq!(reader.new_lines(&path), ["one"]);
        std::fs::rename(&path, &old).unwrap();
        File::options().append(true).open(&old).unwrap().write_all(b"two\r\n").unwrap();
        assert_eq!(reader.new_lines(&path), ["two"]);
        // Longer than what was read of the file before it.
        std::fs::write(&path, "three\r\nfour\r\n").unwrap();
        assert_eq!(reader.new_lines(&path), ["three", "four"]);
        let next = folder.path().join("b.log");
        std::fs::write(&next, "five\r\n").unwrap();
        assert_eq!(reader.new_lines(&next), ["five"]);
    }

    #[test]
    fn a_long_log_is_read_from_near_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        std::fs::write(&path, "0123456789abcd\r\n".repeat(100_000)).unwrap();
        let lines = Reader::default().new_lines(&path);
        assert!((65_000..66_000).contains(&lines.len()) && lines[0] == "0123456789abcd", "{}", lines.len());
    }
}
