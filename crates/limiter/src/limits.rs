//! How much one client may do, and where its counters belong.

/// Where counters belong (D6): one site and the deepest configuration level that sets a limit.
///
/// `plan` hands these numbers out and keeps them stable over reloads. Small, dense numbers serve eviction best.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope(
    /// The number `plan` gave this scope.
    pub u32,
);

/// A request rate: at most `requests_max` requests in any `interval_ms` (IIS `denyByRequestRate`).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests let in per interval; the next one is denied (D4). IIS accepts 1..=4294967295.
    pub requests_max: u32,
    /// Length of the sliding interval in milliseconds. Zero means no rate limit; IIS accepts 1..=4294967295.
    pub interval_ms: u32,
}

/// The dynamic limits of one scope (IIS `dynamicIpSecurity`).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests of one client in progress at once; `None` leaves them unlimited (IIS `denyByConcurrentRequests`).
    pub concurrent_max: Option<u32>,
    /// Requests of one client per interval; `None` leaves them unlimited.
    pub rate: Option<Rate>,
    /// Whether denied requests count towards the rate (D2). On by default: a client that hammers stays denied.
    pub count_denied: bool,
}

impl Limits {
    /// No limit at all; denied requests would count.
    pub const NONE: Self = Self { concurrent_max: None, rate: None, count_denied: true };

    /// Whether neither limit is set, so that nothing needs counting.
    pub fn is_none(&self) -> bool {
        self.concurrent_max.is_none() && self.rate.is_none()
    }
}

/// The default is [`Limits::NONE`].
impl Default for Limits {
    fn default() -> Self {
        Self::NONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_limits_nothing_and_counts_denied_requests() {
        assert!(Limits::default().is_none());
        assert!(Limits::default().count_denied);
    }

    #[test]
    fn either_limit_alone_is_a_limit() {
        assert!(!Limits { concurrent_max: Some(5), ..Limits::NONE }.is_none());
        let rate = Some(Rate { requests_max: 20, interval_ms: 200 });
        assert!(!Limits { rate, ..Limits::NONE }.is_none());
    }
}
