//! The sink: one writer thread that owns every log file.
//!
//! Nothing here ever blocks a request. A queue that is full, a disk that is full, a folder that must not be trusted:
//! the lines are lost, counted, and told about once an episode.

mod append;
mod chunk;
mod file;
mod folder;
mod keep;
mod queue;
#[cfg(test)]
mod rollover;
mod status;
mod stream;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

pub(crate) use self::chunk::{Chunk, Target};
pub(crate) use self::folder::highest_number;
pub use self::keep::Retention;
use self::queue::Queue;
use self::status::{Failure, QUEUE, Tally};
pub use self::status::{Problem, SinkStatus};
use self::writer::{ErrorLog, Writer};
use crate::period::FileName;
use crate::thread_log::ThreadLog;

/// What the sink itself needs to know; everything about a site's log is in its own settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkSettings {
    /// Folder of `httperr<N>.log`: the caller passes `…/HTTPERR`.
    pub error_directory: PathBuf,
    /// Size at which the next HTTPERR file is begun; 1 MiB in IIS (§6.6).
    pub error_truncate_bytes: u64,
    /// Chunks, of about 32 KiB each, that may wait for the writer; at least 1. Further ones are dropped and counted.
    pub queue_chunks_max: usize,
    /// `s-computername`.
    pub computer_name: String,
}

/// Why the sink did not start.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The system refused a thread.
    #[error("cannot start the thread that writes the logs: {0}")]
    Thread(#[from] std::io::Error),
}

/// Owner of the writer thread. Dropping it writes what is in the queue and ends the thread; chunks that thread logs
/// hand over later are lost, so they go first.
#[derive(Debug)]
pub struct Sink {
    shared: Arc<Shared>,
    error_directory: PathBuf,
    thread: Option<JoinHandle<()>>,
}

/// What the sink, its writer and the thread logs have in common.
pub(crate) struct Shared {
    pub(crate) queue: Queue,
    pub(crate) tally: Tally,
    pub(crate) computer_name: String,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Shared").field("status", &self.tally.status()).finish_non_exhaustive()
    }
}

impl Sink {
    /// Starts the writer. No folder or file is touched before the first line.
    ///
    /// # Errors
    /// [`SinkError::Thread`] when the system has no thread to give.
    pub fn start(settings: SinkSettings) -> Result<Self, SinkError> {
        let shared = Arc::new(Shared {
            queue: Queue::new(settings.queue_chunks_max),
            tally: Tally::default(),
            computer_name: settings.computer_name,
        });
        let error_directory = settings.error_directory.clone();
        let errors = ErrorLog { directory: settings.error_directory, truncate_bytes: settings.error_truncate_bytes };
        let writer = Writer::new(Arc::clone(&shared), errors);
        let thread = std::thread::Builder::new().name("doorward-logs".into()).spawn(|| writer.run())?;
        Ok(Self { shared, error_directory, thread: Some(thread) })
    }

    /// A log for one serving thread.
    pub fn thread_log(&self) -> ThreadLog {
        ThreadLog::new(Arc::clone(&self.shared))
    }

    /// Counts, and the last trouble of each folder.
    pub fn status(&self) -> SinkStatus {
        self.shared.tally.status()
    }

    /// The HTTPERR file that lines go to now: the one with the highest number.
    pub fn error_path(&self) -> PathBuf {
        let name = FileName::Numbered { stem: "httperr", suffix: "", truncate_bytes: u64::MAX };
        let number = highest_number(&self.error_directory, &name).unwrap_or(1);
        self.error_directory.join(name.numbered(number))
    }

    /// Closes every file; the next lines open them again, with a header. For logrotate; folders that are left alone
    /// after a failure are tried again at once.
    pub fn reopen(&self) {
        self.shared.queue.reopen();
    }

    /// Waits until every chunk handed over so far is in its file, or lost for a reason that `status` tells; `false`
    /// when the time ran out. Lines still in a [`ThreadLog`] are not meant: flush that first.
    pub fn flush(&self, wait: Duration) -> bool {
        self.shared.queue.wait_until_written(wait)
    }

    /// Writes what was handed over, and ends the writer.
    pub fn close(mut self) {
        self.join();
    }

    fn join(&mut self) {
        self.shared.queue.close();
        if let Some(thread) = self.thread.take() {
            // A panic of the writer has been printed by the thread itself; there is nothing left to write.
            let _ = thread.join();
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.join();
    }
}

impl Shared {
    /// Hands a chunk to the writer and returns an empty buffer. Without room its lines are lost and counted.
    pub(crate) fn send(&self, chunk: Chunk) -> Vec<u8> {
        let queue = Path::new(QUEUE);
        match self.queue.push(chunk) {
            Ok(spare) => {
                self.tally.end_episode(queue);
                spare
            }
            Err(mut chunk) => {
                let message = "the disk takes log lines more slowly than requests make them".to_owned();
                self.tally.add_dropped(queue, chunk.lines, Some(Failure { path: queue.into(), message }));
                chunk.bytes.clear();
                chunk.bytes
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;
    use crate::line::tests::sample;
    use crate::record::{ErrorRecord, Record};
    use crate::site_log::tests::{SAMPLE_MS, settings};
    use crate::site_log::{Format, SiteLog, SiteLogSettings};
    use crate::w3c;

    /// Long enough for any machine; nothing waits for it to pass.
    const LONG: Duration = Duration::from_secs(20);

    fn start(home: &Path) -> Sink {
        start_with_queue(home, 1000)
    }

    fn start_with_queue(home: &Path, queue_chunks_max: usize) -> Sink {
        let error_directory = home.join("HTTPERR");
        let computer_name = "web1".into();
        Sink::start(SinkSettings { error_directory, error_truncate_bytes: 400, queue_chunks_max, computer_name })
            .unwrap()
    }

    fn site(home: &Path, change: impl FnOnce(&mut SiteLogSettings)) -> Arc<SiteLog> {
        let mut settings = settings(home);
        change(&mut settings);
        SiteLog::new(settings)
    }

    fn write(sink: &Sink, site: &Arc<SiteLog>, unix_ms: u64) {
        sink.thread_log().write(site, &Record { time_unix_ms: unix_ms, ..sample() });
        assert!(sink.flush(LONG));
    }

    /// Header blocks and records of a log.
    fn count(path: &Path) -> (usize, usize) {
        let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(text.ends_with(b"\r\n"));
        let headers = text.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"#Fields")).count();
        (headers, w3c::parse(&text).map(Result::unwrap).count())
    }

    #[test]
    fn lines_reach_the_file_of_their_site() {
        let home = tempfile::tempdir().unwrap();
        let (sink, site) = (start(home.path()), site(home.path(), |_| ()));
        assert!(!site.folder().exists());
        write(&sink, &site, SAMPLE_MS);
        write(&sink, &site, SAMPLE_MS + 1);
        let path = site.current_path(SAMPLE_MS);
        assert_eq!(count(&path), (1, 2));
        assert_eq!(sink.status(), SinkStatus { lines_written: 2, ..SinkStatus::default() });
        sink.reopen();
        write(&sink, &site, SAMPLE_MS);
        assert_eq!(count(&path), (2, 3));
        sink.close();
    }

    #[test]
    fn other_formats_have_no_header() {
        let home = tempfile::tempdir().unwrap();
        let sink = start(home.path());
        for format in [Format::Ncsa, Format::Iis, Format::Json] {
            let site = site(home.path(), |s| s.format = format);
            write(&sink, &site, SAMPLE_MS);
            assert_eq!(fs::read_to_string(site.current_path(SAMPLE_MS)).unwrap().lines().count(), 1);
        }
    }

    #[test]
    fn the_moment_of_a_record_decides_its_file() {
        let home = tempfile::tempdir().unwrap();
        let (sink, site) = (start(home.path()), site(home.path(), |_| ()));
        let mut log = sink.thread_log();
        let next_day = SAMPLE_MS.next_multiple_of(86_400_000);
        let evening = next_day - 1;
        for unix_ms in [evening, evening, next_day, evening] {
            log.write(&site, &Record { time_unix_ms: unix_ms, ..sample() });
        }
        log.flush();
        assert!(sink.flush(LONG));
        assert_eq!(count(&site.current_path(evening)), (1, 3));
        assert_eq!(count(&site.current_path(next_day)), (1, 1));
    }

    #[test]
    fn new_columns_get_a_header() {
        let home = tempfile::tempdir().unwrap();
        let sink = start(home.path());
        let first = site(home.path(), |_| ());
        write(&sink, &first, SAMPLE_MS);
        write(&sink, &site(home.path(), |s| s.fields = crate::FieldSet::from_bits(u32::MAX)), SAMPLE_MS);
        write(&sink, &site(home.path(), |_| ()), SAMPLE_MS);
        assert_eq!(count(&first.current_path(SAMPLE_MS)), (3, 3));
    }

    #[test]
    fn a_log_that_is_off_writes_nothing() {
        let home = tempfile::tempdir().unwrap();
        let (sink, site) = (start(home.path()), site(home.path(), |s| s.enabled = false));
        let mut log = sink.thread_log();
        log.write(&site, &sample());
        assert!(!log.is_dirty() && sink.flush(LONG) && !site.folder().exists());
    }

    #[test]
    fn error_lines_fill_numbered_files() {
        let home = tempfile::tempdir().unwrap();
        let sink = start(home.path());
        let record = ErrorRecord {
            time_unix_ms: SAMPLE_MS,
            peer: "127.0.0.1:4000".parse().ok(),
            server: "127.0.0.2:8080".parse().ok(),
            version: Some("HTTP/1.1"),
            method: Some(b"GET"),
            uri: Some(b"/"),
            stream_id: None,
            status: None,
            site_id: Some(1),
            reason: "AbortRequest_502",
            queue: None,
        };
        for _ in 0..8 {
            let mut log = sink.thread_log();
            log.error(&record);
            assert!(log.is_dirty());
            log.flush();
            assert!(!log.is_dirty());
        }
        assert!(sink.flush(LONG));
        let file = |number| home.path().join(format!("HTTPERR/httperr{number}.log"));
        let text = fs::read_to_string(file(1)).unwrap();
        assert!(
            text.starts_with("#Software: Microsoft HTTP API 2.0\r\n#Version: 1.0\r\n#Date: 2024-07-22 14:17:48\r\n")
        );
        assert!(text.contains("127.0.0.1 4000 127.0.0.2 8080 HTTP/1.1 GET / - - 1 AbortRequest_502 -\r\n"), "{text}");
        let lines: usize = (1..=5).filter(|number| file(*number).exists()).map(|number| count(&file(number)).1).sum();
        assert_eq!(lines, 8);
        assert!(file(2).exists() && text.len() <= 400);
    }

    #[test]
    fn what_others_take_away_is_made_again() {
        let home = tempfile::tempdir().unwrap();
        let (sink, site) = (start(home.path()), site(home.path(), |_| ()));
        let path = site.current_path(SAMPLE_MS);
        write(&sink, &site, SAMPLE_MS);
        fs::rename(&path, path.with_extension("1")).unwrap();
        write(&sink, &site, SAMPLE_MS);
        assert_eq!((count(&path), count(&path.with_extension("1"))), ((1, 1), (1, 1)));
        fs::remove_dir_all(site.folder()).unwrap();
        write(&sink, &site, SAMPLE_MS);
        assert_eq!(count(&path), (1, 1));
        assert_eq!(sink.status().problems, []);
    }

    #[test]
    fn trouble_is_told_once_and_ends_by_itself() {
        let home = tempfile::tempdir().unwrap();
        let (sink, site) = (start(home.path()), site(home.path(), |_| ()));
        fs::write(site.folder(), "in the way").unwrap();
        write(&sink, &site, SAMPLE_MS);
        write(&sink, &site, SAMPLE_MS);
        let status = sink.status();
        assert_eq!((status.lines_written, status.lines_dropped, status.problems.len()), (0, 2, 1));
        assert!(status.problems[0].is_active && status.problems[0].path == site.folder(), "{status:?}");
        fs::remove_file(site.folder()).unwrap();
        sink.reopen();
        write(&sink, &site, SAMPLE_MS);
        let status = sink.status();
        assert_eq!((status.lines_written, status.problems.len()), (1, 1));
        assert!(!status.problems[0].is_active && status.problems[0].lines_dropped == 2, "{status:?}");
    }

    #[test]
    fn many_threads_mix_whole_lines() {
        let home = tempfile::tempdir().unwrap();
        let (sink, site) = (start(home.path()), site(home.path(), |s| s.flush_lines = 7));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let (mut log, site) = (sink.thread_log(), Arc::clone(&site));
                scope.spawn(move || (0..2000).for_each(|_| log.write(&site, &sample())));
            }
        });
        assert!(sink.flush(LONG));
        let status = sink.status();
        assert_eq!(status.lines_written + status.lines_dropped, 8000);
        assert_eq!(count(&site.current_path(SAMPLE_MS)), (1, usize::try_from(status.lines_written).unwrap()));
    }

    #[test]
    fn a_full_queue_counts_what_it_loses() {
        let tally = Tally::default();
        let shared = Arc::new(Shared { queue: Queue::new(1), tally, computer_name: String::new() });
        let mut log = ThreadLog::new(Arc::clone(&shared));
        let site = site(Path::new("/nowhere"), |s| s.flush_lines = 2);
        (0..6).for_each(|_| log.write(&site, &sample()));
        let status = shared.tally.status();
        assert_eq!((status.lines_dropped, status.problems.len()), (4, 1));
        assert_eq!(status.problems[0].path, Path::new(QUEUE));
    }

    #[test]
    fn dropping_the_sink_writes_the_rest() {
        let home = tempfile::tempdir().unwrap();
        let (sink, site) = (start(home.path()), site(home.path(), |_| ()));
        sink.thread_log().write(&site, &sample());
        let mut late = sink.thread_log();
        drop(sink);
        assert_eq!(count(&site.current_path(SAMPLE_MS)), (1, 1));
        late.write(&site, &sample());
        late.flush();
    }

    /// A file system of 64 KiB, for as long as the value lives.
    struct SmallDisk(PathBuf);

    impl SmallDisk {
        fn mount(at: &Path) -> Option<Self> {
            fs::create_dir_all(at).unwrap();
            let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(at).output();
            mounted.is_ok_and(|output| output.status.success()).then(|| Self(at.to_owned()))
        }
    }

    impl Drop for SmallDisk {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg("-l").arg(&self.0).status();
        }
    }

    #[test]
    fn a_full_disk_loses_lines_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let Some(disk) = SmallDisk::mount(&home.path().join("disk")) else {
            println!("skipped: mounting a small disk needs root");
            return;
        };
        let (sink, site) = (start_with_queue(home.path(), 10_000), site(&disk.0, |s| s.flush_lines = 50));
        let mut log = sink.thread_log();
        (0..2000).for_each(|_| log.write(&site, &sample()));
        log.flush();
        assert!(sink.flush(LONG));
        let (path, status) = (site.current_path(SAMPLE_MS), sink.status());
        let kept = count(&path).1;
        assert_eq!((status.lines_written, status.lines_dropped), (kept as u64, 2000 - kept as u64));
        assert!(kept > 100 && status.problems.len() == 1 && status.problems[0].is_active, "{status:?}");
        assert!(status.problems[0].message.contains("free some space"), "{status:?}");
        fs::remove_file(&path).unwrap();
        sink.reopen();
        write(&sink, &site, SAMPLE_MS);
        assert_eq!(count(&path), (1, 1));
        let status = sink.status();
        assert!(status.problems.len() == 1 && !status.problems[0].is_active, "{status:?}");
    }
}
