//! Values as they are written: the schema's spelling, whatever way they were typed (IIS reference §8.3).

use crate::diagnostic::Complaint;
use crate::edit::EditError;
use crate::reader::invalid;
use crate::schema::{AttributeTable, INFINITE, Kind, Value};

/// The text to write, or IIS's reason why it does not fit.
pub(super) fn text(table: &AttributeTable, typed: &str) -> Result<String, EditError> {
    let refuse = |reason: Complaint| {
        let Complaint { message, hint, .. } = invalid(table.name, reason);
        EditError::Value { message, hint }
    };
    let value = table.read(typed).map_err(refuse)?;
    if let Some(rule) = table.check {
        rule(typed).map_err(refuse)?;
    }
    if table.infinite && typed.eq_ignore_ascii_case(INFINITE) {
        return Ok(INFINITE.to_owned());
    }
    Ok(match (&table.kind, value) {
        (Kind::Bool, Value::Bool(value)) => value.to_string(),
        (Kind::Enum(words), Value::Uint(number)) => word(words, number, typed),
        (Kind::Flags(words), Value::Uint(_)) => flags(words, typed),
        (Kind::Uint(_), Value::Uint(number)) => number.to_string(),
        (Kind::Long(_), Value::Long(number)) => number.to_string(),
        _ => typed.to_owned(),
    })
}

/// Whether two texts mean the same value.
pub(super) fn same(table: &AttributeTable, one: &str, other: &str) -> bool {
    match (table.read(one), table.read(other)) {
        (Ok(one), Ok(other)) => one.key(table.case_sensitive) == other.key(table.case_sensitive),
        _ => one.eq_ignore_ascii_case(other),
    }
}

/// Two words may share a number: the one that was typed, in the schema's case.
fn word(words: &[(&'static str, u32)], number: u32, typed: &str) -> String {
    let typed_word = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(typed));
    let word = typed_word.or_else(|| words.iter().find(|(_, own)| *own == number));
    word.map_or_else(|| typed.to_owned(), |(word, _)| (*word).to_owned())
}

fn flags(words: &[(&'static str, u32)], typed: &str) -> String {
    let parts = typed.split(',').map(str::trim).filter(|part| !part.is_empty());
    let spelled =
        parts.map(|part| words.iter().find(|(word, _)| word.eq_ignore_ascii_case(part)).map_or(part, |w| w.0));
    spelled.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::section;

    fn check(path: &str, name: &str, typed: &str, expected: &str) {
        let table = section(path).unwrap().element.attribute(name).unwrap();
        let shown = match text(table, typed) {
            Ok(text) => text,
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected, "{name} {typed}");
    }

    #[test]
    fn spelled_as_the_schema_does() {
        const LIMITS: &str = "system.applicationHost/webLimits";
        check("system.webServer/directoryBrowse", "enabled", "TRUE", "true");
        check("system.webServer/directoryBrowse", "showFlags", "date,SIZE", "Date, Size");
        check("system.webServer/security/dynamicIpSecurity", "denyAction", "abortrequest", "AbortRequest");
        check(LIMITS, "minBytesPerSecond", "0xF0", "240");
        check(LIMITS, "connectionTimeout", "00:01:00", "00:01:00");
        let wrong = "The 'enabled' attribute is invalid.  Not a valid boolean: write true or false";
        check("system.webServer/directoryBrowse", "enabled", "yes", wrong);
    }
}
