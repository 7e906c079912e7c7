//! The words of a command line: verb, object, identifier, parameters (IIS reference §8, §8.3).

use crate::appcmd::failure::Failure;

/// What begins a parameter. Documents print a dash where a minus is meant, and people paste it.
const BEGINS: [char; 4] = ['/', '-', '\u{2013}', '\u{2014}'];

/// One command line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Line {
    /// The verb in lower case.
    pub(super) verb: String,
    /// The object as typed.
    pub(super) object: String,
    /// What names one object.
    pub(super) identifier: Option<String>,
    pub(super) parameters: Vec<Parameter>,
    /// Objects are read from standard input (`/in`, or a lone `-`).
    pub(super) takes_input: bool,
    /// Help is asked for.
    pub(super) wants_help: bool,
}

/// One parameter: `/name:value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub(crate) operator: Operator,
    /// The name of what is meant, which may be a path.
    pub(crate) name: String,
    pub(crate) value: Option<String>,
    /// `!` stood before the name: it is a property, also when a general parameter has that name.
    pub(crate) is_property: bool,
}

/// What happens to what a parameter names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Set,
    Add,
    Remove,
}

impl Line {
    /// Reads the words as a shell has split them. Quotes that the shell left are taken away.
    pub(super) fn read(words: &[String]) -> Result<Self, Failure> {
        let mut line = Self::default();
        let mut names = Vec::new();
        for word in words {
            let word = unquoted(word);
            match parameter_text(word) {
                Some("") => line.takes_input = true,
                Some("?") => line.wants_help = true,
                Some(text) => {
                    let parameter = Parameter::read(text, word)?;
                    match (parameter.name.to_ascii_lowercase().as_str(), parameter.is_property) {
                        ("in", false) => line.takes_input = true,
                        ("help", false) => line.wants_help = true,
                        _ => line.parameters.push(parameter),
                    }
                }
                None if names.len() < 3 && line.parameters.is_empty() => names.push(word),
                None => return Err(Failure::NoParameter(word.to_owned())),
            }
        }
        let mut names = names.into_iter();
        line.verb = names.next().unwrap_or_default().to_ascii_lowercase();
        line.object = names.next().map(str::to_owned).unwrap_or_default();
        line.identifier = names.next().map(str::to_owned);
        Ok(line)
    }
}

impl Line {
    /// Takes a parameter that is no property.
    pub(super) fn take(&mut self, name: &str) -> Option<Parameter> {
        let is_it = |parameter: &Parameter| {
            !parameter.is_property && parameter.operator == Operator::Set && parameter.name.eq_ignore_ascii_case(name)
        };
        let at = self.parameters.iter().position(is_it)?;
        Some(self.parameters.remove(at))
    }
}

impl Parameter {
    /// `text` is the word without what begins it.
    fn read(text: &str, word: &str) -> Result<Self, Failure> {
        let text = unquoted(text);
        let (is_property, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let (operator, text) = match text.chars().next() {
            Some('+') => (Operator::Add, &text[1..]),
            Some('-') => (Operator::Remove, &text[1..]),
            _ => (Operator::Set, text),
        };
        let text = unquoted(text);
        let (name, value) = split_value(text);
        if name.is_empty() {
            return Err(Failure::NoName(word.to_owned()));
        }
        let value = value.map(|value| unquoted(value).to_owned());
        Ok(Self { operator, name: name.to_owned(), value, is_property })
    }
}

/// The word without `/` or `-`; `None` when neither begins it.
fn parameter_text(word: &str) -> Option<&str> {
    word.strip_prefix(BEGINS)
}

/// Without the double quotes around it, where they are a pair.
fn unquoted(text: &str) -> &str {
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.filter(|inner| !inner.contains('"')).unwrap_or(text)
}

/// Splits at the first colon that stands outside brackets.
fn split_value(text: &str) -> (&str, Option<&str>) {
    let (mut inside, mut quote) = (false, None);
    for (at, character) in text.char_indices() {
        if let Some(open) = quote {
            quote = Some(open).filter(|open| *open != character);
            continue;
        }
        match character {
            '\'' | '"' if inside => quote = Some(character),
            '[' => inside = true,
            ']' => inside = false,
            ':' if !inside => return (&text[..at], Some(&text[at + 1..])),
            _ => {}
        }
    }
    (text, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Line, Failure> {
        Line::read(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    /// One parameter, shown as operator, name and value.
    fn check(word: &str, expected: &str) {
        let shown = match read(&["set", "config", word]) {
            Ok(line) => {
                let parameter = &line.parameters[0];
                let sign = match parameter.operator {
                    Operator::Set => "=",
                    Operator::Add => "+",
                    Operator::Remove => "-",
                };
                let mark = if parameter.is_property { "!" } else { "" };
                format!("{mark}{sign} {} {}", parameter.name, parameter.value.as_deref().unwrap_or("(none)"))
            }
            Err(failure) => failure.message(),
        };
        assert_eq!(shown, expected, "{word}");
    }

    #[test]
    fn a_parameter_has_operator_name_and_value() {
        check("/enabled:true", "= enabled true");
        check("-section:system.webServer/asp", "= section system.webServer/asp");
        check("\u{2013}section:httpErrors", "= section httpErrors");
        check("/bindings:http/*:81:,https/*:443:", "= bindings http/*:81:,https/*:443:");
        check("/text", "= text (none)");
        check("/text:*", "= text *");
        check("/!debug:1", "!= debug 1");
        check("/+[name='Contoso',id='2']", "+ [name='Contoso',id='2'] (none)");
        check("/-[name='a:b']", "- [name='a:b'] (none)");
        check("/[name='a]:b'].limits.maxBandwidth:65536", "= [name='a]:b'].limits.maxBandwidth 65536");
        check(
            "/+bindings.[protocol='https',bindingInformation='*:443:']",
            "+ bindings.[protocol='https',bindingInformation='*:443:'] (none)",
        );
    }

    #[test]
    fn quotes_that_a_shell_left_are_taken_away() {
        check("/enabled:\"True\"", "= enabled True");
        check("\"/[name='a b'].id:2\"", "= [name='a b'].id 2");
        check("/+\"[name='a b']\"", "+ [name='a b'] (none)");
        check("/\"[name='a b'].id:2\"", "= [name='a b'].id 2");
        check("/name:\"a \"b\"", "= name \"a \"b\"");
    }

    #[test]
    fn words_have_their_places() {
        let line = read(&["LIST", "site", "Default Web Site", "/text:*"]).unwrap();
        assert_eq!(
            (&*line.verb, &*line.object, line.identifier.as_deref()),
            ("list", "site", Some("Default Web Site"))
        );
        assert!(read(&["list", "site", "-"]).unwrap().takes_input);
        assert!(read(&["list", "site", "/in"]).unwrap().takes_input);
        assert!(read(&["/?"]).unwrap().wants_help);
        let refused = read(&["set", "config", "/[name='Default", "Web", "Site'].id:2"]).unwrap_err();
        assert_eq!(
            refused.message(),
            "Failed to process input: The parameter 'Web' must begin with a / or - (HRESULT=80070057)."
        );
    }
}
