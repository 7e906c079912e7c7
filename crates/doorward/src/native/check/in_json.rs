//! What `check` found, for programs.

use doorward_config::{Diagnostic, Severity};
use doorward_plan::{SitePlan, SiteState};
use serde_json::{Value, json};

use super::Checked;

/// A configuration that cannot be used.
pub(super) fn unusable(file: &str, diagnostics: &[Diagnostic]) -> Value {
    json!({ "file": file, "usable": false, "errors": true, "findings": findings(diagnostics) })
}

/// One that can.
pub(super) fn checked(file: &str, checked: &Checked) -> Value {
    let Checked { configuration, plan, certificates, walked } = checked;
    let ignored = configuration.ignored.iter().map(
        |ignored| json!({ "section": ignored.section, "file": ignored.file.display().to_string(), "line": ignored.line }),
    );
    json!({
        "file": file,
        "usable": true,
        "errors": checked.has_errors(),
        "findings": findings(&configuration.findings),
        "sites": plan.sites.iter().map(|site| of_site(site)).collect::<Vec<_>>(),
        "remarks": plan.remarks().map(ToString::to_string).collect::<Vec<_>>(),
        "listeners": plan.listeners.keys().collect::<Vec<_>>(),
        "certificates": certificates,
        "ignored": ignored.collect::<Vec<_>>(),
        "webConfigs": {
            "files": walked.files,
            "folders": walked.folders,
            "notAllFolders": walked.is_cut,
            "findings": findings(&walked.findings),
        },
    })
}

fn of_site(site: &SitePlan) -> Value {
    let (state, problem) = match &site.state {
        SiteState::Started => ("Started", None),
        SiteState::Stopped => ("Stopped", None),
        SiteState::Failed(problem) => ("Stopped", Some(problem.clone())),
    };
    json!({ "name": site.name, "id": site.id, "bindings": site.bindings, "state": state, "problem": problem })
}

fn findings(findings: &[Diagnostic]) -> Vec<Value> {
    findings.iter().map(finding).collect()
}

fn finding(finding: &Diagnostic) -> Value {
    let severity = match finding.severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let origin = finding.origin.as_ref();
    json!({
        "severity": severity,
        "kind": finding.kind,
        "message": finding.message,
        "hint": finding.hint,
        "file": origin.map(|origin| origin.file.display().to_string()),
        "line": origin.map(|origin| origin.line),
        "column": origin.map(|origin| origin.column),
        "site": finding.site,
    })
}
