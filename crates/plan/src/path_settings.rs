//! The settings in force at a URL path.

use std::sync::Arc;

use doorward_config::Site;

use crate::directory::below;
use crate::effective::Effective;

/// Answers "what holds at this path?" while serving.
///
/// The server sees only this trait. Location tags alone can answer at once; where the folders have files of their own,
/// they have to be looked at from time to time, which may block and is done off the event loop.
pub trait PathSettings: Send + Sync {
    /// What is known at this moment of a normalised path of the site, which starts with a slash. Never blocks.
    fn at(&self, path: &str) -> Arc<Effective>;

    /// What holds at the path, when that is known well enough at `now_ms` (milliseconds since any start); `None` when
    /// [`PathSettings::look`] has to find out first.
    fn ready(&self, path: &str, now_ms: u64) -> Option<Arc<Effective>>;

    /// Finds out what holds at the path. May block.
    fn look(&self, path: &str, now_ms: u64) -> Arc<Effective>;

    /// The settings of every path there is, where that can be known beforehand.
    fn all(&self) -> Option<Vec<Arc<Effective>>> {
        None
    }
}

/// Settings that depend on location tags alone, worked out once per plan.
#[derive(Clone, Debug)]
pub struct LocationSettings {
    /// (path without a slash at its end, settings), the deepest path first; the last is the site's own.
    levels: Vec<(String, Arc<Effective>)>,
}

/// Gives sites their settings by path, where more than location tags speaks about them.
pub trait FolderSettings {
    /// The settings of a site; `locations` is what its location tags say.
    fn of_site(&self, site: &Site, locations: LocationSettings) -> Arc<dyn PathSettings>;
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

    fn ready(&self, path: &str, _now_ms: u64) -> Option<Arc<Effective>> {
        Some(self.at(path))
    }

    fn look(&self, path: &str, _now_ms: u64) -> Arc<Effective> {
        self.at(path)
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
