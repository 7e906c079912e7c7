//! Counts in, verdict out: the arithmetic of both limits, and nothing else.

use crate::{Counts, Limits, Reason};

/// The limit these counts break, if any. Counts include the request asked about, so exactly the limit is
/// allowed and one more is denied (D4). Concurrency is looked at before the rate (D3).
pub fn judge(counts: Counts, limits: &Limits) -> Option<Reason> {
    if limits.concurrent_max.is_some_and(|max| counts.in_progress > max) {
        return Some(Reason::Concurrency);
    }
    limits.rate.filter(|rate| counts.in_window > rate.requests_max).map(|_| Reason::Rate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rate;

    fn check(in_progress: u32, in_window: u32, expected: Option<Reason>) {
        let rate = Some(Rate { requests_max: 2, interval_ms: 200 });
        let limits = Limits { concurrent_max: Some(3), rate, count_denied: true };
        assert_eq!(judge(Counts { in_progress, in_window }, &limits), expected);
    }

    #[test]
    fn the_limit_itself_is_allowed_and_one_more_is_denied() {
        check(1, 1, None);
        check(3, 2, None);
        check(3, 3, Some(Reason::Rate));
        check(4, 2, Some(Reason::Concurrency));
    }

    #[test]
    fn concurrency_is_named_when_both_are_broken() {
        check(4, 3, Some(Reason::Concurrency));
    }

    #[test]
    fn no_limits_never_deny() {
        let counts = Counts { in_progress: u32::MAX, in_window: u32::MAX };
        assert_eq!(judge(counts, &Limits::NONE), None);
    }
}
