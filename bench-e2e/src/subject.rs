//! Who is measured. Each is set up as its own documents advise for speed, with the same content, log columns and limits.

mod caddy;
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
}

impl Subject {
    pub const ALL: [Self; 7] =
        [Self::Doorward, Self::Nginx, Self::NginxCopy, Self::Haproxy, Self::Lighttpd, Self::H2o, Self::Caddy];

    pub fn name(self) -> &'static str {
        match self {
            Self::Doorward => "doorward",
            Self::Nginx => "nginx",
            Self::NginxCopy => "nginx, sendfile off",
            Self::Haproxy => "haproxy",
            Self::Lighttpd => "lighttpd",
            Self::H2o => "h2o",
            Self::Caddy => "caddy",
        }
    }

    /// Whether it counts as nginx: the better of the two is what others are compared with.
    pub fn is_nginx(self) -> bool {
        matches!(self, Self::Nginx | Self::NginxCopy)
    }

    /// Whether it takes part when there is little time.
    pub fn is_quick(self) -> bool {
        matches!(self, Self::Doorward | Self::Nginx | Self::NginxCopy | Self::H2o)
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
            // Above TLS there is no sendfile.
            Self::NginxCopy if setup.tls => Ok(None),
            Self::NginxCopy => nginx::set_up(setup, place, false).map(Some),
            Self::Haproxy => haproxy::set_up(setup, place),
            Self::Lighttpd => lighttpd::set_up(setup, place),
            Self::H2o => h2o::set_up(setup, place),
            Self::Caddy => caddy::set_up(setup, place),
        }
    }

    /// What it says of its version.
    pub fn version(self) -> String {
        let (program, word) = match self {
            Self::Doorward => return doorward::version(),
            Self::Nginx | Self::NginxCopy => ("nginx", "-v"),
            Self::Haproxy => ("haproxy", "-v"),
            Self::Lighttpd => ("lighttpd", "-v"),
            Self::H2o => ("h2o", "-v"),
            Self::Caddy => ("caddy", "version"),
        };
        let Ok(output) = Command::new(program).arg(word).output() else { return "not installed".to_owned() };
        let said = [output.stdout, output.stderr].concat();
        let line = String::from_utf8_lossy(&said).lines().next().unwrap_or_default().to_owned();
        line.trim_start_matches("nginx version: ").split(" - ").next().unwrap_or_default().to_owned()
    }
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
