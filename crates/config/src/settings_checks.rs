//! What is to be said about the effective settings of each level that sets something.

use crate::configuration::Configuration;
use crate::diagnostic::{Complaint, Findings, Severity};
use crate::hierarchy::Level;

const IP_SECURITY: &str = "system.webServer/security/ipSecurity";
const PROXY_MODE: [&str; 2] = [IP_SECURITY, "system.webServer/security/dynamicIpSecurity"];

/// Looks at every level.
pub(crate) fn check(configuration: &Configuration, findings: &mut Findings) {
    for level in configuration.hierarchy.levels.values() {
        findings.within(level.owner(), |findings| {
            check_static_list(configuration, level, findings);
            check_proxy_trust(configuration, level, findings);
            check_proxy_protocol(level, findings);
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

/// A connection is for a site as a whole, so that a path cannot ask for the PROXY protocol.
fn check_proxy_protocol(level: &Level, findings: &mut Findings) {
    let deeper = level.path.contains('/');
    if let Some(layer) = level.layers.get("doorward/proxyProtocol").filter(|_| deeper) {
        let message = "proxyProtocol below a site has no effect: who connects is settled before the path is known";
        let hint = "write it into the location of the site";
        findings.warning(&layer.declared.origin, Complaint::new("unused", message).hint(hint));
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
