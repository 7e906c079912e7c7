//! A connection whose protocol has changed: bytes both ways until one side closes or both are silent for too long.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::task::Poll;

use doorward_wire::{TimerReason, Tunnel};
use tokio::net::TcpStream;

use super::{Switched, WIN32_CONNECTION_RESET, WIN32_SILENCE};
use crate::connection::Connection;
use crate::downstream::{Downstream, End};
use crate::exchange::{Exchange, WIN32_CLIENT_GONE};
use crate::send::{self, Follows};

/// How a tunnel ended: what becomes of the client's connection, and the code in the log.
type Ended = (End, u32);

/// The upstream closed in order: what it said last must reach the client.
const UPSTREAM_CLOSED: Ended = (End::Linger, 0);
const UPSTREAM_BROKE: Ended = (End::Reset, WIN32_CONNECTION_RESET);
const CLIENT_CLOSED: Ended = (End::Close, 0);
const CLIENT_BROKE: Ended = (End::Close, WIN32_CLIENT_GONE);

/// Both sides, for the time that bytes go between them.
struct Between<'t> {
    client: &'t Downstream,
    link: &'t TcpStream,
    tunnel: RefCell<Tunnel>,
}

/// Passes bytes on until the tunnel ends, and takes note of it in the exchange.
pub(super) async fn run(
    connection: &mut Connection,
    exchange: &mut Exchange,
    switched: Switched,
    silence_ms: u64,
) -> End {
    let ahead = std::mem::take(&mut connection.carry);
    let client = &connection.client;
    let tunnel = RefCell::new(Tunnel::new(silence_ms, client.now_ms()));
    let between = Between { client, link: &switched.link, tunnel };
    between.note();
    let watch = &client.watched.watch;
    let (end, win32_status) = tokio::select! {
        biased;
        ended = between.to_client(switched.ahead) => ended,
        ended = between.to_upstream(ahead) => ended,
        fired = poll_fn(|context| watch.poll_fired(context).map_or(Poll::Pending, Poll::Ready)) => {
            (client.fired(fired), WIN32_SILENCE)
        }
    };
    watch.receive_any_time();
    watch.send_by(u64::MAX);
    let (from_client, from_upstream) = between.tunnel.borrow().bytes();
    exchange.received_bytes += from_client;
    exchange.sent_bytes += from_upstream;
    exchange.answered.win32_status = win32_status;
    end
}

impl Between<'_> {
    /// Sets the timer to the next moment at which both sides were silent for too long.
    fn note(&self) {
        let deadline_ms = self.tunnel.borrow().deadline_ms();
        self.client.watched.watch.receive_by(deadline_ms, TimerReason::ConnectionIdle);
    }

    async fn to_client(&self, ahead: Vec<u8>) -> Ended {
        let mut rest = ahead;
        self.tunnel.borrow_mut().upstream_sent(rest.len(), self.client.now_ms());
        loop {
            if send::all(self.client, &rest).await.is_err() {
                return CLIENT_BROKE;
            }
            // No buffer is held while there is nothing to pass on.
            rest = Vec::new();
            if self.link.readable().await.is_err() {
                return UPSTREAM_BROKE;
            }
            let mut scratch = self.client.worker.scratch();
            let read = self.link.try_read(&mut scratch.read);
            let sent =
                read.as_ref().ok().map(|count| send::now(self.client, &scratch.read[..*count], Follows::Unknown));
            self.client.worker.give_back(scratch);
            match (read, sent) {
                (Ok(0), _) => return UPSTREAM_CLOSED,
                (Ok(count), Some(Ok(unsent))) => {
                    self.tunnel.borrow_mut().upstream_sent(count, self.client.now_ms());
                    self.note();
                    rest = unsent;
                }
                (Ok(_), _) => return CLIENT_BROKE,
                (Err(error), _) if error.kind() == ErrorKind::WouldBlock => {}
                (Err(_), _) => return UPSTREAM_BROKE,
            }
        }
    }

    async fn to_upstream(&self, ahead: Vec<u8>) -> Ended {
        let mut rest = ahead;
        self.tunnel.borrow_mut().client_sent(rest.len(), self.client.now_ms());
        loop {
            if !write_upstream(self.link, &rest).await {
                return UPSTREAM_BROKE;
            }
            rest = Vec::new();
            if poll_fn(|context| self.client.stream.poll_readable(context)).await.is_err() {
                return CLIENT_BROKE;
            }
            let mut scratch = self.client.worker.scratch();
            let read = self.client.stream.try_read(&mut scratch.read);
            if let Ok(count) = read {
                let written = self.link.try_write(&scratch.read[..count]).unwrap_or(0);
                rest.extend_from_slice(&scratch.read[written..count]);
            }
            self.client.worker.give_back(scratch);
            match read {
                Ok(0) => return CLIENT_CLOSED,
                Ok(count) => {
                    self.tunnel.borrow_mut().client_sent(count, self.client.now_ms());
                    self.note();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return CLIENT_BROKE,
            }
        }
    }
}

/// Writes to the upstream; false when it takes nothing any more.
pub(crate) async fn write_upstream(link: &TcpStream, bytes: &[u8]) -> bool {
    let mut written = 0;
    while written < bytes.len() {
        match link.try_write(&bytes[written..]) {
            Ok(count) => written += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if link.writable().await.is_err() {
                    return false;
                }
            }
            Err(_) => return false,
        }
    }
    true
}
