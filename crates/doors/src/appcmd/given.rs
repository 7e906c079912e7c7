//! Objects that another command printed as XML, taken from standard input (`/in`).

use crate::appcmd::failure::Failure;
use crate::appcmd::words::{Line, Operator, Parameter};

/// The line once for each object of the input: an object of the same kind is its identifier, another one a filter by
/// what it is called.
pub(super) fn lines(line: &Line, word: &str, input: &str) -> Result<Vec<Line>, Failure> {
    let document = roxmltree::Document::parse(input.trim_start_matches('\u{feff}').trim_start())
        .map_err(|error| Failure::Input(error.to_string()))?;
    let root = document.root_element();
    if root.tag_name().name() != "appcmd" {
        return Err(Failure::Input(format!("the root element is <{}>, not <appcmd>", root.tag_name().name())));
    }
    let given = |element: roxmltree::Node<'_, '_>| {
        let kind = element.tag_name().name();
        let key = format!("{kind}.NAME");
        let name = element.attributes().find(|attribute| attribute.name() == key).map(|attribute| attribute.value());
        let name = name.ok_or_else(|| Failure::Input(format!("an element <{kind}> has no {key}")))?.to_owned();
        let mut line = line.clone();
        if kind == word {
            line.identifier = Some(name);
        } else {
            let name_of = format!("{}.name", kind.to_ascii_lowercase());
            line.parameters.push(Parameter {
                operator: Operator::Set,
                name: name_of,
                value: Some(name),
                is_property: false,
            });
        }
        Ok(line)
    };
    root.children().filter(roxmltree::Node::is_element).map(given).collect()
}
