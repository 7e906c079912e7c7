//! The only module that opens files.

#![allow(clippy::disallowed_methods, reason = "this is the module that the ban sends everybody to")]

mod backup;
mod difference;
mod folder;
mod history;
mod schema_folder;

pub use backup::{BackupError, add_backup, backups, delete_backup, restore_backup};
pub use folder::{FolderLook, FolderPlace};
pub use history::{FileStates, keep_outside_change, save_kept};
pub use schema_folder::schema_files;
pub(crate) use schema_folder::schema_paths;

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::document::TEXT_BYTES_MAX;
use crate::edit::EditedFile;
use crate::home::Home;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// `read`, `write`, `replace` …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A folder, pipe, device or socket stands where the file should be.
    #[error("{} is not a regular file", .0.display())]
    NotRegular(PathBuf),
    /// The file is larger than any configuration may be.
    #[error("{} has {size_bytes} bytes, more than the {TEXT_BYTES_MAX} that are read", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        size_bytes: u64,
    },
    /// The text is not UTF-8.
    #[error("{} is not UTF-8 text (byte {offset} is the first that is not)", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Offset of the first bad byte.
        offset: usize,
    },
    /// A `redirection.config` says that the file is there, and it is not.
    #[error(
        "{} is not there, where {} says that the configuration is; is the folder mounted?",
        path.display(),
        redirection.display()
    )]
    Gone {
        /// The file.
        path: PathBuf,
        /// Who says so.
        redirection: PathBuf,
    },
    /// Somebody else changed the file since it was read.
    #[error("{} was changed by somebody else in the meantime, {difference}\nlook at it and try again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// What they changed, line by line.
        difference: String,
    },
}

impl StoreError {
    /// Whether the system refused for want of permission.
    pub fn is_permission(&self) -> bool {
        matches!(self, StoreError::Io { source, .. } if source.kind() == ErrorKind::PermissionDenied)
    }
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_path_buf();
    move |source| StoreError::Io { action, path, source }
}

/// The text of an installation's configuration file; `None` where there is none yet and one may be begun.
pub(crate) fn read_configuration(home: &Home) -> Result<Option<String>, StoreError> {
    match (read(&home.config_file)?, &home.redirection) {
        (None, Some(redirection)) => {
            Err(StoreError::Gone { path: home.config_file.clone(), redirection: redirection.clone() })
        }
        (text, _) => Ok(text),
    }
}

/// The file's text; `None` when there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<String>, StoreError> {
    // Without NONBLOCK a named pipe in the file's place would hold us for ever.
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let mut file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io("read", path)(error)),
    };
    let metadata = file.metadata().map_err(io("read", path))?;
    if !metadata.is_file() {
        return Err(StoreError::NotRegular(path.to_path_buf()));
    }
    let mut bytes = Vec::new();
    let limited = Read::by_ref(&mut file).take(TEXT_BYTES_MAX + 1);
    { limited }.read_to_end(&mut bytes).map_err(io("read", path))?;
    if bytes.len() as u64 > TEXT_BYTES_MAX {
        let size_bytes = metadata.len().max(bytes.len() as u64);
        return Err(StoreError::TooLarge { path: path.to_path_buf(), size_bytes });
    }
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|error| StoreError::NotUtf8 { path: path.to_path_buf(), offset: error.utf8_error().valid_up_to() })
}

/// Whether a folder stands at `path`.
pub(crate) fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// Replaces a file at once or not at all: a new file beside it is written, synced and renamed over it. Mode and, where
/// permitted, owner stay; a new file has mode 0600 and missing folders are made. A symbolic link is followed, so that
/// the link stays. Refused with [`StoreError::Changed`] when the file is no longer what the edit was made from.
pub fn save(file: &EditedFile) -> Result<(), StoreError> {
    let target = fs::canonicalize(&file.path).unwrap_or_else(|_| file.path.clone());
    let present = read(&target)?;
    if present != file.previous {
        let text = |text: &'_ Option<String>| text.clone().unwrap_or_default();
        let difference = difference::difference(&text(&file.previous), &text(&present));
        return Err(StoreError::Changed { path: file.path.clone(), difference });
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(io("make", folder))?;
    let (temporary, mut new) = create_beside(&target, folder)?;
    let written = write(&mut new, &target, &file.text).and_then(|()| fs::rename(&temporary, &target));
    if let Err(error) = written {
        // The rename did not happen, so the temporary file is ours to take away; that it may fail changes nothing.
        let _ = fs::remove_file(&temporary);
        return Err(io("replace", &target)(error));
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io("sync", folder))
}

/// A new file that nobody else has open, under a name that no reader looks for.
fn create_beside(target: &Path, folder: &Path) -> Result<(PathBuf, File), StoreError> {
    let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut attempt = 0;
    loop {
        let temporary = folder.join(format!(".{name}.{}.{attempt}.new", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && attempt < 100 => attempt += 1,
            Err(error) => return Err(io("write", &temporary)(error)),
        }
    }
}

fn write(new: &mut File, target: &Path, text: &str) -> std::io::Result<()> {
    new.write_all(text.as_bytes())?;
    if let Ok(old) = fs::metadata(target) {
        let ours = new.metadata()?;
        if (ours.uid(), ours.gid()) != (old.uid(), old.gid()) {
            // Only root may give files away; the others keep the mode and own the new file.
            let _ = std::os::unix::fs::fchown(&*new, Some(old.uid()), Some(old.gid()));
        }
        new.set_permissions(fs::Permissions::from_mode(old.mode() & 0o7777))?;
    }
    new.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(path: &Path, text: &str, previous: Option<&str>) -> EditedFile {
        EditedFile { path: path.to_path_buf(), text: text.into(), previous: previous.map(str::to_owned) }
    }

    #[test]
    fn saved_text_is_read_back_and_the_mode_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/a.config");
        save(&edited(&path, "one", None)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        save(&edited(&path, "two", Some("one"))).unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some("two"));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn a_file_changed_meanwhile_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.config");
        fs::write(&path, "theirs").unwrap();
        assert!(matches!(save(&edited(&path, "ours", Some("before"))), Err(StoreError::Changed { .. })));
        assert!(matches!(save(&edited(&path, "ours", None)), Err(StoreError::Changed { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    }

    #[test]
    fn a_symbolic_link_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "a").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        save(&edited(&link, "b", Some("a"))).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "b");
    }

    #[test]
    fn only_regular_utf8_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read(folder.path()), Err(StoreError::NotRegular(_))));
        assert!(read(&folder.path().join("none")).unwrap().is_none());
        let path = folder.path().join("latin1");
        fs::write(&path, b"a\xe9").unwrap();
        assert!(matches!(read(&path), Err(StoreError::NotUtf8 { offset: 1, .. })));
        let large = folder.path().join("large");
        File::create(&large).unwrap().set_len(TEXT_BYTES_MAX + 1).unwrap();
        assert!(matches!(read(&large), Err(StoreError::TooLarge { .. })));
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
        assert!(matches!(read(&pipe), Err(StoreError::NotRegular(_))));
    }
}
