//! `Range` with one range (RFC 9110 14.2).

/// What a `Range` field asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The whole file: no range, several ranges, or a form we may ignore.
    Whole,
    /// These bytes: first, and how many.
    Part { start: u64, length: u64 },
    /// 416.
    Unsatisfiable,
}

/// Reads a `Range` field for a file of `length` bytes.
pub(crate) fn wanted(field: &[u8], length: u64) -> Wanted {
    let Some(set) = std::str::from_utf8(field).ok().and_then(|text| text.trim().strip_prefix("bytes=")) else {
        return Wanted::Whole;
    };
    if set.contains(',') {
        return Wanted::Whole;
    }
    let Some((first, last)) = set.trim().split_once('-') else { return Wanted::Whole };
    match (number(first), number(last)) {
        (Bound::None, Bound::At(0)) => Wanted::Unsatisfiable,
        (Bound::None, Bound::At(_)) if length == 0 => Wanted::Unsatisfiable,
        (Bound::None, Bound::At(suffix)) => {
            let suffix = suffix.min(length);
            Wanted::Part { start: length - suffix, length: suffix }
        }
        (Bound::At(first), Bound::At(last)) if last < first => Wanted::Whole,
        (Bound::At(first), Bound::At(_) | Bound::None) if first >= length => Wanted::Unsatisfiable,
        (Bound::At(first), Bound::At(last)) => Wanted::Part { start: first, length: last.min(length - 1) - first + 1 },
        (Bound::At(first), Bound::None) => Wanted::Part { start: first, length: length - first },
        (Bound::Bad, _) | (_, Bound::Bad) | (Bound::None, Bound::None) => Wanted::Whole,
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

    fn check(field: &str, length: u64, expected: Wanted) {
        assert_eq!(wanted(field.as_bytes(), length), expected, "{field} of {length}");
    }

    fn part(start: u64, length: u64) -> Wanted {
        Wanted::Part { start, length }
    }

    #[test]
    fn one_range() {
        check("bytes=0-0", 10, part(0, 1));
        check("bytes=0-9", 10, part(0, 10));
        check("bytes=5-", 10, part(5, 5));
        check("bytes=5-100", 10, part(5, 5));
        check("bytes=-3", 10, part(7, 3));
        check("bytes=-30", 10, part(0, 10));
        check("bytes=9-99999999999999999999999", 10, part(9, 1));
        check("bytes=10-", 10, Wanted::Unsatisfiable);
        check("bytes=-0", 10, Wanted::Unsatisfiable);
        check("bytes=0-", 0, Wanted::Unsatisfiable);
        check("bytes=-1", 0, Wanted::Unsatisfiable);
        check("bytes=5-2", 10, Wanted::Whole);
        check("bytes=a-2", 10, Wanted::Whole);
        check("bytes=-", 10, Wanted::Whole);
        check("bytes=0-1,3-4", 10, Wanted::Whole);
        check("lines=0-1", 10, Wanted::Whole);
    }
}
