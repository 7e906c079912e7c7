//! Clippy reads only the nearest clippy.toml, so a crate's stricter one has to repeat the common one.

use crate::tree::{Finding, Tree};

/// The crates whose clippy.toml bans what they must not know.
const STRICTER: &[&str] = &["config", "doors", "limiter", "logs", "plan", "wire"];

/// Each stricter file exists and holds every line of the common one.
pub fn repeat(tree: &Tree) -> Vec<Finding> {
    let common = tree.text("clippy.toml").unwrap_or_default();
    let mut findings = Vec::new();
    for name in STRICTER {
        let path = format!("crates/{name}/clippy.toml");
        let Some(text) = tree.text(&path) else {
            findings.push(Finding::new(&path, 1, "is missing: this crate has bans of its own"));
            continue;
        };
        let lines = common.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        let missing = lines.filter(|line| !text.lines().any(|own| own == *line));
        findings.extend(missing.map(|line| Finding::new(&path, 1, format!("lacks a line of clippy.toml: {line}"))));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_does_not_repeat_is_found() {
        let paths: Vec<String> = STRICTER.iter().map(|name| format!("crates/{name}/clippy.toml")).collect();
        let mut files: Vec<(&str, &str)> = paths.iter().map(|p| (p.as_str(), "a = 1\nb = [\n]\nc = 2\n")).collect();
        files.push(("clippy.toml", "# Why.\na = 1\nb = [\n]\n"));
        assert_eq!(repeat(&Tree::of(&files)), []);
        files[0].1 = "b = [\n]\n";
        assert_eq!(repeat(&Tree::of(&files)).len(), 1);
        files.remove(0);
        assert_eq!(repeat(&Tree::of(&files)).len(), 1);
    }
}
