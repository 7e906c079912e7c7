//! The two clocks of the server: one that only goes forward, for limits and timers, and the wall
//! clock, for logs and `Date`.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock all threads share. Its milliseconds start at zero when the server starts, and no
/// adjustment of the wall clock moves them.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that reads zero now.
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Milliseconds since the start.
    pub fn now_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The wall-clock time, in milliseconds since 1970 UTC, of a reading of this clock.
    pub fn unix_ms_of(&self, then_ms: u64) -> u64 {
        unix_ms().saturating_sub(self.now_ms().saturating_sub(then_ms))
    }
}

/// Wall-clock time in milliseconds since 1970 UTC.
pub fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The `Date` of one thread's responses, rendered once a second (RFC 9110 6.6.1).
#[derive(Debug, Default)]
pub(crate) struct DateLine {
    second: Cell<u64>,
    text: RefCell<String>,
}

impl DateLine {
    /// Gives the `Date` line of the present second, with its CRLF.
    pub(crate) fn with<T>(&self, take: impl FnOnce(&[u8]) -> T) -> T {
        let second = unix_ms() / 1000;
        if self.second.replace(second) != second {
            let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
            *self.text.borrow_mut() = format!("Date: {date}\r\n");
        }
        take(self.text.borrow().as_bytes())
    }
}
