//! One turn of a connection: answer every complete request whose answer is at hand, write all answers at once.

use std::io::ErrorKind;
use std::sync::atomic::Ordering;

use doorward_limiter::Reason;
use doorward_wire::{BodyLength, Event, Malformed};

use crate::connection::{Connection, DISCARD_BYTES_MAX};
use crate::downstream::End;
use crate::exchange::{Exchange, WIN32_CLIENT_GONE};
use crate::file_answer::FileAnswer;
use crate::outcome::{Handling, Refusal, Response, ServiceRefusal, abort_word};
use crate::pipeline;
use crate::render;
use crate::send;
use crate::stage::error_file::Due;
use crate::tarpit;
use crate::worker::Scratch;

/// Pipelined answers are written once they come to this much.
const OUT_BYTES_MAX: usize = 128 * 1024;

/// What a turn ends with.
pub(crate) enum Turn {
    /// More bytes are needed.
    Hungry,
    /// There are more requests among the bytes received.
    Again,
    /// The answers did not fit into the socket: these bytes and exchanges wait.
    Blocked {
        rest: Vec<u8>,
        then: Box<Turn>,
    },
    /// A file to send, after its head.
    File(FileAnswer),
    /// A file of which not all has left, and bytes that come before it.
    FileRest(Vec<u8>, FileAnswer),
    /// A request that needs waiting.
    Handle(Box<Exchange>, Handling),
    /// The client speaks HTTP/2; what it sent is carried.
    Http2,
    End(End),
}

/// The body of the present request, as far as it is not for anybody.
pub(crate) enum Unread {
    /// There is none.
    No,
    /// The request has been answered; its body is only read to find the next request.
    Answered,
    /// The request will be answered with this when its body has been read.
    AnswerDue(Box<(Box<Exchange>, Response)>),
}

impl Connection {
    /// Reads what is there (when asked to), answers what can be answered, writes it.
    pub(crate) fn turn(&mut self, read: bool) -> Turn {
        let mut scratch = self.client.worker.scratch();
        let turn = self.take_in(&mut scratch, read);
        let turn = self.give_out(&scratch.out, turn);
        self.client.worker.give_back(scratch);
        self.note_answers(&turn);
        turn
    }

    /// The first half of a turn: reads what is there (when asked to) and appends the answers at hand.
    pub(crate) fn take_in(&mut self, scratch: &mut Scratch, read: bool) -> Turn {
        let fresh = match read.then(|| self.client.stream.try_read(&mut scratch.read)) {
            None => 0,
            Some(Ok(0)) => return Turn::End(End::Close),
            Some(Ok(fresh)) => {
                self.received_bytes += fresh;
                fresh
            }
            Some(Err(error)) if error.kind() == ErrorKind::WouldBlock => return Turn::Hungry,
            Some(Err(_)) => return Turn::End(End::Close),
        };
        self.now_ms = self.client.now_ms();
        let Scratch { read, out } = scratch;
        if self.version_open
            && let Some(turn) = self.choose_version(&read[..fresh])
        {
            return turn;
        }
        if self.carry.is_empty() {
            let (used, turn) = self.advance(&read[..fresh], out);
            self.carry.extend_from_slice(&read[used..fresh]);
            turn
        } else {
            let mut carry = std::mem::take(&mut self.carry);
            carry.extend_from_slice(&read[..fresh]);
            let (used, turn) = self.advance(&carry, out);
            carry.drain(..used);
            if !carry.is_empty() {
                self.carry = carry;
            }
            turn
        }
    }

    /// The second half: writes what the first has appended, and the file behind it.
    pub(crate) fn give_out(&mut self, out: &[u8], turn: Turn) -> Turn {
        if let Turn::File(answer) = turn { self.send_file(out, answer) } else { self.write_out(out, turn) }
    }

    /// The end of a turn: the answers that have left are recorded.
    pub(crate) fn note_answers(&mut self, turn: &Turn) {
        if !matches!(turn, Turn::Blocked { .. } | Turn::FileRest(..)) {
            self.finish_batch(false);
        }
    }

    /// Whether the answers at hand are to leave before anybody else is served: while they count as in progress, another
    /// request of the same client could be denied for it.
    pub(crate) fn is_urgent(&self, turn: &Turn) -> bool {
        let last = match turn {
            Turn::File(answer) => Some(&answer.exchange),
            Turn::Handle(exchange, _) => Some(exchange),
            Turn::Hungry | Turn::Again | Turn::Blocked { .. } | Turn::FileRest(..) | Turn::Http2 | Turn::End(_) => None,
        };
        self.batch.iter().chain(last).any(|exchange| exchange.fills_a_limit())
    }

    /// Writes a turn's answers; what does not fit now waits, and what the turn ended with after it.
    fn write_out(&mut self, out: &[u8], turn: Turn) -> Turn {
        let mut written = 0;
        while written < out.len() {
            match self.client.stream.try_write(&out[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Turn::Blocked { rest: out[written..].to_vec(), then: Box::new(turn) };
                }
                Err(_) => {
                    self.finish_batch(true);
                    return Turn::End(End::Close);
                }
            }
        }
        // At once: the client may have read them already, and ask again.
        self.batch.iter_mut().for_each(|exchange| exchange.end_progress());
        turn
    }

    pub(crate) async fn write_rest(&mut self, rest: &[u8]) -> Result<(), End> {
        let sent = send::all(&self.client, rest).await;
        self.finish_batch(sent.is_err());
        sent
    }

    pub(crate) fn finish_batch(&mut self, gone: bool) {
        for mut exchange in self.batch.drain(..) {
            if gone {
                exchange.answered.win32_status = WIN32_CLIENT_GONE;
            }
            self.client.worker.finish(exchange);
        }
    }

    /// Goes through received bytes; returns how many are used up, and what comes next.
    fn advance(&mut self, input: &[u8], out: &mut Vec<u8>) -> (usize, Turn) {
        let mut used = 0;
        let mut spare = None;
        let turn = loop {
            if out.len() >= OUT_BYTES_MAX {
                break Turn::Again;
            }
            let mut exchange = spare.take().unwrap_or_else(|| self.client.worker.exchange(self.client.ends));
            let (count, event) = match self.machine.read(&input[used..], &mut exchange.request) {
                Ok(read) => read,
                Err(malformed) => {
                    self.refuse_malformed(exchange, malformed, out);
                    used = input.len();
                    break Turn::End(End::Linger);
                }
            };
            used += count;
            let turn = if event == Event::Head {
                self.begin(exchange, out)
            } else {
                // Only a head has written to it.
                spare = Some(exchange);
                match event {
                    Event::Body(piece) => self.discard(piece.len(), out),
                    Event::BodyEnd => self.body_ended(out),
                    Event::Head | Event::NeedMore => Some(self.need_more(used < input.len())),
                }
            };
            if let Some(turn) = turn {
                break turn;
            }
        };
        if let Some(exchange) = spare {
            self.client.worker.recycle(exchange);
        }
        (used, turn)
    }

    /// A head or a body is not HTTP as we take it. Who has been answered already is not answered again.
    fn refuse_malformed(&mut self, exchange: Box<Exchange>, malformed: Malformed, out: &mut Vec<u8>) {
        let exchange = match std::mem::replace(&mut self.unread, Unread::No) {
            Unread::Answered => {
                self.client.worker.error(&exchange, malformed.http_err_reason(), None);
                self.client.worker.recycle(exchange);
                return;
            }
            Unread::AnswerDue(due) => {
                self.client.worker.recycle(exchange);
                due.0
            }
            Unread::No => exchange,
        };
        self.refuse_service(exchange, ServiceRefusal::Malformed(malformed), out);
    }

    /// A piece of a body nobody wants. When it becomes too long, the answer goes out and the connection ends.
    fn discard(&mut self, bytes: usize, out: &mut Vec<u8>) -> Option<Turn> {
        self.discarded_bytes += bytes as u64;
        if let Some(pace) = &mut self.drain_pace {
            pace.progress(bytes as u64, self.now_ms);
        }
        if self.discarded_bytes <= DISCARD_BYTES_MAX {
            return None;
        }
        if let Unread::AnswerDue(due) = std::mem::replace(&mut self.unread, Unread::Answered) {
            let (mut exchange, response) = *due;
            exchange.keep_alive = false;
            self.append(exchange, &response, out);
        }
        Some(Turn::End(End::Linger))
    }

    /// A body nobody wanted is read: what was decided about its request goes out now.
    fn body_ended(&mut self, out: &mut Vec<u8>) -> Option<Turn> {
        match std::mem::replace(&mut self.unread, Unread::No) {
            Unread::AnswerDue(due) => {
                let (mut exchange, response) = *due;
                exchange.received_bytes = self.machine.wire_bytes().max(exchange.received_bytes);
                let keep_alive = exchange.keep_alive;
                self.append(exchange, &response, out);
                (!keep_alive).then_some(Turn::End(End::Close))
            }
            Unread::Answered | Unread::No => None,
        }
    }

    fn need_more(&mut self, head_begun: bool) -> Turn {
        self.head_since_ms = head_begun.then(|| self.head_since_ms.unwrap_or(self.now_ms));
        Turn::Hungry
    }

    /// A head is complete: through the pipeline with it. `None` means that it is answered and the next may come.
    fn begin(&mut self, mut exchange: Box<Exchange>, out: &mut Vec<u8>) -> Option<Turn> {
        let now_ms = self.now_ms;
        exchange.started_ms = self.head_since_ms.take().unwrap_or(now_ms);
        exchange.received_bytes = exchange.request.head_bytes() as u64;
        exchange.keep_alive =
            exchange.request.keep_alive() && !self.client.worker.draining.get() && !self.listener.closed.get();
        self.discarded_bytes = 0;
        self.drain_pace = None;
        self.renew_plan();
        // The address may have changed from http to https meanwhile.
        let listener = self.plan.listeners.get(&self.listener.address);
        let Some(listener) = listener.filter(|listener| listener.secure == self.listener.secure) else {
            self.client.worker.recycle(exchange);
            return Some(Turn::End(End::Close));
        };
        let decided = pipeline::decide(&self.client.worker, listener, &mut exchange, now_ms);
        let decided = self.client.seat.seated(&self.client.worker.shared.site_uses, &exchange, decided);
        let mut is_paced = false;
        if let Some(site) = &exchange.site {
            self.idle_ms = site.connection_timeout_ms;
            is_paced = site.bytes_per_second_max.is_some();
        }
        match decided {
            Ok(Handling::Respond(response)) if !is_paced && (response.body.bytes().is_some() || exchange.is_head()) => {
                self.answer(exchange, response, out)
            }
            Ok(Handling::Respond(response)) if !is_paced => Some(self.answer_with_file(exchange, response, out)),
            Ok(handling) => Some(Turn::Handle(exchange, handling)),
            Err(Refusal::Site(refusal)) if tarpit::holds(&refusal, &exchange) => {
                Some(Turn::Handle(exchange, Handling::Delay(refusal)))
            }
            Err(Refusal::Site(refusal)) if is_paced => Some(Turn::Handle(exchange, Handling::Refuse(refusal))),
            Err(Refusal::Site(refusal)) => match self.client.worker.error_files.due(&refusal, &exchange, now_ms) {
                Due::Ready(response) => self.answer(exchange, response, out),
                Due::Read(_) => Some(Turn::Handle(exchange, Handling::Refuse(refusal))),
            },
            Err(Refusal::Service(refusal)) => {
                self.refuse_service(exchange, refusal, out);
                Some(Turn::End(End::Linger))
            }
            Err(Refusal::Abort(reason)) => Some(Turn::End(self.abort(exchange, reason))),
        }
    }

    /// Answers with what is at hand. A body that came with the request is read first where it is short: a
    /// fault in it decides about the answer. Denials do not wait for it.
    fn answer(&mut self, mut exchange: Box<Exchange>, response: Response, out: &mut Vec<u8>) -> Option<Turn> {
        let has_body = exchange.request.body() != BodyLength::None;
        let worth_reading = Self::is_worth_reading(&exchange);
        exchange.keep_alive &= worth_reading;
        if has_body && worth_reading && !exchange.is_denied() {
            self.unread = Unread::AnswerDue(Box::new((exchange, response)));
            return None;
        }
        let keep_alive = exchange.keep_alive;
        self.append(exchange, &response, out);
        match (keep_alive, has_body) {
            (true, false) => None,
            (true, true) => {
                self.unread = Unread::Answered;
                None
            }
            (false, false) => Some(Turn::End(End::Close)),
            (false, true) => Some(Turn::End(End::Linger)),
        }
    }

    fn append(&mut self, mut exchange: Box<Exchange>, response: &Response, out: &mut Vec<u8>) {
        render::whole(out, &mut exchange, response, &self.client.worker.date);
        self.batch.push(exchange);
    }

    /// Whether an unwanted body is small enough to be read, so that the connection can be kept.
    pub(crate) fn is_worth_reading(exchange: &Exchange) -> bool {
        match exchange.request.body() {
            BodyLength::None => true,
            BodyLength::Known(length) => length <= DISCARD_BYTES_MAX && !exchange.request.expects_continue(),
            BodyLength::Chunked => !exchange.request.expects_continue(),
        }
    }

    pub(crate) fn refuse_service(&mut self, mut exchange: Box<Exchange>, refusal: ServiceRefusal, out: &mut Vec<u8>) {
        let (response, reason) = render::service_refusal(refusal);
        exchange.keep_alive = false;
        exchange.unrecorded = true;
        render::whole(out, &mut exchange, &response, &self.client.worker.date);
        self.client.worker.error(&exchange, reason, Some(response.status));
        self.batch.push(exchange);
    }

    pub(crate) fn abort(&mut self, exchange: Box<Exchange>, reason: Reason) -> End {
        self.client.worker.error(&exchange, abort_word(reason), None);
        self.client.worker.recycle(exchange);
        End::Reset
    }

    /// Takes the newest plan, if there is one, for the next request.
    pub(crate) fn renew_plan(&mut self) {
        let shared = &self.client.worker.shared;
        if shared.generation.load(Ordering::Acquire) != self.plan.generation {
            self.plan = shared.plan.load_full();
        }
    }
}
