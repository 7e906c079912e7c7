//! Every library has its reason beside it, and every crate takes the lints of the workspace.

use crate::manifest::{Dependency, Manifest};
use crate::tree::{Finding, Tree};

/// A line that brings a library in says why, in a comment at its end; `workspace = true` needs no second one.
pub fn dependencies(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.manifests().map(Manifest::read);
    let in_manifest = |manifest: Manifest<'_>| {
        let bare = manifest.dependencies.iter().filter(|d| brings_in(d) && !d.value.contains(" # "));
        bare.map(|d| {
            Finding::new(manifest.path, d.line, format!("`{}` without a reason: end the line in `# why`", d.name))
        })
        .collect::<Vec<_>>()
    };
    manifests.flat_map(in_manifest).collect()
}

fn brings_in(dependency: &Dependency) -> bool {
    let value = dependency.value;
    !(value.contains("path =") || value == "true" || value.starts_with("true ") || value.contains("workspace = true"))
}

/// Each package has `[lints] workspace = true`.
pub fn lints(tree: &Tree) -> Vec<Finding> {
    let packages = tree.manifests().filter(|f| f.text.contains("[package]"));
    let lacking = packages.filter(|f| !f.text.contains("[lints]\nworkspace = true"));
    lacking.map(|f| Finding::new(&f.path, 1, "takes no lints: add `[lints]` with `workspace = true`")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check_sample;

    fn check(rule: fn(&Tree) -> Vec<Finding>, text: &str, expected: &[&str]) {
        check_sample(rule, &[("Cargo.toml", text)], expected);
    }

    #[test]
    fn a_library_without_a_reason_is_found() {
        check(dependencies, "[workspace.dependencies]\na = \"1\" # because\nb = \"1\"\n", &["Cargo.toml:3"]);
        check(dependencies, "[dependencies]\na.workspace = true\nb = { path = \"../b\" }\n", &[]);
        check(dependencies, "[dependencies]\na = { workspace = true, features = [\"x\"] }\n", &[]);
    }

    #[test]
    fn a_package_without_lints_is_found() {
        check(lints, "[package]\nname = \"a\"\n", &["Cargo.toml:1"]);
        check(lints, "[package]\nname = \"a\"\n[lints]\nworkspace = true\n", &[]);
        check(lints, "[workspace]\n", &[]);
    }
}
