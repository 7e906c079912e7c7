//! `timeout`: how long connections may be silent before they have a site.

use doorward_config::{Action, ConfigFile, Deed, Edit, SectionChange};

use crate::netsh::failure::{FILE_NOT_FOUND, Failure, INVALID_PARAMETER};
use crate::netsh::http_service::HttpService;
use crate::netsh::tags::Tags;
use crate::netsh::{heading, said};
use crate::outcome::Outcome;

const ADDING: &str = "Timeout value add failed";
const DELETING: &str = "Timeout value deletion failed";

pub(super) fn add(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let attribute = attribute(tags);
    // 0 would be no limit, which Windows does not have either.
    let seconds = tags.number("value").filter(|seconds| *seconds > 0);
    let seconds = seconds.ok_or_else(|| Failure::win32(ADDING, INVALID_PARAMETER))?;
    let deed = Deed::Set { attribute: attribute.to_owned(), text: seconds.to_string() };
    let notes = place.apply(&change(deed)).map_err(|trouble| Failure::of(ADDING, &trouble))?;
    Ok(said("Timeout value successfully added", &notes))
}

pub(super) fn delete(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let attribute = attribute(tags);
    let timeouts = place.configuration().map_err(|trouble| Failure::of(DELETING, &trouble))?.http_timeouts;
    let written = if attribute == IDLE { timeouts.idle_connection_s } else { timeouts.header_wait_s };
    if written.is_none() {
        return Err(Failure::win32(DELETING, FILE_NOT_FOUND));
    }
    let deed = Deed::Unset { attribute: attribute.to_owned() };
    let notes = place.apply(&change(deed)).map_err(|trouble| Failure::of(DELETING, &trouble))?;
    Ok(said("Timeout value successfully deleted", &notes))
}

pub(super) fn show(_: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let configuration = place.configuration().map_err(|trouble| Failure::of("", &trouble))?;
    let (timeouts, limits) = (configuration.http_timeouts, configuration.web_limits);
    let mut lines = heading("HTTP service timeouts:");
    lines.push(format!("Idle connection timeout (secs): {}", timeouts.idle_ms(&limits) / 1000));
    lines.push(format!("Header wait timeout (secs): {}", timeouts.header_ms(&limits) / 1000));
    Ok(Outcome::done(lines))
}

const IDLE: &str = "idleConnectionTimeout";

/// The attribute that holds what `timeouttype` names.
fn attribute(tags: &Tags) -> &'static str {
    let idle = tags.text("timeouttype").is_some_and(|text| text.eq_ignore_ascii_case(IDLE));
    if idle { IDLE } else { "headerWaitTimeout" }
}

fn change(deed: Deed) -> Edit {
    Edit::Change(SectionChange {
        file: ConfigFile::HttpService,
        location: String::new(),
        section: "timeouts".to_owned(),
        actions: vec![Action { at: Vec::new(), deed }],
    })
}
