//! Finding the file for a URL path. Everything here may block and runs off the event loop.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use doorward_plan::{Effective, SitePlan};
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, open, openat2};
use rustix::io::Errno;

use super::coding::{Coding, NEIGHBOURS};
use super::listing::{self, Listing};
use super::spelling;
use crate::compress::Wanted;
use crate::outcome::{Refusal, SiteRefusal};

/// Files up to this size are kept in memory. Which of them are sent from there, and which by the kernel, is the answer's part.
pub(crate) const SMALL_FILE_BYTES_MAX: u64 = 16 * 1024;

/// An error page of the operator's own is at most so large.
const PAGE_BYTES_MAX: u64 = 256 * 1024;

/// What is looked for, and where.
#[derive(Debug)]
pub(crate) struct FileJob {
    /// The virtual directory's folder; nothing outside it is ever opened.
    root: PathBuf,
    /// The path below the folder, starting with a slash, or empty.
    rest: String,
    /// The normalised URL path, for a redirect.
    url_path: String,
    effective: Arc<Effective>,
    /// Whose settings are to be known at another spelling, and the time for it.
    site: Option<(Arc<SitePlan>, u64)>,
    /// Whose compressed copies may be used.
    copies: Option<Wanted>,
}

/// A regular file that was found.
#[derive(Debug)]
pub(crate) struct KnownFile {
    /// Its name, for the media type; a default document's own.
    pub(crate) name: String,
    /// Its URL path, where its name on the disk is written otherwise than was asked for (D23).
    pub(crate) spelling: Option<String>,
    /// The file itself, then its codings; never empty.
    pub(crate) stored: Vec<Stored>,
    /// A compressed copy is there, or may be there later.
    pub(crate) has_copies: bool,
}

/// An open regular file with what its answer needs.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) coding: Coding,
    pub(crate) file: File,
    pub(crate) length: u64,
    pub(crate) modified: SystemTime,
    /// Strong validator with its quotes (RFC 9110 8.8.3).
    pub(crate) etag: String,
    /// All of its bytes, when it is small.
    pub(crate) content: Option<Vec<u8>>,
    /// It was compressed by us, and is not for everybody.
    pub(crate) is_copy: bool,
}

/// What the search ended with.
#[derive(Debug)]
pub(crate) enum Found {
    File(KnownFile),
    /// The path names a folder without a slash at its end: redirect to this path.
    Folder(String),
    /// A folder without a default document, to be listed.
    Listing(Listing),
    Refused(Refusal),
}

impl FileJob {
    pub(crate) fn new(root: &Path, rest: &str, url_path: &str, effective: &Arc<Effective>) -> Self {
        Self {
            root: root.to_owned(),
            rest: rest.to_owned(),
            url_path: url_path.to_owned(),
            effective: Arc::clone(effective),
            site: None,
            copies: None,
        }
    }

    /// A file found under another spelling has its own settings, which are then looked up, too.
    pub(crate) fn for_site(self, site: &Arc<SitePlan>, now_ms: u64) -> Self {
        Self { site: Some((Arc::clone(site), now_ms)), ..self }
    }

    /// Compressed copies of the file may be used and made.
    pub(crate) fn with_copies(self, wanted: Wanted) -> Self {
        Self { copies: Some(wanted), ..self }
    }

    /// Looks for the file, and for what holds where it was found. Blocks.
    pub(crate) fn run_for_site(&self) -> Found {
        let found = self.run();
        if let (Found::File(KnownFile { spelling: Some(spelling), .. }), Some((site, now_ms))) = (&found, &self.site) {
            site.settings.look(spelling, *now_ms);
        }
        found
    }

    /// Looks for the file. Blocks.
    pub(crate) fn run(&self) -> Found {
        let root = match open_root(&self.root) {
            Ok(root) => root,
            Err(error) => return Found::Refused(refused(error)),
        };
        let relative = self.rest.trim_start_matches('/');
        if relative.is_empty() && self.rest.is_empty() && self.url_path != "/" {
            return Found::Folder(format!("{}/", self.url_path));
        }
        match self.find(&root, relative) {
            Err(Errno::NOENT) if self.effective.content.ignore_case => match spelling::on_disk(&root, relative) {
                Some(spelled) => self.respelled(&root, &spelled),
                None => Found::Refused(refused(Errno::NOENT)),
            },
            Err(error) => Found::Refused(refused(error)),
            Ok(found) => found,
        }
    }

    /// The name and bytes of the file, if it is one of a page's size. Blocks.
    pub(crate) fn read_small(&self) -> Option<(String, Vec<u8>)> {
        match self.run() {
            Found::File(mut known) => {
                let plain = known.stored.swap_remove(0);
                let content = plain.content.or_else(|| page_bytes(&plain.file))?;
                Some((known.name, content))
            }
            Found::Folder(_) | Found::Listing(_) | Found::Refused(_) => None,
        }
    }

    /// The same search for the name as the disk has it.
    fn respelled(&self, root: &OwnedFd, spelled: &str) -> Found {
        let before = self.url_path.len() - self.rest.trim_start_matches('/').len();
        match self.find(root, spelled) {
            Ok(Found::File(known)) => {
                let spelling = Some(format!("{}{spelled}", &self.url_path[..before]));
                Found::File(KnownFile { spelling, ..known })
            }
            // A folder in another case is sent on to its own name, where its own policy is asked.
            Ok(Found::Listing(_)) => Found::Folder(format!("{}{spelled}", &self.url_path[..before])),
            Ok(found) => found,
            Err(error) => Found::Refused(refused(error)),
        }
    }

    fn find(&self, root: &OwnedFd, relative: &str) -> Result<Found, Errno> {
        if relative.is_empty() || relative.ends_with('/') {
            return self.default_document(root, relative);
        }
        match open_beneath(root, relative)? {
            Opened::Regular(file) => self.known_file(root, file, relative).map(Found::File),
            Opened::Folder(_) => Ok(Found::Folder(format!("{}/", self.url_path))),
            Opened::Special => Ok(Found::Refused(SiteRefusal::new(404, 0, 2).into())),
        }
    }

    fn default_document(&self, root: &OwnedFd, folder: &str) -> Result<Found, Errno> {
        for name in &self.effective.content.default_documents {
            let mut relative = format!("{folder}{name}");
            let mut opened = open_beneath(root, &relative);
            if matches!(opened, Err(Errno::NOENT))
                && self.effective.content.ignore_case
                && let Some(spelled) = spelling::on_disk(root, &relative)
            {
                opened = open_beneath(root, &spelled);
                relative = spelled;
            }
            if let Ok(Opened::Regular(file)) = opened {
                return self.known_file(root, file, &relative).map(Found::File);
            }
        }
        match open_beneath(root, if folder.is_empty() { "." } else { folder })? {
            Opened::Folder(folder) if self.effective.content.browse.is_some() => {
                Ok(Found::Listing(listing::read(&folder, &self.effective)?))
            }
            Opened::Folder(_) => Ok(Found::Refused(SiteRefusal::new(403, 14, 0).into())),
            Opened::Regular(_) | Opened::Special => Ok(Found::Refused(SiteRefusal::new(404, 0, 2).into())),
        }
    }

    fn known_file(&self, root: &OwnedFd, file: File, relative: &str) -> Result<KnownFile, Errno> {
        let mut stored = vec![stored(file, Coding::Identity)?];
        if self.effective.content.precompressed {
            let plain_modified = stored[0].modified;
            stored.extend(NEIGHBOURS.iter().filter_map(|coding| {
                let Ok(Opened::Regular(file)) = open_beneath(root, &format!("{relative}{}", coding.suffix())) else {
                    return None;
                };
                // A neighbour older than its file was made from an older file.
                self::stored(file, *coding).ok().filter(|neighbour| neighbour.modified >= plain_modified)
            }));
        }
        let name = relative.rsplit('/').next().unwrap_or(relative).to_owned();
        let has_copies = self.add_copies(&name, &mut stored);
        Ok(KnownFile { name, spelling: None, stored, has_copies })
    }
}

impl FileJob {
    /// Adds the compressed copies there are for codings that no neighbour has; true where there may be some.
    fn add_copies(&self, name: &str, stored: &mut Vec<Stored>) -> bool {
        let settings = &self.effective.compression;
        let (Some(wanted), Some(media_type)) = (&self.copies, self.effective.content.mime.media_type(name)) else {
            return false;
        };
        if !settings.takes_file(media_type, stored[0].length) {
            return false;
        }
        for effort in &settings.files {
            let coding = Coding::from(effort.kind);
            if stored.iter().any(|known| known.coding == coding) {
                continue;
            }
            let copy = wanted.copy(&stored[0].file, *effort, settings);
            if let Some((copy, file)) = copy.and_then(|copy| Some((Arc::clone(&copy), copy.file.try_clone().ok()?))) {
                let (length, modified, etag) = (copy.length, copy.modified, copy.etag.clone());
                let content = (length <= SMALL_FILE_BYTES_MAX).then(|| copied(&file, length)).flatten();
                stored.push(Stored { coding, file, length, modified, etag, content, is_copy: true });
            }
        }
        true
    }
}

/// The bytes of a small copy.
fn copied(file: &File, length: u64) -> Option<Vec<u8>> {
    let mut content = vec![0; usize::try_from(length).ok()?];
    file.read_exact_at(&mut content, 0).ok()?;
    Some(content)
}

/// The bytes of a file below a folder, if it is one of a page's size. Blocks.
pub(crate) fn read_small(folder: &Path, relative: &str) -> Option<Vec<u8>> {
    match open_beneath(&open_root(folder).ok()?, relative).ok()? {
        Opened::Regular(file) => page_bytes(&file),
        Opened::Folder(_) | Opened::Special => None,
    }
}

fn page_bytes(mut file: &File) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    std::io::Seek::rewind(&mut file).ok()?;
    file.take(PAGE_BYTES_MAX + 1).read_to_end(&mut content).ok()?;
    (content.len() as u64 <= PAGE_BYTES_MAX).then_some(content)
}

pub(super) enum Opened {
    Regular(File),
    Folder(OwnedFd),
    /// A pipe, socket or device: never read, since it could block for ever.
    Special,
}

fn open_root(root: &Path) -> Result<OwnedFd, Errno> {
    open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// Opens a path below `root`. The kernel refuses every step outside, symbolic links included.
pub(super) fn open_beneath(root: &OwnedFd, relative: &str) -> Result<Opened, Errno> {
    // NONBLOCK, so that opening a pipe does not wait for its writer.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let file = openat2(root.as_fd(), relative, flags, Mode::empty(), resolve)?;
    let status = fstat(&file)?;
    Ok(match FileType::from_raw_mode(status.st_mode) {
        FileType::RegularFile => Opened::Regular(File::from(file)),
        FileType::Directory => Opened::Folder(file),
        FileType::Symlink
        | FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => Opened::Special,
    })
}

fn stored(file: File, coding: Coding) -> Result<Stored, Errno> {
    let status = fstat(&file)?;
    let length = u64::try_from(status.st_size).unwrap_or(0);
    // Texts of dates end with the year 9999.
    let seconds = u64::try_from(status.st_mtime).unwrap_or(0).min(253_402_300_799);
    let nanoseconds = u32::try_from(status.st_mtime_nsec).unwrap_or(0);
    let content = (length <= SMALL_FILE_BYTES_MAX).then(|| whole(&file, length)).flatten();
    Ok(Stored {
        coding,
        length,
        modified: UNIX_EPOCH + Duration::new(seconds, nanoseconds),
        // The coding is part of it: two codings of one file could be made in one moment and be equally long.
        etag: format!("\"{seconds:x}{nanoseconds:08x}-{length:x}{}\"", coding.suffix()),
        content,
        file,
        is_copy: false,
    })
}

/// The bytes of a small file; `None` when it is being written right now, so that it is sent from the file.
fn whole(file: &File, length: u64) -> Option<Vec<u8>> {
    let mut content = Vec::with_capacity(usize::try_from(length).ok()?);
    file.take(SMALL_FILE_BYTES_MAX + 1).read_to_end(&mut content).ok()?;
    (content.len() as u64 == length).then_some(content)
}

/// Status and win32 status of what the kernel said (IIS reference §5).
fn refused(error: Errno) -> Refusal {
    match error {
        Errno::ACCESS | Errno::PERM => SiteRefusal::new(403, 0, 5).into(),
        Errno::NOTDIR => SiteRefusal::new(404, 0, 3).into(),
        Errno::MFILE | Errno::NFILE | Errno::NOMEM => SiteRefusal::new(503, 0, 0).into(),
        Errno::IO => SiteRefusal::new(500, 0, 0).into(),
        // ENOENT, names too long, link loops, and paths that lead outside: all the same "not here".
        _ => SiteRefusal::new(404, 0, 2).into(),
    }
}
