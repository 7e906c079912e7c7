//! Log folders: made when missing, refused when someone else owns them.

use std::fs::DirBuilder;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, Stat, fstat, openat};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::period::FileName;
use crate::sink::status::Failure;

/// Why a folder or file was not opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("cannot create the log folder ({0}); create it, or choose another logFile directory")]
    Create(io::Error),
    #[error("cannot open the log folder ({0})")]
    Folder(Errno),
    #[error("cannot open the log file ({0})")]
    File(Errno),
    #[error("is a symbolic link, or is no folder; logs are not written through links: remove it")]
    LinkedFolder,
    #[error("is a symbolic link; logs are not written through links: remove it")]
    LinkedFile,
    #[error("is no regular file: remove it")]
    NotRegular,
    #[error(
        "belongs to user {owner}, neither to user {ours}, who writes the logs, nor to root: change its owner, or \
         choose another logFile directory"
    )]
    ForeignOwner { owner: u32, ours: u32 },
}

impl OpenError {
    /// The failure as the status tells it.
    pub(crate) fn at(self, path: impl Into<PathBuf>) -> Failure {
        Failure { path: path.into(), message: self.to_string() }
    }
}

/// Opens a log folder and makes it, with its parents, where it is missing (0750).
///
/// Owner of the folder and of the one above must be us or root: else they could put a link to a file of ours where
/// a log is expected. Links above that are the administrator's business.
pub(crate) fn open_folder(folder: &Path) -> Result<OwnedFd, Failure> {
    let create = DirBuilder::new().recursive(true).mode(0o750).create(folder);
    create.map_err(|error| OpenError::Create(error).at(folder))?;
    let (Some(above), Some(name)) = (folder.parent(), folder.file_name()) else {
        return Err(OpenError::LinkedFolder.at(folder));
    };
    let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let parent = openat(CWD, above, flags, Mode::empty()).map_err(|error| OpenError::Folder(error).at(above))?;
    check_owner(&parent).map_err(|error| error.at(above))?;
    let opened = openat(&parent, name, flags | OFlags::NOFOLLOW, Mode::empty()).map_err(|error| match error {
        Errno::NOTDIR | Errno::LOOP => OpenError::LinkedFolder.at(folder),
        error => OpenError::Folder(error).at(folder),
    })?;
    check_owner(&opened).map_err(|error| error.at(folder))?;
    Ok(opened)
}

/// Opens a file of a log folder for appending and makes it where it is missing (0640).
pub(crate) fn open_file(folder: &OwnedFd, name: &str) -> Result<std::fs::File, OpenError> {
    // Without NONBLOCK a pipe put in the file's place would hold the writer up for ever.
    let flags = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::CLOEXEC;
    let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = openat(folder, name, flags, Mode::from_raw_mode(0o640)).map_err(|error| match error {
        Errno::LOOP => OpenError::LinkedFile,
        Errno::ISDIR => OpenError::NotRegular,
        error => OpenError::File(error),
    })?;
    let stat = check_owner(&opened)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(OpenError::NotRegular);
    }
    Ok(opened.into())
}

fn check_owner(opened: &OwnedFd) -> Result<Stat, OpenError> {
    let stat = fstat(opened).map_err(OpenError::File)?;
    let ours = geteuid().as_raw();
    if stat.st_uid == ours || stat.st_uid == 0 {
        return Ok(stat);
    }
    Err(OpenError::ForeignOwner { owner: stat.st_uid, ours })
}

/// The highest number of a numbered series in a folder; `None` where there is none, or no folder.
pub(crate) fn highest_number(folder: &Path, name: &FileName) -> Option<u32> {
    if matches!(name, FileName::Dated(_)) {
        return None;
    }
    let entries = std::fs::read_dir(folder).ok()?;
    entries.flatten().filter_map(|entry| name.number_in(entry.file_name().to_str()?)).max()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn folders_and_files_are_made_and_kept_from_others() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("logs/W3SVC1");
        let opened = open_folder(&folder).unwrap();
        open_file(&opened, "a.log").unwrap();
        assert_eq!((mode(&folder) & 0o027, mode(&folder.join("a.log")) & 0o137), (0, 0));
        assert_eq!(mode(&folder) & 0o700, 0o700);
    }

    #[test]
    fn links_and_other_things_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("W3SVC1");
        let opened = open_folder(&folder).unwrap();
        symlink("/dev/null", folder.join("link.log")).unwrap();
        assert!(matches!(open_file(&opened, "link.log"), Err(OpenError::LinkedFile)));
        std::fs::create_dir(folder.join("dir.log")).unwrap();
        assert!(matches!(open_file(&opened, "dir.log"), Err(OpenError::NotRegular)));
        symlink(&folder, home.path().join("W3SVC2")).unwrap();
        let failure = open_folder(&home.path().join("W3SVC2")).unwrap_err();
        assert!(failure.message.contains("symbolic link"), "{failure:?}");
        std::fs::write(home.path().join("W3SVC3"), "").unwrap();
        assert!(open_folder(&home.path().join("W3SVC3")).is_err());
    }

    #[test]
    fn foreign_folders_are_refused() {
        let home = tempfile::tempdir().unwrap();
        if home.path().metadata().unwrap().uid() != 0 {
            println!("skipped: only root can give a folder to another user");
            return;
        }
        let folder = home.path().join("logs/W3SVC1");
        let opened = open_folder(&folder).unwrap();
        open_file(&opened, "a.log").unwrap();
        chown(folder.join("a.log"), Some(65_534), None).unwrap();
        assert!(matches!(open_file(&opened, "a.log"), Err(OpenError::ForeignOwner { owner: 65_534, ours: 0 })));
        for foreign in [folder.clone(), home.path().join("logs")] {
            chown(&foreign, Some(65_534), None).unwrap();
            let failure = open_folder(&folder).unwrap_err();
            assert_eq!(failure.path, foreign);
            assert!(failure.message.starts_with("belongs to user 65534, neither to user 0"), "{failure:?}");
            chown(&foreign, Some(0), None).unwrap();
        }
    }

    #[test]
    fn numbering_goes_by_the_highest() {
        let home = tempfile::tempdir().unwrap();
        let name = FileName::Numbered { stem: "httperr", suffix: "", truncate_bytes: 1 };
        assert_eq!(highest_number(home.path(), &name), None);
        for file in ["httperr2.log", "httperr10.log", "httperr11.log.1", "other99.log"] {
            std::fs::write(home.path().join(file), "").unwrap();
        }
        assert_eq!(highest_number(home.path(), &name), Some(10));
    }
}
