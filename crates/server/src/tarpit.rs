//! Denials that are held back for a while, so that a client that waits for its answer asks less often.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;

use doorward_limiter::Reason;

use crate::connection::Connection;
use crate::downstream::End;
use crate::exchange::Exchange;
use crate::outcome::SiteRefusal;
use crate::worker::Worker;

/// Answers held back at a time; more are given at once, so that the tarpit cannot fill the server itself.
const HELD_MAX: usize = 1000;

/// How many answers are held back.
#[derive(Debug, Default)]
pub(crate) struct Tarpit(AtomicUsize);

/// Whether a refusal is one that the settings at the path want held back.
pub(crate) fn holds(refusal: &SiteRefusal, exchange: &Exchange) -> bool {
    let by_limit = matches!(refusal.reason, Some(Reason::Concurrency | Reason::Rate));
    by_limit && exchange.effective.as_ref().is_some_and(|effective| effective.denial.tarpit_ms > 0)
}

/// One answer that is held back; dropped, it is none any more, however its wait ended.
struct Held<'w>(&'w Tarpit);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Relaxed);
    }
}

/// Counts one more answer that is held back and says for how long; `None` when there are too many already.
fn enter<'w>(worker: &'w Worker, exchange: &Exchange) -> Option<(Held<'w>, Duration)> {
    let tarpit = &worker.shared.tarpit;
    let before = tarpit.0.fetch_add(1, Relaxed);
    let held = Held(tarpit);
    let delay_ms = exchange.effective.as_ref().map_or(0, |effective| effective.denial.tarpit_ms);
    (before < HELD_MAX).then(|| (held, Duration::from_millis(delay_ms)))
}

/// Holds back the answer of one stream of a connection; a client that resets it is noticed when the answer is sent.
pub(crate) async fn hold_back_stream(worker: &Worker, exchange: &Exchange) {
    if let Some((_held, delay)) = enter(worker, exchange) {
        tokio::time::sleep(delay).await;
    }
}

impl Connection {
    /// Holds the answer back; the client may leave meanwhile.
    pub(crate) async fn hold_back(&mut self, exchange: &Exchange) -> Result<(), End> {
        let Some((_held, delay)) = enter(&self.client.worker, exchange) else { return Ok(()) };
        let watch = Rc::clone(&self.client.watched.watch);
        let gone = poll_fn(|context| match watch.poll_fired(context) {
            Some(fired) => Poll::Ready(Some(fired)),
            None => self.client.stream.poll_gone(context).map(|()| None),
        });
        match tokio::time::timeout(delay, gone).await {
            Err(_) => Ok(()),
            Ok(Some(fired)) => Err(self.client.fired(fired)),
            Ok(None) => Err(End::Close),
        }
    }
}
