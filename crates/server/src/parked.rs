//! How a connection goes on: in its turns, which the driver runs, as long as nothing has to be waited for but the client;
//! in a task of its own as long as something else has. Between two requests it is parked: a place in a list, no task.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use tokio::task::spawn_local;

use crate::connection::Connection;
use crate::downstream::End;
use crate::readiness::News;
use crate::turn::Turn;
use crate::watch::{Fallen, Token};
use crate::worker::Worker;

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

    /// The socket of a connection has news.
    pub(crate) fn wake(self: &Rc<Self>, token: Token, news: News) {
        if let Some(connection) = self.watches.note(token, news) {
            guarded(connection, |connection| {
                connection.end_wait();
                let turn = connection.turn(true);
                connection.proceed(turn)
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

/// Does what can be done at once. A fault of ours ends this connection, as in a task, and no other.
fn guarded(mut connection: Box<Connection>, step: impl FnOnce(&mut Connection) -> Stand) {
    let stepped = catch_unwind(AssertUnwindSafe(|| step(&mut connection)));
    match stepped {
        Ok(Stand::Waits) => park(connection),
        Ok(Stand::Next(Turn::End(End::Close))) => connection.client.stream.say_goodbye(),
        Ok(Stand::Next(Turn::End(End::Reset))) => connection.client.stream.reset_on_drop(),
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
            // Boxed: a connection whose request is short must not have room for this.
            Turn::Handle(exchange, handling) => match Box::pin(connection.handle(exchange, handling)).await {
                Ok(()) if connection.carry.is_empty() => connection.turn(false),
                Ok(()) => Turn::Again,
                Err(end) => break end,
            },
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
