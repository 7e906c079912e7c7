//! What applies where a file names neither media types nor default documents: a file written by hand should serve a
//! page without listing what a page is.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::builtin_mime::MEDIA_TYPES;
use crate::effective::{Effective, Entry};
use crate::reader::{Declared, Directive, Setting};
use crate::schema::{CollectionTable, SectionTable, Value};

/// IIS's stock list (IIS reference §4.1; stock applicationHost.config).
pub(crate) const DEFAULT_DOCUMENTS: [&str; 6] =
    ["Default.htm", "Default.asp", "index.htm", "index.html", "iisstart.htm", "default.aspx"];

const REQUEST_FILTERING: &str = "system.webServer/security/requestFiltering";

/// Path segments that are never served, from the stock `hiddenSegments` (IIS reference §4.2).
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

/// File extensions that are never served, from the stock `fileExtensions` (IIS reference §4.2).
#[rustfmt::skip]
const DENIED_EXTENSIONS: [&str; 43] = [
    ".asax", ".ascx", ".master", ".skin", ".browser", ".sitemap", ".config", ".cs", ".csproj", ".vb", ".vbproj",
    ".webinfo", ".licx", ".resx", ".resources", ".mdb", ".vjsproj", ".java", ".jsl", ".ldb", ".dsdgm", ".ssdgm",
    ".lsad", ".ssmap", ".cd", ".dsprototype", ".lsaprototype", ".sdm", ".sdmDocument", ".mdf", ".ldf", ".ad", ".dd",
    ".ldd", ".sd", ".adprototype", ".lddprototype", ".exclude", ".refresh", ".compiled", ".msgx", ".vsdisco",
    ".rules",
];

/// The media types of the stock `staticTypes` (stock applicationHost.config).
const STATIC_TYPES: [(&str, bool); 7] = [
    ("text/*", true),
    ("message/*", true),
    ("application/javascript", true),
    ("application/atom+xml", true),
    ("application/xaml+xml", true),
    ("image/svg+xml", true),
    ("*/*", false),
];

/// Codings where no file names any: name, level for files, level for forwarded answers. gzip's levels are the schema's.
const SCHEMES: [(&str, Level, Level); 3] =
    [("br", (9, "9"), (4, "4")), ("zstd", (12, "12"), (3, "3")), ("gzip", (7, "7"), (0, "0"))];

/// A number and its text.
type Level = (u32, &'static str);

/// A section that nobody has written: made once for every table, which lives as long as the program.
pub(crate) fn bare(table: &'static SectionTable) -> Arc<Effective> {
    static KNOWN: LazyLock<Mutex<HashMap<usize, Arc<Effective>>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let make = || {
        let mut section = Effective::new(table.element);
        fill(table.path, &mut section);
        Arc::new(section)
    };
    Arc::clone(known.entry(std::ptr::from_ref(table).addr()).or_insert_with(make))
}

/// Puts the built-in entries into a section nobody has filled. They have no origin, and an entry of a file takes the
/// place of the built-in one with its key.
fn fill(path: &str, section: &mut Effective) {
    match path {
        "system.webServer/staticContent" => {
            if let Some(collection) = section.table.collection {
                let entry = |&(extension, media): &(&'static str, &'static str)| {
                    entry(collection, &[("fileExtension", text(extension)), ("mimeType", text(media))])
                };
                section.entries = MEDIA_TYPES.iter().map(entry).collect();
            }
        }
        "system.webServer/defaultDocument" => {
            if let Some(files) = section.children.get_mut("files")
                && let Some(collection) = files.table.collection
            {
                files.entries =
                    DEFAULT_DOCUMENTS.iter().map(|name| entry(collection, &[("value", text(name))])).collect();
            }
        }
        "system.webServer/httpCompression" => fill_compression(section),
        "system.webServer/handlers" => {
            if let Some(collection) = section.table.collection {
                let (modules, resource) = ("StaticFileModule,DefaultDocumentModule,DirectoryListingModule", "Either");
                let texts = [("name", "StaticFile"), ("path", "*"), ("verb", "*"), ("modules", modules)];
                let words = [("resourceType", (Value::Uint(2), resource)), ("requireAccess", (Value::Uint(1), "Read"))];
                let texts = texts.map(|(name, own)| (name, text(own)));
                section.entries = vec![entry(collection, &[&texts[..], &words[..]].concat())];
            }
        }
        REQUEST_FILTERING => {
            fill_child(section, "hiddenSegments", &HIDDEN_SEGMENTS, |segment| vec![("segment", text(segment))]);
            fill_child(section, "fileExtensions", &DENIED_EXTENSIONS, |extension| {
                vec![("fileExtension", text(extension)), ("allowed", (Value::Bool(false), "false"))]
            });
        }
        _ => {}
    }
}

/// Takes the built-in entries away again when the server's own level fills that collection. What request filtering
/// denies goes only when the level names some of it itself, as a file of IIS does: a list of other names adds to it.
pub(crate) fn withdraw(path: &str, section: &mut Effective, server: &Declared) {
    let names_built_in = |child: &Declared, target: &Effective| {
        let added = child.directives.iter().filter_map(|directive| match directive {
            Directive::Add(entry) => entry.attributes.first().map(|(_, setting)| setting.value.key(false)),
            Directive::Remove(_) | Directive::Clear(_) => None,
        });
        let keys = || target.entries.iter().flat_map(Entry::keys).flat_map(|key| &key.texts);
        added.into_iter().any(|added| keys().any(|key| *key == added))
    };
    if server.fills_collection() {
        section.entries.clear();
    }
    for child in server.children.iter().filter(|child| child.fills_collection()) {
        if let Some(target) = section.children.get_mut(child.table.name)
            && (path != REQUEST_FILTERING || names_built_in(child, target))
        {
            target.entries.clear();
        }
    }
}

fn text(text: &'static str) -> (Value, &'static str) {
    (Value::Text(text.to_owned()), text)
}

fn fill_compression(section: &mut Effective) {
    if let Some(collection) = section.table.collection {
        let scheme = |&(name, for_files, for_forwarded): &(&'static str, Level, Level)| {
            let levels = [
                ("staticCompressionLevel", (Value::Uint(for_files.0), for_files.1)),
                ("dynamicCompressionLevel", (Value::Uint(for_forwarded.0), for_forwarded.1)),
            ];
            entry(collection, &[&[("name", text(name))], &levels[..]].concat())
        };
        section.entries = SCHEMES.iter().map(scheme).collect();
    }
    if let Some(types) = section.children.get_mut("staticTypes")
        && let Some(collection) = types.table.collection
    {
        let media_type = |&(media, enabled): &(&'static str, bool)| {
            entry(
                collection,
                &[
                    ("mimeType", text(media)),
                    ("enabled", (Value::Bool(enabled), if enabled { "true" } else { "false" })),
                ],
            )
        };
        types.entries = STATIC_TYPES.iter().map(media_type).collect();
    }
}

type Texts = Vec<(&'static str, (Value, &'static str))>;

fn fill_child(section: &mut Effective, child: &str, names: &[&'static str], texts: fn(&'static str) -> Texts) {
    if let Some(target) = section.children.get_mut(child)
        && let Some(collection) = target.table.collection
    {
        target.entries = names.iter().map(|name| entry(collection, &texts(name))).collect();
    }
}

fn entry(collection: &CollectionTable, values: &[(&'static str, (Value, &'static str))]) -> Entry {
    let mut entry = Effective::new(collection.entry);
    for (name, (value, text)) in values {
        entry.settings.insert(name, Setting::built_in(value.clone(), text));
    }
    Entry::new(entry)
}
