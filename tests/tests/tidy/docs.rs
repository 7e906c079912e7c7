//! The documents tell the truth about files, and the lexicon has one meaning for a word.

use std::path::Path;

use crate::tree::{File, Finding, Tree};

const LEXICON: &str = "docs/lexicon.md";
/// Folders a document may mean by a path, also before the first file lies in them.
const FOLDERS: &[&str] =
    &["crates", "tests", "scripts", "docs", "fuzz", "benches", "bench-e2e", "interleavings", "packaging", ".ci"];
/// Signs that make a code span a pattern, a command or a value rather than a path.
const NO_PATH: &[char] =
    &[' ', '<', '>', '*', '{', '}', '$', '~', '…', '|', '"', '\'', '(', ')', '=', ',', '@', '%', '\\'];

/// Every path in a code span of a document exists.
pub fn paths(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in documents(tree) {
        for (line, text) in prose(&file.text) {
            let spans = text.split('`').skip(1).step_by(2);
            let missing = spans.filter_map(as_path).filter(|path| !exists(tree, &file.path, path));
            findings.extend(missing.map(|path| {
                Finding::new(&file.path, line, format!("`{path}` does not exist: correct the path or take it out"))
            }));
        }
    }
    findings
}

/// Every relative link of a document leads to a file.
pub fn links(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in documents(tree) {
        for (line, text) in prose(&file.text) {
            let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#', ' ']).next());
            let relative = targets.filter(|t| !t.is_empty() && !t.contains(':'));
            let missing = relative.filter(|t| !tree.has(&joined(&file.path, t)));
            findings
                .extend(missing.map(|t| Finding::new(&file.path, line, format!("the link to `{t}` leads nowhere"))));
        }
    }
    findings
}

/// The lexicon explains each word once.
pub fn lexicon_words_once(tree: &Tree) -> Vec<Finding> {
    let text = tree.text(LEXICON).unwrap_or_default();
    let mut seen: Vec<&str> = Vec::new();
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some((word, _)) = line.strip_prefix("| **").and_then(|rest| rest.split_once("**")) else { continue };
        if seen.contains(&word) {
            findings.push(Finding::new(LEXICON, index + 1, format!("`{word}` is explained twice: keep one meaning")));
        }
        seen.push(word);
    }
    findings
}

/// The words the lexicon refuses, each with the one to use: the table headed `not this`.
pub fn words_not_used(tree: &Tree) -> Vec<(&str, &str)> {
    let text = tree.text(LEXICON).unwrap_or_default();
    let rows = text.lines().skip_while(|line| !line.starts_with("| not this")).skip(2);
    let cells = rows.map_while(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    cells.map(|(word, instead)| (word.trim(), instead.trim())).collect()
}

fn documents(tree: &Tree) -> impl Iterator<Item = &File> {
    let is_root = |path: &str| !path.contains('/');
    tree.files.iter().filter(move |f| ends_in(&f.path, "md") && (is_root(&f.path) || f.path.starts_with("docs/")))
}

/// The lines outside fenced blocks, numbered from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        (!fenced && !is_fence).then_some((index + 1, line))
    })
}

/// The path a code span means, without `./`, a line number and a closing `/`; nothing if it is no path of this tree.
fn as_path(span: &str) -> Option<&str> {
    let span = span.strip_prefix("./").unwrap_or(span);
    let span = span.split_once(':').map_or(span, |(path, _)| path).trim_end_matches('/');
    let first = span.split('/').next()?;
    let is_ours = span.contains('/') && FOLDERS.contains(&first);
    let is_file = [".rs", ".md"].iter().any(|e| span.ends_with(e) && span.len() > e.len());
    ((is_ours || is_file) && !span.contains(NO_PATH) && !span.starts_with('/')).then_some(span)
}

fn exists(tree: &Tree, document: &str, path: &str) -> bool {
    // `server/pipeline.rs` is how prose names crates/server/src/pipeline.rs.
    let in_crate = path.split_once('/').map(|(name, rest)| format!("crates/{name}/src/{rest}"));
    let is_in_crate = in_crate.is_some_and(|p| tree.has(&p));
    is_in_crate || tree.has(path) || tree.has(&joined(document, path)) || (ends_in(path, "rs") && tree.has_suffix(path))
}

fn ends_in(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|e| e == extension)
}

/// A relative path as seen from a document's folder.
fn joined(document: &str, path: &str) -> String {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in path.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check_sample;

    fn check(rule: fn(&Tree) -> Vec<Finding>, text: &str, expected: &[&str]) {
        let files = [("README.md", text), ("crates/a/src/b.rs", ""), ("docs/c.md", "")];
        check_sample(rule, &files, expected);
    }

    #[test]
    fn a_path_that_does_not_exist_is_found() {
        check(paths, "`crates/a/src/b.rs`, `crates/a/`, `a/b.rs`, `b.rs:12`, `docs/c.md`", &[]);
        check(paths, "x\n`crates/z`\n", &["README.md:2"]);
        check(paths, "`z.rs` and `./scripts/z`", &["README.md:1", "README.md:1"]);
        check(paths, "`web.config`, `logs/W3SVC1`, `cargo run`, `docs/*.md`\n```\n`crates/z`\n```\n", &[]);
    }

    #[test]
    fn a_link_to_nowhere_is_found() {
        check(links, "[c](docs/c.md#top) [d](https://example.org/d.md) [e](#e)", &[]);
        check(links, "[d](docs/d.md)", &["README.md:1"]);
        check_sample(links, &[("docs/a.md", "[r](../README.md)"), ("README.md", "")], &[]);
    }

    #[test]
    fn a_word_explained_twice_is_found() {
        let text = "| **site** | a |\n| **peer** | b |\n| **site** | c |\n";
        check_sample(lexicon_words_once, &[(LEXICON, text)], &["docs/lexicon.md:3"]);
    }

    #[test]
    fn refused_words_are_read_from_their_table() {
        let text = "| **a** | b |\n\n| not this | but this |\n|---|---|\n| vhost | site |\n\nEnd.\n";
        assert_eq!(words_not_used(&Tree::of(&[(LEXICON, text)])), [("vhost", "site")]);
    }
}
