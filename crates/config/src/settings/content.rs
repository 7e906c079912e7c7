//! Sections about content: `defaultDocument`, `directoryBrowse`, `staticContent` (IIS reference §4.1).

use std::collections::HashMap;
use std::sync::Arc;

use crate::effective::Effective;

/// `system.webServer/defaultDocument`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultDocument {
    /// Whether a folder is answered with one of its files.
    pub enabled: bool,
    /// File names in the order they are tried.
    pub files: Vec<String>,
}

/// `system.webServer/directoryBrowse`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectoryBrowse {
    /// Whether a folder without a default document is listed.
    pub enabled: bool,
    /// Bit field Date=2, Time=4, Size=8, Extension=16, `LongDate`=32.
    pub show_flags: u32,
}

/// `system.webServer/staticContent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticContent {
    /// Extension in lower case with its dot → media type. A file whose extension is missing here is not served (404.3).
    pub mime_map: Arc<MediaTypes>,
    /// `clientCache`.
    pub client_cache: ClientCache,
}

/// Extension → media type. Levels share the texts that they inherit.
pub type MediaTypes = HashMap<Arc<str>, Arc<str>>;

/// `staticContent/clientCache`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCache {
    /// Which response headers are sent.
    pub cache_control_mode: CacheControlMode,
    /// `max-age` in seconds, for [`CacheControlMode::UseMaxAge`].
    pub max_age_seconds: u64,
    /// Text of `Expires`, for [`CacheControlMode::UseExpires`].
    pub http_expires: String,
    /// Text added to `Cache-Control`.
    pub cache_control_custom: String,
    /// Whether an `ETag` is sent.
    pub set_etag: bool,
}

/// Which cache headers are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheControlMode {
    /// None.
    NoControl,
    /// `Cache-Control: no-cache`.
    DisableCache,
    /// `Cache-Control: max-age=…`.
    UseMaxAge,
    /// `Expires: …`.
    UseExpires,
}

impl DefaultDocument {
    pub(crate) fn read(section: &Effective) -> Self {
        let files = section.child("files").entries().map(|entry| entry.text("value"));
        Self { enabled: section.bool("enabled"), files: files.filter(|file| !file.is_empty()).collect() }
    }
}

impl DirectoryBrowse {
    pub(crate) fn read(section: &Effective) -> Self {
        Self { enabled: section.bool("enabled"), show_flags: section.uint("showFlags") }
    }
}

impl StaticContent {
    pub(crate) fn read(section: &Effective) -> Self {
        let row = |entry: &Effective| -> (Arc<str>, Arc<str>) {
            (dotted(&entry.text("fileExtension")).into(), entry.text("mimeType").into())
        };
        let types = section.entries.iter().map(|entry| entry.once(row).as_ref().clone());
        let cache = section.child("clientCache");
        Self {
            mime_map: Arc::new(types.collect()),
            client_cache: ClientCache {
                cache_control_mode: match cache.uint("cacheControlMode") {
                    1 => CacheControlMode::DisableCache,
                    2 => CacheControlMode::UseMaxAge,
                    3 => CacheControlMode::UseExpires,
                    _ => CacheControlMode::NoControl,
                },
                max_age_seconds: cache.span_ms("cacheControlMaxAge") / 1000,
                http_expires: cache.text("httpExpires"),
                cache_control_custom: cache.text("cacheControlCustom"),
                set_etag: cache.bool("setEtag"),
            },
        }
    }
}

/// Lower case with a dot in front; `.` alone is a file without extension, as in IIS.
fn dotted(extension: &str) -> String {
    let lower = extension.to_lowercase();
    if lower.starts_with('.') { lower } else { format!(".{lower}") }
}
