//! A million random header lists against a slow model of D7 and D8, which knows what each element means because it
//! chose the meaning first and the spelling after.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use doorward_limiter::{
    Client, ClientSource, ForwardedHeader, ForwardedRule, InvalidForwarded, IpNet, Trust, Via, canonical, identify,
};

const LISTS: u32 = 1_000_000;
/// More hops than this are not walked.
const HOPS_MAX: usize = 50;

/// What an element of a list stands for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Meaning {
    Address(IpAddr),
    Nameless,
    Garbage,
}

/// Numbers that look random and are the same in every run (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as u32) % limit
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(u32::try_from(all.len()).unwrap()) as usize]
    }

    /// Few networks, so that trusted and untrusted addresses both come often.
    fn address(&mut self) -> IpAddr {
        let low = self.below(4) as u8;
        match self.below(6) {
            0 => Ipv4Addr::LOCALHOST.into(),
            1 => Ipv4Addr::new(10, 0, 0, low).into(),
            2 => Ipv4Addr::new(203, 0, 113, low).into(),
            3 => Ipv6Addr::new(0x2001, 0xdb8, 0, u16::from(low), 0, 0, 0, 7).into(),
            4 => Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, u16::from(low)).into(),
            _ => Ipv4Addr::new(10, 0, 0, low).to_ipv6_mapped().into(),
        }
    }

    fn meaning(&mut self) -> Meaning {
        match self.below(12) {
            0 => Meaning::Nameless,
            1 => Meaning::Garbage,
            _ => Meaning::Address(self.address()),
        }
    }

    fn spelling(&mut self, meaning: Meaning, header: &ForwardedHeader) -> String {
        let parameters = *header == ForwardedHeader::Forwarded;
        let port = self.one_of(&["", "", ":80", ":0", ":65535"]);
        match meaning {
            Meaning::Nameless => {
                let name = self.one_of(&["unknown", "UNKNOWN", "_hidden", "_a.b-c"]);
                if parameters { format!("for={name}") } else { name.to_owned() }
            }
            Meaning::Garbage if parameters => self
                .one_of(&[
                    "for",
                    "by=10.0.0.1",
                    "for=2001:db8::7",
                    "for=a;for=10.0.0.1",
                    "for=\"10.0.0.1",
                    "f or=10.0.0.1",
                ])
                .to_owned(),
            Meaning::Garbage => self
                .one_of(&["x", "10.0.0", "10.0.0.1:", "10.0.0.1:65536", "[10.0.0.1]", "[::1", "10.0.0.1 x", "::1%lo"])
                .to_owned(),
            Meaning::Address(address) => {
                let node = match address {
                    IpAddr::V4(v4) => format!("{v4}{port}"),
                    IpAddr::V6(v6) if parameters || !port.is_empty() || self.below(2) == 0 => format!("[{v6}]{port}"),
                    IpAddr::V6(v6) => v6.to_string(),
                };
                if parameters { self.pair(&node) } else { node }
            }
        }
    }

    /// A `for` among other parameters.
    fn pair(&mut self, node: &str) -> String {
        let name = self.one_of(&["for", "For", "FOR"]);
        let quoted = node.contains([':', '[']) || self.below(2) == 0;
        let pair = if quoted { format!("{name}=\"{node}\"") } else { format!("{name}={node}") };
        let (before, after) =
            (self.one_of(&["", "", "proto=http;"]), self.one_of(&["", "", ";by=\"a,b;c\"", ";proto=https"]));
        format!("{before}{pair}{after}")
    }

    /// Elements as lines, with white space, empty elements and line breaks wherever they may be.
    fn lines(&mut self, elements: &[String]) -> Vec<String> {
        let mut lines = vec![String::new()];
        for (number, element) in elements.iter().enumerate() {
            if number > 0 && self.below(4) == 0 {
                lines.push(String::new());
            } else if number > 0 {
                lines.last_mut().unwrap().push(',');
            }
            let (before, after) = (self.one_of(&["", " ", "\t ", " , "]), self.one_of(&["", "", " ", ","]));
            lines.last_mut().unwrap().extend([before, element, after]);
        }
        lines
    }
}

/// The model: a list of meanings and the words of D7 and D8.
fn model(peer: IpAddr, trust: &Trust, meanings: &[Meaning]) -> Result<(IpAddr, Via), ()> {
    let peer = canonical(peer);
    let is_near = |address: IpAddr| {
        let text = address.to_string();
        text.starts_with("127.") || text.starts_with("10.") || text.starts_with("fd")
    };
    match trust {
        Trust::AnyProxy if meanings.contains(&Meaning::Garbage) => Err(()),
        Trust::AnyProxy => match meanings.iter().find(|meaning| **meaning != Meaning::Nameless) {
            Some(Meaning::Address(address)) => Ok((canonical(*address), Via::AnyProxy)),
            Some(_) => unreachable!("garbage was looked for above"),
            None if meanings.is_empty() => Ok((peer, Via::Peer)),
            None => Err(()),
        },
        Trust::Implicit => match meanings.last() {
            Some(Meaning::Address(address)) if is_near(peer) => Ok((canonical(*address), Via::Implicit)),
            _ => Ok((peer, Via::Peer)),
        },
        Trust::Listed(networks) => {
            let trusted = |address: IpAddr| networks.iter().any(|network| network.contains(&address));
            let (mut client, mut via) = (peer, Via::Peer);
            for meaning in meanings.iter().rev().take(HOPS_MAX) {
                let Meaning::Address(address) = meaning else { break };
                if !trusted(client) {
                    break;
                }
                (client, via) = (canonical(*address), Via::Listed);
            }
            Ok((client, via))
        }
    }
}

#[test]
fn a_million_lists_as_the_model_says() {
    let networks = |text: &str| text.split(' ').map(|one| one.parse::<IpNet>().unwrap()).collect();
    let trusts = [
        Trust::Listed(networks("127.0.0.1/32 10.0.0.0/8 fd00::/8")),
        Trust::Listed(Vec::new()),
        Trust::Implicit,
        Trust::AnyProxy,
    ];
    let headers = [ForwardedHeader::XForwardedFor, ForwardedHeader::Forwarded];
    let mut dice = Dice(0x00d0_0a5d);
    for _ in 0..LISTS {
        let header = headers[dice.below(2) as usize].clone();
        let trust = trusts[dice.below(4) as usize].clone();
        let peer = dice.address();
        let length = if dice.below(1000) == 0 { 60 } else { dice.below(6) };
        let meanings: Vec<Meaning> = (0..length).map(|_| dice.meaning()).collect();
        let elements: Vec<String> = meanings.iter().map(|meaning| dice.spelling(*meaning, &header)).collect();
        // An open quote takes in what follows it on its line: it has to stand last.
        let open = elements.iter().position(|element| element.matches('"').count() % 2 == 1);
        if open.is_some_and(|open| open + 1 < elements.len()) {
            continue;
        }
        let lines = dice.lines(&elements);
        let expected = model(peer, &trust, &meanings);
        let source = ClientSource::Forwarded(ForwardedRule { header, trust });
        let found: Result<Client, InvalidForwarded> = identify(peer, &source, lines.iter().map(String::as_bytes));
        let found = found.map(|client| (client.address, client.via)).map_err(drop);
        assert_eq!(found, expected, "{peer} {source:?} {lines:?}");
    }
}
