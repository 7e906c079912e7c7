//! Who is at the other end? Where a trusted proxy speaks the PROXY protocol, it says so before anything else.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::rc::Rc;
use std::task::Poll;

use doorward_wire::Waiting;
use doorward_wire::proxy_protocol::{self, Progress, ProxyFault, ProxyHeader};

use crate::connection::Connection;
use crate::downstream::End;

/// The word for the HTTPERR log; HTTP.sys has none, since it does not know the protocol.
const HTTP_ERR_REASON: &str = "ProxyHeader";
/// The same where nothing like it came.
const HTTP_ERR_REASON_MISSING: &str = "ProxyHeader_Missing";

impl Connection {
    /// Whether this listener takes a PROXY header from this peer.
    pub(crate) fn expects_proxy_header(&self) -> bool {
        let listener = self.plan.listeners.get(&self.listener.address);
        listener.is_some_and(|listener| listener.expects_proxy_header(self.client.ends.peer.ip()))
    }

    /// Reads the PROXY header. From here on the client it names is the peer: for the limits, the log, and the upstream.
    pub(crate) async fn introduce(&mut self) -> Result<(), End> {
        let (deadline_ms, reason) = self.client.worker.shared.timers().deadline(Waiting::Head, self.client.now_ms());
        self.client.watched.watch.receive_by(deadline_ms, reason);
        let header = self.proxy_header().await;
        self.client.watched.watch.receive_any_time();
        if let ProxyHeader::For(source) = header? {
            self.client.ends.peer = source;
        }
        Ok(())
    }

    async fn proxy_header(&mut self) -> Result<ProxyHeader, End> {
        let mut bytes = Vec::new();
        loop {
            let missing = match proxy_protocol::read(&bytes) {
                Ok(Progress::Whole(header)) => return Ok(header),
                Ok(Progress::NeedMore(missing)) => missing,
                Err(fault) => return Err(self.refuse_proxy_header(fault)),
            };
            let have = bytes.len();
            bytes.resize(have + missing, 0);
            let count = self.receive(&mut bytes[have..]).await?;
            bytes.truncate(have + count);
        }
    }

    /// Waits for bytes and takes at most as many as fit.
    async fn receive(&self, into: &mut [u8]) -> Result<usize, End> {
        let watch = Rc::clone(&self.client.watched.watch);
        loop {
            let ready = poll_fn(|context| match watch.poll_fired(context) {
                Some(fired) => Poll::Ready(Err(fired)),
                None => self.client.stream.poll_readable(context).map(|_| Ok(())),
            });
            ready.await.map_err(|fired| self.client.fired(fired))?;
            match self.client.stream.try_read(into) {
                Ok(0) => return Err(End::Close),
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return Err(End::Close),
            }
        }
    }

    /// Without the header nobody knows for whom the proxy speaks: nothing is answered.
    fn refuse_proxy_header(&self, fault: ProxyFault) -> End {
        let reason = match fault {
            ProxyFault::Missing => HTTP_ERR_REASON_MISSING,
            ProxyFault::Malformed | ProxyFault::TooLong => HTTP_ERR_REASON,
        };
        let exchange = self.client.worker.exchange(self.client.ends);
        self.client.worker.error(&exchange, reason, None);
        self.client.worker.recycle(exchange);
        End::Reset
    }
}
