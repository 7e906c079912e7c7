//! `urlacl`: reserved URLs.

use doorward_config::{
    Action, ConfigFile, Configuration, Deed, Edit, Position, ReservationHolder, SectionChange, UrlPrefix,
    UrlReservation,
};

use crate::netsh::failure::{ALREADY_EXISTS, FILE_NOT_FOUND, Failure, INVALID_PARAMETER, NONE_MAPPED};
use crate::netsh::http_service::HttpService;
use crate::netsh::sddl::{self, Ace};
use crate::netsh::tags::Tags;
use crate::netsh::{heading, labelled, said};
use crate::outcome::Outcome;

const ADDING: &str = "URL reservation add failed";
const DELETING: &str = "URL reservation delete failed";
const SHOWING: &str = "URL reservation query failed";
const NO_ACCOUNT: &str = "Can't lookup sid";

pub(super) fn add(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let url = url(ADDING, tags)?;
    let holder = holder(tags, place)?;
    let configuration = place.configuration().map_err(|trouble| Failure::of(ADDING, &trouble))?;
    if reserved(&configuration, &url).is_some() {
        return Err(Failure::win32(ADDING, ALREADY_EXISTS));
    }
    let mut attributes = vec![("url".to_owned(), url.to_string())];
    attributes.extend(holder);
    let change = change(Deed::Add { attributes, position: Position::End });
    let notes = place.apply(&change).map_err(|trouble| Failure::of(ADDING, &trouble))?;
    Ok(said("URL reservation successfully added", &notes))
}

pub(super) fn delete(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let url = url(DELETING, tags)?;
    let configuration = place.configuration().map_err(|trouble| Failure::of(DELETING, &trouble))?;
    let found = reserved(&configuration, &url).ok_or_else(|| Failure::win32(DELETING, FILE_NOT_FOUND))?;
    let change = change(Deed::Remove { keys: vec![("url".to_owned(), found.written_url.clone())] });
    let notes = place.apply(&change).map_err(|trouble| Failure::of(DELETING, &trouble))?;
    Ok(said("URL reservation successfully deleted", &notes))
}

pub(super) fn show(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let wanted = tags.text("url").map(|_| url(SHOWING, tags)).transpose()?;
    let configuration = place.configuration().map_err(|trouble| Failure::of(SHOWING, &trouble))?;
    let all = configuration.url_reservations.iter();
    let shown: Vec<_> = all.filter(|own| wanted.as_ref().is_none_or(|wanted| own.url == *wanted)).collect();
    let mut lines = heading("URL Reservations:");
    lines.push(String::new());
    if wanted.is_some() && shown.is_empty() {
        return Err(Failure::below(lines, FILE_NOT_FOUND));
    }
    for reservation in shown {
        lines.push(labelled("    ", ("Reserved URL", 24), &reservation.url.to_string()));
        lines.extend(holders(reservation, place));
        lines.push(String::new());
    }
    Ok(Outcome::done(lines))
}

/// The lines about those for whom a URL is reserved; the descriptor comes once, behind the last.
fn holders(reservation: &UrlReservation, place: &dyn HttpService) -> Vec<String> {
    let mut lines = Vec::new();
    let mut tell = |name: &str, listen: bool, delegate: bool| {
        let word = |yes: bool| if yes { "Yes" } else { "No" };
        lines.push(format!("        User: {name}"));
        lines.push(format!("            Listen: {}", word(listen)));
        lines.push(format!("            Delegate: {}", word(delegate)));
    };
    let descriptor = match &reservation.holder {
        ReservationHolder::User { name, listen, delegate } => {
            let sid = sid_of(name, place);
            let shown = sid.as_deref().and_then(sddl::well_known_name);
            tell(shown.unwrap_or(name), *listen, *delegate);
            sid.and_then(|sid| sddl::write(&Ace { sid, listen: *listen, delegate: *delegate }))
        }
        ReservationHolder::Sddl(text) => {
            for ace in sddl::read(text).unwrap_or_default() {
                let name = sddl::well_known_name(&ace.sid).map(str::to_owned);
                let name = name.or_else(|| place.account_of(&ace.sid).map(|account| account.name));
                tell(&name.unwrap_or_else(|| format!("{NO_ACCOUNT}, Error: {NONE_MAPPED}")), ace.listen, ace.delegate);
            }
            Some(text.clone())
        }
    };
    lines.extend(descriptor.map(|text| format!("            SDDL: {text}")));
    lines
}

/// The attributes that say for whom.
fn holder(tags: &Tags, place: &dyn HttpService) -> Result<Vec<(String, String)>, Failure> {
    let refuse = |hint: &str| Failure::hinted(ADDING, INVALID_PARAMETER, hint);
    let (listen, delegate) = (tags.is_on("listen"), tags.is_on("delegate"));
    match (tags.text("user"), tags.text("sddl")) {
        (Some(user), None) => {
            if sid_of(user, place).is_none() {
                return Err(Failure::win32(NO_ACCOUNT, NONE_MAPPED));
            }
            if listen == Some(false) && delegate != Some(true) {
                return Err(refuse("with listen=no and delegate=no nobody could do anything"));
            }
            let written = |name: &str, value: Option<bool>| value.map(|on| (name.to_owned(), on.to_string()));
            let user = Some(("user".to_owned(), user.to_owned()));
            Ok(user.into_iter().chain(written("listen", listen)).chain(written("delegate", delegate)).collect())
        }
        (None, Some(text)) => {
            if listen.is_some() || delegate.is_some() {
                return Err(refuse("listen and delegate belong to user; a security descriptor says both itself"));
            }
            if sddl::read(text).is_none() {
                return Err(refuse(
                    "write a descriptor such as D:(A;;GX;;;WD): GX to listen, GW to delegate, GA for both",
                ));
            }
            Ok(vec![("sddl".to_owned(), text.to_owned())])
        }
        _ => Err(refuse("give user or sddl, not both")),
    }
}

/// Windows's own accounts, then those of this machine.
fn sid_of(name: &str, place: &dyn HttpService) -> Option<String> {
    let known = sddl::well_known_sid(name).map(str::to_owned);
    known.or_else(|| place.account(name).map(|account| account.sid))
}

fn url(what: &'static str, tags: &Tags) -> Result<UrlPrefix, Failure> {
    let text = tags.text("url").unwrap_or_default();
    text.parse().map_err(|reason: String| Failure::hinted(what, INVALID_PARAMETER, reason))
}

fn reserved<'c>(configuration: &'c Configuration, url: &UrlPrefix) -> Option<&'c UrlReservation> {
    configuration.url_reservations.iter().find(|own| own.url == *url)
}

fn change(deed: Deed) -> Edit {
    Edit::Change(SectionChange {
        file: ConfigFile::HttpService,
        location: String::new(),
        section: "urlReservations".to_owned(),
        actions: vec![Action { at: Vec::new(), deed }],
    })
}
