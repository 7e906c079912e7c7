//! The answer on its way to the client.

use std::io::ErrorKind;
use std::time::Duration;

use doorward_plan::Upstream;
use doorward_wire::{ClientMachine, Event, Response, upgrade};
use tokio::net::TcpStream;

use super::sides::Sink;
use super::{Failure, Progress};
use crate::compress::{Coded, Forwarded};
use crate::exchange::Exchange;
use crate::http2::is_websocket_accepted;

/// Bytes read from the upstream at a time.
const READ_BYTES: usize = 64 * 1024;

/// What is known of the answer while it is passed on.
pub(super) struct Downloaded {
    response: Response,
    silence: Duration,
    head_sent: bool,
    /// Errors of the upstream are not passed on (`existingResponse="Replace"`).
    replaces_errors: bool,
    /// The protocols that the upstream may switch to.
    offer: Option<String>,
    /// Read from the upstream, but not used up yet (a head in several pieces).
    carry: Vec<u8>,
    body: Forwarded,
}

impl Downloaded {
    /// Whether the upstream sent nothing behind its answer.
    pub(super) fn is_used_up(&self) -> bool {
        self.carry.is_empty()
    }

    /// What the upstream sent behind its answer.
    pub(super) fn into_rest(self) -> Vec<u8> {
        self.carry
    }

    /// Whether the client has got a part of it.
    pub(super) fn has_begun(&self) -> bool {
        self.head_sent
    }

    /// Whether a 101 names a protocol that was offered, and means the request that we made of a stream's.
    fn is_agreed(&self, exchange: &Exchange) -> bool {
        let is_ours = !exchange.is_websocket_stream() || is_websocket_accepted(exchange, &self.response);
        is_ours && self.offer.as_deref().is_some_and(|offer| upgrade::agreed(offer, &self.response).is_some())
    }

    /// Nothing yet.
    pub(super) fn new(upstream: &Upstream, replaces_errors: bool, offer: Option<String>) -> Self {
        Self {
            response: Response::new(),
            silence: Duration::from_millis(upstream.response_timeout_ms),
            head_sent: false,
            replaces_errors,
            offer,
            carry: Vec::new(),
            body: Forwarded::default(),
        }
    }
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finished {
    /// Its last byte has been passed on.
    Complete,
    /// Its head has, and what follows is another protocol.
    Switched,
}

/// Reads the answer and passes it on until it is complete.
pub(super) async fn run<K: Sink>(
    (sink, progress): (&K, &Progress),
    exchange: &mut Exchange,
    link: &TcpStream,
    (machine, state): (&mut ClientMachine, &mut Downloaded),
) -> Result<Finished, Failure> {
    let mut out = Vec::new();
    loop {
        let closed = receive((sink, progress), link, state).await?;
        let ended = pass_on((sink, exchange), (machine, state), closed, &mut out)?;
        sink.send(&out, ended).await.map_err(Failure::Client)?;
        out.clear();
        if ended {
            return Ok(if state.response.status() == 101 { Finished::Switched } else { Finished::Complete });
        }
    }
}

/// Waits for bytes of the upstream; true when it has closed instead.
async fn receive<K: Sink>(
    (sink, progress): (&K, &Progress),
    link: &TcpStream,
    state: &mut Downloaded,
) -> Result<bool, Failure> {
    loop {
        let passed_bytes = progress.passed_bytes.get();
        match tokio::time::timeout(state.silence, link.readable()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(broken(state)),
            // It is still being sent the request.
            Err(_) if progress.passed_bytes.get() != passed_bytes => continue,
            Err(_) if state.head_sent => return Err(Failure::BrokenOff),
            Err(_) => return Err(Failure::Timeout),
        }
        let mut scratch = sink.worker().scratch();
        let count = link.try_read(&mut scratch.read[..READ_BYTES]);
        if let Ok(count) = count {
            state.carry.extend_from_slice(&scratch.read[..count]);
        }
        sink.worker().give_back(scratch);
        match count {
            Ok(count) => return Ok(count == 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return Err(broken(state)),
        }
    }
}

/// An answer that goes on for as long as somebody listens (HTML, server-sent events).
fn is_event_stream(response: &Response) -> bool {
    let kind = response.field("Content-Type").unwrap_or_default();
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    response.status() == 200 && kind.trim_ascii().eq_ignore_ascii_case(b"text/event-stream")
}

fn broken(state: &Downloaded) -> Failure {
    if state.head_sent { Failure::BrokenOff } else { Failure::NoAnswer }
}

/// Turns what was received into what the client gets; true when the answer is complete.
fn pass_on<K: Sink>(
    (sink, exchange): (&K, &mut Exchange),
    (machine, state): (&mut ClientMachine, &mut Downloaded),
    closed: bool,
    out: &mut Vec<u8>,
) -> Result<bool, Failure> {
    let carry = std::mem::take(&mut state.carry);
    let mut used = 0;
    let ended = loop {
        let (count, event) = machine.read(&carry[used..], &mut state.response).map_err(|_| broken(state))?;
        used += count;
        match event {
            Event::NeedMore if closed => break is_complete(machine, state)?,
            Event::NeedMore => break false,
            // To a protocol that nobody offered, if any was.
            Event::Head if state.response.status() == 101 && !state.is_agreed(exchange) => return Err(broken(state)),
            // An upstream that answers in its own protocol opens none.
            Event::Head if exchange.is_websocket_stream() && (200..300).contains(&state.response.status()) => {
                return Err(Failure::Replaced(502));
            }
            Event::Head if matches!(state.response.status(), 100 | 102..200) => {}
            Event::Head if state.replaces_errors && state.response.status() >= 400 => {
                return Err(Failure::Replaced(state.response.status()));
            }
            Event::Head => {
                let mut coded = Coded::of(exchange, &state.response);
                state.body = Forwarded::begin(&mut coded, exchange.is_head(), &sink.worker().encoders);
                sink.head(out, exchange, (&state.response, coded));
                state.head_sent = true;
                if state.response.status() == 101 || is_event_stream(&state.response) {
                    exchange.live_long(sink.worker());
                }
            }
            Event::Body(piece) => match state.body.take(piece) {
                Ok(true) => {}
                Ok(false) => sink.piece(out, exchange, piece),
                Err(_) => return Err(Failure::BrokenOff),
            },
            Event::BodyEnd => break true,
        }
    };
    let coded = if ended { state.body.finish() } else { state.body.flushed() };
    match coded {
        // An empty chunk would end the body.
        Ok(coded) if coded.is_empty() => {}
        Ok(coded) => sink.piece(out, exchange, &coded),
        Err(_) => return Err(Failure::BrokenOff),
    }
    if ended {
        sink.end(out, exchange);
    }
    state.carry.extend_from_slice(&carry[used..]);
    Ok(ended)
}

/// The upstream has closed: the end of an answer without a length, or an accident.
fn is_complete(machine: &mut ClientMachine, state: &Downloaded) -> Result<bool, Failure> {
    match machine.end_of_stream() {
        Ok(Event::BodyEnd) => Ok(true),
        Ok(Event::NeedMore | Event::Head | Event::Body(_)) | Err(_) => Err(broken(state)),
    }
}
