//! What netsh prints when it is asked for its commands.

use crate::netsh::syntax::{self, COMMANDS, Command};
use crate::outcome::Outcome;

/// The help that these words ask for: nothing behind the context or a verb, or a question mark at the end.
pub(super) fn asked(words: &[String]) -> Option<Outcome> {
    let is_question = |word: &String| matches!(word.to_ascii_lowercase().as_str(), "?" | "/?" | "-?" | "help");
    let (asks, words) = match words.split_last() {
        Some((last, rest)) if is_question(last) => (true, rest),
        _ => (false, words),
    };
    let in_context = words.first().is_none_or(|word| word.eq_ignore_ascii_case("http"));
    let behind = words.get(1..).unwrap_or_default();
    match (in_context, behind) {
        (true, []) => Some(list("", COMMANDS.iter())),
        (true, [verb]) => {
            let verb = syntax::verb_of(verb).filter(|_| asks || behind.len() == 1)?;
            let of_verb = COMMANDS.iter().filter(|command| command.verb == verb);
            // A verb that is a whole command needs a question to be explained.
            let alone = of_verb.clone().any(|command| command.object.is_empty());
            (asks || !alone).then(|| list(verb, of_verb))
        }
        (true, _) if asks => syntax::find(behind).map(|(command, _)| one(command)),
        _ => None,
    }
}

fn list(verb: &str, commands: impl Iterator<Item = &'static Command>) -> Outcome {
    let context = format!("http {verb}");
    let mut outcome = Outcome::done(["", "The following commands are available:", ""]);
    outcome.say(format!("Commands in this context ({}):", context.trim_end()));
    for command in commands {
        outcome.say(format!("{:<20} - {}", command.name(), command.help));
    }
    outcome.say("");
    outcome.say("To view help for a command, type the command, followed by a space, and then type ?.");
    outcome
}

fn one(command: &Command) -> Outcome {
    Outcome::done(["", &command.usage(), "", &format!("Remarks: {}", command.help), ""])
}
