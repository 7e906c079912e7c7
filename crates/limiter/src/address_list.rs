//! The static address list: the first matching rule in order wins, at the price of one binary search.
//!
//! Networks either nest or are disjoint. A sweep over their starts therefore needs only a stack, whose top knows
//! the earliest rule among all networks around it. The result is a sorted row of disjoint spans per family.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::address::{canonical, canonical_network};

/// One entry of the static list (IIS `ipSecurity/add`, iis.md §2.2).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct AddressRule {
    /// The addresses it is about. Host bits are ignored, IPv4-mapped networks are IPv4.
    pub network: IpNet,
    /// Let in, or denied. IIS denies when the attribute is missing.
    pub allowed: bool,
}

/// What the static list says about one address.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Screening {
    /// The first matching rule allows it: let in, and free of the dynamic limits (D5).
    Exempt,
    /// No rule matches and unlisted addresses are let in.
    Admitted,
    /// The first matching rule denies it, or no rule matches and unlisted addresses are not let in.
    Denied,
}

/// The static list, ready for lookups. Answers in logarithmic time, for 100 000 rules and more.
#[derive(Clone, Debug)]
pub struct AddressList {
    v4: Spans<u32>,
    v6: Spans<u128>,
    allow_unlisted: bool,
}

impl AddressList {
    /// A list of rules in the order IIS tests them, and what happens to addresses no rule names.
    pub fn new(rules: Vec<AddressRule>, allow_unlisted: bool) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (order, rule) in rules.into_iter().enumerate() {
            match canonical_network(rule.network) {
                IpNet::V4(net) => {
                    v4.push(Block::new((net.network().to_bits(), net.broadcast().to_bits()), order, rule.allowed));
                }
                IpNet::V6(net) => {
                    v6.push(Block::new((net.network().to_bits(), net.broadcast().to_bits()), order, rule.allowed));
                }
            }
        }
        Self { v4: Spans::new(v4), v6: Spans::new(v6), allow_unlisted }
    }

    /// The list that lets everybody in and exempts nobody.
    pub fn open() -> Self {
        Self::new(Vec::new(), true)
    }

    /// What the list says about this address.
    pub fn screen(&self, address: IpAddr) -> Screening {
        match (self.first_match(address), self.allow_unlisted) {
            (Some(true), _) => Screening::Exempt,
            (None, true) => Screening::Admitted,
            (Some(false), _) | (None, false) => Screening::Denied,
        }
    }

    /// Whether the first rule that names this address allows it; `None` when no rule names it.
    pub fn first_match(&self, address: IpAddr) -> Option<bool> {
        self.find(address).map(|verdict| verdict.allowed)
    }

    /// Whether any deny entry names this address, wherever it stands in the list.
    pub fn any_denies(&self, address: IpAddr) -> bool {
        self.find(address).is_some_and(|verdict| verdict.any_denies)
    }

    fn find(&self, address: IpAddr) -> Option<Verdict> {
        match canonical(address) {
            IpAddr::V4(v4) => self.v4.find(v4.to_bits()),
            IpAddr::V6(v6) => self.v6.find(v6.to_bits()),
        }
    }

    /// Whether addresses that no rule names are let in (IIS `allowUnlisted`).
    pub fn allows_unlisted(&self) -> bool {
        self.allow_unlisted
    }

    /// Whether the list treats all addresses alike and lets them in.
    pub fn is_open(&self) -> bool {
        self.allow_unlisted && self.v4.starts.is_empty() && self.v6.starts.is_empty()
    }
}

/// What the rules around one address say together.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
struct Verdict {
    /// The word of the first rule in order.
    allowed: bool,
    /// Whether one of them denies.
    any_denies: bool,
}

/// The addresses of one rule, both ends included.
#[derive(Copy, Clone)]
struct Block<A> {
    first: A,
    last: A,
    order: usize,
    verdict: Verdict,
}

impl<A> Block<A> {
    fn new((first, last): (A, A), order: usize, allowed: bool) -> Self {
        Self { first, last, order, verdict: Verdict { allowed, any_denies: !allowed } }
    }

    /// The same addresses with the rules around them taken into account.
    fn inside(mut self, outer: &Self) -> Self {
        self.verdict.any_denies |= outer.verdict.any_denies;
        if outer.order < self.order {
            self.order = outer.order;
            self.verdict.allowed = outer.verdict.allowed;
        }
        self
    }
}

/// Disjoint spans: span `i` reaches from `starts[i]` to the next start.
#[derive(Clone, Debug)]
struct Spans<A> {
    starts: Vec<A>,
    verdicts: Vec<Option<Verdict>>,
}

impl<A: Copy + Ord + Successor> Spans<A> {
    fn new(mut blocks: Vec<Block<A>>) -> Self {
        // Outer networks come before the ones inside them.
        blocks.sort_by(|a, b| a.first.cmp(&b.first).then(b.last.cmp(&a.last)).then(a.order.cmp(&b.order)));
        let mut spans = Self { starts: Vec::new(), verdicts: Vec::new() };
        let mut around: Vec<Block<A>> = Vec::new();
        for block in blocks {
            spans.close_before(&mut around, Some(block.first));
            let block = around.last().map_or(block, |outer| block.inside(outer));
            spans.open(block.first, Some(block.verdict));
            around.push(block);
        }
        spans.close_before(&mut around, None);
        spans
    }

    /// Ends the networks that lie wholly before `next`; what surrounds them applies again.
    fn close_before(&mut self, around: &mut Vec<Block<A>>, next: Option<A>) {
        while let Some(top) = around.last().copied() {
            if next.is_some_and(|next| top.last >= next) {
                return;
            }
            around.pop();
            if let Some(after) = top.last.successor() {
                self.open(after, around.last().map(|outer| outer.verdict));
            }
        }
    }

    /// Starts a span, replacing one that would be empty.
    fn open(&mut self, start: A, verdict: Option<Verdict>) {
        if self.starts.last() == Some(&start) {
            self.starts.pop();
            self.verdicts.pop();
        }
        if self.verdicts.last().copied().flatten() != verdict || self.verdicts.is_empty() {
            self.starts.push(start);
            self.verdicts.push(verdict);
        }
    }

    fn find(&self, address: A) -> Option<Verdict> {
        let after = self.starts.partition_point(|start| *start <= address);
        after.checked_sub(1).and_then(|span| self.verdicts[span])
    }
}

/// The next address, where there is one.
trait Successor: Sized {
    fn successor(self) -> Option<Self>;
}

impl Successor for u32 {
    fn successor(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Successor for u128 {
    fn successor(self) -> Option<Self> {
        self.checked_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rules are written `+10.0.0.0/8` (allowed) and `-10.0.0.0/8` (denied).
    fn list(rules: &str, allow_unlisted: bool) -> AddressList {
        let rule = |text: &str| AddressRule { network: text[1..].parse().unwrap(), allowed: text.starts_with('+') };
        AddressList::new(rules.split_whitespace().map(rule).collect(), allow_unlisted)
    }

    fn check(rules: &str, address: &str, expected: Screening) {
        assert_eq!(list(rules, true).screen(address.parse().unwrap()), expected, "{rules} on {address}");
    }

    fn check_closed(rules: &str, address: &str, expected: Screening) {
        assert_eq!(list(rules, false).screen(address.parse().unwrap()), expected, "{rules} on {address}");
    }

    #[test]
    fn the_first_match_in_order_wins_whatever_its_length() {
        check("-10.0.0.0/8 +10.1.0.0/16", "10.1.2.3", Screening::Denied);
        check("+10.1.0.0/16 -10.0.0.0/8", "10.1.2.3", Screening::Exempt);
        check("+10.1.0.0/16 -10.0.0.0/8", "10.2.2.3", Screening::Denied);
        check("+10.1.0.0/16 -10.0.0.0/8", "10.0.255.255", Screening::Denied);
        check("-10.0.0.0/8 +10.0.0.0/8", "10.0.0.0", Screening::Denied);
    }

    #[test]
    fn unlisted_addresses_follow_the_switch() {
        check("-10.0.0.0/8", "11.0.0.0", Screening::Admitted);
        check("", "::1", Screening::Admitted);
        check_closed("+127.0.0.1/32", "127.0.0.1", Screening::Exempt);
        check_closed("+127.0.0.1/32", "127.0.0.2", Screening::Denied);
        check_closed("+127.0.0.1/32", "::1", Screening::Denied);
    }

    #[test]
    fn host_bits_and_mapping_do_not_matter() {
        check("-192.168.100.1/16", "192.168.7.7", Screening::Denied);
        check("-192.168.100.1/16", "::ffff:192.168.7.7", Screening::Denied);
        check("-::ffff:10.0.0.0/104", "10.9.9.9", Screening::Denied);
        check("-::/0", "10.9.9.9", Screening::Admitted);
        check("-2001:db8::5/32", "2001:db8:ffff::", Screening::Denied);
    }

    #[test]
    fn both_ends_of_the_address_space_work() {
        check("-255.255.255.255/32", "255.255.255.255", Screening::Denied);
        check("-255.255.255.255/32", "255.255.255.254", Screening::Admitted);
        check("-0.0.0.0/0 +0.0.0.0/32", "255.255.255.255", Screening::Denied);
        check("-ffff::/16", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Screening::Denied);
    }

    #[test]
    fn only_the_empty_list_that_lets_in_is_open() {
        assert!(AddressList::open().is_open());
        assert!(!list("", false).is_open());
        assert!(!list("+10.0.0.0/8", true).is_open());
        assert!(!list("-2001:db8::/32", true).is_open());
    }

    #[test]
    fn a_hundred_thousand_rules_are_one_search() {
        let rule = |n: u32| AddressRule {
            network: IpNet::new(std::net::Ipv4Addr::from_bits(n << 8).into(), 24).unwrap(),
            allowed: n.is_multiple_of(2),
        };
        let list = AddressList::new((0..100_000).map(rule).collect(), true);
        assert_eq!(list.v4.starts.len(), 100_001);
        assert_eq!(list.screen("0.0.1.9".parse().unwrap()), Screening::Denied);
        assert_eq!(list.screen("0.0.2.9".parse().unwrap()), Screening::Exempt);
    }

    /// Addresses from a small corner, so that rules overlap and addresses hit them.
    fn corner() -> impl Strategy<Value = IpAddr> {
        prop_oneof![
            any::<u8>().prop_map(|n| std::net::Ipv4Addr::from_bits(u32::from(n) << 24 | u32::from(n / 3)).into()),
            any::<u8>().prop_map(|n| std::net::Ipv6Addr::from_bits(u128::from(n) << 120 | u128::from(n / 3)).into()),
        ]
    }

    fn rules() -> impl Strategy<Value = Vec<AddressRule>> {
        let rule = (corner(), 0u8..=32, any::<bool>()).prop_map(|(address, length, allowed)| AddressRule {
            network: IpNet::new(address, length).unwrap(),
            allowed,
        });
        proptest::collection::vec(rule, 0..40)
    }

    proptest! {
        #[test]
        fn agrees_with_a_plain_walk(rules in rules(), addresses in proptest::collection::vec(corner(), 50)) {
            let list = AddressList::new(rules.clone(), true);
            for address in addresses {
                let walked = rules.iter().find(|rule| rule.network.contains(&address)).map(|rule| rule.allowed);
                prop_assert_eq!(list.first_match(address), walked);
                let denied = rules.iter().any(|rule| !rule.allowed && rule.network.contains(&address));
                prop_assert_eq!(list.any_denies(address), denied);
            }
        }
    }
}
