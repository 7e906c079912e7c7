//! Folders that sites serve from: their own file, and which folders lie in them. Whoever may write content may write
//! these, so nothing outside the virtual directory is opened, only regular files of a bounded size are read, and long
//! folders are not listed to their end.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, open, openat2, statat};
use rustix::io::Errno;

use crate::configuration::Configuration;
use crate::web_config::WebConfig;

/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// Names of a folder that are looked at; a longer one counts as one with unknown folders in it.
const ENTRIES_MAX: usize = 65_536;
/// Folders in a folder that are remembered.
const SUBFOLDERS_MAX: usize = 256;
/// The file's name. Windows does not mind its case, so files copied from there have it in several.
const NAME: &str = "web.config";
/// The spellings that are tried where a folder cannot be listed to its end.
const SPELLINGS: [&str; 3] = [NAME, "Web.config", "Web.Config"];

/// A folder of a site.
#[derive(Debug, Clone, Copy)]
pub struct FolderPlace<'a> {
    /// The virtual directory's folder; nothing outside it is opened.
    pub root: &'a Path,
    /// Path of the folder below it, without slashes at its ends; empty for the root itself.
    pub below: &'a str,
    /// Its URL path in the site: `/` or `/a/b`.
    pub url: &'a str,
}

/// What a folder was like when it was looked at.
#[derive(Debug)]
pub struct FolderLook {
    /// Names of the folders in it, sorted; `None` when there are too many, or it may not be listed.
    pub subfolders: Option<Vec<Box<str>>>,
    /// Its own file.
    pub web_config: Option<Arc<WebConfig>>,
    signature: Signature,
    /// The signature was the same a look before: what was read then was not being written.
    settled: bool,
}

/// Tells one state of a folder from another without reading it.
#[derive(Debug, PartialEq, Eq, Default)]
struct Signature {
    folder: Option<FileFacts>,
    /// The file's name and facts, and those of the files it includes.
    files: Vec<(String, Option<FileFacts>)>,
}

type FileFacts = [i64; 7];

impl FolderLook {
    /// A folder that is not there.
    fn nothing() -> Self {
        Self { subfolders: Some(Vec::new()), web_config: None, signature: Signature::default(), settled: true }
    }

    /// A folder that is not looked into: sub-folders of a virtual directory with `allowSubDirConfig="false"`.
    pub fn closed() -> Self {
        Self::nothing()
    }

    /// Whether a folder of that name may lie in it.
    pub fn may_hold(&self, name: &str) -> bool {
        self.subfolders.as_ref().is_none_or(|names| names.binary_search_by(|known| (**known).cmp(name)).is_ok())
    }
}

impl Configuration {
    /// Looks at a folder. `None` when it is as it was at the look before, `known`. Blocks.
    pub fn look_at_folder(&self, place: FolderPlace<'_>, known: Option<&FolderLook>) -> Option<FolderLook> {
        let Some((root, folder)) = open_folder(place) else {
            let gone_before = known.is_some_and(|known| known.signature == Signature::default());
            return (!gone_before).then(FolderLook::nothing);
        };
        if let Some(known) = known.filter(|known| known.settled)
            && known.signature == Signature::again(&root, place, (&folder, &known.signature.files))
        {
            return None;
        }
        let facts = fstat(&folder).ok().map(|stat| facts(&stat));
        let (subfolders, name) = list(&folder);
        let name = name.or_else(|| subfolders.is_none().then(|| spelled(&folder)).flatten());
        let mut files = Vec::new();
        let web_config = name.map(|name| Arc::new(self.read_file(&root, place, (name, &mut files))));
        let signature = Signature { folder: facts, files };
        let settled = known.is_some_and(|known| known.signature == signature);
        Some(FolderLook { subfolders, web_config, signature, settled })
    }

    fn read_file(
        &self,
        root: &OwnedFd,
        place: FolderPlace<'_>,
        (name, files): (String, &mut Vec<(String, Option<FileFacts>)>),
    ) -> WebConfig {
        let full = |name: &str| Arc::from(place.root.join(place.below).join(name));
        let file: Arc<Path> = full(&name);
        let (text, own) = read_beneath(root, &joined(place.below, &name));
        files.push((name, own));
        let included = std::cell::RefCell::new(Vec::new());
        let source = |written: &str| {
            let name = written.replace('\\', "/");
            if name.is_empty() || name.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
                return Err(format!("'{written}' is not the name of a file beside this one or below it"));
            }
            let (text, facts) = read_beneath(root, &joined(place.below, &name));
            included.borrow_mut().push((name.clone(), facts));
            text.map(|text| (full(&name), text)).map_err(|(_, reason)| reason)
        };
        let read = match text {
            Ok(text) => self.web_config((&file, &text), place.url, &source),
            Err((kind, reason)) => WebConfig::unreadable(&file, place.url, (kind, reason)),
        };
        files.extend(included.into_inner());
        read
    }
}

impl Signature {
    /// The same folder and files as they are now.
    fn again(
        root: &OwnedFd,
        place: FolderPlace<'_>,
        (folder, files): (&OwnedFd, &[(String, Option<FileFacts>)]),
    ) -> Self {
        let now = |name: &str| {
            let stat = open_beneath(root, &joined(place.below, name), OFlags::PATH).and_then(fstat);
            stat.ok().map(|stat| facts(&stat))
        };
        let files = files.iter().map(|(name, _)| (name.clone(), now(name))).collect();
        Self { folder: fstat(folder).ok().map(|stat| facts(&stat)), files }
    }
}

fn joined(below: &str, name: &str) -> String {
    if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") }
}

fn facts(stat: &Stat) -> FileFacts {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let part = |number: u64| i64::try_from(number).unwrap_or(0);
    [
        whole(stat.st_dev),
        whole(stat.st_ino),
        stat.st_size,
        stat.st_mtime,
        part(stat.st_mtime_nsec),
        stat.st_ctime,
        part(stat.st_ctime_nsec),
    ]
}

fn open_folder(place: FolderPlace<'_>) -> Option<(OwnedFd, OwnedFd)> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = open(place.root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let below = if place.below.is_empty() { "." } else { place.below };
    let folder = open_beneath(&root, below, flags)
        // It may be entered and not listed: its file is then looked for by name.
        .or_else(|_| open_beneath(&root, below, OFlags::PATH | OFlags::DIRECTORY));
    Some((root, folder.ok()?))
}

fn open_beneath(root: &OwnedFd, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    loop {
        match openat2(root, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            // A rename elsewhere in the tree happened meanwhile.
            Err(Errno::AGAIN | Errno::INTR) => {}
            done => return done,
        }
    }
}

/// The folders in a folder, unless there are too many, and what its own file is called.
fn list(folder: &OwnedFd) -> (Option<Vec<Box<str>>>, Option<String>) {
    let Ok(entries) = Dir::read_from(folder) else { return (None, None) };
    let (mut names, mut own): (Vec<Box<str>>, Option<String>) = (Vec::new(), None);
    for (count, entry) in entries.enumerate() {
        let Ok(entry) = entry else { return (None, own) };
        if count >= ENTRIES_MAX || names.len() > SUBFOLDERS_MAX {
            return (None, own);
        }
        // No URL leads to a name that is not text.
        let Ok(name) = entry.file_name().to_str() else { continue };
        if name.eq_ignore_ascii_case(NAME) && own.as_deref().is_none_or(|known| is_better(name, known)) {
            own = Some(name.to_owned());
        }
        let may_be_folder = matches!(entry.file_type(), FileType::Directory | FileType::Symlink | FileType::Unknown);
        if may_be_folder && name != "." && name != ".." {
            names.push(name.into());
        }
    }
    names.sort_unstable();
    (Some(names), own)
}

/// Of several spellings the usual one counts, else the last in the alphabet, which has the most small letters.
fn is_better(name: &str, known: &str) -> bool {
    known != NAME && (name == NAME || name > known)
}

fn spelled(folder: &OwnedFd) -> Option<String> {
    let is_there = |name: &&&str| statat(folder.as_fd(), **name, AtFlags::empty()).is_ok();
    SPELLINGS.iter().find(is_there).map(|name| (*name).to_owned())
}

/// A file's text, or the class of what is wrong and the reason; and what it was like.
fn read_beneath(root: &OwnedFd, path: &str) -> (Result<String, (&'static str, String)>, Option<FileFacts>) {
    // Without NONBLOCK a named pipe in the file's place would hold us for ever.
    let opened = open_beneath(root, path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY);
    let file = match opened {
        Ok(file) => file,
        Err(error) => return (Err(("file", unreadable(error))), None),
    };
    let stat = match fstat(&file) {
        Ok(stat) => stat,
        Err(error) => return (Err(("file", unreadable(error))), None),
    };
    let own = Some(facts(&stat));
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return (Err(("file", "Cannot read configuration file: it is not a regular file".to_owned())), own);
    }
    let mut bytes = Vec::new();
    if let Err(error) = File::from(file).take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes) {
        return (Err(("file", format!("Cannot read configuration file: {error}"))), own);
    }
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let reason = format!("Cannot read configuration file: its size is over {FILE_BYTES_MAX} bytes");
        return (Err(("limit", reason)), own);
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        ("xml", format!("Configuration file is not well-formed XML: byte {at} is not UTF-8"))
    });
    (text, own)
}

/// IIS's text for a file it cannot read (IIS reference §3.8).
fn unreadable(error: Errno) -> String {
    match error {
        Errno::ACCESS | Errno::PERM => "Cannot read configuration file due to insufficient permissions".to_owned(),
        Errno::XDEV => "Cannot read configuration file: it lies outside of the site".to_owned(),
        other => format!("Cannot read configuration file: {other}"),
    }
}
