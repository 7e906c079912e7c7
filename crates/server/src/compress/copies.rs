//! Compressed copies of files, made once for each version of a file and kept in memory for all threads.
//!
//! In memory rather than in the section's `directory`: nothing is left behind by a crash, nobody else can write to them,
//! and no folder has to be set up. A copy is an anonymous file, so that it is sent as any other file is.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{Hash as _, Hasher as _};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use doorward_plan::{Compression, Effort, HitFrequency};
use rustix::fs::{MemfdFlags, memfd_create};

use super::encoder::Encoder;

/// Files that are counted or copied at a time.
const ENTRIES_MAX: usize = 1024;
/// Copies at a time: each holds a descriptor.
const COPIES_MAX: usize = 256;
/// Copies being made at a time; whoever comes meanwhile gets the file as it is.
const MAKING_MAX: usize = 2;
/// A copy may take so much of the room for all of them; larger files are sent as they are.
const SHARE_OF_ROOM: u64 = 4;
/// Bytes read from a file at a time.
const READ_BYTES: usize = 64 * 1024;

/// A version of a file, and the coding of its copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    device: u64,
    inode: u64,
    modified: (i64, i64),
    length: u64,
    effort: Effort,
}

/// A finished copy.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) file: File,
    pub(crate) length: u64,
    /// The original's time.
    pub(crate) modified: SystemTime,
    /// Strong validator with its quotes.
    pub(crate) etag: String,
}

#[derive(Debug)]
enum Entry {
    /// Asked for so often since then, but not often enough.
    Asked {
        hits: u32,
        since_ms: u64,
    },
    Making,
    Made {
        copy: Arc<Copy>,
        used_ms: u64,
    },
    /// It does not become smaller.
    Useless {
        used_ms: u64,
    },
}

/// The copies of all files.
#[derive(Debug, Default)]
pub(crate) struct Copies(Mutex<HashMap<Key, Entry>>);

/// What one look for a file asks of the copies.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) copies: Arc<Copies>,
    /// The coding the client likes best; `None` when it takes none of ours.
    pub(crate) effort: Option<Effort>,
    pub(crate) now_ms: u64,
}

impl Wanted {
    /// The copy of an open file in this coding. Where this look asks for it, it may be made now, which blocks.
    pub(crate) fn copy(&self, file: &File, effort: Effort, settings: &Compression) -> Option<Arc<Copy>> {
        let key = Key::of(file, effort).ok()?;
        if let Some(copy) = self.copies.known(&key, self.now_ms) {
            return Some(copy);
        }
        let is_small = key.length <= settings.copies_bytes_max / SHARE_OF_ROOM;
        let is_due = is_small && self.effort == Some(effort) && self.copies.ask(key, settings.frequency, self.now_ms);
        if !is_due {
            return None;
        }
        let made = make(file, &key).ok().flatten().map(Arc::new);
        self.copies.made(key, made.clone(), (settings.copies_bytes_max, self.now_ms));
        made
    }
}

impl Copies {
    fn entries(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, key: &Key, now_ms: u64) -> Option<Arc<Copy>> {
        match self.entries().get_mut(key)? {
            Entry::Made { copy, used_ms } => {
                *used_ms = now_ms;
                Some(Arc::clone(copy))
            }
            Entry::Asked { .. } | Entry::Making | Entry::Useless { .. } => None,
        }
    }

    /// Counts a look; true when the copy is to be made, and nobody else makes it.
    fn ask(&self, key: Key, frequency: Option<HitFrequency>, now_ms: u64) -> bool {
        let mut entries = self.entries();
        let hits = match entries.get(&key) {
            Some(Entry::Making | Entry::Made { .. } | Entry::Useless { .. }) => return false,
            Some(Entry::Asked { hits, since_ms }) if is_within(frequency, *since_ms, now_ms) => hits.saturating_add(1),
            Some(Entry::Asked { .. }) | None => 1,
        };
        let making = entries.values().filter(|entry| matches!(entry, Entry::Making)).count();
        let is_due = frequency.is_none_or(|frequency| hits >= frequency.hits) && making < MAKING_MAX;
        let since_ms = match entries.get(&key) {
            Some(Entry::Asked { since_ms, .. }) if hits > 1 => *since_ms,
            Some(_) | None => now_ms,
        };
        if entries.len() < ENTRIES_MAX || entries.contains_key(&key) || drop_oldest(&mut entries, |_| true) {
            entries.insert(key, if is_due { Entry::Making } else { Entry::Asked { hits, since_ms } });
            return is_due;
        }
        false
    }

    /// Keeps what was made within the room there is; the copies used longest ago go.
    fn made(&self, key: Key, copy: Option<Arc<Copy>>, (bytes_max, now_ms): (u64, u64)) {
        let mut entries = self.entries();
        let entry = match copy {
            Some(copy) => Entry::Made { copy, used_ms: now_ms },
            None => Entry::Useless { used_ms: now_ms },
        };
        entries.insert(key, entry);
        let is_made = |entry: &Entry| matches!(entry, Entry::Made { .. });
        loop {
            let lengths = entries.values().filter_map(|entry| match entry {
                Entry::Made { copy, .. } => Some(copy.length),
                Entry::Asked { .. } | Entry::Making | Entry::Useless { .. } => None,
            });
            let (count, bytes) = lengths.fold((0, 0), |(count, bytes), length| (count + 1, bytes + length));
            if (count <= COPIES_MAX && bytes <= bytes_max) || !drop_oldest(&mut entries, is_made) {
                return;
            }
        }
    }
}

fn is_within(frequency: Option<HitFrequency>, since_ms: u64, now_ms: u64) -> bool {
    frequency.is_none_or(|frequency| now_ms.saturating_sub(since_ms) <= frequency.period_ms)
}

/// Drops the entry that was used longest ago, of those that may go; false when there is none.
fn drop_oldest(entries: &mut HashMap<Key, Entry>, may_go: impl Fn(&Entry) -> bool) -> bool {
    let used = |entry: &Entry| match entry {
        Entry::Asked { since_ms, .. } => Some(*since_ms),
        Entry::Made { used_ms, .. } | Entry::Useless { used_ms } => Some(*used_ms),
        Entry::Making => None,
    };
    let candidates = entries.iter().filter(|(_, entry)| may_go(entry));
    let oldest = candidates.filter_map(|(key, entry)| Some((used(entry)?, *key))).min_by_key(|(used, _)| *used);
    oldest.is_some_and(|(_, key)| entries.remove(&key).is_some())
}

impl Key {
    fn of(file: &File, effort: Effort) -> io::Result<Self> {
        let data = file.metadata()?;
        Ok(Self {
            device: data.dev(),
            inode: data.ino(),
            modified: (data.mtime(), data.mtime_nsec()),
            length: data.len(),
            effort,
        })
    }
}

/// Compresses an open file; `None` where that does not make it smaller, or the file changed meanwhile.
fn make(file: &File, key: &Key) -> io::Result<Option<Copy>> {
    let mut encoder = Encoder::new(key.effort)?;
    let mut buffer = vec![0; READ_BYTES];
    let mut offset = 0;
    loop {
        let count = file.read_at(&mut buffer, offset)?;
        if count == 0 {
            break;
        }
        offset += count as u64;
        encoder.write(&buffer[..count])?;
    }
    let bytes = encoder.finish()?;
    if bytes.len() as u64 >= key.length || Key::of(file, key.effort)? != *key || offset != key.length {
        return Ok(None);
    }
    let mut copy = File::from(memfd_create(c"doorward-copy", MemfdFlags::CLOEXEC)?);
    copy.write_all(&bytes)?;
    let modified = file.metadata()?.modified()?;
    // It is told from a changed one by its time, as every file is.
    copy.set_modified(modified)?;
    Ok(Some(Copy { file: copy, length: bytes.len() as u64, modified, etag: etag(key, &bytes) }))
}

/// The version of the original, and the copy's own bytes: another level makes another copy of the same length.
fn etag(key: &Key, bytes: &[u8]) -> String {
    let mut hasher = std::hash::DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("\"{:x}{:08x}-{:x}-{:016x}\"", key.modified.0, key.modified.1, bytes.len(), hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compress::encoder::decoded;
    use doorward_plan::CodingKind;
    use std::fs;

    const GZIP: Effort = Effort { kind: CodingKind::Gzip, level: 6 };
    const BROTLI: Effort = Effort { kind: CodingKind::Brotli, level: 5 };

    fn settings(bytes_max: u64, frequency: Option<HitFrequency>) -> Compression {
        Compression { copies_bytes_max: bytes_max, frequency, ..Compression::default() }
    }

    /// Looks at the file at this moment; whether there is a copy.
    fn look(copies: &Arc<Copies>, file: &File, at: (Effort, u64), settings: &Compression) -> Option<Arc<Copy>> {
        let (effort, now_ms) = at;
        Wanted { copies: Arc::clone(copies), effort: Some(effort), now_ms }.copy(file, effort, settings)
    }

    fn text(folder: &std::path::Path, name: &str, lines: usize) -> File {
        let line = format!("{name}: a line of a text that repeats itself\n");
        let text = line.repeat(lines);
        fs::write(folder.join(name), text).unwrap();
        File::open(folder.join(name)).unwrap()
    }

    #[test]
    fn a_copy_is_made_when_asked_for_often_enough() {
        let folder = tempfile::tempdir().unwrap();
        let file = text(folder.path(), "a", 200);
        let copies = Arc::default();
        let often = settings(1 << 20, Some(HitFrequency { hits: 3, period_ms: 100 }));
        let expected = [(0, false), (50, false), (101, false), (150, false), (199, true), (900, true)];
        for (now_ms, made) in expected {
            assert_eq!(look(&copies, &file, (GZIP, now_ms), &often).is_some(), made, "{now_ms}");
        }
        let copy = look(&copies, &file, (GZIP, 999), &often).unwrap();
        let mut bytes = vec![0; usize::try_from(copy.length).unwrap()];
        copy.file.read_exact_at(&mut bytes, 0).unwrap();
        assert_eq!(decoded(CodingKind::Gzip, &bytes), fs::read(folder.path().join("a")).unwrap());
        assert_eq!(copy.modified, file.metadata().unwrap().modified().unwrap());
        assert!(look(&copies, &file, (BROTLI, 999), &often).is_none(), "another coding is another copy");
    }

    #[test]
    fn a_changed_file_has_another_copy() {
        let folder = tempfile::tempdir().unwrap();
        let (copies, at_once) = (Arc::default(), settings(1 << 20, None));
        let before = look(&copies, &text(folder.path(), "a", 200), (GZIP, 0), &at_once).unwrap();
        let after = look(&copies, &text(folder.path(), "a", 300), (GZIP, 0), &at_once).unwrap();
        assert!(before.length < after.length && before.etag != after.etag);
    }

    #[test]
    fn the_room_is_bounded_and_the_oldest_go() {
        let folder = tempfile::tempdir().unwrap();
        let (copies, room): (Arc<Copies>, _) = (Arc::default(), settings(60_000, None));
        let files: Vec<File> = (0..300).map(|number| text(folder.path(), &format!("f{number}"), 300)).collect();
        for (now_ms, file) in (0..).zip(&files) {
            assert!(look(&copies, file, (GZIP, now_ms), &room).is_some());
        }
        let kept = || copies.entries().values().filter(|entry| matches!(entry, Entry::Made { .. })).count();
        assert_eq!(kept(), COPIES_MAX);
        let nobody = Wanted { copies: Arc::clone(&copies), effort: None, now_ms: 900 };
        assert!(nobody.copy(&files[0], GZIP, &room).is_none() && nobody.copy(&files[299], GZIP, &room).is_some());
        let large = text(folder.path(), "large", 2_000);
        assert!(look(&copies, &large, (GZIP, 900), &room).is_none(), "larger than its share");
    }

    #[test]
    fn what_does_not_become_smaller_is_not_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x"), "0123456789").unwrap();
        let file = File::open(folder.path().join("x")).unwrap();
        let (copies, at_once): (Arc<Copies>, _) = (Arc::default(), settings(1 << 20, None));
        for now_ms in 0..2 {
            assert!(look(&copies, &file, (GZIP, now_ms), &at_once).is_none());
        }
        assert!(copies.entries().values().all(|entry| matches!(entry, Entry::Useless { .. })));
    }
}
