//! Static content settings in the form the file handler uses.

use std::sync::Arc;

use doorward_config::MediaTypes;

/// File extension to media type (`staticContent/mimeMap`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MimeMap(Arc<MediaTypes>);

impl MimeMap {
    /// Takes (extension with its dot, media type); extensions compare without regard to case.
    pub fn new(entries: impl IntoIterator<Item = (String, String)>) -> Self {
        let row = |(extension, kind): (String, String)| (extension.to_ascii_lowercase().into(), kind.into());
        Self(Arc::new(entries.into_iter().map(row).collect()))
    }

    /// Takes the section's own, whose extensions are in lower case already.
    pub fn of(types: &Arc<MediaTypes>) -> Self {
        Self(Arc::clone(types))
    }

    /// The media type for a file name, or `None`, which is 404.3. `.` stands for names without an
    /// extension, `.*` for every extension without a row of its own.
    pub fn media_type(&self, file_name: &str) -> Option<&str> {
        let extension = file_name.rfind('.').map_or(".", |dot| &file_name[dot..]);
        let found = self.0.get(extension).or_else(|| self.0.get(extension.to_ascii_lowercase().as_str()));
        found.or_else(|| if extension == "." { None } else { self.0.get(".*") }).map(AsRef::as_ref)
    }
}

/// `staticContent/clientCache`, already in the form of a field value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheControl {
    /// Value of `Cache-Control`, when one is to be sent.
    pub cache_control: Option<String>,
    /// Value of `Expires`, when one is to be sent.
    pub expires: Option<String>,
}

/// How files are served at a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StaticContent {
    /// Names tried in turn for a URL that ends in a slash; empty when default documents are off.
    pub default_documents: Vec<String>,
    /// Which file extensions are served, and as what.
    pub mime: MimeMap,
    /// Caching advice for the client.
    pub cache: CacheControl,
    /// Whether an `ETag` is sent (`clientCache/setEtag`).
    pub etag: bool,
    /// How a folder without a default document is listed; `None` is 403.14.
    pub browse: Option<Browse>,
    /// Whether a name that is not there is looked for in another case (D23).
    pub ignore_case: bool,
    /// Whether a neighbour such as `a.js.br` is sent to a client that takes its coding.
    pub precompressed: bool,
}

/// What the listing of a folder shows (`directoryBrowse/showFlags`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Browse(u32);

impl Browse {
    /// The bits of the attribute: Date 2, Time 4, Size 8, Extension 16, `LongDate` 32.
    pub fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The day a file was changed, in the short or the long form.
    pub fn date(self) -> bool {
        self.0 & (2 | 32) != 0
    }

    /// The time of that day.
    pub fn time(self) -> bool {
        self.0 & 4 != 0
    }

    /// The size of a file.
    pub fn size(self) -> bool {
        self.0 & 8 != 0
    }

    /// The extension as part of the name.
    pub fn extension(self) -> bool {
        self.0 & 16 != 0
    }

    /// The day written out.
    pub fn long_date(self) -> bool {
        self.0 & 32 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(map: &[(&str, &str)], name: &str, expected: Option<&str>) {
        let map = MimeMap::new(map.iter().map(|(extension, kind)| ((*extension).to_owned(), (*kind).to_owned())));
        assert_eq!(map.media_type(name), expected, "{name}");
    }

    #[test]
    fn media_types() {
        let usual = [(".html", "text/html"), (".PNG", "image/png")];
        check(&usual, "a.html", Some("text/html"));
        check(&usual, "A.HTML", Some("text/html"));
        check(&usual, "b.png", Some("image/png"));
        check(&usual, "x.tar.gz", None);
        check(&usual, "README", None);
        check(&[(".", "text/plain")], "README", Some("text/plain"));
        check(&[(".*", "application/octet-stream")], "x.unknown", Some("application/octet-stream"));
        check(&[(".*", "application/octet-stream")], "README", None);
    }
}
