//! Requests that more than one set of limits holds for.
//!
//! The policy's own limits come first, then every limit whose pattern matches, in the order of the configuration. The
//! first that denies has the last word, and those behind it do not see the request. A denied request counts where it
//! was seen (D2); where denied requests do not count, it counts nowhere.

use crate::{Client, ClientKey, Counts, Decision, HostName, PatternLimit, Policy};

use super::Limiter;
use super::admission::{Admission, More};
use super::rule::Rule;

/// One request, as far as the limiter looks at it.
#[derive(Copy, Clone, Debug)]
pub struct Asked<'r> {
    /// Whom it is held against.
    pub client: &'r Client,
    /// The client's name, where [`Policy::needs_name`] asked for it.
    pub host: Option<&'r HostName<'r>>,
    /// The method.
    pub method: &'r str,
    /// The path, decoded and without its query.
    pub path: &'r str,
}

/// How a client stands at one limit with a pattern.
#[derive(Copy, Clone, Debug)]
pub struct PatternStanding<'p> {
    /// The limit.
    pub limit: &'p PatternLimit,
    /// What it would say to the next request.
    pub decision: Decision,
    /// The counts, with that request.
    pub counts: Counts,
}

impl Limiter {
    /// Decides about one request and counts it, by the policy's own limits and by those whose patterns match it.
    pub fn decide_request(&self, policy: &Policy, asked: &Asked<'_>, now_ms: u64) -> Admission {
        if policy.patterns.is_empty() {
            return self.decide_named(policy, (asked.client, asked.host), now_ms);
        }
        let matching: Vec<(usize, Rule<'_>)> = matching(policy, asked).collect();
        let key = ClientKey::new(asked.client.address, policy.ipv6_prefix_length);
        if !policy.limits.count_denied
            && !policy.logging_only
            && !self.is_settled_before(policy, asked, now_ms)
            && let Some(denied) = self.denied_beforehand(policy, (key, &matching), now_ms)
        {
            return denied;
        }
        let mut admission = self.decide_named(policy, (asked.client, asked.host), now_ms);
        for (limit, rule) in matching {
            if admission.is_final() {
                break;
            }
            let next = self.charge(rule, key, now_ms);
            admission = self.join(admission, (limit, next), key);
        }
        admission
    }

    /// How a client stands at the limits whose patterns match a request. Counts nothing; empty where something before
    /// the limits decides.
    pub fn peek_patterns<'p>(&self, policy: &'p Policy, asked: &Asked<'_>, now_ms: u64) -> Vec<PatternStanding<'p>> {
        if self.is_settled_before(policy, asked, now_ms) {
            return Vec::new();
        }
        let key = ClientKey::new(asked.client.address, policy.ipv6_prefix_length);
        let matching = policy.patterns.iter().filter(|limit| limit.pattern.matches(asked.method, asked.path));
        let standing = |limit: &'p PatternLimit| {
            let (decision, counts) = self.foresee(Rule::of_pattern(policy, limit), key, now_ms);
            PatternStanding { limit, decision, counts }
        };
        matching.map(standing).collect()
    }

    /// Whether something before the limits decides.
    fn is_settled_before(&self, policy: &Policy, asked: &Asked<'_>, now_ms: u64) -> bool {
        let settled = self.uncounted(policy, (asked.client, asked.host), now_ms);
        settled.is_some_and(|(decision, exempt)| exempt || decision != Decision::Allow)
    }

    /// The denial of a request that counts nowhere, by the first limit that would deny it.
    fn denied_beforehand(
        &self,
        policy: &Policy,
        (key, matching): (ClientKey, &[(usize, Rule<'_>)]),
        now_ms: u64,
    ) -> Option<Admission> {
        let own = (!policy.limits.is_none()).then_some((None, Rule::of(policy)));
        let rules = own.into_iter().chain(matching.iter().map(|(limit, rule)| (Some(*limit), *rule)));
        let denies = |(_, rule): &(Option<usize>, Rule<'_>)| self.foresee(*rule, key, now_ms).0 != Decision::Allow;
        let (limit, rule) = rules.into_iter().find(denies)?;
        let admission = self.charge(rule, key, now_ms);
        // Somebody else's request may have left the window in the meantime.
        (admission.decision != Decision::Allow).then(|| admission.by_limit(limit))
    }

    /// One admission out of what was decided so far and what the next limit says.
    fn join(&self, so_far: Admission, (limit, next): (usize, Admission), key: ClientKey) -> Admission {
        let verdict = (so_far.decision, next.decision);
        match verdict {
            (Decision::Allow, Decision::Deny { enforced, .. }) => {
                // What was let in before is given back, unless it proceeds after all.
                self.tally.overrule(&key, 1);
                if !enforced {
                    self.tally.add(&key, next.decision, false);
                }
                let denied = next.by_limit(Some(limit));
                if enforced { denied } else { denied.holding(so_far) }
            }
            (_, Decision::Allow) => {
                self.tally.overrule(&key, 1);
                so_far.holding(next)
            }
            (Decision::Deny { .. }, Decision::Deny { .. }) => so_far.holding(next),
        }
    }
}

fn matching<'p>(policy: &'p Policy, asked: &Asked<'_>) -> impl Iterator<Item = (usize, Rule<'p>)> {
    let limits = policy.patterns.iter().enumerate();
    let matching = limits.filter(|(_, limit)| limit.pattern.matches(asked.method, asked.path));
    matching.map(|(place, limit)| (place, Rule::of_pattern(policy, limit)))
}

impl Admission {
    fn by_limit(self, limit: Option<usize>) -> Self {
        let more = self.more.map_or_else(More::default, |more| *more);
        Self { more: Some(Box::new(More { limit, ..more })), ..self }
    }

    /// The same, holding the places of another one as well.
    fn holding(self, other: Self) -> Self {
        let mut more = self.more.unwrap_or_default();
        more.permits.push(other.permit);
        more.permits.extend(other.more.into_iter().flat_map(|other| other.permits));
        Self { more: Some(more), ..self }
    }
}
