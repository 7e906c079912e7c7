//! The answer on one stream: its head, then content as the client's windows allow.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use doorward_wire::{Pace, Response as Answered};
use h2::server::SendResponse;
use h2::{Reason, SendStream};

use super::driver::QUEUED_BYTES_MAX;
use super::session::{Session, Verdict};
use super::{Gone, fields};
use crate::compress::Coded;
use crate::downstream::End;
use crate::exchange::Exchange;
use crate::outcome::{Body, Response};
use crate::proxy::{Sink, response_head, switching_head};
use crate::render;
use crate::site_use::Pacer;
use crate::worker::Worker;

/// How long a client may keep its windows shut before it has taken any content on its connection. A browser that pauses
/// a download has taken some; after that the rule is that of HTTP/1.1.
const FIRST_ROOM_MS: u64 = 10_000;

enum State {
    /// The head has not been sent.
    Head(SendResponse<Bytes>),
    Content(SendStream<Bytes>),
}

/// The answer on one stream.
pub(super) struct Answer {
    session: Rc<Session>,
    stream: u32,
    state: RefCell<State>,
    /// A head from an upstream that leaves with what follows it.
    head: Cell<Option<http::Response<()>>>,
    head_bytes: Cell<u64>,
    rate: Cell<Pace>,
    stalled: Cell<bool>,
    /// The upstream has switched to another protocol: its head is not the end.
    is_switched: Cell<bool>,
    /// The speed that it is held to.
    pacer: RefCell<Option<Rc<Pacer>>>,
}

impl Answer {
    pub(super) fn new(session: &Rc<Session>, respond: SendResponse<Bytes>) -> Self {
        Self {
            session: Rc::clone(session),
            stream: respond.stream_id().as_u32(),
            state: RefCell::new(State::Head(respond)),
            head: Cell::new(None),
            head_bytes: Cell::new(0),
            rate: Cell::new(session.worker.shared.timers().send_pace(session.now_ms())),
            stalled: Cell::new(false),
            is_switched: Cell::new(false),
            pacer: RefCell::default(),
        }
    }

    /// Number of its stream.
    pub(super) fn stream(&self) -> u32 {
        self.stream
    }

    /// Bytes of the answer that have been handed to the kernel: decoded header list and content.
    pub(super) fn bytes_left(&self) -> u64 {
        self.head_bytes.get() + self.session.content_bytes_left(self.stream)
    }

    /// Whether the client took nothing for too long.
    pub(super) fn is_stalled(&self) -> bool {
        self.stalled.get()
    }

    /// Holds what is sent from now on to a speed.
    pub(super) fn pace(&self, pacer: Option<Pacer>) {
        *self.pacer.borrow_mut() = pacer.map(Rc::new);
    }

    /// So many of these bytes may be sent at a time.
    fn piece_bytes(&self, wanted: usize) -> usize {
        self.pacer.borrow().as_ref().map_or(wanted, |pacer| wanted.min(pacer.piece_bytes()))
    }

    /// Waits for the turn of so many bytes.
    async fn pause(&self, bytes: usize) {
        let pacer = self.pacer.borrow().clone();
        let Some(wait) = pacer.map(|pacer| pacer.turn(bytes)).filter(|wait| !wait.is_zero()) else { return };
        tokio::time::sleep(wait).await;
    }

    /// Ends the stream at once.
    pub(super) fn reset(&self, reason: Reason) {
        match &mut *self.state.borrow_mut() {
            State::Head(respond) => respond.send_reset(reason),
            State::Content(content) => content.send_reset(reason),
        }
    }

    /// Sends a response of our own, and waits until its last byte has left.
    pub(super) async fn respond(&self, exchange: &mut Exchange, response: Response) -> Result<(), Gone> {
        let mut text = Vec::with_capacity(512);
        exchange.keep_alive = true;
        render::head(&mut text, exchange, &response, &self.session.worker.date);
        let (head, bytes) = fields::response(&text, response.status);
        self.head_bytes.set(bytes);
        let bare = exchange.is_head() || response.body.length() == 0;
        self.send_head(head, bare)?;
        if !bare {
            self.body(response.body).await?;
        }
        self.leave().await
    }

    async fn body(&self, body: Body) -> Result<(), Gone> {
        match body {
            Body::None => Ok(()),
            Body::Bytes(content) => self.content(Bytes::from(content.into_owned()), true).await,
            Body::Shared(content) => self.content(Bytes::copy_from_slice(&content), true).await,
            Body::File { file, start, length } => self.part_of_file(&file, (start, length), true).await,
            Body::Parts(laid_out) => {
                for (lines, part) in laid_out.parts {
                    self.content(lines.into(), false).await?;
                    self.part_of_file(&laid_out.file, (part.start, part.length), false).await?;
                }
                self.content(laid_out.end.into(), true).await
            }
        }
    }

    fn send_head(&self, head: http::Response<()>, ended: bool) -> Result<(), Gone> {
        let mut state = self.state.borrow_mut();
        if let State::Head(respond) = &mut *state {
            let content = respond.send_response(head, ended).map_err(|_| Gone)?;
            *state = State::Content(content);
        }
        Ok(())
    }

    /// Sends content in pieces that fit; `ended` says that none follows.
    pub(super) async fn content(&self, mut content: Bytes, ended: bool) -> Result<(), Gone> {
        while !content.is_empty() {
            let room = self.room(content.len()).await?;
            let piece = content.split_to(self.piece_bytes(room.min(content.len())));
            self.pause(piece.len()).await;
            self.send_piece(piece, ended && content.is_empty())?;
        }
        Ok(())
    }

    fn send_piece(&self, piece: Bytes, ended: bool) -> Result<(), Gone> {
        let mut rate = self.rate.get();
        rate.progress(piece.len() as u64, self.session.now_ms());
        self.rate.set(rate);
        match &mut *self.state.borrow_mut() {
            State::Head(_) => Err(Gone),
            State::Content(content) => content.send_data(piece, ended).map_err(|_| Gone),
        }
    }

    /// Waits until the client takes some of `wanted` bytes: how many. Only what can be sent is read or queued.
    async fn room(&self, wanted: usize) -> Result<usize, Gone> {
        if let State::Content(content) = &mut *self.state.borrow_mut() {
            content.reserve_capacity(wanted.min(QUEUED_BYTES_MAX));
            if content.capacity() > 0 {
                return Ok(content.capacity());
            }
        }
        let since_ms = self.session.now_ms();
        let mut rate = self.rate.get();
        rate.resume(since_ms);
        self.rate.set(rate);
        let first_by_ms = self.session.content_sent_ms.get().map_or(since_ms + FIRST_ROOM_MS, |_| u64::MAX);
        let wait_ms = rate.deadline_ms().min(first_by_ms).saturating_sub(since_ms);
        let room = tokio::time::timeout(Duration::from_millis(wait_ms), poll_fn(|context| self.poll_room(context)));
        if let Ok(room) = room.await {
            return room;
        }
        self.stalled.set(true);
        self.reset(Reason::CANCEL);
        if self.session.content_sent_ms.get().is_none_or(|sent_ms| sent_ms <= since_ms) {
            // Not this stream alone: the whole connection takes nothing.
            self.session.judge(Verdict::Calm);
        }
        Err(Gone)
    }

    fn poll_room(&self, context: &mut Context<'_>) -> Poll<Result<usize, Gone>> {
        let mut state = self.state.borrow_mut();
        let State::Content(stream) = &mut *state else { return Poll::Ready(Err(Gone)) };
        loop {
            match stream.poll_capacity(context) {
                Poll::Ready(Some(Ok(0))) => {}
                Poll::Ready(Some(Ok(room))) => return Poll::Ready(Ok(room)),
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(Err(Gone)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Sends a part of a file. Each piece is read off the loop, and only when there is room for it.
    async fn part_of_file(&self, known: &Rc<File>, (start, length): (u64, u64), ended: bool) -> Result<(), Gone> {
        let Ok(file) = known.try_clone().map(Arc::new) else {
            self.reset(Reason::INTERNAL_ERROR);
            return Err(Gone);
        };
        let mut sent = 0;
        while sent < length {
            let due = length - sent;
            let room = self.room(usize::try_from(due).unwrap_or(QUEUED_BYTES_MAX)).await?;
            let count = room.min(QUEUED_BYTES_MAX).min(usize::try_from(due).unwrap_or(QUEUED_BYTES_MAX));
            let count = self.piece_bytes(count);
            self.pause(count).await;
            let piece = read_at(&file, start + sent, count).await;
            if piece.is_empty() {
                // Shorter than its promised length: only the stream's end can tell.
                self.session.worker.files.distrust(known);
                self.reset(Reason::INTERNAL_ERROR);
                return Err(Gone);
            }
            sent += piece.len() as u64;
            self.send_piece(piece, ended && sent == length)?;
        }
        Ok(())
    }

    /// Says that nothing follows what was sent, and waits until that has left.
    pub(super) async fn end(&self) -> Result<(), Gone> {
        self.send_piece(Bytes::new(), true)?;
        self.leave().await
    }

    /// Waits until the last frame of the answer has been handed to the kernel: until then the request is in progress.
    pub(super) async fn leave(&self) -> Result<(), Gone> {
        poll_fn(|context| self.session.poll_left(self.stream, context).map(Ok)).await
    }
}

/// Bytes of a file; none at its end, or when it cannot be read.
async fn read_at(file: &Arc<File>, offset: u64, count: usize) -> Bytes {
    let file = Arc::clone(file);
    let read = move || {
        let mut piece = vec![0; count];
        let count = rustix::io::pread(&*file, &mut piece, offset).unwrap_or(0);
        piece.truncate(count);
        Bytes::from(piece)
    };
    tokio::task::spawn_blocking(read).await.unwrap_or_default()
}

impl Sink for Answer {
    fn worker(&self) -> &Worker {
        &self.session.worker
    }

    async fn proceed(&self) -> Result<(), End> {
        if let State::Head(respond) = &mut *self.state.borrow_mut() {
            let mut interim = http::Response::new(());
            *interim.status_mut() = http::StatusCode::CONTINUE;
            respond.send_informational(interim).map_err(|_| End::Close)?;
        }
        Ok(())
    }

    fn head(&self, _out: &mut Vec<u8>, exchange: &mut Exchange, (answer, coded): (&Answered, Coded)) {
        let mut text = Vec::with_capacity(answer.head_bytes() + 64);
        exchange.keep_alive = true;
        if answer.status() == 101 {
            switching_head(&mut text, exchange, answer);
            exchange.answered.status = 200;
            self.is_switched.set(true);
        } else {
            let _chunked = response_head(&mut text, exchange, (answer, coded));
        }
        let (head, bytes) = fields::response(&text, exchange.answered.status);
        self.head_bytes.set(bytes);
        self.head.set(Some(head));
    }

    fn piece(&self, out: &mut Vec<u8>, _exchange: &mut Exchange, piece: &[u8]) {
        out.extend_from_slice(piece);
    }

    fn end(&self, _out: &mut Vec<u8>, _exchange: &mut Exchange) {}

    async fn send(&self, out: &[u8], ended: bool) -> Result<(), End> {
        let ended = ended && !self.is_switched.get();
        let bare = ended && out.is_empty();
        let sent = match self.head.take() {
            Some(head) => self.send_head(head, bare),
            None if bare => self.send_piece(Bytes::new(), true),
            None => Ok(()),
        };
        sent.map_err(|Gone| End::Close)?;
        self.content(Bytes::copy_from_slice(out), ended).await.map_err(|Gone| End::Close)
    }

    fn poll_gone(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.session.is_closed() {
            return Poll::Ready(());
        }
        match &mut *self.state.borrow_mut() {
            State::Head(respond) => respond.poll_reset(context).map(|_| ()),
            State::Content(stream) => stream.poll_reset(context).map(|_| ()),
        }
    }

    /// The session looks after its connection; a stream of it ends with it.
    fn poll_ended(&self, _context: &mut Context<'_>) -> Poll<End> {
        Poll::Pending
    }
}
