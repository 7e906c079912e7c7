//! README starts with two commands that do everything on a new machine, and CI runs the second of them.

use crate::tree::{Finding, Tree};

const RUN: &str = "./scripts/run";
const TEST: &str = "./scripts/test";
const README: &str = "README.md";

/// README's first two commands are the scripts, which exist, and `.ci/run` calls the second word for word.
pub fn readme_and_ci(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let scripts = [RUN, TEST].map(|command| command.trim_start_matches("./"));
    let missing = scripts.iter().filter(|path| !tree.has(path));
    findings.extend(missing.map(|path| Finding::new(path, 1, "is missing: README's first commands need it")));
    if !tree.text(".ci/run").is_some_and(|text| text.lines().any(|line| line == TEST)) {
        findings.push(Finding::new(".ci/run", 1, format!("must hold the line `{TEST}`, as README says it")));
    }
    let commands = tree.text(README).map(first_commands).unwrap_or_default();
    for (index, expected) in [RUN, TEST].into_iter().enumerate() {
        let (line, command) = commands.get(index).copied().unwrap_or((1, ""));
        if command != expected {
            findings.push(Finding::new(README, line, format!("command {} must be `{expected}`", index + 1)));
        }
    }
    findings
}

/// The first two lines of fenced blocks, without comments.
fn first_commands(text: &str) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let in_blocks = text.lines().enumerate().filter(|(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        fenced && !is_fence
    });
    let commands = in_blocks.map(|(index, line)| (index + 1, line.split(" #").next().unwrap_or(line).trim()));
    commands.filter(|(_, c)| !c.is_empty() && !c.starts_with('#')).take(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check_sample;

    fn check(readme: &str, ci: &str, expected: &[&str]) {
        let files = [(README, readme), (".ci/run", ci), ("scripts/run", ""), ("scripts/test", "")];
        check_sample(readme_and_ci, &files, expected);
    }

    #[test]
    fn other_first_commands_are_found() {
        let good = "# D\n```sh\n./scripts/run   # serves\n```\nText\n```sh\n./scripts/test\n```\n";
        check(good, "#!/bin/sh\n./scripts/test\n", &[]);
        check(good, "./scripts/test --quick\n", &[".ci/run:1"]);
        check("```\ncargo run\n./scripts/test\n```\n", "./scripts/test\n", &["README.md:2"]);
        check("# D\n", "./scripts/test\n", &["README.md:1", "README.md:1"]);
    }
}
