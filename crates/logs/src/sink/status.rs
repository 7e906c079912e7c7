//! What the sink tells about itself: counts, and one entry for each episode of trouble.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Counts since the start, and the trouble there was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SinkStatus {
    /// Lines that are in the files.
    pub lines_written: u64,
    /// Lines that were lost: full queue, full disk, refused folder.
    pub lines_dropped: u64,
    /// The last episode of each folder, at most 64; the oldest go first.
    pub problems: Vec<Problem>,
}

/// One episode of trouble with a folder or with the queue: from the first lost line until a line is written again. Old files
/// that cannot be put away are one, too; they cost no lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Counts up: a reader that has reported this number need not report it again.
    pub episode: u64,
    /// The file or folder; `(queue)` for lines the writer had no room for.
    pub path: PathBuf,
    /// What is wrong and how to mend it.
    pub message: String,
    /// Lines lost in this episode.
    pub lines_dropped: u64,
    /// Whether lines are still being lost.
    pub is_active: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, lines) = (self.path.display(), self.lines_dropped);
        if lines == 0 {
            write!(out, "{path}: {}", self.message)
        } else if self.is_active {
            write!(out, "{path}: {}; {lines} log lines lost so far", self.message)
        } else {
            write!(out, "{path}: writing again, {lines} log lines were lost: {}", self.message)
        }
    }
}

/// The path under which a full queue is reported.
pub(crate) const QUEUE: &str = "(queue)";

/// Episodes kept; more folders than this are rarely in trouble for different reasons.
const PROBLEMS_MAX: usize = 64;

/// Counts shared by the writer and the serving threads.
#[derive(Default)]
pub(crate) struct Tally {
    written: AtomicU64,
    dropped: AtomicU64,
    /// Episodes that are not over, so that a success need not look for its own.
    active: AtomicU64,
    episodes: Mutex<Episodes>,
}

#[derive(Default)]
struct Episodes {
    last: u64,
    /// By folder: a file's name changes with the period, its trouble does not.
    entries: Vec<(PathBuf, Problem)>,
}

/// Why lines could not be written.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) path: PathBuf,
    pub(crate) message: String,
}

impl Tally {
    pub(crate) fn status(&self) -> SinkStatus {
        SinkStatus {
            lines_written: self.written.load(Ordering::Relaxed),
            lines_dropped: self.dropped.load(Ordering::Relaxed),
            problems: self.lock().entries.iter().map(|(_, problem)| problem.clone()).collect(),
        }
    }

    /// Lines reached their file.
    pub(crate) fn add_written(&self, lines: u64) {
        self.written.fetch_add(lines, Ordering::Relaxed);
    }

    /// Lines of a folder were lost for a new reason, or for the reason already known.
    pub(crate) fn add_dropped(&self, folder: &Path, lines: u64, failure: Option<Failure>) {
        self.dropped.fetch_add(lines, Ordering::Relaxed);
        let mut episodes = self.lock();
        episodes.add(folder, lines, failure);
        self.active.store(episodes.count_active(), Ordering::Relaxed);
    }

    /// Lines of a folder are written again.
    pub(crate) fn end_episode(&self, folder: &Path) {
        if self.active.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut episodes = self.lock();
        if let Some((_, problem)) = episodes.entries.iter_mut().find(|(key, _)| key == folder) {
            problem.is_active = false;
        }
        self.active.store(episodes.count_active(), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Episodes> {
        self.episodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Episodes {
    fn add(&mut self, folder: &Path, lines: u64, failure: Option<Failure>) {
        let known = self.entries.iter_mut().find(|(key, _)| key == folder);
        if let Some((_, problem)) = known.filter(|(_, problem)| problem.is_active || failure.is_none()) {
            problem.lines_dropped += lines;
            if let Some(failure) = failure {
                (problem.path, problem.message) = (failure.path, failure.message);
            }
            return;
        }
        let Some(Failure { path, message }) = failure else { return };
        self.last += 1;
        let problem = Problem { episode: self.last, path, message, lines_dropped: lines, is_active: true };
        self.entries.retain(|(key, _)| key != folder);
        self.make_room();
        self.entries.push((folder.to_owned(), problem));
    }

    /// Forgets the oldest episode that is over, else the oldest.
    fn make_room(&mut self) {
        if self.entries.len() >= PROBLEMS_MAX {
            let over = self.entries.iter().position(|(_, problem)| !problem.is_active);
            self.entries.remove(over.unwrap_or(0));
        }
    }

    fn count_active(&self) -> u64 {
        self.entries.iter().filter(|(_, problem)| problem.is_active).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(message: &str) -> Failure {
        Failure { path: "/logs/f.log".into(), message: message.into() }
    }

    fn check(tally: &Tally, expected: &[&str]) {
        let texts: Vec<_> =
            tally.status().problems.iter().map(|problem| format!("{} {problem}", problem.episode)).collect();
        assert_eq!(texts, expected);
    }

    #[test]
    fn one_entry_an_episode() {
        let (tally, folder) = (Tally::default(), Path::new("/logs"));
        tally.add_dropped(folder, 2, Some(failure("full")));
        tally.add_dropped(folder, 3, None);
        tally.add_dropped(folder, 1, Some(failure("still full")));
        check(&tally, &["1 /logs/f.log: still full; 6 log lines lost so far"]);
        tally.end_episode(Path::new("/other"));
        tally.end_episode(folder);
        check(&tally, &["1 /logs/f.log: writing again, 6 log lines were lost: still full"]);
        tally.add_dropped(folder, 1, Some(failure("full")));
        check(&tally, &["2 /logs/f.log: full; 1 log lines lost so far"]);
        assert_eq!(tally.status().lines_dropped, 7);
    }

    #[test]
    fn entries_are_bounded() {
        let tally = Tally::default();
        for index in 0..100 {
            tally.add_dropped(Path::new(&format!("/{index}")), 1, Some(failure("x")));
            if index == 50 {
                tally.end_episode(Path::new("/50"));
            }
        }
        let status = tally.status();
        assert_eq!((status.problems.len(), status.lines_dropped), (64, 100));
        assert!(status.problems.iter().all(|problem| problem.is_active && problem.episode > 35));
    }
}
