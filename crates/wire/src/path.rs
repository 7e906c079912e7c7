//! A request path into the one canonical form that routing, rules and files use.

/// Longest segment in characters, `UrlSegmentMaxLength` of HTTP.sys (IIS reference §7.6).
pub const SEGMENT_CHARS_MAX: usize = 260;
/// Most segments, `UrlSegmentMaxCount` of HTTP.sys (IIS reference §7.6).
pub const SEGMENTS_MAX: usize = 255;

/// Why a path has no canonical form.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BadPath {
    /// It does not begin with a slash.
    #[error("the path does not begin with a slash")]
    NotRooted,
    /// A `%` that is not followed by two hexadecimal digits (RFC 3986 §2.1); `%u0041` is one of these.
    #[error("a percent sign in the path is not followed by two hexadecimal digits; write %25 for itself")]
    Escape,
    /// `%2F` or `%5C`: who decodes it sees another path than who does not.
    #[error("an encoded slash or backslash in the path is ambiguous and refused")]
    EncodedSlash,
    /// NUL or another control character, also encoded (`AllowRestrictedChars` is 0, IIS reference §7.6).
    #[error("the path holds a control character")]
    Control,
    /// The decoded bytes are not UTF-8.
    #[error("the path is not UTF-8 after decoding")]
    Utf8,
    /// More `..` than folders before it.
    #[error("the path leads above the root")]
    AboveRoot,
    /// A segment of more than [`SEGMENT_CHARS_MAX`] characters.
    #[error("a segment of the path is too long")]
    SegmentTooLong,
    /// More than [`SEGMENTS_MAX`] segments.
    #[error("the path has too many segments")]
    TooManySegments,
}

impl BadPath {
    /// Status of the answer: 414 for too many segments, 400 for all else.
    pub fn status(self) -> u16 {
        crate::Malformed::from(self).status()
    }
}

/// Writes the canonical form of `raw_path` into `out`, replacing what is there and keeping its capacity.
///
/// Percent-encoding is taken away once; backslash counts as slash, as in IIS; empty segments and `.` go, `..`
/// takes the segment before it; a slash at the end stays. The result begins with a slash, is UTF-8, holds no
/// control character, no `.` or `..` segment and no empty one. On error `out` is empty.
///
/// # Errors
/// Every case of [`BadPath`].
pub fn normalise(raw_path: &str, out: &mut String) -> Result<(), BadPath> {
    if is_canonical(raw_path.as_bytes()) {
        out.clear();
        out.push_str(raw_path);
        return Ok(());
    }
    let mut bytes = std::mem::take(out).into_bytes();
    bytes.clear();
    write_segments(raw_path, &mut bytes)?;
    *out = String::from_utf8(bytes).map_err(|_| BadPath::Utf8)?;
    Ok(())
}

/// The canonical form that a reader arrives at who takes `%2F` and `%5C` for slashes ([`EncodedSlash::Separates`]), or
/// who leaves them standing as they are written ([`EncodedSlash::Stays`]). It is for paths that [`normalise`] refuses with
/// [`BadPath::EncodedSlash`]: who passes such a path on has to make sure that both readings come to the same.
///
/// # Errors
/// Every case of [`BadPath`]; [`BadPath::EncodedSlash`] where the path has `.` or `..` segments too, which more than two
/// readings would follow from.
pub fn normalise_as(raw_path: &str, reading: EncodedSlash, out: &mut String) -> Result<(), BadPath> {
    if has_dot_segment(raw_path) {
        out.clear();
        return Err(BadPath::EncodedSlash);
    }
    let mut spelled = String::with_capacity(raw_path.len() + 16);
    let mut rest = raw_path;
    while let Some(at) = rest.find('%') {
        spelled.push_str(&rest[..at]);
        let encoded = rest.get(at..at + 3).filter(|escape| matches!(escape, &"%2f" | &"%2F" | &"%5c" | &"%5C"));
        match (encoded, reading) {
            (Some(_), EncodedSlash::Separates) => spelled.push('/'),
            // Escaped once more, so that the escape is what decoding leaves.
            (Some(escape), EncodedSlash::Stays) => spelled.extend(["%25", &escape[1..]]),
            (None, _) => spelled.push('%'),
        }
        rest = &rest[at + if encoded.is_some() { 3 } else { 1 }..];
    }
    spelled.push_str(rest);
    normalise(&spelled, out)
}

/// Whether anybody may see a `.` or `..` segment in a raw path, whatever separates segments for them.
pub fn has_dot_segment(raw_path: &str) -> bool {
    let lower = raw_path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
    lower.split(is_separator).any(|segment| matches!(segment, "." | ".."))
}

/// What `%2F` and `%5C` are to a reader.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum EncodedSlash {
    /// Slashes.
    Separates,
    /// Three characters of a segment.
    Stays,
}

/// True for most paths of real life: short, printable ASCII, nothing encoded, no segment empty or with a leading dot.
fn is_canonical(raw: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'%' | b'\\');
    let is_suspect = |pair: &[u8; 2]| matches!(pair, [b'/', b'/' | b'.']);
    raw.first() == Some(&b'/')
        && raw.len() <= SEGMENTS_MAX.min(SEGMENT_CHARS_MAX)
        && raw.iter().all(is_plain)
        && !raw.array_windows::<2>().any(is_suspect)
}

fn write_segments(raw_path: &str, out: &mut Vec<u8>) -> Result<(), BadPath> {
    let rooted = raw_path.strip_prefix(is_separator).ok_or(BadPath::NotRooted)?;
    let mut segments = 0;
    let mut ends_in_folder = false;
    for segment in rooted.split(is_separator) {
        segments += 1;
        if segments > SEGMENTS_MAX {
            return Err(BadPath::TooManySegments);
        }
        ends_in_folder = write_segment(segment, out)?;
    }
    if ends_in_folder {
        out.push(b'/');
    }
    Ok(())
}

/// Appends one segment with its slash, or undoes one for `..`. True when what is written so far names a folder,
/// that is, a slash is due if this was the last segment.
fn write_segment(raw: &str, out: &mut Vec<u8>) -> Result<bool, BadPath> {
    let start = out.len();
    out.push(b'/');
    decode(raw, out)?;
    let segment = &out[start + 1..];
    if matches!(segment, b"" | b"." | b"..") {
        let is_parent = segment == b"..";
        out.truncate(start);
        if is_parent {
            let parent = memchr::memrchr(b'/', out).ok_or(BadPath::AboveRoot)?;
            out.truncate(parent);
        }
        return Ok(true);
    }
    // Continuation bytes do not begin a character.
    if segment.len() > SEGMENT_CHARS_MAX
        && segment.iter().filter(|byte| **byte & 0xc0 != 0x80).count() > SEGMENT_CHARS_MAX
    {
        return Err(BadPath::SegmentTooLong);
    }
    Ok(false)
}

fn decode(raw: &str, out: &mut Vec<u8>) -> Result<(), BadPath> {
    let mut rest = raw.as_bytes();
    while let Some(escape) = memchr::memchr(b'%', rest) {
        append(&rest[..escape], out)?;
        let byte = escaped_byte(&rest[escape..]).ok_or(BadPath::Escape)?;
        if byte == b'/' || byte == b'\\' {
            return Err(BadPath::EncodedSlash);
        }
        append(&[byte], out)?;
        rest = &rest[escape + 3..];
    }
    append(rest, out)
}

fn append(plain: &[u8], out: &mut Vec<u8>) -> Result<(), BadPath> {
    if plain.iter().any(u8::is_ascii_control) {
        return Err(BadPath::Control);
    }
    out.extend_from_slice(plain);
    Ok(())
}

/// The byte that `%XX` at the front of `bytes` stands for.
fn escaped_byte(bytes: &[u8]) -> Option<u8> {
    let &[b'%', high, low, ..] = bytes else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((digit(high)? * 16 + digit(low)?) as u8)
}

fn is_separator(character: char) -> bool {
    matches!(character, '/' | '\\')
}

/// True when decoding the canonical path once more would change it, or may be taken to: `%` with two hexadecimal
/// digits (or `%uXXXX`), or a plus sign. IIS answers these with 404.11 unless `allowDoubleEscaping` is set
/// (IIS reference §4.2).
pub fn is_double_escaped(canonical: &str) -> bool {
    let bytes = canonical.as_bytes();
    memchr::memchr2_iter(b'+', b'%', bytes).any(|at| {
        let rest = &bytes[at..];
        rest[0] == b'+' || escaped_byte(rest).is_some() || is_wide_escape(rest)
    })
}

fn is_wide_escape(bytes: &[u8]) -> bool {
    bytes.get(1).is_some_and(|byte| byte.eq_ignore_ascii_case(&b'u'))
        && bytes.get(2..6).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

/// Holds the raw path of a head to the limits in characters after decoding, without decoding it. 0 is no limit.
pub(crate) fn check_segments(raw_path: &[u8], chars_max: usize, segments_max: usize) -> Result<(), BadPath> {
    let in_doubt = |max: usize| max != 0 && raw_path.len() > max;
    if !in_doubt(chars_max) && !in_doubt(segments_max) {
        return Ok(());
    }
    let rooted = raw_path.strip_prefix(b"/").unwrap_or(raw_path);
    let mut segments = 0;
    for segment in rooted.split(|byte| matches!(byte, b'/' | b'\\')) {
        segments += 1;
        if segments_max != 0 && segments > segments_max {
            return Err(BadPath::TooManySegments);
        }
        if in_doubt(chars_max) && segment.len() > chars_max && characters(segment) > chars_max {
            return Err(BadPath::SegmentTooLong);
        }
    }
    Ok(())
}

/// Characters of a raw segment: an escape is one, and none at all when it continues a UTF-8 sequence.
fn characters(segment: &[u8]) -> usize {
    let mut count = 0;
    let mut at = 0;
    while at < segment.len() {
        let escaped = escaped_byte(&segment[at..]);
        count += usize::from(escaped.is_none_or(|byte| byte & 0xc0 != 0x80));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(raw: &str, expect: Result<&str, BadPath>) {
        let mut out = String::from("left over");
        let result = normalise(raw, &mut out).map(|()| out.as_str());
        assert_eq!(result, expect, "{raw}");
        if expect.is_err() {
            assert_eq!(out, "");
        }
    }

    #[test]
    fn plain_paths_stay() {
        check("/", Ok("/"));
        check("/a.txt", Ok("/a.txt"));
        check("/dir/", Ok("/dir/"));
        check("/..foo/a..b", Ok("/..foo/a..b"));
        check("/.../....", Ok("/.../...."));
        check("/a:b;c*d|e", Ok("/a:b;c*d|e"));
    }

    fn check_readings(raw: &str, separates: Result<&str, BadPath>, stays: Result<&str, BadPath>) {
        for (reading, expect) in [(EncodedSlash::Separates, separates), (EncodedSlash::Stays, stays)] {
            let mut out = String::from("left over");
            let result = normalise_as(raw, reading, &mut out).map(|()| out.as_str());
            assert_eq!(result, expect, "{raw} {reading:?}");
        }
    }

    #[test]
    fn encoded_slashes_have_two_readings() {
        check_readings("/@scope%2fname", Ok("/@scope/name"), Ok("/@scope%2fname"));
        check_readings("/a%5Cb%2F", Ok("/a/b/"), Ok("/a%5Cb%2F"));
        check_readings("/a%252Fb", Ok("/a%2Fb"), Ok("/a%2Fb"));
        check_readings("/a%2", Err(BadPath::Escape), Err(BadPath::Escape));
        check_readings("/a%c3%2f", Err(BadPath::Utf8), Err(BadPath::Utf8));
        for raw in ["/a%2f..%2fb", "/a%2f%2E%2e", "/%2f./x", "/x%5c..", "/../%2f"] {
            check_readings(raw, Err(BadPath::EncodedSlash), Err(BadPath::EncodedSlash));
        }
    }

    #[test]
    fn escapes_go_once() {
        check("/%61%2Etxt", Ok("/a.txt"));
        check("/per%25cent", Ok("/per%cent"));
        check("/%252e%252e/x", Ok("/%2e%2e/x"));
        check("/uni-%c3%a9", Ok("/uni-é"));
        check("/a%3fb%23c", Ok("/a?b#c"));
    }

    #[test]
    fn dot_segments_and_empty_ones_go() {
        check("/./a", Ok("/a"));
        check("/dir/../a", Ok("/a"));
        check("/dir/%2e%2E/a", Ok("/a"));
        check("/dir/..", Ok("/"));
        check("/dir/x/..", Ok("/dir/"));
        check("/dir/.", Ok("/dir/"));
        check("//a", Ok("/a"));
        check("/dir///b/", Ok("/dir/b/"));
        check("///", Ok("/"));
    }

    #[test]
    fn backslash_is_a_slash() {
        check("/dir\\b", Ok("/dir/b"));
        check("/\\host\\share", Ok("/host/share"));
        check("/..\\..\\secret", Err(BadPath::AboveRoot));
    }

    #[test]
    fn nothing_leads_above_the_root() {
        check("/..", Err(BadPath::AboveRoot));
        check("/../", Err(BadPath::AboveRoot));
        check("/a/../../b", Err(BadPath::AboveRoot));
        check("/%2e./b", Err(BadPath::AboveRoot));
        check("/./../b", Err(BadPath::AboveRoot));
    }

    #[test]
    fn what_could_be_read_twice_is_refused() {
        check("/a%2fb", Err(BadPath::EncodedSlash));
        check("/a%5Cb", Err(BadPath::EncodedSlash));
        check("/..%2f..%2fx", Err(BadPath::EncodedSlash));
        check("/%c0%ae", Err(BadPath::Utf8));
        check("/%ed%a0%80", Err(BadPath::Utf8));
        check("/%f4%90%80%80", Err(BadPath::Utf8));
    }

    #[test]
    fn broken_escapes_and_controls_are_refused() {
        for raw in ["/a%", "/a%2", "/a%zz", "/a%u0041", "/%%30"] {
            check(raw, Err(BadPath::Escape));
        }
        for raw in ["/a%00", "/a%0d%0a", "/a%09", "/a%7f", "/a\u{1}"] {
            check(raw, Err(BadPath::Control));
        }
        check("*", Err(BadPath::NotRooted));
        check("", Err(BadPath::NotRooted));
    }

    #[test]
    fn limits_are_those_of_http_sys() {
        let fits = format!("/{}", "é".repeat(SEGMENT_CHARS_MAX));
        check(&fits, Ok(&fits));
        check(&format!("{fits}x"), Err(BadPath::SegmentTooLong));
        let deep = "/a".repeat(SEGMENTS_MAX);
        check(&deep, Ok(&deep));
        check(&format!("{deep}/a"), Err(BadPath::TooManySegments));
    }

    #[test]
    fn the_raw_check_counts_decoded_characters() {
        let wide = format!("/{}", "%C3%A9".repeat(10));
        assert_eq!(check_segments(wide.as_bytes(), 10, 1), Ok(()));
        assert_eq!(check_segments(wide.as_bytes(), 9, 1), Err(BadPath::SegmentTooLong));
        assert_eq!(check_segments(b"/a/b/c/d", 3, 3), Err(BadPath::TooManySegments));
        assert_eq!(check_segments(b"/aaaa/b/c/d", 0, 0), Ok(()));
    }

    #[test]
    fn a_second_decoding_is_noticed() {
        for path in ["/%2e", "/a+b", "/%u002e"] {
            assert!(is_double_escaped(path), "{path}");
        }
        for path in ["/100%", "/a%zz", "/%", "/a b", "/%u00"] {
            assert!(!is_double_escaped(path), "{path}");
        }
    }

    proptest! {
        #[test]
        fn a_canonical_path_is_canonical(raw in "[/\\\\.%2efc5a ]{0,24}") {
            let mut path = String::new();
            if normalise(&format!("/{raw}"), &mut path).is_ok() {
                prop_assert!(path.starts_with('/') && !path.contains("//") && !path.contains('\\'));
                prop_assert!(path.split('/').all(|segment| segment != "." && segment != ".."));
                prop_assert!(!path.bytes().any(|byte| byte.is_ascii_control()));
            }
        }

        #[test]
        fn a_path_without_escapes_does_not_change_twice(raw in "(/[a-z.]{0,3}){1,8}") {
            let (mut once, mut twice) = (String::new(), String::new());
            if normalise(&raw, &mut once).is_ok() {
                prop_assert_eq!(normalise(&once, &mut twice), Ok(()));
                prop_assert_eq!(once, twice);
            }
        }

        #[test]
        fn the_short_way_leads_to_the_same_place(raw in "/[a-c/.%25+ ]{0,12}") {
            let (mut short, mut long) = (String::new(), Vec::new());
            let outcome = normalise(&raw, &mut short).map(|()| short);
            let expect = write_segments(&raw, &mut long).and_then(|()| String::from_utf8(long).map_err(|_| BadPath::Utf8));
            prop_assert_eq!(outcome, expect);
        }

        #[test]
        fn any_text_is_answered(raw in ".{0,64}") {
            let _ = normalise(&raw, &mut String::new());
        }
    }
}
