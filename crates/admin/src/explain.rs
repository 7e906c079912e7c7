//! What would the limiter say to this address here, and which line of which file decides? Nothing is charged.

use std::net::IpAddr;
use std::sync::Arc;

use doorward_config::{Configuration, IpSecurity, IpSecurityEntry, ListFile};
use doorward_limiter::{
    Asked, Client, ClientKey, ClientSource, Counts, Decision, Limits, PatternStanding, Policy, Reason, Screening,
    Trust, Via, WiderStanding, canonical, identify,
};
use doorward_plan::SitePlan;
use doorward_server::Control;
use serde::{Deserialize, Serialize};

use crate::limits_api::BlockReport;
use crate::policy_report::{DYNAMIC, EntryReport, OWN, RuleReport, STATIC, limit_rule_name, rules};

/// Body of `POST /v1/limits/explain`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The address that connects.
    pub address: String,
    /// The site; without one, every site answers.
    #[serde(default)]
    pub site: Option<String>,
    /// The path of the request; `/` without one.
    #[serde(default)]
    pub path: Option<String>,
    /// The method of the request; `GET` without one.
    #[serde(default)]
    pub method: Option<String>,
    /// Header lines of the request, `Name: value` each.
    #[serde(default)]
    pub headers: Vec<String>,
}

/// What one site would say.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Explanation {
    /// The site.
    pub site: String,
    /// The path.
    pub path: String,
    /// The address that connects.
    pub peer: String,
    /// Whom the request is held against.
    pub client: String,
    /// How that address is found, in words.
    pub client_from: String,
    /// Address or network the counts are kept under.
    pub counted_as: String,
    /// The level the counts are kept at: empty for the server's own, `/` for the site's.
    pub counted_at: String,
    /// The operator's block that strikes, if any.
    pub block: Option<BlockReport>,
    /// What the static list says: `exempt`, `admitted` or `denied`.
    pub list: String,
    /// The entry of the static list that matched, if any.
    pub entry: Option<EntryReport>,
    /// Whether an entry that names hosts could change this; names are looked up for requests only.
    pub name_matters: bool,
    /// Requests in progress, with the next one.
    pub in_progress: u32,
    /// How many may be; nothing when that is not limited.
    pub concurrent_max: Option<u32>,
    /// Requests in the interval, with the next one.
    pub in_window: u32,
    /// How many may be; nothing when that is not limited.
    pub requests_max: Option<u32>,
    /// The interval, in milliseconds.
    pub interval_ms: Option<u32>,
    /// What is left of a penalty, in milliseconds.
    pub penalty_left_ms: u64,
    /// The larger IPv6 network, where several clients of one are held against all of it.
    pub wider: Option<WiderReport>,
    /// The limits with a pattern that such a request matches, in the order in which they are tested.
    pub limits: Vec<LimitStanding>,
    /// `allow`, `deny`, or `log` for a denial that logging-only mode does not enforce.
    pub verdict: String,
    /// Why it would be denied.
    pub reason: Option<String>,
    /// Substatus of the denial.
    pub substatus: Option<u16>,
    /// What a denied client gets, in IIS's words.
    pub action: Option<String>,
    /// The rule that decides, with its place.
    pub decided_by: Option<RuleReport>,
    /// Every rule in force.
    pub rules: Vec<RuleReport>,
}

/// How the larger network of a client stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WiderReport {
    /// The network.
    pub network: String,
    /// Clients in it that were over their limits lately.
    pub convicted: u32,
    /// So many make it denied.
    pub needed: u32,
}

/// How a client stands at one limit with a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitStanding {
    /// Its name.
    pub name: String,
    /// Requests in progress, with the next one.
    pub in_progress: u32,
    /// How many may be; nothing when that is not limited.
    pub concurrent_max: Option<u32>,
    /// Requests in the interval, with the next one.
    pub in_window: u32,
    /// How many may be; nothing when that is not limited.
    pub requests_max: Option<u32>,
    /// The interval, in milliseconds.
    pub interval_ms: Option<u32>,
    /// Whether it would deny the next request.
    pub denies: bool,
}

impl From<WiderStanding> for WiderReport {
    fn from(standing: WiderStanding) -> Self {
        let WiderStanding { network, convicted, needed } = standing;
        Self { network: network.to_string(), convicted, needed }
    }
}

impl From<&PatternStanding<'_>> for LimitStanding {
    fn from(standing: &PatternStanding<'_>) -> Self {
        let Limits { concurrent_max, rate, .. } = standing.limit.limits;
        Self {
            name: standing.limit.name.to_string(),
            in_progress: standing.counts.in_progress,
            concurrent_max,
            in_window: standing.counts.in_window,
            requests_max: rate.map(|rate| rate.requests_max),
            interval_ms: rate.map(|rate| rate.interval_ms),
            denies: standing.decision != Decision::Allow,
        }
    }
}

/// One question put to one site.
pub(crate) struct Case<'c> {
    pub(crate) control: &'c Control,
    pub(crate) configuration: &'c Configuration,
    pub(crate) peer: IpAddr,
    pub(crate) path: &'c str,
    pub(crate) method: &'c str,
    /// Name and value of each header line.
    pub(crate) headers: &'c [(String, String)],
}

impl Case<'_> {
    /// What this site would say.
    pub(crate) fn explain(&self, site: &Arc<SitePlan>) -> Explanation {
        let effective = site.settings.at(self.path);
        let policy = &effective.policy;
        let settings = self.configuration.settings_at(&site.name, self.path);
        let rules = rules(self.configuration, (&site.name, self.path), &settings);
        let (client, refused) = self.client(&policy.source);
        let now_ms = self.control.clock().now_ms();
        let limiter = self.control.limiter();
        let (own, counts) = limiter.peek(policy, &client, now_ms);
        let asked = Asked { client: &client, host: None, method: self.method, path: self.path };
        let patterns = limiter.peek_patterns(policy, &asked, now_ms);
        let denier = patterns.iter().find(|standing| own == Decision::Allow && standing.decision != Decision::Allow);
        let decision = denier.map_or(own, |standing| standing.decision);
        let block = limiter.block_of(&client, now_ms);
        let screening = policy.screen(&client);
        let file = self.configuration.list_file(&settings.limiter.list_file);
        let list = List { section: &settings.ip_security, file: file.map(AsRef::as_ref) };
        let entry = list.matching(&client);
        let decided_by = match decision {
            Decision::Deny { .. } if denier.is_some() => {
                let name = denier.map(|standing| limit_rule_name(&standing.limit.name));
                rules.iter().find(|rule| Some(&rule.name) == name.as_ref()).cloned()
            }
            Decision::Deny { reason, .. } => decider(reason, entry.as_ref(), &rules),
            Decision::Allow if screening == Screening::Exempt => decider(Reason::Address, entry.as_ref(), &rules),
            Decision::Allow => None,
        };
        let explanation = Explanation {
            site: site.name.clone(),
            path: self.path.to_owned(),
            peer: client.peer.to_string(),
            client: client.address.to_string(),
            client_from: found_by(&client, &policy.source, &rules),
            counted_as: ClientKey::new(client.address, policy.ipv6_prefix_length).to_string(),
            counted_at: settings.dynamic_ip_security.limits_path.clone(),
            block: block.map(|block| BlockReport::new(&block, self.control.clock())),
            list: word(screening).to_owned(),
            entry,
            name_matters: policy.needs_name(&client),
            penalty_left_ms: limiter.penalty_left_ms(policy, &client, now_ms),
            wider: limiter.wider_standing(policy, &client, now_ms).map(WiderReport::from),
            limits: patterns.iter().map(LimitStanding::from).collect(),
            decided_by,
            rules,
            ..counted(policy, counts)
        };
        match refused {
            Some(text) => refuse(explanation, text),
            None => decided(explanation, decision),
        }
    }

    /// Whom the request is held against; a text where its header is refused (400.10).
    fn client(&self, source: &ClientSource) -> (Client, Option<String>) {
        let ClientSource::Forwarded(rule) = source else { return (Client::direct(self.peer), None) };
        let name = rule.header.name();
        let lines = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        match identify(self.peer, source, lines.map(|(_, value)| value.as_bytes())) {
            Ok(client) => (client, None),
            Err(error) => (Client::direct(self.peer), Some(error.to_string())),
        }
    }
}

fn counted(policy: &Policy, counts: Counts) -> Explanation {
    Explanation {
        in_progress: counts.in_progress,
        concurrent_max: policy.limits.concurrent_max,
        in_window: counts.in_window,
        requests_max: policy.limits.rate.map(|rate| rate.requests_max),
        interval_ms: policy.limits.rate.map(|rate| rate.interval_ms),
        ..Explanation::blank()
    }
}

impl Explanation {
    fn blank() -> Self {
        Self {
            site: String::new(),
            path: String::new(),
            peer: String::new(),
            client: String::new(),
            client_from: String::new(),
            counted_as: String::new(),
            counted_at: String::new(),
            block: None,
            list: String::new(),
            entry: None,
            name_matters: false,
            in_progress: 0,
            concurrent_max: None,
            in_window: 0,
            requests_max: None,
            interval_ms: None,
            penalty_left_ms: 0,
            wider: None,
            limits: Vec::new(),
            verdict: "allow".to_owned(),
            reason: None,
            substatus: None,
            action: None,
            decided_by: None,
            rules: Vec::new(),
        }
    }
}

fn decided(explanation: Explanation, decision: Decision) -> Explanation {
    match decision {
        Decision::Allow => explanation,
        Decision::Deny { reason, action, enforced } => Explanation {
            verdict: if enforced { "deny" } else { "log" }.to_owned(),
            reason: Some(reason.to_string()),
            substatus: Some(reason.substatus()),
            action: Some(action.to_string()),
            ..explanation
        },
    }
}

/// The header is no address, and only this reading of it refuses that.
fn refuse(explanation: Explanation, text: String) -> Explanation {
    let decided_by = explanation.rules.iter().find(|rule| rule.name == "trustAnyProxy").cloned();
    Explanation { verdict: "deny".to_owned(), reason: Some(text), substatus: Some(10), decided_by, ..explanation }
}

fn word(screening: Screening) -> &'static str {
    match screening {
        Screening::Exempt => "exempt",
        Screening::Admitted => "admitted",
        Screening::Denied => "denied",
    }
}

/// The static list of a place: the entries, then the file.
struct List<'l> {
    section: &'l IpSecurity,
    file: Option<&'l ListFile>,
}

impl List<'_> {
    /// The entry behind [`Policy::screen`]'s word: the first that names the address, or, for a client that no allow
    /// entry may speak for, the first that denies it (D9).
    fn matching(&self, client: &Client) -> Option<EntryReport> {
        if client.peer != client.address
            && let Some(entry) = self.find(client.peer, |_| true).filter(|entry| !entry.allowed)
        {
            return Some(entry);
        }
        self.find(client.address, |allowed| client.may_be_admitted() || !allowed)
    }

    fn find(&self, address: IpAddr, wanted: impl Fn(bool) -> bool) -> Option<EntryReport> {
        let address = canonical(address);
        let names = |entry: &&IpSecurityEntry| entry.network.is_some_and(|network| network.contains(&address));
        let entry = self.section.entries.iter().find(|entry| wanted(entry.allowed) && names(entry));
        entry.map(EntryReport::from).or_else(|| self.find_in_file(address))
    }

    fn find_in_file(&self, address: IpAddr) -> Option<EntryReport> {
        let file = self.file?;
        let (network, line) = file.entries.iter().find(|(network, _)| network.contains(&address))?;
        let origin = format!("{}:{line}:1", file.path.display());
        Some(EntryReport { matches: network.to_string(), allowed: false, origin })
    }
}

/// The rule behind a denial, or behind an exemption by the static list.
fn decider(reason: Reason, entry: Option<&EntryReport>, rules: &[RuleReport]) -> Option<RuleReport> {
    let (section, name) = match reason {
        Reason::Concurrency => (DYNAMIC, "denyByConcurrentRequests.maxConcurrentRequests"),
        Reason::Rate => (DYNAMIC, "denyByRequestRate.maxRequests"),
        Reason::Address | Reason::HostName => (STATIC, "allowUnlisted"),
        Reason::Block => return None,
    };
    if let (Reason::Address | Reason::HostName, Some(entry)) = (reason, entry) {
        let EntryReport { matches, allowed, origin } = entry.clone();
        let value = format!("{matches} allowed=\"{allowed}\"");
        return Some(RuleReport { section: STATIC.to_owned(), name: "add".to_owned(), value, origin: Some(origin) });
    }
    let rule = rules.iter().find(|rule| rule.section == section && rule.name == name)?.clone();
    // The number may be the default's and only the switch be written.
    let switch = name.split_once('.').map(|(element, _)| format!("{element}.enabled"));
    let switch = rules.iter().find(|other| Some(&other.name) == switch.as_ref());
    let origin = rule.origin.clone().or_else(|| switch.and_then(|switch| switch.origin.clone()));
    Some(RuleReport { origin, ..rule })
}

/// How the client's address was found, in words.
fn found_by(client: &Client, source: &ClientSource, rules: &[RuleReport]) -> String {
    let ClientSource::Forwarded(rule) = source else { return "it connects by itself; proxy mode is off".to_owned() };
    let header = rule.header.name();
    let place = |name: &str| {
        let own = rules.iter().find(|rule| rule.section == OWN && rule.name == name);
        own.and_then(|rule| rule.origin.as_ref()).map_or_else(String::new, |origin| format!(" ({origin})"))
    };
    match (client.via, &rule.trust) {
        (Via::Listed, _) => format!("named in {header} by a proxy of trustedProxies{}", place("trustedProxies")),
        (Via::Implicit, _) => {
            format!("named in {header} by a near peer that nobody listed: it is believed for one hop")
        }
        (Via::AnyProxy, _) => format!("named in {header}, which anybody may write{}", place("trustAnyProxy")),
        (Via::Peer, Trust::Listed(_)) => {
            format!("the peer: {header} is missing, or the peer is not in trustedProxies{}", place("trustedProxies"))
        }
        (Via::Peer, Trust::Implicit | Trust::AnyProxy) => {
            format!("the peer: {header} names nobody who can be believed")
        }
    }
}
