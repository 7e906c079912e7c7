//! One server per home.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};

use doorward_config::Home;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// Held as long as the server runs; the kernel lets it go when the process ends, however it ends.
pub(crate) struct HomeLock(#[expect(dead_code, reason = "keeps the lock")] File);

/// Why the home could not be taken.
pub(crate) enum Taken {
    /// Another server has it; its process number, when it left one.
    By(Option<u32>),
    /// The lock file could not be made.
    Failed(io::Error),
}

/// Takes the home for this process.
pub(crate) fn take(home: &Home) -> Result<HomeLock, Taken> {
    open(home).map_err(Taken::Failed).and_then(|mut file| {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                write_pid(&mut file).map_err(Taken::Failed)?;
                Ok(HomeLock(file))
            }
            Err(Errno::WOULDBLOCK) => {
                let mut text = String::new();
                let _no_pid = file.read_to_string(&mut text);
                Err(Taken::By(text.trim().parse().ok()))
            }
            Err(error) => Err(Taken::Failed(error.into())),
        }
    })
}

fn open(home: &Home) -> io::Result<File> {
    if let Some(parent) = home.run.parent() {
        DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(&home.run) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Err(_) | Ok(()) => {}
    }
    let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    let path = home.run.join("doorward.lock");
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(flags).open(path)
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}
