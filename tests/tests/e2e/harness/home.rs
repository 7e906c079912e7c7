//! One test's folder: configuration, content and logs, and the commands that act on it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::is_root;
use super::log_file::{self, LogLine};
use super::net::Net;

/// The user that the tests turn to when they run as root and want to be nobody in particular.
const NOBODY: u32 = 65_534;

/// What a finished command left.
#[derive(Debug)]
pub struct Done {
    /// Exit code; panics earlier when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Done {
    fn from(output: &Output, what: &str) -> Done {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let done =
            Done { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) };
        // 101 is a panic, 124 the time-out of 60 seconds, -1 a signal: never an answer.
        assert!(![101, 124, -1].contains(&done.code), "{what}: {done:?}");
        assert!(!done.err.contains("panicked at"), "{what}: {done:?}");
        done
    }

    /// Both outputs, for messages that may stand on either.
    pub fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    /// Panics unless the command succeeded; gives its output.
    pub fn expect_ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }
}

/// A temporary folder with a Doorward home (`home`) and content (`www`).
pub struct Home {
    /// The network of the test.
    pub net: Net,
    folder: TempDir,
    nobody: bool,
}

impl Home {
    /// An empty home for the test of this name.
    pub fn of(test: &str) -> Home {
        Home::on(Net::of(test))
    }

    /// An empty home whose placeholders speak of `net`.
    pub fn on(net: Net) -> Home {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home/config", "www"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        Home { net, folder, nobody: false }
    }

    /// From here on everything runs as an unprivileged user also where the test runs as root.
    pub fn unprivileged(mut self) -> Home {
        if is_root() {
            self.nobody = true;
            // By another process: a descriptor of ours that writes could be inherited by the child of another thread,
            // and the kernel runs no file that somebody may write.
            let copied = Command::new("cp").arg(binary()).arg(self.path("doorward")).status().unwrap();
            assert!(copied.success(), "cp {}", binary().display());
            own_all(self.folder.path());
        }
        self
    }

    /// Writes `config/applicationHost.config` with the placeholders filled.
    pub fn config(self, text: &str) -> Home {
        self.write_config(text);
        self
    }

    /// Writes `config/http.config`.
    pub fn http_config(self, text: &str) -> Home {
        self.write("home/config/http.config", self.fill(text));
        self
    }

    /// Writes one file of content, below `www`.
    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Home {
        self.write(&format!("www/{name}"), content);
        self
    }

    /// Makes a file of content that is all holes.
    pub fn sparse_file(self, name: &str, bytes: u64) -> Home {
        self.write(&format!("www/{name}"), "");
        File::options().write(true).open(self.path(&format!("www/{name}"))).unwrap().set_len(bytes).unwrap();
        self
    }

    /// Changes the configuration as an editor does that writes a new file and renames it.
    pub fn write_config(&self, text: &str) {
        self.write("home/config/new", self.fill(text));
        fs::rename(self.path("home/config/new"), self.config_file()).unwrap();
    }

    /// Changes the configuration in place.
    pub fn overwrite_config(&self, text: &str) {
        fs::write(self.config_file(), self.fill(text)).unwrap();
    }

    /// Where the sites are configured.
    pub fn config_file(&self) -> PathBuf {
        self.path("home/config/applicationHost.config")
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        if self.nobody {
            own_all(&path);
        }
    }

    /// A path in the test's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Replaces `{NET}`, `{PORT}`, `{PORT2}` and `{WWW}`.
    pub fn fill(&self, text: &str) -> String {
        text.replace("{NET}", &self.net.prefix())
            .replace("{PORT}", &self.net.port.to_string())
            .replace("{PORT2}", &self.net.port2.to_string())
            .replace("{WWW}", &self.path("www").to_string_lossy())
    }

    /// `doorward` with no arguments yet, as the right user, away from every other home of this machine.
    pub fn bare_command(&self) -> Command {
        let mut command = if self.nobody {
            let mut command = Command::new("setpriv");
            command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()]);
            command.arg(self.path("doorward"));
            command
        } else {
            Command::new(binary())
        };
        for variable in ["DOORWARD_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_DATA_HOME"] {
            command.env_remove(variable);
        }
        command.env("HOME", self.folder.path()).current_dir(self.folder.path());
        command
    }

    /// `doorward --home …` with no arguments yet.
    pub fn command(&self) -> Command {
        let mut command = self.bare_command();
        command.arg("--home").arg(self.path("home"));
        command
    }

    /// Runs `doorward --home … ARGUMENTS`, which must end by itself.
    pub fn cli(&self, arguments: &[&str]) -> Done {
        let mut command = self.command();
        command.args(arguments.iter().map(|argument| self.fill(argument)));
        finish(&command)
    }

    /// `status --json`.
    pub fn status(&self) -> Value {
        let text = self.cli(&["status", "--json"]).expect_ok();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("status --json: {error}: {text}"))
    }

    /// The row of one listener in `status`, if there is one.
    pub fn listener(&self, address: &str) -> Option<Value> {
        let (status, address) = (self.status(), self.fill(address));
        status["listeners"].as_array().unwrap().iter().find(|row| row["address"] == *address).cloned()
    }

    /// The state of one site in `status`.
    pub fn site_state(&self, name: &str) -> Option<String> {
        let status = self.status();
        let row = status["sites"].as_array().unwrap().iter().find(|row| row["name"] == *name).cloned();
        row.map(|row| row["state"].as_str().unwrap().to_owned())
    }

    /// The folder of one site's logs.
    pub fn log_folder(&self, site_id: u32) -> PathBuf {
        self.path(&format!("home/logs/W3SVC{site_id}"))
    }

    /// The W3C lines of a site so far.
    pub fn w3c_now(&self, site_id: u32) -> Vec<LogLine> {
        log_file::read_folder(&self.log_folder(site_id))
    }

    /// The W3C lines of a site, as soon as there are `count` of them; panics when there are more.
    pub fn w3c(&self, site_id: u32, count: usize) -> Vec<LogLine> {
        self.wait_lines(&format!("W3C lines of site {site_id}"), count, || self.w3c_now(site_id))
    }

    /// The HTTPERR lines so far.
    pub fn http_err_now(&self) -> Vec<LogLine> {
        log_file::read_folder(&self.path("home/logs/HTTPERR"))
    }

    /// The HTTPERR lines, as soon as there are `count` of them; panics when there are more.
    pub fn http_err(&self, count: usize) -> Vec<LogLine> {
        self.wait_lines("HTTPERR lines", count, || self.http_err_now())
    }

    fn wait_lines(&self, what: &str, count: usize, read: impl Fn() -> Vec<LogLine>) -> Vec<LogLine> {
        let mut seen = Vec::new();
        let lines = wait_until_or(&mut seen, count, &read).unwrap_or_else(|| {
            let texts: Vec<_> = seen.iter().map(LogLine::text).collect();
            panic!("waited in vain for {count} {what} in {}: {texts:#?}", self.folder.path().display())
        });
        assert_eq!(lines.len(), count, "too many {what}: {lines:#?}");
        lines
    }
}

/// Waits a shorter time than other events may take, so that the message can show what is there.
fn wait_until_or(seen: &mut Vec<LogLine>, count: usize, read: &impl Fn() -> Vec<LogLine>) -> Option<Vec<LogLine>> {
    let tries = 1000;
    for _ in 0..tries {
        *seen = read();
        if seen.len() >= count {
            return Some(std::mem::take(seen));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    None
}

/// Runs a command to its end, at most a minute.
pub fn finish(command: &Command) -> Done {
    let mut bounded = Command::new("timeout");
    bounded.args(["-k", "1", "60"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => bounded.env(name, value),
            None => bounded.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        bounded.current_dir(folder);
    }
    Done::from(&bounded.output().unwrap(), &format!("{command:?}"))
}

fn own_all(path: &Path) {
    let id = (Some(NOBODY), Some(NOBODY));
    std::os::unix::fs::lchown(path, id.0, id.1).unwrap();
    // Never through a link: it may lead to a file of the system's.
    if fs::symlink_metadata(path).unwrap().is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            own_all(&entry.unwrap().path());
        }
    }
}

/// The program under test: `DOORWARD_BIN`, else the debug build of this workspace, which is made when absent.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(path) = std::env::var_os("DOORWARD_BIN") {
            return PathBuf::from(path);
        }
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let path = workspace.join("target/debug/doorward");
        if !path.exists() {
            let built =
                Command::new("cargo").args(["build", "-p", "doorward"]).current_dir(workspace).status().unwrap();
            assert!(built.success(), "cargo build -p doorward failed");
        }
        path
    })
}
