//! What holds before a request: limits on connections and handshakes, and D11's abort before the first byte.

use std::net::IpAddr;
use std::sync::Arc;

use doorward_config::Configuration;
use doorward_limiter::{ClientSource, DenyAction, IpNet, Limits, Policy, Rate, Scope, Trust, canonical};

use crate::effective::Effective;
use crate::site::SitePlan;

/// Connections at a time that a public address may hold where nothing is written. A browser opens six a site, a large
/// office behind one address some hundreds.
const CONNECTIONS_DEFAULT: u32 = 2_000;
/// Handshakes per second of a public address where nothing is written: a fraction of what a core can do.
const HANDSHAKES_DEFAULT: u32 = 200;

/// Limits of one address over all listeners, from the server's own `limiter` element.
#[derive(Debug)]
pub struct ConnectionLimits {
    connections: Bound,
    handshakes: Bound,
    /// They stand for many clients.
    trusted: Vec<IpNet>,
}

#[derive(Debug)]
struct Bound {
    policy: Policy,
    /// What is written holds for everybody; the defaults hold for public addresses, behind which no proxy of one's own
    /// stands.
    public_only: bool,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        let none = |scope| Bound { policy: Policy::open(scope), public_only: true };
        Self { connections: none(Scope(0)), handshakes: none(Scope(1)), trusted: Vec::new() }
    }
}

impl ConnectionLimits {
    pub(crate) fn of(configuration: &Configuration) -> Self {
        let section = configuration.settings_at("", "/").limiter;
        let connections = section.connections_per_address.unwrap_or(CONNECTIONS_DEFAULT);
        let handshakes = section.handshakes_per_second.unwrap_or(HANDSHAKES_DEFAULT);
        let rate = Rate { requests_max: handshakes, interval_ms: 1000 };
        let bound = |scope, limits, written: Option<u32>| Bound {
            policy: Policy {
                limits,
                action: DenyAction::Abort,
                ipv6_prefix_length: section.ipv6_prefix_length,
                ..Policy::open(scope)
            },
            public_only: written.is_none(),
        };
        let connections = Limits { concurrent_max: (connections > 0).then_some(connections), ..Limits::NONE };
        // Those turned away do not count, so that an office behind one address is slowed down and not locked out.
        let rate = (handshakes > 0).then_some(rate);
        let handshakes = Limits { rate, count_denied: false, ..Limits::NONE };
        Self {
            connections: bound(Scope(0), connections, section.connections_per_address),
            handshakes: bound(Scope(1), handshakes, section.handshakes_per_second),
            trusted: section.trusted_proxies.clone().unwrap_or_default(),
        }
    }

    /// What limits this peer's connections at a time.
    pub fn of_connections(&self, peer: IpAddr) -> Option<&Policy> {
        self.bound(&self.connections, peer)
    }

    /// What limits this peer's handshakes.
    pub fn of_handshakes(&self, peer: IpAddr) -> Option<&Policy> {
        self.bound(&self.handshakes, peer)
    }

    fn bound<'b>(&self, bound: &'b Bound, peer: IpAddr) -> Option<&'b Policy> {
        let peer = canonical(peer);
        let spared = bound.policy.limits.is_none()
            || (bound.public_only && !is_public(peer))
            || self.trusted.iter().any(|network| network.contains(&peer));
        (!spared).then_some(&bound.policy)
    }
}

/// An address that belongs to nobody's own network.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !(v4.is_loopback() || v4.is_private() || v4.is_link_local()),
        IpAddr::V6(v6) => !(v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()),
    }
}

/// The rule by which a listener resets connections before their first byte (D11): every path of its one site would
/// abort the request.
#[derive(Clone, Debug)]
pub struct EarlyAbort {
    /// The site behind the listener.
    pub site: Arc<SitePlan>,
    /// The settings of each of its paths.
    levels: Vec<Arc<Effective>>,
}

impl EarlyAbort {
    /// The rule for these sites, where there can be one: a single site, one scope, and enforced aborts everywhere.
    pub(crate) fn of(sites: &[&Arc<SitePlan>]) -> Option<Self> {
        let [site] = sites else { return None };
        let levels = site.settings.all()?;
        let scope = levels.first()?.policy.scope;
        let by_list = |policy: &Policy| policy.list_action == DenyAction::Abort && !policy.list.is_open();
        let by_rate = |policy: &Policy| {
            policy.action == DenyAction::Abort && !policy.logging_only && policy.limits.rate.is_some()
        };
        // Who is looked up by name, or is held back first, has to be let in for it.
        let at_once = |level: &Effective| level.policy.names.is_empty() && level.denial.tarpit_ms == 0;
        let aborts = |policy: &Policy| policy.scope == scope && (by_list(policy) || by_rate(policy));
        let rule = levels.iter().all(|level| at_once(level) && aborts(&level.policy));
        rule.then(|| Self { site: Arc::clone(site), levels })
    }

    /// The policies that all have to deny this peer by themselves; none where it may speak for others.
    pub fn policies(&self, peer: IpAddr) -> impl Iterator<Item = &Policy> {
        let peer = canonical(peer);
        let speaks_for_itself = self.levels.iter().all(|level| match &level.policy.source {
            ClientSource::Peer => true,
            ClientSource::Forwarded(rule) => match &rule.trust {
                Trust::Listed(networks) => !networks.iter().any(|network| network.contains(&peer)),
                Trust::Implicit | Trust::AnyProxy => false,
            },
        });
        self.levels.iter().filter(move |_| speaks_for_itself).map(|level| &level.policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Inputs, Plan, Scopes, build};
    use doorward_config::{Home, load_text};
    use std::collections::BTreeMap;
    use std::path::Path;

    /// A site on 127.0.0.2:80 with this `system.webServer` at the server's level, this limiter, and these locations.
    fn planned(server: &str, limiter: &str, locations: &str) -> Plan {
        let text = format!(
            r#"<configuration><system.applicationHost><sites><site name="a" id="1">
                <application path="/"><virtualDirectory path="/" physicalPath="/srv"/></application>
                <bindings><binding protocol="http" bindingInformation="127.0.0.2:80:"/></bindings>
            </site></sites></system.applicationHost>
            <system.webServer><security>{server}</security></system.webServer>
            <doorward>{limiter}</doorward>{locations}</configuration>"#
        );
        let home = Home::under(Path::new("/d"));
        let configuration = load_text(&text, Path::new("a"), None, &home).unwrap();
        let inputs = Inputs {
            configuration: &configuration,
            wishes: &BTreeMap::new(),
            home_logs: &home.logs,
            home_certificates: &home.certificates,
            folders: None,
            present: &Plan::default(),
        };
        build(&inputs, &mut Scopes::default())
    }

    fn check_limits(limiter: &str, peer: &str, expected: (Option<u32>, Option<u32>)) {
        let limits = planned("", limiter, "").connection_limits;
        let peer = peer.parse().unwrap();
        let connections = limits.of_connections(peer).and_then(|policy| policy.limits.concurrent_max);
        let handshakes = limits.of_handshakes(peer).and_then(|policy| policy.limits.rate).map(|rate| rate.requests_max);
        assert_eq!((connections, handshakes), expected, "{limiter} {peer}");
    }

    #[test]
    fn defaults_are_for_the_public_and_what_is_written_for_all_but_trusted_proxies() {
        check_limits("", "203.0.113.9", (Some(CONNECTIONS_DEFAULT), Some(HANDSHAKES_DEFAULT)));
        check_limits("", "2001:db8::1", (Some(CONNECTIONS_DEFAULT), Some(HANDSHAKES_DEFAULT)));
        check_limits("", "127.0.0.1", (None, None));
        check_limits("", "10.1.2.3", (None, None));
        check_limits("", "::ffff:192.168.1.1", (None, None));
        let written = r#"<limiter connectionsPerAddress="5" handshakesPerSecond="0" trustedProxies="10.0.0.0/8"/>"#;
        check_limits(written, "127.0.0.1", (Some(5), None));
        check_limits(written, "203.0.113.9", (Some(5), None));
        check_limits(written, "10.1.2.3", (None, None));
    }

    fn check_rule(server: &str, limiter: &str, locations: &str, expected: bool) {
        let plan = planned(server, limiter, locations);
        let rule = plan.listeners.values().next().unwrap().early_abort.as_ref();
        let peer = "203.0.113.9".parse().unwrap();
        let applies = rule.is_some_and(|rule| rule.policies(peer).next().is_some());
        assert_eq!(applies, expected, "{server} {limiter} {locations}");
    }

    #[test]
    fn early_aborts_need_one_scope_and_enforced_aborts_everywhere() {
        let dynamic = |attributes: &str| {
            format!("<dynamicIpSecurity {attributes}><denyByRequestRate enabled=\"true\"/></dynamicIpSecurity>")
        };
        let location = |security: &str| {
            format!(
                "<location path=\"a/x\"><system.webServer><security>{security}</security></system.webServer></location>"
            )
        };
        let abort = dynamic("denyAction=\"AbortRequest\"");
        check_rule("", "", "", false);
        check_rule(&abort, "", "", true);
        check_rule(&dynamic(""), "", "", false);
        check_rule(&dynamic("denyAction=\"AbortRequest\" enableLoggingOnlyMode=\"true\""), "", "", false);
        check_rule(&abort, "", &location(&dynamic("denyAction=\"NotFound\"")), false);
        let other_limit = "<dynamicIpSecurity><denyByRequestRate maxRequests=\"3\"/></dynamicIpSecurity>";
        check_rule(&abort, "", &location(other_limit), false);
        let list =
            r#"<ipSecurity denyAction="AbortRequest"><add ipAddress="203.0.113.9" allowed="false"/></ipSecurity>"#;
        check_rule(list, "", "", true);
        let proxied = dynamic("denyAction=\"AbortRequest\" enableProxyMode=\"true\"");
        check_rule(&proxied, "", "", false);
        check_rule(&proxied, "<limiter trustedProxies=\"10.0.0.0/8\"/>", "", true);
        check_rule(&proxied, "<limiter trustedProxies=\"203.0.113.0/24\"/>", "", false);
        check_rule(&abort, "<limiter tarpitMs=\"5\"/>", "", false);
        check_rule(&abort, "<limiter tooManyRequests=\"true\"/>", "", false);
    }
}
