//! What the server says of itself when it starts and when something changes.

use doorward_plan::{Plan, SitePlan, SiteState};
use doorward_server::Applied;

use super::Daemon;
use crate::text;

impl Daemon {
    /// Says what is served, where logs go and how to stop.
    pub(super) fn greet(&self, applied: &Applied) {
        text::line(format!("Doorward {} (pid {})", env!("CARGO_PKG_VERSION"), std::process::id()));
        text::line(format!("  configuration  {}", self.source.name(&self.home)));
        let plan = self.control.plan();
        for site in &plan.sites {
            text::line(format!("  site           {}", describe(site, &plan)));
        }
        report_waiting(applied);
        self.report_certificates();
        text::line(format!("  logs           {}", self.log_folders(&plan).join(", ")));
        text::line(format!("  stop           Ctrl-C, or `{} stop`", self.command));
        text::line("Ready.");
    }

    fn log_folders(&self, plan: &Plan) -> Vec<String> {
        let mut folders: Vec<String> =
            plan.sites.iter().map(|site| site.log.settings().directory.display().to_string()).collect();
        folders.push(self.home.logs.display().to_string());
        folders.sort();
        folders.dedup();
        folders
    }
}

/// Names everyone who holds an address we want, and what to do about it (D25).
pub(super) fn report_waiting(applied: &Applied) {
    for (_, explanation) in &applied.waiting {
        text::complain(format!("  waiting: {}", explanation.text));
        text::complain(format!("    {}", explanation.hint));
        text::complain("    it will be opened by itself as soon as it is free");
    }
}

fn describe(site: &SitePlan, plan: &Plan) -> String {
    let urls: Vec<String> = plan
        .listeners
        .iter()
        .filter(|(_, listener)| listener.sites().iter().any(|other| other.id == site.id))
        .map(|(address, listener)| format!("{}://{address}/", if listener.secure { "https" } else { "http" }))
        .collect();
    let where_to = match &site.state {
        SiteState::Started if urls.is_empty() => "no address to listen on".to_owned(),
        SiteState::Started => urls.join("  "),
        SiteState::Stopped => "stopped".to_owned(),
        SiteState::Failed(problem) => format!("not started: {problem}"),
    };
    format!("{} ({})  {where_to}", site.name, site.id)
}
