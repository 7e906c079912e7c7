//! Another protocol on an HTTP/1.1 connection (RFC 9110 §7.8): what may be offered onwards, what was agreed on, and how
//! long both sides may then keep silent.

use crate::Response;
use crate::chars::{is_tchar, trim_ows};

/// Protocols about the very connection they are offered on. Passed on, the upstream would speak HTTP or TLS to the client
/// itself, past everything that is decided here.
const OF_THIS_CONNECTION: [&[u8]; 3] = [b"h2c", b"HTTP", b"TLS"];

/// What a proxy offers to the next server of the protocols in a client's Upgrade field; `None` when nothing is left, or
/// where the field is not a list of protocols.
pub fn offer(upgrade: &[u8]) -> Option<String> {
    let mut kept = Vec::new();
    for protocol in protocols(upgrade) {
        let name = name_of(protocol)?;
        if !OF_THIS_CONNECTION.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            kept.push(std::str::from_utf8(protocol).ok()?);
        }
    }
    (!kept.is_empty()).then(|| kept.join(", "))
}

/// The protocol that a 101 switches to: one of those offered, and only with Connection naming Upgrade.
pub fn agreed<'r>(offered: &str, response: &'r Response) -> Option<&'r [u8]> {
    let chosen = response.upgrade()?;
    let is_offered = |one: &[u8]| protocols(offered.as_bytes()).any(|other| other.eq_ignore_ascii_case(one));
    let mut names = protocols(chosen).peekable();
    names.peek()?;
    names.all(is_offered).then_some(chosen)
}

fn protocols(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == b',').map(trim_ows).filter(|one| !one.is_empty())
}

/// The name before the version: `token ["/" token]`.
fn name_of(protocol: &[u8]) -> Option<&[u8]> {
    let (name, version) = match protocol.iter().position(|byte| *byte == b'/') {
        Some(slash) => (&protocol[..slash], Some(&protocol[slash + 1..])),
        None => (protocol, None),
    };
    let is_token = |text: &[u8]| !text.is_empty() && text.iter().copied().all(is_tchar);
    (is_token(name) && version.is_none_or(is_token)).then_some(name)
}

/// A connection whose protocol has changed: bytes go both ways, and nobody here reads them. It ends when either side
/// closes, or when both have been silent for too long.
#[derive(Clone, Debug)]
pub struct Tunnel {
    silence_ms: u64,
    latest_ms: u64,
    from_client: u64,
    from_upstream: u64,
}

impl Tunnel {
    /// A tunnel that begins now and may be silent for so long, in milliseconds.
    pub fn new(silence_ms: u64, now_ms: u64) -> Self {
        Self { silence_ms, latest_ms: now_ms, from_client: 0, from_upstream: 0 }
    }

    /// The client sent so many bytes.
    pub fn client_sent(&mut self, bytes: usize, now_ms: u64) {
        self.from_client += bytes as u64;
        self.latest_ms = self.latest_ms.max(now_ms);
    }

    /// The upstream sent so many bytes.
    pub fn upstream_sent(&mut self, bytes: usize, now_ms: u64) {
        self.from_upstream += bytes as u64;
        self.latest_ms = self.latest_ms.max(now_ms);
    }

    /// When it is to end unless bytes come from either side.
    pub fn deadline_ms(&self) -> u64 {
        self.latest_ms.saturating_add(self.silence_ms)
    }

    /// Bytes so far: the client's, the upstream's.
    pub fn bytes(&self) -> (u64, u64) {
        (self.from_client, self.from_upstream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClientMachine, Event, HeadLimits};

    fn check_offer(field: &str, expected: Option<&str>) {
        assert_eq!(offer(field.as_bytes()).as_deref(), expected, "{field}");
    }

    #[test]
    fn only_other_protocols_are_offered_on() {
        check_offer("websocket", Some("websocket"));
        check_offer("WebSocket", Some("WebSocket"));
        check_offer(" IRC/6.9 ,, RTA/x11", Some("IRC/6.9, RTA/x11"));
        check_offer("h2c", None);
        check_offer("H2C, websocket", Some("websocket"));
        check_offer("HTTP/2.0, http/3", None);
        check_offer("TLS/1.2, tcp", Some("tcp"));
        check_offer("", None);
        check_offer(",", None);
    }

    #[test]
    fn what_is_no_list_of_protocols_offers_nothing() {
        for field in ["web socket", "websocket/", "/13", "a/b/c", "websocket; x", "a, \u{e9}"] {
            check_offer(field, None);
        }
    }

    fn check_agreed(offered: &str, fields: &str, expected: Option<&str>) {
        let (mut machine, mut response) = (ClientMachine::new(HeadLimits::default()), Response::new());
        machine.begin(false);
        let head = format!("HTTP/1.1 101 Switching Protocols\r\n{fields}\r\n");
        assert!(matches!(machine.read(head.as_bytes(), &mut response), Ok((_, Event::Head))), "{head}");
        assert_eq!(agreed(offered, &response), expected.map(str::as_bytes), "{offered}: {fields}");
    }

    #[test]
    fn a_server_may_switch_to_what_was_offered_alone() {
        check_agreed("websocket", "Connection: Upgrade\r\nUpgrade: WebSocket\r\n", Some("WebSocket"));
        check_agreed("a/1, b/2", "Upgrade: b/2\r\nConnection: x, upgrade\r\n", Some("b/2"));
        check_agreed("a/1, b/2", "Upgrade: b/2, a/1\r\nConnection: upgrade\r\n", Some("b/2, a/1"));
        check_agreed("a/1", "Upgrade: a/2\r\nConnection: upgrade\r\n", None);
        check_agreed("websocket", "Upgrade: websocket, h2c\r\nConnection: upgrade\r\n", None);
        check_agreed("websocket", "Upgrade: websocket\r\n", None);
        check_agreed("websocket", "Connection: upgrade\r\n", None);
        check_agreed("websocket", "Upgrade: ,\r\nConnection: upgrade\r\n", None);
    }

    #[test]
    fn silence_is_counted_from_the_last_byte_of_either_side() {
        let mut tunnel = Tunnel::new(1_000, 500);
        assert_eq!((tunnel.deadline_ms(), tunnel.bytes()), (1_500, (0, 0)));
        tunnel.client_sent(3, 900);
        assert_eq!((tunnel.deadline_ms(), tunnel.bytes()), (1_900, (3, 0)));
        tunnel.upstream_sent(4, 1_200);
        // A clock that stands back a little takes nothing away.
        tunnel.client_sent(2, 1_100);
        assert_eq!((tunnel.deadline_ms(), tunnel.bytes()), (2_200, (5, 4)));
        assert_eq!(Tunnel::new(u64::MAX, 5).deadline_ms(), u64::MAX);
    }
}
