//! `netsh http`: HTTP.sys's own command for the IP listen list, certificates, reserved URLs and timeouts (IIS reference
//! §7).

mod cache;
mod certs;
mod dump;
mod failure;
mod help;
mod http_service;
mod listen;
mod parameters;
mod registered;
mod sddl;
mod service_state;
mod ssl_json;
mod ssl_options;
mod ssl_properties;
mod syntax;
mod tags;
mod timeouts;
mod urls;

use crate::outcome::Outcome;
use failure::Failure;
pub use http_service::{Account, CachedFile, HttpService};
use tags::Tags;

/// Runs one command line: the words behind `netsh`.
pub fn netsh(words: &[String], place: &mut dyn HttpService) -> Outcome {
    if let Some(help) = help::asked(words) {
        return help;
    }
    let not_found = || Failure::NoCommand(words.join(" ")).outcome();
    let Some((context, rest)) = words.split_first() else { return not_found() };
    if !context.eq_ignore_ascii_case("http") {
        return not_found();
    }
    let Some((command, rest)) = syntax::find(rest) else { return not_found() };
    let outcome = Tags::read(command, rest)
        .map_err(|slip| Failure::Syntax(command, slip))
        .and_then(|tags| (command.run)(&tags, place));
    outcome.unwrap_or_else(|failure| failure.outcome())
}

/// A success with one sentence, set off by empty lines as netsh does, and what else there is to know.
fn said(sentence: &str, notes: &[String]) -> Outcome {
    let mut outcome = Outcome::done(["", sentence, ""]);
    for note in notes {
        outcome.note(note);
    }
    outcome
}

/// The lines above a list: a blank one, the heading and dashes under it.
fn heading(text: &str) -> Vec<String> {
    vec![String::new(), text.to_owned(), "-".repeat(text.len())]
}

/// A line `label : value`; short labels fill a column (IIS reference §7.3).
fn labelled(indent: &str, (label, width): (&str, usize), value: &str) -> String {
    let room = if label.len() < width { width } else { label.len() + 1 };
    format!("{indent}{label:<room$}: {value}")
}
