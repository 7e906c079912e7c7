//! Requests that need waiting: a file to open, a long body to send, an upstream to ask.

use std::sync::Arc;

use doorward_plan::SitePlan;
use doorward_wire::BodyLength;

use crate::connection::Connection;
use crate::downstream::End;
use crate::exchange::{Answered, Exchange, WIN32_CLIENT_GONE};
use crate::outcome::{Handling, Refusal, Response, SiteRefusal};
use crate::pipeline;
use crate::proxy;
use crate::render;
use crate::send;
use crate::site_use::Pacer;
use crate::stage::error_file::Due;
use crate::stage::{filter, site};
use crate::static_file::{self, FileJob, Found};
use crate::tarpit;
use crate::turn::Unread;
use crate::worker::Worker;

/// Goes on where folders had to be looked at, or the client's name had to be known first.
pub(crate) async fn awaited(worker: &Worker, exchange: &mut Exchange, handling: Handling) -> Result<Handling, Refusal> {
    let is_look = matches!(handling, Handling::Look);
    let decided = if is_look { looked(worker, exchange).await } else { Ok(handling) };
    let decided = match decided {
        Ok(handling) => named(worker, exchange, handling).await,
        Err(refusal) => Err(refusal),
    };
    match decided {
        Err(Refusal::Site(refusal)) if tarpit::holds(&refusal, exchange) => Ok(Handling::Delay(refusal)),
        decided => decided,
    }
}

/// Looks at the folders on the way off the event loop.
async fn looked(worker: &Worker, exchange: &mut Exchange) -> Result<Handling, Refusal> {
    let Some(site) = exchange.site.as_ref().map(Arc::clone) else { return Err(SiteRefusal::new(500, 0, 0).into()) };
    let (path, now_ms) = (exchange.path.clone(), worker.shared.clock.now_ms());
    let look = tokio::task::spawn_blocking(move || site.settings.look(&path, now_ms));
    let effective = look.await.map_err(|_| SiteRefusal::new(500, 0, 0))?;
    site::settle(exchange, effective)?;
    pipeline::settled(worker, exchange, worker.shared.clock.now_ms())
}

async fn named(worker: &Worker, exchange: &mut Exchange, handling: Handling) -> Result<Handling, Refusal> {
    if !matches!(handling, Handling::Name) {
        return Ok(handling);
    }
    let clock = worker.shared.clock;
    exchange.host_name = Some(worker.shared.names.look_up(exchange.client.address, clock.now_ms()).await);
    pipeline::proceed(worker, exchange, clock.now_ms())
}

/// Looks for a file off the event loop.
pub(crate) async fn find(job: FileJob) -> Found {
    match tokio::task::spawn_blocking(move || job.run_for_site()).await {
        Ok(found) => found,
        Err(_) => Found::Refused(SiteRefusal::new(500, 0, 0).into()),
    }
}

/// The answer for what was found; a file is kept for the next who asks.
pub(crate) fn found_response(worker: &Worker, exchange: &Exchange, found: Found) -> Result<Response, Refusal> {
    match found {
        Found::Folder(path) => Ok(render::folder_redirect(&path, exchange)),
        Found::Refused(refusal) => Err(refusal),
        Found::Listing(listing) => {
            let browse = exchange.effective.as_ref().and_then(|effective| effective.content.browse);
            let Some(browse) = browse else { return Err(SiteRefusal::new(500, 0, 0).into()) };
            Ok(static_file::list(listing, &exchange.path, exchange.request.query(), browse))
        }
        Found::File(known) => {
            let (Some(site), Some(effective)) = (&exchange.site, &exchange.effective) else {
                return Err(SiteRefusal::new(500, 0, 0).into());
            };
            if let Some(spelling) = &known.spelling
                && !is_same_policy(site, &exchange.path, spelling)
            {
                return Err(SiteRefusal::new(404, 0, 2).into());
            }
            let file = static_file::CachedFile::new(known, effective, worker.shared.clock.now_ms());
            let file = worker.files.keep(site.id, &exchange.path, file);
            static_file::answer(&file, exchange, effective)
        }
    }
}

/// The page for a refusal; one of the operator's own may have to be read.
pub(crate) async fn refusal_response(worker: &Worker, refusal: &SiteRefusal, exchange: &Exchange) -> Response {
    let files = &worker.error_files;
    match files.due(refusal, exchange, worker.shared.clock.now_ms()) {
        Due::Ready(response) => response,
        Due::Read(job) => {
            let key = job.key();
            let found = tokio::task::spawn_blocking(move || job.run()).await.unwrap_or(None);
            files.read(refusal, exchange, (key, found, worker.shared.clock.now_ms()))
        }
    }
}

impl Connection {
    /// Handles a request that needs waiting.
    pub(crate) async fn handle(&mut self, exchange: Box<Exchange>, handling: Handling) -> Result<(), End> {
        self.client.pace(Pacer::of(&self.client.worker, &exchange));
        let handled = self.handle_paced(exchange, handling).await;
        self.client.pace(None);
        handled
    }

    async fn handle_paced(&mut self, exchange: Box<Exchange>, handling: Handling) -> Result<(), End> {
        let mut exchange = exchange;
        let _noted = self.client.worker.ongoing.note(&exchange);
        let handling = match awaited(&self.client.worker, &mut exchange, handling).await {
            Ok(handling) => handling,
            Err(refusal) => return self.refuse(exchange, refusal).await,
        };
        match handling {
            // Both are known by now: the limiter has decided.
            Handling::Name | Handling::Look => Err(End::Close),
            Handling::Respond(response) => self.respond(exchange, response).await,
            Handling::Open(job) => {
                let found = find(job).await;
                self.respond_found(exchange, found).await
            }
            Handling::Delay(refusal) => {
                if let Err(end) = self.hold_back(&exchange).await {
                    let (status, substatus) = (refusal.status, refusal.substatus);
                    exchange.answered = Answered { status, substatus, win32_status: WIN32_CLIENT_GONE };
                    self.client.worker.finish(exchange);
                    return Err(end);
                }
                self.refuse(exchange, refusal.into()).await
            }
            Handling::Refuse(refusal) => self.refuse(exchange, refusal.into()).await,
            Handling::Forward(effective) => proxy::forward(self, exchange, &effective).await,
        }
    }

    async fn respond_found(&mut self, exchange: Box<Exchange>, found: Found) -> Result<(), End> {
        match found_response(&self.client.worker, &exchange, found) {
            Ok(response) => self.respond(exchange, response).await,
            Err(refusal) => self.refuse(exchange, refusal).await,
        }
    }

    /// Answers a refusal that came after the pipeline.
    pub(crate) async fn refuse(&mut self, exchange: Box<Exchange>, refusal: Refusal) -> Result<(), End> {
        match refusal {
            Refusal::Site(refusal) => {
                let response = refusal_response(&self.client.worker, &refusal, &exchange).await;
                self.respond(exchange, response).await
            }
            Refusal::Service(refusal) => {
                let mut out = Vec::new();
                self.refuse_service(exchange, refusal, &mut out);
                let sent = send::all(&self.client, &out).await;
                self.finish_batch(sent.is_err());
                Err(End::Linger)
            }
            Refusal::Abort(reason) => Err(self.abort(exchange, reason)),
        }
    }

    /// Sends a response of our own, then lets the next request come.
    async fn respond(&mut self, mut exchange: Box<Exchange>, response: Response) -> Result<(), End> {
        let body = exchange.request.body();
        exchange.keep_alive &= Self::is_worth_reading(&exchange);
        let sent = send::response(&self.client, &mut exchange, response).await;
        if sent.is_err() {
            exchange.answered.win32_status = WIN32_CLIENT_GONE;
        }
        let keep_alive = exchange.keep_alive;
        self.client.worker.finish(exchange);
        sent?;
        if self.machine.in_body() {
            self.unread = Unread::Answered;
        }
        match (keep_alive, body) {
            (true, _) => Ok(()),
            (false, BodyLength::None) => Err(End::Close),
            (false, BodyLength::Known(_) | BodyLength::Chunked) => Err(End::Linger),
        }
    }
}

/// Whether a file found under another spelling may be served for the path that was asked for: the same settings hold at
/// both, and nothing at the real one is hidden (D23).
fn is_same_policy(site: &SitePlan, asked: &str, spelling: &str) -> bool {
    // The look for the file has made both known.
    let settings = site.settings.at(spelling);
    Arc::ptr_eq(&site.settings.at(asked), &settings) && !filter::hides(&settings.filter, spelling)
}
