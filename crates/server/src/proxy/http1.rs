//! A client that speaks HTTP/1.1.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::task::{Context, Poll};

use doorward_wire::{CONTINUE, Event, LAST_CHUNK, Pace, Request, Response, ServerMachine, Waiting, write_chunk};

use super::sides::{Broken, GATHERED_BYTES_MAX, Gathered, Sink, Source, put_end, put_piece};
use super::{Progress, head};
use crate::compress::Coded;
use crate::downstream::{Downstream, End};
use crate::exchange::Exchange;
use crate::outcome::ServiceRefusal;
use crate::send;
use crate::worker::Worker;

/// The body, out of the connection's bytes.
pub(super) struct Received<'c> {
    client: &'c Downstream,
    machine: &'c mut ServerMachine,
    carry: &'c mut Vec<u8>,
    pace: Pace,
}

impl<'c> Received<'c> {
    pub(super) fn new(client: &'c Downstream, machine: &'c mut ServerMachine, carry: &'c mut Vec<u8>) -> Self {
        let pace = client.worker.shared.timers().body_pace(Waiting::Body, client.now_ms());
        Self { client, machine, carry, pace }
    }
}

impl Source for Received<'_> {
    fn is_untouched(&self) -> bool {
        self.carry.is_empty()
    }

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
                    progress.took(piece);
                    put_piece(out, chunked, piece);
                    used += count;
                }
                Ok((count, Event::BodyEnd)) => {
                    used += count;
                    put_end(out, chunked);
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

    async fn receive(&mut self) -> Result<(), End> {
        // Until now it was the upstream that was waited for.
        self.pace.resume(self.client.now_ms());
        loop {
            let watch = &self.client.watched.watch;
            let now_ms = self.client.now_ms();
            let (deadline_ms, reason) = self.client.worker.shared.timers().deadline(Waiting::Body, now_ms);
            watch.receive_by(deadline_ms.min(self.pace.deadline_ms()), reason);
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
                Ok(count) => {
                    self.pace.progress(count as u64, self.client.now_ms());
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return Err(End::Close),
            }
        }
    }
}

impl Received<'_> {
    /// A body that breaks its framing cannot be answered any more: the upstream has a part of it.
    fn malformed(&self, refusal: ServiceRefusal) {
        let exchange = self.client.worker.exchange(self.client.ends);
        let (response, reason) = crate::render::service_refusal(refusal);
        self.client.worker.error(&exchange, reason, Some(response.status));
        self.client.worker.recycle(exchange);
    }
}

/// The answer, as bytes of the connection.
pub(super) struct Answering<'c> {
    client: &'c Downstream,
    chunked: Cell<bool>,
}

impl<'c> Answering<'c> {
    pub(super) fn new(client: &'c Downstream) -> Self {
        Self { client, chunked: Cell::new(false) }
    }
}

impl Sink for Answering<'_> {
    fn worker(&self) -> &Worker {
        &self.client.worker
    }

    async fn proceed(&self) -> Result<(), End> {
        send::all(self.client, CONTINUE).await
    }

    fn head(&self, out: &mut Vec<u8>, exchange: &mut Exchange, answer: (&Response, Coded)) {
        if answer.0.status() == 101 {
            head::switching(out, exchange, answer.0);
        } else {
            self.chunked.set(head::response(out, exchange, answer));
        }
    }

    fn piece(&self, out: &mut Vec<u8>, exchange: &mut Exchange, piece: &[u8]) {
        let before = out.len();
        if self.chunked.get() {
            write_chunk(out, piece);
        } else {
            out.extend_from_slice(piece);
        }
        exchange.sent_bytes += (out.len() - before) as u64;
    }

    fn end(&self, out: &mut Vec<u8>, exchange: &mut Exchange) {
        if self.chunked.get() {
            out.extend_from_slice(LAST_CHUNK);
            exchange.sent_bytes += LAST_CHUNK.len() as u64;
        }
    }

    async fn send(&self, out: &[u8], _ended: bool) -> Result<(), End> {
        send::all(self.client, out).await
    }

    fn poll_gone(&self, context: &mut Context<'_>) -> Poll<()> {
        self.client.stream.poll_gone(context)
    }

    fn poll_ended(&self, context: &mut Context<'_>) -> Poll<End> {
        match self.client.watched.watch.poll_fired(context) {
            Some(fired) => Poll::Ready(self.client.fired(fired)),
            None => Poll::Pending,
        }
    }
}
