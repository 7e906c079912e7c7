//! Tells one state of a file from another without reading it.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

/// Identity, size and times.
pub(super) type Signature = [i64; 4];

/// The state of a file now; `None` where there is none.
pub(super) fn signature(path: &Path) -> Option<Signature> {
    let metadata = std::fs::metadata(path).ok()?;
    let signed = |number: u64| number.cast_signed();
    let time = metadata.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let nanos = i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
    // The status-change time tells of a `chmod`, which may be what was missing.
    Some([signed(metadata.ino()), signed(metadata.size()), nanos, metadata.ctime() ^ metadata.ctime_nsec() << 32])
}
