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

/// A place among those held back; given back however the wait ends.
struct Place<'t>(&'t Tarpit);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Relaxed);
    }
}

impl Tarpit {
    fn place(&self) -> Option<Place<'_>> {
        let before = self.0.fetch_add(1, Relaxed);
        let place = Place(self);
        (before < HELD_MAX).then_some(place)
    }

    /// Waits as long as the settings at the path say; not at all when too many do.
    pub(crate) async fn wait(&self, exchange: &Exchange) {
        if let Some(_place) = self.place() {
            tokio::time::sleep(delay(exchange)).await;
        }
    }
}

fn delay(exchange: &Exchange) -> Duration {
    Duration::from_millis(exchange.effective.as_ref().map_or(0, |effective| effective.denial.tarpit_ms))
}

impl Connection {
    /// Holds the answer back; the client may leave meanwhile.
    pub(crate) async fn hold_back(&mut self, exchange: &Exchange) -> Result<(), End> {
        let Some(_place) = self.client.worker.shared.tarpit.place() else { return Ok(()) };
        let watch = Rc::clone(&self.client.watched.watch);
        let gone = poll_fn(|context| match watch.poll_fired(context) {
            Some(fired) => Poll::Ready(Some(fired)),
            None => self.client.stream.poll_gone(context).map(|()| None),
        });
        match tokio::time::timeout(delay(exchange), gone).await {
            Err(_) => Ok(()),
            Ok(Some(fired)) => Err(self.client.fired(fired)),
            Ok(None) => Err(End::Close),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_are_held_back_and_places_come_back() {
        let tarpit = Tarpit::default();
        let held: Vec<_> = (0..HELD_MAX).map(|_| tarpit.place()).collect();
        assert!(held.iter().all(Option::is_some) && tarpit.place().is_none());
        drop(held);
        assert!(tarpit.place().is_some());
        assert_eq!(tarpit.0.load(Relaxed), 0);
    }
}
