//! The limiter's rules at one path.

use crate::host_name;
use crate::{
    AddressList, Client, ClientSource, DenyAction, HostName, Limits, NameRule, PatternLimit, Penalty, Scope, Screening,
    Wider,
};

/// The limiter's rules at one path: what the server asks [`crate::Limiter::decide`] about.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The static address list (IIS `ipSecurity`).
    pub list: AddressList,
    /// The entries of the list that name hosts, in their order. Empty unless names are to be looked up.
    pub names: Vec<NameRule>,
    /// What a client denied by the list gets.
    pub list_action: DenyAction,
    /// The dynamic limits (IIS `dynamicIpSecurity`).
    pub limits: Limits,
    /// Limits for some requests only, in the order in which they are tested, after [`Self::limits`].
    pub patterns: Vec<PatternLimit>,
    /// What a client over a limit gets.
    pub action: DenyAction,
    /// Decide about the dynamic limits, but let everybody through (IIS `enableLoggingOnlyMode`). Wins over every
    /// action (D18) and does not touch the static list.
    pub logging_only: bool,
    /// How long a client over the rate is kept out beyond the window; not at all without it. Enforced limits only.
    pub penalty: Option<Penalty>,
    /// When a larger IPv6 network is denied for what several clients in it did; never without it. Enforced limits only.
    pub wider: Option<Wider>,
    /// Whether an explicit allow entry exempts from the dynamic limits (D5). On by default.
    pub exempt_allowed: bool,
    /// Whether an upgraded connection or an event stream counts as in progress until it ends, or only until its answer has
    /// begun. On by default.
    pub counts_long_lived: bool,
    /// How many leading bits of an IPv6 address make one client (D10). 64 by default, 128 is IIS's way.
    pub ipv6_prefix_length: u8,
    /// Where the counters belong.
    pub scope: Scope,
    /// How the client is found.
    pub source: ClientSource,
}

impl Policy {
    /// The policy that denies nobody and counts nothing.
    pub fn open(scope: Scope) -> Self {
        Self {
            list: AddressList::open(),
            names: Vec::new(),
            list_action: DenyAction::Forbidden,
            limits: Limits::NONE,
            patterns: Vec::new(),
            action: DenyAction::Forbidden,
            logging_only: false,
            penalty: None,
            wider: None,
            exempt_allowed: true,
            counts_long_lived: true,
            ipv6_prefix_length: 64,
            scope,
            source: ClientSource::Peer,
        }
    }

    /// Whether there is nothing to decide: no list and no limits.
    pub fn is_open(&self) -> bool {
        self.list.is_open() && self.names.is_empty() && self.limits.is_none() && self.patterns.is_empty()
    }

    /// Whether the name of this client has to be known before [`crate::Limiter::decide_named`] is asked.
    pub fn needs_name(&self, client: &Client) -> bool {
        !self.names.is_empty() && !self.denies_peer(client) && host_name::matter(&self.names, client)
    }

    /// What the entries that name hosts say about a client: allowed, denied, or nothing.
    pub fn screen_name(&self, client: &Client, host: &HostName<'_>) -> Option<bool> {
        if self.denies_peer(client) { None } else { host_name::first_match(&self.names, client, host) }
    }

    fn denies_peer(&self, client: &Client) -> bool {
        client.peer != client.address && self.list.first_match(client.peer) == Some(false)
    }

    /// What the static list says about a client, names left out. Deny entries count for the peer and the client; being let in and
    /// being exempt need the client's address, found in a way somebody vouches for (D9).
    pub fn screen(&self, client: &Client) -> Screening {
        if self.list.is_open() {
            return Screening::Admitted;
        }
        if self.denies_peer(client) {
            return Screening::Denied;
        }
        if client.may_be_admitted() {
            return self.list.screen(client.address);
        }
        // No allow entry speaks for this address, so that the deny entries after it count as well.
        let is_denied = !self.list.allows_unlisted() || self.list.any_denies(client.address);
        if is_denied { Screening::Denied } else { Screening::Admitted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AddressRule, Rate, RequestPattern, Via};

    fn check(rules: &str, allow_unlisted: bool, client: (&str, &str, Via), expected: Screening) {
        let rule = |text: &str| AddressRule { network: text[1..].parse().unwrap(), allowed: text.starts_with('+') };
        let list = AddressList::new(rules.split_whitespace().map(rule).collect(), allow_unlisted);
        let policy = Policy { list, ..Policy::open(Scope(1)) };
        let client = Client { peer: client.0.parse().unwrap(), address: client.1.parse().unwrap(), via: client.2 };
        assert_eq!(policy.screen(&client), expected, "{rules} {allow_unlisted} {client:?}");
    }

    #[test]
    fn deny_entries_count_for_peer_and_client() {
        check("-6.6.6.6/32", true, ("6.6.6.6", "1.1.1.1", Via::Listed), Screening::Denied);
        check("-6.6.6.6/32", true, ("10.0.0.1", "6.6.6.6", Via::Listed), Screening::Denied);
        check("-6.6.6.6/32", true, ("10.0.0.1", "1.1.1.1", Via::Listed), Screening::Admitted);
    }

    #[test]
    fn admission_needs_the_client_not_the_peer() {
        check("+10.0.0.1/32", false, ("10.0.0.1", "1.1.1.1", Via::Listed), Screening::Denied);
        check("+1.1.1.1/32", false, ("10.0.0.1", "1.1.1.1", Via::Listed), Screening::Exempt);
    }

    #[test]
    fn a_header_nobody_vouches_for_neither_admits_nor_exempts() {
        for via in [Via::Implicit, Via::AnyProxy] {
            check("+1.1.1.1/32", false, ("10.0.0.1", "1.1.1.1", via), Screening::Denied);
            check("+1.1.1.1/32", true, ("10.0.0.1", "1.1.1.1", via), Screening::Admitted);
            check("-6.6.6.6/32", true, ("10.0.0.1", "6.6.6.6", via), Screening::Denied);
            check("+1.1.1.1/32 -1.0.0.0/8", true, ("10.0.0.1", "1.1.1.1", via), Screening::Denied);
        }
    }

    /// A policy that lets `good.test` in before it denies 10.0.0.0/8; what it asks and says about a client.
    fn check_name((peer, address): (&str, &str), needs: bool, said: Option<bool>) {
        let rule = AddressRule { network: "10.0.0.0/8".parse().unwrap(), allowed: false };
        let name = NameRule { pattern: "good.test".to_owned(), allowed: true, before: AddressList::open().into() };
        let list = AddressList::new(vec![rule], true);
        let policy = Policy { list, names: vec![name], ..Policy::open(Scope(1)) };
        let client = Client { peer: peer.parse().unwrap(), address: address.parse().unwrap(), via: Via::Listed };
        let host = HostName { name: "good.test", confirmed: true };
        assert_eq!((policy.needs_name(&client), policy.screen_name(&client, &host)), (needs, said), "{client:?}");
    }

    #[test]
    fn a_name_speaks_unless_the_peer_is_denied_for_itself() {
        check_name(("10.0.0.1", "10.0.0.1"), true, Some(true));
        check_name(("192.0.2.1", "10.0.0.1"), true, Some(true));
        check_name(("10.0.0.1", "192.0.2.1"), false, None);
    }

    #[test]
    fn a_policy_with_names_is_not_open() {
        let name = NameRule { pattern: "x.test".to_owned(), allowed: false, before: AddressList::open().into() };
        assert!(!Policy { names: vec![name], ..Policy::open(Scope(1)) }.is_open());
    }

    #[test]
    fn a_policy_with_patterns_is_not_open() {
        let limit = PatternLimit {
            name: "x".into(),
            pattern: RequestPattern::default(),
            limits: Limits::NONE,
            action: None,
            scope: Scope(2),
        };
        assert!(!Policy { patterns: vec![limit], ..Policy::open(Scope(1)) }.is_open());
    }

    #[test]
    fn only_a_policy_without_list_and_limits_is_open() {
        let open = Policy::open(Scope(1));
        assert!(open.is_open());
        let rate = Some(Rate { requests_max: 1, interval_ms: 1 });
        assert!(!Policy { limits: Limits { rate, ..Limits::NONE }, ..open.clone() }.is_open());
        assert!(!Policy { list: AddressList::new(Vec::new(), false), ..open }.is_open());
    }
}
