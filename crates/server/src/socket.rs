//! A client's TCP connection, and what of it tokio's readiness does not tell.

use std::cell::Cell;
use std::io;
use std::ops::Deref;
use std::task::{Context, Poll, ready};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::net::RecvFlags;
use tokio::io::Interest;
use tokio::net::TcpStream;

/// The socket. It writes as any other; it is read through [`Socket::read`] alone.
#[derive(Debug)]
pub(crate) struct Socket {
    tcp: TcpStream,
    /// Bytes lie unread whose readiness was taken back, see [`Socket::poll_hung_up`].
    ahead: Cell<bool>,
}

impl Deref for Socket {
    type Target = TcpStream;

    fn deref(&self) -> &TcpStream {
        &self.tcp
    }
}

impl Socket {
    pub(crate) fn new(tcp: TcpStream) -> Self {
        Self { tcp, ahead: Cell::new(false) }
    }

    /// Whether there is something to read, the end included.
    pub(crate) fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.ahead.get() { Poll::Ready(Ok(())) } else { self.tcp.poll_read_ready(context) }
    }

    /// Reads once. A read that leaves room in the buffer has emptied the socket: the readiness is taken back at once,
    /// where otherwise another read would have to find out. Bytes that come later are a new event, since epoll is asked
    /// for edges.
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ahead.take() {
            let (count, _) = rustix::net::recv(&self.tcp, &mut *buffer, RecvFlags::empty())?;
            // A full buffer may have left some.
            self.ahead.set(count == buffer.len());
            return Ok(count);
        }
        let mut emptied = None;
        let read = self.tcp.try_io(Interest::READABLE, || {
            let (count, _) = rustix::net::recv(&self.tcp, &mut *buffer, RecvFlags::empty())?;
            if count == 0 || count == buffer.len() {
                return Ok(count);
            }
            emptied = Some(count);
            Err(io::ErrorKind::WouldBlock.into())
        });
        emptied.map_or(read, Ok)
    }

    /// Whether the client has closed or reset its side behind bytes that lie unread. They keep the socket readable, so
    /// that nothing would wake us when the end comes: their readiness is taken back and noted here, and from then on
    /// epoll's next event is news.
    pub(crate) fn poll_hung_up(&self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.has_hung_up() {
                return Poll::Ready(());
            }
            self.ahead.set(true);
            let _taken_back = self.tcp.try_io(Interest::READABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
            if ready!(self.tcp.poll_read_ready(context)).is_err() {
                return Poll::Ready(());
            }
        }
    }

    fn has_hung_up(&self) -> bool {
        let mut asked = [PollFd::new(&self.tcp, PollFlags::RDHUP)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        let told = rustix::event::poll(&mut asked, Some(&at_once));
        told.is_ok() && asked[0].revents().intersects(PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR)
    }
}
