//! Which installation a command means.

use std::path::{Path, PathBuf};

use doorward_config::{Home, LoadError};

/// The installation: `--home`, else the machine's own for root, else the user's.
/// The configuration may lie elsewhere (`redirection.config`).
pub(crate) fn home(chosen: Option<&Path>) -> Result<Home, LoadError> {
    let home = match chosen {
        Some(folder) => Home::under(&absolute(folder)),
        None if rustix::process::geteuid().is_root() => Home::system(),
        None => Home::user(|name| std::env::var_os(name).map(PathBuf::from)),
    };
    home.redirected()
}

/// The same path from wherever it is looked at later.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The control socket of an installation.
pub(crate) fn control_socket(home: &Home) -> PathBuf {
    home.run.join("control.sock")
}

/// How to call this command for the same installation again, for hints.
pub(crate) fn command(chosen: Option<&Path>) -> String {
    match chosen {
        Some(folder) => format!("doorward --home {}", folder.display()),
        None => "doorward".to_owned(),
    }
}
