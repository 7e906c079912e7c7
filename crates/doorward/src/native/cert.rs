//! `doorward cert …`

use std::path::Path;

use doorward_admin::{
    BindOrder, CertificateBindingReport, CertificatesReport, ImportOrder, Order, Refused, RefusedKind,
    certificates_report,
};
use doorward_config::Home;
use doorward_server::{CertificateStatus, certificates_of, is_pfx, pem_of_pfx};
use hyper::Method;
use serde_json::json;

use super::check::plan;
use crate::cli::{CertBindArgs, CertCommand};
use crate::client::{ask, runs};
use crate::daemon::Source;
use crate::embedded::Ports;
use crate::{homes, orders, text};

/// Runs one `cert` command.
pub(super) fn run(home: &Home, command: CertCommand) -> Result<(), Refused> {
    match command {
        CertCommand::List(args) => list(home, args.json),
        CertCommand::Show { name, json } => show(home, &name, json.json),
        CertCommand::Import { certificate, key, password_file } => {
            let (certificate, key) = match read(&certificate)? {
                bytes if is_pfx(&bytes) => from_pfx(&certificate, &bytes, password_file.as_deref())?,
                bytes => {
                    let key = key.as_deref().unwrap_or(&certificate);
                    (text_of(&certificate, bytes)?, text_of(key, read(key)?)?)
                }
            };
            super::carry_out(home, Order::ImportCertificate(ImportOrder { certificate, key }))
        }
        CertCommand::Remove { sha1 } => super::carry_out(home, Order::RemoveCertificate(sha1)),
        CertCommand::Bind(args) => super::carry_out(home, Order::BindCertificate(bind(args))),
        CertCommand::Unbind { place } => super::carry_out(home, Order::UnbindCertificate(place)),
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Refused> {
    let failed = |error| Refused::new(RefusedKind::Failed, format!("cannot read {}: {error}", file.display()));
    std::fs::read(file).map_err(failed)
}

fn from_pfx(file: &Path, bytes: &[u8], password_file: Option<&Path>) -> Result<(String, String), Refused> {
    let password = match password_file {
        Some(file) => text_of(file, read(file)?)?.lines().next().unwrap_or("").to_owned(),
        None => std::env::var("DOORWARD_PFX_PASSWORD").unwrap_or_default(),
    };
    pem_of_pfx(&file.display().to_string(), bytes, &password).map_err(|error| {
        let hint = Some("give the password with --password-file or DOORWARD_PFX_PASSWORD".to_owned());
        Refused { kind: RefusedKind::Invalid, message: error.to_string(), hint }
    })
}

fn text_of(file: &Path, bytes: Vec<u8>) -> Result<String, Refused> {
    let message = || format!("{} is neither PEM nor PFX", file.display());
    String::from_utf8(bytes).map_err(|_| Refused::new(RefusedKind::Invalid, message()))
}

fn bind(args: CertBindArgs) -> BindOrder {
    // The server may run in another folder.
    let absolute = |path: Option<std::path::PathBuf>| path.map(|path| homes::absolute(&path).display().to_string());
    BindOrder {
        place: args.place,
        file: absolute(args.file),
        key: absolute(args.key),
        hash: args.hash,
        directory: absolute(args.directory),
        password_file: absolute(args.password_file),
        client_ca: absolute(args.client_ca),
        client_cert_negotiation: args.client_cert_negotiation,
        tls13_only: args.min_tls == "1.3",
    }
}

/// The certificates of the running server; without one, those that the files name.
fn report(home: &Home) -> Result<CertificatesReport, Refused> {
    let socket = homes::control_socket(home);
    if runs(&socket)? {
        return ask(&socket, (Method::GET, "/v1/certs"), None);
    }
    let configuration = Source::choose(home, false, Ports::default()).load(home);
    let configuration = configuration.map_err(|error| Refused::new(RefusedKind::Invalid, error.to_string()))?;
    let in_use = certificates_of(&plan(home, &configuration));
    Ok(certificates_report(in_use, orders::bound(home, &configuration)))
}

fn list(home: &Home, json: bool) -> Result<(), Refused> {
    let report = report(home)?;
    if json {
        text::line(format!("{:#}", json!(report)));
        return Ok(());
    }
    if report.bindings.is_empty() {
        text::line("No certificate is bound: `doorward cert bind` does that.");
    } else {
        let rows: Vec<Vec<String>> = report.bindings.into_iter().map(bound).collect();
        text::table(&["BOUND TO", "CERTIFICATE", "RULES"], &rows);
        text::line("");
    }
    let rows: Vec<Vec<String>> = report.certificates.iter().map(row).collect();
    text::table(&["SHA-1", "NAMES", "UNTIL", "CERTIFICATE"], &rows);
    for certificate in &report.certificates {
        if let Some(problem) = &certificate.problem {
            text::line(format!("{}: {problem}", certificate.source));
        }
    }
    Ok(())
}

fn bound(binding: CertificateBindingReport) -> Vec<String> {
    let rules = if binding.rules.is_empty() { "-".to_owned() } else { binding.rules.join(", ") };
    vec![binding.place, binding.source, rules]
}

fn row(certificate: &CertificateStatus) -> Vec<String> {
    let source = certificate.source.clone();
    match &certificate.facts {
        Some(facts) => vec![facts.sha1.clone(), facts.names.join(","), facts.not_after(), source],
        None => vec!["-".to_owned(), "-".to_owned(), "-".to_owned(), source],
    }
}

fn show(home: &Home, name: &str, json: bool) -> Result<(), Refused> {
    let report = report(home)?;
    let place = report.bindings.iter().find(|binding| binding.place.eq_ignore_ascii_case(name));
    let wanted = place.map_or(name, |binding| &binding.source);
    let is_it = |certificate: &&CertificateStatus| {
        let sha1 = certificate.facts.as_ref().is_some_and(|facts| facts.sha1.eq_ignore_ascii_case(wanted));
        sha1 || certificate.source == wanted
            || Path::new(&certificate.source).file_name().is_some_and(|file| file == wanted)
    };
    let Some(found) = report.certificates.iter().find(is_it) else {
        let hint = Some("`doorward cert list` shows places, SHA-1s and files".to_owned());
        return Err(Refused { kind: RefusedKind::NotFound, message: format!("no certificate '{name}'"), hint });
    };
    if json {
        let bound = report.bindings.iter().filter(|binding| binding.source == found.source);
        let bound: Vec<&String> = bound.map(|binding| &binding.place).collect();
        text::line(format!("{:#}", json!({ "certificate": found, "boundTo": bound })));
        return Ok(());
    }
    text::line(format!("certificate  {}", found.source));
    if let Some(facts) = &found.facts {
        text::line(format!("sha-1        {}", facts.sha1));
        text::line(format!("subject      {}", facts.subject));
        text::line(format!("issuer       {}", facts.issuer));
        text::line(format!("names        {}", facts.names.join(", ")));
        text::line(format!("until        {}", facts.not_after()));
    }
    if let Some(problem) = &found.problem {
        text::line(format!("problem      {problem}"));
    }
    for binding in report.bindings.iter().filter(|binding| binding.source == found.source) {
        text::line(format!("bound to     {}", binding.place));
        binding.rules.iter().for_each(|rule| text::line(format!("rule         {rule}")));
    }
    Ok(())
}
