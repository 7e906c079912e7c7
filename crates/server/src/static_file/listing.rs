//! What is in a folder, as far as a client could fetch it (`directoryBrowse`).

use std::os::fd::{AsFd as _, OwnedFd};

use doorward_plan::Effective;
use rustix::fs::{Dir, FileType, Mode, OFlags, ResolveFlags, fstat, openat2};
use rustix::io::Errno;

use crate::stage::filter;

/// Entries of one listing; a longer one says that there are more.
const ENTRIES_MAX: usize = 10_000;

/// A folder's entries, in the order of the disk.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) entries: Vec<Entry>,
    /// There are more than are shown.
    pub(crate) is_cut: bool,
}

/// One file or folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) is_folder: bool,
    /// Length in bytes.
    pub(crate) length: u64,
    /// When it was changed, in seconds since 1970 UTC.
    pub(crate) modified_unix_s: i64,
}

/// Reads a folder. Whatever would not be served is not told about: hidden names, file types
/// without a media type, links that lead outside, pipes and devices.
pub(super) fn read(folder: &OwnedFd, effective: &Effective) -> Result<Listing, Errno> {
    let mut listing = Listing::default();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().ok().filter(|name| !matches!(*name, "." | "..")) else { continue };
        if filter::hides(&effective.filter, &format!("/{name}")) {
            continue;
        }
        let Some(entry) = look_at(folder, name) else { continue };
        if !entry.is_folder && effective.content.mime.media_type(name).is_none() {
            continue;
        }
        if listing.entries.len() == ENTRIES_MAX {
            listing.is_cut = true;
            break;
        }
        listing.entries.push(entry);
    }
    Ok(listing)
}

/// A link counts as what it leads to, which must lie in the folder or below. (A link up to elsewhere in the site works
/// when it is asked for; it is only not listed.)
fn look_at(folder: &OwnedFd, name: &str) -> Option<Entry> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let found = openat2(folder.as_fd(), name, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), resolve).ok()?;
    let status = fstat(&found).ok()?;
    let kind = FileType::from_raw_mode(status.st_mode);
    matches!(kind, FileType::RegularFile | FileType::Directory).then(|| Entry {
        name: name.to_owned(),
        is_folder: kind == FileType::Directory,
        length: u64::try_from(status.st_size).unwrap_or(0),
        modified_unix_s: status.st_mtime,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_plan::{AllowList, MimeMap, Names, RequestFilter, StaticContent};
    use std::fs;
    use std::sync::Arc;

    #[test]
    fn only_what_would_be_served() {
        let root = tempfile::tempdir().unwrap();
        let inside = root.path().join("in");
        fs::create_dir_all(inside.join("sub")).unwrap();
        for name in ["a.txt", "b.unknown", ".hidden.txt", "web.config", "c.cs", "sub/d.txt"] {
            fs::write(inside.join(name), "12345").unwrap();
        }
        fs::write(root.path().join("out.txt"), "").unwrap();
        for (target, name) in [("a.txt", "link.txt"), ("../out.txt", "out.txt"), ("nowhere", "gone.txt"), ("sub", "s")]
        {
            std::os::unix::fs::symlink(target, inside.join(name)).unwrap();
        }
        let mime = MimeMap::new([(".txt".to_owned(), "text/plain".to_owned())]);
        let effective = Effective {
            content: StaticContent { mime, ..StaticContent::default() },
            filter: Arc::new(RequestFilter {
                dot_files: false,
                hidden_segments: Names::new(["web.config"]),
                extensions: AllowList::of(true, [], [".cs"]),
                ..RequestFilter::open()
            }),
            ..Effective::bare(doorward_limiter::Scope(1))
        };
        let folder = OwnedFd::from(fs::File::open(&inside).unwrap());
        let listing = read(&folder, &effective).unwrap();
        let mut seen: Vec<_> = listing.entries.iter().map(|entry| (&*entry.name, entry.is_folder)).collect();
        seen.sort_unstable();
        assert_eq!(seen, [("a.txt", false), ("link.txt", false), ("s", true), ("sub", true)]);
    }
}
