//! How much may be asked of a path: `serverRuntime` (IIS reference §4.3).

use doorward_wire::BodyLength;

use crate::exchange::Exchange;
use crate::outcome::{Handling, Refusal, Response, SiteRefusal};
use crate::worker::Worker;

/// Refuses everything where the section is switched off, and bodies that are too long.
pub(crate) fn screen(exchange: &Exchange) -> Result<(), Refusal> {
    let Some(runtime) = exchange.effective.as_ref().map(|effective| &effective.runtime) else { return Ok(()) };
    if !runtime.enabled {
        return Err(SiteRefusal::new(503, 0, 0).into());
    }
    match exchange.request.body() {
        BodyLength::Known(length) if length > runtime.request_bytes_max => Err(SiteRefusal::new(413, 0, 0).into()),
        BodyLength::Known(_) | BodyLength::None | BodyLength::Chunked => Ok(()),
    }
}

/// Counts the request in its application, unless it is answered at once: then it is in progress at no other's time.
pub(crate) fn enter(worker: &Worker, exchange: &mut Exchange, handling: &Handling) -> Result<(), Refusal> {
    let is_long = |response: &Response| response.body.bytes().is_none();
    let waits = matches!(handling, Handling::Open(_) | Handling::Forward(_))
        || matches!(handling, Handling::Respond(response) if is_long(response));
    if waits {
        exchange.place = worker.shared.site_uses.request(exchange)?;
    }
    Ok(())
}
