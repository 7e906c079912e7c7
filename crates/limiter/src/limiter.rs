//! The limiter: policy and client in, decision and permit out.

mod admission;
mod patterns;
mod rule;

pub use self::admission::Admission;
pub use self::patterns::{Asked, PatternStanding};

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use crate::blocks::{Block, Blocks, TooManyBlocks};
use crate::by_site::{BySite, SiteDenials};
use crate::evidence::{Episodes, Evidence, Sample};
use crate::penalty::Terms;
use crate::permit::Permit;
use crate::table::{Table, Visit};
use crate::tally::Tally;
use crate::wider::Regions;
use crate::{
    Client, ClientKey, Counts, Decision, HostName, IpNet, Policy, Reason, Scope, Screening, Usage, WiderStanding, judge,
};

use self::rule::Rule;

/// An episode is listed so long after its last denial, in milliseconds, even when the client is free again.
const LISTED_MS: u64 = 60_000;

/// How much a limiter may remember. Memory is reserved at the start and used as clients come.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct LimiterSettings {
    /// Clients with counters, over all scopes. 1 000 000 by default: 86 MB when all are there, and 80 MB more for
    /// the quarter of them that may need wide counters. At least 8, at most 67 million.
    pub clients_max: usize,
    /// Denial episodes remembered. 10 000 by default, some 700 bytes each.
    pub evidence_max: usize,
    /// Secret of the hash, so that nobody can aim at one part of the table. Random in production.
    pub seed: u64,
}

/// A million clients, ten thousand episodes, and a seed that is no secret.
impl Default for LimiterSettings {
    fn default() -> Self {
        Self { clients_max: 1_000_000, evidence_max: 10_000, seed: 0 }
    }
}

/// Decides about every request of every site, from one table of fixed size. Shared by all threads.
pub struct Limiter {
    table: Arc<Table>,
    tally: Tally,
    by_site: BySite,
    episodes: Episodes,
    blocks: Blocks,
    terms: Terms,
    regions: Regions,
}

impl Limiter {
    /// A limiter that remembers nothing yet. Asks for less room when the system refuses the memory; [`Self::usage`]
    /// tells how much there is.
    pub fn new(settings: LimiterSettings) -> Arc<Self> {
        Arc::new(Self {
            table: Arc::new(Table::new(settings.clients_max, settings.seed)),
            tally: Tally::default(),
            by_site: BySite::default(),
            episodes: Episodes::new(settings.evidence_max),
            blocks: Blocks::default(),
            terms: Terms::default(),
            regions: Regions::default(),
        })
    }

    /// Blocks a network until a moment, for every site and before every rule of theirs; renews a block that is there.
    ///
    /// # Errors
    /// [`TooManyBlocks`] when ten thousand are in force.
    pub fn block(&self, block: &Block, now_ms: u64) -> Result<(), TooManyBlocks> {
        self.blocks.add(block, now_ms)
    }

    /// The blocks in force, the one that ends first first.
    pub fn blocks(&self, now_ms: u64) -> Vec<Block> {
        self.blocks.all(now_ms)
    }

    /// Removes the blocks of a network and of those inside it; returns how many. A wider block stays.
    pub fn remove_blocks(&self, network: &IpNet) -> usize {
        self.blocks.remove(network)
    }

    /// The block that strikes a client, by its own address or by its peer's.
    pub fn block_of(&self, client: &Client, now_ms: u64) -> Option<Block> {
        self.blocks.strikes(client, now_ms)
    }

    /// Whether an operator blocks anybody, so that even a policy with nothing in it has to be asked about.
    pub fn has_blocks(&self) -> bool {
        self.blocks.any()
    }

    /// Decides about one request and counts it. An operator's block comes first, then the static list, then
    /// concurrency, then the rate (D3). Static denials and exempt clients are not counted. `now_ms` may start
    /// anywhere but has to advance with the clock; threads may differ by some milliseconds.
    pub fn decide(&self, policy: &Policy, client: &Client, now_ms: u64) -> Admission {
        self.decide_named(policy, (client, None), now_ms)
    }

    /// The same about a client whose name was looked up, which [`Policy::needs_name`] asks for.
    pub fn decide_named(
        &self,
        policy: &Policy,
        (client, host): (&Client, Option<&HostName<'_>>),
        now_ms: u64,
    ) -> Admission {
        let key = ClientKey::new(client.address, policy.ipv6_prefix_length);
        let only_counts = self.only_counts(policy, host);
        if only_counts && policy.penalty.is_none() && policy.wider.is_none() {
            return self.count(policy, key, now_ms);
        }
        if !only_counts && let Some((decision, exempt)) = self.uncounted(policy, (client, host), now_ms) {
            // A denial by name is counted when it is noted, since it may also come from outside.
            if !matches!(decision, Decision::Deny { reason: Reason::HostName, .. }) {
                self.tally.add(&key, decision, exempt);
            }
            return Admission::uncounted(decision, exempt);
        }
        let admission = self.charge(Rule::of(policy), key, now_ms);
        if admission.decision != Decision::Allow {
            self.tally.add(&key, admission.decision, false);
        }
        admission
    }

    /// Judges and counts one request where its own counts alone decide.
    #[inline]
    fn count(&self, policy: &Policy, key: ClientKey, now_ms: u64) -> Admission {
        let keeps_denied = policy.logging_only;
        let entered =
            self.table.enter(&Visit { key, scope: policy.scope, limits: &policy.limits, keeps_denied, now_ms });
        let permit = Permit::new(&self.table, entered.place);
        let decision = match entered.reason {
            None => Decision::Allow,
            Some(reason) => {
                let decision = Rule::of(policy).denied(reason);
                self.tally.add(&key, decision, false);
                decision
            }
        };
        Admission { decision, counts: entered.counts, exempt: false, permit, more: None }
    }

    /// Judges and counts one request by one rule.
    fn charge(&self, rule: Rule<'_>, key: ClientKey, now_ms: u64) -> Admission {
        if self.term_left_ms(rule, key, now_ms) > 0 {
            self.terms.count_denied();
            return Admission::uncounted(rule.denied(Reason::Rate), false);
        }
        let region = rule.region(key).and_then(|region| self.regions.verdict(region, key, now_ms));
        if let Some(verdict) = region.filter(|verdict| !verdict.is_culprit || !rule.limits.count_denied) {
            self.regions.count_denied();
            return Admission::uncounted(rule.denied(verdict.reason), false).by_network(rule.region(key));
        }
        let entered = self.table.enter(&rule.visit(key, now_ms));
        let permit = Permit::new(&self.table, entered.place);
        if let Some(reason) = entered.reason {
            self.convict(rule, (key, reason), now_ms);
        } else if let Some(verdict) = region {
            // It would be free by itself, but its network is not; its own count goes on, so that it stays a culprit.
            self.regions.count_denied();
            self.tally.overrule(&key, 1);
            return Admission::uncounted(rule.denied(verdict.reason), false).by_network(rule.region(key));
        }
        let decision = entered.reason.map_or(Decision::Allow, |reason| rule.denied(reason));
        Admission { decision, counts: entered.counts, exempt: false, permit, more: None }
    }

    /// What breaking a limit leads to beyond the denial.
    fn convict(&self, rule: Rule<'_>, (key, reason): (ClientKey, Reason), now_ms: u64) {
        if let (Reason::Rate, Some(penalty), false) = (reason, rule.policy.penalty, rule.policy.logging_only) {
            self.terms.begin((key, rule.scope), penalty, now_ms);
        }
        if let (Some(region), Some(wider)) = (rule.region(key), rule.policy.wider) {
            self.regions.note(region, (key, reason), (wider, now_ms));
        }
    }

    /// Whether counting alone decides: nobody is blocked, listed or known by name.
    #[inline]
    fn only_counts(&self, policy: &Policy, host: Option<&HostName<'_>>) -> bool {
        !self.blocks.any() && host.is_none() && policy.list.is_open() && !policy.limits.is_none()
    }

    /// What the next request would get, without counting anything.
    pub fn peek(&self, policy: &Policy, client: &Client, now_ms: u64) -> (Decision, Counts) {
        if let Some((decision, _)) = self.uncounted(policy, (client, None), now_ms) {
            return (decision, Counts::default());
        }
        let key = ClientKey::new(client.address, policy.ipv6_prefix_length);
        self.foresee(Rule::of(policy), key, now_ms)
    }

    /// What one rule would say to the next request.
    fn foresee(&self, rule: Rule<'_>, key: ClientKey, now_ms: u64) -> (Decision, Counts) {
        let counts = self.table.look(&rule.visit(key, now_ms));
        if self.term_left_ms(rule, key, now_ms) > 0 {
            return (rule.denied(Reason::Rate), counts);
        }
        let by_region = || {
            let region = rule.region(key)?;
            self.regions.verdict(region, key, now_ms).map(|verdict| verdict.reason)
        };
        let reason = judge(counts, rule.limits).or_else(by_region);
        (reason.map_or(Decision::Allow, |reason| rule.denied(reason)), counts)
    }

    /// How long a client denied just now had better wait, in milliseconds: its penalty, and after too high a rate one
    /// interval of silence, which may be more than is needed but is enough. For requests in progress nobody knows.
    pub fn retry_after_ms(&self, policy: &Policy, (client, admission): (&Client, &Admission), now_ms: u64) -> u64 {
        let key = ClientKey::new(client.address, policy.ipv6_prefix_length);
        let rule = admission.limit(policy).map_or(Rule::of(policy), |limit| Rule::of_pattern(policy, limit));
        let interval_ms = rule.limits.rate.map_or(0, |rate| u64::from(rate.interval_ms));
        let network_ms = admission.network().and(policy.wider).map_or(0, |wider| wider.interval_ms);
        self.term_left_ms(rule, key, now_ms).max(interval_ms).max(network_ms)
    }

    /// What is left of the penalty of a client.
    pub fn penalty_left_ms(&self, policy: &Policy, client: &Client, now_ms: u64) -> u64 {
        self.term_left_ms(Rule::of(policy), ClientKey::new(client.address, policy.ipv6_prefix_length), now_ms)
    }

    /// How the larger IPv6 network of a client stands, where it is watched and anybody in it was over a limit lately.
    pub fn wider_standing(&self, policy: &Policy, client: &Client, now_ms: u64) -> Option<WiderStanding> {
        let key = ClientKey::new(client.address, policy.ipv6_prefix_length);
        self.regions.standing(Rule::of(policy).region(key)?, now_ms)
    }

    /// Keeps evidence of a denied or would-be denied request: call it once for each. The first of an episode is kept
    /// with its sample, the others are counted. An allowed request leaves no trace.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is what the server has at hand; a struct would be built to be taken apart"
    )]
    pub fn note_denial(
        &self,
        policy: &Policy,
        client: &Client,
        admission: &Admission,
        sample: Sample<'_>,
        now_ms: u64,
    ) {
        let Decision::Deny { reason, action, enforced } = admission.decision else { return };
        let key = ClientKey::new(client.address, policy.ipv6_prefix_length);
        if reason == Reason::HostName {
            self.tally.add(&key, admission.decision, false);
        }
        self.by_site.add(sample.site_id, reason, enforced);
        let limit = admission.limit(policy);
        self.episodes.note(
            Evidence {
                key: admission.network().unwrap_or(key),
                scope: limit.map_or(policy.scope, |limit| limit.scope),
                limit: limit.map(|limit| Arc::clone(&limit.name)),
                site_id: sample.site_id,
                reason,
                action,
                enforced,
                since_ms: now_ms,
                last_ms: now_ms,
                denied: 1,
                counts: admission.counts,
                limits: *admission.limits(policy),
                speaks_for_others: false,
                blocked_now: true,
                method: String::new(),
                path: String::new(),
                user_agent: String::new(),
            },
            &sample,
        );
    }

    /// The denial episodes that matter now, the latest denial first: clients still limited, and those denied in the
    /// last minute. A static denial counts as still in force for that minute.
    pub fn denied_clients(&self, now_ms: u64) -> Vec<Evidence> {
        let mut listed = self.episodes.all();
        listed.retain_mut(|evidence| {
            let recent = now_ms.saturating_sub(evidence.last_ms) < LISTED_MS;
            evidence.blocked_now = match evidence.reason {
                Reason::Concurrency | Reason::Rate => self.is_blocked(evidence, now_ms),
                Reason::Address | Reason::HostName => recent,
                Reason::Block => self.blocks.find(evidence.key.network().addr(), now_ms).is_some(),
            };
            evidence.blocked_now || recent
        });
        listed.sort_by_key(|evidence| Reverse((evidence.last_ms, evidence.since_ms)));
        listed
    }

    /// Forgets past requests and evidence of all clients in a network, in one scope or all. Requests in progress
    /// still count. Returns how many clients were cleared, counting one per scope.
    pub fn unblock(&self, network: IpNet, scope: Option<Scope>) -> usize {
        let network = crate::address::canonical_network(network);
        let mut cleared = 0;
        let mut forgotten: HashSet<_> = self.episodes.forget(&network, scope).into_iter().collect();
        forgotten.extend(self.terms.forget(&network, scope));
        forgotten.extend(self.regions.forget(&network, scope));
        self.table.clear(&network, scope, |key, scope| {
            cleared += 1;
            forgotten.remove(&(key, scope));
        });
        cleared + forgotten.len()
    }

    /// How full the table is and what was decided so far.
    pub fn usage(&self) -> Usage {
        let mut usage = self.table.usage();
        self.tally.add_to(&mut usage);
        usage.denied_penalty = self.terms.denied();
        usage.denied_wider = self.regions.denied();
        usage
    }

    /// The denials told through [`Self::note_denial`] by site and reason; only sites that denied anything.
    pub fn denials_by_site(&self) -> Vec<SiteDenials> {
        self.by_site.all()
    }

    /// The decision where nothing needs counting, and whether it is an exemption.
    fn uncounted(
        &self,
        policy: &Policy,
        (client, host): (&Client, Option<&HostName<'_>>),
        now_ms: u64,
    ) -> Option<(Decision, bool)> {
        if self.blocks.strikes(client, now_ms).is_some() {
            return Some((denied_statically(policy, Reason::Block), false));
        }
        let by_name = host.and_then(|host| policy.screen_name(client, host));
        let screening = match by_name {
            Some(false) => return Some((denied_statically(policy, Reason::HostName), false)),
            Some(true) => Screening::Exempt,
            None => policy.screen(client),
        };
        uncounted(policy, screening)
    }

    /// A penalty is served only where it is still configured.
    fn term_left_ms(&self, rule: Rule<'_>, key: ClientKey, now_ms: u64) -> u64 {
        let Some(_) = rule.policy.penalty else { return 0 };
        if rule.policy.logging_only { 0 } else { self.terms.left_ms((key, rule.scope), now_ms) }
    }

    fn is_blocked(&self, evidence: &Evidence, now_ms: u64) -> bool {
        let Evidence { key, scope, limits, .. } = evidence;
        let counts = self.table.look(&Visit { key: *key, scope: *scope, limits, keeps_denied: false, now_ms });
        judge(counts, limits).is_some()
            || self.terms.left_ms((*key, *scope), now_ms) > 0
            || self.regions.is_denied((*key, *scope), now_ms)
    }
}

/// The same by the static list alone.
fn uncounted(policy: &Policy, screening: Screening) -> Option<(Decision, bool)> {
    match screening {
        Screening::Denied => Some((denied_statically(policy, Reason::Address), false)),
        Screening::Exempt if policy.exempt_allowed => Some((Decision::Allow, true)),
        Screening::Exempt | Screening::Admitted => policy.limits.is_none().then_some((Decision::Allow, false)),
    }
}

fn denied_statically(policy: &Policy, reason: Reason) -> Decision {
    Decision::Deny { reason, action: policy.list_action, enforced: true }
}
