//! What goes wrong with log files: requests are answered all the same, and files keep their shape.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::config::{document, site_with};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::log_file::{files, read_folder};
use crate::harness::peer::find;
use crate::harness::proc;
use crate::harness::{root_or_skip, wait_until};

const REQUESTS: usize = 300;

fn home(test: &str) -> Home {
    home_with(test, "")
}

fn home_with(test: &str, rest: &str) -> Home {
    let log = "<logFile directory=\"{WWW}/own/logs\" />";
    Home::of(test)
        .config(&document(&site_with(1, "shop", &["http/{NET}.2:{PORT}:"], log), rest))
        .file("shop/a.txt", "a")
        .file("own/logs/made", "")
}

/// Asks for a page so often, with long lines for the log; every answer must be 200.
fn ask_all(front: &Doorward, path: &str) {
    let mut connection = front.net.client(0).connect(front.net.at(2)).unwrap();
    let agent = "x".repeat(1000);
    for _ in 0..REQUESTS {
        connection.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: {agent}\r\n\r\n")).unwrap();
        assert_eq!(connection.receive().unwrap().status, 200);
    }
}

/// Messages about the log on standard error.
fn complaints(front: &Doorward) -> Vec<String> {
    let all = fs::read_to_string(front.path("run.err")).unwrap();
    all.lines().filter(|line| line.contains("log")).map(str::to_owned).collect()
}

/// Asks until a line is in the log again.
fn wait_line_again(front: &Doorward) {
    wait_until("a line after the trouble", || {
        assert_eq!(front.net.client(0).status(front.net.at(2), "/a.txt?again"), 200);
        let lines = read_folder(&front.path("www/own/logs/W3SVC1"));
        lines.iter().any(|line| line.field("cs-uri-query") == "again").then_some(())
    });
}

/// The one message about the log that there is, once it is there.
fn complaint(front: &Doorward) -> String {
    let all = wait_until("a message", || Some(complaints(front)).filter(|all| !all.is_empty()));
    assert_eq!(all.len(), 1, "{all:?}");
    all.concat()
}

/// A disk of 64 kB, gone with the test.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn at(path: PathBuf) -> SmallDisk {
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "doorward-test"]).arg(&path).status();
        assert!(mounted.unwrap().success());
        SmallDisk(path)
    }

    /// Changes whether it may be written to: `ro` or `rw`.
    fn remount(&self, mode: &str) {
        let mounted = Command::new("mount").args(["-o", &format!("remount,{mode}")]).arg(&self.0).status();
        assert!(mounted.unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_costs_lines_and_nothing_else() {
    if !root_or_skip("a_full_disk_costs_lines_and_nothing_else") {
        return;
    }
    let home = home("a_full_disk_costs_lines_and_nothing_else");
    let disk = SmallDisk::at(home.path("www/own/logs"));
    let front = home.start();
    ask_all(&front, "/a.txt");
    let dropped = wait_until("lost lines in the status", || {
        front.status()["logs"]["lines_dropped"].as_u64().filter(|lines| *lines > 0)
    });
    let folder = disk.0.join("W3SVC1");
    let kept = read_folder(&folder).len();
    assert!(kept < REQUESTS && dropped > 0, "{kept} kept, {dropped} lost");
    let told = complaint(&front);
    assert!(told.contains("W3SVC1"), "{told}");
    for file in files(&folder) {
        fs::remove_file(file).unwrap();
    }
    wait_line_again(&front);
    drop(front);
}

#[test]
fn a_folder_that_is_removed_comes_back() {
    let front = home("a_folder_that_is_removed_comes_back").start();
    let folder = front.path("www/own/logs/W3SVC1");
    ask_all(&front, "/a.txt");
    wait_until("all lines", || (read_folder(&folder).len() == REQUESTS).then_some(()));
    fs::remove_dir_all(front.path("www/own/logs")).unwrap();
    ask_all(&front, "/a.txt?again");
    wait_until("lines in a new folder", || (read_folder(&folder).len() == REQUESTS).then_some(()));
}

#[test]
fn a_disk_that_cannot_be_written_to_costs_lines_and_nothing_else() {
    if !root_or_skip("a_disk_that_cannot_be_written_to_costs_lines_and_nothing_else") {
        return;
    }
    let home = home("a_disk_that_cannot_be_written_to_costs_lines_and_nothing_else");
    let disk = SmallDisk::at(home.path("www/own/logs"));
    disk.remount("ro");
    let front = home.start();
    ask_all(&front, "/a.txt");
    let told = complaint(&front);
    assert!(told.contains("Read-only file system"), "{told}");
    disk.remount("rw");
    wait_line_again(&front);
    complaint(&front);
    drop(front);
}

/// Makes system calls of other processes fail, until it is dropped.
struct Saboteur(Child);

impl Saboteur {
    /// Every `call` of the thread fails with EIO; with `-f` as `how` those of its whole process.
    fn at(thread: u32, how: &[&str], call: &str) -> Saboteur {
        let mut command = Command::new(find("strace", "strace"));
        command.args(how).args(["-q", "-o", "/dev/null", "-p", &thread.to_string()]);
        command.args(["-e", &format!("trace={call}"), "-e", &format!("inject={call}:error=EIO")]);
        let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_until("strace at work", || (proc::tracer(thread) == u64::from(child.id())).then_some(()));
        Saboteur(child)
    }
}

impl Drop for Saboteur {
    fn drop(&mut self) {
        // Told to end it lets go of its threads; killed it might not.
        let _ended = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let _gone = self.0.wait();
    }
}

#[test]
fn writes_that_fail_cost_lines_and_nothing_else() {
    if !root_or_skip("writes_that_fail_cost_lines_and_nothing_else") {
        return;
    }
    let front = home("writes_that_fail_cost_lines_and_nothing_else").start();
    let folder = front.path("www/own/logs/W3SVC1");
    ask_all(&front, "/a.txt");
    wait_until("all lines", || (read_folder(&folder).len() == REQUESTS).then_some(()));
    let writers = proc::threads_named(front.pid(), "doorward-logs");
    let saboteur = Saboteur::at(writers[0], &[], "write");
    ask_all(&front, "/a.txt");
    wait_until("lost lines in the status", || (front.status()["logs"]["lines_dropped"] == REQUESTS).then_some(()));
    let told = complaint(&front);
    assert!(told.contains("Input/output error"), "{told}");
    drop(saboteur);
    wait_line_again(&front);
    assert!(fs::read(&files(&folder)[0]).unwrap().ends_with(b"\r\n"));
}

#[test]
fn an_old_file_that_cannot_be_put_away_stays() {
    if !root_or_skip("an_old_file_that_cannot_be_put_away_stays") {
        return;
    }
    let rest = "<location path=\"shop\"><doorward><logs compress=\"true\" /></doorward></location>";
    let home =
        home_with("an_old_file_that_cannot_be_put_away_stays", rest).file("own/logs/W3SVC1/u_ex200101.log", "old\r\n");
    let folder = home.path("www/own/logs/W3SVC1");
    let old = File::options().write(true).open(folder.join("u_ex200101.log")).unwrap();
    old.set_modified(SystemTime::now() - Duration::from_hours(24)).unwrap();
    let front = home.start();
    let saboteur = Saboteur::at(front.pid(), &["-f"], "fsync");
    ask_all(&front, "/a.txt");
    let told = complaint(&front);
    assert!(told.contains("cannot be compressed (Input/output error"), "{told}");
    let names = || files(&folder).iter().map(|file| file.file_name().unwrap().to_owned()).collect::<Vec<_>>();
    assert!(names().len() == 2 && names()[0] == "u_ex200101.log", "{:?}", names());
    drop(saboteur);
    front.cli(&["logs", "reopen"]).expect_ok();
    wait_until("the file to be put away", || {
        assert_eq!(front.net.client(0).status(front.net.at(2), "/a.txt"), 200);
        (names()[0] == "u_ex200101.log.gz").then_some(())
    });
    let lines = wait_until("all lines", || Some(read_folder_plain(&folder)).filter(|lines| *lines > REQUESTS));
    assert!(front.status()["logs"]["lines_dropped"] == 0, "{lines} lines");
}

/// Lines in the folder's plain files.
fn read_folder_plain(folder: &Path) -> usize {
    let plain = files(folder).into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "log"));
    plain.map(|file| fs::read_to_string(file).unwrap().lines().filter(|line| !line.starts_with('#')).count()).sum()
}

#[test]
fn a_reader_that_stalls_costs_lines_and_nothing_else() {
    let rest = "<location path=\"shop\"><doorward><logs format=\"JSON\" target=\"Stderr\" /></doorward></location>";
    let (front, mut pipe) = home_with("a_reader_that_stalls_costs_lines_and_nothing_else", rest).start_into_pipe();
    ask_all(&front, "/a.txt");
    // The control socket is served by the one who has no place left for a message.
    let dropped = wait_until("lost lines in the status", || {
        front.status()["logs"]["lines_dropped"].as_u64().filter(|lines| *lines > 0)
    });
    assert!(front.status()["logs"]["problems"][0].to_string().contains("its reader takes no lines"));
    let reading = thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        text
    });
    wait_until("lines again", || {
        assert_eq!(front.net.client(0).status(front.net.at(2), "/a.txt?again"), 200);
        (front.status()["logs"]["problems"][0]["active"] == false).then_some(())
    });
    front.cli(&["stop"]).expect_ok();
    drop(front);
    let text = reading.join().unwrap();
    assert!(!text.contains('\r'), "journald and others want plain line ends");
    let lines: Vec<_> = text.lines().filter(|line| line.contains("\"query\"")).collect();
    for line in &lines {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line:?}");
    }
    assert!(lines.iter().any(|line| line.contains("\"query\":\"again\"")));
    assert!(lines.len() < REQUESTS && dropped > 0, "{} lines, {dropped} lost", lines.len());
}

/// Asks until the server goes away; gives how many answers came. Each query tells client and number.
fn ask_until_the_end(front: &Doorward, client: u8) -> usize {
    let mut connection = front.net.client(client).connect(front.net.at(2)).unwrap();
    for number in 0.. {
        let request = format!("GET /a.txt?{client}-{number} HTTP/1.1\r\nHost: x\r\n\r\n");
        if connection.send(&request).is_err() || connection.receive().is_err() {
            return number;
        }
    }
    unreachable!("numbers do not end")
}

#[test]
fn killed_under_load_no_line_is_broken() {
    let mut front = home("killed_under_load_no_line_is_broken").start();
    let folder = front.path("www/own/logs/W3SVC1");
    let answered: Vec<usize> = thread::scope(|scope| {
        let front = &front;
        let asking: Vec<_> = (0..4).map(|client| scope.spawn(move || ask_until_the_end(front, client))).collect();
        wait_until("some lines", || (read_folder(&folder).len() > REQUESTS).then_some(()));
        front.signal(Signal::KILL);
        asking.into_iter().map(|client| client.join().unwrap()).collect()
    });
    // Killed by a signal, it has no exit code.
    assert_eq!(front.wait_exit(), None);
    assert!(fs::read(&files(&folder)[0]).unwrap().ends_with(b"\r\n"));
    let lines = read_folder(&folder);
    for (client, answered) in answered.into_iter().enumerate() {
        let mine = lines.iter().filter_map(|line| line.field("cs-uri-query").strip_prefix(&format!("{client}-")));
        let numbers: Vec<usize> = mine.map(|number| number.parse().unwrap()).collect();
        // What is lost was the last: no hole before it.
        assert_eq!(numbers, (0..numbers.len()).collect::<Vec<_>>());
        // One may be logged whose answer never arrived.
        assert!(numbers.len() <= answered + 1, "{} of {answered}", numbers.len());
        println!("client {client}: {} of {answered} answers are in the log", numbers.len());
    }
}

#[test]
fn the_next_start_takes_half_a_line_away() {
    let mut front = home("the_next_start_takes_half_a_line_away").start();
    let folder = front.path("www/own/logs/W3SVC1");
    ask_all(&front, "/a.txt");
    wait_until("all lines", || (read_folder(&folder).len() == REQUESTS).then_some(()));
    front.signal(Signal::KILL);
    front.wait_exit();
    let mut file = File::options().append(true).open(&files(&folder)[0]).unwrap();
    file.write_all(b"2026-01-01 00:00:00 127.0.0.1 GET /ha").unwrap();
    front.run_again();
    assert_eq!(front.net.client(0).status(front.net.at(2), "/a.txt"), 200);
    wait_until("a line more", || (read_folder(&folder).len() > REQUESTS).then_some(()));
    let text = fs::read_to_string(&files(&folder)[0]).unwrap();
    assert!(!text.contains("/ha") && text.matches("#Fields").count() == 2, "{}", &text[text.len() - 900..]);
}
