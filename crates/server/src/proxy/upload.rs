//! The request on its way to the upstream: head, then body as it comes.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::task::Poll;

use doorward_wire::{Event, LAST_CHUNK, Request, ServerMachine, Waiting, write_chunk};
use tokio::net::TcpStream;

use super::Progress;
use crate::downstream::{Downstream, End};
use crate::outcome::ServiceRefusal;

/// Body bytes gathered before they are written.
const GATHERED_BYTES_MAX: usize = 64 * 1024;

/// Where the body comes from.
pub(super) struct From<'c> {
    pub(super) client: &'c Downstream,
    pub(super) machine: &'c mut ServerMachine,
    pub(super) carry: &'c mut Vec<u8>,
}

/// Whose fault ended the upload.
pub(super) enum Broken {
    Client(End),
    Upstream,
}

/// Why gathering stopped.
enum Gathered {
    /// There is enough to write.
    Full,
    /// All that was received is gathered.
    Hungry,
    /// The body is complete.
    End,
}

/// Sends the head and the whole body.
pub(super) async fn run(
    mut from: From<'_>,
    link: &TcpStream,
    (head, chunked): (Vec<u8>, bool),
    progress: &Progress,
) -> Result<(), Broken> {
    let mut out = head;
    loop {
        match from.gather(&mut out, chunked, progress)? {
            Gathered::End => return write(link, &out).await,
            Gathered::Full => write(link, &out).await?,
            Gathered::Hungry => {
                write(link, &out).await?;
                from.receive().await.map_err(Broken::Client)?;
            }
        }
        out.clear();
    }
}

impl From<'_> {
    /// Takes body pieces out of what was received.
    fn gather(&mut self, out: &mut Vec<u8>, chunked: bool, progress: &Progress) -> Result<Gathered, Broken> {
        let mut used = 0;
        // Heads are not read here: the machine stands in a body until it reports its end.
        let mut unused = Request::new();
        let ended = loop {
            if out.len() >= GATHERED_BYTES_MAX {
                break Ok(Gathered::Full);
            }
            match self.machine.read(&self.carry[used..], &mut unused) {
                Ok((count, Event::Body(piece))) => {
                    progress.consumed.set(true);
                    if chunked {
                        write_chunk(out, piece);
                    } else {
                        out.extend_from_slice(piece);
                    }
                    used += count;
                }
                Ok((count, Event::BodyEnd)) => {
                    used += count;
                    if chunked {
                        out.extend_from_slice(LAST_CHUNK);
                    }
                    break Ok(Gathered::End);
                }
                Ok((count, Event::NeedMore | Event::Head)) => {
                    used += count;
                    break Ok(Gathered::Hungry);
                }
                Err(malformed) => {
                    self.malformed(ServiceRefusal::Malformed(malformed));
                    break Err(Broken::Client(End::Close));
                }
            }
        };
        self.carry.drain(..used);
        if self.carry.is_empty() {
            *self.carry = Vec::new();
        }
        ended
    }

    /// A body that breaks its framing cannot be answered any more: the upstream has a part of it.
    fn malformed(&self, refusal: ServiceRefusal) {
        let exchange = self.client.worker.exchange(self.client.ends);
        let (response, reason) = crate::render::service_refusal(refusal);
        self.client.worker.error(&exchange, reason, Some(response.status));
        self.client.worker.recycle(exchange);
    }

    /// Waits for more of the body and takes it.
    async fn receive(&mut self) -> Result<(), End> {
        loop {
            let watch = &self.client.watched.watch;
            let (deadline_ms, reason) = self.client.worker.shared.timers.deadline(Waiting::Body, self.client.now_ms());
            watch.receive_by(deadline_ms, reason);
            let outcome = poll_fn(|context| match watch.poll_fired(context) {
                Some(fired) => Poll::Ready(Err(fired)),
                None => self.client.stream.poll_readable(context).map(|_| Ok(())),
            })
            .await;
            watch.receive_any_time();
            outcome.map_err(|fired| self.client.fired(fired))?;
            let mut scratch = self.client.worker.scratch();
            let count = self.client.stream.try_read(&mut scratch.read);
            if let Ok(count) = count {
                self.carry.extend_from_slice(&scratch.read[..count]);
            }
            self.client.worker.give_back(scratch);
            match count {
                Ok(0) => return Err(End::Close),
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return Err(End::Close),
            }
        }
    }
}

async fn write(link: &TcpStream, bytes: &[u8]) -> Result<(), Broken> {
    let mut written = 0;
    while written < bytes.len() {
        match link.try_write(&bytes[written..]) {
            Ok(count) => written += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                link.writable().await.map_err(|_| Broken::Upstream)?;
            }
            Err(_) => return Err(Broken::Upstream),
        }
    }
    Ok(())
}
