//! `cacheparam` and `setting`: what else HTTP.sys can be told. It is kept and shown; `doorward check` says that nothing
//! comes of it.

use doorward_config::{Action, ConfigFile, Deed, Edit, HttpParameters, SectionChange};

use crate::netsh::failure::{FILE_NOT_FOUND, Failure};
use crate::netsh::http_service::HttpService;
use crate::netsh::tags::Tags;
use crate::netsh::{heading, said};
use crate::outcome::Outcome;

const ADDING_CACHE: &str = "Cache parameter add failed";
const ADDING: &str = "Setting add failed";
const DELETING: &str = "Setting deletion failed";
const CACHE: &str = "cacheParameters";
const SETTINGS: &str = "settings";
const TLS_LIMIT: &str = "sslThrottle";
/// HTTP.sys's own limit of what it keeps (IIS reference §7.6), in bytes.
const RESPONSE_BYTES_MAX: u32 = 262_144;
const NOT_SET: &str = "Not Set";
const NO_EFFECT: &str = "it is kept and shown, and has no effect here: `doorward check` says what to use instead";

pub(super) fn add_cache(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let is_chunk = tags.text("type").is_some_and(|text| text.eq_ignore_ascii_case("cacherangechunksize"));
    let attribute = if is_chunk { "cacheRangeChunkSize" } else { "maxCacheResponseSize" };
    let change = change(CACHE, set(attribute, tags));
    let notes = place.apply(&change).map_err(|trouble| Failure::of(ADDING_CACHE, &trouble))?;
    Ok(said("Cache parameter successfully added", &with_remark(notes)))
}

pub(super) fn show_cache(_: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let HttpParameters { max_cache_response_size, cache_range_chunk_size, .. } = present("", place)?;
    let mut lines = heading("HTTP service cache parameters:");
    let limit = max_cache_response_size.unwrap_or(RESPONSE_BYTES_MAX);
    lines.push(format!("maxcacheresponsesize (per-uri cache limit): {limit} bytes"));
    let chunk = cache_range_chunk_size.map_or_else(|| NOT_SET.to_owned(), |bytes| format!("{bytes} bytes"));
    lines.push(format!("cacherangechunksize: {chunk}"));
    Ok(Outcome::done(lines))
}

pub(super) fn add_setting(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let change = change(SETTINGS, set(TLS_LIMIT, tags));
    let notes = place.apply(&change).map_err(|trouble| Failure::of(ADDING, &trouble))?;
    Ok(said("Setting successfully added", &with_remark(notes)))
}

pub(super) fn delete_setting(_: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    if present(DELETING, place)?.ssl_throttle.is_none() {
        return Err(Failure::win32(DELETING, FILE_NOT_FOUND));
    }
    let change = change(SETTINGS, Deed::Unset { attribute: TLS_LIMIT.to_owned() });
    let notes = place.apply(&change).map_err(|trouble| Failure::of(DELETING, &trouble))?;
    Ok(said("Setting successfully deleted", &notes))
}

pub(super) fn show_setting(_: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let limit = present("", place)?.ssl_throttle;
    let mut lines = heading("HTTP service settings:");
    lines.push(format!("sslthrottle: {}", limit.map_or_else(|| NOT_SET.to_owned(), |number| number.to_string())));
    Ok(Outcome::done(lines))
}

fn present(what: &'static str, place: &dyn HttpService) -> Result<HttpParameters, Failure> {
    let configuration = place.configuration().map_err(|trouble| Failure::of(what, &trouble))?;
    Ok(configuration.http_parameters)
}

fn set(attribute: &str, tags: &Tags) -> Deed {
    Deed::Set { attribute: attribute.to_owned(), text: tags.number("value").unwrap_or_default().to_string() }
}

fn with_remark(mut notes: Vec<String>) -> Vec<String> {
    notes.push(NO_EFFECT.to_owned());
    notes
}

fn change(section: &str, deed: Deed) -> Edit {
    Edit::Change(SectionChange {
        file: ConfigFile::HttpService,
        location: String::new(),
        section: section.to_owned(),
        actions: vec![Action { at: Vec::new(), deed }],
    })
}
