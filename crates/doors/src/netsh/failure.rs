//! What goes wrong, in netsh's words (IIS reference §7.3).

use doorward_config::{EditError, LoadError, Severity, StoreError};

use crate::installation::Trouble;
use crate::netsh::syntax::Command;
use crate::outcome::Outcome;

/// A Win32 error number.
pub(super) type Code = u32;

pub(super) const FILE_NOT_FOUND: Code = 2;
pub(super) const NOT_SUPPORTED: Code = 50;
pub(super) const INVALID_PARAMETER: Code = 87;
pub(super) const ALREADY_EXISTS: Code = 183;
pub(super) const NO_SUCH_LOGON_SESSION: Code = 1312;
pub(super) const NONE_MAPPED: Code = 1332;
const ACCESS_DENIED: Code = 5;
const INVALID_DATA: Code = 13;
const SHARING_VIOLATION: Code = 32;
const WRITE_FAULT: Code = 29;
const NOT_ACTIVE: Code = 1062;
const FUNCTION_FAILED: Code = 1627;

/// Why a command ends without its work done.
#[derive(Debug)]
pub(super) enum Failure {
    /// The words are no command of netsh.
    NoCommand(String),
    /// The words of a command are not as its syntax wants them.
    Syntax(&'static Command, Slip),
    /// The system's own failure.
    Win32 {
        /// What is printed before it, such as the heading of a list.
        before: Vec<String>,
        /// What failed, such as `SSL Certificate add failed`; nothing where the system's text stands alone.
        what: &'static str,
        code: Code,
        /// What Windows does not say.
        hint: Option<String>,
    },
}

/// What is wrong with the words.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Slip {
    /// A tag that has to be there is not.
    Missing,
    /// A word that the command does not take.
    Strange(String),
    /// The same tag twice.
    Twice(&'static str),
    /// Value and tag.
    Value(String, &'static str),
}

impl Failure {
    /// The system's failure of a named step.
    pub(super) fn win32(what: &'static str, code: Code) -> Self {
        Failure::Win32 { before: Vec::new(), what, code, hint: None }
    }

    /// The same with a word about what to do.
    pub(super) fn hinted(what: &'static str, code: Code, hint: impl Into<String>) -> Self {
        Failure::Win32 { before: Vec::new(), what, code, hint: Some(hint.into()) }
    }

    /// The installation could not do a named step.
    pub(super) fn of(what: &'static str, trouble: &Trouble) -> Self {
        Failure::hinted(what, code_of(trouble), detail(trouble))
    }

    /// A list that cannot be shown: its heading, then the reason.
    pub(super) fn below(heading: Vec<String>, code: Code) -> Self {
        Failure::Win32 { before: heading, what: "", code, hint: None }
    }

    /// What is printed; every failure of netsh ends with 1.
    pub(super) fn outcome(&self) -> Outcome {
        let mut outcome = Outcome { exit_code: 1, ..Outcome::default() };
        match self {
            Failure::NoCommand(line) => outcome.say(format!("The following command was not found: {line}.")),
            Failure::Syntax(command, slip) => {
                outcome.say("");
                slip.lines().into_iter().for_each(|line| outcome.say(line));
                outcome.say("The syntax supplied for this command is not valid. Check help for the correct syntax.");
                outcome.say("");
                outcome.say(command.usage());
            }
            Failure::Win32 { before, what, code, hint } => {
                for line in before {
                    outcome.say(line);
                }
                if !what.is_empty() {
                    outcome.say("");
                    outcome.say(format!("{what}, Error: {code}"));
                }
                outcome.say(text(*code));
                outcome.say("");
                if let Some(hint) = hint {
                    outcome.note(hint);
                }
            }
        }
        outcome
    }
}

impl Slip {
    fn lines(&self) -> Vec<String> {
        match self {
            Slip::Missing => vec![
                "One or more essential parameters were not entered.".to_owned(),
                "Verify the required parameters, and reenter them.".to_owned(),
            ],
            Slip::Strange(word) => vec![format!("{word} is not a valid argument for this command.")],
            Slip::Twice(tag) => vec![format!("Tag {tag} is already present.")],
            Slip::Value(value, tag) => vec![format!("{value} is not an acceptable value for {tag}.")],
        }
    }
}

/// The system's text for a number.
pub(super) fn text(code: Code) -> &'static str {
    match code {
        FILE_NOT_FOUND => "The system cannot find the file specified.",
        ACCESS_DENIED => "Access is denied.",
        INVALID_DATA => "The data is invalid.",
        WRITE_FAULT => "The system cannot write to the specified device.",
        SHARING_VIOLATION => "The process cannot access the file because it is being used by another process.",
        NOT_SUPPORTED => "The request is not supported.",
        INVALID_PARAMETER => "The parameter is incorrect.",
        ALREADY_EXISTS => "Cannot create a file when that file already exists.",
        NOT_ACTIVE => "The service has not been started.",
        NO_SUCH_LOGON_SESSION => "A specified logon session does not exist. It may already have been terminated.",
        NONE_MAPPED => "No mapping between account names and security IDs was done.",
        _ => "Function failed during execution.",
    }
}

fn code_of(trouble: &Trouble) -> Code {
    match trouble {
        Trouble::Edit(EditError::ListenExists(_) | EditError::Duplicate { .. }) => ALREADY_EXISTS,
        Trouble::Edit(EditError::NoSuchListen(_) | EditError::NoSuchCertificate(_) | EditError::NoSuchEntry { .. }) => {
            FILE_NOT_FOUND
        }
        Trouble::Edit(EditError::Store(StoreError::Changed { .. })) => SHARING_VIOLATION,
        Trouble::Edit(EditError::Store(error)) if error.is_permission() => ACCESS_DENIED,
        Trouble::Edit(EditError::Store(_)) => WRITE_FAULT,
        Trouble::Edit(EditError::Value { .. }) => INVALID_PARAMETER,
        Trouble::Edit(_) | Trouble::Load(_) => INVALID_DATA,
        Trouble::NotRunning => NOT_ACTIVE,
        Trouble::System(error) if error.kind() == std::io::ErrorKind::PermissionDenied => ACCESS_DENIED,
        Trouble::Refused { .. } | Trouble::System(_) => FUNCTION_FAILED,
    }
}

fn detail(trouble: &Trouble) -> String {
    match trouble {
        Trouble::NotRunning => "no doorward is running for this home: start one with `doorward run`".to_owned(),
        Trouble::Refused { message, hint: Some(hint) } => format!("{message}\n  hint: {hint}"),
        Trouble::Load(LoadError { diagnostics }) => {
            let errors = diagnostics.iter().filter(|finding| finding.severity == Severity::Error);
            errors.map(ToString::to_string).collect::<Vec<_>>().join("\n")
        }
        Trouble::Edit(_) | Trouble::Refused { .. } | Trouble::System(_) => trouble.to_string(),
    }
}
