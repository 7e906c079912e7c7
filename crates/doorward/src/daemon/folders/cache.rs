//! The folders of one site that were asked for lately.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwap;
use doorward_config::{FolderLook, WebConfig};
use doorward_plan::LocationSettings;

/// A folder is looked at again when it is asked for after so long.
const FRESH_MS: u64 = 1000;
/// While somebody looks, the others go on with what was known, but not longer than this.
const STALE_MS: u64 = 2000;
/// Folders that are remembered; and of these, with files of their own, whose settings take room.
const FOLDERS_MAX: usize = 1024;
const FILES_MAX: usize = 128;

/// One folder as it was when it was looked at.
pub(super) struct Folder {
    pub(super) look: FolderLook,
    /// The files on the way to it, outermost first, its own last.
    pub(super) files: Vec<Arc<WebConfig>>,
    /// What holds in it and at the locations below it.
    pub(super) settings: Arc<LocationSettings>,
    parent: Option<Arc<Folder>>,
    /// Names under which virtual directories lie in it.
    directories: Vec<String>,
    checked_ms: AtomicU64,
    /// Somebody is looking at it now.
    claimed: AtomicBool,
}

/// What is known of a path.
pub(super) enum Known {
    /// The deepest folder on the way to it.
    Folder(Arc<Folder>),
    /// A folder on the way has to be looked at.
    Unsure,
}

impl Folder {
    pub(super) fn new(
        look: FolderLook,
        files: Vec<Arc<WebConfig>>,
        settings: Arc<LocationSettings>,
        (parent, directories): (Option<Arc<Folder>>, Vec<String>),
    ) -> Self {
        let (checked_ms, claimed) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { look, files, settings, parent, directories, checked_ms, claimed }
    }

    /// Whether a folder of that name may lie in it.
    pub(super) fn may_hold(&self, name: &str) -> bool {
        self.look.may_hold(name) || self.directories.iter().any(|directory| directory.eq_ignore_ascii_case(name))
    }

    pub(super) fn is_fresh(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.checked_ms.load(Ordering::Relaxed)) < FRESH_MS
    }

    /// It is as it was.
    pub(super) fn confirm(&self, now_ms: u64) {
        self.checked_ms.store(now_ms, Ordering::Relaxed);
        self.claimed.store(false, Ordering::Relaxed);
    }

    /// Whether it may be used now: it is fresh, or not much older and somebody else is looking already.
    fn is_usable(&self, now_ms: u64) -> bool {
        let age_ms = now_ms.saturating_sub(self.checked_ms.load(Ordering::Relaxed));
        age_ms < FRESH_MS || (age_ms < STALE_MS && self.claimed.swap(true, Ordering::Relaxed))
    }

    fn is_child_of(&self, parent: Option<&Arc<Folder>>) -> bool {
        match (&self.parent, parent) {
            (None, None) => true,
            (Some(own), Some(parent)) => Arc::ptr_eq(own, parent),
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}

/// URL path without a slash at its end → folder; the empty path is the site's root.
#[derive(Default)]
pub(super) struct Cache(ArcSwap<ByUrl>);

/// A faster hash than the standard library's, which was made for keys that attackers choose: these are folders there are.
type ByUrl = HashMap<Box<str>, Arc<Folder>, foldhash::fast::RandomState>;

impl Cache {
    /// What can be said of a path at once. A fresh folder vouches for all above it, which were looked at before it.
    pub(super) fn known(&self, path: &str, now_ms: u64) -> Known {
        let folders = self.0.load();
        let path = tidy(path);
        let path = path.as_ref();
        // Mostly the last segment is a file, and the folder before it is known.
        let mut end = path.rfind('/').unwrap_or(0);
        let (at, mut folder) = loop {
            match folders.get(&path[..end]) {
                Some(folder) => break (end, folder),
                None if end == 0 => return Known::Unsure,
                None => end = path[..end].rfind('/').unwrap_or(0),
            }
        };
        let rest = path[at..].trim_start_matches('/');
        let (next, is_last) = rest.split_once('/').map_or((rest, true), |(next, rest)| (next, rest.is_empty()));
        if !next.is_empty() && folder.may_hold(next) {
            match folders.get(path.trim_end_matches('/')) {
                Some(deeper) if is_last => folder = deeper,
                // In a folder too long to be listed the last segment counts as a file.
                None if is_last && folder.look.subfolders.is_none() && !path.ends_with('/') => {}
                Some(_) | None => return Known::Unsure,
            }
        }
        if folder.is_usable(now_ms) { Known::Folder(Arc::clone(folder)) } else { Known::Unsure }
    }

    /// The deepest folder known on the way to a path, however old.
    pub(super) fn deepest(&self, path: &str) -> Option<Arc<Folder>> {
        let folders = self.0.load();
        let path = tidy(path);
        let mut rest = path.as_ref().trim_end_matches('/');
        loop {
            match folders.get(rest) {
                Some(folder) => return Some(Arc::clone(folder)),
                None => rest = &rest[..rest.rfind('/')?],
            }
        }
    }

    /// The folder at a path, as long as it hangs below this very parent.
    pub(super) fn of_parent(&self, url: &str, parent: Option<&Arc<Folder>>) -> Option<Arc<Folder>> {
        self.0.load().get(url).filter(|folder| folder.is_child_of(parent)).map(Arc::clone)
    }

    /// Remembers a folder. When there is no room, those go that nobody asked for lately, then all.
    pub(super) fn keep(&self, url: &str, folder: &Arc<Folder>, now_ms: u64) {
        if self.0.load().get(url).is_some_and(|known| Arc::ptr_eq(known, folder)) {
            return;
        }
        self.0.rcu(|folders| {
            let mut folders: ByUrl = HashMap::clone(folders);
            let has_file = |folder: &&Arc<Folder>| folder.look.web_config.is_some();
            let is_full = |folders: &ByUrl| {
                folders.len() >= FOLDERS_MAX || folders.values().filter(has_file).count() >= FILES_MAX
            };
            if is_full(&folders) {
                folders.retain(|_, folder| folder.is_fresh(now_ms));
            }
            if is_full(&folders) {
                folders.clear();
            }
            folders.insert(url.into(), Arc::clone(folder));
            folders
        });
    }
}

/// The path without doubled slashes.
fn tidy(path: &str) -> std::borrow::Cow<'_, str> {
    if !path.contains("//") {
        return path.into();
    }
    let mut tidy = String::with_capacity(path.len());
    for byte in path.chars() {
        if byte != '/' || !tidy.ends_with('/') {
            tidy.push(byte);
        }
    }
    tidy.into()
}
