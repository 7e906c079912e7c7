//! Words that may not stand in committed files. They are spelled in pieces here, so that this file keeps its own rules.

use crate::rust_text::RustFile;
use crate::tree::{Finding, Tree};

const PANICS: &[(&str, &str)] = &[
    (concat!(".unw", "rap()"), "say what happens otherwise: `?`, `let … else`, or a default"),
    (concat!(".exp", "ect("), "return an error that names what and where"),
    (concat!("to", "do!"), "write it, or an issue"),
    (concat!("unimple", "mented!"), "write it, or refuse it with a clear error"),
];
const LEFT_UNDONE: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const MACHINES: &[&str] = &[concat!("/wo", "rk/"), concat!("/fa", "rm"), concat!("fa", "rm-"), concat!(".lib", "rary")];
/// More would mean more builds than anyone tests.
const FEATURES_MAX: usize = 10;

/// Code outside tests does not panic on purpose.
pub fn panics(tree: &Tree) -> Vec<Finding> {
    let in_file = |file: &RustFile| {
        let hits = file.lines_outside_tests().flat_map(|(line, code)| {
            let words = PANICS.iter().filter(move |(word, _)| is_called(code, word));
            words.map(move |(word, hint)| (line, format!("`{word}` outside tests: {hint}")))
        });
        hits.map(|(line, text)| Finding::new(&file.path, line, text)).collect::<Vec<_>>()
    };
    tree.rust.iter().flat_map(in_file).collect()
}

/// A method stands right behind a name, a macro by itself.
fn is_called(code: &str, word: &str) -> bool {
    if word.starts_with('.') { code.contains(word) } else { contains_word(code, word) }
}

/// No note to self stays on main.
pub fn left_undone(tree: &Tree) -> Vec<Finding> {
    found(tree, LEFT_UNDONE, is_code_or_script, "do it now, or write an issue and leave this out")
}

/// No test is switched off in silence: one that cannot run here prints `SKIP(reason): name`, and scripts/test counts it.
pub fn hidden_skips(tree: &Tree) -> Vec<Finding> {
    let in_file = |file: &RustFile| {
        let hits = file.code.iter().enumerate().filter(|(_, code)| code.contains("#[ignore"));
        let text = "a test switched off: run it, or print `SKIP(reason): name` and return where it cannot";
        hits.map(|(i, _)| Finding::new(&file.path, i + 1, text)).collect::<Vec<_>>()
    };
    tree.rust.iter().flat_map(in_file).collect()
}

/// No path or tool of one machine is named: the project has to work on any.
pub fn machines(tree: &Tree) -> Vec<Finding> {
    found(tree, MACHINES, |_| true, "belongs to one machine: take the place from a variable or a relative path")
}

/// The whole workspace has at most [`FEATURES_MAX`] places that depend on a feature.
pub fn features(tree: &Tree) -> Vec<Finding> {
    let marks = ["cfg(feature", "any(feature", "all(feature", "not(feature"];
    let in_file = |file: &RustFile| {
        let numbered = file.code.iter().enumerate();
        let hits = numbered.filter(|(_, code)| code.contains("cfg") && marks.iter().any(|m| code.contains(m)));
        let text = format!("more than {FEATURES_MAX} uses of `cfg(feature …)`: cut the feature at a module's edge");
        hits.map(|(i, _)| Finding::new(&file.path, i + 1, text.as_str())).collect::<Vec<_>>()
    };
    tree.rust.iter().flat_map(in_file).skip(FEATURES_MAX).collect()
}

fn found(tree: &Tree, words: &[&str], wanted: fn(&str) -> bool, hint: &str) -> Vec<Finding> {
    let broken = |(path, line, text): (&str, usize, &str)| {
        let word = words.iter().find(|w| contains_word(text, w))?;
        Some(Finding::new(path, line, format!("`{word}`: {hint}")))
    };
    tree.lines(wanted).filter_map(broken).collect()
}

fn is_code_or_script(path: &str) -> bool {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let ends = [".rs", ".toml", ".sh", ".py", ".md"].iter().any(|e| file.ends_with(e));
    ends || folder == "scripts" || folder == ".ci"
}

/// Whether the word stands there by itself: no name goes on before it, nor after it where it ends in a letter.
/// A path begins where it stands, so `../x`, `*/x` and `{root}/x` are other paths than `/x`.
pub fn contains_word(text: &str, word: &str) -> bool {
    let goes_on = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let is_path = word.starts_with('/');
    let ends_in_letter = goes_on(word.chars().next_back());
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + word.len()..].chars().next());
        let continues_name = goes_on(before) || before == Some('-');
        let continues_path = is_path && matches!(before, Some('.' | '}' | '*'));
        let ends = !(ends_in_letter && goes_on(after));
        !continues_name && !continues_path && ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check_sample;

    fn check(rule: fn(&Tree) -> Vec<Finding>, text: &str, expected: &[&str]) {
        check_sample(rule, &[("src/a.rs", text)], expected);
    }

    #[test]
    fn a_panic_is_found_outside_tests() {
        let call = PANICS[0].0;
        check(panics, &format!("fn a() {{ b{call}; }}"), &["src/a.rs:1"]);
        check(panics, &format!("// b{call}\nfn a() {{ c(\"d{call}\"); }}"), &[]);
        check(panics, &format!("#[cfg(test)]\nmod t {{ fn a() {{ b{call}; }} }}"), &[]);
        check(panics, &format!("fn a() {{\n    {}()\n}}", PANICS[2].0), &["src/a.rs:2"]);
        check(panics, "#[expect(dead_code)]\nfn a() { b.unwrap_or(1).expected(); }", &[]);
    }

    #[test]
    fn a_note_to_self_is_found() {
        check(left_undone, &format!("// {}: more", LEFT_UNDONE[0]), &["src/a.rs:1"]);
        check(left_undone, &format!("const {}S: u8 = 1;", LEFT_UNDONE[0]), &[]);
    }

    #[test]
    fn a_test_switched_off_is_found() {
        check(hidden_skips, "#[test]\n#[ignore = \"slow\"]\nfn a() {}", &["src/a.rs:2"]);
        check(hidden_skips, "// #[ignore]\nfn a() {}", &[]);
    }

    #[test]
    fn a_machine_is_found() {
        check(machines, &format!("// see {}main", MACHINES[0]), &["src/a.rs:1"]);
        check(machines, &format!("let a = \"{}/notes\";", MACHINES[1]), &["src/a.rs:1"]);
        check(machines, &format!("// run {}tool", MACHINES[2]), &["src/a.rs:1"]);
        check(
            machines,
            &format!("// srv{0}x, target{0}x, web-{1}1, self{2}", MACHINES[0], MACHINES[2], MACHINES[3]),
            &[],
        );
    }

    #[test]
    fn the_eleventh_feature_is_found() {
        check(features, &"#[cfg(feature = \"x\")]\n".repeat(10), &[]);
        check(features, &"#[cfg(feature = \"x\")]\n".repeat(11), &["src/a.rs:11"]);
    }
}
