//! How many frames a client may send that bring nothing about (RFC 9113 10.5).

use super::frames::{DATA, Frame, HEADERS};

/// Frames that may come without any of the good that follows.
const FRAMES_MAX: u32 = 1000;
/// What a request that was answered to its end gives back.
const PER_REQUEST: u32 = 100;
/// What each sent piece of content gives back: the client answers it with up to two `WINDOW_UPDATE` frames, and some
/// measure the line with a `PING` each time.
const PER_DATA_SENT: u32 = 4;
/// What each received piece of content of some size gives back, for the same reason.
const PER_DATA_RECEIVED: u32 = 2;
/// Content in smaller frames is itself a burden.
const USEFUL_DATA_BYTES: usize = 256;
/// What a second gives back: a connection kept alive by a `PING` now and then may live for ever.
const PER_SECOND: u64 = 10;

/// The frames a client has left.
#[derive(Debug)]
pub(super) struct FrameBudget {
    left: u32,
    at_ms: u64,
}

impl FrameBudget {
    pub(super) fn new(now_ms: u64) -> Self {
        Self { left: FRAMES_MAX, at_ms: now_ms }
    }

    /// A frame came; false when it is one too many. `HEADERS` are judged by what becomes of their request.
    pub(super) fn spend(&mut self, frame: Frame, now_ms: u64) -> bool {
        match frame.kind {
            HEADERS => return true,
            DATA if frame.length >= USEFUL_DATA_BYTES || (frame.length > 0 && frame.ends_stream()) => {
                self.give_back(PER_DATA_RECEIVED);
                return true;
            }
            _ => {}
        }
        self.ripen(now_ms);
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    fn ripen(&mut self, now_ms: u64) {
        let seconds = now_ms.saturating_sub(self.at_ms) / 1000;
        if seconds > 0 {
            self.at_ms += seconds * 1000;
            self.give_back(u32::try_from(seconds * PER_SECOND).unwrap_or(FRAMES_MAX));
        }
    }

    /// A request was answered to its end.
    pub(super) fn request_answered(&mut self) {
        self.give_back(PER_REQUEST);
    }

    /// A piece of content was sent.
    pub(super) fn data_sent(&mut self) {
        self.give_back(PER_DATA_SENT);
    }

    fn give_back(&mut self, frames: u32) {
        self.left = self.left.saturating_add(frames).min(FRAMES_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http2::frames::{FrameScan, Passed};

    /// How many of these frames pass, up to ten thousand.
    fn passing(head: [u8; 9], mut between: impl FnMut(&mut FrameBudget)) -> usize {
        let mut frame = Frame::default();
        FrameScan::after(0).pass(&head, |passed| match passed {
            Passed::Head(head) | Passed::End(head) => frame = head,
        });
        let mut budget = FrameBudget::new(0);
        (0..10_000)
            .take_while(|_| {
                between(&mut budget);
                budget.spend(frame, 0)
            })
            .count()
    }

    const PING: [u8; 9] = [0, 0, 8, 6, 0, 0, 0, 0, 0];

    #[test]
    fn floods_end() {
        assert_eq!(passing(PING, |_| {}), 1000);
        assert_eq!(passing([0, 0, 0, 0, 0, 0, 0, 0, 1], |_| {}), 1000, "empty DATA");
        assert_eq!(passing([0, 0, 1, 0, 0, 0, 0, 0, 1], |_| {}), 1000, "DATA of one byte");
    }

    #[test]
    fn work_does_not() {
        assert_eq!(passing([0, 64, 0, 0, 0, 0, 0, 0, 1], |_| {}), 10_000, "DATA");
        assert_eq!(passing(PING, FrameBudget::data_sent), 10_000);
        assert_eq!(passing(PING, FrameBudget::request_answered), 10_000);
    }

    #[test]
    fn time_heals() {
        let mut budget = FrameBudget::new(0);
        let ping = Frame { length: 8, kind: 6, ..Frame::default() };
        assert_eq!((0..2000).filter(|_| budget.spend(ping, 500)).count(), 1000);
        assert_eq!((0..2000).filter(|_| budget.spend(ping, 3500)).count(), 30);
    }
}
