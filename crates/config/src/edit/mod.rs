//! Changes to a document: bytes spliced in, everything else untouched.

mod attributes;
mod certificate;
mod change;
mod declaration;
mod insert;
mod listen;
mod lock_mode;
mod normal;
mod section;
mod site;
mod spot;
mod target;
mod template;
mod way;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::certificate::{CertificateKey, CertificatePlace, HandshakeRules};
use crate::configuration::Configuration;
use crate::diagnostic::{Diagnostic, Findings, Origin, Severity};
use crate::document::Document;
use crate::home::Home;
use crate::http_service;
use crate::load::load_text;
use crate::store::{self, StoreError};
use crate::walk::LOCKED;
pub use change::{Action, ConfigFile, Deed, Position, SectionChange, Step};
pub use target::web_config_file;
pub(crate) use template::APPLICATION_HOST;

/// One change to a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Edit {
    /// Adds a site.
    AddSite(NewSite),
    /// Removes a site and the location tags below it.
    RemoveSite {
        /// Its name; compared without case.
        name: String,
    },
    /// Adds an address to the IP listen list.
    AddListen(IpAddr),
    /// Removes an address from the IP listen list.
    RemoveListen(IpAddr),
    /// Says which certificate answers at an address, for a name, or from a folder; an entry for the same place is replaced.
    BindCertificate(CertificateKey, CertificatePlace, HandshakeRules),
    /// Removes such an entry.
    UnbindCertificate(CertificateKey),
    /// Sets attributes of sections at one level.
    SetAttributes(AttributeChange),
    /// Changes one section at one level.
    Change(SectionChange),
}

/// Attributes to set at one level; everything else stays as it is, byte by byte.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AttributeChange {
    /// The site; `None` is the server's own level.
    pub site: Option<String>,
    /// Path below the site; empty or `/` is the site itself.
    pub path: String,
    /// The values, in the order in which they are written.
    pub values: Vec<NewValue>,
}

/// One attribute to set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewValue {
    /// Full path of the section, such as `system.webServer/security/dynamicIpSecurity`.
    pub section: String,
    /// Element and attribute inside it, such as `denyByRequestRate.maxRequests`.
    pub name: String,
    /// The text to write.
    pub text: String,
}

/// A site to add.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NewSite {
    /// Its name.
    pub name: String,
    /// Its number; `None` takes the next free one.
    pub id: Option<u32>,
    /// Protocol and binding information of each binding.
    pub bindings: Vec<(String, String)>,
    /// Folder of the root virtual directory; `None` writes no application, as appcmd does.
    pub physical_path: Option<String>,
    /// Upstream that answers for the whole site.
    pub proxy_to: Option<String>,
}

/// A changed document, not yet on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditedFile {
    /// The file to write.
    pub path: PathBuf,
    /// Its new text.
    pub text: String,
    /// The text it had; `None` when the file is new.
    pub previous: Option<String>,
}

/// Why an edit was refused. Nothing has been written.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// A site of that name is there.
    #[error("a site named '{0}' exists")]
    SiteExists(String),
    /// No site has that name.
    #[error("no site is named '{0}'")]
    NoSuchSite(String),
    /// The address is in the IP listen list.
    #[error("{0} is in the IP listen list")]
    ListenExists(IpAddr),
    /// The address is not in the IP listen list.
    #[error("{0} is not in the IP listen list")]
    NoSuchListen(IpAddr),
    /// No certificate is bound there.
    #[error("no certificate is bound to {0}")]
    NoSuchCertificate(CertificateKey),
    /// There is no section of that name.
    #[error("there is no section '{0}'")]
    NoSuchSection(String),
    /// The site has no such path, or its folder cannot be told.
    #[error("Unrecognized configuration path 'MACHINE/WEBROOT/APPHOST/{0}'")]
    NoSuchPath(String),
    /// The section may stand elsewhere only.
    #[error("{}: {LOCKED}", .section)]
    Locked {
        /// Full path of the section.
        section: String,
        /// The file that locks it, and where, as far as one place does.
        file: PathBuf,
        /// That place.
        origin: Option<Origin>,
    },
    /// An attribute or element of the section is locked by one above it.
    #[error("Lock violation: {name} is locked at {origin}")]
    LockedName {
        /// The attribute or element.
        name: String,
        /// What locks it.
        origin: Origin,
    },
    /// The section has no such element.
    #[error("Unrecognized element '{name}' in {section}")]
    NoSuchElement {
        /// Full path of the section.
        section: String,
        /// What was asked for.
        name: String,
        /// What may have been meant.
        near: Option<String>,
    },
    /// The element holds no entries.
    #[error("'{name}' of {section} holds no entries")]
    NotCollection {
        /// Full path of the section.
        section: String,
        /// The element.
        name: String,
    },
    /// No entry has these values.
    #[error("{section} has no entry with {keys}")]
    NoSuchEntry {
        /// Full path of the section.
        section: String,
        /// The values.
        keys: String,
    },
    /// The entry is inherited, and the collection knows no way to take it back.
    #[error("the entry with {keys} of {section} is inherited and cannot be removed here")]
    NotRemovable {
        /// Full path of the section.
        section: String,
        /// The values.
        keys: String,
    },
    /// An entry of the same key is there.
    #[error("Cannot add duplicate collection entry of type '{entry}' with key '{names}' set to '{texts}'")]
    Duplicate {
        /// Name of the entry's element.
        entry: String,
        /// The key attributes.
        names: String,
        /// Their texts.
        texts: String,
    },
    /// A new entry lacks attributes.
    #[error("Element is missing required attributes {0}")]
    Missing(String),
    /// A text is no value of its attribute.
    #[error("{message}")]
    Value {
        /// IIS's text, which names the attribute.
        message: String,
        /// How to mend it.
        hint: Option<String>,
    },
    /// No section has an attribute of that name.
    #[error("{section} has no attribute '{name}'")]
    NoSuchAttribute {
        /// Full path of the section.
        section: String,
        /// What was asked for.
        name: String,
        /// What may have been meant.
        near: Option<String>,
    },
    /// The document has errors, before or because of the edit.
    #[error("the configuration would not be valid:\n{}", show(.0))]
    Invalid(Vec<Diagnostic>),
    /// The document could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn show(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Makes an edit in memory: reads the document (or begins a new one), splices, and loads the result as the server
/// would. Refused when the file would be invalid, or when the new site itself would have an error or a binding that
/// nothing can listen on. Nothing is written; [`crate::save`] does that.
pub fn edit(home: &Home, edit: &Edit) -> Result<EditedFile, EditError> {
    match edit {
        Edit::AddSite(new) => change_configuration(home, |text| site::add(text, home, new), Some(&new.name)),
        Edit::RemoveSite { name } => change_configuration(home, |text| site::remove(text, home, name), None),
        Edit::AddListen(address) => change_http_service(home, |text, file| listen::add(text, file, *address)),
        Edit::RemoveListen(address) => change_http_service(home, |text, file| listen::remove(text, file, *address)),
        Edit::BindCertificate(key, place, rules) => {
            change_http_service(home, |text, file| certificate::bind(text, file, (key, place, rules)))
        }
        Edit::UnbindCertificate(key) => change_http_service(home, |text, file| certificate::unbind(text, file, key)),
        Edit::SetAttributes(change) => {
            let site = change.site.as_deref();
            change_configuration(home, |text| attributes::set(text, home, change), site)
        }
        Edit::Change(change) => target::change(home, change),
    }
}

fn change_configuration(
    home: &Home,
    change: impl FnOnce(&str) -> Result<String, EditError>,
    new_site: Option<&str>,
) -> Result<EditedFile, EditError> {
    let path = home.config_file.clone();
    let previous = store::read_configuration(home)?;
    let text = change(previous.as_deref().unwrap_or(APPLICATION_HOST))?;
    let configuration = loaded(home, &text)?;
    let refused: Vec<Diagnostic> = configuration.findings.into_iter().filter_map(|d| refusal(d, new_site)).collect();
    if refused.is_empty() { Ok(EditedFile { path, text, previous }) } else { Err(EditError::Invalid(refused)) }
}

/// What the server would make of this text.
fn loaded(home: &Home, text: &str) -> Result<Configuration, EditError> {
    let http_config = store::read(&home.http_config_file)?;
    let http_config = http_config.as_deref().map(|text| (text, home.http_config_file.as_path()));
    load_text(text, &home.config_file, http_config, home).map_err(|error| EditError::Invalid(error.diagnostics))
}

/// A finding about the site in hand that a file may have and a command may not write.
fn refusal(diagnostic: Diagnostic, new_site: Option<&str>) -> Option<Diagnostic> {
    let about_it = new_site.is_some_and(|site| diagnostic.is_of_site(site));
    let grave = diagnostic.severity == Severity::Error
        || (diagnostic.severity == Severity::Warning && diagnostic.kind == "binding");
    (about_it && grave).then_some(Diagnostic { severity: Severity::Error, ..diagnostic })
}

fn change_http_service(
    home: &Home,
    change: impl FnOnce(&str, &Arc<Path>) -> Result<String, EditError>,
) -> Result<EditedFile, EditError> {
    let path = home.http_config_file.clone();
    let file: Arc<Path> = Arc::from(path.as_path());
    let previous = store::read(&path)?;
    let text = change(previous.as_deref().unwrap_or(template::HTTP_SERVICE), &file)?;
    let mut findings = Findings::default();
    http_service::read(&text, &file, &mut findings, &mut Vec::new());
    if findings.file_is_unusable() {
        return Err(EditError::Invalid(findings.all));
    }
    Ok(EditedFile { path, text, previous })
}

/// The document's root, or why it has none.
fn parse(text: &str, file: &Arc<Path>) -> Result<Document, EditError> {
    let mut findings = Findings::default();
    Document::parse(text, file, &mut findings).ok_or(EditError::Invalid(findings.all))
}
