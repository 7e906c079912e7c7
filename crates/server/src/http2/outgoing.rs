//! Frames on their way to the kernel: what the h2 crate writes piece by piece leaves together.

use std::io::{self, ErrorKind};
use std::task::{Context, Poll, ready};

use doorward_wire::Pace;

use super::frames::{FrameScan, Passed};
use super::session::Session;
use crate::downstream::Downstream;

/// While so much waits for the client to take it, the h2 crate has to wait, too.
const WAITING_BYTES_MAX: usize = 64 * 1024;

/// Frames that wait to be handed to the kernel.
pub(super) struct Outgoing {
    bytes: Vec<u8>,
    /// Of these, what has been handed over.
    sent: usize,
    scan: FrameScan,
    rate: Pace,
    /// The client owes us room.
    blocked: bool,
}

impl Outgoing {
    pub(super) fn new(client: &Downstream) -> Self {
        let rate = client.worker.shared.timers().send_pace(client.now_ms());
        Self { bytes: Vec::new(), sent: 0, scan: FrameScan::after(0), rate, blocked: false }
    }

    pub(super) fn has_room(&self) -> bool {
        self.bytes.len() - self.sent < WAITING_BYTES_MAX
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Hands over what waits, and tells the session which frames have left.
    pub(super) fn poll_send(
        &mut self,
        client: &Downstream,
        session: &Session,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if self.bytes.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let now_ms = client.now_ms();
        if !self.blocked {
            self.rate.resume(now_ms);
        }
        while self.sent < self.bytes.len() {
            match client.stream.try_write(&self.bytes[self.sent..]) {
                Ok(count) => {
                    self.rate.progress(count as u64, now_ms);
                    self.unblock(client);
                    self.note(session, count);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.blocked = true;
                    client.watched.watch.send_by(self.rate.deadline_ms());
                    ready!(client.stream.poll_writable(context))?;
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        // A connection that waits holds no buffer.
        (self.bytes, self.sent) = (Vec::new(), 0);
        Poll::Ready(Ok(()))
    }

    fn note(&mut self, session: &Session, count: usize) {
        let left = &self.bytes[self.sent..self.sent + count];
        self.scan.pass(left, |passed| {
            if let Passed::End(frame) = passed {
                session.frame_left(frame);
            }
        });
        self.sent += count;
    }

    fn unblock(&mut self, client: &Downstream) {
        if std::mem::take(&mut self.blocked) {
            client.watched.watch.send_by(u64::MAX);
        }
    }
}
