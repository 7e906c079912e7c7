//! The stages of a request, in the order that is the security model.

use doorward_plan::ListenerPlan;

use crate::exchange::Exchange;
use crate::outcome::{Handling, Refusal};
use crate::stage::{access, client, config_fault, filter, handler, limit, redirect, runtime, site};
use crate::worker::Worker;

/// Decides how a request is answered. Nothing here waits, and nothing here writes to the client.
pub(crate) fn decide(
    worker: &Worker,
    listener: &ListenerPlan,
    exchange: &mut Exchange,
    now_ms: u64,
) -> Result<Handling, Refusal> {
    // 400 Invalid Hostname, 404 stopped, 404.20
    if !site::choose(listener, exchange, now_ms)? {
        return Ok(Handling::Look);
    }
    settled(worker, exchange, now_ms)
}

/// The stages once the settings at the path are known.
pub(crate) fn settled(worker: &Worker, exchange: &mut Exchange, now_ms: u64) -> Result<Handling, Refusal> {
    client::identify(exchange)?; //                        400.10
    if limit::needs_name(exchange) {
        return Ok(Handling::Name);
    }
    proceed(worker, exchange, now_ms)
}

/// The stages from the limiter on, once the client is known.
pub(crate) fn proceed(worker: &Worker, exchange: &mut Exchange, now_ms: u64) -> Result<Handling, Refusal> {
    limit::admit(&worker.limiter, exchange, now_ms)?; //   abort, 401, 403, 404 with .501 to .504
    config_fault::refuse(exchange)?; //                    500.19
    access::require(exchange)?; //                         403.4, 403.5, 403.7, 403.16, 403.17
    filter::screen(exchange)?; //                          404.5 to 404.19, 413.1
    if let Some(response) = redirect::away(exchange) {
        // 301, 302, 307, 308
        return Ok(Handling::Respond(response));
    }
    runtime::screen(exchange)?; //                         503, 413
    let handling = handler::choose(worker, exchange, now_ms)?; // 403.1, 403.2, 404, 405, 500.21
    runtime::enter(worker, exchange, &handling)?; //       503.2
    Ok(handling)
}
