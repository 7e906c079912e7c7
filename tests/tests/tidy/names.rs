//! What things may be called.

use crate::docs;
use crate::rust_text::RustFile;
use crate::tree::{Finding, Tree};

/// Parts of a name that say nothing.
const EMPTY: &[&str] = &["manager", "helper", "helpers", "util", "utils"];
/// Names that stand for a concept. A value may be called after the thing it holds: systemd's user manager is one.
const CONCEPTS: &[&str] = &["struct", "enum", "trait", "union", "type", "mod", "macro_rules"];
const DECLARES: &[&str] =
    &["struct", "enum", "trait", "union", "type", "fn", "mod", "const", "static", "let", "macro_rules"];

/// One declared name of a file.
struct Name<'a> {
    keyword: &'a str,
    text: &'a str,
    /// Counted from 1.
    line: usize,
}

/// No type, module or file is a Manager, Helper or Util; no accessor starts with `get_`.
pub fn banned(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.rust {
        let (_, stem) = file.path.trim_end_matches(".rs").rsplit_once('/').unwrap_or(("", &file.path));
        if empty_part(stem).is_some() {
            findings.push(Finding::new(&file.path, 1, "the file's name says nothing: name it after what it does"));
        }
        let names = declared(file);
        findings.extend(names.iter().filter_map(|n| Some(Finding::new(&file.path, n.line, objection(file, n)?))));
    }
    findings
}

fn objection(file: &RustFile, name: &Name) -> Option<String> {
    let is_accessor = name.keyword == "fn" && name.text.starts_with("get_") && !file.is_test(name.line - 1);
    let is_concept = CONCEPTS.contains(&name.keyword);
    match empty_part(name.text).filter(|_| is_concept) {
        Some(part) => Some(format!("`{}`: `{part}` says nothing, name it after what it is or does", name.text)),
        None if is_accessor => Some(format!("`{}`: an accessor is named after what it returns", name.text)),
        None => None,
    }
}

fn empty_part(name: &str) -> Option<&'static str> {
    let parts = parts(name);
    EMPTY.iter().find(|e| parts.iter().any(|p| p == *e)).copied()
}

/// No name uses a word the lexicon has another one for.
pub fn lexicon(tree: &Tree) -> Vec<Finding> {
    let replaced = docs::words_not_used(tree);
    let in_file = |file: &RustFile| {
        let names = declared(file);
        let hits = names.iter().filter_map(|name| {
            let plain = parts(name.text).concat();
            let (word, instead) = replaced.iter().find(|(word, _)| plain.contains(word))?;
            let text = format!("`{}`: the lexicon says {instead}, not {word}", name.text);
            Some(Finding::new(&file.path, name.line, text))
        });
        hits.collect::<Vec<_>>()
    };
    tree.rust.iter().flat_map(in_file).collect()
}

fn declared(file: &RustFile) -> Vec<Name<'_>> {
    let mut names = Vec::new();
    for (index, code) in file.code.iter().enumerate() {
        let words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
        let words: Vec<&str> = words.filter(|word| !matches!(*word, "" | "mut")).collect();
        let pairs = words.windows(2).filter(|pair| DECLARES.contains(&pair[0]));
        names.extend(pairs.map(|pair| Name { keyword: pair[0], text: pair[1], line: index + 1 }));
    }
    names
}

/// `SiteLog2` and `site_log2` are both `site`, `log2`.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut after_capital = true;
    for c in name.chars() {
        let starts = c == '_' || (c.is_uppercase() && !after_capital);
        if starts && parts.last().is_some_and(|p| !p.is_empty()) {
            parts.push(String::new());
        }
        if let Some(last) = parts.last_mut().filter(|_| c != '_') {
            last.extend(c.to_lowercase());
        }
        after_capital = c.is_uppercase();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check_sample;

    fn check(text: &str, expected: &[&str]) {
        check_sample(banned, &[("src/a.rs", text)], expected);
    }

    #[test]
    fn a_name_that_says_nothing_is_found() {
        check("struct SiteManager;", &["src/a.rs:1"]);
        check("mod path_util;", &["src/a.rs:1"]);
        check("use hyper_util::rt;\nstruct Utility;\nfn user_manager() {}", &[]);
        check_sample(banned, &[("src/string_utils.rs", "")], &["src/string_utils.rs:1"]);
    }

    #[test]
    fn a_get_is_found() {
        check("impl A {\n    pub fn get_name(&self) {}\n}", &["src/a.rs:2"]);
        check("fn get() {}\n#[cfg(test)]\nmod t { fn get_of_a_missing_file_is_404() {} }", &[]);
    }

    #[test]
    fn a_word_with_a_better_one_is_found() {
        let lexicon_text = "| not this | but this |\n|---|---|\n| vhost | site |\n";
        let files = [("docs/lexicon.md", lexicon_text), ("src/a.rs", "struct VHostTable;\nfn site() {}\n")];
        check_sample(lexicon, &files, &["src/a.rs:1"]);
    }

    #[test]
    fn names_come_apart() {
        assert_eq!(parts("SiteLog2"), ["site", "log2"]);
        assert_eq!(parts("_site_log_ms"), ["site", "log", "ms"]);
        assert_eq!(parts("HTTPError"), ["httperror"]);
    }
}
