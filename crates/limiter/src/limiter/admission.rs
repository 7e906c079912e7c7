//! What was decided about one request.

use crate::permit::Permit;
use crate::{ClientKey, Counts, Decision, Limits, PatternLimit, Policy, Reason, Scope};

use super::denied_statically;

/// What was decided about one request.
#[derive(Debug)]
#[must_use = "the permit in it counts the request as in progress until dropped"]
pub struct Admission {
    /// The verdict.
    pub decision: Decision,
    /// The counts it rests on.
    pub counts: Counts,
    /// Whether an explicit allow entry freed the client from the limits (D5).
    pub exempt: bool,
    /// To be held until the last byte of the answer is sent.
    pub permit: Permit,
    /// What only some requests have.
    pub(super) more: Option<Box<More>>,
}

/// The rest of an admission.
#[derive(Debug, Default)]
pub(super) struct More {
    /// Places at the limits whose patterns matched.
    pub(super) permits: Vec<Permit>,
    /// Which of the policy's patterns had the last word.
    pub(super) limit: Option<usize>,
    /// The larger network that the client is denied for.
    pub(super) network: Option<ClientKey>,
}

impl Admission {
    /// The denial of a client by its host name, which the caller has looked up; enforced always, as all static
    /// denials are.
    pub fn denied_by_host_name(policy: &Policy) -> Self {
        Self::uncounted(denied_statically(policy, Reason::HostName), false)
    }

    /// The limit with a pattern that decided; `None` where the policy's own limits did, or nothing is limited. The
    /// policy has to be the one that was asked about.
    pub fn limit<'p>(&self, policy: &'p Policy) -> Option<&'p PatternLimit> {
        policy.patterns.get(self.more.as_ref()?.limit?)
    }

    /// The limits that decided, to which the counts belong.
    pub fn limits<'p>(&self, policy: &'p Policy) -> &'p Limits {
        self.limit(policy).map_or(&policy.limits, |limit| &limit.limits)
    }

    /// Whether another request of this client might be denied because this one is in progress. Where limits with patterns
    /// count it, it always might.
    pub fn takes_last_place(&self, policy: &Policy) -> bool {
        let by_pattern = self.more.as_ref().is_some_and(|more| !more.permits.is_empty());
        let by_count = || policy.limits.concurrent_max.is_some_and(|most| self.counts.in_progress >= most);
        by_pattern || (self.permit.is_held() && by_count())
    }

    /// The larger network that the client is denied for.
    pub fn network(&self) -> Option<ClientKey> {
        self.more.as_ref()?.network
    }

    /// The answer has begun and goes on for as long as both sides like: an upgraded connection or an event stream. It gives
    /// its places back now where the policy does not count such.
    pub fn live_long(&mut self, policy: &Policy) {
        if !policy.counts_long_lived {
            self.give_back();
        }
    }

    /// The request is no longer in progress; what was decided about it stays known.
    pub fn give_back(&mut self) {
        self.permit = Permit::empty();
        if let Some(more) = &mut self.more {
            more.permits.clear();
        }
    }

    pub(super) fn uncounted(decision: Decision, exempt: bool) -> Self {
        Self { decision, counts: Counts::default(), exempt, permit: Permit::empty(), more: None }
    }

    /// The same, held against a network.
    pub(super) fn by_network(self, region: Option<(ClientKey, Scope)>) -> Self {
        let more =
            More { network: region.map(|(network, _)| network), ..self.more.map_or_else(More::default, |more| *more) };
        Self { more: Some(Box::new(more)), ..self }
    }

    /// Whether the request does not proceed.
    pub(super) fn is_final(&self) -> bool {
        self.exempt || matches!(self.decision, Decision::Deny { enforced: true, .. })
    }
}
