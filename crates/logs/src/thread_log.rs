//! The log of one serving thread: lines are formatted into its own buffers and handed over a chunk at a time.

use std::collections::HashMap;
use std::sync::Arc;

use crate::line::Formatter;
use crate::record::{ErrorRecord, Record};
use crate::sink::{Chunk, Shared, Target};
use crate::site_log::SiteLog;

/// A buffer is handed over when it holds so much. One more line may be in it.
const CHUNK_BYTES: usize = 1 << 15;
/// A buffer is handed over when its first line is so old and another one comes.
const CHUNK_AGE_MS: u64 = 1000;
/// Offsets from UTC and periods change at quarters of an hour only.
const SLOT_MS: u64 = 900_000;

/// The log of one serving thread. It never blocks: when the writer falls behind, whole chunks are lost and counted.
///
/// Its owner calls [`ThreadLog::flush`] at least once a second while [`ThreadLog::is_dirty`]; dropping it flushes.
#[derive(Debug)]
pub struct ThreadLog {
    shared: Arc<Shared>,
    formatter: Formatter,
    /// By the address of the site's log, which the buffer keeps alive.
    sites: HashMap<usize, SiteBuffer, foldhash::fast::RandomState>,
    errors: Buffer,
}

impl ThreadLog {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let formatter = Formatter::new(shared.computer_name.clone());
        Self { shared, formatter, sites: HashMap::default(), errors: Buffer::new(Target::Errors) }
    }

    /// Logs a finished request to its site's log. The record's own time decides the file.
    pub fn write(&mut self, site: &Arc<SiteLog>, record: &Record<'_>) {
        if !site.writes_lines() {
            return;
        }
        let entry = self.sites.entry(Arc::as_ptr(site).addr());
        let buffer = entry.or_insert_with(|| SiteBuffer::new(site, record.time_unix_ms));
        buffer.turn_to(site, record.time_unix_ms, &self.shared);
        self.formatter.line_at(&mut buffer.lines.bytes, (site, buffer.offset_s), record);
        buffer.lines.count(record.time_unix_ms);
        let lines_max = u64::from(site.settings().flush_lines);
        if buffer.lines.is_due(record.time_unix_ms) || (lines_max > 0 && buffer.lines.lines >= lines_max) {
            buffer.lines.send(&self.shared);
        }
    }

    /// Logs to HTTPERR what never became a request of a site, or was aborted (D11).
    pub fn error(&mut self, record: &ErrorRecord<'_>) {
        self.formatter.error_line(&mut self.errors.bytes, record);
        self.errors.count(record.time_unix_ms);
        if self.errors.is_due(record.time_unix_ms) {
            self.errors.send(&self.shared);
        }
    }

    /// Hands everything to the writer. Buffers of sites without lines since the last call are given back.
    pub fn flush(&mut self) {
        for buffer in self.sites.values_mut() {
            buffer.lines.send(&self.shared);
        }
        self.errors.send(&self.shared);
        self.sites.retain(|_, buffer| std::mem::take(&mut buffer.lines.is_used));
    }

    /// Whether lines wait to be handed over.
    pub fn is_dirty(&self) -> bool {
        self.errors.lines > 0 || self.sites.values().any(|buffer| buffer.lines.lines > 0)
    }
}

impl Drop for ThreadLog {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Lines of one site, all for the same file.
#[derive(Debug)]
struct SiteBuffer {
    lines: Buffer,
    slot: u64,
    offset_s: i32,
}

impl SiteBuffer {
    fn new(site: &Arc<SiteLog>, unix_ms: u64) -> Self {
        let target = Target::Site(Arc::clone(site), site.period_key(unix_ms));
        Self { lines: Buffer::new(target), slot: unix_ms / SLOT_MS, offset_s: site.offset_s(unix_ms) }
    }

    /// Makes ready for a line of this moment: lines of another file are handed over first.
    fn turn_to(&mut self, site: &Arc<SiteLog>, unix_ms: u64, shared: &Shared) {
        let slot = unix_ms / SLOT_MS;
        if slot == self.slot {
            return;
        }
        let key = site.period_key(unix_ms);
        if !matches!(&self.lines.target, Target::Site(_, current) if *current == key) {
            self.lines.send(shared);
            self.lines.target = Target::Site(Arc::clone(site), key);
        }
        (self.slot, self.offset_s) = (slot, site.offset_s(unix_ms));
    }
}

/// Whole lines for one file.
#[derive(Debug)]
struct Buffer {
    target: Target,
    first_unix_ms: u64,
    lines: u64,
    bytes: Vec<u8>,
    is_used: bool,
}

impl Buffer {
    fn new(target: Target) -> Self {
        Self { target, first_unix_ms: 0, lines: 0, bytes: Vec::new(), is_used: false }
    }

    /// Takes note of a line that was just appended.
    fn count(&mut self, unix_ms: u64) {
        if self.lines == 0 {
            self.first_unix_ms = unix_ms;
        }
        self.lines += 1;
        self.is_used = true;
    }

    fn is_due(&self, now_unix_ms: u64) -> bool {
        self.bytes.len() >= CHUNK_BYTES || now_unix_ms.saturating_sub(self.first_unix_ms) >= CHUNK_AGE_MS
    }

    fn send(&mut self, shared: &Shared) {
        if self.lines == 0 {
            return;
        }
        let bytes = std::mem::take(&mut self.bytes);
        let (target, first_unix_ms) = (self.target.clone(), self.first_unix_ms);
        self.bytes = shared.send(Chunk { target, first_unix_ms, lines: std::mem::take(&mut self.lines), bytes });
    }
}
