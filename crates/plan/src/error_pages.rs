//! Which page an error gets (`httpErrors`).

use std::path::{Path, PathBuf};

use doorward_config::{ErrorEntry, ErrorPath, ErrorResponse, HttpErrors, PathMap};

pub use doorward_config::ErrorMode;

/// The error pages that hold at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorPages {
    /// Who sees details.
    pub mode: ErrorMode,
    /// Whether an upstream's error is replaced by a page of ours.
    pub replaces_existing: bool,
    entries: Vec<(u16, Option<u16>, ErrorPage)>,
    default: Option<ErrorPage>,
}

/// One page of the operator's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorPage {
    /// A file.
    File {
        /// The folder that it lies beneath; `None` is the site's root folder.
        folder: Option<PathBuf>,
        /// Whether that folder has a folder for each language.
        by_language: bool,
        /// The file below it.
        name: String,
    },
    /// What the site has at this URL path, with the error's status.
    Url(String),
    /// The client is sent there.
    Redirect(String),
}

impl Default for ErrorPages {
    fn default() -> Self {
        Self { mode: ErrorMode::DetailedLocalOnly, replaces_existing: false, entries: Vec::new(), default: None }
    }
}

impl ErrorPages {
    /// Takes the section; `paths` finds its folders on this machine.
    pub fn new(section: &HttpErrors, paths: &PathMap) -> Self {
        let entry = |entry: &ErrorEntry| (entry.status, entry.substatus, page(&entry.page, paths));
        Self {
            mode: section.mode,
            replaces_existing: section.replaces_existing,
            entries: section.entries.iter().map(entry).collect(),
            default: section.default.as_ref().map(|default| page(default, paths)),
        }
    }

    /// The page for a status: the exact entry, then the one for every substatus, then the default.
    pub fn page(&self, status: u16, substatus: u16) -> Option<&ErrorPage> {
        let entry = |wanted: Option<u16>| self.entries.iter().find(|(own, sub, _)| *own == status && *sub == wanted);
        let found = entry(Some(substatus)).or_else(|| entry(None)).map(|(.., page)| page);
        found.or(self.default.as_ref())
    }
}

fn page(written: &ErrorPath, paths: &PathMap) -> ErrorPage {
    match written.response {
        ErrorResponse::Redirect => ErrorPage::Redirect(written.path.clone()),
        ErrorResponse::ExecuteUrl => ErrorPage::Url(format!("/{}", written.path.trim_start_matches('/'))),
        ErrorResponse::File if !written.prefix.is_empty() => ErrorPage::File {
            folder: Some(paths.resolve(&written.prefix).path),
            by_language: true,
            name: slashes(&written.path),
        },
        ErrorResponse::File if is_absolute(&written.path) => {
            let path = paths.resolve(&written.path).path;
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            ErrorPage::File { folder: path.parent().map(Path::to_owned), by_language: false, name }
        }
        ErrorResponse::File => ErrorPage::File { folder: None, by_language: false, name: slashes(&written.path) },
    }
}

fn is_absolute(path: &str) -> bool {
    path.starts_with(['/', '%']) || path.as_bytes().get(1) == Some(&b':')
}

fn slashes(path: &str) -> String {
    path.replace('\\', "/").trim_start_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages() -> ErrorPages {
        let url = |name: &str| ErrorPage::Url(name.to_owned());
        ErrorPages {
            entries: vec![(404, None, url("any")), (404, Some(5), url("five")), (500, Some(19), url("nineteen"))],
            default: None,
            ..ErrorPages::default()
        }
    }

    fn check(pages: &ErrorPages, status: u16, substatus: u16, expected: Option<&str>) {
        let found = pages.page(status, substatus);
        assert_eq!(found, expected.map(|name| ErrorPage::Url(name.to_owned())).as_ref(), "{status}.{substatus}");
    }

    #[test]
    fn exact_then_any_then_default() {
        let plain = pages();
        check(&plain, 404, 5, Some("five"));
        check(&plain, 404, 0, Some("any"));
        check(&plain, 500, 0, None);
        let with_default = ErrorPages { default: Some(ErrorPage::Url("default".to_owned())), ..pages() };
        check(&with_default, 500, 0, Some("default"));
        check(&with_default, 500, 19, Some("nineteen"));
    }
}
