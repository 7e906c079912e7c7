//! Blocks an operator made: taken back at the start, and written down at every change.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use doorward_admin::{BlockReport, Done, Refused, RefusedKind};
use doorward_limiter::{Block, Client, IpNet};
use doorward_server::unix_ms;

use super::Daemon;
use crate::text;

const FILE: &str = "blocks.json";
/// No more is read: ten thousand blocks with the longest reasons are smaller.
const FILE_BYTES_MAX: u64 = 16 << 20;

impl Daemon {
    /// Puts the blocks of an earlier run in force again, those that have not ended.
    pub(super) fn restore_blocks(&self) {
        let path = self.blocks_file();
        let stored = match read(&path) {
            Ok(stored) => stored,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => {
                let path = path.display();
                text::complain(format!("{path}: {error}; blocks of an earlier run are not in force"));
                return;
            }
        };
        let (now_ms, now_unix_ms) = (self.control.clock().now_ms(), unix_ms());
        for row in stored.iter().filter(|row| row.until_unix_ms > now_unix_ms) {
            let Ok(network) = row.network.parse() else { continue };
            let until_ms = now_ms + (row.until_unix_ms - now_unix_ms);
            let block = Block { network, until_ms, reason: row.reason.clone() };
            // What does not fit now did not fit then.
            let _too_many = self.control.limiter().block(&block, now_ms);
        }
    }

    /// Blocks a network for a while.
    pub(super) fn block(&self, network: IpNet, for_ms: u64, reason: String) -> Result<Done, Refused> {
        let now_ms = self.control.clock().now_ms();
        let block = Block { network, until_ms: now_ms.saturating_add(for_ms), reason };
        let until = BlockReport::new(&block, self.control.clock()).until;
        let conflict = |error: doorward_limiter::TooManyBlocks| Refused::new(RefusedKind::Conflict, error.to_string());
        self.control.limiter().block(&block, now_ms).map_err(conflict)?;
        Ok(Done { message: format!("{network} is blocked until {until}."), notes: self.keep_blocks() })
    }

    /// Ends blocks and forgets counts.
    pub(super) fn unblock(&self, network: &IpNet, text: &str) -> Done {
        let limiter = self.control.limiter();
        let removed = limiter.remove_blocks(network);
        let message = match (limiter.unblock(*network, None), removed) {
            (0, 0) => format!("{text} is not limited now."),
            (0 | 1, 0 | 1) => format!("{text} unblocked."),
            (clients, 0) => format!("{clients} clients in {text} unblocked."),
            (clients, blocks) => format!("{text} unblocked: blocks ended {blocks}, clients cleared {clients}."),
        };
        let mut notes = if removed > 0 { self.keep_blocks() } else { Vec::new() };
        let wider = limiter.block_of(&Client::direct(network.addr()), self.control.clock().now_ms());
        notes.extend(wider.map(|block| format!("it stays blocked by the block of {0}: unblock {0}", block.network)));
        Done { message, notes }
    }

    fn blocks_file(&self) -> PathBuf {
        self.home.state.join(FILE)
    }

    /// Writes the blocks in force down; says what kept it from being done.
    fn keep_blocks(&self) -> Vec<String> {
        let clock = self.control.clock();
        let blocks = self.control.limiter().blocks(clock.now_ms());
        let rows: Vec<BlockReport> = blocks.iter().map(|block| BlockReport::new(block, clock)).collect();
        let path = self.blocks_file();
        match write(&path, &rows) {
            Ok(()) => Vec::new(),
            Err(error) => vec![format!("{}: {error}; a restart will forget this", path.display())],
        }
    }
}

fn read(path: &Path) -> io::Result<Vec<BlockReport>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("{length} bytes are too many")));
    }
    Ok(serde_json::from_reader(io::BufReader::new(file))?)
}

/// A new file takes the old one's place at once, so that a crash leaves one of the two.
fn write(path: &Path, rows: &[BlockReport]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let new = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(&serde_json::to_vec_pretty(rows)?)?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}
