//! Client text made harmless: it can never add a field or a line, nor move a terminal's cursor.

/// A value longer than this is logged as `...` (IIS reference §6.3).
pub(crate) const VALUE_BYTES_MAX: usize = 4096;

/// What stands for a value that is too long.
const TOO_LONG: &[u8] = b"...";

/// How a value is written.
#[derive(Clone, Copy)]
pub(crate) struct Escape {
    /// Longer values become `...`.
    pub(crate) value_bytes_max: usize,
    /// Printable bytes that mean something in the format: written as `%XX`.
    pub(crate) percent: &'static [u8],
}

impl Escape {
    /// The rule of W3C lines.
    pub(crate) const fn w3c(value_bytes_max: usize) -> Self {
        Self { value_bytes_max, percent: b"" }
    }

    /// Appends a value, or `-` where there is none.
    pub(crate) fn put(self, out: &mut Vec<u8>, value: Option<&[u8]>) {
        match value {
            None | Some(b"") => out.push(b'-'),
            Some(value) if value.len() > self.value_bytes_max => out.extend_from_slice(TOO_LONG),
            // The usual case: copied whole, then mended in place, unless something in it needs a closer look.
            Some(value) if self.percent.is_empty() => {
                let start = out.len();
                out.extend_from_slice(value);
                if !mend(&mut out[start..]) {
                    out.truncate(start);
                    put_printable(out, value, self.percent);
                }
            }
            Some(value) => put_printable(out, value, self.percent),
        }
    }

    /// Appends a value cut to `bytes_max`, or `-` where there is none.
    pub(crate) fn put_cut(self, out: &mut Vec<u8>, value: Option<&[u8]>, bytes_max: usize) {
        self.put(out, value.map(|value| cut(value, bytes_max)));
    }
}

/// Makes every ASCII byte that is not a printable character a `+`; false when there are other bytes, which are spoilt then.
fn mend(value: &mut [u8]) -> bool {
    match value.len() {
        0..8 => value.iter_mut().fold(true, |is_ascii, byte| is_ascii & mend_block(std::array::from_mut(byte))),
        8..16 => mend_blocks::<8>(value),
        16.. => mend_blocks::<16>(value),
    }
}

/// For at least `BYTES` bytes. The last block overlaps the one before it: what is mended stays as it is.
fn mend_blocks<const BYTES: usize>(value: &mut [u8]) -> bool {
    let mut is_ascii = true;
    for block in value.as_chunks_mut::<BYTES>().0 {
        is_ascii &= mend_block(block);
    }
    if let Some(block) = value.last_chunk_mut::<BYTES>() {
        is_ascii &= mend_block(block);
    }
    is_ascii
}

/// Of a known length, so that the compiler makes vector instructions of it.
#[inline]
fn mend_block<const BYTES: usize>(block: &mut [u8; BYTES]) -> bool {
    let all = block.iter().fold(0, |all, byte| all | byte);
    for byte in block {
        *byte = if byte.is_ascii_graphic() { *byte } else { b'+' };
    }
    all < 0x80
}

/// Appends a value: spaces and what cannot be printed become `+` (IIS reference §6.3), `percent` becomes `%XX`.
fn put_printable(out: &mut Vec<u8>, value: &[u8], percent: &[u8]) {
    let mut rest = value;
    while !rest.is_empty() {
        let plain = rest.iter().take_while(|byte| byte.is_ascii_graphic() && !percent.contains(byte)).count();
        out.extend_from_slice(&rest[..plain]);
        rest = &rest[plain..];
        rest = match rest.first() {
            None => rest,
            Some(byte) if percent.contains(byte) => put_percent(out, rest),
            Some(byte) if byte.is_ascii() => {
                out.push(b'+');
                &rest[1..]
            }
            Some(_) => put_non_ascii(out, rest),
        };
    }
}

/// Appends `%XX` for the first byte and returns the others.
fn put_percent<'a>(out: &mut Vec<u8>, value: &'a [u8]) -> &'a [u8] {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let byte = value[0];
    out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 0xF)]]);
    &value[1..]
}

/// Appends the first character of a text that starts beyond ASCII and returns what follows it.
fn put_non_ascii<'a>(out: &mut Vec<u8>, value: &'a [u8]) -> &'a [u8] {
    match first_character(value) {
        Some(character) if is_harmless(character) => {
            out.extend_from_slice(&value[..character.len_utf8()]);
            &value[character.len_utf8()..]
        }
        Some(character) => {
            out.push(b'+');
            &value[character.len_utf8()..]
        }
        None => {
            out.push(b'+');
            &value[1..]
        }
    }
}

/// The character a text starts with, if it starts with valid UTF-8.
pub(crate) fn first_character(value: &[u8]) -> Option<char> {
    let start = &value[..value.len().min(4)];
    start.utf8_chunks().next()?.valid().chars().next()
}

/// Whether a character can stand in a log: no control, no space of any kind, no change of writing direction.
pub(crate) fn is_harmless(character: char) -> bool {
    let turns_direction =
        matches!(character, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    !character.is_control() && !character.is_whitespace() && !turns_direction
}

/// The beginning of a value, without half a character at its end.
pub(crate) fn cut(value: &[u8], bytes_max: usize) -> &[u8] {
    if value.len() <= bytes_max {
        return value;
    }
    let is_boundary = |end: &usize| value[*end] & 0xC0 != 0x80;
    // Invalid UTF-8 may have no boundary near: then the cut is made all the same.
    let end = (bytes_max.saturating_sub(3)..=bytes_max).rev().find(is_boundary).unwrap_or(bytes_max);
    &value[..end]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(value: &[u8], expected: &str) {
        let mut out = Vec::new();
        Escape { value_bytes_max: 10, percent: b"\"," }.put(&mut out, Some(value));
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn values() {
        check(b"", "-");
        check(b"a b\tc", "a+b+c");
        check(b"a\r\nb", "a++b");
        check(b"\x1b[2J\x7f", "+[2J+");
        check(b"a\"b,c", "a%22b%2Cc");
        check(b"0123456789", "0123456789");
        check(b"0123456789a", "...");
        check("é€𝄞".as_bytes(), "é€𝄞");
        check("\u{85}\u{a0}\u{2028}".as_bytes(), "+++");
        check("\u{202e}x".as_bytes(), "+x");
        check(b"\xff\xc3(\xe2\x82", "++(++");
    }

    #[test]
    fn none_is_a_hyphen() {
        let mut out = Vec::new();
        Escape::w3c(1).put(&mut out, None);
        assert_eq!(out, b"-");
    }

    #[test]
    fn cuts_keep_characters_whole() {
        assert_eq!(cut(b"abc", 3), b"abc");
        assert_eq!(cut(b"abcd", 3), b"abc");
        assert_eq!(cut("aé".as_bytes(), 2), b"a");
        assert_eq!(cut("𝄞𝄞".as_bytes(), 5), "𝄞".as_bytes());
        assert_eq!(cut(&[0x80; 9], 5), &[0x80; 5]);
    }

    proptest! {
        #[test]
        fn the_usual_case_writes_what_the_general_one_does(value in prop_oneof![
            prop::collection::vec(any::<u8>(), 1..80),
            prop::collection::vec(0..0x80_u8, 1..80),
            "[ -~]{1,80}é?[ -~]{0,40}".prop_map(String::into_bytes),
        ]) {
            let (mut usual, mut general) = (b" ".to_vec(), b" ".to_vec());
            Escape::w3c(VALUE_BYTES_MAX).put(&mut usual, Some(&value));
            put_printable(&mut general, &value, b"");
            prop_assert_eq!(usual, general);
        }

        #[test]
        fn any_bytes_stay_one_field(value: Vec<u8>) {
            let mut out = Vec::new();
            Escape::w3c(VALUE_BYTES_MAX).put(&mut out, Some(&value));
            let text = String::from_utf8(out).unwrap();
            prop_assert_eq!(text.split_whitespace().count(), 1);
            prop_assert_eq!(text.lines().count(), 1);
            prop_assert!(text.len() <= value.len().max(1));
        }
    }
}
