//! `sslcert`: which certificate answers where.

use doorward_config::{
    Action, CertificateBinding, CertificateKey, CertificatePlace, ConfigFile, Configuration, Deed, Edit, Position,
    SectionChange, Step,
};

use crate::netsh::failure::{
    ALREADY_EXISTS, FILE_NOT_FOUND, Failure, INVALID_PARAMETER, NO_SUCH_LOGON_SESSION, NOT_SUPPORTED, Slip,
};
use crate::netsh::http_service::HttpService;
use crate::netsh::ssl_options::{OPTIONS, lines};
use crate::netsh::syntax::Command;
use crate::netsh::tags::{Kind, Tags};
use crate::netsh::{heading, said, syntax};
use crate::outcome::Outcome;

const ADDING: &str = "SSL Certificate add failed";
const UPDATING: &str = "SSL Certificate update failed";
const DELETING: &str = "SSL Certificate deletion failed";
const SHOWING: &str = "SSL Certificate query failed";

/// Folder of a central store that netsh makes; Windows keeps the folder elsewhere, so that its command names none.
const CENTRAL_STORE: &str = "certs/store";

pub(super) fn add(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let key = key(ADDING, tags)?.ok_or_else(|| missing("add"))?;
    let application = application(ADDING, tags)?;
    let configuration = place.configuration().map_err(|trouble| Failure::of(ADDING, &trouble))?;
    if bound(&configuration, &key).is_some() {
        return Err(Failure::win32(ADDING, ALREADY_EXISTS));
    }
    let certificate = match (&key, tags.text("certhash")) {
        (CertificateKey::CentralStore(_), None) => vec![("directory".to_owned(), CENTRAL_STORE.to_owned())],
        (CertificateKey::CentralStore(_), Some(_)) => {
            return Err(Failure::hinted(
                ADDING,
                INVALID_PARAMETER,
                "a central store chooses by file name, so it has no certhash",
            ));
        }
        (CertificateKey::Name(..), Some(_)) if tags.text("certstorename").is_none() => return Err(missing("add")),
        (_, Some(hash)) => certificate(ADDING, hash, place)?,
        (_, None) => return Err(missing("add")),
    };
    let mut attributes = vec![(key.attribute().to_owned(), key.to_string())];
    attributes.extend(certificate);
    attributes.push(("appId".to_owned(), application));
    attributes.extend(options(tags));
    let deed = Deed::Add { attributes, position: Position::End };
    let change = change(vec![Action { at: Vec::new(), deed }]);
    let mut notes = place.apply(&change).map_err(|trouble| Failure::of(ADDING, &trouble))?;
    if matches!(key, CertificateKey::CentralStore(_)) {
        notes.push(format!("the central store is {CENTRAL_STORE}: it holds HOST.pem, or _.DOMAIN.pem for *.DOMAIN"));
    }
    Ok(said("SSL Certificate successfully added", &notes))
}

pub(super) fn update(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let key = key(UPDATING, tags)?.ok_or_else(|| missing("update"))?;
    let application = application(UPDATING, tags)?;
    let configuration = place.configuration().map_err(|trouble| Failure::of(UPDATING, &trouble))?;
    let present = bound(&configuration, &key).ok_or_else(|| Failure::win32(UPDATING, FILE_NOT_FOUND))?;
    let mut values = match (&key, tags.text("certhash")) {
        (CertificateKey::CentralStore(_), Some(_)) => return Err(Failure::win32(UPDATING, INVALID_PARAMETER)),
        (_, Some(hash)) => certificate(UPDATING, hash, place)?,
        (_, None) => Vec::new(),
    };
    // What says where the certificate lay goes, unless it is said anew.
    let sources = ["file", "key", "hash", "passwordFile"];
    let stale = sources.into_iter().filter(|name| !values.is_empty() && present.written.text(name).is_some());
    let stale: Vec<&str> = stale.filter(|name| !values.iter().any(|(own, _)| own == name)).collect();
    values.push(("appId".to_owned(), application));
    values.extend(options(tags));
    let written = present.written.text(key.attribute()).unwrap_or_default();
    let at = vec![Step::Entry(vec![(key.attribute().to_owned(), written.to_owned())])];
    let set = values.into_iter().map(|(attribute, text)| Deed::Set { attribute, text });
    let unset = stale.into_iter().map(|name| Deed::Unset { attribute: name.to_owned() });
    let actions = set.chain(unset).map(|deed| Action { at: at.clone(), deed }).collect();
    let notes = place.apply(&change(actions)).map_err(|trouble| Failure::of(UPDATING, &trouble))?;
    Ok(said("SSL Certificate successfully updated", &notes))
}

pub(super) fn delete(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let key = key(DELETING, tags)?.ok_or_else(|| missing("delete"))?;
    let configuration = place.configuration().map_err(|trouble| Failure::of(DELETING, &trouble))?;
    if bound(&configuration, &key).is_none() {
        return Err(Failure::win32(DELETING, FILE_NOT_FOUND));
    }
    let notes = place.apply(&Edit::UnbindCertificate(key)).map_err(|trouble| Failure::of(DELETING, &trouble))?;
    Ok(said("SSL Certificate successfully deleted", &notes))
}

pub(super) fn show(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let wanted = key(SHOWING, tags)?;
    let configuration = place.configuration().map_err(|trouble| Failure::of(SHOWING, &trouble))?;
    let mut shown = heading("SSL Certificate bindings:");
    shown.push(String::new());
    let all = configuration.certificates.iter();
    let bindings: Vec<_> = all.filter(|own| wanted.as_ref().is_none_or(|wanted| own.key == *wanted)).collect();
    if wanted.is_some() && bindings.is_empty() {
        return Err(Failure::below(shown, FILE_NOT_FOUND));
    }
    for binding in bindings {
        shown.extend(lines(binding, place));
        shown.push(String::new());
    }
    Ok(Outcome::done(shown))
}

/// The place that a line names; `None` where it names none.
fn key(what: &'static str, tags: &Tags) -> Result<Option<CertificateKey>, Failure> {
    if tags.text("scopedccs").is_some() {
        let hint = "a central store answers for every name at its port: write ccs=PORT";
        return Err(Failure::hinted(what, NOT_SUPPORTED, hint));
    }
    let mut named = ["ipport", "hostnameport", "ccs"].into_iter().filter_map(|tag| Some((tag, tags.text(tag)?)));
    let Some((tag, text)) = named.next() else { return Ok(None) };
    if named.next().is_some() {
        return Err(Failure::hinted(what, INVALID_PARAMETER, "name one place: ipport, hostnameport or ccs"));
    }
    let key: CertificateKey =
        text.parse().map_err(|reason: String| Failure::hinted(what, INVALID_PARAMETER, reason))?;
    let fits = match key {
        CertificateKey::Address(_) => tag == "ipport",
        CertificateKey::Name(..) => tag == "hostnameport",
        CertificateKey::CentralStore(_) => tag == "ccs",
    };
    if fits { Ok(Some(key)) } else { Err(Failure::hinted(what, INVALID_PARAMETER, format!("'{text}' is no {tag}"))) }
}

/// The owner's GUID, with its braces.
fn application(what: &'static str, tags: &Tags) -> Result<String, Failure> {
    let text = tags.text("appid").unwrap_or_default();
    let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
    let groups: Vec<&str> = inner.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let digits = inner.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    if lengths == [8, 4, 4, 4, 12] && digits {
        return Ok(text.to_lowercase());
    }
    let hint = format!("'{text}' is no GUID: write {{00001111-aaaa-2222-bbbb-3333cccc4444}}");
    Err(Failure::hinted(what, INVALID_PARAMETER, hint))
}

/// The attributes that say where the certificate with this SHA-1 lies.
fn certificate(what: &'static str, hash: &str, place: &dyn HttpService) -> Result<Vec<(String, String)>, Failure> {
    let hash = hash.to_ascii_lowercase();
    if hash.len() != 40 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Failure::hinted(what, INVALID_PARAMETER, format!("'{hash}' is no SHA-1: 40 hexadecimal digits")));
    }
    let found = place.find_certificate(&hash).ok_or_else(|| {
        let hint = format!("no certificate {hash} with its key is here: `doorward cert import` takes one, `doorward cert list` shows them");
        Failure::hinted(what, NO_SUCH_LOGON_SESSION, hint)
    })?;
    let named = |name: &str, text: String| (name.to_owned(), text);
    Ok(match found {
        CertificatePlace::Files { file, key, password_file } => {
            let key = key.map(|key| named("key", key));
            let password = password_file.map(|file| named("passwordFile", file));
            std::iter::once(named("file", file)).chain(key).chain(password).collect()
        }
        CertificatePlace::Hash(hash) => vec![named("hash", hash)],
        CertificatePlace::Directory { directory, .. } => vec![named("directory", directory)],
    })
}

/// The attributes of the switches that a line names.
fn options(tags: &Tags) -> Vec<(String, String)> {
    let written = |tag: &str, kind: Kind| match kind {
        Kind::Switch => tags.is_on(tag).map(|on| on.to_string()),
        Kind::Number(_) => tags.number(tag).map(|number| number.to_string()),
        Kind::Text | Kind::AddressPort | Kind::NamePort | Kind::Port | Kind::Sddl | Kind::YesNo | Kind::Word(_) => {
            tags.text(tag).map(str::to_owned)
        }
    };
    let all = OPTIONS.iter();
    all.filter_map(|option| Some((option.attribute.to_owned(), written(option.tag, option.kind)?))).collect()
}

fn bound<'c>(configuration: &'c Configuration, key: &CertificateKey) -> Option<&'c CertificateBinding> {
    configuration.certificates.iter().find(|own| own.key == *key)
}

fn missing(verb: &'static str) -> Failure {
    let is_it = |command: &&Command| command.verb == verb && command.object == "sslcert";
    match syntax::COMMANDS.iter().find(is_it) {
        Some(command) => Failure::Syntax(command, Slip::Missing),
        None => Failure::NoCommand(format!("http {verb} sslcert")),
    }
}

fn change(actions: Vec<Action>) -> Edit {
    Edit::Change(SectionChange {
        file: ConfigFile::HttpService,
        location: String::new(),
        section: "sslCerts".to_owned(),
        actions,
    })
}
