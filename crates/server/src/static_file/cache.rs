//! Files that were asked for lately, per thread: the open file, its rendered fields, a small one's bytes.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::rc::Rc;
use std::time::SystemTime;

use doorward_plan::{Effective, SiteId};

use super::open::KnownFile;
use crate::outcome::field_line;

/// An entry is trusted this long before the file is looked at again.
const FRESH_MS: u64 = 1000;
/// Entries per thread: each may hold a descriptor and 16 KiB.
const ENTRIES_MAX: usize = 512;

/// One file as it is answered.
#[derive(Debug)]
pub(crate) struct CachedFile {
    pub(crate) file: Rc<File>,
    pub(crate) length: u64,
    pub(crate) modified: SystemTime,
    pub(crate) etag: String,
    /// `None` is 404.3.
    pub(crate) media_type: Option<String>,
    /// Rendered field lines of a 200.
    pub(crate) fields: Rc<[u8]>,
    pub(crate) content: Option<Rc<[u8]>>,
    checked_ms: u64,
}

impl CachedFile {
    /// Renders what every answer for this file has in common.
    pub(crate) fn new(known: KnownFile, effective: &Effective, now_ms: u64) -> Self {
        let content = &effective.content;
        let media_type = content.mime.media_type(&known.name).map(str::to_owned);
        let mut fields = Vec::with_capacity(256);
        field_line(&mut fields, "Content-Type", media_type.as_deref().unwrap_or("application/octet-stream").as_bytes());
        field_line(&mut fields, "Last-Modified", httpdate::fmt_http_date(known.modified).as_bytes());
        if content.etag {
            field_line(&mut fields, "ETag", known.etag.as_bytes());
        }
        field_line(&mut fields, "Accept-Ranges", b"bytes");
        for (name, value) in [("Cache-Control", &content.cache.cache_control), ("Expires", &content.cache.expires)] {
            if let Some(value) = value {
                field_line(&mut fields, name, value.as_bytes());
            }
        }
        Self {
            file: Rc::new(known.file),
            length: known.length,
            modified: known.modified,
            etag: known.etag,
            media_type,
            fields: fields.into(),
            content: known.content.map(Into::into),
            checked_ms: now_ms,
        }
    }
}

/// The files of one thread.
#[derive(Debug, Default)]
pub(crate) struct FileCache {
    sites: RefCell<HashMap<SiteId, HashMap<String, Rc<CachedFile>>>>,
}

impl FileCache {
    /// The file at a URL path of a site, if it was looked at within the last second.
    pub(crate) fn fresh(&self, site: SiteId, path: &str, now_ms: u64) -> Option<Rc<CachedFile>> {
        let sites = self.sites.borrow();
        let known = sites.get(&site)?.get(path)?;
        (now_ms.saturating_sub(known.checked_ms) < FRESH_MS).then(|| Rc::clone(known))
    }

    /// Keeps a file that was just looked at. When all room is taken, stale entries go, else the newcomer is not kept.
    pub(crate) fn keep(&self, site: SiteId, path: &str, file: CachedFile) -> Rc<CachedFile> {
        let now_ms = file.checked_ms;
        let file = Rc::new(file);
        let mut sites = self.sites.borrow_mut();
        if sites.values().map(HashMap::len).sum::<usize>() >= ENTRIES_MAX {
            for files in sites.values_mut() {
                files.retain(|_, known| now_ms.saturating_sub(known.checked_ms) < FRESH_MS);
            }
        }
        if sites.values().map(HashMap::len).sum::<usize>() < ENTRIES_MAX {
            sites.entry(site).or_default().insert(path.to_owned(), Rc::clone(&file));
        }
        file
    }

    /// Drops entries nobody asked for lately, so that their descriptors are freed.
    pub(crate) fn sweep(&self, now_ms: u64) {
        for files in self.sites.borrow_mut().values_mut() {
            files.retain(|_, known| now_ms.saturating_sub(known.checked_ms) < 2 * FRESH_MS);
        }
    }

    /// Forgets everything: folders or settings may have changed.
    pub(crate) fn clear(&self) {
        self.sites.borrow_mut().clear();
    }
}
