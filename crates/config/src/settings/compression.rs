//! `urlCompression` and `httpCompression` (IIS reference §4.1).

use crate::effective::Effective;

/// `urlCompression`: which answers are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UrlCompression {
    /// Whether files are (`doStaticCompression`).
    pub files: bool,
    /// Whether forwarded answers are (`doDynamicCompression`).
    pub forwarded: bool,
}

/// `httpCompression`: how they are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "one switch for each attribute of the section")]
pub struct Compression {
    /// The codings there are, in effective order.
    pub schemes: Vec<CompressionScheme>,
    /// Media types of files (`text/*`, `*/*`), and whether they are compressed.
    pub static_types: Vec<(String, bool)>,
    /// The same of forwarded answers.
    pub dynamic_types: Vec<(String, bool)>,
    /// Smaller files stay as they are, in bytes.
    pub file_bytes_min: u32,
    /// Clients of HTTP/1.0 get no coding.
    pub spare_http10: bool,
    /// Requests that came through a proxy get no coding.
    pub spare_proxies: bool,
    /// Requests for a part of a file get no coding.
    pub spare_ranges: bool,
    /// `Expires` and `Cache-Control` of compressed files, where they are sent (`sendCacheHeaders`).
    pub cache_fields: Option<(String, String)>,
    /// Files are compressed when first asked for, however seldom that is (`staticCompressionIgnoreHitFrequency`).
    pub ignore_hit_frequency: bool,
    /// All compressed copies together, in megabytes (`maxDiskSpaceUsage`).
    pub copies_megabytes_max: u32,
}

/// One `scheme`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompressionScheme {
    /// Its content coding: `gzip`, `br`, `zstd`, or one that is not made here.
    pub name: String,
    /// The effort for files, unless they are not compressed with it.
    pub static_level: Option<u32>,
    /// The effort for forwarded answers, unless they are not compressed with it.
    pub dynamic_level: Option<u32>,
}

impl UrlCompression {
    pub(crate) fn read(section: &Effective) -> Self {
        Self { files: section.bool("doStaticCompression"), forwarded: section.bool("doDynamicCompression") }
    }
}

impl Compression {
    pub(crate) fn read(http: &Effective) -> Self {
        let fields = || (http.text("expiresHeader"), http.text("cacheControlHeader"));
        Self {
            schemes: http.entries().map(CompressionScheme::read).collect(),
            static_types: media_types(http.child("staticTypes")),
            dynamic_types: media_types(http.child("dynamicTypes")),
            file_bytes_min: http.uint("minFileSizeForComp"),
            spare_http10: http.bool("noCompressionForHttp10"),
            spare_proxies: http.bool("noCompressionForProxies"),
            spare_ranges: http.bool("noCompressionForRange"),
            cache_fields: http.bool("sendCacheHeaders").then(fields),
            ignore_hit_frequency: http.bool("staticCompressionIgnoreHitFrequency"),
            copies_megabytes_max: http.uint("maxDiskSpaceUsage"),
        }
    }
}

impl CompressionScheme {
    fn read(entry: &Effective) -> Self {
        let level = |switch: &str, level: &str| entry.bool(switch).then(|| entry.uint(level));
        Self {
            name: entry.text("name"),
            static_level: level("doStaticCompression", "staticCompressionLevel"),
            dynamic_level: level("doDynamicCompression", "dynamicCompressionLevel"),
        }
    }
}

fn media_types(element: &Effective) -> Vec<(String, bool)> {
    element.entries().map(|entry| (entry.text("mimeType"), entry.bool("enabled"))).collect()
}
