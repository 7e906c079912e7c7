//! Requests that another server answers: forwarded and streamed, both ways at once.

mod connect;
mod download;
mod head;
mod http1;
mod pool;
mod sides;
mod tunnel;
mod upload;

pub(crate) use head::{is_trusted_proxy, response as response_head, switching as switching_head};
pub(crate) use pool::Pool;
pub(crate) use sides::{Broken, Gathered, Sides, Sink, Source, put_end, put_piece};
pub(crate) use tunnel::write_upstream;

use std::cell::Cell;
use std::future::poll_fn;
use std::sync::Arc;

use doorward_plan::{Effective, Upstream};
use doorward_wire::{BodyLength, ClientMachine, HeadLimits};
use tokio::net::TcpStream;

use crate::connection::Connection;
use crate::downstream::End;
use crate::exchange::{Exchange, WIN32_CLIENT_GONE};
use crate::outcome::SiteRefusal;
use download::{Downloaded, Finished};
use http1::{Answering, Received};

/// `WinHTTP`'s codes, as ARR logs them (IIS reference §5.2).
const WIN32_TIMEOUT: u32 = 12002;
const WIN32_CANNOT_CONNECT: u32 = 12029;
pub(crate) const WIN32_CONNECTION_RESET: u32 = 12030;
/// `ERROR_SEM_TIMEOUT`, for a tunnel that was silent for too long (IIS reference §5.2).
pub(crate) const WIN32_SILENCE: u32 = 121;

/// Why forwarding did not come to a complete answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection to the upstream.
    Connect,
    /// It was silent for too long.
    Timeout,
    /// It closed, or answered something that is not HTTP, before its head was complete.
    NoAnswer,
    /// The same on a connection that had been used before and may simply have been closed: worth another try.
    Stale,
    /// It broke off after its head was passed on: the client can only be told by closing.
    BrokenOff,
    /// An error of the upstream's that the site shows in its own way (`existingResponse="Replace"`).
    Replaced(u16),
    /// The request's body became longer than the site takes.
    TooLarge,
    /// The client went away, or was too slow.
    Client(End),
}

/// An upstream connection that no longer speaks HTTP.
pub(crate) struct Switched {
    pub(crate) link: TcpStream,
    /// Received behind the head of its answer.
    pub(crate) ahead: Vec<u8>,
}

/// How much of the client's message has been read for the upstream.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The request, body included, has been passed on.
    pub(crate) uploaded: Cell<bool>,
    /// Any of the request's body has been taken from the client: it cannot be sent again.
    pub(crate) consumed: Cell<bool>,
    /// Bytes of the body taken so far.
    pub(crate) body_bytes: Cell<u64>,
    /// The body has been read to its end; on another try there is nothing more to read.
    pub(crate) body_ended: Cell<bool>,
    /// Bytes passed on to the upstream: while they grow, it has nothing to answer yet.
    pub(crate) passed_bytes: Cell<u64>,
}

impl Progress {
    /// Takes note of a piece of the body.
    pub(crate) fn took(&self, piece: &[u8]) {
        self.consumed.set(true);
        self.body_bytes.set(self.body_bytes.get() + piece.len() as u64);
    }
}

/// Forwards the request and streams the answer back.
pub(crate) async fn forward(
    connection: &mut Connection,
    mut exchange: Box<Exchange>,
    effective: &Arc<Effective>,
) -> Result<(), End> {
    let Some(upstream) = &effective.upstream else {
        return connection.refuse(exchange, SiteRefusal::new(500, 0, 0).into()).await;
    };
    let progress = Progress::default();
    let outcome = {
        let Connection { client, machine, carry, .. } = &mut *connection;
        let mut source = Received::new(client, machine, carry);
        let sides = Sides { source: &mut source, sink: &Answering::new(client) };
        pass(sides, &mut exchange, upstream, &progress).await
    };
    exchange.received_bytes = connection.machine.wire_bytes().max(exchange.received_bytes);
    match outcome {
        Ok(None) => finished(connection, exchange, &progress),
        Ok(Some(switched)) => {
            let end = tunnel::run(connection, &mut exchange, switched, upstream.response_timeout_ms).await;
            connection.client.worker.finish(exchange);
            Err(end)
        }
        Err(failure) => failed(connection, exchange, (failure, &progress)).await,
    }
}

/// Forwards the request of any client and streams the answer back. Returns the upstream's connection where both sides
/// agreed on another protocol.
pub(crate) async fn pass<S: Source, K: Sink>(
    mut sides: Sides<'_, S, K>,
    exchange: &mut Exchange,
    upstream: &Upstream,
    progress: &Progress,
) -> Result<Option<Switched>, Failure> {
    let outcome = attempt(&mut sides, exchange, upstream, (progress, true)).await;
    if matches!(outcome, Err(Failure::Stale)) && !progress.consumed.get() && is_idempotent(exchange.request.method()) {
        // The new connection has not got the request yet.
        progress.uploaded.set(false);
        return attempt(&mut sides, exchange, upstream, (progress, false)).await;
    }
    outcome
}

/// Methods that may be sent twice (RFC 9110 9.2.2).
fn is_idempotent(method: &str) -> bool {
    ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"].contains(&method)
}

/// One try on one upstream connection. `reuse` allows a pooled one.
async fn attempt<S: Source, K: Sink>(
    sides: &mut Sides<'_, S, K>,
    exchange: &mut Exchange,
    upstream: &Upstream,
    (progress, reuse): (&Progress, bool),
) -> Result<Option<Switched>, Failure> {
    let worker = sides.sink.worker();
    let now_ms = worker.shared.clock.now_ms();
    let pooled = if reuse { worker.upstreams.take(upstream, now_ms) } else { None };
    let used_before = pooled.is_some();
    let link = match pooled {
        Some(link) => link,
        None => connect::connect(upstream).await?,
    };
    let used = converse(sides, exchange, &link, (upstream, progress)).await.map_err(|failure| match failure {
        Failure::NoAnswer if used_before => Failure::Stale,
        Failure::NoAnswer
        | Failure::Connect
        | Failure::Timeout
        | Failure::Stale
        | Failure::BrokenOff
        | Failure::Replaced(_)
        | Failure::TooLarge
        | Failure::Client(_) => failure,
    })?;
    match used {
        Used::Reusable if progress.uploaded.get() => {
            worker.upstreams.give_back(upstream, link, worker.shared.clock.now_ms());
        }
        Used::Up | Used::Reusable => {}
        Used::Switched(ahead) => return Ok(Some(Switched { link, ahead })),
    }
    Ok(None)
}

/// What an upstream connection is good for after an answer.
enum Used {
    /// Nothing.
    Up,
    /// Another request.
    Reusable,
    /// Another protocol, whose first bytes these are.
    Switched(Vec<u8>),
}

/// Sends the request and passes the answer on, both at once: an upstream may answer before it has
/// read everything.
async fn converse<S: Source, K: Sink>(
    sides: &mut Sides<'_, S, K>,
    exchange: &mut Exchange,
    link: &TcpStream,
    (upstream, progress): (&Upstream, &Progress),
) -> Result<Used, Failure> {
    let Sides { source, sink } = sides;
    if exchange.request.expects_continue() && source.is_untouched() {
        sink.proceed().await.map_err(Failure::Client)?;
    }
    let offer = head::offer(exchange, upstream);
    let head = head::request(exchange, upstream, offer.as_deref());
    let chunked = exchange.request.body() == BodyLength::Chunked;
    let mut answer = ClientMachine::new(HeadLimits { request_bytes_max: 256 * 1024, ..HeadLimits::default() });
    answer.begin(exchange.is_head());
    let body_bytes_max = body_bytes_max(exchange);
    let replaces = exchange.effective.as_ref().is_some_and(|effective| effective.errors.replaces_existing);
    let mut downloaded = Downloaded::new(upstream, replaces, offer);
    let finished = {
        let upload = upload::run(*source, link, (head, chunked), (progress, body_bytes_max));
        let download = download::run((*sink, progress), exchange, link, (&mut answer, &mut downloaded));
        let gone = poll_fn(|context| sink.poll_gone(context));
        let ended = poll_fn(|context| sink.poll_ended(context));
        tokio::pin!(upload, download, gone, ended);
        loop {
            tokio::select! {
                biased;
                finished = &mut download => break finished,
                sent = &mut upload, if !progress.uploaded.get() => match sent {
                    Ok(()) => progress.uploaded.set(true),
                    Err(Broken::Client(end)) => break Err(Failure::Client(end)),
                    Err(Broken::TooLarge) => break Err(Failure::TooLarge),
                    // It may have answered early and closed; its answer is read to the end all the same.
                    Err(Broken::Upstream) => break download.await,
                },
                end = &mut ended => break Err(Failure::Client(end)),
                () = &mut gone, if progress.uploaded.get() => break Err(Failure::Client(End::Close)),
            }
        }
    };
    // Where the answer has begun, only its end can tell.
    let finished = match finished {
        Err(Failure::TooLarge) if downloaded.has_begun() => Err(Failure::BrokenOff),
        finished => finished,
    };
    Ok(match finished? {
        Finished::Switched => Used::Switched(downloaded.into_rest()),
        Finished::Complete if answer.reusable() && downloaded.is_used_up() => Used::Reusable,
        Finished::Complete => Used::Up,
    })
}

/// How long a body may become whose length nobody knows beforehand.
fn body_bytes_max(exchange: &Exchange) -> u64 {
    let Some(effective) = &exchange.effective else { return u64::MAX };
    let filtered = if effective.filter.written { effective.filter.content_bytes_max } else { u64::MAX };
    filtered.min(effective.runtime.request_bytes_max)
}

fn finished(connection: &Connection, mut exchange: Box<Exchange>, progress: &Progress) -> Result<(), End> {
    // What the client still sends of a body the upstream did not want cannot be told from a next request.
    exchange.keep_alive &= progress.uploaded.get();
    let keep_alive = exchange.keep_alive;
    connection.client.worker.finish(exchange);
    if keep_alive { Ok(()) } else { Err(End::Linger) }
}

async fn failed(
    connection: &mut Connection,
    mut exchange: Box<Exchange>,
    (failure, progress): (Failure, &Progress),
) -> Result<(), End> {
    let end = match failure {
        Failure::BrokenOff => End::Reset,
        Failure::Client(end) => end,
        Failure::Connect | Failure::NoAnswer | Failure::Stale | Failure::Timeout | Failure::Replaced(_) => End::Close,
        Failure::TooLarge => End::Linger,
    };
    let Some(refusal) = refusal(failure, &mut exchange) else {
        connection.client.worker.finish(exchange);
        return Err(end);
    };
    if progress.consumed.get() {
        exchange.keep_alive = false;
    }
    connection.refuse(exchange, refusal.into()).await
}

/// What the client is told; `None` where it is too late, which the exchange then notes for the log.
pub(crate) fn refusal(failure: Failure, exchange: &mut Exchange) -> Option<SiteRefusal> {
    match failure {
        Failure::Connect => Some(SiteRefusal::new(502, 3, WIN32_CANNOT_CONNECT)),
        Failure::NoAnswer | Failure::Stale => Some(SiteRefusal::new(502, 3, WIN32_CONNECTION_RESET)),
        Failure::Timeout => Some(SiteRefusal::new(504, 0, WIN32_TIMEOUT)),
        Failure::Replaced(status) => Some(SiteRefusal::new(status, 0, 0)),
        Failure::TooLarge => Some(SiteRefusal::new(413, 1, 0)),
        Failure::BrokenOff => {
            exchange.answered.win32_status = WIN32_CONNECTION_RESET;
            None
        }
        Failure::Client(_) => {
            if exchange.answered.status == 0 {
                // ARR's "client gone" (IIS reference §5.1).
                exchange.answered.status = 400;
                exchange.answered.substatus = 604;
            }
            exchange.answered.win32_status = WIN32_CLIENT_GONE;
            None
        }
    }
}
