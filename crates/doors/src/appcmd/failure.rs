//! What goes wrong, in IIS's words and with its exit codes (IIS reference §8.5).

use std::path::Path;

use doorward_config::{ConfigFault, Diagnostic, EditError, LoadError, Origin, StoreError};

use crate::installation::Trouble;
use crate::outcome::Outcome;

const ACCESS_DENIED: u32 = 5;
const INVALID_DATA: u32 = 13;
const LOCK_VIOLATION: u32 = 33;
const NOT_SUPPORTED: u32 = 50;
const INVALID_PARAMETER: u32 = 87;
const DISK_FULL: u32 = 112;
const ALREADY_EXISTS: u32 = 183;
const SERVICE_NOT_ACTIVE: u32 = 1062;
const NOT_FOUND: u32 = 1168;
const NO_ELEMENT: u32 = 4312;

/// Why a command ends without its work done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A word stands where a parameter has to.
    NoParameter(String),
    /// A parameter names nothing.
    NoName(String),
    /// A parameter lacks its value.
    NoValue(String),
    /// A parameter cannot be read: itself, and why.
    Syntax(String, &'static str),
    /// There is no such object.
    Object(String),
    /// The object has no such verb: verb and object.
    Verb(String, &'static str),
    /// No object has that identifier: kind and identifier.
    NotFound(&'static str, String),
    /// An object has to be named, and is not.
    NoIdentifier(&'static str),
    /// A parameter has to be there, and is not.
    Lacking(&'static str),
    /// An object of that name is there.
    Duplicate(String),
    /// No object has such a property: the name, and what may have been meant.
    UnknownAttribute(String, Option<String>),
    /// There is no such section, or several that the name may mean.
    UnknownSection(String, Vec<&'static str>),
    /// It has no meaning here, and why.
    NotSupported(String),
    /// A fault of a file, or of what it would become.
    Configuration(ConfigurationFault),
    /// The installation could not do it.
    Trouble(Trouble),
    /// A command that changes things names nothing to change.
    Nothing,
    /// A binding has no protocol.
    Binding(String),
    /// What stands on standard input is not what commands print.
    Input(String),
    /// The commit path does not hold the level: commit path and level.
    Commit(String, String),
    /// Another text and its code.
    Other(String, u32),
}

/// A fault of a file.
#[derive(Debug)]
pub(crate) struct ConfigurationFault {
    file: String,
    line: u32,
    text: String,
    code: u32,
    /// Where exactly, and how to mend it.
    notes: Vec<String>,
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Load(LoadError { diagnostics }) => {
                Failure::Configuration(of_diagnostics(&diagnostics, Path::new("")))
            }
            Trouble::Edit(error) => refused(error, Path::new("")),
            Trouble::NotRunning | Trouble::Refused { .. } | Trouble::System(_) => Failure::Trouble(trouble),
        }
    }
}

impl Failure {
    /// No site, or no folder, has this path.
    pub(super) fn unknown_path(path: &str) -> Self {
        let text = format!("Unrecognized configuration path '{}'", path.trim_end_matches('/'));
        Failure::Configuration(fault(Path::new(""), text, NOT_FOUND))
    }

    /// A folder's own file cannot be used.
    pub(crate) fn of_file(fault: &ConfigFault) -> Self {
        let line = fault.finding.origin.as_ref().map_or(0, |origin| origin.line);
        let (file, text) = (fault.file.display().to_string(), fault.finding.message.clone());
        let notes = vec![fault.finding.to_string()];
        Failure::Configuration(ConfigurationFault { file, line, text, code: fault.win32(), notes })
    }

    /// The same for a command that writes `file`.
    pub(super) fn of_edit(trouble: Trouble, file: &Path) -> Self {
        match trouble {
            Trouble::Edit(error) => refused(error, file),
            other @ (Trouble::Load(_) | Trouble::NotRunning | Trouble::Refused { .. } | Trouble::System(_)) => {
                other.into()
            }
        }
    }

    /// What is printed.
    pub(super) fn message(&self) -> String {
        match self {
            Failure::NoParameter(word) => input(&format!("The parameter '{word}' must begin with a / or -")),
            Failure::NoName(word) => input(&format!("The parameter '{word}' has no name")),
            Failure::NoValue(name) => input(&format!("The parameter '{name}' needs a value")),
            Failure::Syntax(name, reason) => input(&format!("The parameter '{name}' {reason}")),
            Failure::Object(object) => format!(
                "Object '{}' is not supported.  Run 'appcmd.exe /?' to display supported objects.",
                object.to_uppercase()
            ),
            Failure::Verb(verb, object) => format!(
                "Command '{}' is not supported on object '{object}'. Run 'appcmd.exe {object} /?'\nto display supported commands.",
                verb.to_uppercase()
            ),
            Failure::NotFound(object, name) => {
                error(&format!("Cannot find {object} object with identifier \"{name}\"."))
            }
            Failure::NoIdentifier(object) => error(&format!("Must specify the {object} object with identifier.")),
            Failure::Lacking(name) => error(&format!("Must specify the {name} parameter.")),
            Failure::Duplicate(name) => error(&format!("Failed to add duplicate collection element \"{name}\".")),
            Failure::UnknownAttribute(name, _) => {
                error(&format!("Unknown attribute \"{name}\".  Replace with -? for help."))
            }
            Failure::UnknownSection(name, _) => {
                error(&format!("Unknown config section \"{name}\".  Replace with -? for help."))
            }
            Failure::NotSupported(_) => generic(0x8007_0032, "The request is not supported."),
            Failure::Configuration(ConfigurationFault { file, line, text, .. }) => {
                error(&format!("Configuration error\nFilename: {file}\nLine Number: {line}\nDescription: {text}\n."))
            }
            Failure::Trouble(Trouble::NotRunning) => generic(0x8007_0426, "The service has not been started."),
            Failure::Trouble(trouble) => error(&trouble.to_string()),
            Failure::Commit(commit, level) => error(&format!("Cannot commit changes for \"{level}\" at \"{commit}\".")),
            Failure::Nothing => error("Must specify at least one property to set."),
            Failure::Binding(text) => {
                error(&format!("Malformed binding \"{text}\": write protocol/address:port:host, such as http/*:80:"))
            }
            Failure::Input(why) => input(&format!("Standard input is not XML that a command prints with /xml: {why}")),
            Failure::Other(text, _) => error(text),
        }
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "the others say it in the same words")]
    /// The same for people who did not learn it from IIS.
    pub(crate) fn text(&self) -> String {
        if let Failure::Configuration(ConfigurationFault { file, line, text, .. }) = self {
            return match (file.as_str(), line) {
                ("", _) => text.clone(),
                (file, 0) => format!("{file}: {text}"),
                (file, line) => format!("{file}:{line}: {text}"),
            };
        }
        match self {
            Failure::UnknownAttribute(name, _) => format!("there is no attribute or element '{name}'"),
            Failure::UnknownSection(name, several) if several.is_empty() => format!("there is no section '{name}'"),
            Failure::UnknownSection(name, _) => format!("several sections are named '{name}'"),
            Failure::NoValue(name) => format!("'{name}' needs a value: write name=text"),
            Failure::Syntax(name, reason) => format!("'{name}' {reason}"),
            Failure::Nothing => "there is nothing to change".to_owned(),
            Failure::Trouble(trouble) => trouble.to_string(),
            other => {
                let message = other.message();
                message.trim_start_matches("ERROR ( message:").trim_end_matches(" )").to_owned()
            }
        }
    }

    /// The Win32 error number.
    pub(super) fn code(&self) -> u32 {
        match self {
            Failure::NoParameter(_)
            | Failure::NoName(_)
            | Failure::NoValue(_)
            | Failure::Syntax(..)
            | Failure::Object(_)
            | Failure::Verb(..)
            | Failure::NoIdentifier(_)
            | Failure::Lacking(_)
            | Failure::Commit(..)
            | Failure::Nothing
            | Failure::Binding(_)
            | Failure::Input(_)
            | Failure::UnknownAttribute(..)
            | Failure::UnknownSection(..) => INVALID_PARAMETER,
            Failure::NotFound(..) => NOT_FOUND,
            Failure::Duplicate(_) => ALREADY_EXISTS,
            Failure::NotSupported(_) => NOT_SUPPORTED,
            Failure::Configuration(fault) => fault.code,
            Failure::Trouble(Trouble::NotRunning) => SERVICE_NOT_ACTIVE,
            Failure::Trouble(Trouble::System(error)) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                ACCESS_DENIED
            }
            Failure::Trouble(_) => INVALID_DATA,
            Failure::Other(_, code) => *code,
        }
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "most failures have said everything")]
    pub(crate) fn notes(&self) -> Vec<String> {
        match self {
            Failure::UnknownAttribute(_, Some(near)) => vec![format!("did you mean '{near}'?")],
            Failure::UnknownSection(_, several) if !several.is_empty() => {
                vec![format!("it may be {}; write the full path", several.join(" or "))]
            }
            Failure::NotSupported(why) => vec![why.clone()],
            Failure::Configuration(fault) => fault.notes.clone(),
            Failure::Trouble(Trouble::NotRunning) => vec!["start one with `doorward run`".to_owned()],
            Failure::Trouble(Trouble::Refused { hint, .. }) => hint.iter().cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// The end of the command.
    pub(super) fn outcome(&self) -> Outcome {
        let mut outcome = Outcome { exit_code: self.code(), ..Outcome::default() };
        outcome.say(self.message());
        for note in self.notes() {
            outcome.note(note);
        }
        outcome
    }
}

fn input(text: &str) -> String {
    format!("Failed to process input: {text} (HRESULT=80070057).")
}

fn error(text: &str) -> String {
    format!("ERROR ( message:{text} )")
}

fn generic(hresult: u32, text: &str) -> String {
    format!("ERROR ( hresult:{hresult:08x}, message:Command execution failed.\n{text}\n )")
}

fn fault(file: &Path, text: impl Into<String>, code: u32) -> ConfigurationFault {
    ConfigurationFault { file: file.display().to_string(), line: 0, text: text.into(), code, notes: Vec::new() }
}

/// The first error says it; every finding is told in full beside it.
fn of_diagnostics(diagnostics: &[Diagnostic], file: &Path) -> ConfigurationFault {
    let worst =
        diagnostics.iter().max_by_key(|diagnostic| (diagnostic.severity, std::cmp::Reverse(diagnostic.origin.clone())));
    let Some(worst) = worst else { return fault(file, "Cannot read configuration file", INVALID_DATA) };
    let origin: Option<&Origin> = worst.origin.as_ref();
    let code = match worst.kind {
        "duplicate" => ALREADY_EXISTS,
        "locked" => LOCK_VIOLATION,
        "file" if worst.message.contains("insufficient permissions") => ACCESS_DENIED,
        _ => INVALID_DATA,
    };
    ConfigurationFault {
        line: origin.map_or(0, |origin| origin.line),
        notes: diagnostics.iter().filter(|own| own.severity == worst.severity).map(ToString::to_string).collect(),
        ..fault(origin.map_or(file, |origin| &origin.file), worst.message.clone(), code)
    }
}

/// What an edit was refused for.
fn refused(edit: EditError, file: &Path) -> Failure {
    let text = edit.to_string();
    let with_notes =
        |fault: ConfigurationFault, notes: Vec<String>| Failure::Configuration(ConfigurationFault { notes, ..fault });
    match edit {
        EditError::SiteExists(name) => Failure::Duplicate(name),
        EditError::NoSuchSite(name) => Failure::NotFound("SITE", name),
        EditError::NoSuchSection(name) => Failure::UnknownSection(name, Vec::new()),
        EditError::NoSuchAttribute { name, near, .. } | EditError::NoSuchElement { name, near, .. } => {
            Failure::UnknownAttribute(name, near)
        }
        EditError::NoSuchEntry { .. } | EditError::NotRemovable { .. } => {
            Failure::Other("Cannot find requested collection element.".to_owned(), NO_ELEMENT)
        }
        EditError::Invalid(diagnostics) => Failure::Configuration(of_diagnostics(&diagnostics, file)),
        EditError::Locked { file: locking, origin, .. } => {
            let place = origin.map_or_else(|| locking.display().to_string(), |origin| origin.to_string());
            let notes = vec![format!("locked by {place}; write it there with /commit:apphost, or unlock the section")];
            with_notes(fault(file, text.split_once(": ").map_or("", |(_, text)| text), LOCK_VIOLATION), notes)
        }
        EditError::LockedName { name, origin } => {
            with_notes(fault(file, "Lock violation", LOCK_VIOLATION), vec![format!("{name} is locked at {origin}")])
        }
        EditError::Value { message, hint } => {
            with_notes(fault(file, message, INVALID_DATA), hint.into_iter().collect())
        }
        EditError::Duplicate { .. } => Failure::Configuration(fault(file, text, ALREADY_EXISTS)),
        EditError::NoSuchPath(_) => Failure::Configuration(fault(file, text, NOT_FOUND)),
        EditError::Store(error) => {
            let code = if error.is_permission() { ACCESS_DENIED } else { store_code(&error) };
            Failure::Configuration(fault(file, text, code))
        }
        EditError::Missing(_)
        | EditError::NotCollection { .. }
        | EditError::ListenExists(_)
        | EditError::NoSuchListen(_)
        | EditError::NoSuchCertificate(_) => Failure::Configuration(fault(file, text, INVALID_DATA)),
    }
}

fn store_code(error: &StoreError) -> u32 {
    let is_full = |source: &std::io::Error| source.kind() == std::io::ErrorKind::StorageFull;
    if matches!(error, StoreError::Io { source, .. } if is_full(source)) { DISK_FULL } else { INVALID_DATA }
}
