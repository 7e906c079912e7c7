//! The settings of a site by path, with the `web.config` files of its folders: looked at when asked for, known for a
//! second, bounded.

mod cache;
mod faults;

use std::sync::{Arc, Mutex, PoisonError};

use doorward_config::{Configuration, FolderLook, FolderPlace, Site, WebConfig};
use doorward_plan::{ConfigFault, Directories, Effective, FolderSettings, LocationSettings, PathSettings, Scopes};

use cache::{Cache, Folder, Known};
pub(crate) use faults::Faults;

/// Levels of folders that are looked into.
const DEPTH_MAX: usize = 64;
/// Sections that decide about the limiter: while folders cannot change them, what it does is known beforehand (D11).
const LIMITING: [&str; 3] =
    ["system.webServer/security/ipSecurity", "system.webServer/security/dynamicIpSecurity", "doorward/limiter"];

/// Makes the settings of all sites of one configuration.
pub(crate) struct Folders {
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) scopes: Arc<Mutex<Scopes>>,
    pub(crate) faults: Arc<Faults>,
}

/// The settings of one site.
struct SiteFolders {
    configuration: Arc<Configuration>,
    scopes: Arc<Mutex<Scopes>>,
    faults: Arc<Faults>,
    site: Site,
    directories: Directories,
    /// What location tags say, without any folder.
    locations: Arc<LocationSettings>,
    cache: Cache,
}

impl FolderSettings for Folders {
    fn of_site(&self, site: &Site, locations: LocationSettings) -> Arc<dyn PathSettings> {
        Arc::new(SiteFolders {
            configuration: Arc::clone(&self.configuration),
            scopes: Arc::clone(&self.scopes),
            faults: Arc::clone(&self.faults),
            site: site.clone(),
            directories: Directories::of(&self.configuration, site),
            locations: Arc::new(locations),
            cache: Cache::default(),
        })
    }
}

impl PathSettings for SiteFolders {
    fn at(&self, path: &str) -> Arc<Effective> {
        self.cache.deepest(path).map_or_else(|| self.locations.at(path), |folder| folder.settings.at(path))
    }

    fn ready(&self, path: &str, now_ms: u64) -> Option<Arc<Effective>> {
        match self.cache.known(path, now_ms) {
            Known::Folder(folder) => Some(folder.settings.at(path)),
            Known::Unsure => None,
        }
    }

    fn look(&self, path: &str, now_ms: u64) -> Arc<Effective> {
        let mut url = String::new();
        let mut folder = self.level(&url, None, now_ms);
        for (depth, segment) in path.split('/').filter(|segment| !segment.is_empty()).enumerate() {
            if !folder.may_hold(segment) {
                break;
            }
            if depth >= DEPTH_MAX {
                return self.too_deep(path);
            }
            url.push('/');
            url.push_str(segment);
            folder = self.level(&url, Some(&folder), now_ms);
        }
        folder.settings.at(path)
    }

    fn all(&self) -> Option<Vec<Arc<Effective>>> {
        let open = self.configuration.is_open_to_folders(&self.site.name, &LIMITING);
        if open { None } else { self.locations.all() }
    }
}

impl SiteFolders {
    /// One folder on the way, as it is now.
    fn level(&self, url: &str, parent: Option<&Arc<Folder>>, now_ms: u64) -> Arc<Folder> {
        let known = self.cache.of_parent(url, parent);
        if let Some(known) = known.as_ref().filter(|known| known.is_fresh(now_ms)) {
            return Arc::clone(known);
        }
        let look = self.place(url).map_or_else(
            || known.is_none().then(FolderLook::closed),
            |place| self.configuration.look_at_folder(place, known.as_ref().map(|known| &known.look)),
        );
        let folder = match (look, known) {
            (None, Some(known)) => {
                known.confirm(now_ms);
                known
            }
            (look, _) => {
                let folder = self.folder(url, parent, look.unwrap_or_else(FolderLook::closed));
                folder.confirm(now_ms);
                Arc::new(folder)
            }
        };
        self.cache.keep(url, &folder, now_ms);
        folder
    }

    /// Where the folder of a URL path lies; `None` where no folder has a say.
    fn place<'a>(&'a self, url: &'a str) -> Option<FolderPlace<'a>> {
        let url = if url.is_empty() { "/" } else { url };
        let (root, below) = self.directories.configured(url)?;
        Some(FolderPlace { root, below, url })
    }

    fn folder(&self, url: &str, parent: Option<&Arc<Folder>>, look: FolderLook) -> Folder {
        let mut files: Vec<Arc<WebConfig>> = parent.map(|parent| parent.files.clone()).unwrap_or_default();
        let own = look.web_config.as_ref().map(Arc::clone);
        let settings = match (&own, parent) {
            (None, Some(parent)) => Arc::clone(&parent.settings),
            (None, None) => Arc::clone(&self.locations),
            (Some(own), _) => {
                files.push(Arc::clone(own));
                Arc::new(self.settings(url, &files))
            }
        };
        if own.is_none() {
            self.faults.clear(&self.site.name, url);
        }
        let parent = parent.map(Arc::clone);
        Folder::new(look, files, settings, (parent, self.directories.names_below(url).map(str::to_owned).collect()))
    }

    /// What holds in a folder and at every location below it.
    fn settings(&self, url: &str, files: &[Arc<WebConfig>]) -> LocationSettings {
        let own = if url.is_empty() { "/" } else { url };
        let root = self.effective(own, files);
        match &root.fault {
            Some(fault) => self.faults.note(&self.site.name, url, fault),
            None => self.faults.clear(&self.site.name, url),
        }
        let mut paths = self.configuration.location_paths(&self.site.name);
        paths.extend(files.iter().flat_map(|file| file.location_paths()));
        paths.retain(|path| is_below(path, url));
        for path in &mut paths {
            path.make_ascii_lowercase();
        }
        paths.sort_unstable();
        paths.dedup();
        let deeper: Vec<_> = paths.into_iter().map(|path| (path.clone(), self.effective(&path, files))).collect();
        LocationSettings::new(root, deeper)
    }

    fn effective(&self, path: &str, files: &[Arc<WebConfig>]) -> Arc<Effective> {
        let (settings, fault) = self.configuration.settings_along(&self.site.name, path, files);
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        let effective = Effective::new(&self.configuration, &self.site, &settings, &mut scopes);
        Arc::new(Effective { fault: fault.map(|fault| Arc::new(fault.into())), ..effective })
    }

    fn too_deep(&self, path: &str) -> Arc<Effective> {
        let effective = self.effective(path, &[]);
        let fault = ConfigFault {
            hresult: 0x8007_000d,
            message: format!("Folders are nested to a depth of more than {DEPTH_MAX}"),
            hint: None,
            file: path.to_owned(),
            line: None,
            excerpt: Vec::new(),
        };
        Arc::new(match Arc::try_unwrap(effective) {
            Ok(effective) => Effective { fault: Some(Arc::new(fault)), ..effective },
            Err(shared) => return shared,
        })
    }
}

/// Whether a path lies below a folder, and is not the folder itself.
fn is_below(path: &str, folder: &str) -> bool {
    path.get(..folder.len()).is_some_and(|head| head.eq_ignore_ascii_case(folder))
        && path[folder.len()..].starts_with('/')
        && path.len() > folder.len() + 1
}
