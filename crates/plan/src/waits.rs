//! How long a connection may keep us waiting, whatever site it comes to.

use doorward_config::{HttpTimeouts, WebLimits};

/// Time limits of connections. A site's own `limits/connectionTimeout` takes the place of `idle_ms` between the
/// requests of a connection that has asked for it; before that nobody knows which site it will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Silence between requests, in milliseconds; 0 waits for ever.
    pub idle_ms: u64,
    /// From the first byte of a head to its last, in milliseconds; 0 waits for ever.
    pub header_ms: u64,
    /// Silence between the pieces of a body, in milliseconds; 0 waits for ever.
    pub body_ms: u64,
    /// Least speed at which a response is taken; 0 takes any.
    pub min_bytes_per_second: u64,
}

impl Default for Waits {
    /// What IIS has where nothing is configured (IIS reference §7.6).
    fn default() -> Self {
        Self { idle_ms: 120_000, header_ms: 120_000, body_ms: 120_000, min_bytes_per_second: 240 }
    }
}

impl Waits {
    /// What `webLimits` says, and `http.config` where it says something else.
    pub(crate) fn of(limits: &WebLimits, timeouts: HttpTimeouts) -> Self {
        Self {
            idle_ms: timeouts.idle_ms(limits),
            header_ms: timeouts.header_ms(limits),
            body_ms: limits.connection_timeout_ms,
            min_bytes_per_second: u64::from(limits.min_bytes_per_second),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_the_time_of_the_web_limits() {
        let limits = WebLimits {
            max_global_bandwidth: None,
            connection_timeout_ms: 60_000,
            header_wait_timeout_ms: 0,
            min_bytes_per_second: 500,
        };
        let timeouts = HttpTimeouts { idle_connection_s: Some(5), header_wait_s: Some(6) };
        let waits = Waits::of(&limits, timeouts);
        let expected = Waits { idle_ms: 5_000, header_ms: 6_000, body_ms: 60_000, min_bytes_per_second: 500 };
        assert_eq!(waits, expected);
    }
}
