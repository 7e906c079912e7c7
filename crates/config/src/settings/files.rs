//! `doorward/files`: how files are found.

use crate::effective::Effective;

/// How the name in a URL becomes a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilesSection {
    /// Whether names that start with a dot are served; `.well-known` always is (RFC 8615).
    pub dot_files: bool,
    /// Whether a name that is not there is looked for in another case (D23).
    pub ignore_case: bool,
    /// Whether a neighbour such as `a.js.br` is sent to a client that takes its coding.
    pub precompressed: bool,
}

impl FilesSection {
    pub(crate) fn read(section: &Effective) -> Self {
        Self {
            dot_files: section.bool("dotFiles"),
            ignore_case: section.bool("ignoreCase"),
            precompressed: section.bool("precompressed"),
        }
    }
}
