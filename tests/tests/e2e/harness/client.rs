//! A raw HTTP/1.1 client: it sends exactly the bytes it is told, from the address it is told.

use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use super::tls;

/// Bounds every read and write, so that a silent server is a failure and not a hang.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody with one source address.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    source: IpAddr,
}

/// What a connection's bytes go through: TCP, or TLS over it.
pub trait Wire: Read + Write + Debug + Send {
    /// The socket below.
    fn tcp(&self) -> &TcpStream;
}

impl Wire for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

/// One TCP connection of a client.
#[derive(Debug)]
pub struct Connection {
    stream: Box<dyn Wire>,
    /// Bytes that were read and not yet used.
    pending: Vec<u8>,
}

/// A response as it came.
#[derive(Debug)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Header fields in order, names as sent.
    pub headers: Vec<(String, String)>,
    /// Body after removing the transfer coding.
    pub body: Vec<u8>,
}

/// How the server left a connection.
#[derive(Debug, PartialEq, Eq)]
pub enum Ending {
    /// An orderly end.
    Closed,
    /// A TCP reset.
    Reset,
}

impl Client {
    /// A client that binds `source` before it connects.
    pub fn from(source: impl Into<IpAddr>) -> Client {
        Client { source: source.into() }
    }

    /// Opens a connection.
    pub fn connect(&self, to: SocketAddr) -> io::Result<Connection> {
        self.connect_with(to, None)
    }

    /// Opens a connection whose receive buffer is small, so that a server soon waits for this reader.
    pub fn connect_slow(&self, to: SocketAddr) -> io::Result<Connection> {
        self.connect_with(to, Some(16 * 1024))
    }

    /// Opens a connection and shakes hands over TLS; any certificate is taken.
    pub fn connect_tls(&self, to: SocketAddr) -> io::Result<Connection> {
        let stream = self.tcp(to, None)?;
        Ok(Connection { stream: Box::new(tls::shake_hands(stream)?), pending: Vec::new() })
    }

    fn connect_with(&self, to: SocketAddr, receive_bytes: Option<usize>) -> io::Result<Connection> {
        Ok(Connection { stream: Box::new(self.tcp(to, receive_bytes)?), pending: Vec::new() })
    }

    fn tcp(&self, to: SocketAddr, receive_bytes: Option<usize>) -> io::Result<TcpStream> {
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, None)?;
        socket.bind(&SocketAddr::new(self.source, 0).into())?;
        if let Some(bytes) = receive_bytes {
            socket.set_recv_buffer_size(bytes)?;
        }
        socket.connect_timeout(&to.into(), PATIENCE)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.set_tcp_nodelay(true)?;
        Ok(socket.into())
    }

    /// One GET on a connection of its own.
    pub fn try_get(&self, to: SocketAddr, path: &str) -> io::Result<Response> {
        let mut connection = self.connect(to)?;
        connection.send(&format!("GET {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n\r\n"))?;
        connection.receive()
    }

    /// One GET that must be answered.
    pub fn get(&self, to: SocketAddr, path: &str) -> Response {
        self.try_get(to, path).unwrap_or_else(|error| panic!("GET {path} at {to} from {}: {error}", self.source))
    }

    /// The status of one GET.
    pub fn status(&self, to: SocketAddr, path: &str) -> u16 {
        self.get(to, path).status
    }

    /// One GET for a host name.
    pub fn get_host(&self, to: SocketAddr, host: &str) -> Response {
        self.exchange(to, &format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"))
    }

    /// Sends `request` as it stands on a connection of its own and reads one response.
    pub fn exchange(&self, to: SocketAddr, request: &str) -> Response {
        let mut connection = self.connect(to).unwrap_or_else(|error| panic!("connect to {to}: {error}"));
        connection.send(request).unwrap();
        connection.receive().unwrap_or_else(|error| panic!("{request:?} at {to}: {error}"))
    }

    /// True when nobody listens there.
    pub fn is_refused(&self, to: SocketAddr) -> bool {
        matches!(self.connect(to), Err(error) if error.kind() == io::ErrorKind::ConnectionRefused)
    }

    /// True when one GET ends in a TCP reset, wherever it strikes: at connect, at the write or at the read.
    pub fn is_reset(&self, to: SocketAddr, path: &str) -> bool {
        matches!(self.try_get(to, path), Err(error) if is_reset(&error))
    }
}

fn is_reset(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}

impl Connection {
    /// Sends text as it stands.
    pub fn send(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes())
    }

    /// Sends bytes that need not be text.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends `count` bytes of a body, in pieces.
    pub fn send_bytes(&mut self, count: u64) -> io::Result<()> {
        io::copy(&mut io::repeat(b'u').take(count), &mut self.stream).map(|_| ())
    }

    /// Sends a GET that keeps the connection open.
    pub fn send_get(&mut self, host: &str, path: &str) -> io::Result<()> {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
    }

    /// Reads one whole response.
    pub fn receive(&mut self) -> io::Result<Response> {
        let mut response = self.receive_head()?;
        let bodiless = response.status == 204 || response.status == 304;
        if bodiless {
            return Ok(response);
        }
        if response.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            response.body = self.receive_chunks()?;
        } else if let Some(length) = response.content_length() {
            response.body = self.take(usize::try_from(length).unwrap())?;
        } else {
            response.body = self.receive_to_end()?;
        }
        Ok(response)
    }

    /// Reads a response's head and leaves its body (also the way to read the answer to HEAD).
    pub fn receive_head(&mut self) -> io::Result<Response> {
        let end = loop {
            if let Some(at) = self.pending.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at;
            }
            self.fill()?;
        };
        let head = String::from_utf8_lossy(&self.pending[..end]).into_owned();
        self.pending.drain(..end + 4);
        parse_head(&head).ok_or_else(|| io::Error::other(format!("no HTTP response: {head:?}")))
    }

    /// Reads `count` bytes of a body without keeping them; returns how many came before the end.
    pub fn drain(&mut self, count: u64) -> io::Result<u64> {
        let held = self.pending.len().min(usize::try_from(count).unwrap_or(usize::MAX));
        self.pending.drain(..held);
        let held = held as u64;
        let mut buffer = vec![0; 256 * 1024];
        let mut left = count - held;
        while left > 0 {
            let room = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            match self.stream.read(&mut buffer[..room])? {
                0 => break,
                read => left -= read as u64,
            }
        }
        Ok(count - left)
    }

    /// Reads `count` bytes of a body as text.
    pub fn take_text(&mut self, count: usize) -> io::Result<String> {
        self.take(count).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Waits until the server ends the connection, and tells how. Bytes that still come are dropped.
    pub fn ending(&mut self) -> Ending {
        match io::copy(&mut self.stream, &mut io::sink()) {
            Ok(_) => Ending::Closed,
            Err(error) if is_reset(&error) => Ending::Reset,
            Err(error) => panic!("the connection neither closed nor reset: {error}"),
        }
    }

    /// Leaves without a word: the kernel sends a reset.
    pub fn vanish(self) {
        let socket = socket2::SockRef::from(self.stream.tcp());
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                self.pending.extend_from_slice(&buffer[..read]);
                Ok(())
            }
        }
    }

    fn take(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.pending.len() < count {
            self.fill()?;
        }
        Ok(self.pending.drain(..count).collect())
    }

    fn receive_line(&mut self) -> io::Result<String> {
        let end = loop {
            if let Some(at) = self.pending.windows(2).position(|bytes| bytes == b"\r\n") {
                break at;
            }
            self.fill()?;
        };
        let line = self.take(end + 2)?;
        Ok(String::from_utf8_lossy(&line[..end]).into_owned())
    }

    /// Reads one chunk of a body in chunks; empty at its end.
    pub fn receive_chunk(&mut self) -> io::Result<Vec<u8>> {
        let size = usize::from_str_radix(&self.receive_line()?, 16).map_err(io::Error::other)?;
        let chunk = self.take(size)?;
        self.receive_line()?;
        Ok(chunk)
    }

    fn receive_chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.receive_line()?;
            let size = line.split(';').next().unwrap_or("").trim();
            let size = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
            body.extend(self.take(size)?);
            if size == 0 {
                while !self.receive_line()?.is_empty() {}
                return Ok(body);
            }
            self.receive_line()?;
        }
    }

    fn receive_to_end(&mut self) -> io::Result<Vec<u8>> {
        let mut body = std::mem::take(&mut self.pending);
        self.stream.read_to_end(&mut body)?;
        Ok(body)
    }
}

fn parse_head(head: &str) -> Option<Response> {
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()?;
    let split = |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    Some(Response { status, headers: lines.map(split).collect::<Option<_>>()?, body: Vec::new() })
}

impl Response {
    /// The first value of a header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The announced length of the body, in bytes.
    pub fn content_length(&self) -> Option<u64> {
        self.header("content-length").and_then(|text| text.parse().ok())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
