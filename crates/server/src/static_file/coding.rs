//! Which of a file's codings a client gets: `Accept-Encoding` with its weights (RFC 9110 12.5.3).

use doorward_plan::{CodingKind, Effort};
use doorward_wire::Request;

/// A content coding and the neighbour that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Brotli,
    Zstandard,
    Gzip,
}

impl From<CodingKind> for Coding {
    fn from(kind: CodingKind) -> Self {
        match kind {
            CodingKind::Brotli => Self::Brotli,
            CodingKind::Zstandard => Self::Zstandard,
            CodingKind::Gzip => Self::Gzip,
        }
    }
}

/// The codings looked for beside a file.
pub(crate) const NEIGHBOURS: [Coding; 3] = [Coding::Brotli, Coding::Zstandard, Coding::Gzip];

impl Coding {
    /// What the neighbour's name ends with.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Identity => "",
            Self::Brotli => ".br",
            Self::Zstandard => ".zst",
            Self::Gzip => ".gz",
        }
    }

    /// The registered name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Brotli => "br",
            Self::Zstandard => "zstd",
            Self::Gzip => "gzip",
        }
    }

    fn is_called(self, name: &str) -> bool {
        name.eq_ignore_ascii_case(self.name()) || (self == Self::Gzip && name.eq_ignore_ascii_case("x-gzip"))
    }
}

/// Weights in thousandths, as one request gives them.
struct Weights<'r>(Vec<(&'r str, u16)>);

impl<'r> Weights<'r> {
    fn of(request: &'r Request) -> Self {
        let lines = request.field_lines("Accept-Encoding").filter_map(|line| std::str::from_utf8(line).ok());
        let elements = lines.flat_map(|line| line.split(',')).map(str::trim).filter(|element| !element.is_empty());
        Self(elements.map(weighted).collect())
    }

    /// 0 is "not acceptable". The identity that nobody names is acceptable, after everything that is named.
    fn of_coding(&self, coding: Coding) -> u16 {
        let named = self.0.iter().find(|(name, _)| coding.is_called(name));
        let found = named.or_else(|| self.0.iter().find(|(name, _)| *name == "*"));
        match (found, coding) {
            (Some((name, weight)), Coding::Identity) if *name == "*" => u16::from(*weight > 0),
            (Some((_, weight)), _) => *weight,
            (None, Coding::Identity) => 1,
            (None, _) => 0,
        }
    }
}

fn weighted(element: &str) -> (&str, u16) {
    let (name, parameters) = element.split_once(';').unwrap_or((element, ""));
    let weight = parameters.trim().strip_prefix(['q', 'Q']).and_then(|rest| rest.trim_start().strip_prefix('='));
    (name.trim(), weight.map_or(1000, |text| thousandths(text.trim())))
}

/// A weight as RFC 9110 12.4.2 has it; anything else counts as not wanted.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !["0", "1"].contains(&whole) || fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    let fraction = format!("{fraction:0<3}").parse().unwrap_or(0);
    match (whole, fraction) {
        ("1", 0) => 1000,
        // Nothing is wanted more than wholly.
        ("1", _) => 0,
        (_, fraction) => fraction,
    }
}

/// The place of the representation to send: the greatest weight, of equals the shortest. The first one is the file
/// itself; it is also sent to a client that accepts nothing at hand (RFC 9110 12.5.3 leaves that open).
pub(crate) fn choose(request: &Request, offered: &[(Coding, u64)]) -> usize {
    if offered.len() < 2 || request.field("Accept-Encoding").is_none() {
        return 0;
    }
    let weights = Weights::of(request);
    let wanted =
        offered.iter().enumerate().map(|(place, (coding, length))| (weights.of_coding(*coding), *length, place));
    let best = wanted.filter(|(weight, ..)| *weight > 0).min_by_key(|(weight, length, _)| (u16::MAX - weight, *length));
    best.map_or(0, |(_, _, place)| place)
}

/// The coding this client likes best, the first of equals; `None` when it takes none of them.
pub(crate) fn preferred(request: &Request, offered: &[Effort]) -> Option<Effort> {
    request.field("Accept-Encoding")?;
    let weights = Weights::of(request);
    let wanted = offered.iter().map(|effort| (weights.of_coding(effort.kind.into()), *effort));
    let wanted = wanted.filter(|(weight, _)| *weight > 0);
    wanted.min_by_key(|(weight, _)| u16::MAX - weight).map(|(_, effort)| effort)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::request;

    fn check(accept: &str, expected: Coding) {
        let request = request(&format!("GET / HTTP/1.1\r\nHost: a\r\n{accept}\r\n"));
        let offered = [(Coding::Identity, 900), (Coding::Brotli, 100), (Coding::Zstandard, 200), (Coding::Gzip, 300)];
        assert_eq!(offered[choose(&request, &offered)].0, expected, "{accept}");
    }

    #[test]
    fn weights_then_length() {
        check("", Coding::Identity);
        check("Accept-Encoding: \r\n", Coding::Identity);
        check("Accept-Encoding: gzip\r\n", Coding::Gzip);
        check("Accept-Encoding: x-gzip\r\n", Coding::Gzip);
        check("Accept-Encoding: gzip, deflate, br, zstd\r\n", Coding::Brotli);
        check("Accept-Encoding: gzip\r\nAccept-Encoding: zstd\r\n", Coding::Zstandard);
        check("Accept-Encoding: br;q=0.5, GZIP;q=0.8\r\n", Coding::Gzip);
        check("Accept-Encoding: br; q=0, *\r\n", Coding::Zstandard);
        check("Accept-Encoding: *;q=0.1\r\n", Coding::Brotli);
        check("Accept-Encoding: *;q=0\r\n", Coding::Identity);
        check("Accept-Encoding: gzip;q=0.000\r\n", Coding::Identity);
        check("Accept-Encoding: gzip;q=2\r\n", Coding::Identity);
        check("Accept-Encoding: gzip;q=1.5\r\n", Coding::Identity);
        check("Accept-Encoding: gzip;q=1.000\r\n", Coding::Gzip);
        check("Accept-Encoding: gzip;q=0.2, identity\r\n", Coding::Identity);
        check("Accept-Encoding: identity;q=0\r\n", Coding::Identity);
        check("Accept-Encoding: identity;q=0, gzip;q=0.001\r\n", Coding::Gzip);
        check("Accept-Encoding: deflate\r\n", Coding::Identity);
    }
}
