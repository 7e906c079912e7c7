//! The settings in force at a URL path.

use std::sync::Arc;

use crate::directory::below;
use crate::effective::Effective;

/// Answers "what holds at this path?" while serving.
///
/// The server sees only this trait. Today location tags alone answer it; files found next to the
/// content while serving will answer it later through another implementation.
pub trait PathSettings: Send + Sync {
    /// The settings at a normalised path of the site, which starts with a slash.
    fn at(&self, path: &str) -> Arc<Effective>;

    /// The settings of every path there is, where that can be known beforehand.
    fn all(&self) -> Option<Vec<Arc<Effective>>> {
        None
    }
}

/// Settings that depend on location tags alone, worked out once per plan.
#[derive(Debug)]
pub struct LocationSettings {
    /// (path without a slash at its end, settings), the deepest path first; the last is the site's own.
    levels: Vec<(String, Arc<Effective>)>,
}

impl LocationSettings {
    /// `root` holds for the whole site, `deeper` from each of its paths downwards.
    pub fn new(root: Arc<Effective>, deeper: impl IntoIterator<Item = (String, Arc<Effective>)>) -> Self {
        let mut levels: Vec<(String, Arc<Effective>)> = deeper
            .into_iter()
            .map(|(path, settings)| (path.trim_end_matches('/').to_owned(), settings))
            .filter(|(path, _)| !path.is_empty())
            .collect();
        levels.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        levels.push((String::new(), root));
        Self { levels }
    }

    /// Every level's settings, the deepest first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<Effective>)> {
        self.levels.iter().map(|(path, settings)| (path.as_str(), settings))
    }
}

impl PathSettings for LocationSettings {
    fn at(&self, path: &str) -> Arc<Effective> {
        let deepest = self.levels.iter().find(|(prefix, _)| below(path, prefix).is_some());
        // The last level has the empty path, below which everything lies.
        let (_, settings) = deepest.unwrap_or(&self.levels[self.levels.len() - 1]);
        Arc::clone(settings)
    }

    fn all(&self) -> Option<Vec<Arc<Effective>>> {
        Some(self.levels.iter().map(|(_, settings)| Arc::clone(settings)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_limiter::Scope;

    #[test]
    fn deepest_whole_segment_path_wins() {
        let marked = |number| Arc::new(Effective::bare(Scope(number)));
        let settings = LocationSettings::new(marked(0), [("/api".into(), marked(1)), ("/api/v2/".into(), marked(2))]);
        for (path, expected) in
            [("/", 0), ("/x", 0), ("/api", 1), ("/API/x", 1), ("/apix", 0), ("/api/v2", 2), ("/api/v2/y.html", 2)]
        {
            assert_eq!(settings.at(path).policy.scope, Scope(expected), "{path}");
        }
    }
}
