//! From the two security sections and our own to a limiter policy.

use std::sync::Arc;

use crate::effective::Denial;

use doorward_config::{DynamicIpSecurity, IpSecurity, LimitAction, LimiterSection, ListFile, MatchLimit, Settings};
use doorward_limiter::{
    AddressList, AddressRule, ClientSource, DenyAction, ForwardedHeader, ForwardedRule, Limits, NameRule, PatternLimit,
    Penalty, Policy, Rate, RequestPattern, Scope, Trust, Wider,
};

/// The policy that `settings` ask for. `scope` hands out the place of counters: of the policy's own with no name, and
/// of each limit with a pattern, by the level it is written at and its name.
pub(crate) fn policy(
    settings: &Settings,
    list_file: Option<&ListFile>,
    mut scope: impl FnMut(&str, Option<&str>) -> Scope,
) -> Policy {
    let dynamic = &settings.dynamic_ip_security;
    let own = &settings.limiter;
    Policy {
        list: address_list(&settings.ip_security, list_file),
        names: name_rules(&settings.ip_security),
        list_action: action(settings.ip_security.deny_action),
        limits: limits(dynamic, own),
        patterns: own
            .limits
            .iter()
            .map(|limit| pattern_limit(limit, own, scope(&limit.level, Some(&limit.name))))
            .collect(),
        action: if own.too_many_requests { DenyAction::TooManyRequests } else { action(dynamic.deny_action) },
        penalty: penalty(own),
        wider: wider(own),
        logging_only: dynamic.enable_logging_only_mode,
        exempt_allowed: own.exempt_allowed,
        counts_long_lived: own.count_long_lived,
        ipv6_prefix_length: own.ipv6_prefix_length,
        scope: scope(&dynamic.limits_path, None),
        source: source(settings),
    }
}

/// Entries that name a host are left out: they need a lookup, and stand in [`name_rules`]. A list file is
/// tested after the entries, so that one of them can let an address of the list in.
fn address_list(section: &IpSecurity, list_file: Option<&ListFile>) -> AddressList {
    let denied = list_file.into_iter().flat_map(|file| &file.entries);
    let denied = denied.map(|(network, _)| AddressRule { network: *network, allowed: false });
    let rules = section.entries.iter().filter_map(|entry| {
        let network = entry.network?;
        Some(AddressRule { network, allowed: entry.allowed })
    });
    AddressList::new(rules.chain(denied).collect(), section.allow_unlisted)
}

/// The entries that name hosts, each with the address entries before it (D26).
fn name_rules(section: &IpSecurity) -> Vec<NameRule> {
    let mut rules = Vec::new();
    if !section.enable_reverse_dns {
        return rules;
    }
    let mut before: Option<(usize, Arc<AddressList>)> = None;
    for (order, entry) in section.entries.iter().enumerate().filter(|(_, entry)| entry.network.is_none()) {
        let addresses = section.entries[..order]
            .iter()
            .filter_map(|entry| entry.network.map(|network| AddressRule { network, allowed: entry.allowed }));
        let addresses: Vec<AddressRule> = addresses.collect();
        // Names mostly stand together: they share the list before them.
        let shared = match &before {
            Some((count, list)) if *count == addresses.len() => Arc::clone(list),
            Some(_) | None => Arc::new(AddressList::new(addresses.clone(), true)),
        };
        before = Some((addresses.len(), Arc::clone(&shared)));
        rules.push(NameRule { pattern: entry.domain_name.clone(), allowed: entry.allowed, before: shared });
    }
    rules
}

fn penalty(own: &LimiterSection) -> Option<Penalty> {
    let ms = |seconds: u32| u64::from(seconds) * 1000;
    let first_ms = ms(own.penalty_seconds);
    (first_ms > 0).then(|| Penalty { first_ms, max_ms: ms(own.penalty_seconds_max) })
}

fn wider(own: &LimiterSection) -> Option<Wider> {
    let interval_ms = u64::from(own.ipv6_wider_seconds) * 1000;
    let wider = Wider { prefix_length: own.ipv6_wider_prefix_length, clients: own.ipv6_wider_clients, interval_ms };
    (wider.clients > 0).then_some(wider)
}

fn pattern_limit(limit: &MatchLimit, own: &LimiterSection, scope: Scope) -> PatternLimit {
    let rate = Rate { requests_max: limit.max_requests, interval_ms: limit.interval_ms };
    PatternLimit {
        name: limit.name.as_str().into(),
        pattern: RequestPattern { methods: limit.methods.clone(), path: limit.path.clone() },
        limits: Limits {
            concurrent_max: (limit.max_concurrent > 0).then_some(limit.max_concurrent),
            rate: (limit.max_requests > 0).then_some(rate),
            count_denied: own.count_denied,
        },
        action: match limit.deny_action {
            LimitAction::Inherit => None,
            LimitAction::Like(like) => Some(action(like)),
            LimitAction::TooManyRequests => Some(DenyAction::TooManyRequests),
        },
        scope,
    }
}

/// What a denied client gets beside the status.
pub(crate) fn denial(own: &LimiterSection) -> Denial {
    Denial { rate_limit_fields: own.rate_limit_fields, tarpit_ms: own.tarpit_ms.into() }
}

fn limits(section: &DynamicIpSecurity, own: &LimiterSection) -> Limits {
    let rate = Rate { requests_max: section.rate.max_requests, interval_ms: section.rate.interval_ms };
    Limits {
        concurrent_max: section.concurrent.enabled.then_some(section.concurrent.max),
        rate: section.rate.enabled.then_some(rate),
        count_denied: own.count_denied,
    }
}

fn action(configured: doorward_config::DenyAction) -> DenyAction {
    match configured {
        doorward_config::DenyAction::AbortRequest => DenyAction::Abort,
        doorward_config::DenyAction::Unauthorized => DenyAction::Unauthorized,
        doorward_config::DenyAction::Forbidden => DenyAction::Forbidden,
        doorward_config::DenyAction::NotFound => DenyAction::NotFound,
    }
}

/// Either section's `enableProxyMode` turns to the forwarded address; D8 says whom it believes.
fn source(settings: &Settings) -> ClientSource {
    if !settings.dynamic_ip_security.enable_proxy_mode && !settings.ip_security.enable_proxy_mode {
        return ClientSource::Peer;
    }
    let own = &settings.limiter;
    let trust = match &own.trusted_proxies {
        _ if own.trust_any_proxy => Trust::AnyProxy,
        Some(networks) => Trust::Listed(networks.clone()),
        None => Trust::Implicit,
    };
    let header = if own.client_header.eq_ignore_ascii_case("X-Forwarded-For") {
        ForwardedHeader::XForwardedFor
    } else if own.client_header.eq_ignore_ascii_case("Forwarded") {
        ForwardedHeader::Forwarded
    } else {
        ForwardedHeader::Other(own.client_header.clone())
    };
    ClientSource::Forwarded(ForwardedRule { header, trust })
}
