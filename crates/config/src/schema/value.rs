//! From an attribute's text to its value, with IIS's texts for what does not fit (IIS reference §3.2, §3.8).

use crate::diagnostic::Complaint;
use crate::schema::types::{AttributeTable, Bounds, Kind, Word};

/// A value of the type its attribute has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A number; the number of an enumeration's word; the sum of flags.
    Uint(u32),
    /// A number with a sign or of 64 bits.
    Long(i64),
    /// Milliseconds.
    Span(u64),
    /// A text.
    Text(String),
}

type Read = Result<Value, Complaint>;

/// The word for the largest number, where an attribute allows it.
pub(crate) const INFINITE: &str = "Infinite";

impl AttributeTable {
    /// Reads a text for this attribute. The complaint is the reason alone, without the attribute's name.
    pub(crate) fn read(&self, text: &str) -> Read {
        if self.infinite && text.eq_ignore_ascii_case(INFINITE) {
            return Ok(self.kind.most());
        }
        self.kind.read(text)
    }
}

impl Kind {
    /// The value that `Infinite` stands for.
    fn most(&self) -> Value {
        match self {
            Kind::Span(_) => Value::Span(u64::MAX),
            Kind::Long(_) => Value::Long(i64::MAX),
            Kind::Uint(_) | Kind::Bool | Kind::Enum(_) | Kind::Flags(_) => Value::Uint(u32::MAX),
            Kind::Text | Kind::FilledText => Value::Text(INFINITE.to_owned()),
        }
    }

    /// Reads a text of this type. The complaint is the reason alone, without the attribute's name.
    pub(crate) fn read(&self, text: &str) -> Read {
        match self {
            Kind::Bool => read_bool(text),
            Kind::Enum(words) => read_enum(words, text),
            Kind::Flags(words) => read_flags(words, text),
            Kind::Uint(bounds) => read_uint(*bounds, text),
            Kind::Long(bounds) => read_long(*bounds, text),
            Kind::Span(bounds) => read_span(*bounds, text),
            Kind::FilledText if text.is_empty() => Err(Complaint::new("value", "String must not be empty")),
            Kind::Text | Kind::FilledText => Ok(Value::Text(text.to_owned())),
        }
    }

    /// The value of an attribute that is neither set nor given a default.
    pub(crate) fn zero(&self) -> Value {
        match self {
            Kind::Bool => Value::Bool(false),
            Kind::Enum(_) | Kind::Flags(_) | Kind::Uint(_) => Value::Uint(0),
            Kind::Long(_) => Value::Long(0),
            Kind::Span(_) => Value::Span(0),
            Kind::Text | Kind::FilledText => Value::Text(String::new()),
        }
    }
}

impl Value {
    /// The text by which two keys are compared: case is ignored unless it counts, and numbers compare as numbers.
    pub(crate) fn key(&self, case_sensitive: bool) -> String {
        match self {
            Value::Bool(value) => value.to_string(),
            Value::Uint(value) => value.to_string(),
            Value::Long(value) => value.to_string(),
            Value::Span(value) => value.to_string(),
            Value::Text(value) if case_sensitive => value.clone(),
            Value::Text(value) => value.to_lowercase(),
        }
    }
}

fn read_bool(text: &str) -> Read {
    if text.eq_ignore_ascii_case("true") {
        Ok(Value::Bool(true))
    } else if text.eq_ignore_ascii_case("false") {
        Ok(Value::Bool(false))
    } else {
        Err(Complaint::new("value", "Not a valid boolean: write true or false"))
    }
}

fn word(words: &[Word], text: &str) -> Option<u32> {
    words.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|&(_, number)| number)
}

fn names(words: &[Word]) -> String {
    words.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

fn read_enum(words: &[Word], text: &str) -> Read {
    let unknown = || Complaint::new("value", format!("Enum must be one of {}", names(words)));
    word(words, text).map(Value::Uint).ok_or_else(unknown)
}

/// Words separated by commas; nothing at all, or `None`, is no flag.
fn read_flags(words: &[Word], text: &str) -> Read {
    let mut sum = 0;
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match word(words, part) {
            Some(number) => sum |= number,
            None if part.eq_ignore_ascii_case("none") => {}
            None => {
                let message = format!("Flags must be some combination of {}; '{part}' is none of them", names(words));
                return Err(Complaint::new("value", message));
            }
        }
    }
    Ok(Value::Uint(sum))
}

fn out_of_range(bounds: Bounds) -> Complaint {
    let Bounds { min, max, .. } = bounds;
    Complaint::new("range", format!("Integer value must be between {min} and {max} inclusive"))
}

/// Digits, or `0x` and hexadecimal digits; nothing else, so that a sign or a separator is a fault and not a guess.
fn read_digits(text: &str, bounds: Bounds) -> Result<i64, Complaint> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = hexadecimal.map_or((text, 10), |digits| (digits, 16));
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        let sign = if bounds.min < 0 { "" } else { "unsigned " };
        return Err(Complaint::new("value", format!("Not a valid {sign}integer")));
    }
    i64::from_str_radix(digits, radix).map_err(|_| out_of_range(bounds))
}

fn within(number: i64, bounds: Bounds) -> Result<i64, Complaint> {
    if number < bounds.min || number > bounds.max {
        return Err(out_of_range(bounds));
    }
    match bounds.excluded {
        Some((first, last)) if (first..=last).contains(&number) => {
            let message = format!("Integer value must not be between {first} and {last} inclusive");
            Err(Complaint::new("range", message))
        }
        Some(_) | None => Ok(number),
    }
}

fn read_uint(bounds: Bounds, text: &str) -> Read {
    let number = within(read_digits(text, bounds)?, bounds)?;
    u32::try_from(number).map(Value::Uint).map_err(|_| out_of_range(bounds))
}

fn read_long(bounds: Bounds, text: &str) -> Read {
    let number = match text.strip_prefix('-').filter(|_| bounds.min < 0) {
        Some(digits) => -read_digits(digits, bounds)?,
        None => read_digits(text, bounds)?,
    };
    within(number, bounds).map(Value::Long)
}

fn read_span(bounds: Bounds, text: &str) -> Read {
    let wrong = || Complaint::new("value", "Not a valid time span: write [d.]hh:mm:ss, such as 00:02:00");
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (digits, fraction_ms) = if bounds.step == 0 { split_fraction(digits) } else { (digits, 0) };
    let seconds = span_seconds(digits).ok_or_else(wrong)?;
    let outside = seconds < bounds.min || seconds > bounds.max || (negative && seconds > 0);
    if outside || seconds % bounds.step.max(1) != 0 {
        let (low, high, step) = (clock(bounds.min), clock(bounds.max), bounds.step);
        let message = format!(
            "Timespan value must be between {low} and {high} seconds inclusive, with a granularity of {step} seconds"
        );
        return Err(Complaint::new("range", message));
    }
    Ok(Value::Span(seconds.unsigned_abs() * 1000 + fraction_ms))
}

/// Takes a fraction of up to seven digits off the end; what comes after milliseconds counts for nothing.
fn split_fraction(text: &str) -> (&str, u64) {
    let split = text.rsplit_once('.').filter(|(before, digits)| {
        before.contains(':') && (1..=7).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
    });
    let Some((before, digits)) = split else { return (text, 0) };
    let thousandths = format!("{digits:0<3}");
    (before, thousandths[..3].parse().unwrap_or(0))
}

/// `[d.]hh:mm:ss` in seconds.
fn span_seconds(text: &str) -> Option<i64> {
    let (days, time) = match text.split_once('.') {
        Some((days, time)) => (span_part(days, 10_675_199)?, time),
        None => (0, text),
    };
    let mut parts = time.split(':');
    let hours = span_part(parts.next()?, 23)?;
    let minutes = span_part(parts.next()?, 59)?;
    let seconds = span_part(parts.next()?, 59)?;
    if parts.next().is_some() {
        return None;
    }
    Some(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
}

fn span_part(text: &str, max: i64) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = if digits { text.parse::<i64>().ok() } else { None };
    number.filter(|&number| number <= max)
}

fn clock(seconds: i64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::types::{SPAN, UINT};
    use proptest::prelude::*;

    const WORDS: &[Word] = &[("Site", 0), ("Date", 2), ("Time", 4)];

    fn check(kind: Kind, text: &str, expected: &str) {
        let shown = match kind.read(text) {
            Ok(value) => format!("{value:?}"),
            Err(complaint) => format!("{}: {}", complaint.kind, complaint.message),
        };
        assert!(shown.contains(expected), "{text:?}: {shown}");
    }

    #[test]
    fn booleans_and_words_ignore_case() {
        check(Kind::Bool, "True", "Bool(true)");
        check(Kind::Bool, "yes", "value: Not a valid boolean: write true or false");
        check(Kind::Enum(WORDS), "DATE", "Uint(2)");
        check(Kind::Enum(WORDS), "XML", "value: Enum must be one of Site, Date, Time");
        check(Kind::Flags(WORDS), "date,Time", "Uint(6)");
        check(Kind::Flags(WORDS), "", "Uint(0)");
        check(Kind::Flags(WORDS), "None", "Uint(0)");
        check(Kind::Flags(WORDS), "Date, x", "'x' is none of them");
        check(Kind::FilledText, "", "String must not be empty");
    }

    #[test]
    fn numbers() {
        check(UINT, "0", "Uint(0)");
        check(UINT, "4294967295", "Uint(4294967295)");
        check(UINT, "4294967296", "range: Integer value must be between 0 and 4294967295 inclusive");
        check(UINT, "99999999999999999999999", "range:");
        check(UINT, "0xA", "Uint(10)");
        for wrong in ["", "-1", "+5", "1.5", "1e3", "ten", "1,000", " 1", "0x", "５"] {
            check(UINT, wrong, "value: Not a valid unsigned integer");
        }
        check(Kind::uint(1, 5), "0", "range: Integer value must be between 1 and 5 inclusive");
        check(Kind::uint_outside(0, 1023), "1023", "range: Integer value must not be between 0 and 1023 inclusive");
        check(Kind::uint_outside(0, 1023), "1024", "Uint(1024)");
        check(Kind::long(0, i64::MAX), "4294967296", "Long(4294967296)");
        check(Kind::long(-3, 5), "-3", "Long(-3)");
        check(Kind::long(-3, 5), "-4", "range: Integer value must be between -3 and 5 inclusive");
        check(Kind::long(-3, 5), "--3", "value: Not a valid integer");
        check(Kind::long(-5, -2), "1", "range: Integer value must be between -5 and -2 inclusive");
    }

    #[test]
    fn time_spans() {
        let kind = Kind::span(0, 65_535);
        check(kind, "00:02:00", "Span(120000)");
        check(kind, "-00:00:01", "range: Timespan value must be between 00:00:00 and 18:12:15 seconds inclusive");
        check(kind, "1.00:00:00", "range:");
        check(Kind::span(0, 1 << 40), "1.00:00:00", "Span(86400000)");
        check(Kind::span_step(0, 3600, 60), "00:05:00", "Span(300000)");
        check(
            Kind::span_step(0, 3600, 60),
            "00:05:01",
            "range: Timespan value must be between 00:00:00 and 01:00:00 seconds inclusive, with a granularity of 60 seconds",
        );
        check(SPAN, "00:00:00.1", "Span(100)");
        check(SPAN, "1.00:00:00.1234567", "Span(86400123)");
        check(SPAN, "00:00:00.12345678", "value:");
        for wrong in ["2 minutes", "00:61:00", "24:00:00", "00:00", "00:00:00:00", "", "::", "1.", "00:00:00.5"] {
            check(kind, wrong, "value: Not a valid time span");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            for kind in [Kind::Bool, Kind::Flags(WORDS), UINT, Kind::span(0, 9), Kind::long(0, i64::MAX)] {
                let _ = kind.read(&text);
            }
        }

        #[test]
        fn every_number_is_read_back(number: u32) {
            prop_assert_eq!(UINT.read(&number.to_string()), Ok(Value::Uint(number)));
        }
    }
}
