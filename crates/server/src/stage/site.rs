//! Which site answers, and which settings hold at the path.

use std::sync::Arc;

use doorward_plan::{Effective, ListenerPlan, Route, SitePlan};
use doorward_wire::path::{BadPath, EncodedSlash};
use doorward_wire::{Malformed, path};

use crate::exchange::Exchange;
use crate::outcome::{Refusal, ServiceRefusal, SiteRefusal};

/// Normalises the path, finds the site by local address and host name, and its settings at the path; says whether they
/// are known, or folders have to be looked at first.
pub(crate) fn choose(listener: &ListenerPlan, exchange: &mut Exchange, now_ms: u64) -> Result<bool, Refusal> {
    let mut in_doubt = false;
    if exchange.request.path() == "*" {
        exchange.path.push('*');
    } else {
        let (raw, out) = (exchange.request.path(), &mut exchange.path);
        in_doubt = match path::normalise(raw, out) {
            Err(BadPath::EncodedSlash) => {
                path::normalise_as(raw, EncodedSlash::Separates, out).map_err(|_| malformed())?;
                true
            }
            read => read.map(|()| false).map_err(|_| malformed())?,
        };
    }
    match listener.routes(exchange.ends.local.ip()).find(exchange.request.host()) {
        Route::Site(site) => {
            let ready = site.settings.ready(&exchange.path, now_ms);
            let is_known = ready.is_some();
            let effective = ready.unwrap_or_else(|| site.settings.at(&exchange.path));
            if in_doubt && is_known && !is_same_either_way(site, &effective, exchange.request.path()) {
                return Err(malformed());
            }
            exchange.keep_alive &= !effective.fields.ends_connection;
            exchange.effective = Some(effective);
            exchange.site = Some(Arc::clone(site));
            segments(site.url_segments_max, &exchange.path)?;
            Ok(is_known)
        }
        Route::Stopped => Err(Refusal::Service(ServiceRefusal::Stopped)),
        Route::UnknownHost => Err(Refusal::Service(ServiceRefusal::UnknownHost)),
    }
}

/// Takes the settings that were found by a look.
pub(crate) fn settle(exchange: &mut Exchange, effective: Arc<Effective>) -> Result<(), Refusal> {
    let raw = exchange.request.path();
    let in_doubt = path::normalise(raw, &mut String::new()) == Err(BadPath::EncodedSlash);
    if in_doubt && !exchange.site.as_ref().is_some_and(|site| is_same_either_way(site, &effective, raw)) {
        return Err(malformed());
    }
    exchange.effective = Some(effective);
    Ok(())
}

fn malformed() -> Refusal {
    Refusal::Service(ServiceRefusal::Malformed(Malformed::Url))
}

/// Whether a path with `%2F` or `%5C` may be forwarded as it is written: what holds for it does not depend on whether the
/// upstream takes them for slashes. `effective` is what holds if it does. For files such a path stays refused.
fn is_same_either_way(site: &SitePlan, effective: &Arc<Effective>, raw: &str) -> bool {
    let mut kept = String::new();
    effective.upstream.is_some()
        && path::normalise_as(raw, EncodedSlash::Stays, &mut kept).is_ok()
        && Arc::ptr_eq(&site.settings.at(&kept), effective)
}

/// `limits/maxUrlSegments` (IIS reference §1.4).
fn segments(segments_max: u32, path: &str) -> Result<(), Refusal> {
    let segments = path.split('/').filter(|segment| !segment.is_empty()).count();
    if segments > segments_max as usize {
        return Err(SiteRefusal::new(404, 20, 0).into());
    }
    Ok(())
}
