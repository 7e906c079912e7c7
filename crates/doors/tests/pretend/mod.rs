//! Files, with sites that start and stop as under a running server.

use std::collections::BTreeMap;

use doorward_config::{Configuration, Edit, Home};
use doorward_doors::{Files, Installation, RequestInProgress, RunState, Trouble};

pub struct Pretend {
    files: Files,
    states: BTreeMap<String, RunState>,
}

impl Pretend {
    pub fn of(files: Files) -> Self {
        Self { files, states: BTreeMap::new() }
    }
}

impl Installation for Pretend {
    fn home(&self) -> &Home {
        self.files.home()
    }

    fn configuration(&self) -> Result<Configuration, Trouble> {
        self.files.configuration()
    }

    fn apply(&mut self, edit: &Edit) -> Result<Vec<String>, Trouble> {
        self.files.apply(edit)
    }

    fn refresh(&mut self) -> Result<Vec<String>, Trouble> {
        self.files.refresh()
    }

    fn site_state(&self, site: &str) -> RunState {
        let starts =
            |site: &doorward_config::Site| if site.server_auto_start { RunState::Started } else { RunState::Stopped };
        let configuration = self.configuration().ok();
        let configured = configuration.and_then(|configuration| configuration.site(site).map(starts));
        self.states.get(&site.to_lowercase()).copied().or(configured).unwrap_or(RunState::Stopped)
    }

    fn start_site(&mut self, site: &str) -> Result<Vec<String>, Trouble> {
        self.states.insert(site.to_lowercase(), RunState::Started);
        Ok(Vec::new())
    }

    fn stop_site(&mut self, site: &str) -> Result<Vec<String>, Trouble> {
        self.states.insert(site.to_lowercase(), RunState::Stopped);
        Ok(Vec::new())
    }

    fn requests(&self) -> Result<Vec<RequestInProgress>, Trouble> {
        Ok(Vec::new())
    }

    fn server_pid(&self) -> Option<u32> {
        Some(4711)
    }

    fn unix_seconds(&self) -> u64 {
        1_764_357_000
    }
}
