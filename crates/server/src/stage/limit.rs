//! May this client proceed?

use std::sync::Arc;

use doorward_limiter::{Decision, DenyAction, Limiter, Reason, Sample};

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
    let admission = limiter.decide_named(policy, (&exchange.client, host.as_ref()), now_ms);
    let decision = admission.decision;
    if let Decision::Deny { .. } = decision {
        let sample = Sample {
            method: exchange.request.method(),
            path: &exchange.path,
            user_agent: exchange.request.field("User-Agent").unwrap_or_default(),
            site_id: exchange.site.as_ref().map_or(0, |site| site.id),
        };
        limiter.note_denial(policy, &exchange.client, &admission, sample, now_ms);
    }
    exchange.admission = Some(admission);
    match decision {
        Decision::Deny { reason, action, enforced: true } => Err(refusal(reason, action)),
        Decision::Deny { enforced: false, .. } | Decision::Allow => Ok(()),
    }
}

/// Whether the client's name decides and is not known yet.
pub(crate) fn needs_name(exchange: &Exchange) -> bool {
    let policy = exchange.effective.as_ref().map(|effective| &effective.policy);
    policy.is_some_and(|policy| policy.needs_name(&exchange.client))
}

fn refusal(reason: Reason, action: DenyAction) -> Refusal {
    match action.status() {
        Some(status) => {
            let refusal = SiteRefusal::new(status, reason.substatus(), 0);
            SiteRefusal { reason: Some(reason), ..refusal }.into()
        }
        None => Refusal::Abort(reason),
    }
}
