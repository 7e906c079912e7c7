//! A stream whose protocol has changed: bytes both ways until one side ends it or both are silent for too long.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::time::Duration;

use bytes::Bytes;
use doorward_wire::{TimerReason, Tunnel};
use h2::{Reason, RecvStream};
use tokio::net::TcpStream;

use super::answer::Answer;
use super::session::Session;
use crate::exchange::{Exchange, WIN32_CLIENT_GONE};
use crate::proxy::{Switched, WIN32_CONNECTION_RESET, WIN32_SILENCE, write_upstream};

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// One side said so.
    Closed,
    UpstreamBroke,
    ClientBroke,
    Silence,
}

/// Both sides, for the time that bytes go between them.
struct Between<'t> {
    session: &'t Session,
    answer: &'t Answer,
    link: TcpStream,
    tunnel: RefCell<Tunnel>,
}

/// Passes bytes on until the tunnel ends; true when both sides know of the end.
pub(super) async fn run(
    (session, answer): (&Session, &Answer),
    exchange: &mut Exchange,
    (switched, body): (Switched, RecvStream),
    silence_ms: u64,
) -> bool {
    let Switched { link, ahead } = switched;
    session.becomes_tunnel(answer.stream());
    let tunnel = RefCell::new(Tunnel::new(silence_ms, session.now_ms()));
    let between = Between { session, answer, link, tunnel };
    let ended = tokio::select! {
        biased;
        ended = between.to_client(ahead) => ended,
        ended = between.to_upstream(body, &mut exchange.received_bytes) => ended,
        () = between.silence() => Ended::Silence,
    };
    match ended {
        Ended::Closed => return answer.end().await.is_ok(),
        Ended::UpstreamBroke => exchange.answered.win32_status = WIN32_CONNECTION_RESET,
        Ended::ClientBroke => exchange.answered.win32_status = WIN32_CLIENT_GONE,
        Ended::Silence => {
            exchange.answered.win32_status = WIN32_SILENCE;
            session.worker.error(exchange, TimerReason::ConnectionIdle.http_err_reason(), None);
        }
    }
    answer.reset(Reason::CANCEL);
    false
}

impl Between<'_> {
    async fn silence(&self) {
        loop {
            let due_ms = self.tunnel.borrow().deadline_ms().saturating_sub(self.session.now_ms());
            if due_ms == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(due_ms)).await;
        }
    }

    async fn to_client(&self, ahead: Vec<u8>) -> Ended {
        let mut piece = Bytes::from(ahead);
        loop {
            self.tunnel.borrow_mut().upstream_sent(piece.len(), self.session.now_ms());
            if self.answer.content(piece, false).await.is_err() {
                return Ended::ClientBroke;
            }
            piece = loop {
                if self.link.readable().await.is_err() {
                    return Ended::UpstreamBroke;
                }
                let mut scratch = self.session.worker.scratch();
                let read = self.link.try_read(&mut scratch.read);
                let piece = read.as_ref().map_or(Bytes::new(), |count| Bytes::copy_from_slice(&scratch.read[..*count]));
                self.session.worker.give_back(scratch);
                match read {
                    Ok(0) => return Ended::Closed,
                    Ok(_) => break piece,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_) => return Ended::UpstreamBroke,
                }
            };
        }
    }

    async fn to_upstream(&self, mut body: RecvStream, received_bytes: &mut u64) -> Ended {
        while let Some(piece) = body.data().await {
            let Ok(piece) = piece else { return Ended::ClientBroke };
            *received_bytes += piece.len() as u64;
            self.tunnel.borrow_mut().client_sent(piece.len(), self.session.now_ms());
            if !write_upstream(&self.link, &piece).await {
                return Ended::UpstreamBroke;
            }
            self.session.went_on(self.answer.stream());
            // The client may send as much again, now that the upstream has it.
            let _stream_gone = body.flow_control().release_capacity(piece.len());
        }
        Ended::Closed
    }
}
