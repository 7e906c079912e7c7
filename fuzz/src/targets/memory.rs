//! An installation whose edits stay in memory, for the commands of IIS.

use doorward_config::{CertificatePlace, Configuration, Edit, Home, edit, load_text};
use doorward_doors::{Account, CachedFile, HttpService, Installation, RequestInProgress, RunState, Trouble};

/// The server's file is always the same; the HTTP service's is what the last edit has made of it.
pub(super) struct Memory {
    home: Home,
    host: &'static str,
    http: Option<String>,
    /// Edits that were made.
    pub(super) made: usize,
}

impl Memory {
    pub(super) fn new(home: Home, host: &'static str) -> Self {
        Self { home, host, http: None, made: 0 }
    }

    /// As it was in the beginning.
    pub(super) fn forget(&mut self) {
        (self.http, self.made) = (None, 0);
    }
}

impl Installation for Memory {
    fn home(&self) -> &Home {
        &self.home
    }

    fn configuration(&self) -> Result<Configuration, Trouble> {
        let http = self.http.as_deref().map(|text| (text, self.home.http_config_file.as_path()));
        Ok(load_text(self.host, &self.home.config_file, http, &self.home)?)
    }

    fn apply(&mut self, change: &Edit) -> Result<Vec<String>, Trouble> {
        let file = edit(&self.home, change)?;
        if file.path == self.home.http_config_file {
            self.http = Some(file.text);
        }
        self.made += 1;
        Ok(Vec::new())
    }

    fn refresh(&mut self) -> Result<Vec<String>, Trouble> {
        Ok(Vec::new())
    }

    fn site_state(&self, _site: &str) -> RunState {
        RunState::Started
    }

    fn start_site(&mut self, _site: &str) -> Result<Vec<String>, Trouble> {
        Ok(Vec::new())
    }

    fn stop_site(&mut self, _site: &str) -> Result<Vec<String>, Trouble> {
        Ok(Vec::new())
    }

    fn requests(&self) -> Result<Vec<RequestInProgress>, Trouble> {
        Ok(Vec::new())
    }

    fn server_pid(&self) -> Option<u32> {
        Some(1)
    }

    fn backups(&self) -> Result<Vec<String>, Trouble> {
        Ok(Vec::new())
    }

    fn unix_seconds(&self) -> u64 {
        0
    }
}

impl HttpService for Memory {
    fn account(&self, name: &str) -> Option<Account> {
        (name.len() < 5).then(|| Account { name: name.to_owned(), sid: "S-1-22-1-1".to_owned() })
    }

    fn account_of(&self, sid: &str) -> Option<Account> {
        (sid.len() < 12).then(|| Account { name: "user".to_owned(), sid: sid.to_owned() })
    }

    fn find_certificate(&self, sha1: &str) -> Option<CertificatePlace> {
        sha1.starts_with('0').then(|| CertificatePlace::Hash(sha1.to_owned()))
    }

    fn thumbprint(&self, place: &CertificatePlace) -> Option<String> {
        if let CertificatePlace::Hash(sha1) = place { Some(sha1.clone()) } else { None }
    }

    fn read_file(&self, name: &str) -> Result<String, Trouble> {
        // Names that a fuzzer may come by: nothing, an empty list, a binding, and no JSON.
        match name.len() % 4 {
            0 => Err(Trouble::System(std::io::ErrorKind::NotFound.into())),
            1 => Ok(r#"{"SslCertificateBindings":[]}"#.to_owned()),
            2 => Ok(format!(r#"{{"SslCertificateBindings":[{{"Ccs":"443","GuidString":"{name}"}}]}}"#)),
            _ => Ok(name.to_owned()),
        }
    }

    fn cached_files(&self) -> Result<Vec<CachedFile>, Trouble> {
        let file = |site_id: u32, path: &str| CachedFile {
            site_id,
            path: path.to_owned(),
            media_type: None,
            coding: Some("br".to_owned()),
            fields_bytes: 1,
            content_bytes: u64::MAX,
            read_unix_ms: u64::MAX,
            hits: 0,
        };
        Ok(vec![file(1, "/a/ä.htm"), file(9, "")])
    }

    fn forget_files(&mut self, _which: Option<Vec<(u32, String)>>) -> Result<(), Trouble> {
        Ok(())
    }

    fn flush_logs(&mut self) -> Result<(), Trouble> {
        Err(Trouble::NotRunning)
    }
}
