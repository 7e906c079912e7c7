//! A file that is sent in the turn it was asked for in, as far as the client takes it at once. Most do take all of it.

use std::fs::File;
use std::io::ErrorKind;
use std::rc::Rc;

use doorward_wire::BodyLength;

use crate::connection::Connection;
use crate::downstream::End;
use crate::exchange::{Exchange, WIN32_CLIENT_GONE};
use crate::listener::UNSENT_BYTES;
use crate::outcome::{Body, Handling, Response};
use crate::render;
use crate::send;
use crate::turn::Turn;

/// From this length on a part of a file is worth two calls to let more of it wait in the kernel: without copies of it that
/// costs no memory, and a fast client's server is woken a tenth as often.
const LONG_BYTES: u64 = 1024 * 1024;
/// What may wait of it; the kernel's own limit for a socket is about the same.
const LONG_UNSENT_BYTES: u32 = 4 * 1024 * 1024;

/// A part of a file on its way to a client.
pub(crate) struct FileAnswer {
    pub(crate) exchange: Box<Exchange>,
    file: Rc<File>,
    offset: u64,
    left: u64,
    is_long: bool,
}

impl Connection {
    /// Begins the answer where it is a part of a file and nothing of the request is still to come; whatever else has to
    /// wait leaves the turn.
    pub(crate) fn answer_with_file(
        &mut self,
        mut exchange: Box<Exchange>,
        response: Response,
        out: &mut Vec<u8>,
    ) -> Turn {
        let Body::File { file, start, length: left @ 1.. } = &response.body else {
            return Turn::Handle(exchange, Handling::Respond(response));
        };
        // A request without a body ends with its head; the machine says so once.
        if exchange.request.body() != BodyLength::None || self.machine.read(&[], &mut exchange.request).is_err() {
            return Turn::Handle(exchange, Handling::Respond(response));
        }
        let (file, offset, left) = (Rc::clone(file), *start, *left);
        render::head(out, &mut exchange, &response, &self.client.worker.date);
        let is_long = left >= LONG_BYTES;
        if is_long {
            self.client.stream.let_wait(LONG_UNSENT_BYTES);
        }
        Turn::File(FileAnswer { exchange, file, offset, left, is_long })
    }

    /// Sends answers that come before, the head, and the file.
    pub(crate) fn send_file(&mut self, out: &[u8], mut answer: FileAnswer) -> Turn {
        match send::now(&self.client, out, send::Follows::File) {
            Ok(rest) if rest.is_empty() => self.finish_batch(false),
            Ok(rest) => return Turn::FileRest(rest, answer),
            Err(end) => {
                self.finish_batch(true);
                return self.file_sent((answer.exchange, answer.is_long), Err(end));
            }
        }
        match self.client.stream.try_send_file(&answer.file, &mut answer.offset, answer.left) {
            Ok(count @ 1..) => {
                answer.exchange.sent_bytes += count as u64;
                answer.left -= count as u64;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            ended => {
                if ended.is_ok() {
                    self.client.worker.files.distrust(&answer.file);
                }
                return self.file_sent((answer.exchange, answer.is_long), Err(End::Close));
            }
        }
        if answer.left > 0 {
            return Turn::FileRest(Vec::new(), answer);
        }
        self.file_sent((answer.exchange, answer.is_long), Ok(()))
    }

    /// Sends what the client did not take at once.
    pub(crate) async fn send_rest_of_file(&mut self, rest: Vec<u8>, answer: FileAnswer) -> Turn {
        let FileAnswer { mut exchange, file, offset, left, is_long } = answer;
        let noted = self.client.worker.ongoing.note(&exchange);
        let sent = match send::all(&self.client, &rest).await {
            Ok(()) => {
                self.finish_batch(false);
                send::counted(&self.client, &mut exchange, (&file, offset, left)).await
            }
            Err(end) => {
                self.finish_batch(true);
                Err(end)
            }
        };
        drop(noted);
        self.file_sent((exchange, is_long), sent)
    }

    fn file_sent(&mut self, (mut exchange, is_long): (Box<Exchange>, bool), sent: Result<(), End>) -> Turn {
        if is_long {
            self.client.stream.let_wait(UNSENT_BYTES);
        }
        if sent.is_err() {
            exchange.answered.win32_status = WIN32_CLIENT_GONE;
        }
        let keep_alive = exchange.keep_alive;
        self.client.worker.finish(exchange);
        match sent {
            Err(end) => Turn::End(end),
            Ok(()) if !keep_alive => Turn::End(End::Close),
            Ok(()) if self.carry.is_empty() => Turn::Hungry,
            Ok(()) => Turn::Again,
        }
    }
}
