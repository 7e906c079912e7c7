//! `timeouts` of `http.config`: how long a connection may be silent before anybody knows which site it is for.

use crate::document::Element;
use crate::effective::Effective;
use crate::merge::overlay;
use crate::reader::Reader;
use crate::schema::TIMEOUTS;
use crate::{diagnostic::Findings, site_log::WebLimits};

use std::sync::Arc;

/// What `netsh http add timeout` has set (IIS reference §7.6); `None` is what `webLimits` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HttpTimeouts {
    /// Silence between requests, in seconds.
    pub idle_connection_s: Option<u32>,
    /// Time for a request's head, in seconds.
    pub header_wait_s: Option<u32>,
}

impl HttpTimeouts {
    pub(crate) fn read(element: &Element, findings: &mut Findings) -> Self {
        let declared = Reader { findings, level: Arc::from("") }.section(element, &TIMEOUTS);
        let mut effective = Effective::new(&TIMEOUTS);
        overlay(&mut effective, &declared, findings);
        let written = |name: &str| effective.setting(name).map(|_| effective.uint(name));
        Self { idle_connection_s: written("idleConnectionTimeout"), header_wait_s: written("headerWaitTimeout") }
    }

    /// The silence that ends a connection, in milliseconds; 0 is never.
    pub fn idle_ms(self, limits: &WebLimits) -> u64 {
        self.idle_connection_s.map_or(limits.connection_timeout_ms, |seconds| u64::from(seconds) * 1000)
    }

    /// The time for a head, in milliseconds; 0 is without end.
    pub fn header_ms(self, limits: &WebLimits) -> u64 {
        match (self.header_wait_s, limits.header_wait_timeout_ms) {
            (Some(seconds), _) => u64::from(seconds) * 1000,
            (None, 0) => limits.connection_timeout_ms,
            (None, own_ms) => own_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check((idle, header): (Option<u32>, Option<u32>), (connection, head): (u64, u64), expected: (u64, u64)) {
        let limits = WebLimits {
            max_global_bandwidth: None,
            connection_timeout_ms: connection,
            header_wait_timeout_ms: head,
            min_bytes_per_second: 0,
        };
        let timeouts = HttpTimeouts { idle_connection_s: idle, header_wait_s: header };
        assert_eq!((timeouts.idle_ms(&limits), timeouts.header_ms(&limits)), expected);
    }

    #[test]
    fn what_the_http_service_says_comes_before_the_web_limits() {
        check((None, None), (120_000, 0), (120_000, 120_000));
        check((None, None), (120_000, 30_000), (120_000, 30_000));
        check((None, None), (0, 0), (0, 0));
        check((None, None), (0, 5_000), (0, 5_000));
        check((Some(7), None), (120_000, 0), (7_000, 120_000));
        check((None, Some(9)), (120_000, 30_000), (120_000, 9_000));
    }
}
