//! What `/?` prints.

use std::fmt::Write as _;

use doorward_config::ElementTable;

use crate::appcmd::failure::Failure;
use crate::appcmd::item::Kind;
use crate::appcmd::words::Line;
use crate::appcmd::{OBJECTS, What};
use crate::installation::Installation;
use crate::outcome::Outcome;

/// What IIS answers to a question for help.
const ASKED: u32 = 1;

/// Everything in one page.
pub(super) fn general() -> String {
    let mut text = "\
General purpose IIS command line administration tool, as Doorward understands it.

APPCMD (command) (object-type) <identifier> </parameter1:value1 ...>

Supported object types:

"
    .to_owned();
    for (word, _, _, verbs) in OBJECTS {
        let _infallible = writeln!(text, "  {word:<10}{}", verbs.join(" "));
    }
    text.push_str(
        "
General parameters:

  /?                 Help on an object (SITE /?) or what can be set (set site \"X\" /?).
  /text<:value>      Output as text (default); :* shows everything, :name one property.
  /xml               Output as XML, for /in of another command.
  /in or -           Take objects from standard input.
  /config<:*>        Show the configuration of objects; :* with defaults.
  /metadata          With /config: where each element is written.
  /commit:where      url (default), site, app, parent, apphost, or a configuration path.
  /apphostconfig:F   Work on this applicationHost.config or its folder.
  !                  Before a property that has the name of a general parameter: /!debug:value

A leading - is as good as /. On Linux, quote what holds brackets or backslashes: '/+[name=\"X\"]'.
",
    );
    text
}

/// Help on what the line is about.
pub(super) fn of(line: &Line, place: &dyn Installation) -> Result<Outcome, Failure> {
    let words = [line.verb.to_uppercase(), line.object.to_uppercase()];
    let known = OBJECTS.iter().find(|(word, plural, ..)| words.iter().any(|own| [word, plural].contains(&&&**own)));
    let output = match known {
        None if line.verb.is_empty() => general(),
        None => {
            return Err(Failure::Object(if line.object.is_empty() { line.verb.clone() } else { line.object.clone() }));
        }
        Some((_, _, What::Item(kind), _)) if line.verb == "set" || line.verb == "add" => properties(*kind, place)?,
        Some((word, _, _, verbs)) => {
            let mut text = format!(
                "Administration of {word} objects.\n\nAPPCMD (command) {word} <identifier> <-parameter1:value1 ...>\n\nSupported commands:\n\n"
            );
            for verb in *verbs {
                let _infallible = writeln!(text, "  {verb}");
            }
            text
        }
    };
    Ok(Outcome { output, exit_code: ASKED, ..Outcome::default() })
}

/// Every property that `set` takes.
fn properties(kind: Kind, place: &dyn Installation) -> Result<String, Failure> {
    let (section, depth) = match kind {
        Kind::Site => ("system.applicationHost/sites", 1),
        Kind::App => ("system.applicationHost/sites", 2),
        Kind::Vdir => ("system.applicationHost/sites", 3),
        Kind::Module => ("system.webServer/modules", 1),
        Kind::Pool | Kind::Worker | Kind::Request | Kind::Backup | Kind::Trace => {
            ("system.applicationHost/applicationPools", 1)
        }
    };
    let configuration = place.configuration()?;
    let table = configuration.schema().section(section).map(|table| table.element);
    let table = (0..depth).try_fold(table, |table, _| table.map(|table| table.collection.map(|own| own.entry)));
    let mut text = format!("Properties of {} objects:\n\n", kind.word());
    if let Some(table) = table.flatten() {
        list(&mut text, "", table);
    }
    Ok(text)
}

fn list(text: &mut String, prefix: &str, table: &ElementTable) {
    for attribute in table.attributes {
        let _infallible = writeln!(text, "  -{prefix}{}", attribute.name);
    }
    for child in table.children {
        list(text, &format!("{prefix}{}.", child.name), child);
    }
}
