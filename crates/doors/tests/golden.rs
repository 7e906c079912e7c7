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

/// The command lines of the IIS reference (§10), by number. B23 and the like may be several lines.
const VECTORS: &str = "A1 A2 A3 A4 A5 A6 A7 A8 A9 A11 A12 A14 A15 A16 A17 A18 A19 A21 A23 A24 A25 A27 A28 A29 A30 \
    B1 B2 B3 B4 B6 B7 B9 B10 B11 B11a B12 B14 B15 B16 B17 B19 B20 B21 B23 B24 B25 B27 B28 B30 B31 B33 B34 B35 B36 B38 B40 B41 \
    C1 C3 C4 C5 C6 C7 C8 C10 C11 D1 D2 D3 D4 D5 D6 D7 D8 D9 D11 D12 D13 D14 D15 D17 D19";

#[test]
fn every_vector_of_the_reference_is_a_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let texts = ["appcmd_objects.txt", "appcmd_config.txt", "appcmd_kept.txt", "netsh.txt"];
    let texts = texts.map(|name| std::fs::read_to_string(folder.join(name)).unwrap());
    let heads = texts.iter().flat_map(|text| text.lines()).filter_map(|line| line.strip_prefix("== "));
    let named: Vec<&str> = heads.flat_map(str::split_whitespace).collect();
    let missing: Vec<&str> = VECTORS.split_whitespace().filter(|vector| !named.contains(vector)).collect();
    assert_eq!((missing, VECTORS.split_whitespace().count()), (vec![], 82));
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
