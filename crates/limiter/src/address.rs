//! One spelling per client: canonical addresses and the key that counters are kept under.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The IPv4 address inside an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2), any other address as it is.
pub fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// The network as rules mean it: host bits cleared, IPv4-mapped networks turned into IPv4 ones.
pub(crate) fn canonical_network(network: IpNet) -> IpNet {
    const MAPPED_BITS: u8 = 96;
    let network = network.trunc();
    let IpNet::V6(v6) = network else { return network };
    let (Some(address), true) = (v6.addr().to_ipv4_mapped(), v6.prefix_len() >= MAPPED_BITS) else { return network };
    Ipv4Net::new(address, v6.prefix_len() - MAPPED_BITS).map_or(network, IpNet::V4)
}

/// The one key a client's counters live under: an IPv4 address, or an IPv6 prefix (D10).
#[derive(Copy, Clone, Hash, Eq, PartialEq, Debug)]
pub struct ClientKey {
    /// The masked address; an IPv4 address keeps its number in the low 32 bits.
    bits: u128,
    /// IPv6 prefix length, or one of the two IPv4 marks below.
    length: u8,
}

impl ClientKey {
    /// The mark of a whole IPv4 address in `length`.
    const V4: u8 = 255;
    /// The mark of an IPv4 /24 in `length`.
    const V4_REGION: u8 = 254;

    /// The key of an address. IPv6 addresses are masked to `ipv6_prefix_length` bits (0 to 128, more is taken as
    /// 128); an IPv4-mapped address is an IPv4 client.
    pub fn new(address: IpAddr, ipv6_prefix_length: u8) -> Self {
        match canonical(address) {
            IpAddr::V4(v4) => Self { bits: u128::from(v4.to_bits()), length: Self::V4 },
            IpAddr::V6(v6) => {
                let length = ipv6_prefix_length.min(128);
                Self { bits: v6.to_bits() & mask(length), length }
            }
        }
    }

    /// The network this key stands for: `/32` for IPv4, the prefix for IPv6.
    pub fn network(&self) -> IpNet {
        if let Some(length) = self.v4_length() {
            let address = Ipv4Addr::from_bits(self.bits as u32);
            return Ipv4Net::new(address, length).map_or(IpNet::from(IpAddr::V4(address)), IpNet::V4);
        }
        let address = Ipv6Addr::from_bits(self.bits);
        Ipv6Net::new(address, self.length).map_or(IpNet::from(IpAddr::V6(address)), IpNet::V6)
    }

    /// The neighbourhood newcomers share when the table is full (D21): /24, or /48 (an already wider key stays).
    pub(crate) fn region(&self) -> Self {
        match self.v4_length() {
            Some(_) => Self { bits: self.bits & 0xffff_ff00, length: Self::V4_REGION },
            None => Self { bits: self.bits & mask(48), length: self.length.min(48) },
        }
    }

    /// The larger IPv6 network around this key; `None` for IPv4 and for a key that is as large already.
    pub(crate) fn widened(&self, length: u8) -> Option<Self> {
        let widens = !self.is_v4() && length < self.length;
        widens.then(|| Self { bits: self.bits & mask(length), length })
    }

    fn v4_length(&self) -> Option<u8> {
        match self.length {
            Self::V4 => Some(32),
            Self::V4_REGION => Some(24),
            _ => None,
        }
    }

    /// The masked address and the length byte, as the table stores them.
    pub(crate) fn parts(&self) -> (u128, u8) {
        (self.bits, self.length)
    }

    /// A number that differs for neighbouring clients, to spread them over a few places. Holds no secret.
    pub(crate) fn spread(&self) -> u32 {
        let folded = (self.bits >> 64) as u64 ^ self.bits as u64;
        (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
    }

    /// The key stored as these parts.
    pub(crate) fn from_parts(bits: u128, length: u8) -> Self {
        Self { bits, length }
    }

    /// Whether this is an IPv4 key.
    pub(crate) fn is_v4(&self) -> bool {
        self.length >= Self::V4_REGION
    }

    /// Whether this key and the network have an address in common.
    pub(crate) fn overlaps(&self, network: &IpNet) -> bool {
        let own = self.network();
        own.contains(network) || network.contains(&own)
    }
}

/// Writes `203.0.113.9` or `2001:db8::/64`.
impl fmt::Display for ClientKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let network = self.network();
        match network {
            IpNet::V4(v4) if v4.prefix_len() == 32 => write!(formatter, "{}", v4.addr()),
            IpNet::V4(_) | IpNet::V6(_) => write!(formatter, "{network}"),
        }
    }
}

/// The leading `length` bits of an IPv6 address.
fn mask(length: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_key(address: &str, length: u8, expected: &str) {
        let key = ClientKey::new(address.parse().unwrap(), length);
        assert_eq!(key.to_string(), expected, "{address} /{length}");
        let (bits, stored) = key.parts();
        assert_eq!(ClientKey::from_parts(bits, stored), key);
    }

    fn check_region(address: &str, expected: &str) {
        assert_eq!(ClientKey::new(address.parse().unwrap(), 64).region().to_string(), expected);
    }

    fn check_network(network: &str, expected: &str) {
        assert_eq!(canonical_network(network.parse().unwrap()).to_string(), expected);
    }

    #[test]
    fn keys_mask_ipv6_and_keep_ipv4() {
        check_key("203.0.113.9", 64, "203.0.113.9");
        check_key("::ffff:203.0.113.9", 64, "203.0.113.9");
        check_key("2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::/64");
        check_key("2001:db8:1:2:3:4:5:6", 128, "2001:db8:1:2:3:4:5:6/128");
        check_key("2001:db8:1:2:3:4:5:6", 200, "2001:db8:1:2:3:4:5:6/128");
        check_key("2001:db8::1", 0, "::/0");
        check_key("0.0.0.0", 64, "0.0.0.0");
    }

    #[test]
    fn a_v4_key_is_never_a_v6_key() {
        let v4 = ClientKey::new("0.0.0.1".parse().unwrap(), 128);
        assert_ne!(v4, ClientKey::new("::1".parse().unwrap(), 128));
    }

    #[test]
    fn regions_are_24_and_48() {
        check_region("203.0.113.9", "203.0.113.0/24");
        check_region("2001:db8:1:2::5", "2001:db8:1::/48");
    }

    #[test]
    fn only_ipv6_keys_are_widened() {
        let widened = |address: &str, length| {
            ClientKey::new(address.parse().unwrap(), 64).widened(length).map(|key| key.to_string())
        };
        assert_eq!(widened("2001:db8:1:2::5", 48).as_deref(), Some("2001:db8:1::/48"));
        assert_eq!(widened("2001:db8:1:2::5", 63).as_deref(), Some("2001:db8:1:2::/63"));
        assert_eq!([widened("2001:db8:1:2::5", 64), widened("203.0.113.9", 16)], [None, None]);
    }

    #[test]
    fn networks_lose_host_bits_and_mapping() {
        check_network("192.168.100.1/16", "192.168.0.0/16");
        check_network("::ffff:10.1.2.3/104", "10.0.0.0/8");
        check_network("::ffff:0:0/96", "0.0.0.0/0");
        check_network("::ffff:0:0/95", "::fffe:0:0/95");
        check_network("2001:db8::1/32", "2001:db8::/32");
    }

    #[test]
    fn an_unblocked_address_overlaps_its_prefix() {
        let key = ClientKey::new("2001:db8::5".parse().unwrap(), 64);
        assert!(key.overlaps(&"2001:db8::99/128".parse().unwrap()));
        assert!(key.overlaps(&"2001:db8::/32".parse().unwrap()));
        assert!(!key.overlaps(&"2001:db9::/32".parse().unwrap()));
        assert!(!key.overlaps(&"0.0.0.0/0".parse().unwrap()));
    }
}
