//! What threads share in the table. The table takes it from here alone, so that `interleavings` can run the same source
//! over words of its own.

pub(crate) use std::hint::spin_loop;
pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
pub(crate) use std::thread::yield_now;

/// `count` zeroed words, which the system provides only where they are touched; `None` when it refuses that much memory.
pub(crate) fn zeroed_words(count: usize) -> Option<Box<[AtomicU64]>> {
    bytemuck::allocation::try_zeroed_slice_box(count).ok()
}
