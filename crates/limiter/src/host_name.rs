//! Rules of the static list that name hosts. Looking names up is the caller's; here is only what they mean.

use std::sync::Arc;

use crate::{AddressList, Client};

/// What a reverse lookup of a client's address gave.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct HostName<'n> {
    /// The name; a dot at its end does not count.
    pub name: &'n str,
    /// Whether the name leads back to the address. Anybody may claim any name for an address of theirs, so that only
    /// a confirmed one lets in (D26).
    pub confirmed: bool,
}

/// One entry of the static list that names a host (IIS `ipSecurity/add domainName`).
#[derive(Clone, Debug)]
pub struct NameRule {
    /// A name, or `*.` and a name for everything below it.
    pub pattern: String,
    /// Let in, or denied.
    pub allowed: bool,
    /// The address rules that stand before it: a client that one of them names is settled already.
    pub before: Arc<AddressList>,
}

impl NameRule {
    fn matches(&self, host: &HostName<'_>) -> bool {
        let name = host.name.trim_end_matches('.');
        let pattern = self.pattern.trim_end_matches('.');
        let fits = match pattern.strip_prefix('*') {
            Some(suffix) if suffix.starts_with('.') => {
                let at = name.len().checked_sub(suffix.len()).filter(|at| *at > 0);
                at.and_then(|at| name.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
            }
            Some(_) | None => name.eq_ignore_ascii_case(pattern),
        };
        fits && (host.confirmed || !self.allowed)
    }

    fn may_speak(&self, client: &Client) -> bool {
        self.before.first_match(client.address).is_none()
    }
}

/// Whether a name could change what the rules say about this client, so that it is worth a lookup.
pub(crate) fn matter(rules: &[NameRule], client: &Client) -> bool {
    let vouched = client.may_be_admitted();
    rules.iter().any(|rule| if vouched { rule.may_speak(client) } else { !rule.allowed })
}

/// Whether the first rule that speaks allows this name; `None` when none speaks.
pub(crate) fn first_match(rules: &[NameRule], client: &Client, host: &HostName<'_>) -> Option<bool> {
    if !client.may_be_admitted() {
        return rules.iter().any(|rule| !rule.allowed && rule.matches(host)).then_some(false);
    }
    rules.iter().take_while(|rule| rule.may_speak(client)).find(|rule| rule.matches(host)).map(|rule| rule.allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AddressRule, Via};

    fn rule(pattern: &str, before: &str) -> NameRule {
        let address = |network: &str| AddressRule { network: network.parse().unwrap(), allowed: false };
        let before = AddressList::new(before.split_whitespace().map(address).collect(), true);
        NameRule { pattern: pattern[1..].to_owned(), allowed: pattern.starts_with('+'), before: Arc::new(before) }
    }

    fn check(rules: &[(&str, &str)], (name, confirmed): (&str, bool), expected: Option<bool>) {
        let rules: Vec<NameRule> = rules.iter().map(|(pattern, before)| rule(pattern, before)).collect();
        let client = Client::direct("10.0.0.1".parse().unwrap());
        assert_eq!(first_match(&rules, &client, &HostName { name, confirmed }), expected, "{name}");
    }

    #[test]
    fn patterns() {
        check(&[("-bad.test", "")], ("BAD.test.", false), Some(false));
        check(&[("-bad.test", "")], ("x.bad.test", false), None);
        check(&[("-*.bad.test", "")], ("x.y.bad.test", false), Some(false));
        check(&[("-*.bad.test", "")], ("bad.test", false), None);
        check(&[("-*.bad.test", "")], (".bad.test", false), None);
        check(&[("-*.bad.test", "")], ("verybad.test", false), None);
        check(&[("-*.bad.test", "")], ("käse", false), None);
    }

    #[test]
    fn only_a_confirmed_name_lets_in() {
        check(&[("+good.test", "")], ("good.test", true), Some(true));
        check(&[("+good.test", "")], ("good.test", false), None);
        check(&[("+good.test", ""), ("-good.test", "")], ("good.test", false), Some(false));
        check(&[("+good.test", ""), ("-good.test", "")], ("good.test", true), Some(true));
    }

    #[test]
    fn an_address_rule_before_it_settles_the_client() {
        check(&[("+good.test", "10.0.0.0/8")], ("good.test", true), None);
        check(&[("+good.test", "11.0.0.0/8")], ("good.test", true), Some(true));
        let rules = [rule("+good.test", "10.0.0.0/8")];
        assert!(!matter(&rules, &Client::direct("10.0.0.1".parse().unwrap())));
        assert!(matter(&rules, &Client::direct("11.0.0.1".parse().unwrap())));
    }

    #[test]
    fn a_client_nobody_vouches_for_is_only_ever_denied() {
        let rules = [rule("+a.test", ""), rule("-a.test", "10.0.0.0/8")];
        let client = Client { via: Via::Implicit, ..Client::direct("10.0.0.1".parse().unwrap()) };
        assert_eq!(first_match(&rules, &client, &HostName { name: "a.test", confirmed: true }), Some(false));
        assert!(matter(&rules, &client) && !matter(&rules[..1], &client));
    }
}
