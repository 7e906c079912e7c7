//! Command lines and what comes of them, on files alone. Each case begins with the same installation: the fixture
//! `stock.config` as applicationHost.config. Set `DOORWARD_BLESS=1` to write down what came out; then read the difference.
//!
//! ```text
//! == name of the case
//! with drives/c/inetpub/wwwroot/web.config: <configuration/>      (a file that is there before, \n ends a line)
//! $ appcmd list site "Default Web Site"                           (quotes as in a Windows shell; `|` pipes)
//! SITE "Default Web Site" (id:1,bindings:http/*:80:,state:Started)
//! ! what went to standard error
//! exit 0
//! @ config/applicationHost.config                                 (lines that went and came, for each changed file)
//! - old line
//! + new line
//! ```
//!
//! A case is run as if a server were there: sites have a state. `== name (no server)` is run on files alone.

#![allow(clippy::disallowed_methods, reason = "tests lay out the files that are read")]
#![allow(clippy::unwrap_used, reason = "an installation that cannot be laid out is a failed test")]

mod cases;
mod pretend;

use std::path::{Path, PathBuf};

use cases::{Case, Command};
use doorward_config::Home;
use doorward_doors::{Files, HttpService, Installation, Outcome, appcmd, netsh};
use pretend::{Pretend, PretendService};

const STOCK: &str = include_str!("cases/stock.config");

#[test]
fn commands_do_what_iis_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    let mut wrong = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let found = cases::rewritten(&text, &mut run);
        if found == text {
            continue;
        }
        if std::env::var_os("DOORWARD_BLESS").is_some() {
            std::fs::write(&file, found).unwrap();
        } else {
            wrong.push(format!("{}\n{}", file.display(), cases::difference(&text, &found)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_section_is_named() {
    let mut place = Files::of(Home::under(Path::new("/nowhere")));
    let words = ["list", "config", "/section:?"].map(str::to_owned);
    let named = appcmd(&words, &mut String::new, &mut place);
    let configuration = place.configuration().unwrap();
    assert!(configuration.schema().sections().map(|section| section.path).eq(named.output.lines()));
    assert_eq!(named.exit_code, 0);
}

/// Runs the commands of a case and returns what each printed, and what changed on disk.
fn run(case: &Case) -> (Vec<String>, String) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::under(folder.path());
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("config/applicationHost.config", STOCK);
    std::fs::create_dir_all(folder.path().join("drives/c/inetpub/wwwroot")).unwrap();
    case.files.iter().for_each(|(name, text)| write(name, text));
    let before = cases::contents(folder.path());
    let mut files = Files::of(home.clone());
    let mut pretend = Pretend::of(Files::of(home.clone()));
    let place: &mut dyn Installation = if case.has_server { &mut pretend } else { &mut files };
    let mut service = PretendService::of(Pretend::of(Files::of(home)), case.has_server);
    let speaks_netsh = |command: &Command| command.pipe.iter().flatten().any(|word| word == "netsh");
    let printed: Vec<Outcome> = if case.commands.iter().any(speaks_netsh) {
        case.commands.iter().map(|command| of_service(command, &mut service)).collect()
    } else {
        case.commands.iter().map(|command| piped(command, place)).collect()
    };
    let printed = printed.iter().map(|outcome| shown(outcome, folder.path())).collect();
    (printed, cases::changes(&before, &cases::contents(folder.path())))
}

/// The outcome of a command where netsh is spoken.
fn of_service(command: &Command, place: &mut dyn HttpService) -> Outcome {
    match command.pipe.as_slice() {
        [words] if words[0] == "netsh" => netsh(&words[1..], place),
        _ => piped(command, place),
    }
}

/// The last outcome of commands that hand their output on.
fn piped(command: &Command, place: &mut dyn Installation) -> Outcome {
    let mut input = String::new();
    let mut last = Outcome::default();
    for words in &command.pipe {
        let (program, words) = words.split_first().unwrap();
        assert_eq!(program, "appcmd", "no such program");
        let home = place.home().run.parent().unwrap().display().to_string();
        let words: Vec<String> = words.iter().map(|word| word.replace("HOME", &home)).collect();
        last = appcmd(&words, &mut || input.clone(), place);
        input.clone_from(&last.output);
    }
    last
}

fn shown(outcome: &Outcome, home: &Path) -> String {
    let errors: Vec<String> = outcome.errors.lines().map(|line| format!("! {line}\n")).collect();
    let text = format!("{}{}exit {}\n", outcome.output, errors.concat(), outcome.exit_code);
    text.replace(&home.display().to_string(), "HOME")
}
