//! Which site answers: the host categories of HTTP.sys (IIS reference 7.4), D13 and D15.

use std::collections::HashMap;
use std::sync::Arc;

use doorward_config::HostRule;

use crate::site::SitePlan;

/// Where a request goes.
#[derive(Debug)]
pub enum Route<'p> {
    /// To this started site.
    Site(&'p Arc<SitePlan>),
    /// Only stopped sites match: the 404 page (D13).
    Stopped,
    /// No binding of any configured site matches: 400 Invalid Hostname.
    UnknownHost,
}

/// A binding's claim on requests: more specific claims are asked first.
#[derive(Clone, Debug)]
struct Claim {
    site: Arc<SitePlan>,
    /// The binding names an address; within one host category it beats `*` and `0.0.0.0`.
    names_address: bool,
}

/// The claims on one address and port, by host category.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    exact: HashMap<String, Vec<Claim>>,
    /// (suffix with its leading dot, claims), the longest suffix first.
    wildcard: Vec<(String, Vec<Claim>)>,
    any: Vec<Claim>,
}

impl Routes {
    /// Adds a binding's claim. Of two claims that are equally specific the one added first is asked first.
    pub fn add(&mut self, host: &HostRule, site: &Arc<SitePlan>, names_address: bool) {
        let claims = match host {
            HostRule::Any => &mut self.any,
            HostRule::Exact(name) => self.exact.entry(name.to_ascii_lowercase()).or_default(),
            HostRule::Wildcard(suffix) => self.wildcard_claims(format!(".{}", suffix.to_ascii_lowercase())),
        };
        let place = claims.iter().position(|other| names_address && !other.names_address).unwrap_or(claims.len());
        claims.insert(place, Claim { site: Arc::clone(site), names_address });
    }

    fn wildcard_claims(&mut self, suffix: String) -> &mut Vec<Claim> {
        let known = self.wildcard.iter().position(|(other, _)| *other == suffix);
        let place = known.unwrap_or_else(|| {
            let shorter = self.wildcard.iter().position(|(other, _)| other.len() < suffix.len());
            let place = shorter.unwrap_or(self.wildcard.len());
            self.wildcard.insert(place, (suffix, Vec::new()));
            place
        });
        &mut self.wildcard[place].1
    }

    /// The site for a host name as the client sent it, without its port.
    ///
    /// Categories are asked in turn: exact name, wildcard names from the most specific, then bindings
    /// without a name, those with an address before `*`. A stopped site is passed over (D13).
    pub fn find(&self, host: &str) -> Route<'_> {
        let mut lower = [0_u8; 256];
        let host = host.trim_end_matches('.');
        let host = match lower.get_mut(..host.len()) {
            Some(buffer) => {
                buffer.copy_from_slice(host.as_bytes());
                buffer.make_ascii_lowercase();
                std::str::from_utf8(buffer).unwrap_or("")
            }
            // Longer than any name in the DNS: only bindings without a name can match.
            None => "",
        };
        let exact = self.exact.get(host).into_iter();
        let wildcard =
            self.wildcard.iter().filter(|(suffix, _)| host.len() > suffix.len() && host.ends_with(&**suffix));
        let mut claims = exact.chain(wildcard.map(|(_, claims)| claims)).flatten().chain(&self.any).peekable();
        if claims.peek().is_none() {
            return Route::UnknownHost;
        }
        match claims.find(|claim| claim.site.state.is_started()) {
            Some(claim) => Route::Site(&claim.site),
            None => Route::Stopped,
        }
    }

    /// The started sites reachable here, each once.
    pub fn sites(&self) -> Vec<&Arc<SitePlan>> {
        let claims = self.exact.values().chain(self.wildcard.iter().map(|(_, claims)| claims)).flatten();
        let mut sites: Vec<&Arc<SitePlan>> = Vec::new();
        for claim in claims.chain(&self.any).filter(|claim| claim.site.state.is_started()) {
            if !sites.iter().any(|site| site.id == claim.site.id) {
                sites.push(&claim.site);
            }
        }
        sites.sort_by_key(|site| site.id);
        sites
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::SiteState;
    use crate::site::tests_support::site;

    fn check(bindings: &[(&str, HostRule, bool, bool)], host: &str, expected: &str) {
        let mut routes = Routes::default();
        for (id, (name, rule, names_address, started)) in (1..).zip(bindings) {
            let state = if *started { SiteState::Started } else { SiteState::Stopped };
            routes.add(rule, &site(id, name, state), *names_address);
        }
        let found = match routes.find(host) {
            Route::Site(site) => site.name.clone(),
            Route::Stopped => "stopped".to_owned(),
            Route::UnknownHost => "unknown".to_owned(),
        };
        assert_eq!(found, expected, "{host}");
    }

    fn exact(name: &str) -> HostRule {
        HostRule::Exact(name.to_owned())
    }

    fn wildcard(suffix: &str) -> HostRule {
        HostRule::Wildcard(suffix.to_owned())
    }

    #[test]
    fn exact_beats_wildcard_beats_none() {
        let bindings = [
            ("any", HostRule::Any, false, true),
            ("wild", wildcard("contoso.com"), false, true),
            ("deep", wildcard("eu.contoso.com"), false, true),
            ("exact", exact("www.contoso.com"), false, true),
        ];
        check(&bindings, "www.contoso.com", "exact");
        check(&bindings, "WWW.Contoso.Com", "exact");
        check(&bindings, "www.contoso.com.", "exact");
        check(&bindings, "x.contoso.com", "wild");
        check(&bindings, "a.b.contoso.com", "wild");
        check(&bindings, "a.eu.contoso.com", "deep");
        check(&bindings, "contoso.com", "any");
        check(&bindings, "other", "any");
        check(&bindings, "", "any");
    }

    #[test]
    fn address_beats_star_within_a_category() {
        let bindings = [("star", HostRule::Any, false, true), ("address", HostRule::Any, true, true)];
        check(&bindings, "x", "address");
        let bindings = [("named", exact("x"), false, true), ("address", HostRule::Any, true, true)];
        check(&bindings, "x", "named");
    }

    #[test]
    fn stopped_sites_are_passed_over() {
        let bindings = [("a", exact("a.test"), true, false), ("b", exact("b.test"), true, true)];
        check(&bindings, "a.test", "stopped");
        check(&bindings, "b.test", "b");
        check(&bindings, "c.test", "unknown");
        let bindings = [("a", exact("a.test"), true, false), ("rest", HostRule::Any, false, true)];
        check(&bindings, "a.test", "rest");
    }
}
