//! The shared table of forwarding headers: peer, trusted list and header lines to client and key.

use std::path::{Path, PathBuf};

use doorward_limiter::{Client, ClientKey, ClientSource, ForwardedHeader, ForwardedRule, Trust, identify};

/// Where the shared vectors are, if they are here.
#[allow(clippy::disallowed_methods, reason = "tests read the vectors")]
fn table() -> Option<String> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("DOORWARD_SHARED").map_or_else(beside, PathBuf::from);
    std::fs::read_to_string(shared.join("vectors/xff.tsv")).ok()
}

/// Undoes the escapes of the table: `\r \n \t \\ \xHH` and `\{STR*N}`.
fn unescape(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some((plain, escape)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        let mut length = 1;
        match escape.as_bytes()[0] {
            b'r' => bytes.push(b'\r'),
            b'n' => bytes.push(b'\n'),
            b't' => bytes.push(b'\t'),
            b'x' => {
                bytes.push(u8::from_str_radix(&escape[1..3], 16).unwrap());
                length = 3;
            }
            b'{' => {
                let (repeated, _) = escape[1..].split_once('}').unwrap();
                let (inner, times) = repeated.rsplit_once('*').unwrap();
                bytes.extend(inner.as_bytes().repeat(times.parse().unwrap()));
                length = repeated.len() + 2;
            }
            other => bytes.push(other),
        }
        rest = &escape[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// The values of one header among lines, names compared without case.
fn values<'h>(lines: &'h [u8], header: &str) -> Vec<&'h [u8]> {
    let lines = lines.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let fields = lines.filter_map(|line| line.iter().position(|byte| *byte == b':').map(|colon| line.split_at(colon)));
    fields.filter(|(name, _)| name.eq_ignore_ascii_case(header.as_bytes())).map(|(_, value)| &value[1..]).collect()
}

fn check(row: &[&str]) {
    let [id, trusted, peer, header, lines, expected, key, ..] = row else { panic!("short row {row:?}") };
    let trust = match *trusted {
        "iis" => Trust::AnyProxy,
        list => Trust::Listed(list.split(',').filter(|net| !net.is_empty()).map(|net| net.parse().unwrap()).collect()),
    };
    let source = ClientSource::Forwarded(ForwardedRule { header: ForwardedHeader::named(header), trust });
    let (peer, lines) = (peer.parse().unwrap(), unescape(lines));
    let found = identify(peer, &source, values(&lines, header).into_iter());
    match *expected {
        "(400.10)" => assert!(found.is_err(), "{id}"),
        // Refused by the HTTP parser; should it ever come this far, nothing in it is believed.
        "(400)" => assert_eq!(found, Ok(Client::direct(peer)), "{id}"),
        address => {
            let client = found.unwrap();
            assert_eq!(client.address.to_string(), address, "{id}");
            assert_eq!(ClientKey::new(client.address, 64).to_string(), *key, "{id}");
        }
    }
}

#[test]
fn every_row_finds_its_client_and_key() {
    let Some(table) = table() else {
        println!("skipped: no shared vectors; set DOORWARD_SHARED to their folder");
        return;
    };
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    assert!(rows.len() > 90, "{} rows", rows.len());
    for row in &rows {
        check(row);
    }
}
