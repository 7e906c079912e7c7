//! The shared tables of inputs and expectations, for the tests of several crates.

use std::path::{Path, PathBuf};

/// A shared file; `None` where it is absent.
pub fn shared(name: &str) -> Option<PathBuf> {
    let folder = match std::env::var_os("DOORWARD_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    Some(folder.join(name)).filter(|path| path.exists())
}

/// `\r \n \t \\ \xHH`, and `\{text*count}`.
pub fn unescape(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let code = rest[at + 1..].chars().next().unwrap();
        rest = &rest[at + 2..];
        match code {
            'r' => bytes.push(b'\r'),
            'n' => bytes.push(b'\n'),
            't' => bytes.push(b'\t'),
            'x' => {
                bytes.push(u8::from_str_radix(&rest[..2], 16).unwrap());
                rest = &rest[2..];
            }
            '{' => {
                let (inner, tail) = rest.split_once('}').unwrap();
                let (part, count) = inner.rsplit_once('*').unwrap();
                bytes.extend(unescape(part).repeat(count.parse().unwrap()));
                rest = tail;
            }
            other => bytes.push(other as u8),
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}
