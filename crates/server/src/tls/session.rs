//! The records of one TLS connection, over a non-blocking socket that is borrowed for each call.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::os::unix::fs::FileExt;
use std::task::{Context, Poll, ready};

use rustls::ServerConnection;

use crate::socket::Socket;

/// Received from the socket at a time.
const CIPHERTEXT_BYTES: usize = 32 * 1024;
/// The most that decrypting [`CIPHERTEXT_BYTES`] can give: what was received and a record that had begun before.
const PLAINTEXT_BYTES_MAX: usize = CIPHERTEXT_BYTES + 18 * 1024;
/// Read from a file at a time: as much as rustls takes at once.
const FILE_BYTES: usize = 64 * 1024;
/// More than the headers of the records in flight, so that no byte is reported that has not left.
const RECORD_HEADERS_BYTES: usize = 256;

thread_local! {
    /// One buffer per thread for what is read and handed on within one call.
    static SCRATCH: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// One TLS connection after its handshake.
#[derive(Debug)]
pub(crate) struct Session(RefCell<Records>);

#[derive(Debug)]
struct Records {
    connection: ServerConnection,
    /// There may be plaintext, or the end, that the socket's readiness does not tell of.
    buffered: bool,
    outgoing: Outgoing,
}

/// Plaintext that rustls has encrypted and the socket has not taken whole. The caller offers it again, and is told
/// how far it has come: what is reported as written has been handed to the kernel.
#[derive(Clone, Copy, Debug, Default)]
struct Outgoing {
    plaintext: usize,
    reported: usize,
    sent: usize,
}

impl Outgoing {
    /// What to report now, and whether that is all.
    fn progress(&mut self, all_sent: bool) -> usize {
        let reached = if all_sent {
            self.plaintext
        } else {
            self.sent.saturating_sub(RECORD_HEADERS_BYTES).min(self.plaintext - 1).max(self.reported)
        };
        let fresh = reached - self.reported;
        self.reported = reached;
        if all_sent {
            *self = Self::default();
        }
        fresh
    }
}

/// The socket as rustls reads it.
pub(super) struct From<'t>(pub(super) &'t Socket);

impl Read for From<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

/// The socket as rustls writes it.
pub(super) struct To<'t>(pub(super) &'t Socket);

impl Write for To<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(pieces)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Session {
    /// A connection whose handshake is done. The first request may have come with its last message.
    pub(super) fn new(connection: ServerConnection) -> Self {
        Self(RefCell::new(Records { connection, buffered: true, outgoing: Outgoing::default() }))
    }

    /// Whether there may be plaintext that the socket's readiness does not tell of.
    pub(crate) fn is_buffered(&self) -> bool {
        self.0.borrow().buffered
    }

    /// As [`crate::stream::Stream::poll_readable`].
    pub(crate) fn poll_readable(&self, tcp: &Socket, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.0.borrow().buffered { Poll::Ready(Ok(())) } else { tcp.poll_readable(context) }
    }

    /// Plaintext that is there now; 0 is the end, with or without the client's word for it.
    pub(crate) fn try_read(&self, tcp: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
        let mut records = self.0.borrow_mut();
        match records.plaintext(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => records.buffered = false,
            other => {
                records.look_for_more(tcp)?;
                return other;
            }
        }
        if buffer.len() < PLAINTEXT_BYTES_MAX {
            records.receive_little(tcp)?;
            return records.plaintext(buffer);
        }
        with_scratch(CIPHERTEXT_BYTES, |scratch| {
            let count = tcp.try_read(scratch)?;
            if count == 0 { Ok(0) } else { records.decrypt(tcp, &scratch[..count], buffer) }
        })
    }

    /// As [`crate::stream::Stream::try_write`]: after `WouldBlock` the same bytes have to be offered again.
    pub(crate) fn try_write(&self, tcp: &Socket, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().push(tcp, |connection| connection.writer().write(bytes))
    }

    /// As [`crate::stream::Stream::try_send_file`].
    pub(crate) fn try_send_file(&self, tcp: &Socket, part: (&File, &mut u64), count: usize) -> io::Result<usize> {
        let (file, offset) = part;
        let from = *offset;
        let written = self.0.borrow_mut().push(tcp, |connection| {
            with_scratch(FILE_BYTES, |scratch| {
                let room = count.min(scratch.len());
                let read = file.read_at(&mut scratch[..room], from)?;
                connection.writer().write(&scratch[..read])
            })
        })?;
        *offset += written as u64;
        Ok(written)
    }

    /// As [`crate::stream::Stream::poll_gone`]. The client's goodbye is a record: what is there has to be decrypted.
    pub(crate) fn poll_gone(&self, tcp: &Socket, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if ready!(tcp.poll_readable(context)).is_err() {
                return Poll::Ready(());
            }
            let mut records = self.0.borrow_mut();
            if records.buffered {
                // Bytes sent ahead stay unread.
                return tcp.poll_hung_up(context);
            }
            match records.receive_little(tcp) {
                Ok(true) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(false) | Err(_) => return Poll::Ready(()),
            }
        }
    }

    /// Says that nothing more comes. Best effort: a client that takes nothing does not hear it.
    pub(crate) fn say_goodbye(&self, tcp: &Socket) {
        let mut records = self.0.borrow_mut();
        records.connection.send_close_notify();
        let _not_heard = records.flush(tcp);
    }
}

impl Records {
    /// Decrypted bytes that wait inside rustls.
    fn plaintext(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.connection.reader().read(buffer) {
            // Closed without a goodbye: HTTP's own framing tells whether something is missing.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(0),
            other => other,
        }
    }

    /// Receives what fits into rustls alone; false when the client is gone.
    fn receive_little(&mut self, tcp: &Socket) -> io::Result<bool> {
        if self.connection.read_tls(&mut From(tcp))? == 0 {
            self.buffered = true;
            return Ok(false);
        }
        let state = self.process(tcp)?;
        self.buffered = state.plaintext_bytes_to_read() > 0 || state.peer_has_closed();
        Ok(!state.peer_has_closed())
    }

    /// Notes whether anything is left inside rustls. A request that came with the last message of the handshake was all
    /// of it; its client's going away has to be noticed all the same.
    fn look_for_more(&mut self, tcp: &Socket) -> io::Result<()> {
        let state = self.process(tcp)?;
        self.buffered = state.plaintext_bytes_to_read() > 0 || state.peer_has_closed();
        Ok(())
    }

    /// Decrypts received bytes into a buffer that has room for all they can hold.
    fn decrypt(&mut self, tcp: &Socket, mut received: &[u8], buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while !received.is_empty() {
            self.connection.read_tls(&mut received)?;
            let state = self.process(tcp)?;
            if state.plaintext_bytes_to_read() > 0 {
                filled += self.plaintext(&mut buffer[filled..])?;
            }
            if state.peer_has_closed() {
                self.buffered = true;
                break;
            }
        }
        if filled == 0 && !self.buffered { Err(ErrorKind::WouldBlock.into()) } else { Ok(filled) }
    }

    fn process(&mut self, tcp: &Socket) -> io::Result<rustls::IoState> {
        let processed = self.connection.process_new_packets();
        if self.connection.wants_write() {
            // An alert, or the answer to a key update; what does not fit now goes before the next bytes.
            let _later = self.flush(tcp);
        }
        processed.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
    }

    /// Encrypts new plaintext where none is on its way, sends, and reports the progress.
    fn push(
        &mut self,
        tcp: &Socket,
        fill: impl FnOnce(&mut ServerConnection) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if self.outgoing.plaintext == 0 {
            self.flush(tcp)?;
            self.outgoing = Outgoing { plaintext: fill(&mut self.connection)?, reported: 0, sent: 0 };
            if self.outgoing.plaintext == 0 {
                return Ok(0);
            }
        }
        let flushed = self.flush(tcp);
        match (self.outgoing.progress(flushed.is_ok()), flushed) {
            (0, Err(error)) => Err(error),
            (_, Err(error)) if error.kind() != ErrorKind::WouldBlock => Err(error),
            (fresh, _) => Ok(fresh),
        }
    }

    /// Sends what is encrypted; `WouldBlock` when the socket does not take it all.
    fn flush(&mut self, tcp: &Socket) -> io::Result<()> {
        while self.connection.wants_write() {
            self.outgoing.sent += self.connection.write_tls(&mut To(tcp))?;
        }
        Ok(())
    }
}

/// Lends the thread's buffer, with at least this much room.
fn with_scratch<T>(bytes: usize, task: impl FnOnce(&mut [u8]) -> T) -> T {
    let kept = SCRATCH.take().filter(|kept| kept.len() >= bytes);
    let mut scratch = kept.unwrap_or_else(|| vec![0; FILE_BYTES.max(bytes)].into_boxed_slice());
    let outcome = task(&mut scratch[..bytes]);
    SCRATCH.set(Some(scratch));
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(steps: &[(usize, bool)], expected: &[usize]) {
        let mut outgoing = Outgoing { plaintext: 1000, reported: 0, sent: 0 };
        let reported = steps.iter().map(|(sent, all)| {
            outgoing.sent += sent;
            outgoing.progress(*all)
        });
        assert_eq!(reported.collect::<Vec<_>>(), expected, "{steps:?}");
    }

    #[test]
    fn only_what_has_left_is_reported_and_all_of_it_once() {
        check(&[(1029, true)], &[1000]);
        check(&[(100, false), (929, true)], &[0, 1000]);
        check(&[(456, false), (0, false), (573, true)], &[200, 0, 800]);
        check(&[(1028, false), (500, false), (1, true)], &[772, 227, 1]);
    }
}
