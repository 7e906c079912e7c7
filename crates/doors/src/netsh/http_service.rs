//! What netsh asks of an installation beyond its configuration.

use doorward_config::CertificatePlace;

use crate::installation::{Installation, Trouble};

/// An installation that can also tell of accounts, certificates and what a running server keeps.
pub trait HttpService: Installation {
    /// The account of this name; names of Windows are known without asking.
    fn account(&self, name: &str) -> Option<Account>;

    /// The account with this security identifier.
    fn account_of(&self, sid: &str) -> Option<Account>;

    /// Where the certificate with this SHA-1 (lower case digits) lies, when its key is there too.
    fn find_certificate(&self, sha1: &str) -> Option<CertificatePlace>;

    /// SHA-1 of the certificate that lies there, in lower case digits.
    fn thumbprint(&self, place: &CertificatePlace) -> Option<String>;

    /// The text of a file that a command line names, from the folder in which the command was typed.
    fn read_file(&self, name: &str) -> Result<String, Trouble>;

    /// The files that the server keeps open now.
    fn cached_files(&self) -> Result<Vec<CachedFile>, Trouble>;

    /// Makes the server forget files, each a site's number and a path; without any, all.
    fn forget_files(&mut self, which: Option<Vec<(u32, String)>>) -> Result<(), Trouble>;

    /// Makes the server write the log lines it holds back.
    fn flush_logs(&mut self) -> Result<(), Trouble>;
}

/// One who may reserve a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name as it is shown.
    pub name: String,
    /// Its security identifier, such as `S-1-22-1-1000` for the user 1000.
    pub sid: String,
}

/// A file that the server keeps open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedFile {
    /// Number of its site.
    pub site_id: u32,
    /// Its URL path.
    pub path: String,
    /// Its media type; `None` is answered with 404.3.
    pub media_type: Option<String>,
    /// The coding that this representation of it has.
    pub coding: Option<String>,
    /// Bytes of the field lines of its answers.
    pub fields_bytes: u64,
    /// Bytes of the content.
    pub content_bytes: u64,
    /// When it was read, in milliseconds since 1970 UTC.
    pub read_unix_ms: u64,
    /// Times it was answered without a look at the disk.
    pub hits: u64,
}
