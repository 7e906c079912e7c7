//! Old files of a log: compressed, and removed by age and size, where the operator asks for it.

use std::collections::HashSet;
use std::fs::{self, DirEntry, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::sink::Shared;
use crate::sink::status::Failure;

/// A file written to within this time may still get lines of its period.
const QUIET: Duration = Duration::from_mins(10);
const DAY: Duration = Duration::from_hours(24);
/// Lines of a log are much alike: the quickest level already takes nine tenths away.
const LEVEL: u32 = 1;

/// How long old files are kept. The default keeps all of them as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Files nobody has written to for so many days are removed; 0 keeps them.
    pub days: u32,
    /// When the files come to more bytes, the oldest are removed; 0 keeps them.
    pub bytes_max: u64,
    /// Whether files of past periods are compressed.
    pub compress: bool,
}

/// Who tidies folders of old files, each in a thread of its own: compressing a large file takes seconds.
#[derive(Clone)]
pub(crate) struct Keeper {
    shared: Arc<Shared>,
    /// The folders that are being tidied now.
    busy: Arc<Mutex<HashSet<PathBuf>>>,
}

/// One folder's log files.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) folder: PathBuf,
    /// What the names of its files begin with.
    pub(crate) stem: &'static str,
    /// The file that is being written.
    pub(crate) current: PathBuf,
    pub(crate) retention: Retention,
}

impl Keeper {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, busy: Arc::default() }
    }

    /// Begins to tidy, unless there is nothing to do or the folder is being tidied already.
    pub(crate) fn begin(&self, series: Series, now_unix_ms: u64) {
        if series.retention == Retention::default() || !self.enter(&series.folder) {
            return;
        }
        let (keeper, folder) = (self.clone(), series.folder.clone());
        let tidying = std::thread::Builder::new().name("doorward-keep".into()).spawn(move || {
            let tidied = tidy(&series, UNIX_EPOCH + Duration::from_millis(now_unix_ms));
            keeper.tell(&series.folder, tidied);
            keeper.leave(&series.folder);
        });
        if tidying.is_err() {
            self.leave(&folder);
        }
    }

    /// The folder's old files are an episode of their own: lines may well be written while a file cannot be put away.
    fn tell(&self, folder: &Path, tidied: Result<(), Failure>) {
        let key = folder.join("*");
        match tidied {
            Ok(()) => self.shared.tally.end_episode(&key),
            Err(failure) => self.shared.tally.add_dropped(&key, 0, Some(failure)),
        }
    }

    fn enter(&self, folder: &Path) -> bool {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned())
    }

    fn leave(&self, folder: &Path) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(folder);
    }
}

/// An old file of the log.
struct Old {
    path: PathBuf,
    length: u64,
    modified: SystemTime,
}

/// Removes, then compresses. What cannot be removed or compressed stays; the next rollover tries again. The first failure
/// is returned.
fn tidy(series: &Series, now: SystemTime) -> Result<(), Failure> {
    let entries = fs::read_dir(&series.folder).map_err(|error| failure(&series.folder, "read", &error))?;
    let mut files: Vec<Old> = entries.flatten().filter_map(|entry| old(series, &entry)).collect();
    files.sort_by_key(|file| std::cmp::Reverse(file.modified));
    let (mut bytes, mut result) = (0, Ok(()));
    for file in files {
        bytes += file.length;
        let age = now.duration_since(file.modified).unwrap_or_default();
        let is_old = series.retention.days > 0 && age > DAY * series.retention.days;
        let is_too_much = series.retention.bytes_max > 0 && bytes > series.retention.bytes_max;
        let done = if is_old || is_too_much {
            fs::remove_file(&file.path).map_err(|error| failure(&file.path, "removed", &error))
        } else if series.retention.compress && age > QUIET && is_plain(&file.path) {
            compress(&file.path).map_err(|error| failure(&file.path, "compressed", &error))
        } else {
            Ok(())
        };
        result = result.and(done);
    }
    result
}

fn failure(path: &Path, verb: &str, error: &io::Error) -> Failure {
    let message = format!("cannot be {verb} ({error}); it stays as it is, and the next file of this log tries again");
    Failure { path: path.to_owned(), message }
}

/// A regular file of this log, other than the one being written.
fn old(series: &Series, entry: &DirEntry) -> Option<Old> {
    let (path, name) = (entry.path(), entry.file_name());
    let name = name.to_str()?;
    let plain = Path::new(name.strip_suffix(".gz").unwrap_or(name));
    let is_ours = name.starts_with(series.stem) && is_plain(plain);
    // `metadata` of an entry does not follow links.
    let data: Metadata = entry.metadata().ok().filter(Metadata::is_file)?;
    (is_ours && path != series.current).then_some(Old { path, length: data.len(), modified: data.modified().ok()? })
}

fn is_plain(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "log")
}

/// Replaces a file by its compressed form, with the same age. A failure leaves the file alone; a crash, at worst, a `.part`
/// beside it.
fn compress(path: &Path) -> io::Result<()> {
    let part = path.with_extension("log.gz.part");
    let packed = pack(path, &part).and_then(|()| fs::rename(&part, path.with_extension("log.gz")));
    if packed.is_err() {
        // The disk may be full: a part would keep the room it took.
        let _gone_already = fs::remove_file(&part);
    }
    packed.and_then(|()| fs::remove_file(path))
}

/// Writes the compressed form, and not only into the kernel's memory: the plain one is about to go.
fn pack(path: &Path, part: &Path) -> io::Result<()> {
    let mut plain = File::open(path)?;
    let data = plain.metadata()?;
    let compressed = OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).open(part)?;
    let mut encoder = GzEncoder::new(compressed, Compression::new(LEVEL));
    io::copy(&mut plain, &mut encoder)?;
    let compressed = encoder.finish()?;
    compressed.set_modified(data.modified()?)?;
    compressed.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    const NOW: u64 = 1_700_000_000;

    /// `files`: name, age in days, length. `expected`: names that are left, sorted.
    fn check(retention: Retention, files: &[(&str, u64, usize)], expected: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        for (name, days, length) in files {
            fs::write(folder.path().join(name), vec![b'x'; *length]).unwrap();
            let file = File::options().write(true).open(folder.path().join(name)).unwrap();
            file.set_modified(now - DAY * u32::try_from(*days).unwrap()).unwrap();
        }
        let current = folder.path().join("u_ex5.log");
        tidy(&Series { folder: folder.path().into(), stem: "u_ex", current, retention }, now).unwrap();
        let mut left: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, expected, "{retention:?}");
    }

    #[test]
    fn by_age_and_by_size() {
        let files = [("u_ex1.log", 9, 400), ("u_ex3.log.gz", 5, 300), ("u_ex4.log", 1, 200), ("u_ex5.log", 30, 900)];
        let all = ["u_ex1.log", "u_ex3.log.gz", "u_ex4.log", "u_ex5.log"];
        check(Retention::default(), &files, &all);
        check(Retention { days: 7, ..Retention::default() }, &files, &all[1..]);
        check(Retention { bytes_max: 200, ..Retention::default() }, &files, &all[2..]);
        check(Retention { bytes_max: 500, ..Retention::default() }, &files, &all[1..]);
        check(
            Retention { compress: true, ..Retention::default() },
            &files,
            &["u_ex1.log.gz", "u_ex3.log.gz", "u_ex4.log.gz", "u_ex5.log"],
        );
    }

    #[test]
    fn only_files_of_this_log() {
        let files = [("u_in1.log", 9, 1), ("u_ex1.txt", 9, 1), ("notes.log", 9, 1), ("u_ex2.log", 0, 1)];
        let retention = Retention { days: 1, compress: true, ..Retention::default() };
        check(retention, &files, &["notes.log", "u_ex1.txt", "u_ex2.log", "u_in1.log"]);
    }

    #[test]
    fn what_cannot_be_put_away_stays_and_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("u_ex1.log");
        fs::write(&path, "line\r\n").unwrap();
        // Nothing can be put in the place of a folder that holds something.
        fs::create_dir_all(folder.path().join("u_ex1.log.gz/in the way")).unwrap();
        let retention = Retention { compress: true, ..Retention::default() };
        let current = folder.path().join("u_ex5.log");
        let series = Series { folder: folder.path().into(), stem: "u_ex", current, retention };
        let failure = tidy(&series, SystemTime::UNIX_EPOCH + DAY * 100_000).unwrap_err();
        assert!(failure.path == path && failure.message.starts_with("cannot be compressed ("), "{failure:?}");
        assert!(path.exists() && !folder.path().join("u_ex1.log.gz.part").exists());
    }

    #[test]
    fn compressed_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("u_ex1.log");
        fs::write(&path, "line\r\n".repeat(1000)).unwrap();
        compress(&path).unwrap();
        let mut text = String::new();
        let packed = File::open(folder.path().join("u_ex1.log.gz")).unwrap();
        assert!(packed.metadata().unwrap().len() < 600 && !path.exists());
        flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
        assert_eq!(text, "line\r\n".repeat(1000));
    }
}
