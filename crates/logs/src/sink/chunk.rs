//! What a serving thread hands to the writer: whole lines for one file.

use std::sync::Arc;

use crate::period::PeriodKey;
use crate::site_log::SiteLog;

/// Whole lines for one file.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) target: Target,
    /// Time of the first line: the `#Date` of a header, should one be due.
    pub(crate) first_unix_ms: u64,
    pub(crate) lines: u64,
    pub(crate) bytes: Vec<u8>,
}

/// Whose file the lines belong to.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// A site's log, in the file of a period.
    Site(Arc<SiteLog>, PeriodKey),
    /// The HTTPERR log.
    Errors,
}
