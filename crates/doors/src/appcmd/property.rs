//! The path of a property: elements by name, entries by their keys (IIS reference §8.3).

use doorward_config::{Action, Deed, Position, Step};

use crate::appcmd::failure::Failure;
use crate::appcmd::words::{Operator, Parameter};

/// One step: a name, or what stands in brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Name(String),
    Keys { keys: Vec<(String, String)>, position: Position },
}

/// What a parameter does to an element that `outer` leads to.
pub(crate) fn action(parameter: &Parameter, outer: &[Step]) -> Result<Action, Failure> {
    let mut parts = parts(&parameter.name)?;
    let last = parts.pop().unwrap_or(Part::Name(String::new()));
    let mut at = outer.to_vec();
    at.extend(parts.into_iter().map(step));
    let deed = match (parameter.operator, last) {
        (Operator::Set, Part::Name(attribute)) => {
            let text = parameter.value.clone().ok_or_else(|| Failure::NoValue(parameter.name.clone()))?;
            Deed::Set { attribute, text }
        }
        (Operator::Add, Part::Keys { keys, position }) => Deed::Add { attributes: keys, position },
        (Operator::Remove, Part::Keys { keys, position: Position::At(index) }) if keys.is_empty() => {
            at.push(Step::Index(index));
            Deed::Drop
        }
        (Operator::Remove, Part::Keys { keys, .. }) => Deed::Remove { keys },
        (Operator::Remove, Part::Name(attribute)) => Deed::Unset { attribute },
        (Operator::Set, Part::Keys { .. }) => {
            return Err(Failure::Syntax(parameter.name.clone(), "names an entry and no property of it"));
        }
        (Operator::Add, Part::Name(_)) => {
            return Err(Failure::Syntax(parameter.name.clone(), "has to end with an entry, such as [name='value']"));
        }
    };
    Ok(Action { at, deed })
}

/// Elements and entries on the way to the last name, and that name: `limits.maxConnections`.
pub(super) fn names(path: &str) -> Vec<&str> {
    path.split('.').collect()
}

fn step(part: Part) -> Step {
    match part {
        Part::Name(name) => Step::Element(name),
        Part::Keys { keys, position: Position::At(index) } if keys.is_empty() => Step::Index(index),
        Part::Keys { keys, .. } => Step::Entry(keys),
    }
}

fn parts(path: &str) -> Result<Vec<Part>, Failure> {
    let wrong = |reason| Failure::Syntax(path.to_owned(), reason);
    let (mut parts, mut rest) = (Vec::new(), path);
    loop {
        rest = if let Some(inner) = rest.strip_prefix('[') {
            let (part, behind) = keys(inner).map_err(wrong)?;
            parts.push(part);
            behind
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return Err(wrong("has an empty name"));
            }
            parts.push(Part::Name(rest[..end].trim().to_owned()));
            &rest[end..]
        };
        match rest.strip_prefix('.') {
            Some(behind) => rest = behind,
            None if rest.is_empty() => return Ok(parts),
            // `bindings[protocol='http']` is as good as with a dot.
            None if rest.starts_with('[') => {}
            None => return Err(wrong("has something behind a closing bracket")),
        }
    }
}

/// What stands behind an opening bracket, and the rest behind the closing one.
fn keys(text: &str) -> Result<(Part, &str), &'static str> {
    let (mut keys, mut position, mut rest) = (Vec::new(), Position::End, text);
    loop {
        rest = rest.trim_start();
        let behind = if let Some(word) = rest.strip_prefix('@') {
            let end = word.find([',', ']']).ok_or("lacks a closing bracket")?;
            position = place(word[..end].trim())?;
            &word[end..]
        } else {
            let (name, behind) = rest.split_once('=').ok_or("has a key without a value")?;
            let name = name.trim();
            if name.is_empty() || name.contains([']', ',', '\'', '"']) {
                return Err("has a key without a value");
            }
            let (value, behind) = value(behind.trim_start())?;
            keys.push((name.to_owned(), value));
            behind
        };
        rest = behind.trim_start();
        match rest.chars().next() {
            Some(',') => rest = &rest[1..],
            Some(']') => return Ok((Part::Keys { keys, position }, &rest[1..])),
            Some(_) => return Err("has something behind a value"),
            None => return Err("lacks a closing bracket"),
        }
    }
}

fn place(word: &str) -> Result<Position, &'static str> {
    match word.to_ascii_lowercase().as_str() {
        "start" => Ok(Position::Start),
        "end" => Ok(Position::End),
        number => {
            number.parse().map(Position::At).map_err(|_| "has a place that is neither @start nor @end nor a number")
        }
    }
}

/// A value in quotes, or without them up to the next comma or bracket.
fn value(text: &str) -> Result<(String, &str), &'static str> {
    let Some(quote) = text.chars().next().filter(|first| "'\"".contains(*first)) else {
        let end = text.find([',', ']']).ok_or("lacks a closing bracket")?;
        let value = text[..end].trim_end();
        return if value.contains(['\'', '"']) {
            Err("has a quote that is not closed")
        } else {
            Ok((value.to_owned(), &text[end..]))
        };
    };
    let inner = &text[1..];
    let ends = inner.match_indices(quote).map(|(at, _)| at);
    // A quote inside a value stands before something else than a comma or bracket.
    let is_end = |at: &usize| inner[at + 1..].trim_start().starts_with([',', ']']);
    let end = ends.into_iter().find(is_end).ok_or("has a quote that is not closed")?;
    Ok((inner[..end].to_owned(), &inner[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(operator: Operator, (name, value): (&str, Option<&str>), expected: &str) {
        let parameter =
            Parameter { operator, name: name.to_owned(), value: value.map(str::to_owned), is_property: false };
        let shown = match action(&parameter, &[]) {
            Ok(Action { at, deed }) => format!("{at:?} {deed:?}"),
            Err(failure) => failure.message(),
        };
        assert_eq!(shown.replace('"', ""), expected, "{name}");
    }

    #[test]
    fn paths() {
        check(Operator::Set, ("enabled", Some("True")), "[] Set { attribute: enabled, text: True }");
        check(
            Operator::Set,
            ("[name='Default Web Site'].limits.maxBandwidth", Some("1")),
            "[Entry([(name, Default Web Site)]), Element(limits)] Set { attribute: maxBandwidth, text: 1 }",
        );
        check(
            Operator::Add,
            ("[name='C'].bindings.[protocol='https',bindingInformation='*:443:']", None),
            "[Entry([(name, C)]), Element(bindings)] Add { attributes: [(protocol, https), (bindingInformation, *:443:)], position: End }",
        );
        check(Operator::Add, ("[@start,value=a]", None), "[] Add { attributes: [(value, a)], position: Start }");
        check(
            Operator::Add,
            ("files[value=\"a b\"]", None),
            "[Element(files)] Add { attributes: [(value, a b)], position: End }",
        );
        check(
            Operator::Add,
            ("[queryString='a=b']", None),
            "[] Add { attributes: [(queryString, a=b)], position: End }",
        );
        check(Operator::Add, ("[sequence='\\']", None), "[] Add { attributes: [(sequence, \\\\)], position: End }");
        check(Operator::Add, ("[v='it's']", None), "[] Add { attributes: [(v, it's)], position: End }");
        check(Operator::Remove, ("[@2]", None), "[Index(2)] Drop");
        check(Operator::Remove, ("limits.maxBandwidth", None), "[Element(limits)] Unset { attribute: maxBandwidth }");
    }

    #[test]
    fn faults() {
        let wrong = |reason: &str, name: &str| {
            format!("Failed to process input: The parameter '{name}' {reason} (HRESULT=80070057).")
        };
        let check_wrong = |name: &str, reason: &str| check(Operator::Add, (name, None), &wrong(reason, name));
        check_wrong("[name=SampleHandler',path='x']", "has a quote that is not closed");
        check_wrong("[name='x", "has a quote that is not closed");
        check_wrong("[name=x", "lacks a closing bracket");
        check_wrong("[name]", "has a key without a value");
        check_wrong("[name='x']y", "has something behind a closing bracket");
        check_wrong("a..b", "has an empty name");
        check_wrong("[@first,a=b]", "has a place that is neither @start nor @end nor a number");
        check_wrong("enabled", "has to end with an entry, such as [name='value']");
    }
}
