//! Where the configuration, certificates, logs and state of one installation live.

use std::path::{Path, PathBuf};

/// Name of the server's configuration file, as in IIS.
pub(crate) const CONFIG_FILE: &str = "applicationHost.config";
/// Name of the HTTP service's own store (Windows keeps its content in the registry).
pub(crate) const HTTP_CONFIG_FILE: &str = "http.config";
/// Name of the folder of schema files, as in IIS.
const SCHEMA_FOLDER: &str = "schema";

/// The folders and files of one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// `applicationHost.config`, or the one file given on the command line.
    pub config_file: PathBuf,
    /// The `redirection.config` that names the folder of `config_file`, where one does: then the file has to be there, and
    /// nobody begins a new one where a share is not mounted.
    pub redirection: Option<PathBuf>,
    /// The HTTP service's store: IP listen list, certificates, URL reservations.
    pub http_config_file: PathBuf,
    /// Folder of the operator's own schema files.
    pub schema: PathBuf,
    /// Folder of certificates and keys.
    pub certificates: PathBuf,
    /// Folder under which `W3SVC<id>` and `HTTPERR` are made when a site names no folder of its own.
    pub logs: PathBuf,
    /// Folder of what must survive a restart.
    pub state: PathBuf,
    /// Folder of the control socket.
    pub run: PathBuf,
    /// Folder whose sub-folder `c` stands for drive `C:`.
    pub drives: PathBuf,
}

impl Home {
    /// Everything beneath one folder (`--home DIR`, `DOORWARD_HOME`).
    pub fn under(dir: &Path) -> Self {
        Self {
            config_file: dir.join("config").join(CONFIG_FILE),
            redirection: None,
            http_config_file: dir.join("config").join(HTTP_CONFIG_FILE),
            schema: dir.join(SCHEMA_FOLDER),
            certificates: dir.join("certs"),
            logs: dir.join("logs"),
            state: dir.join("state"),
            run: dir.join("run"),
            drives: dir.join("drives"),
        }
    }

    /// The machine's own installation: `/etc/doorward`, `/var/log/doorward`, `/var/lib/doorward`, `/run/doorward`.
    pub fn system() -> Self {
        let etc = Path::new("/etc/doorward");
        let state = PathBuf::from("/var/lib/doorward");
        Self {
            config_file: etc.join(CONFIG_FILE),
            redirection: None,
            http_config_file: etc.join(HTTP_CONFIG_FILE),
            schema: etc.join(SCHEMA_FOLDER),
            certificates: etc.join("certs"),
            logs: PathBuf::from("/var/log/doorward"),
            drives: state.join("drives"),
            state,
            run: PathBuf::from("/run/doorward"),
        }
    }

    /// One user's installation by the XDG base directory specification. `environment` looks a variable up
    /// (`HOME`, `XDG_CONFIG_HOME`, `XDG_DATA_HOME`, `XDG_STATE_HOME`, `XDG_RUNTIME_DIR`); relative values are ignored,
    /// as that specification asks. Without `HOME` the folders are sought beneath `/`.
    pub fn user(environment: impl Fn(&str) -> Option<PathBuf>) -> Self {
        let absolute = |name: &str| environment(name).filter(|path| path.is_absolute());
        let home = absolute("HOME").unwrap_or_else(|| PathBuf::from("/"));
        let base = |name: &str, fallback: &str| absolute(name).unwrap_or_else(|| home.join(fallback)).join("doorward");
        let config = base("XDG_CONFIG_HOME", ".config");
        let state = base("XDG_STATE_HOME", ".local/state");
        Self {
            config_file: config.join(CONFIG_FILE),
            redirection: None,
            http_config_file: config.join(HTTP_CONFIG_FILE),
            schema: config.join(SCHEMA_FOLDER),
            certificates: config.join("certs"),
            logs: state.join("logs"),
            run: absolute("XDG_RUNTIME_DIR").map_or_else(|| state.join("run"), |dir| dir.join("doorward")),
            drives: base("XDG_DATA_HOME", ".local/share").join("drives"),
            state,
        }
    }

    /// The same installation serving another configuration file (`doorward run --config FILE`).
    #[must_use]
    pub fn with_config_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.config_file = file.into();
        self.redirection = None;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_folder_holds_everything() {
        let home = Home::under(Path::new("/d"));
        assert_eq!(home.config_file, Path::new("/d/config/applicationHost.config"));
        assert_eq!(home.http_config_file, Path::new("/d/config/http.config"));
        assert_eq!(home.with_config_file("/x.config").config_file, Path::new("/x.config"));
    }

    #[test]
    fn user_folders_follow_xdg_and_ignore_relative_values() {
        let home = Home::user(|name| match name {
            "HOME" => Some("/home/ann".into()),
            "XDG_CONFIG_HOME" => Some("relative".into()),
            "XDG_RUNTIME_DIR" => Some("/run/user/7".into()),
            _ => None,
        });
        assert_eq!(home.config_file, Path::new("/home/ann/.config/doorward/applicationHost.config"));
        assert_eq!(home.run, Path::new("/run/user/7/doorward"));
        assert_eq!(home.logs, Path::new("/home/ann/.local/state/doorward/logs"));
    }
}
