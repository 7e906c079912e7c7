//! IPv6 addresses for a while: loopback has but one.

use std::process::Command;

/// Addresses that are on `lo` while this lives.
pub struct V6Addresses(Vec<String>);

impl V6Addresses {
    /// Puts them there.
    pub fn add<T: std::fmt::Display>(addresses: &[T]) -> V6Addresses {
        let guard = V6Addresses(addresses.iter().map(|address| format!("{address}/128")).collect());
        for address in &guard.0 {
            assert!(ip(&["-6", "addr", "replace", address, "dev", "lo"]), "ip addr replace {address}");
        }
        guard
    }
}

impl Drop for V6Addresses {
    fn drop(&mut self) {
        for address in &self.0 {
            ip(&["-6", "addr", "del", address, "dev", "lo"]);
        }
    }
}

fn ip(arguments: &[&str]) -> bool {
    Command::new(super::peer::find("ip", "iproute2")).args(arguments).status().unwrap().success()
}
