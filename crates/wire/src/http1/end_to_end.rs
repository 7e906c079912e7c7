//! Which fields go through a proxy.

use crate::chars::trim_ows;

/// Fields between two neighbours (RFC 9110 §7.6.1), and Trailer, since trailers are dropped here.
const HOP_BY_HOP: [&str; 7] =
    ["Connection", "Proxy-Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade"];

/// Fields that a Connection field cannot take away: without them the message would be another one.
const NEVER_TAKEN: [&str; 2] = ["Content-Length", "Host"];

/// The end-to-end fields: all but the hop-by-hop ones and those that Connection names (RFC 9110 §7.6.1).
///
/// Content-Length and Host stay even if Connection names them. Content-Length is among the result: who forwards the
/// message and states its length again leaves that one out.
pub fn end_to_end<'r>(
    fields: impl Iterator<Item = (&'r str, &'r [u8])> + Clone,
) -> impl Iterator<Item = (&'r str, &'r [u8])> {
    let names_others = connection_options(fields.clone()).any(|option| !is_usual(option));
    let all = fields.clone();
    fields.filter(move |(name, _)| {
        let stays_here = is_one_of(name, &HOP_BY_HOP) || (names_others && is_taken_away(name, all.clone()));
        !stays_here
    })
}

fn is_taken_away<'r>(name: &str, fields: impl Iterator<Item = (&'r str, &'r [u8])>) -> bool {
    !is_one_of(name, &NEVER_TAKEN)
        && connection_options(fields).any(|option| option.eq_ignore_ascii_case(name.as_bytes()))
}

fn connection_options<'r>(fields: impl Iterator<Item = (&'r str, &'r [u8])>) -> impl Iterator<Item = &'r [u8]> {
    fields
        .filter(|(name, _)| name.eq_ignore_ascii_case("Connection"))
        .flat_map(|(_, value)| value.split(|byte| *byte == b',').map(trim_ows))
}

/// Options that name no field, or one that is hop-by-hop anyway.
fn is_usual(option: &[u8]) -> bool {
    [&b"close"[..], b"keep-alive", b"upgrade"].iter().any(|usual| usual.eq_ignore_ascii_case(option))
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|listed| listed.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(fields: &str, expect: &str) {
        let list =
            fields.split('|').filter_map(|field| field.split_once(':')).map(|(name, value)| (name, value.as_bytes()));
        let kept: Vec<&str> = end_to_end(list).map(|(name, _)| name).collect();
        assert_eq!(kept.join(" "), expect, "{fields}");
    }

    #[test]
    fn hop_by_hop_fields_stay_here() {
        check("Host:a|Connection:close|Accept:b", "Host Accept");
        check("TE:a|Trailer:b|Upgrade:c|Keep-Alive:d|Proxy-Connection:e|transfer-encoding:f|X:g", "X");
    }

    #[test]
    fn connection_takes_the_fields_it_names() {
        check("X-A:1|Connection:close, x-a|X-B:2|connection: X-C |X-C:3|X-A:4", "X-B");
        check("Connection:Upgrade, HTTP2-Settings|HTTP2-Settings:a|Upgrade:h2c|Host:b", "Host");
    }

    #[test]
    fn connection_cannot_take_what_a_message_stands_on() {
        check("Host:a|Connection:Content-Length, host|Content-Length:0", "Host Content-Length");
    }
}
