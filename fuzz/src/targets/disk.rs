//! A home of this process on the disk, for what reads and writes its file.

use std::fs;

use doorward_config::{Action, ConfigFile, Deed, Edit, EditError, Home, SectionChange, edit};

/// One home.
pub(super) struct Disk {
    home: Home,
}

impl Disk {
    pub(super) fn new(name: &str) -> Self {
        let thread = format!("{:?}", std::thread::current().id()).replace(|c: char| !c.is_ascii_digit(), "");
        let folder = std::env::temp_dir().join(format!("doorward-fuzz-{name}-{}-{thread}", std::process::id()));
        Self { home: Home::under(&folder) }
    }

    pub(super) fn home(&self) -> &Home {
        &self.home
    }

    /// Puts the bytes into the configuration file.
    pub(super) fn write(&self, bytes: &[u8]) {
        let made = self.home.config_file.parent().map_or(Ok(()), fs::create_dir_all);
        let written = made.and_then(|()| fs::write(&self.home.config_file, bytes));
        assert!(written.is_ok(), "cannot write {}: {written:?}", self.home.config_file.display());
    }

    /// Bytes that are no text are refused by name.
    pub(super) fn refuses(&self, bytes: &[u8]) {
        self.write(bytes);
        let drop = Action { at: Vec::new(), deed: Deed::Drop };
        let change = SectionChange {
            file: ConfigFile::ApplicationHost,
            location: String::new(),
            section: "system.webServer/directoryBrowse".to_owned(),
            actions: vec![drop],
        };
        let refused = edit(&self.home, &Edit::Change(change));
        assert!(matches!(refused, Err(EditError::Store(_))), "{refused:?}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let root = self.home.config_file.parent().and_then(std::path::Path::parent);
        let _gone_anyway = root.map(fs::remove_dir_all);
    }
}
