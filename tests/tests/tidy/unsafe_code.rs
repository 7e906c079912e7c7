//! Where `unsafe` may stand, and why.

use crate::tree::{Finding, Tree};
use crate::words::contains_word;

/// The modules that may say `unsafe`, each with its reason. Empty is best.
const LISTED: &[(&str, &str)] = &[];
const PURE: &[&str] = &["config", "limiter", "logs", "plan", "wire"];

/// `unsafe` stands only in listed modules, and every listed module needs it.
pub fn listed(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.rust {
        let is_listed = LISTED.iter().any(|(path, _)| *path == file.path);
        let first = file.code.iter().position(|code| contains_word(code, "unsafe"));
        let text = match (first, is_listed) {
            (Some(_), false) => "`unsafe` here: use a safe call, or list the module with its reason in LISTED",
            (None, true) => "listed as unsafe without need: take it out of LISTED",
            (Some(_), true) | (None, false) => continue,
        };
        findings.push(Finding::new(&file.path, first.unwrap_or(0) + 1, text));
    }
    findings
}

/// The crates that only compute forbid `unsafe` themselves, so that no module can allow it again.
pub fn forbidden_in_pure_crates(tree: &Tree) -> Vec<Finding> {
    let roots = PURE.iter().map(|name| format!("crates/{name}/src/lib.rs"));
    let lacking = roots.filter(|path| tree.text(path).is_some_and(|text| !text.contains("#![forbid(unsafe_code)]")));
    lacking
        .map(|path| Finding::new(&path, 1, "a pure crate: write `#![forbid(unsafe_code)]` below its description"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check_sample;

    #[test]
    fn unsafe_outside_the_list_is_found() {
        check_sample(listed, &[("src/a.rs", "fn a() {\n    unsafe { b() }\n}")], &["src/a.rs:2"]);
        check_sample(listed, &[("src/a.rs", "#![deny(unsafe_code)] // unsafe\n")], &[]);
    }

    #[test]
    fn a_pure_crate_without_the_line_is_found() {
        let path = "crates/wire/src/lib.rs";
        check_sample(forbidden_in_pure_crates, &[(path, "//! Wire.\n")], &["crates/wire/src/lib.rs:1"]);
        check_sample(forbidden_in_pure_crates, &[(path, "//! Wire.\n#![forbid(unsafe_code)]\n")], &[]);
        check_sample(forbidden_in_pure_crates, &[("crates/server/src/lib.rs", "")], &[]);
    }
}
