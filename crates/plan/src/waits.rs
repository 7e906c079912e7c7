//! How long a connection may keep us waiting, whatever site it comes to.

use doorward_config::WebLimits;

/// Time limits of connections. A site's own `limits/connectionTimeout` takes the place of `connection_ms` between the
/// requests of a connection that has asked for it; before that nobody knows which site it will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Silence between requests, and between the pieces of a body, in milliseconds; 0 waits for ever.
    pub connection_ms: u64,
    /// From the first byte of a head to its last, in milliseconds; 0 waits for ever.
    pub header_ms: u64,
    /// Least speed at which a response is taken; 0 takes any.
    pub min_bytes_per_second: u64,
}

impl Default for Waits {
    /// What IIS has where nothing is configured (IIS reference §7.6).
    fn default() -> Self {
        Self { connection_ms: 120_000, header_ms: 120_000, min_bytes_per_second: 240 }
    }
}

impl Waits {
    pub(crate) fn of(limits: &WebLimits) -> Self {
        let connection_ms = limits.connection_timeout_ms;
        let header_ms = match limits.header_wait_timeout_ms {
            0 => connection_ms,
            own_ms => own_ms,
        };
        Self { connection_ms, header_ms, min_bytes_per_second: u64::from(limits.min_bytes_per_second) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check((connection_ms, header_ms, speed): (u64, u64, u32), expected: (u64, u64, u64)) {
        let waits = Waits::of(&WebLimits {
            max_global_bandwidth: None,
            connection_timeout_ms: connection_ms,
            header_wait_timeout_ms: header_ms,
            min_bytes_per_second: speed,
        });
        assert_eq!((waits.connection_ms, waits.header_ms, waits.min_bytes_per_second), expected);
    }

    #[test]
    fn a_head_has_the_time_of_the_connection_unless_it_has_its_own() {
        check((120_000, 0, 240), (120_000, 120_000, 240));
        check((120_000, 30_000, 0), (120_000, 30_000, 0));
        check((0, 0, 500), (0, 0, 500));
        check((0, 5_000, 1), (0, 5_000, 1));
    }
}
