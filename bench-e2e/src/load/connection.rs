//! One connection of a client.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::{Duration, Instant};

use rustls::{ClientConnection, HandshakeKind};
use socket2::{Domain, Socket, Type};

use super::Tls;
use super::reply::Replies;

/// What has happened on a connection.
pub(super) enum Progress {
    Nothing,
    /// It is there; whether a TLS session was resumed.
    Established(bool),
    /// Everything asked for is answered: how often, and how often with 200.
    Answered(Answers),
    /// The server closed or reset it.
    Ended,
}

/// The answers to what was asked at a time.
#[derive(Clone, Copy, Default)]
pub(super) struct Answers {
    pub(super) ok: u32,
    pub(super) all: u32,
}

pub(super) struct Connection {
    socket: Socket,
    tls: Option<Box<ClientConnection>>,
    replies: Replies,
    established: bool,
    /// How many answers are still to come.
    asking: u32,
    answers: Answers,
    since: Instant,
}

impl Connection {
    pub(super) fn open(source: Ipv4Addr, to: SocketAddr, tls: Option<&Tls>) -> anyhow::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        // Closed by a reset: no port stays behind in TIME_WAIT.
        socket.set_linger(Some(Duration::ZERO))?;
        socket.bind(&SocketAddr::from(SocketAddrV4::new(source, 0)).into())?;
        let tls = tls.map(Tls::connection).transpose()?.map(Box::new);
        match socket.connect(&to.into()) {
            Err(error) if error.raw_os_error() != Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {
                return Err(error.into());
            }
            _ => {}
        }
        let since = Instant::now();
        let (replies, answers) = (Replies::default(), Answers::default());
        Ok(Self { socket, tls, replies, established: false, asking: 0, answers, since })
    }

    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    pub(super) fn is_established(&self) -> bool {
        self.established
    }

    pub(super) fn is_asking(&self) -> bool {
        self.asking > 0
    }

    /// Since the request, or where there was none, since the connection was begun.
    pub(super) fn waited_us(&self) -> u32 {
        u32::try_from(self.since.elapsed().as_micros()).unwrap_or(u32::MAX)
    }

    /// Sends so many requests. What goes wrong shows when the answers are read.
    pub(super) fn ask(&mut self, request: &[u8], count: u32) {
        (self.since, self.asking, self.answers) = (Instant::now(), count, Answers::default());
        match &mut self.tls {
            None => {
                let _shows_later = (&self.socket).write(request);
            }
            Some(tls) => {
                let _shows_later = tls.writer().write_all(request);
                flush(tls, &self.socket);
            }
        }
    }

    /// Takes one step; to be called until nothing happens.
    pub(super) fn progress(&mut self, buffer: &mut [u8]) -> Progress {
        if !self.established {
            return self.establish();
        }
        loop {
            let count = match self.read(buffer) {
                Ok(0) => return Progress::Ended,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Progress::Nothing,
                Err(_) => return Progress::Ended,
            };
            let answers = &mut self.answers;
            self.replies.take(&buffer[..count], |status| {
                answers.all += 1;
                answers.ok += u32::from(status == 200);
            });
            if self.asking > 0 && answers.all >= self.asking {
                self.asking = 0;
                return Progress::Answered(*answers);
            }
        }
    }

    fn establish(&mut self) -> Progress {
        if let Ok(Some(_)) = self.socket.take_error() {
            return Progress::Ended;
        }
        let Some(tls) = &mut self.tls else {
            self.established = self.socket.peer_addr().is_ok();
            return if self.established { Progress::Established(false) } else { Progress::Nothing };
        };
        if self.socket.peer_addr().is_err() {
            return Progress::Nothing;
        }
        loop {
            flush(tls, &self.socket);
            if !tls.is_handshaking() {
                self.established = true;
                return Progress::Established(tls.handshake_kind() == Some(HandshakeKind::Resumed));
            }
            match tls.read_tls(&mut &self.socket) {
                Ok(0) => return Progress::Ended,
                Ok(_) if tls.process_new_packets().is_ok() => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Progress::Nothing,
                Ok(_) | Err(_) => return Progress::Ended,
            }
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return (&self.socket).read(buffer) };
        loop {
            match tls.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                other => return other,
            }
            if tls.read_tls(&mut &self.socket)? == 0 {
                return Ok(0);
            }
            tls.process_new_packets().map_err(io::Error::other)?;
        }
    }
}

fn flush(tls: &mut ClientConnection, mut socket: &Socket) {
    while tls.wants_write() && tls.write_tls(&mut socket).is_ok() {}
}
