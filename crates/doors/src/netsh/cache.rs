//! `cachestate`, `cache` and `logbuffer`: what a running server keeps.

use doorward_config::{Configuration, Site};

use crate::netsh::failure::{FILE_NOT_FOUND, Failure};
use crate::netsh::http_service::{CachedFile, HttpService};
use crate::netsh::registered::{pool_at, url};
use crate::netsh::tags::Tags;
use crate::netsh::{heading, said};
use crate::outcome::Outcome;
use crate::time;

const SHOWING: &str = "Response cache query failed";
const DELETING: &str = "Response cache deletion failed";
const FLUSHING: &str = "Log buffer flush failed";

/// A file and the URL that leads to it.
struct Shown<'c> {
    url: String,
    file: CachedFile,
    site: Option<&'c Site>,
}

pub(super) fn show(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let configuration = place.configuration().map_err(|trouble| Failure::of(SHOWING, &trouble))?;
    let files = place.cached_files().map_err(|trouble| Failure::of(SHOWING, &trouble))?;
    let mut lines = heading("Snapshot of HTTP response cache:");
    lines.push(String::new());
    let wanted = tags.text("url");
    let found = chosen(&configuration, files, wanted, false);
    if wanted.is_some() && found.is_empty() {
        return Err(Failure::below(lines, FILE_NOT_FOUND));
    }
    for shown in found {
        lines.extend(entry(&shown));
        lines.push(String::new());
    }
    Ok(Outcome::done(lines))
}

pub(super) fn delete(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let configuration = place.configuration().map_err(|trouble| Failure::of(DELETING, &trouble))?;
    let which = match tags.text("url") {
        None => None,
        wanted => {
            let files = place.cached_files().map_err(|trouble| Failure::of(DELETING, &trouble))?;
            let found = chosen(&configuration, files, wanted, tags.is_on("recursive").unwrap_or(false));
            if found.is_empty() {
                return Err(Failure::win32(DELETING, FILE_NOT_FOUND));
            }
            Some(found.into_iter().map(|shown| (shown.file.site_id, shown.file.path)).collect())
        }
    };
    place.forget_files(which).map_err(|trouble| Failure::of(DELETING, &trouble))?;
    Ok(said("Cache entries successfully deleted", &[]))
}

pub(super) fn flush_logs(_: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    place.flush_logs().map_err(|trouble| Failure::of(FLUSHING, &trouble))?;
    Ok(said("Log buffers successfully flushed", &[]))
}

/// The files at a URL, below it, or all.
fn chosen<'c>(
    configuration: &'c Configuration,
    files: Vec<CachedFile>,
    wanted: Option<&str>,
    below: bool,
) -> Vec<Shown<'c>> {
    let shown = |file: CachedFile| {
        let site = configuration.sites.iter().find(|site| site.id == file.site_id);
        Shown { url: url_of(site, &file.path), file, site }
    };
    let wanted = wanted.map(|wanted| wanted.trim_end_matches('/').to_lowercase());
    let fits = |shown: &Shown<'_>| {
        let own = shown.url.to_lowercase();
        wanted.as_ref().is_none_or(|wanted| {
            let rest = own.strip_prefix(wanted.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest == "/" || (below && rest.starts_with('/')))
        })
    };
    let mut found: Vec<Shown<'c>> = files.into_iter().map(shown).filter(fits).collect();
    found.sort_by(|one, other| (&one.url, &one.file.coding).cmp(&(&other.url, &other.file.coding)));
    found
}

/// The file's URL by the first binding of its site: files are kept per site, whatever name they were asked for by.
fn url_of(site: Option<&Site>, path: &str) -> String {
    let endpoint = site.iter().flat_map(|site| &site.bindings).find_map(|binding| binding.endpoint.as_ref().ok());
    let root = endpoint.map_or_else(|| "http://*:0/".to_owned(), |endpoint| url(endpoint, "/"));
    format!("{}{path}", root.trim_end_matches('/'))
}

fn entry(Shown { url, file, site }: &Shown<'_>) -> Vec<String> {
    let status = if file.media_type.is_some() { 200 } else { 404 };
    let queue = site.map_or("(null)", |site| pool_at(site, &file.path));
    vec![
        format!("URL: {url}"),
        format!("    Status code: {status}"),
        "    HTTP verb: GET".to_owned(),
        "    Cache policy type: Time to live".to_owned(),
        format!("    Creation time: {}", moment(file.read_unix_ms)),
        format!("    Request queue name: {queue}"),
        format!("    Content type: {}", file.media_type.as_deref().unwrap_or("(null)")),
        format!("    Content encoding: {}", file.coding.as_deref().unwrap_or("(null)")),
        format!("    Headers length: {}", file.fields_bytes),
        format!("    Content length: {}", file.content_bytes),
        format!("    Hit count: {}", file.hits),
        "    Force disconnect after serving: FALSE".to_owned(),
    ]
}

/// `2015.5.4:23.9.11:0`: numbers without leading zeros, in UTC.
fn moment(unix_ms: u64) -> String {
    let text = time::compact(unix_ms / 1000);
    let number = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse().ok()).unwrap_or(0_u32);
    let (year, month, day) = (number(0, 4), number(4, 6), number(6, 8));
    let (hour, minute, second) = (number(9, 11), number(11, 13), number(13, 15));
    format!("{year}.{month}.{day}:{hour}.{minute}.{second}:{}", unix_ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_no_leading_zeros() {
        assert_eq!(moment(1_430_780_951_000), "2015.5.4:23.9.11:0");
    }
}
