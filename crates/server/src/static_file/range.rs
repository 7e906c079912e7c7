//! `Range` (RFC 9110 14.2): one range or several, bounded.

/// More ranges than this in one request are an attack or a mistake: the whole file is sent (RFC 9110 17.15).
const RANGES_MAX: usize = 16;

/// What a `Range` field asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The whole file: no range, too many, or a form we may ignore.
    Whole,
    /// These parts, none of which touches another; at least one.
    Parts(Vec<Part>),
    /// 416.
    Unsatisfiable,
}

/// Some bytes of a file; at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) start: u64,
    pub(crate) length: u64,
}

impl Part {
    fn end(self) -> u64 {
        self.start + self.length
    }

    /// The value of `Content-Range`.
    pub(crate) fn content_range(self, of: u64) -> String {
        format!("bytes {}-{}/{of}", self.start, self.end() - 1)
    }
}

/// Reads a `Range` field for a file of `length` bytes. An empty file is sent whole: some clients ask for `bytes=0-` always, and
/// a 416 would tell them that something is wrong.
pub(crate) fn wanted(field: &[u8], length: u64) -> Wanted {
    if length == 0 {
        return Wanted::Whole;
    }
    let text = std::str::from_utf8(field).unwrap_or_default().trim();
    let Some((unit, set)) = text.split_once('=').filter(|(unit, _)| unit.eq_ignore_ascii_case("bytes")) else {
        return Wanted::Whole;
    };
    debug_assert!(unit.len() == 5);
    let mut parts = Vec::new();
    let mut asked = 0;
    // Empty elements of a list are passed over (RFC 9110 5.6.1.2).
    for range in set.split(',').map(str::trim).filter(|range| !range.is_empty()) {
        asked += 1;
        match one(range, length) {
            _ if asked > RANGES_MAX => return Wanted::Whole,
            One::Part(part) => parts.push(part),
            One::Beyond => {}
            One::Malformed => return Wanted::Whole,
        }
    }
    match (asked, parts.is_empty()) {
        (0, _) => Wanted::Whole,
        (_, true) => Wanted::Unsatisfiable,
        (_, false) => joined(parts, length),
    }
}

/// Parts in the order asked for; when some touch or overlap, in the order of the file and joined. Parts that come to
/// the whole file are the whole file.
fn joined(parts: Vec<Part>, length: u64) -> Wanted {
    let mut sorted = parts.clone();
    sorted.sort_by_key(|part| part.start);
    let mut merged: Vec<Part> = Vec::with_capacity(sorted.len());
    for part in sorted {
        match merged.last_mut() {
            Some(last) if part.start <= last.end() => last.length = last.length.max(part.end() - last.start),
            Some(_) | None => merged.push(part),
        }
    }
    if parts.len() > 1 && merged.iter().map(|part| part.length).sum::<u64>() == length {
        return Wanted::Whole;
    }
    Wanted::Parts(if merged.len() == parts.len() { parts } else { merged })
}

enum One {
    Part(Part),
    /// It lies outside the file.
    Beyond,
    /// Not a range of bytes: the whole field is ignored.
    Malformed,
}

fn one(range: &str, length: u64) -> One {
    let Some((first, last)) = range.split_once('-') else { return One::Malformed };
    match (number(first), number(last)) {
        (Bound::None, Bound::At(suffix)) => match suffix.min(length) {
            0 => One::Beyond,
            suffix => One::Part(Part { start: length - suffix, length: suffix }),
        },
        (Bound::At(first), Bound::At(last)) if last < first => One::Malformed,
        (Bound::At(first), Bound::At(_) | Bound::None) if first >= length => One::Beyond,
        (Bound::At(first), Bound::At(last)) => {
            One::Part(Part { start: first, length: last.min(length - 1) - first + 1 })
        }
        (Bound::At(first), Bound::None) => One::Part(Part { start: first, length: length - first }),
        (Bound::Bad, _) | (_, Bound::Bad) | (Bound::None, Bound::None) => One::Malformed,
    }
}

enum Bound {
    None,
    At(u64),
    Bad,
}

/// Digits only; a number beyond u64 is simply very large.
fn number(text: &str) -> Bound {
    if text.is_empty() {
        return Bound::None;
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Bound::Bad;
    }
    Bound::At(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expected`: `start+length` of each part, `whole` or `none`.
    fn check(field: &str, length: u64, expected: &str) {
        let shown = match wanted(field.as_bytes(), length) {
            Wanted::Whole => "whole".to_owned(),
            Wanted::Unsatisfiable => "none".to_owned(),
            Wanted::Parts(parts) => {
                parts.iter().map(|part| format!("{}+{}", part.start, part.length)).collect::<Vec<_>>().join(" ")
            }
        };
        assert_eq!(shown, expected, "{field} of {length}");
    }

    #[test]
    fn one_range() {
        check("bytes=0-0", 10, "0+1");
        check("bytes=0-9", 10, "0+10");
        check("Bytes=5-", 10, "5+5");
        check("bytes=5-100", 10, "5+5");
        check("bytes=-3", 10, "7+3");
        check("bytes=-30", 10, "0+10");
        check("bytes=9-99999999999999999999999", 10, "9+1");
        check("bytes=10-", 10, "none");
        check("bytes=-0", 10, "none");
        check("bytes=0-", 0, "whole");
        check("bytes=-1", 0, "whole");
        check("bytes=5-2", 10, "whole");
        check("bytes=a-2", 10, "whole");
        check("bytes=-", 10, "whole");
        check("bytes=", 10, "whole");
        check("lines=0-1", 10, "whole");
    }

    #[test]
    fn several_ranges() {
        check("bytes=0-1,3-4", 10, "0+2 3+2");
        check("bytes=8-9, 0-1", 10, "8+2 0+2");
        check("bytes=0-1,,20-30, -1", 10, "0+2 9+1");
        check("bytes=0-3,2-5,8-8", 10, "0+6 8+1");
        check("bytes=0-1,2-3", 10, "0+4");
        check("bytes=5-9,0-4", 10, "whole");
        check("bytes=0-,0-,0-", 10, "whole");
        check("bytes=20-,30-", 10, "none");
        check("bytes=0-1,x", 10, "whole");
        check(&format!("bytes={}", ["0-0"; 16].join(",")), 10, "0+1");
        check(&format!("bytes={}", ["0-0"; 17].join(",")), 10, "whole");
    }
}
