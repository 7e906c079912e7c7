//! The client's side of a forwarded request, as the proxy sees it: where the body comes from, where the answer goes.
//! HTTP/1.1 and HTTP/2 each have their own.

use std::task::{Context, Poll};

use doorward_wire::{LAST_CHUNK, Response, write_chunk};

use super::Progress;
use crate::compress::Coded;
use crate::downstream::End;
use crate::exchange::Exchange;
use crate::worker::Worker;

/// Body bytes gathered before they are written.
pub(super) const GATHERED_BYTES_MAX: usize = 64 * 1024;

/// Whose fault ended the upload.
pub(crate) enum Broken {
    Client(End),
    /// The client sent more than the site takes.
    TooLarge,
    Upstream,
}

/// Why gathering stopped.
pub(crate) enum Gathered {
    /// There is enough to write.
    Full,
    /// All that was received is gathered.
    Hungry,
    /// The body is complete.
    End,
}

/// The request's body.
pub(crate) trait Source {
    /// Whether none of the body has been received, so that a client that waits for a 100 has to be told.
    fn is_untouched(&self) -> bool;

    /// Appends body pieces out of what was received, as the upstream is to get them.
    fn gather(&mut self, out: &mut Vec<u8>, chunked: bool, progress: &Progress) -> Result<Gathered, Broken>;

    /// Waits for more of the body.
    async fn receive(&mut self) -> Result<(), End>;
}

/// The way back to the client. All of it takes `&self`: the answer is sent while somebody else watches for the
/// client's going away.
pub(crate) trait Sink {
    /// The thread's buffers.
    fn worker(&self) -> &Worker;

    /// Tells the client to send its body (RFC 9110 10.1.1).
    async fn proceed(&self) -> Result<(), End>;

    /// Takes the head of the answer; bytes to be sent for it go into `out`.
    fn head(&self, out: &mut Vec<u8>, exchange: &mut Exchange, answer: (&Response, Coded));

    /// Appends a piece of the body.
    fn piece(&self, out: &mut Vec<u8>, exchange: &mut Exchange, piece: &[u8]);

    /// Appends what says that the body is complete.
    fn end(&self, out: &mut Vec<u8>, exchange: &mut Exchange);

    /// Sends what was appended; `ended` says that the answer is complete with it.
    async fn send(&self, out: &[u8], ended: bool) -> Result<(), End>;

    /// Whether the client has gone away.
    fn poll_gone(&self, context: &mut Context<'_>) -> Poll<()>;

    /// Whether the connection is to end for another cause: a timer, or the server's own end.
    fn poll_ended(&self, context: &mut Context<'_>) -> Poll<End>;
}

/// Both sides of one client.
pub(crate) struct Sides<'s, S, K> {
    pub(crate) source: &'s mut S,
    pub(crate) sink: &'s K,
}

/// Appends a piece of a body on its way to the upstream.
pub(crate) fn put_piece(out: &mut Vec<u8>, chunked: bool, piece: &[u8]) {
    if chunked {
        write_chunk(out, piece);
    } else {
        out.extend_from_slice(piece);
    }
}

/// Appends the end of a body on its way to the upstream.
pub(crate) fn put_end(out: &mut Vec<u8>, chunked: bool) {
    if chunked {
        out.extend_from_slice(LAST_CHUNK);
    }
}
