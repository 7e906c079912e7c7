//! A save that is cut short: killed or failed at each of its system calls, and what a power cut may leave behind. The file
//! is the old one or the new one, and the next change goes through.

use std::fs;
use std::process::Command;

use crate::harness::config::{document, site};
use crate::harness::home::Home;
use crate::harness::net::Net;
use crate::harness::peer::find;

/// The system calls of a save: looking, reading, writing beside, making durable, putting in place.
const CALLS: &[&str] = &["openat", "read", "write", "fchmod", "fsync", "rename", "mkdir"];
/// What happens to one of them.
const FAULTS: &[&str] = &["signal=SIGKILL", "error=EIO", "error=ENOSPC"];
/// The change that is made.
const CHANGE: [&str; 5] = ["appcmd", "set", "site", "one", "/serverAutoStart:false"];

/// Makes the change while strace looks on, or meddles; whether it says that it is done.
fn change(home: &Home, strace: &[&str]) -> bool {
    let doorward = home.command();
    let mut command = Command::new(find("strace", "strace"));
    command.args(["-f", "-qq"]).args(strace).arg(doorward.get_program()).args(doorward.get_args()).args(CHANGE);
    for (name, value) in doorward.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    // One that is killed takes strace along.
    command.output().unwrap().status.success()
}

/// How often the change makes a call.
fn count(home: &Home, call: &str) -> usize {
    let trace = home.path("trace");
    let path = trace.display().to_string();
    let done = change(home, &["-o", &path, "-e", &format!("trace={call}")]);
    assert!(done, "{call}");
    fs::read_to_string(&trace).unwrap().lines().filter(|line| line.contains(&format!("{call}("))).count()
}

#[test]
fn a_save_that_is_cut_short_leaves_the_old_file_or_the_new() {
    let net = Net::of("a_save_that_is_cut_short_leaves_the_old_file_or_the_new");
    let home = Home::on(net).config(&document(&site(1, "one", &["http/{NET}.2:{PORT}:"]), ""));
    let old = fs::read_to_string(home.config_file()).unwrap();
    home.cli(&CHANGE).expect_ok();
    let new = fs::read_to_string(home.config_file()).unwrap();
    assert!(old != new && new.contains("serverAutoStart=\"false\""), "{new}");
    let (mut runs, mut kept, mut made) = (0, 0, 0);
    for call in CALLS {
        home.overwrite_config(&old);
        let times = count(&home, call);
        for (fault, time) in FAULTS.iter().flat_map(|fault| (1..=times).map(move |time| (fault, time))) {
            home.overwrite_config(&old);
            let done = change(&home, &["-o", "/dev/null", "-e", &format!("inject={call}:{fault}:when={time}")]);
            let found = fs::read_to_string(home.config_file()).unwrap();
            let at = || format!("{call} {fault} number {time}, done: {done}");
            assert!(found == old || found == new, "{}\n{found}", at());
            assert!(!done || found == new, "it says that it is done: {}", at());
            (runs, kept, made) = (runs + 1, kept + usize::from(found == old), made + usize::from(found == new));
            if found == old {
                // Whatever was left beside it, the next change goes through.
                home.cli(&CHANGE).expect_ok();
                assert_eq!(fs::read_to_string(home.config_file()).unwrap(), new, "after {}", at());
            }
        }
    }
    assert!(kept > 20 && made > 0, "of {runs} runs {kept} left the old file and {made} the new");
    println!("{runs} runs: {kept} left the old file, {made} the new");
    home.cli(&["check"]).expect_ok();
}

#[test]
fn what_a_power_cut_leaves_beside_the_file_is_not_looked_at() {
    let net = Net::of("what_a_power_cut_leaves_beside_the_file_is_not_looked_at");
    let home = Home::on(net).config(&document(&site(1, "one", &["http/{NET}.2:{PORT}:"]), ""));
    home.cli(&CHANGE).expect_ok();
    let (file, text) = (home.config_file(), fs::read_to_string(home.config_file()).unwrap());
    // What was not yet put in place may have any length, and zeros where its bytes had not reached the disk.
    let states: Vec<Vec<u8>> =
        vec![Vec::new(), text.as_bytes()[..text.len() / 2].to_vec(), vec![0; text.len()], text.as_bytes().to_vec()];
    for (number, left) in states.iter().enumerate() {
        let beside = file.with_file_name(format!(".applicationHost.config.1.{number}.new"));
        fs::write(&beside, left).unwrap();
        home.cli(&["check"]).expect_ok();
        home.cli(&["appcmd", "set", "site", "one", &format!("/limits.maxConnections:{}", number + 1)]).expect_ok();
        let found = fs::read_to_string(&file).unwrap();
        assert!(found.contains(&format!("maxConnections=\"{}\"", number + 1)), "{found}");
    }
}
