//! Upstream connections that can carry another request, per thread, the last used first.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::ErrorKind;

use doorward_plan::Upstream;
use tokio::net::TcpStream;

/// Below the five seconds after which Node.js, the shortest of the usual ones, closes.
const IDLE_MS: u64 = 4_000;
/// Kept per upstream and thread.
const KEPT_MAX: usize = 64;

#[derive(Debug)]
struct Idle {
    port: u16,
    link: TcpStream,
    since_ms: u64,
}

/// The idle upstream connections of one thread.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    hosts: RefCell<HashMap<String, Vec<Idle>>>,
}

impl Pool {
    /// A connection to this upstream that is still open and has nothing unread.
    pub(super) fn take(&self, upstream: &Upstream, now_ms: u64) -> Option<TcpStream> {
        let mut hosts = self.hosts.borrow_mut();
        let idle = hosts.get_mut(&upstream.host)?;
        while let Some(place) = idle.iter().rposition(|idle| idle.port == upstream.port) {
            let Idle { link, since_ms, .. } = idle.remove(place);
            let unread = link.try_read(&mut [0]);
            let quiet = matches!(unread, Err(error) if error.kind() == ErrorKind::WouldBlock);
            if quiet && now_ms.saturating_sub(since_ms) < IDLE_MS {
                return Some(link);
            }
        }
        None
    }

    /// Keeps a connection whose exchange is complete.
    pub(super) fn give_back(&self, upstream: &Upstream, link: TcpStream, now_ms: u64) {
        let mut hosts = self.hosts.borrow_mut();
        if !hosts.contains_key(&upstream.host) {
            hosts.insert(upstream.host.clone(), Vec::new());
        }
        if let Some(idle) = hosts.get_mut(&upstream.host)
            && idle.len() < KEPT_MAX
        {
            idle.push(Idle { port: upstream.port, link, since_ms: now_ms });
        }
    }

    /// Closes connections that have been idle for too long.
    pub(crate) fn sweep(&self, now_ms: u64) {
        let mut hosts = self.hosts.borrow_mut();
        hosts.values_mut().for_each(|idle| idle.retain(|idle| now_ms.saturating_sub(idle.since_ms) < IDLE_MS));
        hosts.retain(|_, idle| !idle.is_empty());
    }
}
