//! The house rules as tests: who may know whom, how long things may be, which words are out, and that the documents
//! name only what exists. Each rule is a function from the tree to its findings; a finding says where and how to mend.

mod clippy_files;
mod docs;
mod edges;
mod first_commands;
mod manifest;
mod names;
mod reasons;
mod rust_text;
mod sizes;
mod tree;
mod unsafe_code;
mod words;

use tree::{Finding, Tree};

/// Runs one rule over the workspace and fails with everything it found.
fn check(rule: fn(&Tree) -> Vec<Finding>) {
    let findings: Vec<String> = rule(&Tree::of_workspace()).iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{} finding(s):\n{}\n", findings.len(), findings.join("\n"));
}

/// Runs one rule over a made-up tree and compares where it found something.
#[cfg(test)]
fn check_sample(rule: fn(&Tree) -> Vec<Finding>, files: &[(&str, &str)], expected: &[&str]) {
    let places: Vec<String> = rule(&Tree::of(files)).iter().map(|f| format!("{}:{}", f.path, f.line)).collect();
    assert_eq!(places, expected, "findings in {files:?}");
}

#[test]
fn crates_depend_as_drawn() {
    check(edges::as_drawn);
}

#[test]
fn crates_do_not_know_what_they_must_not() {
    check(edges::ignorance);
}

#[test]
fn functions_are_short() {
    check(sizes::functions);
}

#[test]
fn files_are_short() {
    check(sizes::files);
}

#[test]
fn code_is_flat() {
    check(sizes::indentation);
}

#[test]
fn nothing_panics_on_purpose() {
    check(words::panics);
}

#[test]
fn nothing_is_left_undone() {
    check(words::left_undone);
}

#[test]
fn no_test_is_switched_off() {
    check(words::hidden_skips);
}

#[test]
fn no_machine_is_named() {
    check(words::machines);
}

#[test]
fn features_stay_few() {
    check(words::features);
}

#[test]
fn names_are_plain() {
    check(names::banned);
}

#[test]
fn names_follow_the_lexicon() {
    check(names::lexicon);
}

#[test]
fn lexicon_has_each_word_once() {
    check(docs::lexicon_words_once);
}

#[test]
fn unsafe_is_where_it_is_listed() {
    check(unsafe_code::listed);
}

#[test]
fn pure_crates_forbid_unsafe() {
    check(unsafe_code::forbidden_in_pure_crates);
}

#[test]
fn documents_name_what_exists() {
    check(docs::paths);
}

#[test]
fn links_lead_somewhere() {
    check(docs::links);
}

#[test]
fn dependencies_have_reasons() {
    check(reasons::dependencies);
}

#[test]
fn crates_take_the_lints_of_the_workspace() {
    check(reasons::lints);
}

#[test]
fn stricter_clippy_files_repeat_the_common_one() {
    check(clippy_files::repeat);
}

#[test]
fn first_commands_are_the_scripts() {
    check(first_commands::readme_and_ci);
}
