//! What a command may ask of the place it works on.

use doorward_config::{Configuration, Edit, EditError, Home, LoadError};

/// The place a command works on: a home's files, with or without a server that runs on them.
pub trait Installation {
    /// Where its files are.
    fn home(&self) -> &Home;

    /// What the files say now. A home without a configuration has an empty one.
    fn configuration(&self) -> Result<Configuration, Trouble>;

    /// Makes an edit: all of it, on disk and in what runs, or nothing. Returns what else the operator should know.
    fn apply(&mut self, edit: &Edit) -> Result<Vec<String>, Trouble>;

    /// The files have been written without an edit (a backup was restored): what runs takes them over.
    fn refresh(&mut self) -> Result<Vec<String>, Trouble>;

    /// What a site does now.
    fn site_state(&self, site: &str) -> RunState;

    /// Starts a site.
    fn start_site(&mut self, site: &str) -> Result<Vec<String>, Trouble>;

    /// Stops a site: when it returns, addresses that no other site needs are free.
    fn stop_site(&mut self, site: &str) -> Result<Vec<String>, Trouble>;

    /// Requests that have begun and are not done.
    fn requests(&self) -> Result<Vec<RequestInProgress>, Trouble>;

    /// The process that serves; `None` when no server runs here.
    fn server_pid(&self) -> Option<u32>;

    /// Names of the backups there are.
    fn backups(&self) -> Result<Vec<String>, Trouble> {
        Ok(doorward_config::backups(self.home()).map_err(EditError::from)?)
    }

    /// Seconds since 1970, for names of backups.
    fn unix_seconds(&self) -> u64;
}

/// What a site does, in IIS's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// It answers.
    Started,
    /// It does not.
    Stopped,
    /// No server runs that could tell.
    Unknown,
}

impl RunState {
    /// IIS's word.
    pub fn word(self) -> &'static str {
        match self {
            RunState::Started => "Started",
            RunState::Stopped => "Stopped",
            RunState::Unknown => "Unknown",
        }
    }
}

/// A request that has begun and is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestInProgress {
    /// Names it among those in progress.
    pub id: String,
    /// Number of its site.
    pub site_id: u32,
    /// Its method.
    pub method: String,
    /// Path and query.
    pub url: String,
    /// How long it has been going on, in milliseconds.
    pub elapsed_ms: u64,
    /// Address of the TCP peer.
    pub client: String,
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The edit was refused; nothing is written.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The files cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// No server runs here, and the command needs one.
    #[error("no server is running")]
    NotRunning,
    /// The running server refused.
    #[error("{message}")]
    Refused {
        /// Its reason.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The system refused.
    #[error("{0}")]
    System(std::io::Error),
}
