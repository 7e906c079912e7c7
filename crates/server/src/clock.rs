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

    /// Microseconds since the start.
    pub(crate) fn now_us(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
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

/// The wall clock of one thread: read several times a second, and in between reckoned from the clock that goes forward,
/// which has been read anyway.
#[derive(Debug)]
pub(crate) struct WallClock {
    clock: Clock,
    start_unix_ms: Cell<u64>,
}

impl WallClock {
    pub(crate) fn new(clock: Clock) -> Self {
        let wall = Self { clock, start_unix_ms: Cell::default() };
        wall.read();
        wall
    }

    /// Takes over what the wall clock says now: somebody may have set it.
    pub(crate) fn read(&self) {
        self.start_unix_ms.set(unix_ms().saturating_sub(self.clock.now_ms()));
    }

    /// Milliseconds since 1970 UTC at a reading of the other clock.
    pub(crate) fn unix_ms_of(&self, now_ms: u64) -> u64 {
        self.start_unix_ms.get() + now_ms
    }
}

/// The `Date` of one thread's responses, rendered once a second (RFC 9110 6.6.1). Its owner turns it several times a second.
#[derive(Debug, Default)]
pub(crate) struct DateLine {
    second: Cell<u64>,
    text: RefCell<String>,
}

impl DateLine {
    /// Renders the line for this moment.
    pub(crate) fn turn_to(&self, unix_ms: u64) {
        let second = unix_ms / 1000;
        if self.second.replace(second) != second {
            let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
            *self.text.borrow_mut() = format!("Date: {date}\r\n");
        }
    }

    /// Gives the line of the last moment it was turned to, with its CRLF.
    pub(crate) fn with<T>(&self, take: impl FnOnce(&[u8]) -> T) -> T {
        take(self.text.borrow().as_bytes())
    }
}
