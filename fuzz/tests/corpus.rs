//! Every input that was found worth keeping, through its target.

#![cfg(test)]

use std::collections::BTreeSet;
use std::path::Path;

use doorward_fuzz::TARGETS;

/// Runs a target over its corpus.
fn check(name: &str) {
    let target = doorward_fuzz::target(name).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no input", folder.display());
    for file in files {
        let input = std::fs::read(&file).unwrap();
        let told = std::panic::catch_unwind(|| target(&input));
        assert!(told.is_ok(), "{} breaks a promise", file.display());
    }
}

#[test]
fn appcmd_line() {
    check("appcmd_line");
}

#[test]
fn chunk_stream() {
    check("chunk_stream");
}

#[test]
fn document() {
    check("document");
}

#[test]
fn edit_sequence() {
    check("edit_sequence");
}

#[test]
fn log_line() {
    check("log_line");
}

#[test]
fn netsh_line() {
    check("netsh_line");
}

#[test]
fn pipeline() {
    check("pipeline");
}

#[test]
fn request_head() {
    check("request_head");
}

#[test]
fn response_head() {
    check("response_head");
}

#[test]
fn every_corpus_has_its_target_and_every_target_its_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let folders = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let targets = TARGETS.iter().map(|(name, _)| (*name).to_owned());
    assert_eq!(folders.collect::<BTreeSet<_>>(), targets.collect::<BTreeSet<_>>());
}
