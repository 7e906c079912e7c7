//! Changes to the files: one edit, checked before anything is written.

use doorward_admin::{Done, Refused};
use doorward_config::FileStates;

use super::Daemon;
use crate::orders::Planned;

impl Daemon {
    /// Writes an edit and puts what it makes in force.
    pub(super) async fn make(&mut self, planned: Planned) -> Result<Done, Refused> {
        let edited = planned.write(&self.home)?;
        // Not by another hand: the save has kept what was there before.
        self.files = FileStates::now(&self.home);
        let reloaded = self.reload().await?;
        let mut done = planned.done(&edited, &self.configuration);
        if edited.previous.is_none() && edited.path == self.home.config_file {
            done.notes.insert(1, "it replaces the embedded default sites".to_owned());
        }
        done.notes.extend(reloaded.notes);
        Ok(done)
    }
}
