//! Files that were asked for lately, per thread: the open file, its rendered fields, a small one's bytes.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs::File;
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use doorward_plan::{Effective, SiteId};
use doorward_wire::Request;

use super::coding::{self, Coding};
use super::open::{KnownFile, Stored};
use crate::clock::Clock;
use crate::compress::spares;
use crate::outcome::field_line;
use crate::status::CachedFileStatus;

/// An entry is trusted this long before the file is looked at again: a look at each request would cost a system call. A
/// large file that is shortened meanwhile ends its answer, and the connection with it, before the promised length, and is
/// forgotten then.
const FRESH_MS: u64 = 1000;
/// Entries per thread: each may hold a descriptor and 16 KiB, and as much again for each coding.
const ENTRIES_MAX: usize = 512;
/// The caches of all threads together take at most this part of the descriptors: each entry may hold three of them.
const DESCRIPTORS_PART: u64 = 12;

/// One file as it is answered.
#[derive(Debug)]
pub(crate) struct CachedFile {
    /// `None` is 404.3.
    pub(crate) media_type: Option<String>,
    /// The file itself, then its codings.
    representations: Vec<Representation>,
    checked_ms: u64,
    /// Times it was answered from here.
    hits: Cell<u64>,
    /// The settings that its fields were rendered with.
    effective: Arc<Effective>,
}

/// One coding of a file.
#[derive(Debug)]
pub(crate) struct Representation {
    pub(crate) coding: Coding,
    pub(crate) file: Rc<File>,
    pub(crate) length: u64,
    pub(crate) modified: SystemTime,
    pub(crate) etag: String,
    /// Rendered field lines of a 200.
    pub(crate) fields: Rc<[u8]>,
    /// Those that a 304 and every part of the file have, too: validators and caching advice.
    pub(crate) validators: Rc<[u8]>,
    pub(crate) content: Option<Rc<[u8]>>,
    /// It was compressed by us, and is not for everybody.
    is_copy: bool,
}

impl CachedFile {
    /// Renders what every answer for this file has in common.
    pub(crate) fn new(known: KnownFile, effective: &Arc<Effective>, now_ms: u64) -> Self {
        let media_type = effective.content.mime.media_type(&known.name).map(str::to_owned);
        let varies = known.stored.len() > 1 || known.has_copies;
        let kind = media_type.as_deref().unwrap_or("application/octet-stream");
        let render = |stored| Representation::new(stored, effective, (kind, varies));
        Self {
            representations: known.stored.into_iter().map(render).collect(),
            media_type,
            checked_ms: now_ms,
            hits: Cell::new(0),
            effective: Arc::clone(effective),
        }
    }

    /// Whether these settings still hold for it.
    pub(crate) fn is_made_with(&self, effective: &Arc<Effective>) -> bool {
        Arc::ptr_eq(&self.effective, effective)
    }

    /// The representation for this client.
    pub(crate) fn chosen(&self, request: &Request) -> &Representation {
        if let [only] = &*self.representations {
            return only;
        }
        let spared = spares(&self.effective.compression, request);
        let fit: Vec<_> = self.representations.iter().filter(|offered| !(spared && offered.is_copy)).collect();
        let offered: Vec<_> = fit.iter().map(|offered| (offered.coding, offered.length)).collect();
        fit[coding::choose(request, &offered)]
    }
}

impl Representation {
    fn new(stored: Stored, effective: &Effective, (media_type, varies): (&str, bool)) -> Self {
        let content = &effective.content;
        let mut validators = Vec::with_capacity(192);
        field_line(&mut validators, "Last-Modified", httpdate::fmt_http_date(stored.modified).as_bytes());
        if content.etag {
            field_line(&mut validators, "ETag", stored.etag.as_bytes());
        }
        field_line(&mut validators, "Accept-Ranges", b"bytes");
        let (cache_control, expires) = match effective.compression.cache_fields.as_ref().filter(|_| stored.is_copy) {
            Some((expires, cache_control)) => (Some(cache_control), Some(expires)),
            None => (content.cache.cache_control.as_ref(), content.cache.expires.as_ref()),
        };
        for (name, value) in [("Cache-Control", cache_control), ("Expires", expires)] {
            if let Some(value) = value {
                field_line(&mut validators, name, value.as_bytes());
            }
        }
        if varies {
            field_line(&mut validators, "Vary", b"Accept-Encoding");
        }
        let mut fields = Vec::with_capacity(256);
        field_line(&mut fields, "Content-Type", media_type.as_bytes());
        if stored.coding != Coding::Identity {
            field_line(&mut fields, "Content-Encoding", stored.coding.name().as_bytes());
        }
        fields.extend_from_slice(&validators);
        Self {
            coding: stored.coding,
            file: Rc::new(stored.file),
            length: stored.length,
            modified: stored.modified,
            etag: stored.etag,
            fields: fields.into(),
            validators: validators.into(),
            content: stored.content.map(Into::into),
            is_copy: stored.is_copy,
        }
    }
}

/// A faster hash than the standard library's, which was made for keys that attackers choose: these are files there are.
type Keyed<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// The files of one thread.
#[derive(Debug)]
pub(crate) struct FileCache {
    entries_max: usize,
    sites: RefCell<Keyed<SiteId, Keyed<String, Rc<CachedFile>>>>,
}

impl FileCache {
    /// An empty cache for one of `threads` threads.
    pub(crate) fn new(threads: usize) -> Self {
        let descriptors = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
        let share = descriptors / DESCRIPTORS_PART / threads.max(1) as u64;
        let entries_max = usize::try_from(share).unwrap_or(usize::MAX).min(ENTRIES_MAX);
        Self { entries_max, sites: RefCell::default() }
    }

    /// The file at a URL path of a site, if it was looked at within the last second.
    pub(crate) fn fresh(&self, site: SiteId, path: &str, now_ms: u64) -> Option<Rc<CachedFile>> {
        let sites = self.sites.borrow();
        let known = sites.get(&site)?.get(path)?;
        let is_fresh = now_ms.saturating_sub(known.checked_ms) < FRESH_MS;
        is_fresh.then(|| {
            known.hits.set(known.hits.get() + 1);
            Rc::clone(known)
        })
    }

    /// Keeps a file that was just looked at. When all room is taken, stale entries go, else the newcomer is not kept.
    pub(crate) fn keep(&self, site: SiteId, path: &str, file: CachedFile) -> Rc<CachedFile> {
        let now_ms = file.checked_ms;
        let file = Rc::new(file);
        let mut sites = self.sites.borrow_mut();
        if sites.values().map(HashMap::len).sum::<usize>() >= self.entries_max {
            for files in sites.values_mut() {
                files.retain(|_, known| now_ms.saturating_sub(known.checked_ms) < FRESH_MS);
            }
        }
        if sites.values().map(HashMap::len).sum::<usize>() < self.entries_max {
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

    /// What is kept now, for those who look after the server.
    pub(crate) fn entries(&self, clock: Clock) -> Vec<CachedFileStatus> {
        let sites = self.sites.borrow();
        let files = sites.iter().flat_map(|(site, files)| files.iter().map(|(path, file)| (*site, path, file)));
        files
            .flat_map(|(site, path, file)| {
                let status = move |of: &Representation| CachedFileStatus {
                    site_id: site,
                    path: path.clone(),
                    media_type: file.media_type.clone(),
                    coding: (of.coding != Coding::Identity).then(|| of.coding.name().to_owned()),
                    fields_bytes: of.fields.len() as u64,
                    content_bytes: of.length,
                    read_unix_ms: clock.unix_ms_of(file.checked_ms),
                    hits: file.hits.get(),
                };
                file.representations.iter().map(status).collect::<Vec<_>>()
            })
            .collect()
    }

    /// Forgets these files of these sites.
    pub(crate) fn forget(&self, files: &[(SiteId, String)]) {
        let mut sites = self.sites.borrow_mut();
        for (site, path) in files {
            if let Some(files) = sites.get_mut(site) {
                files.remove(path);
            }
        }
    }

    /// Forgets a file that was found to be shorter than it was.
    pub(crate) fn distrust(&self, file: &Rc<File>) {
        let is_it = |of: &Representation| Rc::ptr_eq(&of.file, file);
        for files in self.sites.borrow_mut().values_mut() {
            files.retain(|_, known| !known.representations.iter().any(is_it));
        }
    }

    /// Forgets everything: folders or settings may have changed.
    pub(crate) fn clear(&self) {
        self.sites.borrow_mut().clear();
    }
}
