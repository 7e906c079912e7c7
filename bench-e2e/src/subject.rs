//! Who is measured. Each is set up as its own documents advise for speed, with the same content, log columns and limits.

mod caddy;
pub mod ceiling;
mod doorward;
mod h2o;
mod haproxy;
mod lighttpd;
mod nginx;

use std::path::Path;
use std::process::Command;

use crate::setup::{Launch, Place, Setup};

/// A server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Doorward,
    /// With `sendfile` and `tcp_nopush`: its best for larger files.
    Nginx,
    /// With `sendfile off`: its best for small files.
    NginxCopy,
    Haproxy,
    Lighttpd,
    H2o,
    Caddy,
    /// The least a server can do: no server to use, but what bounds all of them.
    Ceiling,
}

impl Subject {
    pub const ALL: [Self; 8] = [
        Self::Doorward,
        Self::Nginx,
        Self::NginxCopy,
        Self::Haproxy,
        Self::Lighttpd,
        Self::H2o,
        Self::Caddy,
        Self::Ceiling,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Doorward => "doorward",
            Self::Nginx => "nginx",
            Self::NginxCopy => "nginx, sendfile off",
            Self::Haproxy => "haproxy",
            Self::Lighttpd => "lighttpd",
            Self::H2o => "h2o",
            Self::Caddy => "caddy",
            Self::Ceiling => "the ceiling",
        }
    }

    /// Whether it counts as nginx: the better of the two is what others are compared with.
    pub fn is_nginx(self) -> bool {
        matches!(self, Self::Nginx | Self::NginxCopy)
    }

    /// Whether it takes part when there is little time.
    pub fn is_quick(self) -> bool {
        matches!(self, Self::Doorward | Self::Nginx | Self::NginxCopy | Self::H2o | Self::Ceiling)
    }

    /// A port of its own, so that all can stand side by side.
    pub fn port(self) -> u16 {
        18_001 + self as u16
    }

    /// Writes its configuration; `None` where it cannot do what is asked.
    pub fn set_up(self, setup: Setup, place: &Place) -> anyhow::Result<Option<Launch>> {
        match self {
            Self::Doorward => doorward::set_up(setup, place).map(Some),
            Self::Nginx => nginx::set_up(setup, place, true).map(Some),
            // Above TLS, and where no file is sent, there is no sendfile.
            Self::NginxCopy if setup.tls || setup.forwards => Ok(None),
            Self::NginxCopy => nginx::set_up(setup, place, false).map(Some),
            Self::Haproxy => haproxy::set_up(setup, place),
            Self::Lighttpd => lighttpd::set_up(setup, place),
            Self::H2o => h2o::set_up(setup, place),
            Self::Caddy => caddy::set_up(setup, place),
            Self::Ceiling => ceiling::set_up(setup, place),
        }
    }

    /// The program, as it is found in `PATH`; nothing where it is brought along.
    fn program(self) -> Option<&'static str> {
        match self {
            Self::Doorward | Self::Ceiling => None,
            Self::Nginx | Self::NginxCopy => Some("nginx"),
            Self::Haproxy => Some("haproxy"),
            Self::Lighttpd => Some("lighttpd"),
            Self::H2o => Some("h2o"),
            Self::Caddy => Some("caddy"),
        }
    }

    pub fn is_installed(self) -> bool {
        self.program().is_none_or(is_in_path)
    }

    /// What it says of its version; nothing where it has none.
    pub fn version(self) -> Option<String> {
        let Some(program) = self.program() else { return (self == Self::Doorward).then(doorward::version) };
        let word = if self == Self::Caddy { "version" } else { "-v" };
        let Ok(output) = Command::new(program).arg(word).output() else { return Some("not installed".to_owned()) };
        let said = [output.stdout, output.stderr].concat();
        let line = String::from_utf8_lossy(&said).lines().next().unwrap_or_default().to_owned();
        Some(line.trim_start_matches("nginx version: ").split(" - ").next().unwrap_or_default().to_owned())
    }
}

fn is_in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Writes one file of a configuration and gives its path as text.
fn write(place: &Place, name: &str, text: &str) -> anyhow::Result<String> {
    let path = place.home.join(name);
    std::fs::create_dir_all(path.parent().unwrap_or(&place.home))?;
    std::fs::write(&path, text)?;
    Ok(text_of(&path))
}

fn text_of(path: &Path) -> String {
    path.display().to_string()
}
