//! What the scenarios share: a running Doorward, raw clients, peers and upstreams, and waiting.

pub mod client;
pub mod config;
pub mod doorward;
pub mod guide;
pub mod home;
pub mod http2;
pub mod log_file;
pub mod net;
pub mod peer;
pub mod proc;
pub mod proxies;
pub mod tls;
pub mod upstream;
pub mod v6;
pub mod wall_clock;

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long an event may take before the test that waits for it gives up. Generous: it bounds a failure, it
/// measures nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// Tries until `attempt` gives something; panics with `what` when that takes longer than the patience of all tests.
pub fn wait_until<T>(what: &str, attempt: impl FnMut() -> Option<T>) -> T {
    wait_within(PATIENCE, what, attempt)
}

/// The same for an event that may take longer than others.
pub fn wait_within<T>(patience: Duration, what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {} s in vain for: {what}", patience.as_secs());
        sleep(Duration::from_millis(10));
    }
}

/// Keeps quiet for a rate interval: silence itself is the event here, so that asking would disturb it.
pub fn silence(interval_ms: u64) {
    sleep(Duration::from_millis(interval_ms + interval_ms / 10 + 20));
}

/// True for the superuser.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// True when `test` may go on: it needs root and has it. Otherwise says so in the form that the test script counts.
pub fn root_or_skip(test: &str) -> bool {
    if !is_root() {
        println!("SKIP(root): {test}");
    }
    is_root()
}

/// True when the machine has `::1`; otherwise says that `test` was skipped.
pub fn ipv6_or_skip(test: &str) -> bool {
    let has = std::net::TcpListener::bind("[::1]:0").is_ok();
    if !has {
        println!("SKIP(ipv6): {test}");
    }
    has
}
