//! The body of a request on one stream, for who wants it.

use std::time::Duration;

use bytes::Bytes;
use doorward_wire::{Pace, TimerReason, Waiting};
use h2::RecvStream;

use super::head::is_trailer;
use super::session::Session;
use crate::downstream::End;
use crate::proxy::{Broken, Gathered, Progress, Source, put_end, put_piece};

/// The body of a request.
pub(super) struct Received<'s> {
    session: &'s Session,
    body: RecvStream,
    piece: Option<Bytes>,
    ended: bool,
    pace: Pace,
    /// Content received.
    pub(super) bytes: u64,
    /// The timer that ended it.
    pub(super) overdue: Option<TimerReason>,
}

impl<'s> Received<'s> {
    pub(super) fn new(session: &'s Session, body: RecvStream) -> Self {
        let ended = body.is_end_stream();
        let pace = session.worker.shared.timers().body_pace(Waiting::Body, session.now_ms());
        Self { session, body, piece: None, ended, pace, bytes: 0, overdue: None }
    }

    async fn next(&mut self) -> Result<(), End> {
        match self.body.data().await {
            Some(Ok(piece)) => {
                self.bytes += piece.len() as u64;
                self.pace.progress(piece.len() as u64, self.session.now_ms());
                self.piece = Some(piece);
                Ok(())
            }
            Some(Err(_)) => Err(End::Close),
            None => {
                let trailers = self.body.trailers().await.map_err(|_| End::Close)?;
                self.ended = true;
                if trailers.is_none_or(|fields| is_trailer(&fields)) { Ok(()) } else { Err(End::Close) }
            }
        }
    }
}

impl Source for Received<'_> {
    fn is_untouched(&self) -> bool {
        self.bytes == 0 && !self.ended
    }

    fn gather(&mut self, out: &mut Vec<u8>, chunked: bool, progress: &Progress) -> Result<Gathered, Broken> {
        if let Some(piece) = self.piece.take() {
            progress.took(&piece);
            put_piece(out, chunked, &piece);
            // The client may send as much again, now that somebody takes it.
            let _stream_gone = self.body.flow_control().release_capacity(piece.len());
        }
        if !self.ended {
            return Ok(Gathered::Hungry);
        }
        put_end(out, chunked);
        Ok(Gathered::End)
    }

    async fn receive(&mut self) -> Result<(), End> {
        let now_ms = self.session.now_ms();
        let (deadline_ms, reason) = self.session.worker.shared.timers().deadline(Waiting::Body, now_ms);
        // Until now it was the upstream that was waited for.
        self.pace.resume(now_ms);
        let deadline_ms = deadline_ms.min(self.pace.deadline_ms());
        let wait = Duration::from_millis(deadline_ms.saturating_sub(now_ms));
        if let Ok(outcome) = tokio::time::timeout(wait, self.next()).await {
            return outcome;
        }
        self.overdue = Some(reason);
        Err(End::Close)
    }
}
