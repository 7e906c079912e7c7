//! The bytes of one connection. Everything above it is the same with and without TLS.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use socket2::SockRef;

use crate::socket::Socket;
use crate::tls::{ClientCertificate, Session};

/// At most this much of a file is sent before other connections get their turn (design: engine).
pub(crate) const SEND_FILE_BYTES_MAX: usize = 256 * 1024;

/// A client's connection after accept.
#[derive(Debug)]
pub(crate) struct Stream {
    tcp: Socket,
    /// Apart, so that a plain connection pays one word for it.
    tls: Option<Box<Session>>,
}

impl Stream {
    pub(crate) fn plain(tcp: Socket) -> Self {
        Self { tcp, tls: None }
    }

    /// From now on everything goes through TLS.
    pub(crate) fn secure(&mut self, session: Session) {
        self.tls = Some(Box::new(session));
    }

    /// The socket itself, for the handshake.
    pub(crate) fn tcp(&self) -> &Socket {
        &self.tcp
    }

    /// The first byte received, which stays unread; `None` when the client is gone.
    pub(crate) fn try_first_byte(&self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        let (count, _) = self.tcp.try_receive(|tcp| Ok(rustix::net::recv(tcp, &mut byte, RecvFlags::PEEK)?))?;
        Ok((count > 0).then_some(byte[0]))
    }

    /// Whether a read may find something.
    pub(crate) fn is_readable(&self) -> bool {
        self.tcp.is_readable() || self.tls.as_ref().is_some_and(|session| session.is_buffered())
    }

    /// Makes sure that the driver tells of what comes.
    pub(crate) fn await_bytes(&self) -> io::Result<()> {
        self.tcp.await_bytes()
    }

    pub(crate) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.tls {
            None => self.tcp.poll_readable(context),
            Some(session) => session.poll_readable(&self.tcp, context),
        }
    }

    pub(crate) fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tcp.poll_writable(context)
    }

    /// Bytes that are there now; `WouldBlock` when there are none.
    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match &self.tls {
            None => self.tcp.try_read(buffer),
            Some(session) => session.try_read(&self.tcp, buffer),
        }
    }

    /// Writes as much as fits now; `WouldBlock` when nothing does. Then the same bytes have to be offered again: a part
    /// of them may be encrypted already.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.tls {
            None => self.tcp.try_write(bytes),
            Some(session) => session.try_write(&self.tcp, bytes),
        }
    }

    /// The same, where more follows at once: TCP then waits for it and sends both together. Without TLS only; records
    /// leave as they are.
    pub(crate) fn try_write_ahead(&self, bytes: &[u8]) -> io::Result<usize> {
        if self.tls.is_some() {
            return self.try_write(bytes);
        }
        let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
        self.tcp.try_send(|tcp| Ok(rustix::net::send(tcp, bytes, flags)?))
    }

    /// Sends file bytes; without TLS they are not brought into this process. 0 means the file has ended.
    pub(crate) fn try_send_file(&self, file: &File, offset: &mut u64, count: u64) -> io::Result<usize> {
        let count = usize::try_from(count).unwrap_or(usize::MAX).min(SEND_FILE_BYTES_MAX);
        if let Some(session) = &self.tls {
            return session.try_send_file(&self.tcp, (file, offset), count);
        }
        self.tcp.try_send(|tcp| match rustix::fs::sendfile(tcp, file, Some(offset), count) {
            Err(Errno::INTR) => Err(io::ErrorKind::WouldBlock.into()),
            other => other.map_err(io::Error::from),
        })
    }

    /// Lets the kernel take so many bytes beyond what is on its way, where it does not have to copy them: above TLS it would.
    pub(crate) fn let_wait(&self, unsent_bytes: u32) {
        if self.tls.is_none() {
            let _as_before = SockRef::from(&self.tcp).set_tcp_notsent_lowat(unsent_bytes);
        }
    }

    /// Tells a TLS client that the end is meant; TCP's own end says it to the others.
    pub(crate) fn say_goodbye(&self) {
        if let Some(session) = &self.tls {
            session.say_goodbye(&self.tcp);
        }
    }

    /// Tells the client that nothing more will be sent.
    pub(crate) fn shut_down_write(&self) {
        self.say_goodbye();
        // The client may be gone already; then there is nobody to tell.
        let _gone = SockRef::from(&self.tcp).shutdown(std::net::Shutdown::Write);
    }

    /// Makes the coming drop a TCP reset instead of an orderly close (D11).
    pub(crate) fn reset_on_drop(&self) {
        let _gone = SockRef::from(&self.tcp).set_linger(Some(Duration::ZERO));
    }

    /// Whether the client has closed or reset its side. Bytes it sent ahead stay unread.
    pub(crate) fn poll_gone(&self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(session) = &self.tls {
            return session.poll_gone(&self.tcp, context);
        }
        loop {
            if ready!(self.tcp.poll_readable(context)).is_err() {
                return Poll::Ready(());
            }
            match self.try_first_byte() {
                Ok(Some(_)) => return self.tcp.poll_hung_up(context),
                // The news were old; from here on the next are waited for.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(None) | Err(_) => return Poll::Ready(()),
            }
        }
    }
}

/// The two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    /// The TCP counterpart.
    pub(crate) peer: SocketAddr,
    /// Our own address, exact also when the listener is a wildcard.
    pub(crate) local: SocketAddr,
    /// Whether there is TLS between them.
    pub(crate) secure: bool,
    /// What the client showed in the handshake.
    pub(crate) certificate: ClientCertificate,
}
