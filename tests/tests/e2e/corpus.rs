//! Real configuration files of other people through `doorward check` (scenario 14). They are read where they are
//! and never copied; where they are absent the test says so.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::home::{Done, Home, finish};
use crate::harness::net::Net;

/// The folder of the corpus: `DOORWARD_SHARED`, else the folder `shared` beside the workspace.
fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("DOORWARD_SHARED").map_or_else(beside, PathBuf::from);
    Some(shared.join("corpus")).filter(|folder| folder.is_dir())
}

/// The names of the sites in a file, found without any parser of ours.
fn site_names(text: &str) -> Vec<&str> {
    let names = text.split("<site ").skip(1).filter_map(|element| element.split("name=\"").nth(1)?.split('"').next());
    names.collect()
}

fn check_file(home: &Home, file: &Path) -> Done {
    let mut command = home.command();
    command.args(["check", "--config"]).arg(file);
    finish(&command)
}

#[test]
fn every_file_of_the_corpus_is_understood() {
    let Some(folder) = corpus() else {
        println!("SKIP(shared): every_file_of_the_corpus_is_understood");
        return;
    };
    let home = Home::on(Net::of("the_cli_says_what_it_cannot_do"));
    let mut sites = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "config") {
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        let done = check_file(&home, &file);
        let place = file.display();
        assert!(done.code <= 1, "{place}: {done:?}");
        assert!(!done.all().contains("Unrecognized"), "{place}: {}", done.all());
        for name in site_names(&text) {
            assert!(done.out.contains(name), "{place}: site {name:?} is not listed:\n{}", done.out);
            sites += 1;
        }
    }
    assert!(sites >= 4, "only {sites} sites in the whole corpus");
}

/// A file of our own with what the public ones show: see its comment.
const LIKE_REAL: &str = include_str!("cases/like_real.config");

#[test]
fn a_file_like_the_real_ones_is_understood() {
    let home = Home::on(Net::of("the_cli_says_what_it_cannot_do")).config(&LIKE_REAL.replace('\n', "\r\n"));
    let done = home.cli(&["check"]);
    assert_eq!(done.code, 0, "{done:?}");
    for name in site_names(LIKE_REAL) {
        assert!(done.out.contains(name), "site {name:?} is not listed:\n{}", done.out);
    }
    for part in ["net.tcp", "system.ftpServer", "rewrite", "warning"] {
        assert!(done.all().contains(part), "{part:?} is missing:\n{}", done.all());
    }
    assert!(!done.all().contains("error:"), "{}", done.all());
}
