//! A Cargo.toml read by hand, as far as the rules need: its package, its dependencies, its comments.

use crate::tree::File;

/// What a manifest says about its dependencies.
#[derive(Debug)]
pub struct Manifest<'a> {
    pub path: &'a str,
    /// Empty for the workspace's own manifest.
    pub package: &'a str,
    pub dependencies: Vec<Dependency<'a>>,
}

/// One line that names a library.
#[derive(Debug, PartialEq, Eq)]
pub struct Dependency<'a> {
    /// The package's name, also where the line renames it.
    pub name: &'a str,
    /// Counted from 1.
    pub line: usize,
    /// What stands right of the `=`, with the comment.
    pub value: &'a str,
    /// The table it stands in, such as `dev-dependencies`.
    pub table: &'a str,
}

impl<'a> Manifest<'a> {
    pub fn read(file: &'a File) -> Self {
        let mut manifest = Self { path: &file.path, package: "", dependencies: Vec::new() };
        let (mut table, mut depth) = ("", 0);
        for (index, text) in file.text.lines().enumerate() {
            let outside = depth == 0;
            depth += nesting(text);
            let text = text.trim();
            if let Some(header) = text.strip_prefix('[').filter(|_| outside) {
                depth = 0;
                table = header.split_once(']').map_or(header, |(name, _)| name);
                manifest.dependencies.extend(named_by_header(table, index + 1));
            } else if let Some((key, value)) = text.split_once('=').filter(|_| outside && !text.starts_with('#')) {
                manifest.take(table, index + 1, (key.trim(), value.trim()));
            }
        }
        manifest
    }

    fn take(&mut self, table: &'a str, line: usize, (key, value): (&'a str, &'a str)) {
        if table == "package" && key == "name" {
            self.package = value.trim_matches('"');
        } else if lists_dependencies(table) {
            let short = key.split('.').next().unwrap_or(key).trim_matches('"');
            self.dependencies.push(Dependency { name: renamed(value).unwrap_or(short), line, value, table });
        }
    }
}

fn lists_dependencies(table: &str) -> bool {
    table.rsplit(['.', '\'']).next().is_some_and(|last| last.ends_with("dependencies"))
}

/// `[dependencies.tokio]` names a library in the header itself.
fn named_by_header(table: &str, line: usize) -> Option<Dependency<'_>> {
    let (outer, name) = table.rsplit_once('.')?;
    lists_dependencies(outer).then_some(Dependency { name, line, value: "", table: outer })
}

/// The real name in `x = { package = "name", … }`.
fn renamed(value: &str) -> Option<&str> {
    let after = value.split_once("package = \"")?.1;
    after.split('"').next()
}

/// How many brackets a line leaves open, comments and strings aside.
fn nesting(text: &str) -> i32 {
    let mut in_string = false;
    let mut depth = 0;
    for c in text.chars() {
        match c {
            '"' => in_string = !in_string,
            '#' if !in_string => break,
            '[' | '{' if !in_string => depth += 1,
            ']' | '}' if !in_string => depth -= 1,
            _ => {}
        }
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, usize, &str)]) {
        let file = File { path: "Cargo.toml".to_owned(), text: text.to_owned() };
        let manifest = Manifest::read(&file);
        let found: Vec<_> = manifest.dependencies.iter().map(|d| (d.name, d.line, d.table)).collect();
        assert_eq!(found, expected, "dependencies of {text:?}");
    }

    #[test]
    fn dependencies_are_read_in_each_form() {
        check(
            "[dependencies]\na = \"1\" # x\nb.workspace = true\n",
            &[("a", 2, "dependencies"), ("b", 3, "dependencies")],
        );
        check("[dev-dependencies.c]\nversion = \"1\"\n", &[("c", 1, "dev-dependencies")]);
        check("[dependencies]\nd = { package = \"real\", version = \"1\" }\n", &[("real", 2, "dependencies")]);
        check("[dependencies]\ne = { features = [\n  \"f\",\n], version = \"1\" }\n", &[("e", 2, "dependencies")]);
        check("[target.'cfg(unix)'.dependencies]\nf = \"1\"\n", &[("f", 2, "target.'cfg(unix)'.dependencies")]);
        check("[features]\ng = []\n[dependencies]\n# h = \"1\"\n", &[]);
    }

    #[test]
    fn the_package_is_named() {
        let file = File { path: String::new(), text: "[package]\nname = \"doorward-x\"\n".to_owned() };
        assert_eq!(Manifest::read(&file).package, "doorward-x");
    }
}
