//! Networks an operator has blocked for a while, whatever the rules of a site say.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{PoisonError, RwLock};

use thiserror::Error;

use crate::address::{canonical, canonical_network};
use crate::text::escape;
use crate::{Client, IpNet};

/// Blocks at most: what needs more belongs into the address list.
const BLOCKS_MAX: usize = 10_000;
const REASON_CHARS_MAX: usize = 256;

/// One network that an operator has blocked for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Whom it is about.
    pub network: IpNet,
    /// When it ends, on the caller's clock.
    pub until_ms: u64,
    /// Why, in the operator's words; bounded, control characters escaped.
    pub reason: String,
}

/// There are as many blocks as there may be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there are {BLOCKS_MAX} blocks, as many as there may be; unblock some, or write the networks into ipSecurity")]
pub struct TooManyBlocks;

/// The blocks in force. Asked about every request, and empty nearly always.
#[derive(Default)]
pub(crate) struct Blocks {
    count: AtomicUsize,
    rows: RwLock<Rows>,
}

#[derive(Default)]
struct Rows {
    by_network: HashMap<IpNet, Block>,
    /// The prefix lengths there are, the shortest first, IPv4 and IPv6 alike.
    lengths: Vec<u8>,
}

impl Rows {
    fn note_lengths(&mut self) {
        self.lengths = self.by_network.keys().map(IpNet::prefix_len).collect();
        self.lengths.sort_unstable();
        self.lengths.dedup();
    }
}

impl Blocks {
    /// Adds a block, or renews the one of the same network. Those that have ended make room.
    pub(crate) fn add(&self, block: &Block, now_ms: u64) -> Result<(), TooManyBlocks> {
        let network = canonical_network(block.network);
        let reason = escape(block.reason.as_bytes(), REASON_CHARS_MAX);
        let block = Block { network, until_ms: block.until_ms, reason };
        self.change(|rows| {
            if rows.by_network.len() >= BLOCKS_MAX {
                rows.by_network.retain(|_, row| row.until_ms > now_ms);
                rows.note_lengths();
            }
            if rows.by_network.len() >= BLOCKS_MAX && !rows.by_network.contains_key(&network) {
                return Err(TooManyBlocks);
            }
            rows.by_network.insert(network, block);
            if let Err(place) = rows.lengths.binary_search(&network.prefix_len()) {
                rows.lengths.insert(place, network.prefix_len());
            }
            Ok(())
        })
    }

    /// Removes the blocks of this network and of those inside it; returns how many.
    pub(crate) fn remove(&self, network: &IpNet) -> usize {
        let network = canonical_network(*network);
        self.change(|rows| {
            let before = rows.by_network.len();
            rows.by_network.retain(|own, _| !network.contains(own));
            rows.note_lengths();
            before - rows.by_network.len()
        })
    }

    /// The blocks in force, the one that ends first first.
    pub(crate) fn all(&self, now_ms: u64) -> Vec<Block> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<Block> = rows.by_network.values().filter(|row| row.until_ms > now_ms).cloned().collect();
        all.sort_by_key(|row| (row.until_ms, row.network));
        all
    }

    /// The block in force for this address, if any; the widest.
    pub(crate) fn find(&self, address: IpAddr, now_ms: u64) -> Option<Block> {
        if self.count.load(Relaxed) == 0 {
            return None;
        }
        let address = canonical(address);
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        rows.lengths.iter().find_map(|length| {
            let network = IpNet::new(address, *length).ok()?.trunc();
            rows.by_network.get(&network).filter(|row| row.until_ms > now_ms).cloned()
        })
    }

    /// The block that strikes this client: its own address counts, and the peer's.
    pub(crate) fn strikes(&self, client: &Client, now_ms: u64) -> Option<Block> {
        let by_peer = || (client.peer != client.address).then(|| self.find(client.peer, now_ms)).flatten();
        self.find(client.address, now_ms).or_else(by_peer)
    }

    /// Whether there is any, ended or not.
    pub(crate) fn any(&self) -> bool {
        self.count.load(Relaxed) != 0
    }

    fn change<T>(&self, change: impl FnOnce(&mut Rows) -> T) -> T {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        let outcome = change(&mut rows);
        self.count.store(rows.by_network.len(), Relaxed);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(networks: &[&str]) -> Blocks {
        let blocks = Blocks::default();
        for network in networks {
            blocks.add(&block(network, 1000), 0).unwrap();
        }
        blocks
    }

    fn block(network: &str, until_ms: u64) -> Block {
        Block { network: network.parse().unwrap(), until_ms, reason: "x\x1b".to_owned() }
    }

    fn check(networks: &[&str], (address, now_ms): (&str, u64), expected: Option<&str>) {
        let found = blocks(networks).find(address.parse().unwrap(), now_ms).map(|row| row.network.to_string());
        assert_eq!(found.as_deref(), expected, "{address} at {now_ms} in {networks:?}");
    }

    #[test]
    fn addresses_inside_a_block_are_found_until_it_ends() {
        check(&["10.0.0.0/8"], ("10.1.2.3", 999), Some("10.0.0.0/8"));
        check(&["10.0.0.0/8"], ("10.1.2.3", 1000), None);
        check(&["10.0.0.0/8"], ("11.1.2.3", 0), None);
        check(&["10.1.2.3/32", "10.1.0.0/16"], ("10.1.2.3", 0), Some("10.1.0.0/16"));
        check(&["::ffff:10.1.2.3/128"], ("10.1.2.3", 0), Some("10.1.2.3/32"));
        check(&["2001:db8::7/64"], ("2001:db8::9", 0), Some("2001:db8::/64"));
        check(&["0.0.0.0/0"], ("::1", 0), None);
        check(&[], ("10.1.2.3", 0), None);
    }

    #[test]
    fn blocks_inside_a_network_go_with_it() {
        let blocks = blocks(&["10.0.0.0/8", "10.1.2.3/32", "10.1.2.4/32"]);
        assert_eq!(blocks.remove(&"10.1.2.0/24".parse().unwrap()), 2);
        assert_eq!(blocks.remove(&"10.1.2.0/24".parse().unwrap()), 0);
        assert_eq!(blocks.all(0).len(), 1);
        assert_eq!(blocks.remove(&"10.0.0.0/8".parse().unwrap()), 1);
        assert!(!blocks.any());
    }

    #[test]
    fn peer_and_client_are_struck() {
        let blocks = blocks(&["10.0.0.1/32"]);
        let behind = |peer: &str, address: &str| Client {
            address: address.parse().unwrap(),
            ..Client::direct(peer.parse().unwrap())
        };
        assert!(blocks.strikes(&behind("10.0.0.1", "1.1.1.1"), 0).is_some());
        assert!(blocks.strikes(&behind("10.9.9.9", "10.0.0.1"), 0).is_some());
        assert!(blocks.strikes(&behind("10.9.9.9", "1.1.1.1"), 0).is_none());
    }

    #[test]
    fn there_is_an_end_to_them_and_ended_ones_make_room() {
        let blocks = Blocks::default();
        for number in 0..u32::try_from(BLOCKS_MAX).unwrap() {
            let network = format!("{}/32", std::net::Ipv4Addr::from_bits(number));
            blocks.add(&block(&network, 1000), 0).unwrap();
        }
        assert_eq!(blocks.add(&block("9.9.9.9/32", 2000), 999), Err(TooManyBlocks));
        assert_eq!(blocks.add(&block("0.0.0.1/32", 2000), 999), Ok(()));
        assert_eq!(blocks.add(&block("9.9.9.9/32", 2000), 1000), Ok(()));
        assert_eq!(blocks.all(1000).len(), 2);
        assert_eq!(blocks.all(1000)[0].reason, "x\\x1b");
    }
}
