//! A running Doorward.

use std::fs::{self, File};
use std::io::{PipeReader, Read as _, pipe};
use std::ops::Deref;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::home::Home;
use super::wait_until;

/// `doorward run` on one home; killed when dropped.
pub struct Doorward {
    home: Home,
    child: Child,
}

impl Deref for Doorward {
    type Target = Home;

    fn deref(&self) -> &Home {
        &self.home
    }
}

impl Home {
    /// Runs `doorward --home … run` and waits until it is ready.
    pub fn start(self) -> Doorward {
        let mut command = self.command();
        command.arg("run");
        self.start_as(command)
    }

    /// Runs it with both standard streams in one pipe, which is read until it is ready: what comes after stays in there.
    pub fn start_into_pipe(self) -> (Doorward, PipeReader) {
        let (mut reader, writer) = pipe().unwrap();
        for name in ["run.out", "run.err"] {
            File::create(self.path(name)).unwrap();
        }
        let mut command = self.command();
        command.arg("run").stdin(Stdio::null()).stdout(writer.try_clone().unwrap()).stderr(writer);
        let child = command.spawn().unwrap();
        // The command holds the writing ends, which would keep the pipe from ending.
        drop(command);
        let mut said = Vec::new();
        while !said.ends_with(b"Ready.\n") {
            let mut byte = [0];
            assert!(reader.read(&mut byte).unwrap() == 1, "doorward ended: {}", String::from_utf8_lossy(&said));
            said.push(byte[0]);
        }
        (Doorward { home: self, child }, reader)
    }

    /// Runs another form of `run` and waits until it is ready.
    pub fn start_as(self, mut command: Command) -> Doorward {
        let [out, err] = ["run.out", "run.err"].map(|name| File::create(self.path(name)).unwrap());
        let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn().unwrap();
        let mut doorward = Doorward { home: self, child };
        wait_until("the line Ready.", || {
            let ended = doorward.child.try_wait().unwrap();
            assert!(ended.is_none(), "doorward ended with {ended:?}:\n{}", doorward.printed());
            doorward.printed().lines().any(|line| line == "Ready.").then_some(())
        });
        doorward
    }
}

impl Doorward {
    /// Everything it printed so far, standard output first.
    pub fn printed(&self) -> String {
        ["run.out", "run.err"].map(|name| fs::read_to_string(self.path(name)).unwrap()).concat()
    }

    /// Waits until it printed `text`.
    pub fn wait_printed(&self, text: &str) {
        let text = self.fill(text);
        wait_until(&format!("{text:?} among what doorward prints"), || self.printed().contains(&text).then_some(()));
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Ends it as an operator does and runs it again on the same home.
    pub fn restart(&mut self) {
        self.cli(&["stop"]).expect_ok();
        self.run_again();
    }

    /// Waits until it has ended and runs it again on the same home.
    pub fn run_again(&mut self) {
        self.wait_exit();
        let mut command = self.command();
        let [out, err] = ["run.out", "run.err"].map(|name| File::create(self.path(name)).unwrap());
        self.child = command.arg("run").stdin(Stdio::null()).stdout(out).stderr(err).spawn().unwrap();
        self.wait_printed("Ready.");
    }

    /// Waits until it has ended by itself; gives its exit code.
    pub fn wait_exit(&mut self) -> Option<i32> {
        wait_until("doorward to exit", || self.child.try_wait().unwrap()).code()
    }
}

impl Drop for Doorward {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("doorward printed:\n{}", self.printed());
        }
        // Already ended is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
