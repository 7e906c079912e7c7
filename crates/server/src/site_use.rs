//! What all connections of a site use together: places for connections (`limits/maxConnections`), and the time to send in
//! (`limits/maxBandwidth`). Kept beside the plan, so that a new plan finds it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use doorward_plan::{SiteId, SitePlan};
use doorward_wire::SharedPace;

use crate::clock::Clock;
use crate::exchange::Exchange;
use crate::outcome::{Handling, Refusal, ServiceRefusal, SiteRefusal};
use crate::worker::Worker;

/// What is in use of one site.
#[derive(Debug, Default)]
struct SiteUse {
    connections: AtomicU32,
    /// Until when the time to send is given away, in microseconds of the server's clock.
    sending_us: AtomicU64,
    /// Requests in progress, by application.
    requests: Mutex<HashMap<String, Arc<AtomicU32>>>,
}

/// A request's place among those of its application (`serverRuntime` `appConcurrentRequestLimit`).
#[derive(Debug)]
pub(crate) struct RequestPlace(Arc<AtomicU32>);

impl Drop for RequestPlace {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is in use of every site that has a limit.
#[derive(Debug, Default)]
pub(crate) struct SiteUses(Mutex<HashMap<SiteId, Arc<SiteUse>>>);

impl SiteUses {
    fn of(&self, site: SiteId) -> Arc<SiteUse> {
        let mut sites = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(sites.entry(site).or_default())
    }
}

impl SiteUses {
    /// A place for the request in its application, where there is one left. Paths without an application need none.
    pub(crate) fn request(&self, exchange: &Exchange) -> Result<Option<RequestPlace>, Refusal> {
        let (Some(site), Some(effective)) = (&exchange.site, &exchange.effective) else { return Ok(None) };
        let Some((directory, _)) = site.directories.locate(&exchange.path) else { return Ok(None) };
        let used = self.of(site.id);
        let mut requests = used.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let counter = match requests.get(&directory.application) {
            Some(counter) => counter,
            None => requests.entry(directory.application.clone()).or_default(),
        };
        let requests_max = effective.runtime.app_requests_max;
        let one_more = |count: u32| (count < requests_max).then_some(count + 1);
        match counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more) {
            Ok(_) => Ok(Some(RequestPlace(Arc::clone(counter)))),
            Err(_) => Err(SiteRefusal::new(503, 2, 0).into()),
        }
    }
}

/// One connection's place among those of a site.
#[derive(Debug)]
struct Place {
    site: SiteId,
    used: Arc<SiteUse>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.used.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where a connection keeps its place: it counts for the site of its last request.
#[derive(Debug, Default)]
pub(crate) struct Seat(RefCell<Option<Place>>);

impl Seat {
    /// What was decided, unless the site has no place for this connection. Who was denied stays denied.
    pub(crate) fn seated(
        &self,
        uses: &SiteUses,
        exchange: &Exchange,
        decided: Result<Handling, Refusal>,
    ) -> Result<Handling, Refusal> {
        let has_place = self.take(uses, exchange);
        decided.and_then(
            |handling| {
                if has_place { Ok(handling) } else { Err(Refusal::Service(ServiceRefusal::ConnectionLimit)) }
            },
        )
    }

    /// Takes a place at the request's site, unless it has one; false when there is none left.
    fn take(&self, uses: &SiteUses, exchange: &Exchange) -> bool {
        exchange.site.as_ref().is_none_or(|site| self.take_at(uses, site))
    }

    fn take_at(&self, uses: &SiteUses, site: &SitePlan) -> bool {
        let mut seat = self.0.borrow_mut();
        let Some(connections_max) = site.connections_max else {
            *seat = None;
            return true;
        };
        if seat.as_ref().is_some_and(|place| place.site == site.id) {
            return true;
        }
        *seat = None;
        let taken = uses.of(site.id);
        let one_more = |count: u32| (count < connections_max).then_some(count + 1);
        if taken.connections.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_err() {
            return false;
        }
        *seat = Some(Place { site: site.id, used: taken });
        true
    }
}

/// The speed of a site, for one who sends for it.
#[derive(Debug)]
pub(crate) struct Pacer {
    pace: SharedPace,
    used: Arc<SiteUse>,
    clock: Clock,
}

impl Pacer {
    /// The speed that the request's site is held to; `None` where it may send as fast as it can.
    pub(crate) fn of(worker: &Worker, exchange: &Exchange) -> Option<Self> {
        let site = exchange.site.as_ref()?;
        let pace = SharedPace::new(site.bytes_per_second_max?.into());
        Some(Self { pace, used: worker.shared.site_uses.of(site.id), clock: worker.shared.clock })
    }

    /// Most bytes to be sent at a time.
    pub(crate) fn piece_bytes(&self) -> usize {
        self.pace.piece_bytes()
    }

    /// How long to wait before so many bytes.
    pub(crate) fn turn(&self, bytes: usize) -> Duration {
        let now_us = self.clock.now_us();
        let mut wait_us = 0;
        let next = |free_us| {
            let turn = self.pace.turn(free_us, bytes as u64, now_us);
            wait_us = turn.wait_us;
            Some(turn.next_us)
        };
        let _always = self.used.sending_us.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        Duration::from_micros(wait_us)
    }
}
