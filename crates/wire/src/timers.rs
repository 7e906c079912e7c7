//! Deadlines of a connection: arithmetic on milliseconds that somebody else reads from a clock.

/// How long a connection may wait for its peer. Defaults are those of IIS (IIS reference §7.6); 0 switches one off.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Timers {
    /// Between requests on a kept-alive connection, and before the first byte: `IdleConnection`.
    pub idle_ms: u64,
    /// From the first byte of a head to its last: `HeaderWait`.
    pub header_wait_ms: u64,
    /// From the last received piece of a body to the next: `EntityBody`. On average over this time a body also has to
    /// come at the least speed, see [`Pace`].
    pub entity_body_ms: u64,
    /// The same for a body that nobody wants any more: `DrainEntityBody`.
    pub drain_entity_body_ms: u64,
    /// Least speed at which a peer takes a response, and sends a body: `webLimits/minBytesPerSecond`. See [`Pace`].
    pub min_bytes_per_second: u64,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            idle_ms: 120_000,
            header_wait_ms: 120_000,
            entity_body_ms: 120_000,
            drain_entity_body_ms: 120_000,
            min_bytes_per_second: 240,
        }
    }
}

/// What a connection waits for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// The first byte of a request.
    Idle,
    /// The rest of a head.
    Head,
    /// More of a body that is wanted.
    Body,
    /// More of a body that is only read to find its end.
    Drain,
}

/// Which timer ended a connection.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum TimerReason {
    /// No request came.
    ConnectionIdle,
    /// A head was not completed.
    HeaderWait,
    /// A body did not go on.
    EntityBody,
    /// The peer read too slowly.
    MinBytesPerSecond,
}

impl TimerReason {
    /// The word for the `s-reason` column of the HTTPERR log (IIS reference §6.6).
    pub fn http_err_reason(self) -> &'static str {
        match self {
            Self::ConnectionIdle => "Timer_ConnectionIdle",
            Self::HeaderWait => "Timer_HeaderWait",
            Self::EntityBody => "Timer_EntityBody",
            Self::MinBytesPerSecond => "Timer_MinBytesPerSecond",
        }
    }
}

impl Timers {
    /// When a connection that has been in this state since `since_ms` is ended, and why. A timer that is switched
    /// off answers `u64::MAX`. `since_ms` is the start of the state for [`Waiting::Idle`] and [`Waiting::Head`], and
    /// the last progress for the other two.
    pub fn deadline(&self, state: Waiting, since_ms: u64) -> (u64, TimerReason) {
        let (wait_ms, reason) = match state {
            Waiting::Idle => (self.idle_ms, TimerReason::ConnectionIdle),
            Waiting::Head => (self.header_wait_ms, TimerReason::HeaderWait),
            Waiting::Body => (self.entity_body_ms, TimerReason::EntityBody),
            Waiting::Drain => (self.drain_entity_body_ms, TimerReason::EntityBody),
        };
        if wait_ms == 0 {
            return (u64::MAX, reason);
        }
        (since_ms.saturating_add(wait_ms), reason)
    }

    /// The measure for one response of which the first byte is due at `now_ms`.
    pub fn send_pace(&self, now_ms: u64) -> Pace {
        Pace::new(now_ms, self.min_bytes_per_second, SEND_GRACE_MS)
    }

    /// The measure for one body of a request that is waited for from `now_ms` on.
    pub fn body_pace(&self, state: Waiting, now_ms: u64) -> Pace {
        let (wait_ms, _) = self.deadline(state, 0);
        let least = if wait_ms == u64::MAX { 0 } else { self.min_bytes_per_second };
        Pace::new(now_ms, least, wait_ms)
    }
}

/// Time over which the speed of a client that takes a response is averaged; one that takes nothing at all is too slow after
/// this.
const SEND_GRACE_MS: u64 = 30_000;

/// Whether a peer is fast enough, on average over a grace time.
///
/// The peer has a credit of as many bytes as the least speed carries in the grace time. The credit runs down with
/// the clock and is filled up, never over its start, by what the peer moves; a big piece that went into the
/// kernel's buffer at once buys no more than one grace time.
#[derive(Copy, Clone, Debug)]
pub struct Pace {
    bytes_per_second: u64,
    grace_ms: u64,
    /// In thousandths of a byte, so that no rounding adds up.
    credit: u64,
    at_ms: u64,
}

impl Pace {
    /// A measure that starts now; a least speed of 0 is never too slow.
    pub fn new(now_ms: u64, bytes_per_second: u64, grace_ms: u64) -> Self {
        Self { bytes_per_second, grace_ms, credit: full_credit(bytes_per_second, grace_ms), at_ms: now_ms }
    }

    /// The peer moved this many bytes.
    pub fn progress(&mut self, bytes: u64, now_ms: u64) {
        let credit = self.credit_at(now_ms).saturating_add(bytes.saturating_mul(1000));
        self.credit = credit.min(full_credit(self.bytes_per_second, self.grace_ms));
        self.at_ms = self.at_ms.max(now_ms);
    }

    /// Nothing was due from the peer until now: the clock starts anew, the credit stays as it was.
    pub fn resume(&mut self, now_ms: u64) {
        self.at_ms = self.at_ms.max(now_ms);
    }

    /// True when the peer has been slower than the least speed for too long.
    pub fn too_slow(&self, now_ms: u64) -> bool {
        now_ms >= self.deadline_ms()
    }

    /// When the peer becomes too slow if it moves nothing more; `u64::MAX` without a least speed.
    pub fn deadline_ms(&self) -> u64 {
        match self.credit.checked_div(self.bytes_per_second) {
            Some(left_ms) => self.at_ms.saturating_add(left_ms),
            None => u64::MAX,
        }
    }

    fn credit_at(&self, now_ms: u64) -> u64 {
        let spent = self.bytes_per_second.saturating_mul(now_ms.saturating_sub(self.at_ms));
        self.credit.saturating_sub(spent)
    }
}

fn full_credit(bytes_per_second: u64, grace_ms: u64) -> u64 {
    bytes_per_second.saturating_mul(grace_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_its_timer() {
        let timers = Timers { header_wait_ms: 5, ..Timers::default() };
        assert_eq!(timers.deadline(Waiting::Idle, 7), (120_007, TimerReason::ConnectionIdle));
        assert_eq!(timers.deadline(Waiting::Head, 7), (12, TimerReason::HeaderWait));
        assert_eq!(timers.deadline(Waiting::Body, 7), (120_007, TimerReason::EntityBody));
        assert_eq!(timers.deadline(Waiting::Drain, u64::MAX), (u64::MAX, TimerReason::EntityBody));
        let off = Timers { idle_ms: 0, ..timers };
        assert_eq!(off.deadline(Waiting::Idle, 7).0, u64::MAX);
        assert_eq!(TimerReason::MinBytesPerSecond.http_err_reason(), "Timer_MinBytesPerSecond");
    }

    /// A peer that takes `bytes` every second: the second in which it becomes too slow within ten minutes.
    fn slow_after_s(bytes: u64) -> Option<u64> {
        let mut rate = Timers::default().send_pace(1000);
        (1..=600).find(|second| {
            let now_ms = 1000 + second * 1000;
            let slow = rate.too_slow(now_ms);
            rate.progress(bytes, now_ms);
            slow
        })
    }

    #[test]
    fn a_peer_below_the_least_speed_is_found_out() {
        assert_eq!(slow_after_s(0), Some(30));
        assert_eq!(slow_after_s(120), Some(59));
        assert_eq!(slow_after_s(239), None); // 30 credits of 1 byte: two hours.
        assert_eq!(slow_after_s(240), None);
        assert_eq!(slow_after_s(1 << 40), None);
    }

    #[test]
    fn a_burst_buys_one_grace_time_only() {
        let mut rate = Timers::default().send_pace(0);
        rate.progress(1 << 30, 10);
        assert!(!rate.too_slow(10 + SEND_GRACE_MS - 1));
        assert!(rate.too_slow(10 + SEND_GRACE_MS));
    }

    #[test]
    fn waiting_for_ourselves_costs_nothing() {
        let mut rate = Timers::default().send_pace(0);
        rate.resume(1_000_000);
        assert!(!rate.too_slow(1_000_000));
        rate.progress(1, 5); // A clock that steps back does no harm.
        assert_eq!(rate.deadline_ms(), 1_000_000 + SEND_GRACE_MS);
    }

    #[test]
    fn no_least_speed_is_never_too_slow() {
        let mut rate = Pace::new(0, 0, SEND_GRACE_MS);
        rate.progress(0, 5);
        assert!(!rate.too_slow(u64::MAX - 1));
        assert_eq!(Timers { min_bytes_per_second: 0, ..Timers::default() }.send_pace(3).deadline_ms(), u64::MAX);
    }

    /// A body of which `bytes` come every `every_s` seconds: when its client is given up, in seconds.
    fn body_given_up_after_s(timers: Timers, (bytes, every_s): (u64, usize)) -> Option<u64> {
        let mut pace = timers.body_pace(Waiting::Body, 0);
        for second in (every_s as u64..=3600).step_by(every_s) {
            if pace.too_slow(second * 1000) {
                return Some(pace.deadline_ms() / 1000);
            }
            pace.progress(bytes, second * 1000);
        }
        None
    }

    #[test]
    fn a_body_in_drops_is_found_out() {
        let of = |timers, drops| body_given_up_after_s(timers, drops);
        assert_eq!(of(Timers::default(), (1, 10)), Some(120));
        assert_eq!(of(Timers::default(), (1200, 10)), Some(230), "half the least speed");
        assert_eq!(of(Timers::default(), (2400, 10)), None);
        assert_eq!(of(Timers::default(), (28_800, 119)), None, "a pause within the time is nobody's harm");
        assert_eq!(of(Timers { min_bytes_per_second: 0, ..Timers::default() }, (1, 10)), None);
        assert_eq!(of(Timers { entity_body_ms: 0, ..Timers::default() }, (1, 10)), None);
    }
}
