//! From a URL path to a folder: applications and virtual directories.

use std::path::{Path, PathBuf};

/// What answers below a virtual directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Files below this folder, and nothing outside it.
    Folder(PathBuf),
    /// The page built into the program, for the embedded default sites.
    Welcome,
}

/// One virtual directory: a URL prefix and its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// URL prefix without a slash at its end; empty for the site's root.
    pub prefix: String,
    /// Path of its application.
    pub application: String,
    /// What answers there.
    pub content: Content,
    /// Whether folders below it may have configuration files of their own (`allowSubDirConfig`).
    pub sub_dir_config: bool,
}

/// All virtual directories of a site, the longest prefix first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directories(Vec<Directory>);

impl Directories {
    /// Takes (application path, virtual directory path, content) in any order. The longest
    /// application path wins, then the longest virtual directory inside it (IIS reference 1.7);
    /// both together are the joined prefix, so the longest joined prefix of the winning application decides.
    pub fn new(entries: impl IntoIterator<Item = (String, String, Content)>) -> Self {
        Self::with_depth(entries.into_iter().map(|entry| (entry, true)))
    }

    /// The same, each with its [`Directory::sub_dir_config`].
    pub fn with_depth(entries: impl IntoIterator<Item = ((String, String, Content), bool)>) -> Self {
        let mut rows: Vec<(usize, Directory)> = entries
            .into_iter()
            .map(|((application, directory, content), sub_dir_config)| {
                let base = application.trim_end_matches('/');
                let prefix = format!("{base}{}", directory.trim_end_matches('/'));
                (base.len(), Directory { prefix, application, content, sub_dir_config })
            })
            .collect();
        rows.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.prefix.len().cmp(&a.1.prefix.len())));
        Self(rows.into_iter().map(|(_, directory)| directory).collect())
    }

    /// The virtual directory of a normalised path, and the rest of the path below it (it starts with
    /// a slash, or is empty when the path is the prefix itself). Whole segments, without regard to case.
    pub fn locate<'s, 'p>(&'s self, path: &'p str) -> Option<(&'s Directory, &'p str)> {
        self.0.iter().find_map(|directory| Some((directory, below(path, &directory.prefix)?)))
    }

    /// The folder whose configuration file speaks about exactly this path, and the path below the virtual directory's
    /// folder without slashes at its ends; `None` where no folder has a say.
    pub fn configured<'s, 'p>(&'s self, path: &'p str) -> Option<(&'s Path, &'p str)> {
        let (directory, rest) = self.locate(path)?;
        let below = rest.trim_matches('/');
        match &directory.content {
            Content::Folder(folder) if below.is_empty() || directory.sub_dir_config => Some((folder, below)),
            Content::Folder(_) | Content::Welcome => None,
        }
    }

    /// The names under which virtual directories lie right below a path without a slash at its end, or on the way to
    /// deeper ones.
    pub fn names_below(&self, path: &str) -> impl Iterator<Item = &str> {
        let rest = move |directory: &'_ Directory| below(&directory.prefix, path).map(str::len);
        self.0.iter().filter_map(move |directory| {
            let at = directory.prefix.len() - rest(directory)?;
            directory.prefix[at..].trim_start_matches('/').split('/').next().filter(|name| !name.is_empty())
        })
    }

    /// The directories, in the order they are tried.
    pub fn iter(&self) -> impl Iterator<Item = &Directory> {
        self.0.iter()
    }
}

/// The rest of `path` below `prefix` when it lies there by whole segments.
pub(crate) fn below<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    let head = path.as_bytes().get(..prefix.len())?;
    if !head.eq_ignore_ascii_case(prefix.as_bytes()) {
        return None;
    }
    let rest = path.get(prefix.len()..)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: Option<(&str, &str)>) {
        let folder = |name: &str| Content::Folder(PathBuf::from(name));
        let directories = Directories::new([
            ("/".into(), "/".into(), folder("/srv/root")),
            ("/".into(), "/images".into(), folder("/srv/images")),
            ("/shop".into(), "/".into(), folder("/srv/shop")),
            ("/shop".into(), "/img".into(), folder("/srv/img")),
            ("/".into(), "/shop/img/deep".into(), folder("/never")),
        ]);
        let found = directories.locate(path).map(|(directory, rest)| match &directory.content {
            Content::Folder(folder) => (folder.to_str().unwrap(), rest),
            Content::Welcome => ("welcome", rest),
        });
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn longest_application_then_longest_directory() {
        check("/", Some(("/srv/root", "/")));
        check("/a/b.txt", Some(("/srv/root", "/a/b.txt")));
        check("/IMAGES/x.png", Some(("/srv/images", "/x.png")));
        check("/images", Some(("/srv/images", "")));
        check("/imagesx", Some(("/srv/root", "/imagesx")));
        check("/shop/img/a.png", Some(("/srv/img", "/a.png")));
        check("/shop/img/deep/a.png", Some(("/srv/img", "/deep/a.png")));
        check("/Shop", Some(("/srv/shop", "")));
    }
}
