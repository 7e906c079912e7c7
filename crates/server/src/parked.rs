//! How a connection goes on: in its turns, which the driver runs, as long as nothing has to be waited for but the client;
//! in a task of its own as long as something else has. Between two requests it is parked: a place in a list, no task.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use tokio::task::spawn_local;

use crate::connection::Connection;
use crate::downstream::End;
use crate::exchange::Exchange;
use crate::outcome::Handling;
use crate::readiness::News;
use crate::turn::Turn;
use crate::watch::{Fallen, Token};
use crate::worker::{Scratch, Worker};

/// Connections of one round.
const ROUND_MAX: usize = 16;
/// Bytes of answers after which a round ends: no more than stays in the processor's own memory.
const ROUND_BYTES_MAX: usize = 32 * 1024;

/// Where a connection stands after what could be done at once.
enum Stand {
    /// It waits for its client.
    Waits,
    /// This comes next, in a task.
    Next(Turn),
}

impl Worker {
    /// Begins with a fresh connection.
    pub(crate) fn meet(connection: Box<Connection>) {
        if connection.has_to_meet() {
            spawn_local(met(connection));
        } else {
            guarded(connection, |connection| match connection.pass_gate() {
                Ok(()) => connection.proceed(Turn::Hungry),
                Err(end) => Stand::Next(Turn::End(end)),
            });
        }
    }

    /// These connections were parked, and something has fired.
    pub(crate) fn end_waits(connections: Fallen) {
        for connection in connections {
            guarded(connection, |connection| {
                connection.end_wait();
                if let Some(fired) = connection.client.watched.watch.fired() {
                    return Stand::Next(Turn::End(connection.client.fired(fired)));
                }
                connection.now_ms = connection.client.now_ms();
                connection.proceed(Turn::Hungry)
            });
        }
    }
}

/// Turns of several connections at once: all read first, then all answers leave. The code of either half stays at hand, and a
/// client that reads many connections is woken once for all its answers.
pub(crate) struct Round {
    worker: Rc<Worker>,
    scratch: Box<Scratch>,
    half_done: Vec<HalfDone>,
}

/// A connection that has read, and where its answers are.
struct HalfDone {
    connection: Box<Connection>,
    answers: Range<usize>,
    turn: Turn,
}

impl Round {
    pub(crate) fn new(worker: &Rc<Worker>) -> Self {
        Self { worker: Rc::clone(worker), scratch: worker.scratch(), half_done: Vec::with_capacity(ROUND_MAX) }
    }

    /// The socket of a connection has news.
    pub(crate) fn take(&mut self, token: Token, news: News) {
        let Some(mut connection) = self.worker.watches.note(token, news) else { return };
        let start = self.scratch.out.len();
        let scratch = &mut self.scratch;
        let taken_in = catch_unwind(AssertUnwindSafe(|| {
            connection.end_wait();
            connection.take_in(scratch, true)
        }));
        if let Ok(turn) = taken_in {
            let is_urgent = connection.is_urgent(&turn);
            let answers = start..self.scratch.out.len();
            self.half_done.push(HalfDone { connection, answers, turn });
            if is_urgent || self.half_done.len() == ROUND_MAX || self.scratch.out.len() >= ROUND_BYTES_MAX {
                self.end();
            }
        }
    }

    /// Sends all answers, then lets the connections go on.
    pub(crate) fn end(&mut self) {
        let out = &self.scratch.out;
        for HalfDone { connection, answers, turn } in &mut self.half_done {
            let next = std::mem::replace(turn, Turn::End(End::Close));
            let given = catch_unwind(AssertUnwindSafe(|| connection.give_out(&out[answers.clone()], next)));
            // A fault of ours ends this connection and no other.
            *turn = given.unwrap_or(Turn::End(End::Close));
        }
        for HalfDone { connection, turn, .. } in self.half_done.drain(..) {
            guarded(connection, |connection| {
                connection.note_answers(&turn);
                connection.proceed(turn)
            });
        }
        self.scratch.out.clear();
    }
}

impl Connection {
    /// Goes on as far as that is possible without waiting.
    fn proceed(&mut self, turn: Turn) -> Stand {
        let mut turn = turn;
        while matches!(turn, Turn::Hungry) {
            if let Err(end) = self.begin_wait() {
                return Stand::Next(Turn::End(end));
            }
            if !self.client.stream.is_readable() {
                return Stand::Waits;
            }
            self.end_wait();
            if self.has_had_its_turn() {
                return Stand::Next(Turn::Hungry);
            }
            turn = self.turn(true);
        }
        Stand::Next(turn)
    }
}

impl Connection {
    /// Handles a request that needs waiting; what comes next.
    async fn turn_after(&mut self, exchange: Box<Exchange>, handling: Handling) -> Turn {
        match self.handle(exchange, handling).await {
            Ok(()) if self.carry.is_empty() => self.turn(false),
            Ok(()) => Turn::Again,
            Err(end) => Turn::End(end),
        }
    }
}

/// Does what can be done at once. A fault of ours ends this connection, as in a task, and no other.
fn guarded(mut connection: Box<Connection>, step: impl FnOnce(&mut Connection) -> Stand) {
    let stepped = catch_unwind(AssertUnwindSafe(|| step(&mut connection)));
    match stepped {
        Ok(Stand::Waits) => park(connection),
        Ok(Stand::Next(Turn::End(End::Close))) => connection.client.stream.say_goodbye(),
        Ok(Stand::Next(Turn::End(End::Reset))) => connection.client.stream.reset_on_drop(),
        Ok(Stand::Next(Turn::Handle(exchange, handling))) => {
            spawn_local(handled(connection, exchange, handling));
        }
        Ok(Stand::Next(turn)) => {
            spawn_local(go_on(connection, turn));
        }
        Err(_) => {}
    }
}

/// Leaves the connection to the driver. Where the kernel cannot watch it there is nothing to wait for.
fn park(mut connection: Box<Connection>) {
    connection.received_bytes = 0;
    if connection.client.stream.await_bytes().is_ok() {
        let worker = Rc::clone(&connection.client.worker);
        worker.watches.park(connection);
    }
}

async fn met(mut connection: Box<Connection>) {
    let turn = match connection.meet().await {
        Ok(()) if connection.agreed_http2 => Turn::Http2,
        Ok(()) => Turn::Hungry,
        Err(end) => Turn::End(end),
    };
    go_on(connection, turn).await;
}

/// Handles one request that needs waiting. Its task lives no longer than that, so that it may be as large as it is.
async fn handled(mut connection: Box<Connection>, exchange: Box<Exchange>, handling: Handling) {
    let turn = connection.turn_after(exchange, handling).await;
    guarded(connection, |connection| connection.proceed(turn));
}

/// Goes on until the connection is parked or has ended.
async fn go_on(mut connection: Box<Connection>, turn: Turn) {
    let mut turn = turn;
    let end = loop {
        turn = match turn {
            Turn::Hungry => {
                if connection.has_had_its_turn() {
                    connection.let_others().await;
                }
                connection.now_ms = connection.client.now_ms();
                match connection.proceed(Turn::Hungry) {
                    Stand::Waits => return park(connection),
                    Stand::Next(turn) => turn,
                }
            }
            Turn::Again => {
                connection.let_others().await;
                connection.turn(false)
            }
            Turn::Blocked { rest, then } => match Box::pin(connection.write_rest(&rest)).await {
                Ok(()) => *then,
                Err(end) => break end,
            },
            // Boxed: a task that lives longer must not have room for this.
            Turn::Handle(exchange, handling) => Box::pin(connection.turn_after(exchange, handling)).await,
            Turn::FileRest(rest, answer) => Box::pin(connection.send_rest_of_file(rest, answer)).await,
            Turn::File(answer) => connection.send_file(&[], answer),
            Turn::Http2 => break connection.run_http2().await,
            Turn::End(end) => break end,
        };
    };
    match end {
        End::Close => connection.client.stream.say_goodbye(),
        End::Linger => Box::pin(connection.linger()).await,
        End::Reset => connection.client.stream.reset_on_drop(),
    }
}
