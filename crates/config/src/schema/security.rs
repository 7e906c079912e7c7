//! `ipSecurity`, `dynamicIpSecurity` (IIS reference §2.1, §2.2) and `access` (§4.3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::diagnostic::{Complaint, Findings};
use crate::reader::Declared;
use crate::schema::types::Kind::{Bool, Enum, Flags, Text};
use crate::schema::types::{
    AllowDefinition, AttributeTable, CollectionTable, ElementTable, Kind, OverrideMode, SectionTable, Word,
};

const DENY_ACTION: &[Word] = &[("AbortRequest", 0), ("Unauthorized", 401), ("Forbidden", 403), ("NotFound", 404)];

/// The mask that IIS assumes; for an IPv6 address it means that address alone.
const SINGLE_ADDRESS: &str = "255.255.255.255";

/// `ipSecurity`.
pub(super) const IP_SECURITY: SectionTable = SectionTable {
    path: "system.webServer/security/ipSecurity",
    element: &ElementTable::new(
        "ipSecurity",
        &[
            AttributeTable::new("enableReverseDns", Bool).default("false"),
            AttributeTable::new("allowUnlisted", Bool).default("true"),
            AttributeTable::new("enableProxyMode", Bool).default("false"),
            AttributeTable::new("denyAction", Enum(DENY_ACTION)).default("Forbidden"),
        ],
    )
    .collection(&CollectionTable::new("add", &ENTRY).with_remove()),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};

const ENTRY: ElementTable = ElementTable::new(
    "add",
    &[
        AttributeTable::new("ipAddress", Text).combined(),
        AttributeTable::new("subnetMask", Text).default(SINGLE_ADDRESS).combined(),
        AttributeTable::new("domainName", Text).combined(),
        AttributeTable::new("allowed", Bool).default("false"),
    ],
)
.check(check_entry);

/// `dynamicIpSecurity`.
pub(super) const DYNAMIC_IP_SECURITY: SectionTable = SectionTable {
    path: "system.webServer/security/dynamicIpSecurity",
    element: &ElementTable::new(
        "dynamicIpSecurity",
        &[
            AttributeTable::new("denyAction", Enum(DENY_ACTION)).default("Forbidden"),
            AttributeTable::new("enableProxyMode", Bool).default("false"),
            AttributeTable::new("enableLoggingOnlyMode", Bool).default("false"),
        ],
    )
    .children(&[
        &ElementTable::new(
            "denyByConcurrentRequests",
            &[
                AttributeTable::new("enabled", Bool).default("false"),
                AttributeTable::new("maxConcurrentRequests", POSITIVE).default("5"),
            ],
        ),
        &ElementTable::new(
            "denyByRequestRate",
            &[
                AttributeTable::new("enabled", Bool).default("false"),
                AttributeTable::new("maxRequests", POSITIVE).default("20"),
                AttributeTable::new("requestIntervalInMilliseconds", POSITIVE).default("200"),
            ],
        ),
    ]),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};

/// `access`.
pub(super) const ACCESS: SectionTable = SectionTable {
    path: "system.webServer/security/access",
    element: &ElementTable::new("access", &[AttributeTable::new("sslFlags", Flags(ACCESS_FLAGS)).default("None")]),
    allow_definition: AllowDefinition::Everywhere,
    override_mode: OverrideMode::Deny,
};

const ACCESS_FLAGS: &[Word] =
    &[("None", 0), ("Ssl", 8), ("SslNegotiateCert", 32), ("SslRequireCert", 64), ("Ssl128", 256)];

const POSITIVE: Kind = Kind::uint(1, 4_294_967_295);

fn check_entry(entry: &Declared, findings: &mut Findings) {
    let (address, domain) = (entry.text("ipAddress"), entry.text("domainName"));
    if address.is_empty() {
        if domain.is_empty() {
            let complaint = Complaint::new("missing", "Missing required attribute 'ipAddress'")
                .hint("an entry names an address or, as domainName, a host name");
            findings.error(&entry.origin, complaint);
        }
        return;
    }
    let mask = entry.text("subnetMask");
    match entry_network(address, mask) {
        Err(complaint) => findings.error(&entry.origin, complaint),
        Ok(network) if network.addr() != network.trunc().addr() => {
            let message = format!("the bits of {address} that the mask '{mask}' leaves out are not looked at");
            findings
                .note(&entry.origin, Complaint::new("value", message).hint(format!("it means {}", network.trunc())));
        }
        Ok(_) => {}
    }
}

/// Address and mask of an entry as a network; host bits are kept. An IPv4-mapped address is its IPv4 address.
pub(crate) fn entry_network(address: &str, mask: &str) -> Result<IpNet, Complaint> {
    let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
    let parsed: IpAddr = bare.parse().map_err(|_| {
        let message = format!("The 'ipAddress' attribute is invalid.  '{address}' is not an IP address");
        Complaint::new("value", message).hint("write 10.0.0.1 or 2001:db8::1, and the mask in subnetMask")
    })?;
    let is_mapped = parsed.is_ipv6() && parsed.to_canonical().is_ipv4();
    match parsed.to_canonical() {
        IpAddr::V4(v4) => {
            let length = if is_mapped { mapped_length(mask)? } else { v4_length(mask)? };
            Ipv4Net::new(v4, length).map(IpNet::V4).map_err(|_| bad_length(mask, 32))
        }
        IpAddr::V6(v6) => v6_network(v6, mask),
    }
}

fn bad_length(mask: &str, max: u8) -> Complaint {
    let message = format!("The 'subnetMask' attribute is invalid.  '{mask}' is not a prefix length from 0 to {max}");
    Complaint::new("range", message)
}

fn bad_mask(mask: &str, expected: &str) -> Complaint {
    Complaint::new("value", format!("The 'subnetMask' attribute is invalid.  '{mask}' is not {expected}"))
}

/// A prefix length, written `27` or `/27`; `None` when the text has another form.
fn prefix_length(mask: &str) -> Option<Result<u8, ()>> {
    let digits = mask.strip_prefix('/').unwrap_or(mask);
    let form = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    form.then(|| digits.parse::<u8>().map_err(|_| ()))
}

fn v4_length(mask: &str) -> Result<u8, Complaint> {
    if let Some(length) = prefix_length(mask) {
        return length.ok().filter(|&length| length <= 32).ok_or_else(|| bad_length(mask, 32));
    }
    let dotted: Ipv4Addr =
        mask.parse().map_err(|_| bad_mask(mask, "a mask such as 255.255.255.0 or a prefix length"))?;
    ipnet::ip_mask_to_prefix(dotted.into()).map_err(|_| bad_mask(mask, "a mask whose ones all come before its zeros"))
}

/// The length of `::ffff:a.b.c.d/n` counts 96 bits more than the IPv4 address has.
fn mapped_length(mask: &str) -> Result<u8, Complaint> {
    match prefix_length(mask) {
        Some(length) => length
            .ok()
            .filter(|&length| length <= 128)
            .map_or_else(|| Err(bad_length(mask, 128)), |length| Ok(length.saturating_sub(96))),
        None => v4_length(mask),
    }
}

fn v6_network(address: Ipv6Addr, mask: &str) -> Result<IpNet, Complaint> {
    let length = match prefix_length(mask) {
        Some(length) => length.map_err(|()| bad_length(mask, 128))?,
        None if mask == SINGLE_ADDRESS => 128,
        None => return Err(bad_mask(mask, "a prefix length from 0 to 128, which an IPv6 address needs")),
    };
    Ipv6Net::new(address, length).map(IpNet::V6).map_err(|_| bad_length(mask, 128))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(address: &str, mask: &str, expected: &str) {
        let shown = match entry_network(address, mask) {
            Ok(network) => network.trunc().to_string(),
            Err(complaint) => complaint.kind.to_owned(),
        };
        assert_eq!(shown, expected, "{address} {mask}");
    }

    #[test]
    fn networks() {
        check("10.0.0.1", SINGLE_ADDRESS, "10.0.0.1/32");
        check("10.1.2.3", "255.0.0.0", "10.0.0.0/8");
        check("10.1.2.3", "27", "10.1.2.0/27");
        check("10.1.2.3", "/27", "10.1.2.0/27");
        check("10.1.2.3", "0.0.0.0", "0.0.0.0/0");
        check("::1", SINGLE_ADDRESS, "::1/128");
        check("[::1]", SINGLE_ADDRESS, "::1/128");
        check("2001:db8::", "32", "2001:db8::/32");
        check("::ffff:10.1.2.3", SINGLE_ADDRESS, "10.1.2.3/32");
        check("::ffff:10.1.2.3", "104", "10.0.0.0/8");
        check("10.0.0.0", "33", "range");
        check("10.0.0.0", "999", "range");
        check("2001:db8::", "129", "range");
        check("2001:db8::", "255.0.0.0", "value");
        check("10.0.0.0", "255.0.255.0", "value");
        check("10.0.0.0", "x", "value");
        check("10.0.0", SINGLE_ADDRESS, "value");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(address in "[0-9a-f.:/]{0,20}", mask in "[0-9./]{0,18}") {
            let _ = entry_network(&address, &mask);
        }
    }
}
