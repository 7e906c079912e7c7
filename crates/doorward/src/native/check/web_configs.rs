//! The `web.config` files below all sites.

use std::collections::HashSet;
use std::sync::Arc;

use doorward_config::{Configuration, Diagnostic, FolderLook, FolderPlace, Severity, Site, WebConfig};
use doorward_plan::Directories;

/// Folders that are looked into; content may have any number.
const FOLDERS_MAX: usize = 20_000;
/// Levels of folders.
const DEPTH_MAX: usize = 64;

/// What was found.
#[derive(Default)]
pub(super) struct Walked {
    /// Everything there is to say about the files, each once.
    pub(super) findings: Vec<Diagnostic>,
    /// How many files there are.
    pub(super) files: usize,
    /// How many folders were looked into.
    pub(super) folders: usize,
    /// There are more folders than are looked into.
    pub(super) is_cut: bool,
    seen: HashSet<Diagnostic>,
}

/// Looks into the folders of all sites.
pub(super) fn walk(configuration: &Configuration) -> Walked {
    let mut walked = Walked::default();
    for site in &configuration.sites {
        walked.site(configuration, site);
    }
    walked
}

impl Walked {
    /// Whether a file cannot be used.
    pub(super) fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    fn site(&mut self, configuration: &Configuration, site: &Site) {
        let directories = Directories::of(configuration, site);
        let mut waiting: Vec<(String, Vec<Arc<WebConfig>>)> = vec![(String::new(), Vec::new())];
        while let Some((url, mut files)) = waiting.pop() {
            if self.folders >= FOLDERS_MAX || url.split('/').count() > DEPTH_MAX {
                self.is_cut = true;
                continue;
            }
            let mut names: Vec<String> = directories.names_below(&url).map(str::to_owned).collect();
            let shown = if url.is_empty() { "/" } else { &*url };
            if let Some((root, below)) = directories.configured(shown) {
                self.folders += 1;
                let look = configuration.look_at_folder(FolderPlace { root, below, url: shown }, None);
                let look = look.unwrap_or_else(FolderLook::closed);
                if let Some(own) = look.web_config {
                    self.files += 1;
                    files.push(own);
                    self.judge(configuration, &site.name, (shown, &files));
                }
                self.is_cut |= look.subfolders.is_none();
                names.extend(look.subfolders.unwrap_or_default().into_iter().map(String::from));
            }
            names.sort_unstable();
            names.dedup();
            waiting.extend(names.into_iter().rev().map(|name| (format!("{url}/{name}"), files.clone())));
        }
    }

    /// Notes what is to be said of the innermost file, at its folder and at its locations.
    fn judge(&mut self, configuration: &Configuration, site: &str, (url, files): (&str, &[Arc<WebConfig>])) {
        let locations = files.last().into_iter().flat_map(|file| file.location_paths());
        for path in std::iter::once(url.to_owned()).chain(locations) {
            for finding in configuration.findings_along(site, &path, files) {
                if self.seen.insert(finding.clone()) {
                    self.findings.push(finding);
                }
            }
        }
    }
}
