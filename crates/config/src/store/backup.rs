//! Copies of an installation's files under a name, as appcmd keeps them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{StoreError, history, io, read, save, save_kept};
use crate::diagnostic::LoadError;
use crate::edit::EditedFile;
use crate::home::Home;
use crate::load::load_text;

/// Longest name of a backup, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// Why a backup could not be made, found or brought back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// One of that name is there.
    #[error("a backup named '{0}' exists")]
    Exists(String),
    /// None has that name.
    #[error("no backup is named '{0}'")]
    NoSuch(String),
    /// The name could lead elsewhere, or nowhere.
    #[error("'{0}' is no name for a backup")]
    Name(String),
    /// What was kept cannot be used; nothing was changed.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A file could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Names of the backups of an installation, then of what its history holds, each sorted.
pub fn backups(home: &Home) -> Result<Vec<String>, StoreError> {
    let folder = folder(home);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(history::names(home)),
        Err(error) => return Err(io("read", &folder)(error)),
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok().filter(|entry| entry.path().is_dir())?.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    names.extend(history::names(home));
    Ok(names)
}

/// Keeps the installation's files under a name.
pub fn add_backup(home: &Home, name: &str) -> Result<(), BackupError> {
    let own = named(home, name)?;
    if own.is_dir() {
        return Err(BackupError::Exists(name.to_owned()));
    }
    fs::create_dir_all(&own).map_err(io("make", &own))?;
    for (file, kept) in files(home, &own) {
        if let Some(text) = read(file)? {
            save(&EditedFile { path: kept, text, previous: None })?;
        }
    }
    Ok(())
}

/// Forgets a backup.
pub fn delete_backup(home: &Home, name: &str) -> Result<(), BackupError> {
    let own = existing(home, name)?;
    Ok(fs::remove_dir_all(&own).map_err(io("remove", &own))?)
}

/// Writes the files of a backup back in their places. Refused when they could not be used.
pub fn restore_backup(home: &Home, name: &str) -> Result<(), BackupError> {
    let own = match history::existing(home, name) {
        Some(own) => own,
        None => existing(home, name)?,
    };
    let mut edits = Vec::new();
    for (file, kept) in files(home, &own) {
        if let Some(text) = read(&kept)? {
            edits.push(EditedFile { path: file.to_path_buf(), text, previous: read(file)? });
        }
    }
    let text_of = |path: &Path| edits.iter().find(|edit| edit.path == path).map(|edit| edit.text.as_str());
    if let Some(text) = text_of(&home.config_file) {
        let http_config = text_of(&home.http_config_file).map(|text| (text, home.http_config_file.as_path()));
        load_text(text, &home.config_file, http_config, home)?;
    }
    for edit in edits.iter().filter(|edit| edit.previous.as_ref() != Some(&edit.text)) {
        save_kept(home, edit)?;
    }
    Ok(())
}

fn folder(home: &Home) -> PathBuf {
    home.state.join("backups")
}

fn named(home: &Home, name: &str) -> Result<PathBuf, BackupError> {
    let is_bad = |character: char| character.is_control() || "/\\:*?\"<>|".contains(character);
    if name.is_empty() || name.starts_with('.') || name.len() > NAME_BYTES_MAX || name.contains(is_bad) {
        return Err(BackupError::Name(name.to_owned()));
    }
    Ok(folder(home).join(name))
}

fn existing(home: &Home, name: &str) -> Result<PathBuf, BackupError> {
    let own = named(home, name)?;
    if own.is_dir() { Ok(own) } else { Err(BackupError::NoSuch(name.to_owned())) }
}

/// Each file with the place of its copy.
fn files<'h>(home: &'h Home, own: &Path) -> [(&'h Path, PathBuf); 2] {
    [
        (&home.config_file, own.join(crate::home::CONFIG_FILE)),
        (&home.http_config_file, own.join(crate::home::HTTP_CONFIG_FILE)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::under(folder.path());
        let write = |text: &str| {
            let previous = read(&home.config_file).unwrap();
            save(&EditedFile { path: home.config_file.clone(), text: text.to_owned(), previous }).unwrap();
        };
        write("<configuration/>");
        assert!(backups(&home).unwrap().is_empty());
        add_backup(&home, "one").unwrap();
        assert!(matches!(add_backup(&home, "one"), Err(BackupError::Exists(_))));
        write("<configuration></configuration>");
        restore_backup(&home, "one").unwrap();
        assert_eq!(read(&home.config_file).unwrap().as_deref(), Some("<configuration/>"));
        // What was in place is kept, too.
        assert_eq!(backups(&home).unwrap(), ["one", "CFGHISTORY_0000000001"]);
        delete_backup(&home, "one").unwrap();
        assert!(matches!(restore_backup(&home, "one"), Err(BackupError::NoSuch(_))));
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        let home = Home::under(Path::new("/nowhere"));
        for name in ["", ".", "..", "a/b", "a\\b", ".a", "a\n", &"a".repeat(201)] {
            assert!(matches!(add_backup(&home, name), Err(BackupError::Name(_))), "{name}");
        }
    }

    #[test]
    fn one_that_cannot_be_used_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::under(folder.path());
        save(&EditedFile { path: home.config_file.clone(), text: "<broken".to_owned(), previous: None }).unwrap();
        add_backup(&home, "bad").unwrap();
        save(&EditedFile {
            path: home.config_file.clone(),
            text: "<configuration/>".to_owned(),
            previous: Some("<broken".to_owned()),
        })
        .unwrap();
        assert!(matches!(restore_backup(&home, "bad"), Err(BackupError::Load(_))));
        assert_eq!(read(&home.config_file).unwrap().as_deref(), Some("<configuration/>"));
    }
}
