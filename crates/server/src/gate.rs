//! What is decided before the first byte: too many connections or handshakes of one address, and D11's early abort.

use std::sync::Arc;

use doorward_limiter::{Admission, Client, Decision, DenyAction, Reason, Sample};
use doorward_plan::EarlyAbort;

use crate::connection::Connection;
use crate::downstream::End;
use crate::outcome::abort_word;

/// The words for the HTTPERR log; HTTP.sys has no such limits.
const TOO_MANY_CONNECTIONS: &str = "ConnLimit_Address";
const TOO_MANY_HANDSHAKES: &str = "HandshakeLimit_Address";

impl Connection {
    /// Resets the connection of a client who would be refused anyway; otherwise it counts from here on.
    pub(crate) fn pass_gate(&mut self) -> Result<(), End> {
        let plan = Arc::clone(&self.plan);
        if let Some(rule) =
            plan.listeners.get(&self.listener.address).and_then(|listener| listener.early_abort.as_ref())
        {
            self.abort_early(rule)?;
        }
        let shared = &self.client.worker.shared;
        let (peer, now_ms) = (self.client.ends.peer.ip(), self.client.now_ms());
        if let Some(policy) = plan.connection_limits.of_connections(peer) {
            let admission = shared.gate.decide(policy, &Client::direct(peer), now_ms);
            if admission.decision != Decision::Allow {
                return Err(self.turn_away(TOO_MANY_CONNECTIONS));
            }
            self.permit = Some(admission.permit);
        }
        if self.listener.secure
            && let Some(policy) = plan.connection_limits.of_handshakes(peer)
            && shared.gate.decide(policy, &Client::direct(peer), now_ms).decision != Decision::Allow
        {
            return Err(self.turn_away(TOO_MANY_HANDSHAKES));
        }
        Ok(())
    }

    fn turn_away(&self, reason: &str) -> End {
        let exchange = self.client.worker.exchange(self.client.ends);
        self.client.worker.error(&exchange, reason, None);
        self.client.worker.recycle(exchange);
        End::Reset
    }

    /// D11: every path of the site behind this listener would abort this client's request, so its connection is
    /// reset now and counts as one denied request.
    fn abort_early(&self, rule: &EarlyAbort) -> Result<(), End> {
        let limiter = &self.client.worker.limiter;
        let (client, now_ms) = (Client::direct(self.client.ends.peer.ip()), self.client.now_ms());
        let would_abort = |policy| {
            matches!(
                limiter.peek(policy, &client, now_ms).0,
                Decision::Deny {
                    reason: Reason::Rate | Reason::Address | Reason::Block,
                    action: DenyAction::Abort,
                    enforced: true,
                }
            )
        };
        let mut policies = rule.policies(client.peer).peekable();
        let Some(first) = policies.peek().copied() else { return Ok(()) };
        if !policies.all(would_abort) {
            return Ok(());
        }
        let admission: Admission = limiter.decide(first, &client, now_ms);
        let Decision::Deny { reason, .. } = admission.decision else { return Ok(()) };
        let sample = Sample { method: "", path: "", user_agent: b"", site_id: rule.site.id, speaks_for_others: false };
        limiter.note_denial(first, &client, &admission, sample, now_ms);
        let mut exchange = self.client.worker.exchange(self.client.ends);
        exchange.site = Some(Arc::clone(&rule.site));
        self.client.worker.error(&exchange, abort_word(reason), None);
        self.client.worker.recycle(exchange);
        Err(End::Reset)
    }
}
