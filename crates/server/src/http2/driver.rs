//! Drives one HTTP/2 connection: takes requests, keeps its timers, and ends it.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use doorward_wire::{TimerReason, Timers, Waiting};
use h2::server::{Connection, SendResponse};
use h2::{Reason, RecvStream};
use tokio::task::spawn_local;

use super::io::Io;
use super::session::{Session, Verdict};
use super::stream;
use crate::downstream::{Downstream, End};
use crate::watch::Fired;
use crate::worker::OpenListener;

/// Requests of one connection at a time.
const STREAMS_MAX: u32 = 100;
/// A header list, by the measure of RFC 9113 6.5.2; as for a head of HTTP/1.1.
const HEADER_LIST_BYTES_MAX: u32 = 16 * 1024;
/// Most bytes of an answer that wait inside the h2 crate, per stream.
pub(super) const QUEUED_BYTES_MAX: usize = 16 * 1024;
/// How much of a body may come ahead of who reads it: per stream and per connection.
const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;
/// What the crate allows for small pieces that nobody has taken yet. The session bounds them, and knows tunnels.
const SMALL_PIECES_BUDGET: usize = 16 * 1024 * 1024;

/// From the start of the connection to the client's first SETTINGS.
const SETTINGS_WAIT_MS: u64 = 10_000;
/// From the first byte of a header block to its last.
const HEADER_BLOCK_WAIT_MS: u64 = 5_000;
/// How long a client may take to agree to a farewell.
const FAREWELL_MS: u64 = 2_000;
/// How long the last frames may take to leave.
const LAST_WORDS: Duration = Duration::from_secs(1);

type H2<'c> = Connection<Io<'c>, Bytes>;

/// What a connection does next.
#[expect(clippy::large_enum_variant, reason = "the largest is the usual one, and it is taken apart at once")]
enum Next {
    Request(http::Request<RecvStream>, SendResponse<Bytes>),
    /// The h2 crate is done with it.
    Over(End),
    /// The server or the listener goes away.
    Leave,
    Fired(Fired),
    Verdict(Verdict),
}

/// Serves HTTP/2 on this connection to its end. `received` are bytes that came before this was known to be HTTP/2,
/// from the first one on. Every request is recorded when it returns.
pub(crate) async fn serve(client: &Downstream, listener: &Rc<OpenListener>, received: Vec<u8>) -> End {
    let session = Session::new(client, listener);
    let driver = Driver { client, session: &session, farewell_by_ms: None };
    let end = driver.run(received).await;
    session.close();
    poll_fn(|context| session.poll_all_ended(context)).await;
    client.watched.watch.receive_any_time();
    client.watched.watch.go_on();
    end
}

struct Driver<'c> {
    client: &'c Downstream,
    session: &'c Rc<Session>,
    /// Set once the client has been told that no more requests are taken.
    farewell_by_ms: Option<u64>,
}

impl<'c> Driver<'c> {
    async fn run(mut self, received: Vec<u8>) -> End {
        let mut h2 = match self.handshake(received).await {
            Ok(h2) => h2,
            Err(end) => return end,
        };
        loop {
            match poll_fn(|context| self.poll_next(&mut h2, context)).await {
                Next::Request(request, respond) => self.begin(request, respond),
                Next::Over(end) => {
                    self.last_words().await;
                    return end;
                }
                Next::Leave => self.say_farewell(&mut h2),
                Next::Fired(fired) => {
                    if let Some(end) = self.fired(&mut h2, fired).await {
                        return end;
                    }
                }
                Next::Verdict(verdict) => return self.execute(&mut h2, verdict).await,
            }
        }
    }

    async fn handshake(&self, received: Vec<u8>) -> Result<H2<'c>, End> {
        let io = Io::new(self.client, self.session, received);
        let mut handshake = std::pin::pin!(
            h2::server::Builder::new()
                .max_concurrent_streams(STREAMS_MAX)
                .max_header_list_size(HEADER_LIST_BYTES_MAX)
                .max_send_buffer_size(QUEUED_BYTES_MAX)
                .initial_window_size(STREAM_WINDOW_BYTES)
                .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
                .data_frame_budget(SMALL_PIECES_BUDGET)
                .enable_connect_protocol()
                .handshake(io)
        );
        let watch = &self.client.watched.watch;
        self.arm();
        poll_fn(|context| {
            if let Some(fired) = watch.poll_fired(context) {
                return Poll::Ready(Err(self.client.fired(fired)));
            }
            let met = handshake.as_mut().poll(context).map_err(|_| End::Close);
            match self.session.poll_send(self.client, context) {
                Poll::Ready(Err(_)) => Poll::Ready(Err(End::Close)),
                Poll::Ready(Ok(())) | Poll::Pending => met,
            }
        })
        .await
    }

    fn poll_next(&self, h2: &mut H2<'c>, context: &mut Context<'_>) -> Poll<Next> {
        self.session.drive_with(context);
        if let Some(fired) = self.client.watched.watch.poll_fired(context) {
            return Poll::Ready(Next::Fired(fired));
        }
        let accepted = h2.poll_accept(context);
        if let Some(verdict) = self.session.verdict.get() {
            return Poll::Ready(Next::Verdict(verdict));
        }
        let is_request = matches!(accepted, Poll::Ready(Some(Ok(_))));
        // Once there is no further request, the answers to all of them leave together.
        let sent = if is_request { Poll::Pending } else { self.session.poll_send(self.client, context) };
        match accepted {
            Poll::Ready(Some(Ok((request, respond)))) => Poll::Ready(Next::Request(request, respond)),
            Poll::Pending if matches!(sent, Poll::Ready(Err(_))) => Poll::Ready(Next::Over(End::Close)),
            Poll::Ready(Some(Err(error))) if error.is_io() => Poll::Ready(Next::Over(End::Close)),
            // The client may still be sending; its reading of our GOAWAY must not be cut short by a reset.
            Poll::Ready(Some(Err(_)) | None) => Poll::Ready(Next::Over(End::Linger)),
            Poll::Pending if self.session.is_leaving() && self.farewell_by_ms.is_none() => Poll::Ready(Next::Leave),
            Poll::Pending => {
                self.arm();
                Poll::Pending
            }
        }
    }

    /// Notes until when the client has to do what it owes.
    fn arm(&self) {
        let session = self.session;
        let idle = session.is_idle();
        let (deadline_ms, reason) = match (session.headers_since_ms.get(), self.farewell_by_ms) {
            (Some(since_ms), _) => (since_ms + HEADER_BLOCK_WAIT_MS, TimerReason::HeaderWait),
            (None, Some(by_ms)) if idle => (by_ms, TimerReason::ConnectionIdle),
            (None, _) if !session.settings_seen.get() => {
                (session.opened_ms + SETTINGS_WAIT_MS, TimerReason::HeaderWait)
            }
            (None, _) if idle => {
                let timers = Timers { idle_ms: session.idle_ms.get(), ..Timers::default() };
                timers.deadline(Waiting::Idle, session.idle_since_ms.get())
            }
            (None, _) => (u64::MAX, TimerReason::ConnectionIdle),
        };
        let watch = &self.client.watched.watch;
        watch.receive_by(deadline_ms, reason);
        watch.set_idle(idle && self.farewell_by_ms.is_none());
    }

    fn begin(&self, request: http::Request<RecvStream>, respond: SendResponse<Bytes>) {
        self.session.stream_begins(respond.stream_id().as_u32());
        spawn_local(stream::run(Rc::clone(self.session), request, respond));
    }

    /// Tells the client to send no more requests; those on their way are still answered (RFC 9113 6.8).
    fn say_farewell(&mut self, h2: &mut H2<'c>) {
        h2.graceful_shutdown();
        self.farewell_by_ms = Some(self.session.now_ms() + FAREWELL_MS);
    }

    async fn fired(&mut self, h2: &mut H2<'c>, fired: Fired) -> Option<End> {
        let watch = &self.client.watched.watch;
        match fired {
            // Between two requests: with the usual farewell.
            Fired::Drain if watch.is_idle() => {
                watch.go_on();
                self.say_farewell(h2);
                None
            }
            Fired::Timer(TimerReason::ConnectionIdle) if self.farewell_by_ms.is_some() => Some(End::Close),
            // The drain's deadline has come.
            Fired::Drain => Some(self.send_away(h2, Reason::NO_ERROR).await),
            Fired::Timer(TimerReason::ConnectionIdle) => {
                self.client.fired(fired);
                Some(self.send_away(h2, Reason::NO_ERROR).await)
            }
            Fired::Timer(TimerReason::HeaderWait | TimerReason::EntityBody) => {
                self.client.fired(fired);
                Some(self.send_away(h2, Reason::ENHANCE_YOUR_CALM).await)
            }
            // It takes no bytes, so it would not take a farewell either.
            Fired::Timer(TimerReason::MinBytesPerSecond) => Some(self.client.fired(fired)),
        }
    }

    async fn execute(&self, h2: &mut H2<'c>, verdict: Verdict) -> End {
        let end = self.send_away(h2, Reason::ENHANCE_YOUR_CALM).await;
        match verdict {
            Verdict::Calm => {
                let exchange = self.session.worker.exchange(self.client.ends);
                self.session.worker.error(&exchange, "Http2_Calm", None);
                self.session.worker.recycle(exchange);
                end
            }
            Verdict::Abort => End::Reset,
        }
    }

    /// What the h2 crate has said leaves, if the client takes it in time.
    async fn last_words(&self) {
        let sent = poll_fn(|context| self.session.poll_send(self.client, context));
        let _in_time = tokio::time::timeout(LAST_WORDS, sent).await;
    }

    fn poll_gone(&self, h2: &mut H2<'c>, context: &mut Context<'_>) -> Poll<()> {
        let closed = h2.poll_closed(context).map(drop);
        match self.session.poll_send(self.client, context) {
            Poll::Ready(Ok(())) => closed,
            Poll::Ready(Err(_)) => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Ends the connection with a GOAWAY; nothing more is read.
    async fn send_away(&self, h2: &mut H2<'c>, reason: Reason) -> End {
        h2.abrupt_shutdown(reason);
        let _in_time = tokio::time::timeout(LAST_WORDS, poll_fn(|context| self.poll_gone(h2, context))).await;
        End::Linger
    }
}
