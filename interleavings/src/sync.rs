//! What threads share, as the scheduler knows it: each touch is a point at which another thread may run.

pub(crate) use shuttle::hint::spin_loop;
pub(crate) use shuttle::sync::atomic::{AtomicU64, Ordering};
pub(crate) use shuttle::thread::yield_now;

/// `count` words of zeros; never refused.
#[expect(clippy::unnecessary_wraps, reason = "the product's may be")]
pub(crate) fn zeroed_words(count: usize) -> Option<Box<[AtomicU64]>> {
    Some((0..count).map(|_| AtomicU64::new(0)).collect())
}
