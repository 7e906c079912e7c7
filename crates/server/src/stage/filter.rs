//! What IIS's request filtering refuses with its built-in defaults (IIS reference §4.2), for content
//! that is served from files. The section itself joins with the rest of the configuration.

use doorward_plan::Content;
use doorward_wire::{Malformed, path as url_path};

use crate::exchange::Exchange;
use crate::outcome::{Refusal, ServiceRefusal, SiteRefusal};

/// Path segments that are never served, from the stock `hiddenSegments`.
const HIDDEN_SEGMENTS: [&str; 8] = [
    "web.config",
    "bin",
    "App_code",
    "App_GlobalResources",
    "App_LocalResources",
    "App_WebReferences",
    "App_Data",
    "App_Browsers",
];

/// File extensions that are never served, from the stock `fileExtensions`.
const DENIED_EXTENSIONS: [&str; 44] = [
    "asax",
    "ascx",
    "master",
    "skin",
    "browser",
    "sitemap",
    "config",
    "cs",
    "csproj",
    "vb",
    "vbproj",
    "webinfo",
    "licx",
    "resx",
    "resources",
    "mdb",
    "vjsproj",
    "java",
    "jsl",
    "ldb",
    "dsdgm",
    "ssdgm",
    "lsad",
    "ssmap",
    "cd",
    "dsprototype",
    "lsaprototype",
    "sdm",
    "sdmDocument",
    "mdf",
    "ldf",
    "ad",
    "dd",
    "ldd",
    "sd",
    "adprototype",
    "lddprototype",
    "exclude",
    "refresh",
    "compiled",
    "msgx",
    "vsdisco",
    "rules",
    "swp",
];

/// Refuses what must not leave a content folder, and what an upstream might read differently from us.
pub(crate) fn screen(exchange: &Exchange) -> Result<(), Refusal> {
    if exchange.effective.as_ref().is_some_and(|effective| effective.upstream.is_some()) {
        if exchange.request.path().bytes().any(is_ambiguous) {
            return Err(Refusal::Service(ServiceRefusal::Malformed(Malformed::Url)));
        }
        return Ok(());
    }
    let located = exchange.site.as_ref().and_then(|site| site.directories.locate(&exchange.path));
    if !matches!(located, Some((directory, _)) if matches!(directory.content, Content::Folder(_))) {
        return Ok(());
    }
    match refused(&exchange.path) {
        Some(substatus) => Err(SiteRefusal::new(404, substatus, 0).into()),
        None => Ok(()),
    }
}

/// Characters that no URI path may hold unescaped (RFC 3986 3.3), and that some servers take as a slash
/// or as the end of a quoted text.
fn is_ambiguous(byte: u8) -> bool {
    b"<>\"\\^`".contains(&byte)
}

/// The substatus of the 404, if the path is refused.
pub(crate) fn refused(path: &str) -> Option<u16> {
    if url_path::is_double_escaped(path) {
        return Some(11);
    }
    if path.split('/').any(is_hidden) {
        return Some(8);
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    let (_, extension) = name.rsplit_once('.')?;
    // Editors' backups (`a.cs~`) carry the same secrets.
    let extension = extension.trim_end_matches('~');
    DENIED_EXTENSIONS.iter().any(|denied| denied.eq_ignore_ascii_case(extension)).then_some(7)
}

/// Stock hidden segments, and names that start with a dot, which on Unix are hidden by custom
/// (`.git`, `.env`); `.well-known` (RFC 8615) is served.
fn is_hidden(segment: &str) -> bool {
    let dotted = segment.starts_with('.') && !segment.eq_ignore_ascii_case(".well-known");
    dotted || HIDDEN_SEGMENTS.iter().any(|hidden| hidden.eq_ignore_ascii_case(segment))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: Option<u16>) {
        assert_eq!(refused(path), expected, "{path}");
    }

    #[test]
    fn stock_defaults() {
        check("/", None);
        check("/a.html", None);
        check("/web.config", Some(8));
        check("/x/WEB.CONFIG", Some(8));
        check("/bin/a.dll", Some(8));
        check("/cabin/a.html", None);
        check("/.git/HEAD", Some(8));
        check("/.well-known/acme-challenge/x", None);
        check("/a.cs", Some(7));
        check("/a.CS", Some(7));
        check("/a.cs~", Some(7));
        check("/a.css", None);
        check("/other.config", Some(7));
    }
}
