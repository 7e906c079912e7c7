//! An installation without a server: its files alone.

use std::time::{SystemTime, UNIX_EPOCH};

use doorward_config::{Configuration, Edit, Home, edit, load_or_begin, save_kept};

use crate::installation::{Installation, RequestInProgress, RunState, Trouble};

/// The files of a home.
#[derive(Debug, Clone)]
pub struct Files {
    home: Home,
}

impl Files {
    /// The files of this home.
    pub fn of(home: Home) -> Self {
        Self { home }
    }
}

impl Installation for Files {
    fn home(&self) -> &Home {
        &self.home
    }

    fn configuration(&self) -> Result<Configuration, Trouble> {
        Ok(load_or_begin(&self.home)?)
    }

    fn apply(&mut self, change: &Edit) -> Result<Vec<String>, Trouble> {
        let edited = edit(&self.home, change)?;
        let remark = save_kept(&self.home, &edited).map_err(doorward_config::EditError::from)?;
        Ok(remark.into_iter().collect())
    }

    fn refresh(&mut self) -> Result<Vec<String>, Trouble> {
        Ok(Vec::new())
    }

    fn site_state(&self, _site: &str) -> RunState {
        RunState::Unknown
    }

    fn start_site(&mut self, _site: &str) -> Result<Vec<String>, Trouble> {
        Err(Trouble::NotRunning)
    }

    fn stop_site(&mut self, _site: &str) -> Result<Vec<String>, Trouble> {
        Err(Trouble::NotRunning)
    }

    fn requests(&self) -> Result<Vec<RequestInProgress>, Trouble> {
        Err(Trouble::NotRunning)
    }

    fn server_pid(&self) -> Option<u32> {
        None
    }

    #[allow(clippy::disallowed_methods, reason = "the name of a backup is the time it is made at")]
    fn unix_seconds(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }
}
