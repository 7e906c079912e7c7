//! One `attribute` of the schema language: its type, its range, its default.

use crate::diagnostic::Complaint;
use crate::document::Element;
use crate::schema::{
    AttributeTable, Bounds, Key, Kind, SPAN, TextRule, Word, application_path, near_name, pool_name, site_name,
    trimmed, virtual_directory_path,
};
use crate::schema_file::draft::AttributeDraft;
use crate::schema_file::keep;
use crate::schema_file::language::{Language, WORDS_MAX, is_name, place};

const NAMES: &[&str] = &[
    "name",
    "type",
    "required",
    "isUniqueKey",
    "isCombinedKey",
    "defaultValue",
    "encrypted",
    "expanded",
    "allowInfinite",
    "caseSensitive",
    "timeSpanFormat",
    "validationType",
    "validationParameter",
];

const TYPES: &[&str] = &["bool", "enum", "flags", "uint", "int", "int64", "string", "timeSpan"];

/// Names with a meaning of their own on every element of a configuration.
const RESERVED: &[&str] = &[
    "lockAttributes",
    "lockAllAttributesExcept",
    "lockElements",
    "lockAllElementsExcept",
    "lockItem",
    "configSource",
    "configBuilders",
];

/// Rules for a text, by the name of the validator.
const RULES: &[(&str, TextRule)] = &[
    ("applicationPoolName", pool_name),
    ("siteName", site_name),
    ("applicationPath", application_path),
    ("virtualDirectoryPath", virtual_directory_path),
    ("requireTrimmedString", trimmed),
];

impl Language<'_> {
    /// Reads an attribute; `None` where it is of no use.
    pub(super) fn attribute(&mut self, element: &Element) -> Option<AttributeDraft> {
        self.allow_only(element, NAMES);
        let name = self.name(element)?;
        if RESERVED.contains(&name) || !is_name(name) {
            let message = format!("'{name}' cannot be the name of an attribute");
            self.wrong(element, "name", Complaint::new("value", message).hint("choose another name"));
            return None;
        }
        let kind = self.kind(element)?;
        let mut table = AttributeTable::new(name, kind);
        table.required = self.switch(element, "required", false);
        table.encrypted = self.switch(element, "encrypted", false);
        table.expanded = self.switch(element, "expanded", false);
        table.infinite = self.switch(element, "allowInfinite", false);
        table.case_sensitive = self.switch(element, "caseSensitive", false);
        table.key = match (self.switch(element, "isUniqueKey", false), self.switch(element, "isCombinedKey", false)) {
            (false, false) => Key::None,
            (true, false) => Key::Unique,
            (false, true) => Key::Combined,
            (true, true) => {
                let message = format!("'{name}' cannot be a unique key and a part of a combined one");
                self.wrong(element, "isCombinedKey", Complaint::new("value", message).hint("keep one of the two"));
                Key::Unique
            }
        };
        self.validation(element, &mut table);
        if let Some(default) = element.attribute("defaultValue") {
            table.default = Some(keep::text(default));
            let fits = table.encrypted || default.starts_with("[enc:");
            if let (false, Err(reason)) = (fits, table.read(default)) {
                let message = format!("the default '{default}' of '{name}' does not fit its type: {}", reason.message);
                self.wrong(element, "defaultValue", Complaint { message, ..reason });
            }
        }
        Some(AttributeDraft { table, origin: Some(element.origin.clone()) })
    }

    fn kind(&mut self, element: &Element) -> Option<Kind> {
        let Some(text) = element.attribute("type") else {
            let hint = format!("write type=\"string\", or one of {}", TYPES.join(", "));
            let complaint = Complaint::new("missing", "Missing required attribute 'type'").hint(hint);
            self.findings.error(&element.origin, complaint);
            return None;
        };
        let kind = match text {
            "bool" => Kind::Bool,
            "enum" => return self.words(element, "enum").map(Kind::Enum),
            "flags" => return self.words(element, "flag").map(Kind::Flags),
            "uint" => Kind::uint(0, i64::from(u32::MAX)),
            "int" => Kind::long(i64::from(i32::MIN), i64::from(i32::MAX)),
            "int64" => Kind::long(-i64::MAX, i64::MAX),
            "string" => Kind::Text,
            "timeSpan" => self.span(element)?,
            other => {
                let message = format!("The 'type' attribute is invalid.  Enum must be one of {}", TYPES.join(", "));
                let complaint = Complaint::new("value", message);
                let near = near_name(other, TYPES.iter().copied());
                let complaint = match near {
                    Some(near) => complaint.hint(format!("did you mean '{near}'?")),
                    None => complaint,
                };
                self.wrong(element, "type", complaint);
                return None;
            }
        };
        for child in &element.children {
            self.foreign(child, "an attribute of this type has no named values", &[]);
        }
        Some(kind)
    }

    /// A time span is written as a clock, or as a number of seconds or minutes.
    fn span(&mut self, element: &Element) -> Option<Kind> {
        match element.attribute("timeSpanFormat") {
            None | Some("string") => Some(SPAN),
            Some("seconds" | "minutes") => Some(Kind::uint(0, i64::from(u32::MAX))),
            Some(_) => {
                let message =
                    "The 'timeSpanFormat' attribute is invalid.  Enum must be one of string, seconds, minutes";
                self.wrong(element, "timeSpanFormat", Complaint::new("value", message));
                None
            }
        }
    }

    /// The named values, each once.
    fn words(&mut self, element: &Element, each: &str) -> Option<&'static [Word]> {
        let mut words: Vec<Word> = Vec::new();
        for child in &element.children {
            if child.name != each {
                self.foreign(child, "the values of this type have another name", &[each]);
                continue;
            }
            self.allow_only(child, &["name", "value"]);
            self.no_children(child);
            let (Some(name), Some(value)) = (self.name(child), self.number(child)) else { continue };
            if words.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                let message = format!("There is a duplicate {each} '{name}'");
                self.findings.error(&child.origin, Complaint::new("duplicate", message).hint("delete one of the two"));
            } else {
                words.push((name, value));
            }
        }
        if words.is_empty() || words.len() > WORDS_MAX {
            let message = format!("an attribute of this type has between 1 and {WORDS_MAX} elements <{each}>");
            let hint = format!("write <{each} name=\"…\" value=\"…\"/> inside it");
            self.findings.error(&element.origin, Complaint::new("missing", message).hint(hint));
            return None;
        }
        Some(keep::words(words))
    }

    fn number(&mut self, element: &Element) -> Option<u32> {
        let Some(text) = element.attribute("value") else {
            let complaint = Complaint::new("missing", "Missing required attribute 'value'");
            self.findings.error(&element.origin, complaint.hint("write value=\"1\""));
            return None;
        };
        match Kind::uint(0, i64::from(u32::MAX)).read(text) {
            Ok(crate::schema::Value::Uint(number)) => Some(number),
            Ok(_) => None,
            Err(reason) => {
                self.wrong(element, "value", crate::reader::invalid("value", reason));
                None
            }
        }
    }

    fn validation(&mut self, element: &Element, table: &mut AttributeTable) {
        let parameter = element.attribute("validationParameter");
        let Some(validation) = element.attribute("validationType") else {
            if parameter.is_some() {
                let complaint = Complaint::new("missing", "validationParameter says nothing without validationType");
                self.wrong(element, "validationParameter", complaint.hint("add validationType=\"integerRange\""));
            }
            return;
        };
        let is_span = element.attribute("type") == Some("timeSpan");
        match (validation, table.kind) {
            ("nonEmptyString", Kind::Text) => table.kind = Kind::FilledText,
            ("integerRange", Kind::Uint(bounds)) if !is_span => {
                table.kind = self.range(element, bounds).map_or(table.kind, Kind::Uint);
            }
            ("integerRange", Kind::Long(bounds)) => {
                table.kind = self.range(element, bounds).map_or(table.kind, Kind::Long);
            }
            ("timeSpanRange", Kind::Span(_) | Kind::Uint(_)) if is_span => self.span_range(element, table),
            (name, Kind::Text) if RULES.iter().any(|(known, _)| *known == name) => {
                table.check = RULES.iter().find(|(known, _)| *known == name).map(|(_, rule)| *rule);
            }
            ("nonEmptyString" | "integerRange" | "timeSpanRange", _) => self.unfit_validation(element, validation),
            (name, _) if RULES.iter().any(|(known, _)| *known == name) => self.unfit_validation(element, name),
            (name, _) => {
                let message =
                    format!("the validator '{name}' is not known here: values are checked by their type alone");
                let hint = "known are integerRange, timeSpanRange, nonEmptyString, applicationPoolName, siteName, \
                    applicationPath, virtualDirectoryPath and requireTrimmedString";
                let origin = place(element, "validationType");
                self.findings.warning(&origin, Complaint::new("schema", message).hint(hint));
            }
        }
    }

    fn unfit_validation(&mut self, element: &Element, name: &str) {
        let kind = element.attribute("type").unwrap_or("");
        let message = format!("the validator '{name}' does not belong to the type '{kind}'");
        let hint = "integerRange is for uint, int and int64, timeSpanRange for timeSpan, the others for string";
        self.wrong(element, "validationType", Complaint::new("value", message).hint(hint));
    }

    /// `min,max`, or `min,max,exclude` for all but that stretch.
    fn range(&mut self, element: &Element, all: Bounds) -> Option<Bounds> {
        let (numbers, excludes) = self.parameter(element, 2)?;
        let (first, last) = (numbers[0], numbers[1]);
        let inside = |number| number >= all.min && number <= all.max;
        if first > last || !inside(first) || !inside(last) {
            let message = format!("the range {first} to {last} does not lie in {} to {}", all.min, all.max);
            self.wrong(element, "validationParameter", Complaint::new("range", message).hint("write \"min,max\""));
            return None;
        }
        Some(if excludes { Bounds { excluded: Some((first, last)), ..all } } else { Bounds::between(first, last) })
    }

    /// `min,max,step` in seconds.
    fn span_range(&mut self, element: &Element, table: &mut AttributeTable) {
        let Some((numbers, _)) = self.parameter(element, 3) else { return };
        let (first, last, step) = (numbers[0], numbers[1], numbers[2]);
        if first < 0 || first > last || step < 1 {
            let message = format!("the range {first} to {last} in steps of {step} seconds is none");
            let hint = "write \"min,max,step\" in seconds, such as \"0,3600,60\"";
            self.wrong(element, "validationParameter", Complaint::new("range", message).hint(hint));
            return;
        }
        table.kind = match element.attribute("timeSpanFormat") {
            Some("minutes") => Kind::uint(first / 60, last / 60),
            Some("seconds") => Kind::uint(first, last),
            _ => Kind::span_step(first, last, step),
        };
    }

    /// The numbers of a validator's parameter, and whether `exclude` follows them.
    fn parameter(&mut self, element: &Element, count: usize) -> Option<(Vec<i64>, bool)> {
        let text = element.attribute("validationParameter").unwrap_or("");
        let mut parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let excludes = parts.last().is_some_and(|last| last.eq_ignore_ascii_case("exclude"));
        if excludes {
            parts.pop();
        }
        let numbers: Option<Vec<i64>> = parts.iter().map(|part| part.parse().ok()).collect();
        let numbers = numbers.filter(|numbers| numbers.len() == count);
        if numbers.is_none() {
            let message = format!("The 'validationParameter' attribute is invalid.  '{text}' is not {count} numbers");
            let hint = if count == 2 { "write \"min,max\"" } else { "write \"min,max,step\" in seconds" };
            self.wrong(element, "validationParameter", Complaint::new("value", message).hint(hint));
        }
        numbers.map(|numbers| (numbers, excludes))
    }
}
