//! What is to be said about the effective settings of each level that sets something.

use crate::configuration::Configuration;
use crate::diagnostic::{Complaint, Findings, Severity};
use crate::hierarchy::{Level, Place, below};
use crate::schema::idle_attributes;
use crate::settings::HttpRedirect;

const IP_SECURITY: &str = "system.webServer/security/ipSecurity";
const DYNAMIC: &str = "system.webServer/security/dynamicIpSecurity";
const OWN: &str = "doorward/limiter";
const REDIRECT: &str = "system.webServer/httpRedirect";
const PROXY_MODE: [&str; 2] = [IP_SECURITY, DYNAMIC];

/// Looks at every level.
pub(crate) fn check(configuration: &Configuration, findings: &mut Findings) {
    for level in configuration.hierarchy.levels.values() {
        findings.within(level.owner(), |findings| {
            check_static_list(configuration, level, findings);
            check_proxy_trust(configuration, level, findings);
            check_proxy_protocol(level, findings);
            check_limits(configuration, level, findings);
            check_effects(level, findings);
            check_redirect(configuration, level, findings);
        });
    }
    check_built_in(configuration, findings);
}

fn check_static_list(configuration: &Configuration, level: &Level, findings: &mut Findings) {
    let Some(layer) = level.layers.get(IP_SECURITY) else { return };
    let list = configuration.hierarchy.ip_security(level.place());
    if !list.allow_unlisted && !list.entries.iter().any(|entry| entry.allowed) {
        let message = "allowUnlisted is false and no entry is allowed: nobody is let in, not even this machine";
        let hint = "add <add ipAddress=\"127.0.0.1\" allowed=\"true\"/>";
        findings.warning(&layer.declared.origin, Complaint::new("lockout", message).hint(hint));
    }
    if !list.enable_reverse_dns
        && let Some(entry) = list.entries.iter().find(|entry| !entry.domain_name.is_empty())
    {
        let message = format!("the rule for '{}' never matches while enableReverseDns is false", entry.domain_name);
        findings.note(&entry.origin, Complaint::new("unused", message).hint("set enableReverseDns=\"true\""));
    }
}

/// Whom proxy mode believes (decision D8).
fn check_proxy_trust(configuration: &Configuration, level: &Level, findings: &mut Findings) {
    let sections = PROXY_MODE.iter().filter_map(|section| level.layers.get(section));
    let Some(layer) = sections.map(|layer| &layer.declared).find(|declared| {
        declared.setting("enableProxyMode").is_some_and(|setting| setting.text.eq_ignore_ascii_case("true"))
    }) else {
        return;
    };
    let limiter = configuration.hierarchy.limiter(level.place());
    if limiter.trust_any_proxy {
        let message = "proxy mode believes any client's own word about its address (trustAnyProxy)";
        let hint = "name your proxies in <doorward><limiter trustedProxies=\"…\"/>";
        findings.warning(&layer.origin, Complaint::new("proxy", message).hint(hint));
    } else if limiter.trusted_proxies.is_none() {
        let message = "proxy mode without trustedProxies believes a private or loopback peer for one hop";
        let hint = "name your proxies in <doorward><limiter trustedProxies=\"…\"/>";
        findings.note(&layer.origin, Complaint::new("proxy", message).hint(hint));
    }
}

/// Connections a browser opens to one host at once over HTTP/1.1; over HTTP/2 it sends some hundred requests at once.
const BROWSER_CONNECTIONS: u32 = 6;

/// Limits that a person with a browser meets, and numbers that cannot be told to clients.
fn check_limits(configuration: &Configuration, level: &Level, findings: &mut Findings) {
    let dynamic = configuration.hierarchy.dynamic_ip_security(level.place());
    let sets = |section: &str| level.layers.get(section).map(|layer| &layer.declared.origin);
    if let Some(origin) = sets(DYNAMIC) {
        if dynamic.concurrent.enabled && dynamic.concurrent.max < BROWSER_CONNECTIONS {
            let max = dynamic.concurrent.max;
            let message = format!(
                "a browser opens {BROWSER_CONNECTIONS} connections at once, and {max} requests of one client may be in \
                 progress: pages will miss parts of themselves"
            );
            let hint = "20 or more does not meet browsers over HTTP/1.1, 100 or more over HTTP/2";
            let origin = dynamic.concurrent.origin.as_ref().unwrap_or(origin);
            findings.warning(origin, Complaint::new("limit", message).hint(hint));
        }
        if dynamic.rate.enabled && dynamic.rate.max_requests < BROWSER_CONNECTIONS {
            let (max, interval_ms) = (dynamic.rate.max_requests, dynamic.rate.interval_ms);
            let message = format!("{max} requests in {interval_ms} ms are fewer than one page with its parts needs");
            let hint = "`doorward limits clients` shows who is denied; enableLoggingOnlyMode tries a limit out";
            findings
                .warning(dynamic.rate.origin.as_ref().unwrap_or(origin), Complaint::new("limit", message).hint(hint));
        }
    }
    let own = configuration.hierarchy.limiter(level.place());
    let told = own.rate_limit_fields && dynamic.rate.enabled;
    if let Some(origin) = sets(DYNAMIC).or_else(|| sets(OWN)).filter(|_| told)
        && !dynamic.rate.interval_ms.is_multiple_of(1000)
    {
        let message =
            format!("RateLimit fields count in seconds: an interval of {} ms is left out", dynamic.rate.interval_ms);
        let hint = "write a requestIntervalInMilliseconds of whole seconds";
        findings.note(origin, Complaint::new("limit", message).hint(hint));
    }
    if let Some(origin) =
        sets(OWN).filter(|_| own.ipv6_wider_clients > 0 && own.ipv6_wider_prefix_length >= own.ipv6_prefix_length)
    {
        let message = format!(
            "ipv6WiderPrefixLength {} is no wider than ipv6PrefixLength {}: no larger network is ever denied",
            own.ipv6_wider_prefix_length, own.ipv6_prefix_length
        );
        findings.warning(origin, Complaint::new("range", message).hint("write a smaller ipv6WiderPrefixLength"));
    }
    if let Some(origin) = sets(OWN).filter(|_| own.penalty_seconds > own.penalty_seconds_max) {
        let message = format!(
            "penaltySeconds {} is longer than penaltySecondsMax {}: every term has the first one's length",
            own.penalty_seconds, own.penalty_seconds_max
        );
        findings.warning(origin, Complaint::new("range", message).hint("write a larger penaltySecondsMax"));
    }
}

/// A connection is for a site as a whole, so that a path cannot ask for the PROXY protocol.
fn check_proxy_protocol(level: &Level, findings: &mut Findings) {
    let deeper = level.path.contains('/');
    if let Some(layer) = level.layers.get("doorward/proxyProtocol").filter(|_| deeper) {
        let message = "proxyProtocol below a site has no effect: who connects is settled before the path is known";
        let hint = "write it into the location of the site";
        findings.warning(&layer.declared.origin, Complaint::new("unused", message).hint(hint));
    }
}

/// A redirect to a path that is redirected in the same way comes back to it for ever. What folders' own files say of that
/// path is not known here.
fn check_redirect(configuration: &Configuration, level: &Level, findings: &mut Findings) {
    let Some(layer) = level.layers.get(REDIRECT) else { return };
    let redirect = |place: Place<'_>| configuration.hierarchy.at(place).view(REDIRECT, HttpRedirect::read);
    let own = redirect(level.place());
    let text = own.destination.text.as_str();
    let is_local = text.starts_with('/') && !text.starts_with("//") && !text.contains('$');
    if !own.enabled || !is_local {
        return;
    }
    let Place { site, path, .. } = level.place();
    let (from, to) = (path.trim_matches('/').to_lowercase(), text.trim_matches('/').to_lowercase());
    let lies_below = below(&to, &from).is_some() || from.is_empty();
    let is_there = redirect(Place::of(site, &to));
    if lies_below && !(own.child_only && to != from) && is_there.enabled && is_there.destination == own.destination {
        let message =
            format!("the redirect to '{text}' leads to itself: what lies there is redirected in the same way");
        let hint = "name another host, or a path outside, or switch it off at that path";
        findings.warning(&layer.declared.origin, Complaint::new("loop", message).hint(hint));
    }
}

/// Values that IIS acts on and this program does not.
fn check_effects(level: &Level, findings: &mut Findings) {
    for (section, layer) in &level.layers {
        for name in idle_attributes(section) {
            if let Some(setting) = layer.declared.setting(name) {
                let message = format!("'{name}' of {section} is kept and has no effect here");
                findings.note(&setting.origin, Complaint::new("unused", message));
            }
        }
    }
}

/// Says where the built-in lists stand in for the file's.
fn check_built_in(configuration: &Configuration, findings: &mut Findings) {
    let server = configuration.hierarchy.levels.get("");
    let fills = |section: &str| {
        server.and_then(|level| level.layers.get(section)).is_some_and(|layer| {
            layer.declared.fills_collection()
                || layer.declared.children.iter().any(crate::reader::Declared::fills_collection)
        })
    };
    for (section, what) in
        [("system.webServer/staticContent", "media types"), ("system.webServer/defaultDocument", "default documents")]
    {
        if !fills(section) {
            let message = format!("{section} lists no {what} for the server; the built-in list applies");
            findings.add(Severity::Note, None, Complaint::new("builtin", message));
        }
    }
}
