//! Classes of bytes, and the two scans that every head goes through.

/// RFC 9110 §5.6.2 `tchar`, by byte value.
const TCHAR: [bool; 256] = tchar_table();

const fn tchar_table() -> [bool; 256] {
    let mut table = [false; 256];
    let extra = b"!#$%&'*+-.^_`|~";
    let mut at = 0;
    while at < extra.len() {
        table[extra[at] as usize] = true;
        at += 1;
    }
    let mut byte = 0;
    while byte < 128 {
        if (byte as u8).is_ascii_alphanumeric() {
            table[byte] = true;
        }
        byte += 1;
    }
    table
}

/// True for a character of a token (RFC 9110 §5.6.2).
pub(crate) fn is_tchar(byte: u8) -> bool {
    TCHAR[usize::from(byte)]
}

/// Length of the token at the front of `bytes`, 0 when there is none.
pub(crate) fn token_length(bytes: &[u8]) -> usize {
    run_length(bytes, &TCHAR)
}

/// What may stand in a request target: printable ASCII but `#` (RFC 9112 §3.2, RFC 3986 §2).
const TARGET: [bool; 256] = target_table();

const fn target_table() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0x21;
    while byte < 0x7f {
        table[byte] = byte != b'#' as usize;
        byte += 1;
    }
    table
}

/// Length of the front part of `bytes` that may stand in a request target.
pub(crate) fn target_length(bytes: &[u8]) -> usize {
    run_length(bytes, &TARGET)
}

/// Length of the front part of `bytes` that is in `class`. Four bytes at a step, since a branch costs more than a
/// look into the table.
fn run_length(bytes: &[u8], class: &[bool; 256]) -> usize {
    let has = |byte: u8| class[usize::from(byte)];
    let (fours, rest) = bytes.as_chunks::<4>();
    for (index, &[first, second, third, fourth]) in fours.iter().enumerate() {
        if !(has(first) & has(second) & has(third) & has(fourth)) {
            let within = [first, second, third].iter().take_while(|byte| has(**byte)).count();
            return index * 4 + within;
        }
    }
    fours.len() * 4 + rest.iter().take_while(|byte| has(**byte)).count()
}

/// Optional white space (RFC 9110 §5.6.3).
pub(crate) fn is_ows(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// `bytes` without optional white space at both ends.
pub(crate) fn trim_ows(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !is_ows(*byte)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| !is_ows(*byte)).map_or(start, |last| last + 1);
    &bytes[start..end]
}

/// Length of the front part of `bytes` that may stand in a field value: everything but controls and DEL, HTAB
/// allowed (RFC 9110 §5.5). The byte at that index, if any, is the first that may not.
pub(crate) fn value_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        at += plain_length(&bytes[at..]);
        if bytes.get(at) != Some(&b'\t') {
            return at;
        }
        at += 1;
    }
}

const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// Length of the front part without any byte below 0x20 or equal to 0x7f, eight bytes at a step.
fn plain_length(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let delete = word ^ (LOW_BITS * 0x7f);
        // A borrow can only spoil bytes above the first hit, and the first hit is all that is asked for.
        let below_space = word.wrapping_sub(LOW_BITS * 0x20) & !word;
        let is_delete = delete.wrapping_sub(LOW_BITS) & !delete;
        let hits = (below_space | is_delete) & HIGH_BITS;
        if hits != 0 {
            return index * 8 + (hits.trailing_zeros() / 8) as usize;
        }
    }
    let done = words.len() * 8;
    done + rest.iter().position(u8::is_ascii_control).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tokens_are_those_of_the_rfc() {
        let tokens: Vec<u8> = (0..=255).filter(|byte| is_tchar(*byte)).collect();
        assert_eq!(tokens, b"!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");
    }

    #[test]
    fn white_space_goes_at_both_ends() {
        assert_eq!(trim_ows(b" \t a b \t"), b"a b");
        assert_eq!(trim_ows(b" \t "), b"");
    }

    #[test]
    fn a_target_is_printable() {
        let all: Vec<u8> = (0..=255).filter(|byte| target_length(&[*byte]) == 1).collect();
        let expect: Vec<u8> = (b'!'..=b'~').filter(|byte| *byte != b'#').collect();
        assert_eq!(all, expect);
    }

    proptest! {
        #[test]
        fn a_token_ends_where_it_ends(token in "[a-z]{0,12}", end in "[ :/]?", rest in "[a-z:]{0,5}") {
            let expect = if end.is_empty() { token.len() + rest.find(':').unwrap_or(rest.len()) } else { token.len() };
            prop_assert_eq!(token_length(format!("{token}{end}{rest}").as_bytes()), expect);
        }

        #[test]
        fn the_wide_scan_agrees_with_the_narrow_one(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let narrow = bytes.iter().position(|byte| byte.is_ascii_control() && *byte != b'\t').unwrap_or(bytes.len());
            prop_assert_eq!(value_length(&bytes), narrow);
        }

        #[test]
        fn one_bad_byte_is_found_anywhere(at in 0usize..40, bad in prop::sample::select(vec![0u8, 1, 8, 10, 13, 31, 127])) {
            let mut bytes = vec![0xff_u8; 40];
            bytes[at] = bad;
            prop_assert_eq!(value_length(&bytes), at);
        }
    }
}
