//! `doorward/logs`: what a site's `logFile` has no word for.

use crate::effective::Effective;

/// Where a site's lines go, and how long they are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogsSection {
    /// JSON lines instead of the site's `logFormat`.
    pub json: bool,
    /// Where the lines go.
    pub target: LogTarget,
    /// Files that nobody has written to for so many days are removed; 0 keeps them.
    pub keep_days: u32,
    /// When a site's files come to more, the oldest are removed; 0 keeps them.
    pub keep_megabytes: u32,
    /// Whether files of past periods are compressed.
    pub compress: bool,
}

/// Where the lines of a log go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogTarget {
    /// To files in the site's log folder.
    File,
    /// To standard output.
    Stdout,
    /// To standard error, which journald takes.
    Stderr,
}

impl LogsSection {
    pub(crate) fn read(section: &Effective) -> Self {
        Self {
            json: section.uint("format") == 1,
            target: match section.uint("target") {
                1 => LogTarget::Stdout,
                2 => LogTarget::Stderr,
                _ => LogTarget::File,
            },
            keep_days: section.uint("keepDays"),
            keep_megabytes: section.uint("keepMegabytes"),
            compress: section.bool("compress"),
        }
    }
}
