//! One set of limits that a request is held against.

use crate::table::Visit;
use crate::{ClientKey, Decision, DenyAction, Limits, PatternLimit, Policy, Reason, Scope};

/// The policy's own limits, or those of one of its patterns.
#[derive(Copy, Clone)]
pub(super) struct Rule<'p> {
    pub(super) policy: &'p Policy,
    pub(super) limits: &'p Limits,
    pub(super) scope: Scope,
    action: DenyAction,
}

impl<'p> Rule<'p> {
    /// The policy's own.
    pub(super) fn of(policy: &'p Policy) -> Self {
        Self { policy, limits: &policy.limits, scope: policy.scope, action: policy.action }
    }

    /// Those of one of its patterns.
    pub(super) fn of_pattern(policy: &'p Policy, limit: &'p PatternLimit) -> Self {
        let action = limit.action.unwrap_or(policy.action);
        Self { policy, limits: &limit.limits, scope: limit.scope, action }
    }

    /// Logging-only mode wins over every action (D18).
    pub(super) fn denied(self, reason: Reason) -> Decision {
        Decision::Deny { reason, action: self.action, enforced: !self.policy.logging_only }
    }

    pub(super) fn visit(self, key: ClientKey, now_ms: u64) -> Visit<'p> {
        Visit { key, scope: self.scope, limits: self.limits, keeps_denied: self.policy.logging_only, now_ms }
    }

    /// The larger network of a client, where such are watched.
    pub(super) fn region(self, key: ClientKey) -> Option<(ClientKey, Scope)> {
        let wider = self.policy.wider.filter(|_| !self.policy.logging_only)?;
        Some((key.widened(wider.prefix_length)?, self.scope))
    }
}
