//! How a connection says that it speaks HTTP/2 without TLS: with its first bytes (RFC 9113 3.3, 3.4).

use crate::connection::Connection;
use crate::turn::Turn;

/// What every HTTP/2 client sends first. As HTTP/1.1 it would be a request of an impossible version.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What the first bytes of a connection say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaks {
    Http1,
    Http2,
    /// It may become either.
    Open,
}

/// Compares the first bytes of a connection, in two parts, with the preface.
fn speaks(carried: &[u8], fresh: &[u8]) -> Speaks {
    let seen = carried.len() + fresh.len();
    let agrees = carried.iter().chain(fresh).zip(PREFACE).all(|(byte, expected)| byte == expected);
    match agrees {
        false => Speaks::Http1,
        true if seen >= PREFACE.len() => Speaks::Http2,
        true => Speaks::Open,
    }
}

impl Connection {
    /// Looks at the first bytes of a connection. `None` lets HTTP/1.1 have them, as it has all that follows.
    pub(crate) fn choose_version(&mut self, fresh: &[u8]) -> Option<Turn> {
        let allowed = self.plan.listeners.get(&self.listener.address).is_some_and(|listener| listener.http2);
        match speaks(&self.carry, fresh) {
            Speaks::Open if allowed => {
                self.carry.extend_from_slice(fresh);
                self.head_since_ms.get_or_insert(self.client.now_ms());
                Some(Turn::Hungry)
            }
            Speaks::Http2 if allowed => {
                self.version_open = false;
                self.carry.extend_from_slice(fresh);
                Some(Turn::Http2)
            }
            Speaks::Http1 | Speaks::Open | Speaks::Http2 => {
                self.version_open = false;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(carried: &str, fresh: &str, expected: Speaks) {
        assert_eq!(speaks(carried.as_bytes(), fresh.as_bytes()), expected, "{carried:?} {fresh:?}");
    }

    #[test]
    fn the_preface_decides() {
        check("", "GET / HTTP/1.1\r\n", Speaks::Http1);
        check("", "P", Speaks::Open);
        check("P", "OST /", Speaks::Http1);
        check("PRI * HTTP/2.0\r\n", "\r\nSM", Speaks::Open);
        check("PRI * HTTP/2.0\r\n", "\r\nSM\r\n\r\n", Speaks::Http2);
        check("", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0", Speaks::Http2);
        check("", "PRI * HTTP/1.1\r\n", Speaks::Http1);
    }
}
