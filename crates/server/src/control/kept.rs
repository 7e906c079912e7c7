//! What the threads keep: files that were asked for lately, and log lines that are not handed on yet.

use std::sync::Arc;

use doorward_plan::SiteId;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Control;
use crate::status::CachedFileStatus;
use crate::worker::Command;

impl Control {
    /// The files that threads keep open now.
    pub async fn cached_files(&self) -> Vec<CachedFileStatus> {
        let (answer, mut answers) = unbounded_channel();
        self.tell_all(|| Command::ListFiles(answer.clone()));
        drop(answer);
        let mut files = Vec::new();
        while let Some(own) = answers.recv().await {
            files.extend(own);
        }
        files
    }

    /// Makes every thread forget these files of these sites, or all files; the next request reads them again.
    pub async fn forget_files(&self, which: Option<Vec<(SiteId, String)>>) {
        let which: Option<Arc<[_]>> = which.map(Into::into);
        let (done, acknowledged) = unbounded_channel();
        self.tell_all(|| Command::ForgetFiles(which.clone(), done.clone()));
        all_done(done, acknowledged).await;
    }

    /// Makes every thread hand its log lines to the sink now.
    pub async fn flush_logs(&self) {
        let (done, acknowledged) = unbounded_channel();
        self.tell_all(|| Command::FlushLog(done.clone()));
        all_done(done, acknowledged).await;
    }

    fn tell_all(&self, command: impl Fn() -> Command) {
        for commands in self.commands() {
            let _stopping = commands.send(command());
        }
    }
}

/// Waits until every thread that has `done` is done.
async fn all_done(done: UnboundedSender<()>, mut acknowledged: UnboundedReceiver<()>) {
    drop(done);
    while acknowledged.recv().await.is_some() {}
}
