//! The connection's bytes as the h2 crate wants them, watched in both directions.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::{FrameScan, Passed};
use super::preface::PREFACE;
use super::session::Session;
use crate::downstream::Downstream;

/// A client's stream under the h2 crate.
pub(super) struct Io<'c> {
    client: &'c Downstream,
    session: Rc<Session>,
    /// Received before HTTP/2 was recognised.
    prefix: Vec<u8>,
    received: FrameScan,
}

impl<'c> Io<'c> {
    pub(super) fn new(client: &'c Downstream, session: &Rc<Session>, prefix: Vec<u8>) -> Self {
        Self { client, session: Rc::clone(session), prefix, received: FrameScan::after(PREFACE.len()) }
    }

    fn note_received(&mut self, bytes: &[u8]) {
        let session = &self.session;
        self.received.pass(bytes, |passed| match passed {
            Passed::Head(frame) => session.frame_begins(frame),
            Passed::End(frame) => session.frame_ended(frame),
        });
    }
}

impl AsyncRead for Io<'_> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.session.verdict.get().is_some() {
            // Nothing more is read for a client that is to be sent away; the driver knows.
            return Poll::Pending;
        }
        if !this.prefix.is_empty() {
            let count = this.prefix.len().min(out.remaining());
            let rest = this.prefix.split_off(count);
            let taken = std::mem::replace(&mut this.prefix, rest);
            out.put_slice(&taken);
            this.note_received(&taken);
            return Poll::Ready(Ok(()));
        }
        loop {
            ready!(this.client.stream.poll_readable(context))?;
            let buffer = out.initialize_unfilled();
            match this.client.stream.try_read(buffer) {
                Ok(count) => {
                    this.note_received(&buffer[..count]);
                    out.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Io<'_> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if !self.session.outgoing.borrow().has_room() {
            ready!(self.session.poll_send(self.client, context))?;
        }
        self.session.outgoing.borrow_mut().put(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The driver sends when the h2 crate has written all it has.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // How a connection ends is its owner's part.
        Poll::Ready(Ok(()))
    }
}
