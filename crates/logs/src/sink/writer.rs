//! The writer thread: takes chunks from the queue and appends each to its file.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::period::FileName;
use crate::sink::Shared;
use crate::sink::chunk::{Chunk, Target};
use crate::sink::file::{Broken, Header, Lines, LogFile};
use crate::sink::keep::{Keeper, Series};
use crate::sink::queue::Next;
use crate::sink::status::Failure;
use crate::sink::stream::Stream;
use crate::site_log::{Format, LogTarget};
use crate::{http_err, w3c};

/// After a failure a folder is left alone for so long: a full disk does not empty itself between two chunks.
const REST_MS: u64 = 1000;
/// How often files that get no lines are looked at, for a rotation must free their room on the disk.
const SWEEP_MS: u64 = 30_000;
/// A file without lines for so long is closed; so are the files of past periods.
const IDLE_MS: u64 = 3_600_000;
/// Open files at most: the least recently used one makes way.
const FILES_MAX: usize = 256;

/// Where HTTPERR lines go.
pub(crate) struct ErrorLog {
    pub(crate) directory: PathBuf,
    pub(crate) truncate_bytes: u64,
}

pub(crate) struct Writer {
    shared: Arc<Shared>,
    errors: ErrorLog,
    /// By folder and, for numbered files, the name of number 0: one open file a series.
    files: HashMap<PathBuf, LogFile>,
    /// By folder: the moment of its failure.
    resting: HashMap<PathBuf, u64>,
    stdout: Stream,
    stderr: Stream,
    keeper: Keeper,
    /// The time as the records tell it: this crate reads no clock.
    now_unix_ms: u64,
    swept_unix_ms: u64,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, errors: ErrorLog) -> Self {
        let (files, resting) = (HashMap::new(), HashMap::new());
        let (stdout, stderr) = (Stream::new("stdout"), Stream::new("stderr"));
        let keeper = Keeper::new(Arc::clone(&shared));
        Self { shared, errors, files, resting, stdout, stderr, keeper, now_unix_ms: 0, swept_unix_ms: 0 }
    }

    /// Works until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        loop {
            match self.shared.queue.next(Duration::from_millis(SWEEP_MS)) {
                Next::Write(chunk) => {
                    self.turn_to(chunk.first_unix_ms);
                    self.write(&chunk);
                    self.shared.queue.finish(chunk.bytes);
                }
                Next::Reopen => {
                    self.files.clear();
                    self.resting.clear();
                }
                Next::Idle => self.turn_to(self.now_unix_ms.saturating_add(SWEEP_MS)),
                Next::End => return,
            }
        }
    }

    fn write(&mut self, chunk: &Chunk) {
        let place = self.place(&chunk.target);
        let tally = &self.shared.tally;
        if self.resting.get(&place.folder).is_some_and(|since| is_within(*since, REST_MS, self.now_unix_ms)) {
            tally.add_dropped(&place.folder, chunk.lines, None);
            return;
        }
        let appended = match stream(&chunk.target) {
            LogTarget::File => append(&mut self.files, &place, chunk).map(|opened| self.keep(&chunk.target, opened)),
            LogTarget::Stdout => self.stdout.append(&chunk.bytes),
            LogTarget::Stderr => self.stderr.append(&chunk.bytes),
        };
        match appended {
            Ok(()) => {
                self.resting.remove(&place.folder);
                tally.add_written(chunk.lines);
                tally.end_episode(&place.folder);
            }
            Err(Broken { failure, lines_kept }) => {
                tally.add_written(lines_kept);
                tally.add_dropped(&place.folder, chunk.lines.saturating_sub(lines_kept), Some(failure));
                self.resting.insert(place.folder, self.now_unix_ms);
            }
        }
    }

    fn place(&self, target: &Target) -> Place {
        match target {
            Target::Site(site, _) if site.settings().target != LogTarget::File => {
                let stream = if site.settings().target == LogTarget::Stdout { "stdout" } else { "stderr" };
                Place { folder: stream.into(), name: FileName::Dated(stream.into()) }
            }
            Target::Site(site, key) => Place { folder: site.folder().to_owned(), name: site.file_name(*key) },
            Target::Errors => {
                let truncate_bytes = self.errors.truncate_bytes;
                let name = FileName::Numbered { stem: "httperr", suffix: "", truncate_bytes };
                Place { folder: self.errors.directory.clone(), name }
            }
        }
    }

    /// A file was opened: its folder's old files get what their site's settings ask for.
    fn keep(&self, target: &Target, opened: Option<PathBuf>) {
        if let (Target::Site(site, _), Some(current)) = (target, opened) {
            let retention = site.settings().retention;
            let series = Series { folder: site.folder().to_owned(), stem: site.stem(), current, retention };
            self.keeper.begin(series, self.now_unix_ms);
        }
    }

    /// Follows the time and, twice a minute, closes files that got no lines for long or were taken away.
    fn turn_to(&mut self, now_unix_ms: u64) {
        self.now_unix_ms = now_unix_ms;
        if is_within(self.swept_unix_ms, SWEEP_MS, now_unix_ms) {
            return;
        }
        self.swept_unix_ms = now_unix_ms;
        self.files.retain(|_, file| is_within(file.used_unix_ms, IDLE_MS, now_unix_ms) && file.is_in_place());
        self.resting.retain(|_, since| is_within(*since, REST_MS, now_unix_ms));
    }
}

/// Whether less than `length_ms` lie between two moments, whichever came first: a clock that was set back must not
/// stop the log.
fn is_within(since_unix_ms: u64, length_ms: u64, now_unix_ms: u64) -> bool {
    now_unix_ms.abs_diff(since_unix_ms) < length_ms
}

/// A series of files: a folder and what its files are called.
struct Place {
    folder: PathBuf,
    name: FileName,
}

fn stream(target: &Target) -> LogTarget {
    match target {
        Target::Site(site, _) => site.settings().target,
        Target::Errors => LogTarget::File,
    }
}

/// Appends to the file of a place; gives its path when it was opened for that.
fn append(files: &mut HashMap<PathBuf, LogFile>, place: &Place, chunk: &Chunk) -> Result<Option<PathBuf>, Broken> {
    let file = current_file(files, place, chunk.bytes.len())?;
    let opened = file.is_fresh().then(|| file.path().to_owned());
    file.append(Lines { header: header(&chunk.target), first_unix_ms: chunk.first_unix_ms, bytes: &chunk.bytes })?;
    Ok(opened)
}

/// The open file for lines of a place: opened, opened anew after a rotation, or the next of its series.
fn current_file<'a>(
    files: &'a mut HashMap<PathBuf, LogFile>,
    place: &Place,
    incoming: usize,
) -> Result<&'a mut LogFile, Failure> {
    let key = place.folder.join(place.name.numbered(0));
    let file = match files.remove(&key).filter(LogFile::is_in_place) {
        Some(file) if file.is_full(&place.name, incoming) => file.next(&place.folder, &place.name)?,
        Some(file) => file,
        None => LogFile::open(&place.folder, &place.name, incoming)?,
    };
    make_room(files);
    Ok(files.entry(key).insert_entry(file).into_mut())
}

fn make_room(files: &mut HashMap<PathBuf, LogFile>) {
    if files.len() < FILES_MAX {
        return;
    }
    let oldest = files.iter().min_by_key(|(_, file)| file.used_unix_ms).map(|(key, _)| key.clone());
    if let Some(key) = oldest {
        files.remove(&key);
    }
}

/// The header block of a target's files; NCSA, IIS and JSON have none.
fn header(target: &Target) -> Option<Header<'_>> {
    match target {
        Target::Errors => Some(Header { software: http_err::SOFTWARE, fields_line: http_err::FIELDS_LINE }),
        Target::Site(site, _) => match site.settings().format {
            Format::W3c => Some(Header { software: w3c::SOFTWARE, fields_line: site.fields_line() }),
            Format::Ncsa | Format::Iis | Format::Json => None,
        },
    }
}
