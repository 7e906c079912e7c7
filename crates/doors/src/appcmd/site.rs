//! The object SITE.

use doorward_config::{Binding, Site};

use crate::appcmd::failure::Failure;
use crate::appcmd::words::Line;
use crate::installation::Installation;
use crate::outcome::Outcome;

const OBJECT: &str = "SITE";

pub(super) fn run(line: &Line, place: &mut dyn Installation) -> Result<Outcome, Failure> {
    match line.verb.as_str() {
        "list" => list(line, place),
        "start" => start(line, place),
        "stop" => stop(line, place),
        verb => Err(Failure::Verb(verb.to_owned(), OBJECT)),
    }
}

fn list(line: &Line, place: &dyn Installation) -> Result<Outcome, Failure> {
    let configuration = place.configuration()?;
    let named = |site: &&Site| line.identifier.as_ref().is_none_or(|name| site.name.eq_ignore_ascii_case(name));
    let found: Vec<String> = configuration.sites.iter().filter(named).map(|site| text(site, place)).collect();
    let exit_code = u32::from(found.is_empty() && line.identifier.is_some());
    Ok(Outcome { exit_code, ..Outcome::done(found) })
}

fn text(site: &Site, place: &dyn Installation) -> String {
    let binding = |binding: &Binding| format!("{}/{}", binding.protocol, binding.information);
    let bindings: Vec<String> = site.bindings.iter().map(binding).collect();
    let state = place.site_state(&site.name).word();
    format!("SITE \"{}\" (id:{},bindings:{},state:{state})", site.name, site.id, bindings.join(","))
}

fn start(line: &Line, place: &mut dyn Installation) -> Result<Outcome, Failure> {
    let name = named(line, place)?;
    let notes = place.start_site(&name)?;
    Ok(noted(Outcome::done([format!("\"{name}\" successfully started.")]), &notes))
}

fn stop(line: &Line, place: &mut dyn Installation) -> Result<Outcome, Failure> {
    let name = named(line, place)?;
    let notes = place.stop_site(&name)?;
    Ok(noted(Outcome::done([format!("\"{name}\" successfully stopped")]), &notes))
}

/// The site that the identifier names, as it spells itself.
fn named(line: &Line, place: &dyn Installation) -> Result<String, Failure> {
    let identifier = line.identifier.as_deref().unwrap_or_default();
    let missing = || Failure::NotFound(OBJECT, identifier.to_owned());
    Ok(place.configuration()?.site(identifier).ok_or_else(missing)?.name.clone())
}

fn noted(mut outcome: Outcome, notes: &[String]) -> Outcome {
    for note in notes {
        outcome.note(note);
    }
    outcome
}
