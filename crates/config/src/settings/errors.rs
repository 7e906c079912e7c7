//! `httpErrors` and `httpLogging`: which page an error gets, and which answers are logged.

use crate::effective::Effective;

/// `system.webServer/httpErrors`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpErrors {
    /// Who sees details.
    pub mode: ErrorMode,
    /// Whether an answer that an upstream has made is replaced.
    pub replaces_existing: bool,
    /// Pages for statuses, in the order of the file.
    pub entries: Vec<ErrorEntry>,
    /// The page for every other error (`defaultPath`).
    pub default: Option<ErrorPath>,
}

/// Who sees a detailed page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorMode {
    /// Clients on this machine; others get the operator's page.
    DetailedLocalOnly,
    /// Nobody.
    Custom,
    /// Everybody.
    Detailed,
}

/// One `error`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorEntry {
    /// `statusCode`.
    pub status: u16,
    /// `subStatusCode`; `None` (-1) is every one.
    pub substatus: Option<u16>,
    /// Where the page is.
    pub page: ErrorPath,
}

/// Where a page is, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorPath {
    /// Folder with a folder for each language; empty when `path` says it all.
    pub prefix: String,
    /// File, URL path or URL.
    pub path: String,
    /// Which of these it is.
    pub response: ErrorResponse,
}

/// What is done with an error's `path`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorResponse {
    /// The file is sent.
    File,
    /// What the site has at this URL path is sent.
    ExecuteUrl,
    /// The client is sent there.
    Redirect,
}

/// `system.webServer/httpLogging`: which answers are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpLogging {
    /// All.
    All,
    /// Statuses below 400.
    Successful,
    /// Statuses from 400.
    Errors,
    /// None (`dontLog`).
    Nothing,
}

impl HttpErrors {
    pub(crate) fn read(section: &Effective) -> Self {
        let default = ErrorPath {
            prefix: String::new(),
            path: section.text("defaultPath"),
            response: ErrorResponse::from_number(section.uint("defaultResponseMode")),
        };
        Self {
            mode: match section.uint("errorMode") {
                1 => ErrorMode::Custom,
                2 => ErrorMode::Detailed,
                _ => ErrorMode::DetailedLocalOnly,
            },
            replaces_existing: section.uint("existingResponse") == 1,
            entries: section.entries().map(ErrorEntry::read).collect(),
            default: Some(default).filter(|default| !default.path.is_empty()),
        }
    }
}

impl ErrorEntry {
    fn read(entry: &Effective) -> Self {
        Self {
            status: u16::try_from(entry.uint("statusCode")).unwrap_or(0),
            substatus: u16::try_from(entry.signed("subStatusCode")).ok(),
            page: ErrorPath {
                prefix: entry.text("prefixLanguageFilePath"),
                path: entry.text("path"),
                response: ErrorResponse::from_number(entry.uint("responseMode")),
            },
        }
    }
}

impl ErrorResponse {
    fn from_number(number: u32) -> Self {
        match number {
            1 => ErrorResponse::ExecuteUrl,
            2 => ErrorResponse::Redirect,
            _ => ErrorResponse::File,
        }
    }
}

impl HttpLogging {
    pub(crate) fn read(section: &Effective) -> Self {
        match section.uint("selectiveLogging") {
            _ if section.bool("dontLog") => HttpLogging::Nothing,
            1 => HttpLogging::Successful,
            2 => HttpLogging::Errors,
            _ => HttpLogging::All,
        }
    }

    /// Whether an answer with this status is logged.
    pub fn takes(self, status: u16) -> bool {
        match self {
            HttpLogging::All => true,
            HttpLogging::Successful => status < 400,
            HttpLogging::Errors => status >= 400,
            HttpLogging::Nothing => false,
        }
    }
}
