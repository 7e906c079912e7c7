//! The control socket: a Unix socket that only its owner (and root) can reach.

use std::fs::{DirBuilder, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use rustix::fs::{Mode, OFlags, fstat};
use rustix::io::Errno;
use tokio::net::unix::SocketAddr;
use tokio::net::{UnixListener, UnixStream};

/// Longest path the kernel takes for a Unix socket, its NUL included.
const SOCKET_PATH_BYTES_MAX: usize = 108;

/// Why the control socket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ControlSocketError {
    /// The folder is missing and could not be made, or cannot be looked at.
    #[error("the folder of the control socket, {0}: {1}")]
    Folder(PathBuf, #[source] io::Error),
    /// Others could put a socket of theirs in its place.
    #[error("the folder of the control socket, {0}, must belong to user {1} alone (mode 0700): run chmod 700 {0}")]
    NotOurs(PathBuf, u32),
    /// The socket itself.
    #[error("the control socket {0}: {1}")]
    Socket(PathBuf, #[source] io::Error),
}

/// Opens the socket in a folder of our own. Call it before other threads run: it changes the umask for a moment.
pub fn open(path: &Path) -> Result<UnixListener, ControlSocketError> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    make_folder(folder).map_err(|error| ControlSocketError::Folder(folder.to_owned(), error))?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let handle = rustix::fs::open(folder, flags, Mode::empty())
        .map_err(|error| ControlSocketError::Folder(folder.to_owned(), error.into()))?;
    let status = fstat(&handle).map_err(|error| ControlSocketError::Folder(folder.to_owned(), error.into()))?;
    let own = rustix::process::geteuid().as_raw();
    if status.st_uid != own || status.st_mode & 0o077 != 0 {
        return Err(ControlSocketError::NotOurs(folder.to_owned(), own));
    }
    let socket = |error| ControlSocketError::Socket(path.to_owned(), error);
    remove_stale(path).map_err(socket)?;
    // Through the folder's descriptor: short enough whatever the path is, and nobody can swap the folder.
    let name = path.file_name().unwrap_or_default();
    let short = Path::new("/proc/self/fd").join(handle.as_raw_fd().to_string()).join(name);
    let before = rustix::process::umask(Mode::from_bits_truncate(0o077));
    let listener = UnixListener::bind(short);
    rustix::process::umask(before);
    let listener = listener.map_err(socket)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(socket)?;
    Ok(listener)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    if let Some(parent) = folder.parent() {
        DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// A socket left by a process that was killed; whoever holds the home's lock may remove it.
fn remove_stale(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path),
        Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, "something that is no socket is in its place")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// The path to connect to; a long one goes through the folder's descriptor, which the caller keeps until then.
pub fn connectable_path(path: &Path) -> io::Result<(PathBuf, Option<File>)> {
    if path.as_os_str().len() < SOCKET_PATH_BYTES_MAX {
        return Ok((path.to_owned(), None));
    }
    let folder = File::open(path.parent().unwrap_or(Path::new("/")))?;
    let name = path.file_name().unwrap_or_default();
    let short = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
    Ok((short, Some(folder)))
}

/// How long to wait after an accept failed for another cause than want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections of our own user and of root alone.
struct OwnerOnly {
    listener: UnixListener,
    /// A descriptor kept so that there is one to give up when they run out: the operator's connection takes
    /// its place, at the very moment when somebody has to look.
    reserve: Option<File>,
}

impl OwnerOnly {
    fn new(listener: UnixListener) -> Self {
        Self { listener, reserve: File::open("/dev/null").ok() }
    }

    /// Gives up the reserved descriptor, or waits where that does not help.
    async fn make_room(&mut self, error: &io::Error) {
        let exhausted = error
            .raw_os_error()
            .is_some_and(|code| [Errno::MFILE, Errno::NFILE].contains(&Errno::from_raw_os_error(code)));
        if !exhausted || self.reserve.take().is_none() {
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
    }
}

impl Listener for OwnerOnly {
    type Io = UnixStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    if self.reserve.is_none() {
                        self.reserve = File::open("/dev/null").ok();
                    }
                    if is_owner(&stream) {
                        return (stream, address);
                    }
                }
                Err(error) => self.make_room(&error).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

fn is_owner(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == own || peer.uid() == 0)
}

/// Serves the routes until `closing` is done; requests in progress are answered.
pub async fn serve(
    listener: UnixListener,
    router: Router,
    closing: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(OwnerOnly::new(listener), router).with_graceful_shutdown(closing).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(prepare: impl FnOnce(&Path), expected: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let _inside = runtime.enter();
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("run/control.sock");
        prepare(&path);
        let found = match open(&path) {
            Ok(_) => "open".to_owned(),
            Err(error) => error.to_string().replace(&home.path().display().to_string(), "HOME"),
        };
        assert!(found.starts_with(expected), "{found}");
        if expected == "open" {
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(path.parent().unwrap()), mode(&path)), (0o700, 0o600));
        }
    }

    #[test]
    fn only_in_a_folder_of_our_own() {
        check(|_| {}, "open");
        check(
            |path| {
                std::fs::create_dir(path.parent().unwrap()).unwrap();
                std::fs::set_permissions(path.parent().unwrap(), Permissions::from_mode(0o755)).unwrap();
            },
            "the folder of the control socket, HOME/run, must belong to user",
        );
        check(
            |path| {
                make_folder(path.parent().unwrap()).unwrap();
                drop(std::os::unix::net::UnixListener::bind(path).unwrap());
            },
            "open",
        );
        check(
            |path| {
                make_folder(path.parent().unwrap()).unwrap();
                std::fs::write(path, "not a socket").unwrap();
            },
            "the control socket HOME/run/control.sock: something that is no socket",
        );
        check(
            |path| std::os::unix::fs::symlink("/tmp", path.parent().unwrap()).unwrap(),
            "the folder of the control socket, HOME/run",
        );
    }
}
