//! May this client proceed?

use std::sync::Arc;

use doorward_limiter::{Asked, ClientSource, Decision, DenyAction, Limiter, Reason, Sample};

use crate::exchange::Exchange;
use crate::names::Named;
use crate::outcome::{Refusal, SiteRefusal};

/// Asks the limiter and keeps its permit in the exchange until the last byte is sent.
pub(crate) fn admit(limiter: &Arc<Limiter>, exchange: &mut Exchange, now_ms: u64) -> Result<(), Refusal> {
    let Some(effective) = &exchange.effective else { return Ok(()) };
    let policy = &effective.policy;
    if policy.is_open() && !limiter.has_blocks() {
        return Ok(());
    }
    let named = exchange.host_name.clone();
    let host = named.as_deref().and_then(Named::host_name);
    let asked = Asked {
        client: &exchange.client,
        host: host.as_ref(),
        method: exchange.request.method(),
        path: &exchange.path,
    };
    let admission = limiter.decide_request(policy, &asked, now_ms);
    let decision = admission.decision;
    if let Decision::Deny { .. } = decision {
        let sample = Sample {
            method: exchange.request.method(),
            path: &exchange.path,
            user_agent: exchange.request.field("User-Agent").unwrap_or_default(),
            speaks_for_others: policy.source == ClientSource::Peer && names_others(exchange),
            site_id: exchange.site.as_ref().map_or(0, |site| site.id),
        };
        limiter.note_denial(policy, &exchange.client, &admission, sample, now_ms);
    }
    let outcome = match decision {
        Decision::Deny { reason, action, enforced: true } => {
            let wait_ms = limiter.retry_after_ms(policy, (&exchange.client, &admission), now_ms);
            Err(refusal(reason, action, wait_ms))
        }
        Decision::Deny { enforced: false, .. } | Decision::Allow => Ok(()),
    };
    exchange.admission = Some(admission);
    outcome
}

/// Whether the client's name decides and is not known yet.
pub(crate) fn needs_name(exchange: &Exchange) -> bool {
    let policy = exchange.effective.as_ref().map(|effective| &effective.policy);
    policy.is_some_and(|policy| policy.needs_name(&exchange.client))
}

/// Whether the request carries a header that proxies write.
fn names_others(exchange: &Exchange) -> bool {
    ["X-Forwarded-For", "Forwarded", "Via"].iter().any(|name| exchange.request.field(name).is_some())
}

fn refusal(reason: Reason, action: DenyAction, wait_ms: u64) -> Refusal {
    match action.status() {
        Some(status) => {
            let refusal = SiteRefusal::new(status, reason.substatus(), 0);
            // For requests in progress nobody knows; a second is the least that can be said.
            let seconds = if reason == Reason::Rate { wait_ms.div_ceil(1000) } else { 1 };
            let retry_after_s = (action == DenyAction::TooManyRequests).then_some(seconds);
            SiteRefusal { reason: Some(reason), retry_after_s, ..refusal }.into()
        }
        None => Refusal::Abort(reason),
    }
}
