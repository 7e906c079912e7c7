//! `redirection.config`: the configuration lies elsewhere, shared by several machines (IIS reference §3.1).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Complaint, Findings, LoadError};
use crate::document::Document;
use crate::home::{CONFIG_FILE, Home};
use crate::paths::PathMap;
use crate::reader::Reader;
use crate::schema::CONFIGURATION_REDIRECTION;
use crate::store;

/// Name of the file, beside the configuration that it stands for.
const REDIRECTION_FILE: &str = "redirection.config";

impl Home {
    /// The same installation, its configuration file where a `redirection.config` beside it says. User and password of
    /// it are for shares, which have to be mounted here.
    pub fn redirected(self) -> Result<Self, LoadError> {
        let file = self.config_file.with_file_name(REDIRECTION_FILE);
        let mut findings = Findings::default();
        let text = match store::read(&file) {
            Ok(None) => return Ok(self),
            Ok(Some(text)) => text,
            Err(error) => {
                let message = format!("Cannot read configuration file: {error}");
                findings.add(crate::Severity::Error, None, Complaint::new("file", message));
                return Err(LoadError { diagnostics: findings.all });
            }
        };
        let folder = folder(&text, &file, (&self, &mut findings));
        if findings.file_is_unusable() {
            return Err(LoadError { diagnostics: findings.all });
        }
        Ok(match folder {
            Some(folder) => Self { config_file: folder.join(CONFIG_FILE), redirection: Some(file), ..self },
            None => self,
        })
    }
}

/// The folder that an enabled redirection names.
fn folder(text: &str, file: &Path, (home, findings): (&Home, &mut Findings)) -> Option<PathBuf> {
    let document = Document::parse(text, &Arc::from(file), findings)?;
    if document.root.name != "configuration" {
        let message = format!("the root element is <{}>, not <configuration>", document.root.name);
        findings.error(&document.root.origin, Complaint::new("schema", message));
        return None;
    }
    let element = document.root.children.iter().find(|child| child.name == CONFIGURATION_REDIRECTION.name)?;
    let declared = Reader { findings, level: Arc::from("") }.section(element, &CONFIGURATION_REDIRECTION);
    let is_enabled = declared.setting("enabled").is_some_and(|setting| setting.text.eq_ignore_ascii_case("true"));
    if !is_enabled {
        return None;
    }
    let written = declared.setting("path").map(|setting| setting.text.trim()).filter(|path| !path.is_empty());
    let Some(written) = written else {
        let complaint = Complaint::new("value", "Missing required attribute 'path'").hint("name the folder");
        findings.error(&element.origin, complaint);
        return None;
    };
    let path = PathMap::unmapped(home).resolve(written).path;
    if written.starts_with("\\\\") || !path.is_absolute() {
        let message = format!("The 'path' attribute is invalid.  '{written}' is no folder of this machine");
        let hint = "mount the share, and write the folder where it is mounted";
        findings.error(&element.origin, Complaint::new("value", message).hint(hint));
        return None;
    }
    Some(path)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests write their files")]
mod tests {
    use super::*;

    /// The file the configuration comes from, below the home, or the first complaint.
    fn check(redirection: Option<&str>, expected: Result<&str, &str>) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::under(folder.path());
        std::fs::create_dir_all(folder.path().join("config")).unwrap();
        if let Some(text) = redirection {
            let text = text.replace("{HOME}", &folder.path().to_string_lossy());
            std::fs::write(folder.path().join("config/redirection.config"), text).unwrap();
        }
        let seen = home.redirected();
        let seen =
            seen.map(|home| home.config_file.strip_prefix(folder.path()).unwrap().to_string_lossy().into_owned());
        match (seen, expected) {
            (Ok(seen), Ok(expected)) => assert_eq!(seen, expected, "{redirection:?}"),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (seen, expected) => panic!("{redirection:?}: {seen:?}, not {expected:?}"),
        }
    }

    fn with(attributes: &str) -> String {
        format!(
            "<configuration><configSections><section name=\"configurationRedirection\" /></configSections>\
             <configurationRedirection {attributes} /></configuration>"
        )
    }

    #[test]
    fn the_configuration_may_lie_elsewhere() {
        let own = Ok("config/applicationHost.config");
        check(None, own);
        check(Some(&with("")), own);
        check(Some(&with("enabled=\"false\" path=\"/else\"")), own);
        check(Some("<configuration />"), own);
        let shared = "enabled=\"true\" path=\"{HOME}/shared\" userName=\"u\" password=\"[enc:x:y:enc]\" enableUncPolling=\"true\" pollingPeriod=\"00:01:00\"";
        check(Some(&with(shared)), Ok("shared/applicationHost.config"));
        check(Some(&with("enabled=\"true\" path=\"C:\\shared\"")), Ok("drives/c/shared/applicationHost.config"));
        check(Some(&with("enabled=\"true\"")), Err("Missing required attribute 'path'"));
        check(Some(&with("enabled=\"true\" path=\"\\\\server\\share\"")), Err("is no folder of this machine"));
        check(Some(&with("enabled=\"perhaps\"")), Err("The 'enabled' attribute is invalid"));
        check(Some(&with("enable=\"true\"")), Err("Unrecognized attribute 'enable'"));
        check(Some("<configuration"), Err("not well-formed"));
        check(Some("<httpService />"), Err("not <configuration>"));
    }
}
