//! One open log file: header when due, whole lines, and whether it is still the file of that name.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::period::FileName;
use crate::sink::append::{Medium, Tail, append, tail_of};
use crate::sink::folder::{OpenError, highest_number, open_file, open_folder};
use crate::sink::status::Failure;
use crate::w3c;

/// A header block, due when a file is opened and when its columns change.
#[derive(Clone, Copy)]
pub(crate) struct Header<'a> {
    /// Text of the `#Software` line.
    pub(crate) software: &'a str,
    /// The `#Fields` line.
    pub(crate) fields_line: &'a [u8],
}

/// Lines to append to a file.
#[derive(Clone, Copy)]
pub(crate) struct Lines<'a> {
    pub(crate) header: Option<Header<'a>>,
    pub(crate) first_unix_ms: u64,
    pub(crate) bytes: &'a [u8],
}

/// A failure, and how many lines had reached the file before it.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) failure: Failure,
    pub(crate) lines_kept: u64,
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        Self { failure, lines_kept: 0 }
    }
}

/// An open log file.
pub(crate) struct LogFile {
    file: File,
    path: PathBuf,
    number: u32,
    device_inode: (u64, u64),
    size: u64,
    tail: Tail,
    /// `#Fields` line under which the last lines stand; empty before the first header.
    fields_line: Vec<u8>,
    /// Time of the last lines, in milliseconds since 1970.
    pub(crate) used_unix_ms: u64,
}

impl LogFile {
    /// Opens the newest file of a name, with its folder; a numbered one that is full is followed by the next.
    pub(crate) fn open(folder: &Path, name: &FileName, incoming: usize) -> Result<Self, Failure> {
        let opened = open_folder(folder)?;
        let mut number = highest_number(folder, name).unwrap_or(1);
        loop {
            let (text, file_at) = (name.numbered(number), |text: &str| folder.join(text));
            let file = open_file(&opened, &text).map_err(|error| error.at(file_at(&text)))?;
            let log = Self::take_over(file, file_at(&text), number)?;
            if !log.is_full(name, incoming) || number == u32::MAX {
                return Ok(log);
            }
            number += 1;
        }
    }

    fn take_over(file: File, path: PathBuf, number: u32) -> Result<Self, Failure> {
        let read = || -> std::io::Result<_> { Ok((file.metadata()?, tail_of(&file)?)) };
        let (data, tail) = read().map_err(|error| failure(&path, &error))?;
        let device_inode = (data.dev(), data.ino());
        let (size, fields_line, used_unix_ms) = (data.len(), Vec::new(), 0);
        Ok(Self { file, path, number, device_inode, size, tail, fields_line, used_unix_ms })
    }

    /// Whether no lines have been appended since it was opened.
    pub(crate) fn is_fresh(&self) -> bool {
        self.used_unix_ms == 0
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether these lines belong into the next file of the series.
    pub(crate) fn is_full(&self, name: &FileName, incoming: usize) -> bool {
        match name {
            FileName::Dated(_) => false,
            FileName::Numbered { truncate_bytes, .. } => {
                self.size > 0 && self.size.saturating_add(incoming as u64) > *truncate_bytes
            }
        }
    }

    /// Opens the file after this one in its series.
    pub(crate) fn next(&self, folder: &Path, name: &FileName) -> Result<Self, Failure> {
        let number = self.number.saturating_add(1);
        let path = folder.join(name.numbered(number));
        let opened = open_folder(folder)?;
        let file = open_file(&opened, &name.numbered(number)).map_err(|error: OpenError| error.at(&path))?;
        Self::take_over(file, path, number)
    }

    /// Whether the name still leads to this file, and nobody has shortened it: else a rotation has taken it away.
    pub(crate) fn is_in_place(&self) -> bool {
        self.path
            .symlink_metadata()
            .is_ok_and(|data| (data.dev(), data.ino()) == self.device_inode && data.len() >= self.size)
    }

    /// Appends lines, with a header before them when one is due.
    pub(crate) fn append(&mut self, lines: Lines<'_>) -> Result<(), Broken> {
        self.used_unix_ms = lines.first_unix_ms;
        let due = lines.header.filter(|header| header.fields_line != self.fields_line);
        let mut block = Vec::new();
        if let Some(header) = due {
            w3c::put_header(&mut block, header.software, lines.first_unix_ms, header.fields_line);
        }
        let header_bytes = block.len();
        let result = if header_bytes == 0 {
            append(&mut self.file, &mut self.tail, lines.bytes)
        } else {
            block.extend_from_slice(lines.bytes);
            append(&mut self.file, &mut self.tail, &block)
        };
        self.size = Medium::size(&self.file).unwrap_or(self.size);
        let kept = result.as_ref().map_or_else(|cut| cut.kept, |()| header_bytes + lines.bytes.len());
        if let Some(header) = due.filter(|_| kept >= header_bytes) {
            self.fields_line = header.fields_line.to_vec();
        }
        let body = &lines.bytes[..kept.saturating_sub(header_bytes)];
        result.map_err(|cut| Broken { failure: failure(&self.path, &cut.source), lines_kept: count_lines(body) })
    }
}

fn count_lines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

/// The failure of a write, with what mends it.
fn failure(path: &Path, error: &std::io::Error) -> Failure {
    let remedy = if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
        "free some space; requests are answered all the same and the log goes on by itself"
    } else {
        "requests are answered all the same and the log goes on when it can"
    };
    Failure { path: path.to_owned(), message: format!("cannot write the log ({error}): {remedy}") }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const HEADER: Header<'_> = Header { software: "S", fields_line: b"#Fields: a\r\n" };

    fn lines(bytes: &[u8]) -> Lines<'_> {
        Lines { header: Some(HEADER), first_unix_ms: 0, bytes }
    }

    fn dated() -> FileName {
        FileName::Dated("a.log".into())
    }

    fn check(path: &Path, expected: &str) {
        let text = fs::read_to_string(path).unwrap().replace("\r\n", "|");
        let header = "#Software: S|#Version: 1.0|#Date: 1970-01-01 00:00:00|#Fields: ";
        assert_eq!(text.replace(header, "H "), expected);
    }

    #[test]
    fn header_comes_with_opening_and_with_new_columns() {
        let home = tempfile::tempdir().unwrap();
        let mut log = LogFile::open(home.path(), &dated(), 0).unwrap();
        log.append(lines(b"1\r\n")).unwrap();
        log.append(lines(b"2\r\n")).unwrap();
        let other = Header { fields_line: b"#Fields: b\r\n", ..HEADER };
        log.append(Lines { header: Some(other), ..lines(b"3\r\n") }).unwrap();
        LogFile::open(home.path(), &dated(), 0).unwrap().append(lines(b"4\r\n")).unwrap();
        check(&home.path().join("a.log"), "H a|1|2|H b|3|H a|4|");
    }

    #[test]
    fn half_a_line_of_a_crash_is_removed() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("a.log"), "1\r\nhalf a li").unwrap();
        let mut log = LogFile::open(home.path(), &dated(), 0).unwrap();
        log.append(Lines { header: None, ..lines(b"2\r\n") }).unwrap();
        check(&home.path().join("a.log"), "1|2|");
    }

    #[test]
    fn rotation_by_others_is_noticed() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.log");
        let mut log = LogFile::open(home.path(), &dated(), 0).unwrap();
        log.append(lines(b"1\r\n")).unwrap();
        assert!(log.is_in_place());
        fs::rename(&path, home.path().join("a.log.1")).unwrap();
        assert!(!log.is_in_place());
        fs::copy(home.path().join("a.log.1"), &path).unwrap();
        assert!(!log.is_in_place());
        fs::rename(home.path().join("a.log.1"), &path).unwrap();
        assert!(log.is_in_place());
        fs::write(&path, "").unwrap();
        assert!(!log.is_in_place());
        fs::remove_file(&path).unwrap();
        assert!(!log.is_in_place());
    }

    #[test]
    fn numbered_files_roll_at_their_size() {
        let home = tempfile::tempdir().unwrap();
        let name = FileName::Numbered { stem: "n", suffix: "", truncate_bytes: 10 };
        fs::write(home.path().join("n3.log"), "123456\r\n").unwrap();
        let log = LogFile::open(home.path(), &name, 2).unwrap();
        assert_eq!((log.number, log.is_full(&name, 2), log.is_full(&name, 3)), (3, false, true));
        let mut log = LogFile::open(home.path(), &name, 3).unwrap();
        assert_eq!(log.number, 4);
        log.append(Lines { header: None, ..lines(b"a line longer than a file\r\n") }).unwrap();
        assert_eq!(log.next(home.path(), &name).unwrap().number, 5);
    }
}
