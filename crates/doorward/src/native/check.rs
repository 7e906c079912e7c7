//! `doorward check`: what `run` would say, without running.

mod in_json;
mod web_configs;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use doorward_config::{Configuration, Diagnostic, Home, LoadError, Severity};
use doorward_plan::{Inputs, Plan, Scopes, SiteState, build};
use doorward_server::{CertificateStatus, certificates_of};

use crate::cli::CheckArgs;
use crate::embedded::Ports;
use crate::{daemon, homes, text};

/// Prints every finding; 1 when there is an error among them.
pub(super) fn run(home: Home, args: &CheckArgs) -> ExitCode {
    let home = match &args.config {
        Some(file) => home.with_config_file(homes::absolute(file)),
        None => home,
    };
    let source = daemon::Source::choose(&home, args.config.is_some(), Ports::default());
    let name = source.name(&home);
    if !args.json {
        text::line(format!("configuration  {name}"));
    }
    let configuration = match source.load_at_start(&home) {
        Ok(configuration) => configuration,
        Err(LoadError { diagnostics }) => {
            if args.json {
                text::line(format!("{:#}", in_json::unusable(&name, &diagnostics)));
            } else {
                report(&diagnostics);
                text::line("The configuration cannot be used.");
            }
            return ExitCode::FAILURE;
        }
    };
    let plan = plan(&home, &configuration);
    let checked = Checked {
        certificates: certificates_of(&plan),
        walked: web_configs::walk(&configuration),
        configuration,
        plan,
    };
    if args.json {
        text::line(format!("{:#}", in_json::checked(&name, &checked)));
    } else {
        checked.print(args.ignored);
    }
    if checked.has_errors() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Everything that was looked at.
struct Checked {
    configuration: Configuration,
    plan: Plan,
    certificates: Vec<CertificateStatus>,
    walked: web_configs::Walked,
}

impl Checked {
    fn has_errors(&self) -> bool {
        self.plan.sites.iter().any(|site| matches!(site.state, SiteState::Failed(_)))
            || self.configuration.findings.iter().any(|finding| finding.severity == Severity::Error)
            || self.certificates.iter().any(|certificate| certificate.facts.is_none())
            || self.walked.has_errors()
    }

    fn print(&self, all_ignored: bool) {
        report(&self.configuration.findings);
        sites(&self.plan);
        certificates(&self.certificates);
        ignored(&self.configuration, all_ignored);
        folders(&self.walked);
        text::line(if self.has_errors() {
            "There are errors; sites without one would be served."
        } else {
            "No errors."
        });
    }
}

fn report(findings: &[Diagnostic]) {
    for finding in findings {
        text::line(finding.to_string());
    }
}

/// What would run.
pub(super) fn plan(home: &Home, configuration: &Configuration) -> Plan {
    let inputs = Inputs {
        configuration,
        wishes: &BTreeMap::new(),
        home_logs: &home.logs,
        home_certificates: &home.certificates,
        folders: None,
        present: &Plan::default(),
    };
    build(&inputs, &mut Scopes::default())
}

fn sites(plan: &Plan) {
    text::line(format!("sites          {}", plan.sites.len()));
    for site in &plan.sites {
        text::line(format!("  {} ({})  {}", site.name, site.id, site.bindings.join(", ")));
        match &site.state {
            SiteState::Started => {}
            SiteState::Stopped => text::line("    would not be started (serverAutoStart=\"false\")"),
            SiteState::Failed(problem) => text::line(format!("    would not be started: {problem}")),
        }
    }
    plan.remarks().for_each(|problem| text::line(problem.to_string()));
    let listeners: Vec<String> = plan.listeners.keys().map(ToString::to_string).collect();
    text::line(format!(
        "listeners      {}",
        if listeners.is_empty() { "none".to_owned() } else { listeners.join(", ") }
    ));
}

/// The certificates that would be used.
fn certificates(certificates: &[CertificateStatus]) {
    for certificate in certificates {
        text::line(format!("certificate    {}", certificate.source));
        let severity = if certificate.facts.is_some() { "warning" } else { "error" };
        if let Some(problem) = &certificate.problem {
            text::line(format!("{severity}: {problem}"));
        }
    }
}

/// The files of folders, and what is wrong with them.
fn folders(walked: &web_configs::Walked) {
    if walked.files > 0 {
        text::line(format!("web.config     {} files in {} folders", walked.files, walked.folders));
    }
    report(&walked.findings);
    if walked.is_cut {
        text::line("note: not every folder was looked into, there are too many");
    }
}

/// Sections IIS knows and this program keeps without acting on them.
fn ignored(configuration: &Configuration, all: bool) {
    if configuration.ignored.is_empty() {
        return;
    }
    let names: BTreeSet<&str> = configuration.ignored.iter().map(|ignored| &*ignored.section).collect();
    text::line(format!("ignored        {} sections are kept and not acted on:", configuration.ignored.len()));
    if all {
        for ignored in &configuration.ignored {
            text::line(format!("  {}:{}: note: {}", ignored.file.display(), ignored.line, ignored.section));
        }
    } else {
        text::line(format!("  {}", names.into_iter().collect::<Vec<_>>().join(", ")));
    }
}
