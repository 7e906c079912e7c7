//! What is kept of each denial episode: who, why, how often, and what the first request looked like.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::text::escape;
use crate::{ClientKey, Counts, DenyAction, IpNet, Limits, Reason, Scope};

/// Denials this far apart, in milliseconds, belong to different episodes, unless the interval is longer.
const EPISODE_GAP_MS: u64 = 60_000;
const METHOD_CHARS_MAX: usize = 16;
const TEXT_CHARS_MAX: usize = 256;
/// Locks the episodes are spread over.
const SHARDS_MAX: usize = 16;
/// Rows looked at for one to replace.
const SEARCHED: usize = 8;

/// What the server knows of a denied request; kept for the first one of an episode.
#[derive(Copy, Clone, Debug)]
pub struct Sample<'a> {
    /// Request method.
    pub method: &'a str,
    /// Request path as received.
    pub path: &'a str,
    /// The User-Agent header, empty when there is none.
    pub user_agent: &'a [u8],
    /// The site the request was for.
    pub site_id: u32,
    /// Whether it says that it speaks for somebody else, in a header that is not looked at.
    pub speaks_for_others: bool,
}

/// One denial episode of one client in one scope: from its first denied request until it calms down.
///
/// Texts are bounded, and control characters in them are escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The client.
    pub key: ClientKey,
    /// Where its counters belong.
    pub scope: Scope,
    /// The site of the last denied request.
    pub site_id: u32,
    /// Why the last denied request was denied.
    pub reason: Reason,
    /// Which of the limits with a pattern that was; `None` for the site's own.
    pub limit: Option<Arc<str>>,
    /// What it got.
    pub action: DenyAction,
    /// False in logging-only mode.
    pub enforced: bool,
    /// Time of the first denial, on the caller's clock.
    pub since_ms: u64,
    /// Time of the last denial, on the caller's clock.
    pub last_ms: u64,
    /// Requests denied in this episode.
    pub denied: u64,
    /// The counts at the last denial.
    pub counts: Counts,
    /// The limits at the last denial.
    pub limits: Limits,
    /// Whether the first denied request said that it speaks for somebody else.
    pub speaks_for_others: bool,
    /// Whether the next request would be denied now.
    pub blocked_now: bool,
    /// Method of the first denied request.
    pub method: String,
    /// Path of the first denied request.
    pub path: String,
    /// User agent of the first denied request.
    pub user_agent: String,
}

impl Evidence {
    /// Whether a denial at `now_ms` begins a new episode: the client was quiet for a minute and for one interval.
    fn is_over(&self, now_ms: u64) -> bool {
        let interval_ms = self.limits.rate.map_or(0, |rate| rate.interval_ms);
        now_ms.saturating_sub(self.last_ms) >= EPISODE_GAP_MS.max(u64::from(interval_ms))
    }

    /// A later denial of the same episode, with what was kept of it so far.
    fn following(self, earlier: &mut Self) -> Self {
        Self {
            since_ms: earlier.since_ms,
            last_ms: earlier.last_ms.max(self.last_ms),
            denied: earlier.denied.saturating_add(1),
            speaks_for_others: earlier.speaks_for_others,
            method: std::mem::take(&mut earlier.method),
            path: std::mem::take(&mut earlier.path),
            user_agent: std::mem::take(&mut earlier.user_agent),
            ..self
        }
    }

    fn with_sample(self, sample: &Sample<'_>) -> Self {
        Self {
            method: escape(sample.method.as_bytes(), METHOD_CHARS_MAX),
            path: escape(sample.path.as_bytes(), TEXT_CHARS_MAX),
            user_agent: escape(sample.user_agent, TEXT_CHARS_MAX),
            speaks_for_others: sample.speaks_for_others,
            ..self
        }
    }
}

/// Episodes by client and scope, of which only so many are kept.
pub(crate) struct Episodes {
    shards: Box<[Mutex<Shard>]>,
    rows_max: usize,
}

impl Episodes {
    /// Room for about `evidence_max` episodes; none are kept when it is zero.
    pub(crate) fn new(evidence_max: usize) -> Self {
        let shards = evidence_max.min(SHARDS_MAX);
        let rows_max = evidence_max.checked_div(shards).unwrap_or(0);
        Self { shards: (0..shards).map(|_| Mutex::default()).collect(), rows_max }
    }

    /// Notes one denial; the sample is used when it is the first of an episode.
    pub(crate) fn note(&self, denial: Evidence, sample: &Sample<'_>) {
        if let Some(shard) = self.shards.get(denial.key.spread() as usize % self.shards.len().max(1)) {
            locked(shard).note(denial, sample, self.rows_max);
        }
    }

    /// A copy of everything kept.
    pub(crate) fn all(&self) -> Vec<Evidence> {
        self.shards.iter().flat_map(|shard| locked(shard).rows.clone()).collect()
    }

    /// Forgets the clients of a network; returns whom.
    pub(crate) fn forget(&self, network: &IpNet, scope: Option<Scope>) -> Vec<(ClientKey, Scope)> {
        let goes = |row: &Evidence| row.key.overlaps(network) && scope.is_none_or(|scope| scope == row.scope);
        self.shards.iter().flat_map(|shard| locked(shard).forget(goes)).collect()
    }
}

/// A share of the episodes.
#[derive(Default)]
struct Shard {
    rows: Vec<Evidence>,
    /// Where the row of a client is.
    index: HashMap<(ClientKey, Scope), usize>,
    /// Where the search for a row to replace goes on.
    hand: usize,
}

impl Shard {
    fn note(&mut self, denial: Evidence, sample: &Sample<'_>, rows_max: usize) {
        let owner = (denial.key, denial.scope);
        if let Some(row) = self.index.get(&owner).and_then(|at| self.rows.get_mut(*at)) {
            *row = if row.is_over(denial.last_ms) { denial.with_sample(sample) } else { denial.following(row) };
            return;
        }
        let denial = denial.with_sample(sample);
        if self.rows.len() < rows_max {
            self.index.insert(owner, self.rows.len());
            self.rows.push(denial);
            return;
        }
        let at = self.quietest_ahead();
        if let Some(row) = self.rows.get_mut(at) {
            self.index.remove(&(row.key, row.scope));
            self.index.insert(owner, at);
            *row = denial;
        }
    }

    /// Of the next few rows, the one whose last denial is longest ago.
    fn quietest_ahead(&mut self) -> usize {
        let len = self.rows.len().max(1);
        let start = self.hand;
        self.hand = (start + SEARCHED) % len;
        let ahead = (0..SEARCHED.min(len)).map(|step| (start + step) % len);
        ahead.min_by_key(|at| self.rows.get(*at).map(|row| row.last_ms)).unwrap_or(0)
    }

    fn forget(&mut self, goes: impl Fn(&Evidence) -> bool) -> Vec<(ClientKey, Scope)> {
        let gone: Vec<_> = self.rows.extract_if(.., |row| goes(row)).map(|row| (row.key, row.scope)).collect();
        if !gone.is_empty() {
            self.index = self.rows.iter().enumerate().map(|(at, row)| ((row.key, row.scope), at)).collect();
            self.hand = 0;
        }
        gone
    }
}

/// A panic elsewhere leaves a shard whole: every change to it is complete before anything can fail.
fn locked(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Rate};

    fn denial(address: u32, now_ms: u64) -> Evidence {
        let rate = Some(Rate { requests_max: 1, interval_ms: 90_000 });
        Evidence {
            key: ClientKey::new(std::net::Ipv4Addr::from_bits(address).into(), 64),
            scope: Scope(1),
            site_id: 1,
            reason: Reason::Rate,
            limit: None,
            action: DenyAction::Forbidden,
            enforced: true,
            since_ms: now_ms,
            last_ms: now_ms,
            denied: 1,
            counts: Counts::default(),
            limits: Limits { rate, ..Limits::NONE },
            speaks_for_others: false,
            blocked_now: true,
            method: String::new(),
            path: String::new(),
            user_agent: String::new(),
        }
    }

    fn sample(path: &str) -> Sample<'_> {
        Sample { method: "GET", path, user_agent: b"agent\x1b", site_id: 1, speaks_for_others: false }
    }

    #[test]
    fn the_first_denial_of_an_episode_is_kept_and_the_others_counted() {
        let episodes = Episodes::new(100);
        episodes.note(denial(1, 10), &sample("/first"));
        episodes.note(denial(1, 89_000), &sample("/second"));
        let [row] = episodes.all().try_into().unwrap();
        assert_eq!((row.path.as_str(), row.denied, row.since_ms, row.last_ms), ("/first", 2, 10, 89_000));
        assert_eq!((row.method.as_str(), row.user_agent.as_str()), ("GET", "agent\\x1b"));
    }

    #[test]
    fn a_quiet_interval_ends_an_episode() {
        let episodes = Episodes::new(100);
        episodes.note(denial(1, 10), &sample("/first"));
        episodes.note(denial(1, 90_010), &sample("/second"));
        let [row] = episodes.all().try_into().unwrap();
        assert_eq!((row.path.as_str(), row.denied, row.since_ms), ("/second", 1, 90_010));
    }

    #[test]
    fn only_so_many_episodes_are_kept_and_the_busy_ones_stay() {
        let episodes = Episodes::new(160);
        for time in 0..5_000 {
            episodes.note(denial(7, u64::from(time)), &sample("/busy"));
            episodes.note(denial(1000 + time, u64::from(time)), &sample("/once"));
        }
        let rows = episodes.all();
        assert!(rows.len() <= 160);
        assert_eq!(rows.iter().find(|row| row.path == "/busy").unwrap().denied, 5_000);
    }

    #[test]
    fn forgotten_clients_can_come_back() {
        let episodes = Episodes::new(100);
        (0..50).for_each(|address| episodes.note(denial(address, 10), &sample("/")));
        let network = "0.0.0.0/27".parse().unwrap();
        assert_eq!(episodes.forget(&network, Some(Scope(2))).len(), 0);
        assert_eq!(episodes.forget(&network, Some(Scope(1))).len(), 32);
        (0..50).for_each(|address| episodes.note(denial(address, 20), &sample("/")));
        assert_eq!(episodes.all().len(), 50);
    }

    #[test]
    fn no_room_keeps_nothing() {
        let episodes = Episodes::new(0);
        episodes.note(denial(1, 10), &sample("/"));
        assert!(episodes.all().is_empty());
    }
}
