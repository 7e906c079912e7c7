//! The least a server can do: wait, receive, see that a head has ended, send bytes that are ready. What the kernel costs is
//! all that is left, so nobody gets past it with epoll. And the least a proxy can do: pass on what comes, unread.
//!
//! It is measured as a server of its own, and stands behind the proxies as the upstream.

use std::io::{ErrorKind, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};

use anyhow::{Context as _, bail, ensure};
use rustix::event::epoll::{self, EventData, EventFlags};

/// The words that make this program such a server, and how it is used.
pub const WORD: &str = "ceiling";

/// Serves until it is ended: `serve ADDRESS FILE THREADS` or `pass ADDRESS UPSTREAM THREADS`.
pub fn run(words: &[String]) -> anyhow::Result<()> {
    let [what, address, rest, threads] = words else {
        bail!("{WORD} serve ADDRESS FILE THREADS | {WORD} pass ADDRESS UPSTREAM THREADS")
    };
    let address: SocketAddr = address.parse()?;
    ensure!(address.ip().is_loopback(), "loopback only");
    let does = match what.as_str() {
        "serve" => Does::Answer(answer(&std::fs::read(rest)?)),
        "pass" => Does::PassTo(rest.parse()?),
        other => bail!("{other} is neither serve nor pass"),
    };
    let (listener, threads) = (listen(address)?, threads.parse()?);
    std::thread::scope(|scope| {
        for _ in 1..threads {
            let (listener, does) = (listener.try_clone()?, does.clone());
            scope.spawn(move || Ceiling::open(listener, does)?.serve());
        }
        Ceiling::open(listener.try_clone()?, does.clone())?.serve()
    })
}

/// A listening socket, which the threads share.
fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into()).with_context(|| format!("binding {address}"))?;
    socket.listen(4096)?;
    let listener = TcpListener::from(socket);
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The fields that Doorward answers a file with.
fn answer(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nLast-Modified: Sat, 28 Nov 2026 22:38:38 GMT\r\n\
         ETag: \"6b0b57ee1cdf819b-400\"\r\nAccept-Ranges: bytes\r\nServer: Ceiling\r\n\
         Date: Sat, 28 Nov 2026 22:39:24 GMT\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[derive(Clone)]
enum Does {
    /// With these bytes, to every head.
    Answer(Vec<u8>),
    /// Over a connection of its own for each client.
    PassTo(SocketAddr),
}

struct Ceiling {
    listener: TcpListener,
    epoll: OwnedFd,
    does: Does,
    /// At the number of its descriptor.
    streams: Vec<Option<Side>>,
}

struct Side {
    stream: TcpStream,
    /// The other side of a passed connection.
    other: usize,
}

fn number(descriptor: &impl AsRawFd) -> usize {
    usize::try_from(descriptor.as_raw_fd()).unwrap_or_default()
}

impl Ceiling {
    fn open(listener: TcpListener, does: Does) -> anyhow::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, EventData::new_u64(number(&listener) as u64), EventFlags::IN)?;
        Ok(Self { listener, epoll, does, streams: Vec::new() })
    }

    fn serve(mut self) -> anyhow::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let mut events = [MaybeUninit::uninit(); 512];
            let ready = match epoll::wait(&self.epoll, &mut events, None) {
                Ok((ready, _)) => ready,
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            for event in ready {
                let at = event.data.u64() as usize;
                if at == number(&self.listener) {
                    while let Ok((stream, _)) = self.listener.accept() {
                        self.admit(stream)?;
                    }
                } else if self.turn(at, &mut buffer).is_none() {
                    self.forget(at);
                }
            }
        }
    }

    fn admit(&mut self, stream: TcpStream) -> anyhow::Result<()> {
        let Does::PassTo(upstream) = self.does else { return self.watch(stream, 0) };
        let beyond = TcpStream::connect(upstream)?;
        let (this, that) = (number(&stream), number(&beyond));
        self.watch(stream, that)?;
        self.watch(beyond, this)
    }

    fn watch(&mut self, stream: TcpStream, other: usize) -> anyhow::Result<()> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let at = number(&stream);
        epoll::add(&self.epoll, &stream, EventData::new_u64(at as u64), EventFlags::IN)?;
        self.streams.resize_with(self.streams.len().max(at + 1), || None);
        self.streams[at] = Some(Side { stream, other });
        Ok(())
    }

    /// Nothing when the connection is over. An answer fits into the socket's buffer, or the client is not worth it.
    fn turn(&self, at: usize, buffer: &mut [u8]) -> Option<()> {
        let Side { stream, other } = self.streams.get(at)?.as_ref()?;
        let mut stream = stream;
        let count = match stream.read(buffer) {
            Ok(0) => return None,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Some(()),
            Err(_) => return None,
        };
        match &self.does {
            Does::Answer(answer) if buffer[..count].ends_with(b"\r\n\r\n") => stream.write_all(answer).ok(),
            Does::Answer(_) => Some(()),
            Does::PassTo(_) => {
                let mut beyond = &self.streams.get(*other)?.as_ref()?.stream;
                beyond.write_all(&buffer[..count]).ok()
            }
        }
    }

    fn forget(&mut self, at: usize) {
        let over = self.streams.get_mut(at).and_then(Option::take);
        if let (Some(Side { other, .. }), Does::PassTo(_)) = (over, &self.does) {
            self.streams[other] = None;
        }
    }
}
