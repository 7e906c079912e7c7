//! `sslcert`: which certificate answers where.

use doorward_config::{
    Action, CertificateBinding, CertificateKey, CertificatePlace, ConfigFile, Configuration, Deed, Edit, Position,
    SectionChange, Step,
};

use crate::installation::Trouble;
use crate::netsh::failure::{ALREADY_EXISTS, FILE_NOT_FOUND, Failure, INVALID_PARAMETER, NO_SUCH_LOGON_SESSION, Slip};
use crate::netsh::http_service::HttpService;
use crate::netsh::ssl_options::{OPTIONS, is_scoped, lines};
use crate::netsh::tags::{Kind, Tags};
use crate::netsh::{heading, said, ssl_json, syntax};
use crate::outcome::Outcome;

const ADDING: &str = "SSL Certificate add failed";
const UPDATING: &str = "SSL Certificate update failed";
const DELETING: &str = "SSL Certificate deletion failed";
const SHOWING: &str = "SSL Certificate query failed";

/// Folder of a central store that netsh makes; Windows keeps the folder elsewhere, so that its command names none.
const CENTRAL_STORE: &str = "certs/store";

pub(super) fn add(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let (entries, mut notes) = entries(ADDING, tags, place)?;
    let configuration = place.configuration().map_err(|trouble| Failure::of(ADDING, &trouble))?;
    let (mut keys, mut actions) = (Vec::new(), Vec::new());
    for tags in &entries {
        let spot = Spot::of(ADDING, tags)?.ok_or_else(|| missing("add"))?;
        let taken = configuration.certificates.iter().any(|own| own.key == spot.key) || keys.contains(&spot.key);
        let attributes = new_entry(&spot, tags, (taken, place))?;
        if spot.is_store() {
            notes
                .push(format!("the central store is {CENTRAL_STORE}: it holds HOST.pem, or _.DOMAIN.pem for *.DOMAIN"));
        }
        actions.push(Action { at: Vec::new(), deed: Deed::Add { attributes, position: Position::End } });
        keys.push(spot.key);
    }
    let applied = place.apply(&change(actions)).map_err(|trouble| Failure::of(ADDING, &trouble))?;
    notes.splice(0..0, applied);
    Ok(said("SSL Certificate successfully added", &notes))
}

/// The attributes of a binding that is to come.
fn new_entry(
    spot: &Spot,
    tags: &Tags,
    (taken, place): (bool, &dyn HttpService),
) -> Result<Vec<(String, String)>, Failure> {
    let application = application(ADDING, tags)?;
    if taken {
        return Err(Failure::win32(ADDING, ALREADY_EXISTS));
    }
    let certificate = match (spot.is_store(), tags.text("certhash")) {
        (true, None) => vec![("directory".to_owned(), CENTRAL_STORE.to_owned())],
        (true, Some(_)) => {
            return Err(Failure::hinted(
                ADDING,
                INVALID_PARAMETER,
                "a central store chooses by file name, so it has no certhash",
            ));
        }
        (false, Some(hash)) => {
            let is_name = matches!(spot.key, CertificateKey::Name(..));
            if is_name && tags.text("certstorename").is_none() {
                return Err(missing("add"));
            }
            certificate(ADDING, hash, place)?
        }
        (false, None) => return Err(missing("add")),
    };
    let mut attributes = vec![(spot.key.attribute().to_owned(), spot.key.to_string())];
    attributes.extend(certificate);
    attributes.push(("appId".to_owned(), application));
    attributes.extend(options(tags));
    Ok(attributes)
}

pub(super) fn update(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let (entries, mut notes) = entries(UPDATING, tags, place)?;
    let configuration = place.configuration().map_err(|trouble| Failure::of(UPDATING, &trouble))?;
    let mut actions = Vec::new();
    for tags in &entries {
        let spot = Spot::of(UPDATING, tags)?.ok_or_else(|| missing("update"))?;
        let application = application(UPDATING, tags)?;
        let present = spot.bound(&configuration).ok_or_else(|| Failure::win32(UPDATING, FILE_NOT_FOUND))?;
        let mut values = match (spot.is_store(), tags.text("certhash")) {
            (true, Some(_)) => return Err(Failure::win32(UPDATING, INVALID_PARAMETER)),
            (false, Some(hash)) => certificate(UPDATING, hash, place)?,
            (_, None) => Vec::new(),
        };
        // What says where the certificate lay goes, unless it is said anew.
        let sources = ["file", "key", "hash", "passwordFile"];
        let stale = sources.into_iter().filter(|name| !values.is_empty() && present.written.text(name).is_some());
        let stale: Vec<&str> = stale.filter(|name| !values.iter().any(|(own, _)| own == name)).collect();
        values.push(("appId".to_owned(), application));
        values.extend(options(tags));
        let at = spot.step(present);
        let set = values.into_iter().map(|(attribute, text)| Deed::Set { attribute, text });
        let unset = stale.into_iter().map(|name| Deed::Unset { attribute: name.to_owned() });
        actions.extend(set.chain(unset).map(|deed| Action { at: at.clone(), deed }));
    }
    let applied = place.apply(&change(actions)).map_err(|trouble| Failure::of(UPDATING, &trouble))?;
    notes.splice(0..0, applied);
    Ok(said("SSL Certificate successfully updated", &notes))
}

pub(super) fn delete(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let spot = Spot::of(DELETING, tags)?.ok_or_else(|| missing("delete"))?;
    let configuration = place.configuration().map_err(|trouble| Failure::of(DELETING, &trouble))?;
    if spot.bound(&configuration).is_none() {
        return Err(Failure::win32(DELETING, FILE_NOT_FOUND));
    }
    let notes = place.apply(&Edit::UnbindCertificate(spot.key)).map_err(|trouble| Failure::of(DELETING, &trouble))?;
    Ok(said("SSL Certificate successfully deleted", &notes))
}

pub(super) fn show(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let wanted = Spot::of(SHOWING, tags)?;
    let configuration = place.configuration().map_err(|trouble| Failure::of(SHOWING, &trouble))?;
    let all = configuration.certificates.iter();
    let bindings: Vec<_> = all.filter(|own| wanted.as_ref().is_none_or(|wanted| wanted.is_of(own))).collect();
    let code = if wanted.is_some() && bindings.is_empty() { FILE_NOT_FOUND } else { 0 };
    if tags.is_on("json").unwrap_or(false) {
        let text = ssl_json::write(bindings.into_iter(), code, place);
        return Ok(Outcome { exit_code: u32::from(code != 0), ..Outcome::done([text]) });
    }
    let mut shown = heading("SSL Certificate bindings:");
    shown.push(String::new());
    if code != 0 {
        return Err(Failure::below(shown, code));
    }
    for binding in bindings {
        shown.extend(lines(binding, place));
        shown.push(String::new());
    }
    Ok(Outcome::done(shown))
}

/// The bindings that a line is about, one or those of the file it names, and what in that file is left out.
fn entries(what: &'static str, tags: &Tags, place: &dyn HttpService) -> Result<(Vec<Tags>, Vec<String>), Failure> {
    let Some(file) = tags.text("json") else { return Ok((vec![tags.clone()], Vec::new())) };
    if tags.count() > 1 {
        return Err(Failure::hinted(
            what,
            INVALID_PARAMETER,
            "json names a file that says everything, so it stands alone",
        ));
    }
    let text = place.read_file(file).map_err(|trouble| match &trouble {
        Trouble::System(error) if error.kind() == std::io::ErrorKind::NotFound => Failure::win32(what, FILE_NOT_FOUND),
        Trouble::System(_) | Trouble::Edit(_) | Trouble::Load(_) | Trouble::NotRunning | Trouble::Refused { .. } => {
            Failure::of(what, &trouble)
        }
    })?;
    let broken = |reason: String| Failure::hinted(what, INVALID_PARAMETER, format!("{file}: {reason}"));
    let (entries, notes) = ssl_json::read(&text).map_err(broken)?;
    if entries.is_empty() {
        return Err(broken("no SslCertificateBindings are there".to_owned()));
    }
    Ok((entries, notes.into_iter().map(|note| format!("{file}: {note}")).collect()))
}

/// The place that a line names.
pub(super) struct Spot {
    key: CertificateKey,
    /// Whether a name has a central store.
    is_scoped: bool,
}

impl Spot {
    /// `None` where the line names none.
    pub(super) fn of(what: &'static str, tags: &Tags) -> Result<Option<Self>, Failure> {
        let tagged = ["ipport", "hostnameport", "ccs", "scopedccs"];
        let mut named = tagged.into_iter().filter_map(|tag| Some((tag, tags.text(tag)?)));
        let Some((tag, text)) = named.next() else { return Ok(None) };
        if named.next().is_some() {
            let hint = "name one place: ipport, hostnameport, ccs or scopedccs";
            return Err(Failure::hinted(what, INVALID_PARAMETER, hint));
        }
        let key: CertificateKey =
            text.parse().map_err(|reason: String| Failure::hinted(what, INVALID_PARAMETER, reason))?;
        let fits = match key {
            CertificateKey::Address(_) => tag == "ipport",
            CertificateKey::Name(..) => tag == "hostnameport" || tag == "scopedccs",
            CertificateKey::CentralStore(_) => tag == "ccs",
        };
        if !fits {
            return Err(Failure::hinted(what, INVALID_PARAMETER, format!("'{text}' is no {tag}")));
        }
        Ok(Some(Self { key, is_scoped: tag == "scopedccs" }))
    }

    fn is_store(&self) -> bool {
        self.is_scoped || matches!(self.key, CertificateKey::CentralStore(_))
    }

    fn is_of(&self, binding: &CertificateBinding) -> bool {
        binding.key == self.key && is_scoped(binding) == self.is_scoped
    }

    /// What is bound there.
    pub(super) fn bound<'c>(&self, configuration: &'c Configuration) -> Option<&'c CertificateBinding> {
        configuration.certificates.iter().find(|own| self.is_of(own))
    }

    /// The way to a binding that is there, as it is written.
    pub(super) fn step(&self, present: &CertificateBinding) -> Vec<Step> {
        let attribute = self.key.attribute();
        let written = present.written.text(attribute).unwrap_or_default();
        vec![Step::Entry(vec![(attribute.to_owned(), written.to_owned())])]
    }
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
        Kind::Text
        | Kind::AddressPort
        | Kind::NamePort
        | Kind::Port
        | Kind::Sddl
        | Kind::YesNo
        | Kind::File
        | Kind::Word(_) => tags.text(tag).map(str::to_owned),
    };
    let all = OPTIONS.iter();
    all.filter_map(|option| Some((option.attribute.to_owned(), written(option.tag, option.kind)?))).collect()
}

fn missing(verb: &'static str) -> Failure {
    Failure::Syntax(syntax::of(verb, "sslcert"), Slip::Missing)
}

pub(super) fn change(actions: Vec<Action>) -> Edit {
    Edit::Change(SectionChange {
        file: ConfigFile::HttpService,
        location: String::new(),
        section: "sslCerts".to_owned(),
        actions,
    })
}
