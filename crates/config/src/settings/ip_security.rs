//! `system.webServer/security/ipSecurity` (IIS reference §2.1, §2.2).

use ipnet::IpNet;

use crate::diagnostic::Origin;
use crate::effective::Effective;
use crate::schema::entry_network;
use crate::settings::DenyAction;

/// The static list at one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpSecurity {
    /// Whether name rules are tested by reverse lookup.
    pub enable_reverse_dns: bool,
    /// Whether an address that matches no entry is let in.
    pub allow_unlisted: bool,
    /// Whether addresses in forwarded headers are tested too.
    pub enable_proxy_mode: bool,
    /// What a denied client is told.
    pub deny_action: DenyAction,
    /// Entries in effective order; the first match decides.
    pub entries: Vec<IpSecurityEntry>,
}

/// One entry of the static list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpSecurityEntry {
    /// Address as written; empty for a name rule.
    pub ip_address: String,
    /// Mask or prefix length as written, or the schema's default.
    pub subnet_mask: String,
    /// Name or `*.` pattern as written; empty for an address rule.
    pub domain_name: String,
    /// Whether a match lets in; the schema's default is to deny.
    pub allowed: bool,
    /// Address and mask as a network, host bits cleared; `None` for a name rule.
    pub network: Option<IpNet>,
    /// Where the entry stands.
    pub origin: Origin,
}

impl IpSecurity {
    pub(crate) fn read(section: &Effective) -> Self {
        Self {
            enable_reverse_dns: section.bool("enableReverseDns"),
            allow_unlisted: section.bool("allowUnlisted"),
            enable_proxy_mode: section.bool("enableProxyMode"),
            deny_action: DenyAction::from_number(section.uint("denyAction")),
            entries: section.entries().filter_map(IpSecurityEntry::read).collect(),
        }
    }
}

impl IpSecurityEntry {
    /// `None` for an entry that a finding names as unusable.
    fn read(entry: &Effective) -> Option<Self> {
        let (ip_address, subnet_mask) = (entry.text("ipAddress"), entry.text("subnetMask"));
        let network =
            if ip_address.is_empty() { None } else { Some(entry_network(&ip_address, &subnet_mask).ok()?.trunc()) };
        Some(Self {
            domain_name: entry.text("domainName"),
            allowed: entry.bool("allowed"),
            network,
            ip_address,
            subnet_mask,
            origin: entry.origin.clone()?,
        })
    }
}
