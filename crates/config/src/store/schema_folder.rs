//! The folder of the operator's own schema files.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::{StoreError, io};
use crate::home::Home;

/// The schema files there are, in the order of their names; none where there is no folder. Names that begin with a dot
/// are those of editors.
pub(crate) fn schema_paths(home: &Home) -> Result<Vec<PathBuf>, StoreError> {
    let entries = match fs::read_dir(&home.schema) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io("read", &home.schema)(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(io("read", &home.schema))?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let is_schema = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xml"));
        if is_schema && !is_hidden {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The schema files that a change of an installation's configuration may lie in.
pub fn schema_files(home: &Home) -> Vec<PathBuf> {
    // What keeps the folder from being read is told where it is read.
    schema_paths(home).unwrap_or_default()
}
