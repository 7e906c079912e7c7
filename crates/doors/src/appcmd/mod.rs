//! `appcmd`: IIS's own command for sites, applications and every configuration section (IIS reference §8).

mod failure;
mod site;
mod words;

use crate::installation::Installation;
use crate::outcome::Outcome;
use failure::Failure;
use words::Line;

/// Runs one command line: the words behind `appcmd`, and what stands on standard input for commands that read it.
pub fn appcmd(words: &[String], _input: &mut dyn FnMut() -> String, place: &mut dyn Installation) -> Outcome {
    let line = match Line::read(words) {
        Ok(line) => line,
        Err(failure) => return failure.outcome(),
    };
    let outcome = match line.object.to_ascii_lowercase().as_str() {
        "site" | "sites" => site::run(&line, place),
        _ => Err(Failure::Object(line.object.clone())),
    };
    outcome.unwrap_or_else(|failure| failure.outcome())
}
