//! The files of the workspace, and what a rule says about them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::rust_text::RustFile;

/// One text file: its path from the workspace root, with `/` between folders, and its text.
pub struct File {
    pub path: String,
    pub text: String,
}

/// Everything a rule may look at.
pub struct Tree {
    /// All text files, sorted by path.
    pub files: Vec<File>,
    /// The Rust files among them, read.
    pub rust: Vec<RustFile>,
}

/// One broken rule at one place.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    pub path: String,
    /// Counted from 1.
    pub line: usize,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl Finding {
    pub fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

impl Tree {
    /// The files git knows or would take (so a new file is checked before its first commit); without git, a walk.
    pub fn of_workspace() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let paths = listed_by_git(&root).unwrap_or_else(|| walked(&root));
        assert!(paths.iter().any(|p| p == "Cargo.toml"), "no Cargo.toml among the files of {}", root.display());
        let texts = paths.into_iter().filter_map(|path| {
            // A file that is no text (a picture) or was just deleted has nothing to check.
            let text = std::fs::read_to_string(root.join(&path)).ok()?;
            Some(File { path, text })
        });
        Self::from_files(texts.collect())
    }

    /// A tree made up for a test.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File { path: (*path).to_owned(), text: (*text).to_owned() };
        Self::from_files(files.iter().map(file).collect())
    }

    fn from_files(mut files: Vec<File>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let is_rust = |f: &&File| Path::new(&f.path).extension().is_some_and(|e| e == "rs");
        let mut rust: Vec<RustFile> = files.iter().filter(is_rust).map(|f| RustFile::read(&f.path, &f.text)).collect();
        let modules_of_tests: Vec<String> = rust.iter().flat_map(RustFile::files_of_test_modules).collect();
        for file in rust.iter_mut().filter(|f| modules_of_tests.contains(&f.path)) {
            file.is_test_file = true;
        }
        Self { files, rust }
    }

    /// The text of one file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|f| f.path == path).map(|f| f.text.as_str())
    }

    /// Whether a file or a folder of that name exists.
    pub fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        self.files.iter().any(|f| f.path == path || f.path.starts_with(&folder))
    }

    /// Whether some file's path ends with these components.
    pub fn has_suffix(&self, suffix: &str) -> bool {
        let tail = format!("/{suffix}");
        self.files.iter().any(|f| f.path == suffix || f.path.ends_with(&tail))
    }

    /// The manifests of the workspace.
    pub fn manifests(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|f| f.path == "Cargo.toml" || f.path.ends_with("/Cargo.toml"))
    }

    /// Every line of every file that `wanted` picks, with its number.
    pub fn lines(&self, wanted: fn(&str) -> bool) -> impl Iterator<Item = (&str, usize, &str)> {
        let picked = self.files.iter().filter(move |f| wanted(&f.path));
        picked.flat_map(|f| f.text.lines().enumerate().map(|(i, line)| (f.path.as_str(), i + 1, line)))
    }
}

fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    let words = ["-c", "core.quotePath=off", "ls-files", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").arg("-C").arg(root).args(words).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.is_empty()).then(|| text.lines().map(str::to_owned).collect())
}

fn walked(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(root.join(&folder)) else { continue };
        for entry in entries.flatten() {
            let path = folder.join(entry.file_name());
            let is_folder = entry.file_type().is_ok_and(|t| t.is_dir());
            if !is_folder {
                found.push(path.to_string_lossy().into_owned());
            } else if path != Path::new("target") && path != Path::new(".git") {
                folders.push(path);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_and_the_walk_agree_on_the_manifests() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let walked = walked(&root);
        assert!(walked.contains(&"Cargo.toml".to_owned()));
        assert!(walked.contains(&"tests/tests/tidy/tree.rs".to_owned()));
        assert!(!walked.iter().any(|p| p.starts_with(".git/")));
    }

    #[test]
    fn knows_files_folders_and_suffixes() {
        let tree = Tree::of(&[("crates/a/src/lib.rs", ""), ("README.md", "")]);
        assert!(tree.has("crates/a") && tree.has("README.md") && !tree.has("crates/b"));
        assert!(tree.has_suffix("src/lib.rs") && !tree.has_suffix("b.rs"));
    }

    #[test]
    fn a_module_declared_for_tests_is_a_test_file() {
        let tree = Tree::of(&[("crates/a/src/lib.rs", "#[cfg(test)]\nmod model;\n"), ("crates/a/src/model.rs", "")]);
        let flags: Vec<bool> = tree.rust.iter().map(|f| f.is_test_file).collect();
        assert_eq!(flags, [false, true]);
    }
}
