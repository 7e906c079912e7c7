//! Files, with sites that start and stop as under a running server.

use std::collections::BTreeMap;

use doorward_config::{CertificatePlace, Configuration, Edit, Home};
use doorward_doors::{Account, CachedFile, Files, HttpService, Installation, RequestInProgress, RunState, Trouble};

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

/// The HTTP service of a pretended server, or of files alone.
pub struct PretendService {
    place: Pretend,
    has_server: bool,
    cached: Vec<CachedFile>,
}

impl PretendService {
    pub fn of(place: Pretend, has_server: bool) -> Self {
        let page = CachedFile {
            site_id: 1,
            path: "/x.htm".to_owned(),
            media_type: Some("text/html".to_owned()),
            coding: None,
            fields_bytes: 267,
            content_bytes: 689,
            read_unix_ms: 1_430_780_951_000,
            hits: 1,
        };
        Self { place, has_server, cached: vec![page] }
    }

    fn alive(&self) -> Result<(), Trouble> {
        if self.has_server { Ok(()) } else { Err(Trouble::NotRunning) }
    }
}

impl Installation for PretendService {
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
        if self.has_server { self.place.site_state(site) } else { RunState::Unknown }
    }

    fn start_site(&mut self, site: &str) -> Result<Vec<String>, Trouble> {
        self.alive().and_then(|()| self.place.start_site(site))
    }

    fn stop_site(&mut self, site: &str) -> Result<Vec<String>, Trouble> {
        self.alive().and_then(|()| self.place.stop_site(site))
    }

    fn requests(&self) -> Result<Vec<RequestInProgress>, Trouble> {
        self.alive().and_then(|()| self.place.requests())
    }

    fn server_pid(&self) -> Option<u32> {
        self.place.server_pid().filter(|_| self.has_server)
    }

    fn unix_seconds(&self) -> u64 {
        self.place.unix_seconds()
    }
}

impl HttpService for PretendService {
    fn account(&self, name: &str) -> Option<Account> {
        let user = name.rsplit('\\').next()? == "user";
        user.then(|| Account { name: "user".to_owned(), sid: "S-1-22-1-1000".to_owned() })
    }

    fn account_of(&self, sid: &str) -> Option<Account> {
        (sid == "S-1-22-1-1000").then(|| Account { name: "user".to_owned(), sid: sid.to_owned() })
    }

    fn find_certificate(&self, sha1: &str) -> Option<CertificatePlace> {
        let folder = &self.home().certificates;
        let has = |extension: &str| folder.join(format!("{sha1}.{extension}")).exists();
        (has("pem") && has("key")).then(|| CertificatePlace::Hash(sha1.to_owned()))
    }

    fn thumbprint(&self, place: &CertificatePlace) -> Option<String> {
        if let CertificatePlace::Hash(sha1) = place { Some(sha1.clone()) } else { None }
    }

    fn read_file(&self, name: &str) -> Result<String, Trouble> {
        let folder = self.home().run.parent().unwrap();
        std::fs::read_to_string(folder.join(name)).map_err(Trouble::System)
    }

    fn cached_files(&self) -> Result<Vec<CachedFile>, Trouble> {
        self.alive().map(|()| self.cached.clone())
    }

    fn forget_files(&mut self, which: Option<Vec<(u32, String)>>) -> Result<(), Trouble> {
        self.alive()?;
        match which {
            None => self.cached.clear(),
            Some(files) => self.cached.retain(|own| !files.contains(&(own.site_id, own.path.clone()))),
        }
        Ok(())
    }

    fn flush_logs(&mut self) -> Result<(), Trouble> {
        self.alive()
    }
}
