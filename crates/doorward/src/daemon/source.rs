//! Where the configuration comes from: the home's file, or the one built into the program.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use doorward_config::{
    Configuration, Home, LoadError, load, load_at_start, load_text, load_text_at_start, schema_files,
};

use crate::embedded::{self, Ports};

/// Which configuration is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The home's `applicationHost.config`, or the file of `--config`.
    File,
    /// None is there: the embedded default, with these ports.
    Embedded(Ports),
}

/// Tells one state of the configuration files from another without reading them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    files: Vec<Option<[i64; 5]>>,
    /// These come and go.
    schema: Vec<(Option<[i64; 5]>, PathBuf)>,
}

impl Source {
    /// The file where it exists or was asked for by name (also by a `redirection.config`), else the embedded default.
    pub(crate) fn choose(home: &Home, named: bool, ports: Ports) -> Self {
        let named = named || home.redirection.is_some();
        if named || std::fs::symlink_metadata(&home.config_file).is_ok() { Self::File } else { Self::Embedded(ports) }
    }

    /// The file's path, or the words for the embedded default.
    pub(crate) fn name(&self, home: &Home) -> String {
        match self {
            Self::File => home.config_file.display().to_string(),
            Self::Embedded(_) => embedded::NAME.to_owned(),
        }
    }

    /// Reads the configuration, to take the place of the one in force.
    pub(crate) fn load(&self, home: &Home) -> Result<Configuration, LoadError> {
        match self {
            Self::File => load(home),
            Self::Embedded(ports) => read_embedded(home, *ports, load_text),
        }
    }

    /// Reads the configuration where none is in force: schema files that cannot be used keep no site waiting.
    pub(crate) fn load_at_start(&self, home: &Home) -> Result<Configuration, LoadError> {
        match self {
            Self::File => load_at_start(home),
            Self::Embedded(ports) => read_embedded(home, *ports, load_text_at_start),
        }
    }
}

type ReadText = fn(&str, &Path, Option<(&str, &Path)>, &Home) -> Result<Configuration, LoadError>;

fn read_embedded(home: &Home, ports: Ports, read: ReadText) -> Result<Configuration, LoadError> {
    let listen = std::fs::read_to_string(&home.http_config_file).ok();
    let listen = listen.as_deref().map(|text| (text, home.http_config_file.as_path()));
    read(&embedded::configuration(ports), Path::new(embedded::NAME), listen, home)
}

impl Signature {
    /// The files as they are now.
    pub(crate) fn of(home: &Home, lists: &[PathBuf]) -> Self {
        let signature = |path: &Path| std::fs::metadata(path).ok().map(|metadata| facts(&metadata));
        let own = [&home.config_file, &home.http_config_file];
        let files = own.into_iter().chain(lists).map(|path| signature(path)).collect();
        let schema = schema_files(home).into_iter().map(|path| (signature(&path), path)).collect();
        Self { files, schema }
    }
}

fn facts(metadata: &Metadata) -> [i64; 5] {
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    [signed(metadata.dev()), signed(metadata.ino()), signed(metadata.size()), metadata.mtime(), metadata.mtime_nsec()]
}
