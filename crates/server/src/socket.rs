//! A client's socket. Its readiness is kept in the connection's `Watch` and renewed by the thread's driver.

use std::io::{self, ErrorKind, IoSlice, Write as _};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;
use std::task::{Context, Poll};

use rustix::net::{RecvFlags, SendFlags};

use crate::driver::{Enrolled, Wish};
use crate::watch::Watch;

/// A non-blocking TCP socket of a client.
#[derive(Debug)]
pub(crate) struct Socket {
    tcp: TcpStream,
    watch: Rc<Watch>,
    enrolled: Enrolled,
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.tcp.as_fd()
    }
}

impl Socket {
    /// Nothing is asked of the kernel before somebody waits: a client that is served at once and closed costs no call for it.
    pub(crate) fn new(tcp: TcpStream, watch: &Rc<Watch>, enrolled: Enrolled) -> Self {
        Self { tcp, watch: Rc::clone(watch), enrolled }
    }

    /// Whether a read may find something.
    pub(crate) fn is_readable(&self) -> bool {
        self.watch.readiness.is_readable()
    }

    /// Makes sure that what comes will be told.
    pub(crate) fn await_bytes(&self) -> io::Result<()> {
        self.enrolled.wish(&self.tcp, Wish::Read)
    }

    pub(crate) fn poll_readable(&self, context: &Context<'_>) -> Poll<io::Result<()>> {
        ready_or(self.watch.readiness.poll_readable(context), || self.await_bytes())
    }

    /// Whether the client has closed or reset its side behind bytes that lie unread.
    pub(crate) fn poll_hung_up(&self, context: &Context<'_>) -> Poll<()> {
        ready_or(self.watch.readiness.poll_read_ended(context), || self.await_bytes()).map(drop)
    }

    pub(crate) fn poll_writable(&self, context: &Context<'_>) -> Poll<io::Result<()>> {
        ready_or(self.watch.readiness.poll_writable(context), || self.enrolled.wish(&self.tcp, Wish::Write))
    }

    /// Reads once. A read that leaves room in the buffer has emptied the socket, where otherwise another read would have to
    /// find out. Bytes that come later are news, since the kernel is asked for changes.
    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len();
        let count = self.try_receive(|tcp| Ok(rustix::net::recv(tcp, buffer, RecvFlags::empty())?.0))?;
        if count > 0 && count < room {
            self.watch.readiness.is_emptied();
        }
        Ok(count)
    }

    /// Receives by a call of the caller's.
    pub(crate) fn try_receive<T>(&self, call: impl FnOnce(&TcpStream) -> io::Result<T>) -> io::Result<T> {
        let readiness = &self.watch.readiness;
        if !readiness.is_readable() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let received = call(&self.tcp);
        if would_block(&received) {
            readiness.is_emptied();
        }
        received
    }

    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.try_send(|tcp| Ok(rustix::net::send(tcp, bytes, SendFlags::NOSIGNAL)?))
    }

    pub(crate) fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_send(|mut tcp| tcp.write_vectored(pieces))
    }

    /// Sends by a call of the caller's.
    pub(crate) fn try_send<T>(&self, call: impl FnOnce(&TcpStream) -> io::Result<T>) -> io::Result<T> {
        let readiness = &self.watch.readiness;
        if !readiness.is_writable() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let sent = call(&self.tcp);
        if would_block(&sent) {
            readiness.is_filled();
        }
        sent
    }
}

/// Ready at once, or told of later; without that nobody would ever be told.
fn ready_or(readiness: Poll<()>, wish: impl FnOnce() -> io::Result<()>) -> Poll<io::Result<()>> {
    match readiness.is_ready().then_some(()).map_or_else(wish, Ok) {
        Ok(()) if readiness.is_pending() => Poll::Pending,
        outcome => Poll::Ready(outcome),
    }
}

fn would_block<T>(outcome: &io::Result<T>) -> bool {
    outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}
