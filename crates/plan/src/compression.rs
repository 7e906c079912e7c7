//! Which answers are compressed, and with what (`urlCompression`, `httpCompression`).

use doorward_config::{Compression as Section, UrlCompression};

/// A content coding that is made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodingKind {
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstandard,
    /// RFC 1952.
    Gzip,
}

/// A coding and the effort for it, in its own measure and within what is sensible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Effort {
    /// The coding.
    pub kind: CodingKind,
    /// From the least to the most thorough.
    pub level: u32,
}

/// Media types and whether they are compressed: the most specific entry decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaTypes(Vec<(String, bool)>);

/// How often a file has to be asked for before it is compressed (`serverRuntime` `frequentHitThreshold`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HitFrequency {
    /// So many looks …
    pub hits: u32,
    /// … within so many milliseconds.
    pub period_ms: u64,
}

/// What is compressed at a path. Nothing at all by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compression {
    /// Codings of files, the preferred one first; empty where files are not compressed.
    pub files: Vec<Effort>,
    /// Codings of forwarded answers, the preferred one first; empty where they are not compressed.
    pub forwarded: Vec<Effort>,
    /// Media types of files.
    pub file_types: MediaTypes,
    /// Media types of forwarded answers.
    pub forwarded_types: MediaTypes,
    /// Smaller files stay as they are, in bytes.
    pub file_bytes_min: u64,
    /// Clients of HTTP/1.0 get no coding.
    pub spare_http10: bool,
    /// Requests with a `Via` field get no coding.
    pub spare_proxies: bool,
    /// Requests for a part of a file get no coding.
    pub spare_ranges: bool,
    /// `Expires` and `Cache-Control` of compressed files, in place of others.
    pub cache_fields: Option<(String, String)>,
    /// When a file is worth it; `None` is at once.
    pub frequency: Option<HitFrequency>,
    /// All compressed copies together, in bytes.
    pub copies_bytes_max: u64,
}

/// Effort beyond this costs an event loop more than it is worth; files are compressed apart from it.
const FORWARDED_LEVEL_MAX: [(CodingKind, u32); 3] =
    [(CodingKind::Brotli, 6), (CodingKind::Zstandard, 9), (CodingKind::Gzip, 9)];
const FILE_LEVEL_MAX: [(CodingKind, u32); 3] =
    [(CodingKind::Brotli, 11), (CodingKind::Zstandard, 19), (CodingKind::Gzip, 9)];
const MEGABYTE: u64 = 1024 * 1024;

impl Compression {
    /// Takes the sections, and what `serverRuntime` counts as frequent.
    pub fn new((which, section): (UrlCompression, &Section), frequency: HitFrequency) -> Self {
        let efforts = |wanted: bool, most: &[(CodingKind, u32)], level: fn(&Scheme) -> Option<u32>| {
            let made = section.schemes.iter().filter_map(|scheme| {
                let kind = CodingKind::named(&scheme.name)?;
                let most = most.iter().find(|(known, _)| *known == kind)?.1;
                // A level of 0 is the fastest in IIS; in gzip itself it would not compress at all.
                Some(Effort { kind, level: level(scheme)?.clamp(1, most) })
            });
            if wanted { made.collect() } else { Vec::new() }
        };
        Self {
            files: efforts(which.files, &FILE_LEVEL_MAX, |scheme| scheme.static_level),
            forwarded: efforts(which.forwarded, &FORWARDED_LEVEL_MAX, |scheme| scheme.dynamic_level),
            file_types: MediaTypes::new(&section.static_types),
            forwarded_types: MediaTypes::new(&section.dynamic_types),
            file_bytes_min: section.file_bytes_min.into(),
            spare_http10: section.spare_http10,
            spare_proxies: section.spare_proxies,
            spare_ranges: section.spare_ranges,
            cache_fields: section.cache_fields.clone(),
            frequency: (!section.ignore_hit_frequency).then_some(frequency),
            copies_bytes_max: u64::from(section.copies_megabytes_max) * MEGABYTE,
        }
    }

    /// Whether a file of this media type and length is worth compressing.
    pub fn takes_file(&self, media_type: &str, length: u64) -> bool {
        !self.files.is_empty() && length >= self.file_bytes_min && self.file_types.take(media_type)
    }

    /// Whether forwarded answers of this media type are compressed.
    pub fn takes_forwarded(&self, media_type: &str) -> bool {
        !self.forwarded.is_empty() && self.forwarded_types.take(media_type)
    }
}

type Scheme = doorward_config::CompressionScheme;

impl CodingKind {
    fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "br" => Some(Self::Brotli),
            "zstd" => Some(Self::Zstandard),
            "gzip" => Some(Self::Gzip),
            _ => None,
        }
    }
}

impl MediaTypes {
    fn new(entries: &[(String, bool)]) -> Self {
        Self(entries.iter().map(|(media, enabled)| (essence(media).to_ascii_lowercase(), *enabled)).collect())
    }

    /// Whether the list says that this type is compressed. What is packed already is compressed only where it is named
    /// in full.
    fn take(&self, media_type: &str) -> bool {
        let media = essence(media_type).to_ascii_lowercase();
        let says = |pattern: &str| self.0.iter().find(|(own, _)| own == pattern).map(|(_, enabled)| *enabled);
        if let Some(enabled) = says(&media) {
            return enabled;
        }
        let family = media.split_once('/').map_or("", |(family, _)| family);
        let wide = says(&format!("{family}/*")).or_else(|| says("*/*"));
        wide.unwrap_or(false) && !is_packed(&media, family)
    }
}

/// A media type without its parameters.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// Whether content of this type is compressed in itself.
fn is_packed(media: &str, family: &str) -> bool {
    const PACKED: [&str; 16] = [
        "application/gzip",
        "application/java-archive",
        "application/pdf",
        "application/vnd.ms-cab-compressed",
        "application/vnd.rar",
        "application/x-7z-compressed",
        "application/x-bzip",
        "application/x-bzip2",
        "application/x-compressed",
        "application/x-gzip",
        "application/x-rar-compressed",
        "application/x-xz",
        "application/x-zip-compressed",
        "application/zip",
        "application/zstd",
        "font/woff",
    ];
    const LOOSE_IMAGES: [&str; 4] = ["image/bmp", "image/svg+xml", "image/x-icon", "image/vnd.microsoft.icon"];
    let is_document_archive = media.starts_with("application/vnd.openxmlformats") || media == "font/woff2";
    match family {
        "audio" | "video" => true,
        "image" => !LOOSE_IMAGES.contains(&media),
        _ => is_document_archive || PACKED.contains(&media),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOCK: &[(&str, bool)] = &[("text/*", true), ("application/javascript", true), ("*/*", false)];

    fn check(types: &[(&str, bool)], media: &str, expected: bool) {
        let types: Vec<_> = types.iter().map(|(media, enabled)| ((*media).to_owned(), *enabled)).collect();
        assert_eq!(MediaTypes::new(&types).take(media), expected, "{media}");
    }

    #[test]
    fn the_most_specific_type_decides() {
        check(STOCK, "text/html", true);
        check(STOCK, "TEXT/HTML; charset=utf-8", true);
        check(STOCK, "application/javascript", true);
        check(STOCK, "application/json", false);
        check(STOCK, "image/png", false);
        check(&[("*/*", true), ("text/*", true), ("text/csv", false)], "text/csv", false);
        check(&[("application/json; charset=utf-8", true)], "application/json", true);
        check(&[], "text/html", false);
        check(STOCK, "", false);
    }

    #[test]
    fn packed_content_has_to_be_named() {
        let all = &[("*/*", true)];
        check(all, "application/json", true);
        check(all, "image/svg+xml", true);
        for packed in ["image/png", "video/mp4", "audio/ogg", "application/zip", "font/woff2", "application/pdf"] {
            check(all, packed, false);
        }
        check(&[("image/png", true)], "image/png", true);
        check(&[("image/*", true)], "image/png", false);
    }

    fn levels(scheme: (&str, Option<u32>, Option<u32>), expected: (Option<u32>, Option<u32>)) {
        let (name, static_level, dynamic_level) = scheme;
        let section = Section {
            schemes: vec![Scheme { name: name.to_owned(), static_level, dynamic_level }],
            static_types: Vec::new(),
            dynamic_types: Vec::new(),
            file_bytes_min: 1,
            spare_http10: true,
            spare_proxies: true,
            spare_ranges: true,
            cache_fields: None,
            ignore_hit_frequency: false,
            copies_megabytes_max: 1,
        };
        let made = Compression::new(
            (UrlCompression { files: true, forwarded: true }, &section),
            HitFrequency { hits: 2, period_ms: 1 },
        );
        let level = |efforts: &[Effort]| efforts.first().map(|effort| effort.level);
        assert_eq!((level(&made.files), level(&made.forwarded)), expected, "{scheme:?}");
    }

    #[test]
    fn levels_stay_within_what_is_sensible() {
        levels(("gzip", Some(7), Some(0)), (Some(7), Some(1)));
        levels(("GZIP", Some(10), Some(10)), (Some(9), Some(9)));
        levels(("br", Some(11), Some(11)), (Some(11), Some(6)));
        levels(("zstd", Some(22), None), (Some(19), None));
        levels(("deflate", Some(1), Some(1)), (None, None));
    }
}
