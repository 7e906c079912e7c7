//! The running server: one task owns the configuration and makes every change to it.

mod banner;
mod blocks;
mod changes;
mod edits;
mod folders;
mod lock;
mod run;
mod source;

pub(crate) use run::run;
pub(crate) use source::Source;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use doorward_admin::Standing;
use doorward_config::{Configuration, FileStates, Home, Severity};
use doorward_logs::Sink;
use doorward_plan::{Inputs, Plan, Scopes, SiteId, build};
use doorward_server::Control;

use crate::orders;

/// Everything the owner of the configuration holds.
pub(crate) struct Daemon {
    home: Home,
    source: Source,
    control: Arc<Control>,
    sink: Arc<Sink>,
    standing: Arc<Mutex<Standing>>,
    /// The configuration in force.
    configuration: Arc<Configuration>,
    scopes: Arc<Mutex<Scopes>>,
    /// Files of folders that cannot be used.
    faults: Arc<folders::Faults>,
    /// Sites the operator started or stopped; the others follow `serverAutoStart`.
    wishes: BTreeMap<SiteId, bool>,
    /// How to call this command for the same home, for hints.
    command: String,
    /// The last log problem that was reported.
    log_episode: u64,
    /// The files as they were just before they were last read.
    in_force: source::Signature,
    /// Their texts then, for the history.
    files: FileStates,
}

impl Daemon {
    /// The plan for a configuration and the operator's present wishes.
    fn plan(&mut self, configuration: &Arc<Configuration>) -> Plan {
        let present = self.control.plan();
        self.faults = Arc::default();
        let folders = folders::Folders {
            configuration: Arc::clone(configuration),
            scopes: Arc::clone(&self.scopes),
            faults: Arc::clone(&self.faults),
        };
        let inputs = Inputs {
            configuration,
            wishes: &self.wishes,
            home_logs: &self.home.logs,
            home_certificates: &self.home.certificates,
            folders: Some(&folders),
            present: &present,
        };
        build(&inputs, &mut self.scopes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_standing(&self, change: impl FnOnce(&mut Standing)) {
        change(&mut self.standing.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What `status` tells of the configuration now in force.
    fn note_in_force(&self) {
        let listen = self.configuration.ip_listen.iter().map(|entry| entry.address.to_string()).collect();
        let findings = self.configuration.findings.iter().filter(|finding| finding.severity != Severity::Note);
        let findings = findings.map(ToString::to_string);
        let problems = self.control.plan().remarks().map(ToString::to_string).collect::<Vec<_>>();
        let standing = Standing {
            file: self.source.name(&self.home),
            last_error: None,
            listen,
            findings: findings.chain(problems).chain(self.faults.all()).collect(),
            certificates: orders::bound(&self.home, &self.configuration),
            configuration: Some(Arc::clone(&self.configuration)),
        };
        self.with_standing(|present| *present = standing);
    }
}
