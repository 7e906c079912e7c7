//! A client that speaks HTTP/2 by prior knowledge.

use std::net::SocketAddr;
use std::thread;

use bytes::{Bytes, BytesMut};
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::ext::Protocol;
use h2::{Error, Reason, RecvStream, SendStream};
use http::{HeaderMap, Request};
use tokio::net::TcpSocket;
use tokio::runtime::{Builder as RuntimeBuilder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::net::Net;

/// How a request ended that got no whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The stream was reset.
    Stream(Reason),
    /// The connection was ended with a GOAWAY.
    Connection(Reason),
    /// The connection broke off.
    Io,
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        match error.reason() {
            Some(reason) if error.is_reset() => Self::Stream(reason),
            Some(reason) => Self::Connection(reason),
            None => Self::Io,
        }
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub fields: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Bytes of its decoded header list and its content.
    pub fn bytes(&self) -> usize {
        let fields = self.fields.iter().map(|(name, value)| name.as_str().len() + value.len());
        ":status200".len() + fields.sum::<usize>() + self.body.len()
    }
}

/// A request whose answer is still to come.
pub struct Sent(ResponseFuture, Handle);

impl Sent {
    /// Waits for the whole answer.
    pub fn answer(self) -> Result<Answer, Broken> {
        self.1.block_on(async { whole(self.0.await?).await })
    }

    /// Waits for the head alone; the body comes as fast as it is read.
    pub fn head(self) -> Result<RecvStream, Broken> {
        Ok(self.1.block_on(self.0)?.into_body())
    }
}

async fn whole(response: http::Response<RecvStream>) -> Result<Answer, Broken> {
    let (parts, mut stream) = response.into_parts();
    let mut body = BytesMut::new();
    while let Some(piece) = stream.data().await {
        let piece = piece?;
        stream.flow_control().release_capacity(piece.len())?;
        body.extend_from_slice(&piece);
    }
    Ok(Answer { status: parts.status.as_u16(), fields: parts.headers, body: body.freeze() })
}

/// An open WebSocket on a stream (RFC 8441). Its frames are the test's own business.
pub struct WebSocket {
    upwards: SendStream<Bytes>,
    downwards: RecvStream,
    received: BytesMut,
    handle: Handle,
}

impl WebSocket {
    /// Sends this.
    pub fn send(&mut self, text: &str) {
        self.upwards.send_data(Bytes::copy_from_slice(text.as_bytes()), false).unwrap();
    }

    /// Says that nothing follows.
    pub fn end(&mut self) {
        self.upwards.send_data(Bytes::new(), true).unwrap();
    }

    /// The next bytes; fewer where the stream ends.
    pub fn take_text(&mut self, count: usize) -> Result<String, Broken> {
        while self.received.len() < count {
            let Some(piece) = self.handle.block_on(self.downwards.data()) else { break };
            let piece = piece?;
            self.downwards.flow_control().release_capacity(piece.len())?;
            self.received.extend_from_slice(&piece);
        }
        let taken = self.received.split_to(count.min(self.received.len()));
        Ok(String::from_utf8(taken.to_vec()).unwrap())
    }
}

/// One connection. A thread of its own moves its bytes.
pub struct Http2 {
    requests: SendRequest<Bytes>,
    connection: JoinHandle<Result<(), Error>>,
    to: SocketAddr,
    handle: Handle,
    _end: oneshot::Sender<()>,
}

impl Http2 {
    /// Connects as client number `n` of the network.
    pub fn connect(net: Net, n: u8, to: SocketAddr) -> Http2 {
        let runtime = RuntimeBuilder::new_current_thread().enable_all().build().unwrap();
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        thread::spawn(move || runtime.block_on(ended));
        let from = SocketAddr::new(net.ip(200 + n), 0);
        let (requests, connection) = handle.block_on(async {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind(from).unwrap();
            let stream = socket.connect(to).await.unwrap();
            // Room for all streams, so that one that is not read does not starve the others.
            Builder::new().initial_connection_window_size(1 << 24).handshake(stream).await.unwrap()
        });
        let connection = handle.spawn(connection);
        Http2 { requests, connection, to, handle, _end: end }
    }

    /// A GET request for a path here.
    pub fn request(&self, path: &str) -> Request<()> {
        Request::get(format!("http://{}{path}", self.to)).body(()).unwrap()
    }

    /// Sends a request with this body.
    pub fn send(&self, request: Request<()>, body: &'static [u8]) -> Result<Sent, Broken> {
        let requests = self.requests.clone();
        let sent = self.handle.block_on(async {
            let (response, mut stream) = requests.ready().await?.send_request(request, body.is_empty())?;
            if !body.is_empty() {
                stream.send_data(Bytes::from_static(body), true)?;
            }
            Ok::<_, Error>(response)
        })?;
        Ok(Sent(sent, self.handle.clone()))
    }

    /// Begins a GET.
    pub fn begin(&self, path: &str) -> Sent {
        self.send(self.request(path), b"").unwrap()
    }

    /// Begins a POST whose body goes on for as long as what is returned beside it lives.
    pub fn begin_upload(&self, path: &str) -> (Sent, SendStream<Bytes>) {
        self.begin_upload_of(path, None)
    }

    /// The same, for a body that is said to have this length.
    pub fn begin_upload_of(&self, path: &str, length: Option<u64>) -> (Sent, SendStream<Bytes>) {
        let mut request = self.request(path);
        *request.method_mut() = http::Method::POST;
        if let Some(length) = length {
            request.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
        }
        let requests = self.requests.clone();
        let (response, stream) = self.handle.block_on(async {
            let (response, mut stream) = requests.ready().await.unwrap().send_request(request, false).unwrap();
            stream.send_data(Bytes::from_static(b"begun"), false).unwrap();
            (response, stream)
        });
        (Sent(response, self.handle.clone()), stream)
    }

    /// Opens a WebSocket; what came back instead, if none did.
    pub fn open_websocket(&self, path: &str) -> Result<WebSocket, Result<u16, Broken>> {
        let mut request = self.request(path);
        *request.method_mut() = http::Method::CONNECT;
        request.extensions_mut().insert(Protocol::from_static("websocket"));
        request.headers_mut().insert(http::header::SEC_WEBSOCKET_VERSION, 13.into());
        let requests = self.requests.clone();
        let opened = self.handle.block_on(async {
            let (response, upwards) = requests.ready().await?.send_request(request, false)?;
            Ok::<_, Error>((response.await?, upwards))
        });
        let (response, upwards) = opened.map_err(|error| Err(error.into()))?;
        let (parts, downwards) = response.into_parts();
        assert!(!parts.headers.contains_key(http::header::SEC_WEBSOCKET_ACCEPT));
        match parts.status.as_u16() {
            200 => Ok(WebSocket { upwards, downwards, received: BytesMut::new(), handle: self.handle.clone() }),
            status => Err(Ok(status)),
        }
    }

    /// Gets a path.
    pub fn get(&self, path: &str) -> Result<Answer, Broken> {
        self.send(self.request(path), b"")?.answer()
    }

    /// The status of a GET that is answered.
    pub fn status(&self, path: &str) -> u16 {
        self.get(path).unwrap().status
    }

    /// Waits until the server has ended the connection: how.
    pub fn ending(self) -> Result<(), Broken> {
        Ok(self.handle.block_on(self.connection).unwrap()?)
    }
}
