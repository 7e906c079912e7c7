//! Which site answers, and which settings hold at the path.

use std::sync::Arc;

use doorward_plan::{ListenerPlan, Route};
use doorward_wire::{Malformed, path};

use crate::exchange::Exchange;
use crate::outcome::{Refusal, ServiceRefusal, SiteRefusal};

/// Normalises the path, finds the site by local address and host name, and its settings at the path.
pub(crate) fn choose(listener: &ListenerPlan, exchange: &mut Exchange) -> Result<(), Refusal> {
    if exchange.request.path() == "*" {
        exchange.path.push('*');
    } else {
        path::normalise(exchange.request.path(), &mut exchange.path)
            .map_err(|_| Refusal::Service(ServiceRefusal::Malformed(Malformed::Url)))?;
    }
    match listener.routes(exchange.ends.local.ip()).find(exchange.request.host()) {
        Route::Site(site) => {
            exchange.effective = Some(site.settings.at(&exchange.path));
            exchange.site = Some(Arc::clone(site));
            segments(site.url_segments_max, &exchange.path)
        }
        Route::Stopped => Err(Refusal::Service(ServiceRefusal::Stopped)),
        Route::UnknownHost => Err(Refusal::Service(ServiceRefusal::UnknownHost)),
    }
}

/// `limits/maxUrlSegments` (IIS reference §1.4).
fn segments(segments_max: u32, path: &str) -> Result<(), Refusal> {
    let segments = path.split('/').filter(|segment| !segment.is_empty()).count();
    if segments > segments_max as usize {
        return Err(SiteRefusal::new(404, 20, 0).into());
    }
    Ok(())
}
