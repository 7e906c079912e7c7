//! What applies where a file names neither media types nor default documents: a file written by hand should serve a
//! page without listing what a page is.

use crate::builtin_mime::MEDIA_TYPES;
use crate::effective::Effective;
use crate::reader::{Declared, Setting};
use crate::schema::{CollectionTable, Value};

/// IIS's stock list (IIS reference §4.1; stock applicationHost.config).
pub(crate) const DEFAULT_DOCUMENTS: [&str; 6] =
    ["Default.htm", "Default.asp", "index.htm", "index.html", "iisstart.htm", "default.aspx"];

/// Puts the built-in entries into a section nobody has filled. They have no origin, and an entry of a file takes the
/// place of the built-in one with its key.
pub(crate) fn fill(path: &str, section: &mut Effective) {
    match path {
        "system.webServer/staticContent" => {
            if let Some(collection) = section.table.collection {
                let entry = |&(extension, media): &(&str, &str)| {
                    entry(collection, &[("fileExtension", extension), ("mimeType", media)])
                };
                section.entries = MEDIA_TYPES.iter().map(entry).collect();
            }
        }
        "system.webServer/defaultDocument" => {
            if let Some(files) = section.children.get_mut("files")
                && let Some(collection) = files.table.collection
            {
                files.entries = DEFAULT_DOCUMENTS.iter().map(|name| entry(collection, &[("value", name)])).collect();
            }
        }
        _ => {}
    }
}

/// Takes the built-in entries away again when the server's own level fills that collection.
pub(crate) fn withdraw(section: &mut Effective, server: &Declared) {
    if server.fills_collection() {
        section.entries.clear();
    }
    for child in server.children.iter().filter(|child| child.fills_collection()) {
        if let Some(target) = section.children.get_mut(child.table.name) {
            target.entries.clear();
        }
    }
}

fn entry(collection: &CollectionTable, texts: &[(&'static str, &str)]) -> Effective {
    let mut entry = Effective::new(collection.entry);
    for (name, text) in texts {
        entry.settings.insert(name, Setting::built_in(Value::Text((*text).to_owned()), text));
    }
    entry
}
