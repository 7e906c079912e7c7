//! A wall clock of the test's own for the server, by libfaketime. The clock that only goes forward is left alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::doorward::Doorward;
use super::home::Home;

/// What the server takes for the wall clock's time.
pub struct WallClock {
    file: PathBuf,
}

impl WallClock {
    /// Shifts the clock (`+1d`, `-3600s`), or stops it at a moment in seconds since 1970.
    pub fn set(&self, text: &str) {
        let new = self.file.with_extension("new");
        fs::write(&new, text).unwrap();
        fs::rename(&new, &self.file).unwrap();
    }
}

impl Home {
    /// Runs it with a wall clock that says `text` (see [`WallClock::set`]) in a time zone (`TZ`).
    pub fn start_with_clock(self, text: &str, zone: &str) -> (Doorward, WallClock) {
        let clock = WallClock { file: self.path("clock") };
        clock.set(text);
        let mut command = self.command();
        // libfaketime parses the file anew for every caller into variables that all threads share: two that look at the
        // same moment can get the real time. One serving thread looks alone.
        command
            .args(["run", "--threads", "1"])
            .env("LD_PRELOAD", library())
            .env("FAKETIME_TIMESTAMP_FILE", &clock.file)
            .env("TZ", zone);
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_FMT", "%s");
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
        (self.start_as(command), clock)
    }
}

/// Where libfaketime is.
pub fn library() -> String {
    ["x86_64", "aarch64"]
        .map(|machine| format!("/usr/lib/{machine}-linux-gnu/faketime/libfaketime.so.1"))
        .into_iter()
        .find(|path| Path::new(path).exists())
        .expect("libfaketime is missing; install it: apt-get install -y --no-install-recommends faketime")
}

/// Seconds since 1970 of a moment (`2026-10-25T00:59:59Z`).
pub fn epoch(moment: &str) -> String {
    let told = Command::new("date").args(["-u", "-d", moment, "+%s"]).output().unwrap();
    String::from_utf8(told.stdout).unwrap().trim().to_owned()
}

#[test]
fn moments_are_numbers() {
    assert_eq!([epoch("1970-01-01T00:00:09Z"), epoch("2026-10-25T00:59:59Z")], ["9", "1792889999"]);
}
