//! Error pages of the operator's own (`httpErrors`, IIS reference §4.1): read off the loop, kept for a second.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use doorward_plan::{Content, Effective, ErrorMode, ErrorPage, SiteId, SitePlan};

use crate::exchange::Exchange;
use crate::outcome::{Body, FieldLines, Response, SiteRefusal, field_line};
use crate::render;
use crate::stage::error_page;
use crate::static_file::{FileJob, read_small};

/// A page is trusted this long before its file is looked at again.
const FRESH_MS: u64 = 1000;
/// Pages kept by each thread. Clients choose among languages, so they could otherwise fill it.
const PAGES_MAX: usize = 64;
/// Languages of one client that are tried.
const LANGUAGES_MAX: usize = 4;
/// The language of the page when the client's are not there: the one IIS installs.
const LANGUAGE: &str = "en-US";

/// The error pages one thread has read lately.
#[derive(Debug, Default)]
pub(crate) struct ErrorFiles {
    known: RefCell<HashMap<(SiteId, String), Known>>,
    built_in: BuiltIn,
}

/// The pages of ours that say the same to everybody, by status and substatus: a flood of denials writes each once.
#[derive(Debug, Default)]
struct BuiltIn(RefCell<HashMap<(u16, u16), Page, foldhash::fast::RandomState>>);

impl BuiltIn {
    fn response(&self, refusal: &SiteRefusal, exchange: &Exchange) -> Response {
        if error_page::is_detailed(exchange) {
            return render::site_refusal(refusal, exchange);
        }
        let mut pages = self.0.borrow_mut();
        let page = pages.entry((refusal.status, refusal.substatus)).or_insert_with(|| {
            Page::new(error_page::SITE_PAGE_TYPE, error_page::site_page(refusal, exchange).into_bytes())
        });
        answer(refusal, page)
    }
}

#[derive(Debug)]
struct Known {
    read_ms: u64,
    /// `None` when there is no such file.
    page: Option<Page>,
}

/// A page as it is sent.
#[derive(Clone, Debug)]
struct Page {
    /// Its `Content-Type` line.
    fields: Rc<[u8]>,
    content: Rc<[u8]>,
}

impl Page {
    fn new(media_type: &str, content: Vec<u8>) -> Self {
        let mut fields = Vec::with_capacity(64);
        field_line(&mut fields, "Content-Type", media_type.as_bytes());
        Self { fields: fields.into(), content: content.into() }
    }
}

/// What a refusal is answered with.
pub(crate) enum Due {
    Ready(Response),
    /// A file has to be read first.
    Read(ErrorFileJob),
}

/// Where a page is looked for.
#[derive(Debug)]
pub(crate) struct ErrorFileJob {
    key: String,
    places: Vec<Place>,
    effective: Arc<Effective>,
}

#[derive(Debug)]
enum Place {
    /// A file below a folder.
    Beneath(PathBuf, String),
    /// What the site has at a URL path.
    Site(FileJob),
}

/// What was found: its media type and bytes.
pub(crate) type Found = Option<(String, Vec<u8>)>;

impl ErrorFileJob {
    /// Looks for the page. Blocks.
    pub(crate) fn run(&self) -> Found {
        let (name, content) = self.places.iter().find_map(|place| match place {
            Place::Beneath(folder, name) => Some((name.clone(), read_small(folder, name)?)),
            Place::Site(job) => job.read_small(),
        })?;
        let kind = self.effective.content.mime.media_type(&name).unwrap_or(error_page::SITE_PAGE_TYPE);
        Some((kind.to_owned(), content))
    }
}

impl ErrorFiles {
    /// What answers this refusal: the operator's page where there is one for it, ours otherwise.
    pub(crate) fn due(&self, refusal: &SiteRefusal, exchange: &Exchange, now_ms: u64) -> Due {
        let built_in = || Due::Ready(self.built_in.response(refusal, exchange));
        let (Some(site), Some(effective)) = (&exchange.site, &exchange.effective) else { return built_in() };
        let details = effective.errors.mode == ErrorMode::Detailed || error_page::is_detailed(exchange);
        let Some(page) = effective.errors.page(refusal.status, refusal.substatus).filter(|_| !details) else {
            return built_in();
        };
        let (key, places) = match page {
            ErrorPage::Redirect(url) => return Due::Ready(redirect(refusal, url)),
            ErrorPage::Url(path) => (format!("url {path}"), executed(site, path).into_iter().collect()),
            ErrorPage::File { folder, by_language, name } => {
                let Some(folder) = folder.clone().or_else(|| root_folder(site)) else { return built_in() };
                let languages = if *by_language { languages(exchange) } else { Vec::new() };
                (
                    format!("{} {} {name}", folder.display(), languages.join(",")),
                    in_languages(&folder, &languages, name),
                )
            }
        };
        match self.known.borrow().get(&(site.id, key.clone())) {
            Some(known) if now_ms.saturating_sub(known.read_ms) < FRESH_MS => match &known.page {
                Some(page) => Due::Ready(answer(refusal, page)),
                None => built_in(),
            },
            Some(_) | None => Due::Read(ErrorFileJob { key, places, effective: Arc::clone(effective) }),
        }
    }

    /// Keeps what was read (what it is kept under, what was found), and answers with it.
    pub(crate) fn read(
        &self,
        refusal: &SiteRefusal,
        exchange: &Exchange,
        (key, found, now_ms): (String, Found, u64),
    ) -> Response {
        let page = found.map(|(kind, content)| Page::new(&kind, content));
        let response = match &page {
            Some(page) => answer(refusal, page),
            None => self.built_in.response(refusal, exchange),
        };
        if let Some(site) = &exchange.site {
            let mut known = self.known.borrow_mut();
            if known.len() >= PAGES_MAX {
                known.retain(|_, page| now_ms.saturating_sub(page.read_ms) < FRESH_MS);
            }
            if known.len() < PAGES_MAX {
                known.insert((site.id, key), Known { read_ms: now_ms, page });
            }
        }
        response
    }

    /// Forgets everything: settings may have changed.
    pub(crate) fn clear(&self) {
        self.known.borrow_mut().clear();
    }
}

impl ErrorFileJob {
    /// What [`ErrorFiles::read`] keeps it under.
    pub(crate) fn key(&self) -> String {
        self.key.clone()
    }
}

fn answer(refusal: &SiteRefusal, page: &Page) -> Response {
    let fields = if refusal.allow.is_none() && refusal.retry_after_s.is_none() {
        FieldLines::Shared(Rc::clone(&page.fields))
    } else {
        let mut fields = page.fields.to_vec();
        render::refusal_fields(&mut fields, refusal);
        FieldLines::Own(fields)
    };
    Response {
        substatus: refusal.substatus,
        win32_status: refusal.win32_status,
        ..Response::new(refusal.status, fields, Body::Shared(Rc::clone(&page.content)))
    }
}

fn redirect(refusal: &SiteRefusal, url: &str) -> Response {
    let mut fields = Vec::with_capacity(url.len() + 64);
    field_line(&mut fields, "Location", url.as_bytes());
    field_line(&mut fields, "Content-Type", b"text/plain");
    let body = Body::Bytes(format!("See {url}\n").into_bytes().into());
    Response { substatus: refusal.substatus, ..Response::new(302, FieldLines::Own(fields), body) }
}

fn root_folder(site: &SitePlan) -> Option<PathBuf> {
    match &site.directories.locate("/")?.0.content {
        Content::Folder(folder) => Some(folder.clone()),
        Content::Welcome => None,
    }
}

/// `ExecuteURL`: a file of the same site. What an upstream would answer there is not asked for.
fn executed(site: &SitePlan, path: &str) -> Option<Place> {
    let (directory, rest) = site.directories.locate(path)?;
    let effective = site.settings.at(path);
    match &directory.content {
        Content::Folder(folder) if effective.upstream.is_none() => {
            Some(Place::Site(FileJob::new(folder, rest, path, &effective)))
        }
        Content::Folder(_) | Content::Welcome => None,
    }
}

fn in_languages(folder: &std::path::Path, languages: &[String], name: &str) -> Vec<Place> {
    let own = languages.iter().map(|language| format!("{language}/{name}"));
    own.chain([name.to_owned()]).map(|name| Place::Beneath(folder.to_owned(), name)).collect()
}

/// The client's languages, best first, each followed by its language without the region; then the installed one.
fn languages(exchange: &Exchange) -> Vec<String> {
    let field = exchange.request.field("Accept-Language").and_then(|line| std::str::from_utf8(line).ok());
    let mut tags: Vec<(&str, u16)> =
        field.unwrap_or_default().split(',').take(2 * LANGUAGES_MAX).filter_map(tag).collect();
    tags.sort_by_key(|(_, weight)| u16::MAX - weight);
    let mut languages: Vec<String> = Vec::new();
    for (tag, _) in tags.into_iter().take(LANGUAGES_MAX) {
        for name in [tag, tag.split('-').next().unwrap_or(tag)] {
            if !languages.iter().any(|known| known == name) {
                languages.push(name.to_owned());
            }
        }
    }
    if !languages.iter().any(|known| known == LANGUAGE) {
        languages.push(LANGUAGE.to_owned());
    }
    languages
}

/// A tag that can be a folder's name, and its weight in thousandths.
fn tag(element: &str) -> Option<(&str, u16)> {
    let (tag, parameters) = element.split_once(';').unwrap_or((element, ""));
    let tag = tag.trim();
    let fits =
        !tag.is_empty() && tag.len() <= 35 && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let weight = parameters.trim().strip_prefix("q=").and_then(|text| text.parse::<f32>().ok()).unwrap_or(1.0);
    // Between 0 and 1000 by the clamp.
    #[allow(clippy::cast_sign_loss, reason = "clamped to 0 and above")]
    let thousandths = (weight.clamp(0.0, 1.0) * 1000.0) as u16;
    (fits && thousandths > 0).then_some((tag, thousandths))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{exchange, request};

    fn check(field: &str, expected: &str) {
        let request = request(&format!("GET / HTTP/1.1\r\nHost: a\r\n{field}\r\n"));
        assert_eq!(languages(&exchange(request)).join(" "), expected, "{field}");
    }

    #[test]
    fn languages_of_a_client() {
        check("", "en-US");
        check("Accept-Language: de-AT, en;q=0.5\r\n", "de-AT de en en-US");
        check("Accept-Language: fr;q=0.2, it\r\n", "it fr en-US");
        check("Accept-Language: ../../etc, de;q=0, *\r\n", "en-US");
    }
}
