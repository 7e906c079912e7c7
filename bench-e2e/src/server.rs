//! A running server: started, measured by its processes, ended.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::setup::Launch;

/// How long a server may take to answer.
const START: Duration = Duration::from_secs(20);
/// Ticks of the kernel's coarse clock in a second (`USER_HZ`).
const TICKS: f64 = 100.0;

/// A server and its worker processes.
#[derive(Debug)]
pub struct Server {
    child: Child,
    launch: Launch,
    /// Another one that shares the clients.
    beside: Option<Box<Server>>,
    pub addresses: Vec<SocketAddr>,
}

impl Server {
    /// Starts it on these cores and waits until it answers.
    pub fn start(launch: Launch, addresses: Vec<SocketAddr>, cores: &str) -> anyhow::Result<Self> {
        let output = || std::fs::File::create(Path::new("/dev/null"));
        // Ended with this program, however that ends.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "TERM", "taskset", "-c", cores])
            .args(&launch.command)
            .envs(launch.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(output()?).stderr(Stdio::piped());
        let child = command.spawn().with_context(|| format!("starting {}", launch.command.join(" ")))?;
        let mut server = Self { child, launch, beside: None, addresses };
        server.wait()?;
        Ok(server)
    }

    /// Both as if they were one.
    pub fn and(mut self, other: Self) -> Self {
        self.addresses.extend(&other.addresses);
        self.beside = Some(Box::new(other));
        self
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        for address in self.addresses.clone() {
            while TcpStream::connect(address).is_err() {
                if self.child.try_wait()?.is_some() || begun.elapsed() > START {
                    let _gone = self.child.kill();
                    let said = self.child.stderr.take().map(std::io::read_to_string).transpose()?.unwrap_or_default();
                    bail!("{} does not answer at {address}: {said}", self.launch.command.join(" "));
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        Ok(())
    }

    /// Makes it read its configuration again.
    pub fn reload(&self) -> anyhow::Result<()> {
        let Some((program, words)) = self.launch.reload.split_first() else { return Ok(()) };
        let status = Command::new(program).args(words).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        if !status.success() {
            bail!("{} failed", self.launch.reload.join(" "));
        }
        self.beside.as_ref().map_or(Ok(()), |beside| beside.reload())
    }

    /// CPU time of all its processes so far, in microseconds: exact for threads that live, in ticks for processes that
    /// ended.
    pub fn cpu_us(&self) -> f64 {
        let own: f64 = self.processes().into_iter().map(|process| living_us(process) + ended_us(process)).sum();
        own + self.beside.as_ref().map_or(0.0, |beside| beside.cpu_us())
    }

    /// Resident memory of all its processes.
    pub fn memory_kib(&self) -> u64 {
        let own: u64 = self.processes().into_iter().filter_map(resident_kib).sum();
        own + self.beside.as_ref().map_or(0, |beside| beside.memory_kib())
    }

    fn processes(&self) -> Vec<u32> {
        let parents: Vec<(u32, u32)> =
            every_process().filter_map(|process| Some((process, parent(process)?))).collect();
        let mut found = vec![self.child.id()];
        let mut next = 0;
        while let Some(own) = found.get(next).copied() {
            found.extend(parents.iter().filter(|(_, parent)| *parent == own).map(|(process, _)| *process));
            next += 1;
        }
        found
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let processes = self.processes();
        let _gone = Command::new("kill").args(processes.iter().map(u32::to_string)).stderr(Stdio::null()).status();
        let begun = Instant::now();
        while let Ok(None) = self.child.try_wait() {
            if begun.elapsed() > Duration::from_secs(3) {
                let words = processes.iter().map(u32::to_string);
                let _gone = Command::new("kill").arg("-9").args(words).stderr(Stdio::null()).status();
                let _ended = self.child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// CPU time of this program so far, in microseconds.
pub fn own_cpu_us() -> f64 {
    living_us(std::process::id())
}

fn every_process() -> impl Iterator<Item = u32> {
    let folders = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    folders.filter_map(|folder| folder.file_name().to_str()?.parse().ok())
}

/// Field `number` of `/proc/PID/stat`, counted from 1 as in proc(5).
fn stat(process: u32, number: usize) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name may have spaces; the third field follows it.
    let (_, rest) = text.rsplit_once(") ")?;
    rest.split(' ').nth(number - 3)?.parse().ok()
}

fn parent(process: u32) -> Option<u32> {
    stat(process, 4)?.try_into().ok()
}

/// What the process's children used that it has waited for.
fn ended_us(process: u32) -> f64 {
    let ticks = stat(process, 16).unwrap_or(0) + stat(process, 17).unwrap_or(0);
    ticks as f64 * 1e6 / TICKS
}

fn living_us(process: u32) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let used = tasks.filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    used.sum::<f64>() / 1000.0
}

fn resident_kib(process: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok())
}
