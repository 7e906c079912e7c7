//! IIS's commands at work on this machine: on the running server where there is one, else on the files.

mod accounts;
mod netsh;

use std::ffi::OsString;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;

use doorward_admin::{Done, Refused};
use doorward_config::{Configuration, Edit, Home, edit};
use doorward_doors::{Files, Installation, Outcome, RequestInProgress, RunState, Trouble};
use hyper::Method;
use serde_json::Value;

use crate::client::{ask, runs, segment};
use crate::daemon::Source;
use crate::embedded::{self, Ports};
use crate::{homes, text};

/// Largest text that is read from standard input, in bytes.
const INPUT_BYTES_MAX: u64 = 16 << 20;

pub(crate) use netsh::netsh;

/// Runs a command of IIS's and prints what it leaves; `denied` is what comes of it where the server is somebody else's.
fn run(
    home: &Home,
    denied: fn(&Refused) -> Outcome,
    command: impl FnOnce(&mut dyn FnMut() -> String, &mut dyn Installation) -> Outcome,
) -> ExitCode {
    let outcome = match find(home) {
        Ok(mut place) => command(&mut input, &mut *place),
        Err(refused) => denied(&refused),
    };
    text::exact(&outcome.output);
    outcome.errors.lines().for_each(text::complain);
    ExitCode::from(outcome.process_code())
}

/// The program was called by the name of a command of IIS's (`appcmd` or `netsh`, as a link): its words are that
/// command's.
pub(crate) fn called_as(mut words: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    let name = PathBuf::from(words.next()?);
    let stem = name.file_name()?.to_string_lossy().to_ascii_lowercase();
    let command: fn(&Home, &[String]) -> ExitCode = match stem.trim_end_matches(".exe") {
        "appcmd" => appcmd,
        "netsh" => netsh,
        _ => return None,
    };
    let words: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    Some(match homes::home(std::env::var_os("DOORWARD_HOME").map(PathBuf::from).as_deref()) {
        Ok(home) => command(&home, &words),
        Err(error) => {
            text::complain(error.to_string());
            ExitCode::FAILURE
        }
    })
}

/// `doorward appcmd …`
pub(crate) fn appcmd(home: &Home, words: &[String]) -> ExitCode {
    run(home, unreachable_server, |input, place| doorward_doors::appcmd(words, input, place))
}

/// The installation of this home: with its server where one runs, else its files.
pub(crate) fn find(home: &Home) -> Result<Box<dyn Installation>, Refused> {
    Ok(match Running::find(home)? {
        Some(running) => Box::new(running),
        None => Box::new(Files::of(home.clone())),
    })
}

/// A server runs, and it is somebody else's.
fn unreachable_server(refused: &Refused) -> Outcome {
    let mut outcome = Outcome { exit_code: 5, ..Outcome::default() };
    outcome.say("ERROR ( hresult:80070005, message:Command execution failed.\nAccess is denied.\n )");
    outcome.note(&refused.message);
    refused.hint.iter().for_each(|hint| outcome.note(hint));
    outcome
}

fn input() -> String {
    let mut bytes = Vec::new();
    // What cannot be read is refused as text that is no XML.
    let _broken = std::io::stdin().lock().take(INPUT_BYTES_MAX).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An installation with a server.
struct Running {
    home: Home,
    socket: PathBuf,
    source: Source,
    status: Value,
}

impl Running {
    /// The server of this home; `None` when there is none.
    fn find(home: &Home) -> Result<Option<Self>, Refused> {
        let socket = homes::control_socket(home);
        if !runs(&socket)? {
            return Ok(None);
        }
        let status: Value = ask(&socket, (Method::GET, "/v1/status"), None)?;
        let file = status["configuration"]["file"].as_str().unwrap_or_default();
        let (source, home) = if file == embedded::NAME {
            (Source::Embedded(ports(&status)), home.clone())
        } else {
            (Source::File, home.clone().with_config_file(file))
        };
        Ok(Some(Self { home, socket, source, status }))
    }

    fn order(&self, route: (Method, &str), body: Option<&Value>) -> Result<Vec<String>, Trouble> {
        let done: Done = ask(&self.socket, route, body).map_err(trouble)?;
        Ok(done.notes)
    }

    /// A site as it was when the command began.
    fn site(&self, name: &str) -> Option<&Value> {
        self.status["sites"]
            .as_array()?
            .iter()
            .find(|site| site["name"].as_str().is_some_and(|own| own.to_lowercase() == name.to_lowercase()))
    }
}

/// The ports of an embedded default that runs.
fn ports(status: &Value) -> Ports {
    let bindings = status["sites"][0]["bindings"].as_array().cloned().unwrap_or_default();
    let port = |protocol: &str, otherwise: u16| {
        let mut own = bindings.iter().filter_map(Value::as_str).filter_map(|text| text.strip_prefix(protocol));
        own.find_map(|text| text.split(':').nth(1)?.parse().ok()).unwrap_or(otherwise)
    };
    Ports { http: port("http/", Ports::default().http), https: port("https/", Ports::default().https) }
}

fn trouble(Refused { message, hint, .. }: Refused) -> Trouble {
    Trouble::Refused { message, hint }
}

impl Installation for Running {
    fn home(&self) -> &Home {
        &self.home
    }

    fn configuration(&self) -> Result<Configuration, Trouble> {
        Ok(self.source.load(&self.home)?)
    }

    fn apply(&mut self, change: &Edit) -> Result<Vec<String>, Trouble> {
        // Made here first, for the reason in full when it is refused; the server makes it again, as the one who may.
        edit(&self.home, change)?;
        let body = serde_json::to_value(change).map_err(|error| Trouble::System(error.into()))?;
        let notes = self.order((Method::POST, "/v1/edits"), Some(&body))?;
        self.source = Source::choose(&self.home, false, Ports::default());
        Ok(notes)
    }

    fn refresh(&mut self) -> Result<Vec<String>, Trouble> {
        self.order((Method::POST, "/v1/reload"), None)
    }

    fn site_state(&self, site: &str) -> RunState {
        match self.site(site).and_then(|site| site["state"].as_str()) {
            Some("Started") => RunState::Started,
            Some(_) => RunState::Stopped,
            None => RunState::Unknown,
        }
    }

    fn start_site(&mut self, site: &str) -> Result<Vec<String>, Trouble> {
        self.order((Method::POST, &format!("/v1/sites/{}/start", segment(site))), None)
    }

    fn stop_site(&mut self, site: &str) -> Result<Vec<String>, Trouble> {
        self.order((Method::POST, &format!("/v1/sites/{}/stop", segment(site))), None)
    }

    fn requests(&self) -> Result<Vec<RequestInProgress>, Trouble> {
        let rows: Vec<doorward_admin::RequestReport> =
            ask(&self.socket, (Method::GET, "/v1/requests"), None).map_err(trouble)?;
        let row = |row: doorward_admin::RequestReport| RequestInProgress {
            id: row.id,
            site_id: row.site_id,
            method: row.method,
            url: row.url,
            elapsed_ms: row.elapsed_ms,
            client: row.client,
        };
        Ok(rows.into_iter().map(row).collect())
    }

    fn server_pid(&self) -> Option<u32> {
        self.status["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok())
    }

    fn unix_seconds(&self) -> u64 {
        Files::of(self.home.clone()).unix_seconds()
    }
}
