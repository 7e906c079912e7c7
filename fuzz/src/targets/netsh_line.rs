//! A line of netsh: whatever it is, it ends with 0 or 1 and says something; a refusal has written nothing, and what was
//! written is a file that can be used.

use std::path::Path;

use doorward_config::{CertificatePlace, Configuration, Edit, Home, edit, load_text};
use doorward_doors::{Account, CachedFile, HttpService, Installation, RequestInProgress, RunState, Trouble, netsh};

/// Words are split at blanks, as a shell would.
pub fn run(input: &[u8]) {
    let Ok(line) = std::str::from_utf8(input) else { return };
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let mut memory = Memory { home: Home::under(Path::new("/no/such/home")), written: None };
    let outcome = netsh(&words, &mut memory);
    assert!(outcome.exit_code <= 1, "{line:?} ends with {}", outcome.exit_code);
    assert!(!outcome.output.is_empty(), "{line:?} says nothing");
    if outcome.exit_code != 0 {
        assert!(memory.written.is_none(), "{line:?} is refused and has written");
    }
    let read = memory.configuration();
    assert!(read.is_ok(), "{line:?} has made a file that cannot be used: {read:?}");
}

/// An installation whose one edit stays in memory.
struct Memory {
    home: Home,
    written: Option<String>,
}

impl Installation for Memory {
    fn home(&self) -> &Home {
        &self.home
    }

    fn configuration(&self) -> Result<Configuration, Trouble> {
        let http = self.written.as_deref().map(|text| (text, self.home.http_config_file.as_path()));
        Ok(load_text(HOST, &self.home.config_file, http, &self.home)?)
    }

    fn apply(&mut self, change: &Edit) -> Result<Vec<String>, Trouble> {
        self.written = Some(edit(&self.home, change)?.text);
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

const HOST: &str = r#"<configuration><system.applicationHost><sites><site name="ä" id="1">
<application path="/" applicationPool="p"><virtualDirectory path="/" physicalPath="/x" /></application>
<application path="/A"><virtualDirectory path="/" physicalPath="/x" /></application>
<bindings><binding protocol="http" bindingInformation="127.0.0.2:80:" /></bindings>
</site></sites></system.applicationHost></configuration>"#;
