//! A limiter with a policy at hand, and short words for asking it.

use std::sync::Arc;

use doorward_limiter::{
    Admission, Client, Counts, Decision, DenyAction, Limiter, LimiterSettings, Limits, Policy, Rate, Reason, Scope,
};

pub struct Desk {
    pub limiter: Arc<Limiter>,
    pub policy: Policy,
}

impl Desk {
    pub fn new(limits: Limits) -> Self {
        Self::sized(limits, 1000)
    }

    pub fn sized(limits: Limits, clients_max: usize) -> Self {
        let limiter = Limiter::new(LimiterSettings { clients_max, evidence_max: 100, seed: 7 });
        Self { limiter, policy: Policy { limits, ..Policy::open(Scope(1)) } }
    }

    pub fn ask(&self, address: &str, now_ms: u64) -> Admission {
        self.limiter.decide(&self.policy, &client(address), now_ms)
    }

    /// Asks and lets the request end at once; the reason of a denial.
    pub fn pass(&self, address: &str, now_ms: u64) -> Option<Reason> {
        reason(self.ask(address, now_ms).decision)
    }

    pub fn peek(&self, address: &str, now_ms: u64) -> (Option<Reason>, Counts) {
        let (decision, counts) = self.limiter.peek(&self.policy, &client(address), now_ms);
        (reason(decision), counts)
    }
}

pub fn client(address: &str) -> Client {
    Client::direct(address.parse().unwrap())
}

pub fn reason(decision: Decision) -> Option<Reason> {
    match decision {
        Decision::Allow => None,
        Decision::Deny { reason, .. } => Some(reason),
    }
}

pub fn rate(requests_max: u32, interval_ms: u32) -> Limits {
    Limits { rate: Some(Rate { requests_max, interval_ms }), ..Limits::NONE }
}

pub fn concurrent(max: u32) -> Limits {
    Limits { concurrent_max: Some(max), ..Limits::NONE }
}

pub fn deny(reason: Reason, action: DenyAction, enforced: bool) -> Decision {
    Decision::Deny { reason, action, enforced }
}
