//! Answers that go on for as long as both sides like: upgraded connections and event streams.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::worker::Shared;

/// One of them, counted until it is dropped.
pub(crate) struct LongLived(Arc<Shared>);

impl LongLived {
    /// Counts one more.
    pub(crate) fn begin(shared: &Arc<Shared>) -> Self {
        shared.totals.long_lived.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(shared))
    }
}

impl Drop for LongLived {
    fn drop(&mut self) {
        self.0.totals.long_lived.fetch_sub(1, Ordering::Relaxed);
    }
}
