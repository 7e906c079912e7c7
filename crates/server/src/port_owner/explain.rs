//! Say in an operator's words why an address could not be opened, and what to type.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use rustix::io::Errno;

use super::{Clash, Listening, denied, found_culprits, taken};

/// Why an address could not be opened.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Explanation {
    /// One sentence, without a full stop: what is wrong.
    pub text: String,
    /// What to do, with the exact commands between backquotes.
    pub hint: String,
    /// The listeners that hold the address, as from [`super::culprits`]; empty for any other cause.
    pub culprits: Vec<(Clash, Listening)>,
}

/// Explain the error that bind(2) or listen(2) gave for `wanted`. Looks at the machine as it is now, so call it at once,
/// and off the I/O loops.
pub fn explain(wanted: SocketAddr, error: &io::Error) -> Explanation {
    let (text, hint) = match Cause::of(error, wanted) {
        Cause::Taken => return explain_taken(wanted),
        Cause::Absent => absent(wanted, ipv6_is_off()),
        Cause::FamilyOff => absent(wanted, true),
        Cause::Denied => denied::explain(wanted, error, &denied::Facts::of_this_process()),
        Cause::ZoneMissing => (
            format!("{wanted} is a link-local address and needs its interface"),
            format!(
                "write it with its zone, as in `[{}%eth0]`; `ip -brief -6 address` lists the interfaces",
                wanted.ip()
            ),
        ),
        Cause::DescriptorsOut => (
            format!("{wanted}: no file descriptor is left ({error})"),
            "raise the limit: `LimitNOFILE=65536` in the service unit, or `ulimit -n 65536` before the start"
                .to_owned(),
        ),
        Cause::Other => (
            format!("{wanted} could not be opened: {error}"),
            format!("`ss -ltn 'sport = :{}'` shows who listens on this port", wanted.port()),
        ),
    };
    Explanation { text, hint, culprits: Vec::new() }
}

/// The causes that have words of their own.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Cause {
    /// `EADDRINUSE`.
    Taken,
    /// `EADDRNOTAVAIL`: no interface of this machine has the address.
    Absent,
    /// `EAFNOSUPPORT`: the kernel has no such family.
    FamilyOff,
    /// `EACCES` or `EPERM`.
    Denied,
    /// `EINVAL` for `fe80::…` without an interface.
    ZoneMissing,
    /// `EMFILE` or `ENFILE`.
    DescriptorsOut,
    /// Anything else.
    Other,
}

impl Cause {
    fn of(error: &io::Error, wanted: SocketAddr) -> Self {
        match (error.kind(), Errno::from_io_error(error)) {
            (io::ErrorKind::AddrInUse, _) => Self::Taken,
            (io::ErrorKind::AddrNotAvailable, _) => Self::Absent,
            (io::ErrorKind::PermissionDenied, _) => Self::Denied,
            (_, Some(Errno::AFNOSUPPORT)) => Self::FamilyOff,
            (_, Some(Errno::MFILE | Errno::NFILE)) => Self::DescriptorsOut,
            (_, Some(Errno::INVAL)) if lacks_zone(wanted) => Self::ZoneMissing,
            _ => Self::Other,
        }
    }
}

/// RFC 4007 section 6: a link-local address means nothing without its zone.
fn lacks_zone(wanted: SocketAddr) -> bool {
    matches!(wanted, SocketAddr::V6(address) if address.ip().is_unicast_link_local() && address.scope_id() == 0)
}

fn explain_taken(wanted: SocketAddr) -> Explanation {
    let viewer = taken::Viewer::this_process();
    let culprits = found_culprits(wanted);
    let (text, hint) = if culprits.is_empty() {
        taken::by_others(wanted, &taken::other_holders(wanted), viewer)
    } else {
        taken::by_listeners(wanted, &culprits, viewer)
    };
    let culprits = culprits.into_iter().map(|(kind, found)| (kind, found.into())).collect();
    Explanation { text, hint, culprits }
}

fn ipv6_is_off() -> bool {
    let disabled = std::fs::read_to_string("/proc/sys/net/ipv6/conf/all/disable_ipv6");
    !Path::new("/proc/net/if_inet6").exists() || disabled.is_ok_and(|flag| flag.trim() == "1")
}

/// No interface has the address.
fn absent(wanted: SocketAddr, ipv6_off: bool) -> (String, String) {
    let ip = wanted.ip();
    if ip.is_ipv6() && ipv6_off {
        let text = format!("{wanted}: IPv6 is switched off on this machine");
        return (text, "switch it on: `sudo sysctl -w net.ipv6.conf.all.disable_ipv6=0`".to_owned());
    }
    let text = format!("{wanted}: no interface of this machine has the address {ip}");
    let hint = match ip {
        IpAddr::V4(ip) if ip.is_loopback() => "the loopback interface is down: `sudo ip link set lo up`".to_owned(),
        IpAddr::V6(ip) if ip.is_loopback() => "give it back: `sudo ip -6 address add ::1/128 dev lo`".to_owned(),
        IpAddr::V4(ip) => add_hint("ip", &format!("{ip}/32")),
        IpAddr::V6(ip) => add_hint("ip -6", &format!("{ip}/128")),
    };
    (text, hint)
}

fn add_hint(command: &str, prefix: &str) -> String {
    format!(
        "`ip -brief address` lists the addresses it has; \
         `sudo {command} address add {prefix} dev lo` adds this one until the next restart"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn check_cause(wanted: &str, errno: Errno, expected: Cause) {
        assert_eq!(Cause::of(&errno.into(), address(wanted)), expected, "{wanted} {errno}");
    }

    #[test]
    fn tells_the_causes_apart() {
        check_cause("127.0.0.2:80", Errno::ADDRINUSE, Cause::Taken);
        check_cause("127.0.0.2:80", Errno::ADDRNOTAVAIL, Cause::Absent);
        check_cause("127.0.0.2:80", Errno::ACCESS, Cause::Denied);
        check_cause("127.0.0.2:80", Errno::PERM, Cause::Denied);
        check_cause("[::1]:80", Errno::AFNOSUPPORT, Cause::FamilyOff);
        check_cause("[fe80::1]:80", Errno::INVAL, Cause::ZoneMissing);
        check_cause("[::1]:80", Errno::INVAL, Cause::Other);
        check_cause("127.0.0.2:80", Errno::MFILE, Cause::DescriptorsOut);
        check_cause("127.0.0.2:80", Errno::NOBUFS, Cause::Other);
    }

    fn check_absent(wanted: &str, ipv6_off: bool, expected_hint: &str) {
        let (text, hint) = absent(address(wanted), ipv6_off);
        assert!(hint.contains(expected_hint), "{wanted}: {text}: {hint}");
    }

    #[test]
    fn says_how_to_get_an_address() {
        check_absent("192.0.2.9:80", true, "`sudo ip address add 192.0.2.9/32 dev lo`");
        check_absent("[2001:db8::5]:80", false, "`sudo ip -6 address add 2001:db8::5/128 dev lo`");
        check_absent("[::1]:80", true, "disable_ipv6=0`");
        check_absent("[::1]:80", false, "::1/128 dev lo`");
        check_absent("127.0.0.2:80", false, "`sudo ip link set lo up`");
    }

    #[test]
    fn explains_a_taken_address_live() {
        let wildcard = TcpListener::bind("0.0.0.0:0").unwrap();
        let port = wildcard.local_addr().unwrap().port();
        let wanted = SocketAddr::from(([127, 31, 5, 1], port));
        let explanation = explain(wanted, &TcpListener::bind(wanted).unwrap_err());
        let pid = std::process::id();
        let expected = format!(
            "{wanted} is taken: this Doorward itself (pid {pid}) listens on 0.0.0.0:{port}, \
             which covers every IPv4 address of this machine"
        );
        assert_eq!(explanation.text, expected);
        assert!(explanation.hint.contains("iplisten ipaddress=127.31.5.1"), "{}", explanation.hint);
        assert_eq!(explanation.culprits[0].0, Clash::Wildcard);
    }

    #[test]
    fn explains_an_absent_address_live() {
        let wanted = address("192.0.2.9:0");
        let explanation = explain(wanted, &TcpListener::bind(wanted).unwrap_err());
        assert_eq!(explanation.text, "192.0.2.9:0: no interface of this machine has the address 192.0.2.9");
        assert_eq!(explanation.culprits, []);
    }

    #[test]
    fn every_cause_has_words_and_a_hint() {
        let all = [Errno::ADDRINUSE, Errno::AFNOSUPPORT, Errno::PERM, Errno::INVAL, Errno::MFILE, Errno::NOBUFS];
        for errno in all {
            let explanation = explain(address("[fe80::1]:9"), &errno.into());
            assert!(!explanation.text.is_empty() && explanation.hint.contains('`'), "{explanation:?}");
        }
    }
}
