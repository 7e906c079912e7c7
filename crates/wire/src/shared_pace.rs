//! How fast many may send together: one rate shared by all who send for a site.

/// A shared speed limit. It is arithmetic alone: who sends keeps one number, and takes turns by it.
///
/// Everybody asks before each piece. The number says until when the time is given away; a piece of `n` bytes takes `n /
/// rate` seconds of it, and may leave once its turn has come. So nobody has more than one piece ahead of anybody else, and
/// no interval carries more than its own bytes and [`SharedPace::AHEAD_US`] worth of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedPace {
    bytes_per_second: u64,
}

/// A turn to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The number for the next who asks.
    pub next_us: u64,
    /// How long to wait, in microseconds.
    pub wait_us: u64,
}

impl SharedPace {
    /// Time that may be sent ahead of after a pause, in microseconds.
    pub const AHEAD_US: u64 = 100_000;
    /// Pieces of a second that one turn sends.
    const TURNS_PER_SECOND: u64 = 20;
    /// More than this is never sent in one turn.
    const PIECE_BYTES_MAX: u64 = 64 * 1024;

    /// A limit in bytes per second; 0 counts as 1.
    pub fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second: bytes_per_second.max(1) }
    }

    /// Most bytes to be sent in one turn.
    pub fn piece_bytes(self) -> usize {
        let piece = (self.bytes_per_second / Self::TURNS_PER_SECOND).clamp(1, Self::PIECE_BYTES_MAX);
        usize::try_from(piece).unwrap_or(usize::MAX)
    }

    /// A turn for so many bytes at `now_us`. `free_us` is the number as the last who asked left it, 0 at first.
    pub fn turn(self, free_us: u64, bytes: u64, now_us: u64) -> Turn {
        let start_us = free_us.max(now_us.saturating_sub(Self::AHEAD_US));
        // Rounded up: no rounding may add up to more speed.
        let takes_us = bytes.saturating_mul(1_000_000).div_ceil(self.bytes_per_second);
        Turn { next_us: start_us.saturating_add(takes_us), wait_us: start_us.saturating_sub(now_us) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Senders that always have a piece: what each has sent after `until_us` of virtual time, and when.
    fn simulate(rate: u64, senders: usize, until_us: u64) -> Vec<(u64, usize, u64)> {
        let pace = SharedPace::new(rate);
        let piece = pace.piece_bytes() as u64;
        let start_us = 10 * SharedPace::AHEAD_US;
        let mut free_us = 0;
        let mut waiting: Vec<(u64, usize)> = (0..senders).map(|sender| (start_us, sender)).collect();
        let mut sent = Vec::new();
        while let Some(place) = (0..waiting.len()).min_by_key(|place| waiting[*place]) {
            let (now_us, sender) = waiting[place];
            let turn = pace.turn(free_us, piece, now_us);
            free_us = turn.next_us;
            let at_us = now_us + turn.wait_us;
            if at_us > start_us + until_us {
                return sent;
            }
            sent.push((at_us, sender, piece));
            waiting[place].0 = at_us;
        }
        sent
    }

    fn check(rate: u64, senders: usize) {
        let seconds = 5;
        let sent = simulate(rate, senders, seconds * 1_000_000);
        let whole: u64 = sent.iter().map(|(_, _, bytes)| bytes).sum();
        let piece = SharedPace::new(rate).piece_bytes() as u64;
        let ahead = rate * SharedPace::AHEAD_US / 1_000_000 + piece;
        assert!(whole <= rate * seconds + ahead, "{senders} senders at {rate}: {whole}");
        assert!(whole + ahead >= rate * seconds * 9 / 10, "{senders} senders at {rate}: only {whole}");
        let of = |sender| sent.iter().filter(|(_, own, _)| *own == sender).count();
        let counts: Vec<usize> = (0..senders).map(of).collect();
        let spread = counts.iter().max().unwrap() - counts.iter().min().unwrap();
        // Whoever comes first has what may be sent ahead; the others are in the middle of a round at the end.
        let ahead_turns = ahead.div_ceil(piece) as usize + 1;
        assert!(spread <= ahead_turns, "{senders} senders at {rate} had {counts:?} turns");
    }

    #[test]
    fn the_rate_is_kept_and_shared_evenly() {
        for senders in [1, 2, 7, 50] {
            check(1024, senders);
            check(100_000, senders);
            check(10_000_000, senders);
        }
    }

    #[test]
    fn a_pause_is_not_saved_up() {
        let pace = SharedPace::new(1000);
        let turn = pace.turn(0, 50, 60_000_000);
        assert_eq!(turn, Turn { next_us: 59_950_000, wait_us: 0 });
        assert_eq!(pace.turn(turn.next_us, 50, 60_000_000), Turn { next_us: 60_000_000, wait_us: 0 });
        assert_eq!(pace.turn(60_000_000, 50, 60_000_000), Turn { next_us: 60_050_000, wait_us: 0 });
        assert_eq!(pace.turn(60_050_000, 50, 60_000_000), Turn { next_us: 60_100_000, wait_us: 50_000 });
    }

    proptest! {
        #[test]
        fn no_interval_carries_more_than_its_bytes(
            rate in 1u64..1_000_000_000,
            asks in prop::collection::vec((0u64..2_000_000, 1u64..200_000), 1..60),
        ) {
            let pace = SharedPace::new(rate);
            let (mut now_us, mut free_us, mut left) = (SharedPace::AHEAD_US, 0, Vec::new());
            for (pause_us, bytes) in asks {
                now_us += pause_us;
                let turn = pace.turn(free_us, bytes, now_us);
                prop_assert!(turn.next_us >= free_us);
                free_us = turn.next_us;
                left.push((now_us + turn.wait_us, bytes));
            }
            for first in 0..left.len() {
                let mut sum = 0;
                for (at_us, bytes) in &left[first..] {
                    // Before this piece, everything since the first one fits into the time since then and the start.
                    let allowed = u128::from(rate) * u128::from(at_us - left[first].0 + SharedPace::AHEAD_US) / 1_000_000;
                    prop_assert!(u128::from(sum) <= allowed + 1, "{sum} > {allowed}");
                    sum += bytes;
                }
            }
        }
    }
}
