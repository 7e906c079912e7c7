//! What goes wrong, in IIS's words and with its exit codes (IIS reference §8.5).

use doorward_config::{Diagnostic, EditError, LoadError, Origin};

use crate::installation::Trouble;
use crate::outcome::Outcome;

const INVALID_PARAMETER: u32 = 87;

/// Why a command ends without its work done.
#[derive(Debug)]
pub(super) enum Failure {
    /// A word stands where a parameter has to.
    NoParameter(String),
    /// A parameter names nothing.
    NoName(String),
    /// There is no such object.
    Object(String),
    /// The object has no such verb: verb and object.
    Verb(String, &'static str),
    /// No object has that identifier.
    NotFound(&'static str, String),
    /// The installation could not do it.
    Trouble(Trouble),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Failure::Trouble(trouble)
    }
}

impl Failure {
    /// What is printed.
    pub(super) fn message(&self) -> String {
        match self {
            Failure::NoParameter(word) => input(&format!("The parameter '{word}' must begin with a / or -")),
            Failure::NoName(word) => input(&format!("The parameter '{word}' has no name")),
            Failure::Object(object) => {
                format!(
                    "Object '{}' is not supported.  Run 'appcmd.exe /?' to display supported objects.",
                    upper(object)
                )
            }
            Failure::Verb(verb, object) => format!(
                "Command '{}' is not supported on object '{object}'. Run 'appcmd.exe {object} /?'\nto display supported commands.",
                upper(verb)
            ),
            Failure::NotFound(object, identifier) => {
                error(&format!("Cannot find {object} object with identifier \"{identifier}\"."))
            }
            Failure::Trouble(trouble) => trouble_message(trouble),
        }
    }

    /// The Win32 error number.
    pub(super) fn code(&self) -> u32 {
        match self {
            Failure::NoParameter(_) | Failure::NoName(_) | Failure::Object(_) | Failure::Verb(..) => INVALID_PARAMETER,
            Failure::NotFound(..) => 1168,
            Failure::Trouble(trouble) => trouble_code(trouble),
        }
    }

    /// The end of the command.
    pub(super) fn outcome(&self) -> Outcome {
        let mut outcome = Outcome { exit_code: self.code(), ..Outcome::default() };
        outcome.say(self.message());
        outcome
    }
}

fn upper(text: &str) -> String {
    text.to_uppercase()
}

fn input(text: &str) -> String {
    format!("Failed to process input: {text} (HRESULT=80070057).")
}

fn error(text: &str) -> String {
    format!("ERROR ( message:{text} )")
}

/// IIS's text for a fault in a file.
fn configuration_error((file, line): (&str, u32), text: &str) -> String {
    error(&format!("Configuration error\nFilename: {file}\nLine Number: {line}\nDescription: {text}\n."))
}

fn of_diagnostic(diagnostic: Option<&Diagnostic>) -> String {
    let place = diagnostic.and_then(|diagnostic| diagnostic.origin.as_ref());
    let file = |origin: &Origin| origin.file.display().to_string();
    let text = diagnostic.map_or("Configuration file cannot be used", |diagnostic| &*diagnostic.message);
    configuration_error((&place.map(file).unwrap_or_default(), place.map_or(0, |origin| origin.line)), text)
}

fn trouble_message(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Load(LoadError { diagnostics }) | Trouble::Edit(EditError::Invalid(diagnostics)) => {
            of_diagnostic(diagnostics.first())
        }
        Trouble::NotRunning => {
            "ERROR ( hresult:80070426, message:Command execution failed.\nThe service has not been started.\n )"
                .to_owned()
        }
        Trouble::Edit(_) | Trouble::Refused { .. } | Trouble::System(_) => error(&trouble.to_string()),
    }
}

fn trouble_code(trouble: &Trouble) -> u32 {
    match trouble {
        Trouble::NotRunning => 1062,
        Trouble::System(error) if error.kind() == std::io::ErrorKind::PermissionDenied => 5,
        Trouble::Load(_) | Trouble::Edit(_) | Trouble::Refused { .. } | Trouble::System(_) => 13,
    }
}
