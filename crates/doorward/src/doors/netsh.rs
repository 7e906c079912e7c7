//! `netsh http` at work on this machine.

use std::path::PathBuf;
use std::process::ExitCode;

use doorward_admin::{Done, Refused};
use doorward_config::{CertificatePlace, Configuration, Edit, Home};
use doorward_doors::{Account, CachedFile, HttpService, Installation, Outcome, RequestInProgress, RunState, Trouble};
use doorward_server::{CachedFileStatus, inspect_files};
use hyper::Method;
use serde_json::{Value, json};

use super::accounts::Accounts;
use super::{run, trouble};
use crate::client::ask;
use crate::homes;

/// `doorward netsh …`
pub(crate) fn netsh(home: &Home, words: &[String]) -> ExitCode {
    run(home, denied, |_, place| {
        let socket = place.server_pid().map(|_| homes::control_socket(home));
        doorward_doors::netsh(words, &mut Service { place, socket })
    })
}

/// A server runs, and it is somebody else's.
fn denied(refused: &Refused) -> Outcome {
    let mut outcome = Outcome { exit_code: 1, ..Outcome::default() };
    for line in ["", "The requested operation requires elevation (Run as administrator).", ""] {
        outcome.say(line);
    }
    outcome.note(&refused.message);
    refused.hint.iter().for_each(|hint| outcome.note(hint));
    outcome
}

/// An installation, the accounts of this machine, and what a running server keeps.
struct Service<'p> {
    place: &'p mut dyn Installation,
    /// The control socket of the running server.
    socket: Option<PathBuf>,
}

impl Service<'_> {
    fn order(&self, path: &str, body: &Value) -> Result<(), Trouble> {
        let socket = self.socket.as_deref().ok_or(Trouble::NotRunning)?;
        ask::<Done>(socket, (Method::POST, path), Some(body)).map(drop).map_err(trouble)
    }

    /// SHA-1 of a certificate that can be used as it lies there.
    fn usable(&self, place: &CertificatePlace) -> Option<String> {
        let folder = &self.place.home().certificates;
        let (certificate, key) = place.files(folder)?;
        let facts = inspect_files(&certificate, &key, place.password_file(folder).as_deref()).ok()?;
        Some(facts.sha1)
    }
}

impl Installation for Service<'_> {
    fn home(&self) -> &Home {
        self.place.home()
    }

    fn configuration(&self) -> Result<Configuration, Trouble> {
        self.place.configuration()
    }

    fn apply(&mut self, edit: &Edit) -> Result<Vec<String>, Trouble> {
        self.place.apply(edit)
    }

    fn refresh(&mut self) -> Result<Vec<String>, Trouble> {
        self.place.refresh()
    }

    fn site_state(&self, site: &str) -> RunState {
        self.place.site_state(site)
    }

    fn start_site(&mut self, site: &str) -> Result<Vec<String>, Trouble> {
        self.place.start_site(site)
    }

    fn stop_site(&mut self, site: &str) -> Result<Vec<String>, Trouble> {
        self.place.stop_site(site)
    }

    fn requests(&self) -> Result<Vec<RequestInProgress>, Trouble> {
        self.place.requests()
    }

    fn server_pid(&self) -> Option<u32> {
        self.place.server_pid()
    }

    fn unix_seconds(&self) -> u64 {
        self.place.unix_seconds()
    }
}

impl HttpService for Service<'_> {
    fn account(&self, name: &str) -> Option<Account> {
        Accounts::of_machine().named(name)
    }

    fn account_of(&self, sid: &str) -> Option<Account> {
        Accounts::of_machine().with_sid(sid)
    }

    fn find_certificate(&self, sha1: &str) -> Option<CertificatePlace> {
        let imported = CertificatePlace::Hash(sha1.to_owned());
        if self.usable(&imported).is_some_and(|own| own == sha1) {
            return Some(imported);
        }
        let bound = self.configuration().ok()?.certificates.into_iter().map(|binding| binding.place);
        bound.into_iter().find(|place| self.usable(place).is_some_and(|own| own == sha1))
    }

    fn thumbprint(&self, place: &CertificatePlace) -> Option<String> {
        match place {
            CertificatePlace::Hash(sha1) => Some(sha1.clone()),
            CertificatePlace::Files { .. } => self.usable(place),
            CertificatePlace::Directory { .. } => None,
        }
    }

    fn read_file(&self, name: &str) -> Result<String, Trouble> {
        std::fs::read_to_string(name).map_err(Trouble::System)
    }

    fn cached_files(&self) -> Result<Vec<CachedFile>, Trouble> {
        let socket = self.socket.as_deref().ok_or(Trouble::NotRunning)?;
        let files: Vec<CachedFileStatus> = ask(socket, (Method::GET, "/v1/cache"), None).map_err(trouble)?;
        let file = |own: CachedFileStatus| CachedFile {
            site_id: own.site_id,
            path: own.path,
            media_type: own.media_type,
            coding: own.coding,
            fields_bytes: own.fields_bytes,
            content_bytes: own.content_bytes,
            read_unix_ms: own.read_unix_ms,
            hits: own.hits,
        };
        Ok(files.into_iter().map(file).collect())
    }

    fn forget_files(&mut self, which: Option<Vec<(u32, String)>>) -> Result<(), Trouble> {
        let file = |(site_id, path): (u32, String)| json!({ "site_id": site_id, "path": path });
        let files: Option<Vec<Value>> = which.map(|files| files.into_iter().map(file).collect());
        self.order("/v1/cache/forget", &json!({ "files": files }))
    }

    fn flush_logs(&mut self) -> Result<(), Trouble> {
        self.order("/v1/logs/flush", &Value::Null)
    }
}
