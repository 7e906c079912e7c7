//! What a client is told of its rate limit (draft-ietf-httpapi-ratelimit-headers-10).

use doorward_limiter::{Counts, Rate};
use doorward_wire::HeadWriter;

use crate::exchange::Exchange;

/// Appends the fields where the settings at the path ask for them and the rate was counted.
pub(crate) fn append(head: &mut HeadWriter<'_>, exchange: &Exchange) {
    if !exchange.effective.as_ref().is_some_and(|effective| effective.denial.rate_limit_fields) {
        return;
    }
    let counts = exchange.counts();
    let (limits, name) = exchange.limits();
    if let (Some(rate), true) = (limits.rate, counts.in_window > 0) {
        head.lines(lines(name.unwrap_or("rate"), rate, counts).as_bytes());
    }
}

/// Both fields, for the limits of this name (a limit with a pattern that denied tells of itself). A window of a fraction of a second cannot be said in them and is left out; what is left then may be
/// had again after a second, which is never too early.
fn lines(name: &str, rate: Rate, counts: Counts) -> String {
    let window_s = rate.interval_ms.div_ceil(1000);
    let window = if rate.interval_ms.is_multiple_of(1000) { format!(";w={window_s}") } else { String::new() };
    let (quota, left) = (rate.requests_max, rate.requests_max.saturating_sub(counts.in_window));
    format!("RateLimit-Policy: \"{name}\";q={quota}{window}\r\nRateLimit: \"{name}\";r={left};t={window_s}\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check((requests_max, interval_ms): (u32, u32), in_window: u32, expected: [&str; 2]) {
        let counts = Counts { in_window, ..Counts::default() };
        let text = lines("rate", Rate { requests_max, interval_ms }, counts);
        let [policy, limit] = expected;
        assert_eq!(text, format!("RateLimit-Policy: \"rate\";{policy}\r\nRateLimit: \"rate\";{limit}\r\n"));
    }

    #[test]
    fn quota_window_and_what_is_left() {
        check((100, 60_000), 1, ["q=100;w=60", "r=99;t=60"]);
        check((100, 60_000), 100, ["q=100;w=60", "r=0;t=60"]);
        check((100, 60_000), 101, ["q=100;w=60", "r=0;t=60"]);
        check((20, 200), 5, ["q=20", "r=15;t=1"]);
    }
}
