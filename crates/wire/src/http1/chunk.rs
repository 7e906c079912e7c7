//! One chunk head: `1*HEXDIG *( BWS ";" BWS name [ BWS "=" BWS value ] )` (RFC 9112 §7.1).

use crate::Malformed;
use crate::chars::{is_ows, token_length};

/// Longest chunk head in bytes, without its line end.
pub(crate) const LINE_BYTES_MAX: usize = 1024;

/// The size that a chunk head, given without its LF, states. Extensions are read and forgotten.
pub(crate) fn size(line: &[u8]) -> Result<u64, Malformed> {
    let line = line.strip_suffix(b"\r").ok_or(Malformed::InvalidCrLf)?;
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if digits == 0 || !is_extensions(&line[digits..]) {
        return Err(Malformed::Chunk);
    }
    hexadecimal(&line[..digits]).ok_or(Malformed::EntityTooLarge)
}

/// At most 2^63 - 1, so that no sum of positions overflows.
fn hexadecimal(digits: &[u8]) -> Option<u64> {
    digits
        .iter()
        .try_fold(0_i64, |sum, digit| {
            let value = char::from(*digit).to_digit(16)?;
            sum.checked_mul(16)?.checked_add(i64::from(value))
        })
        .map(i64::unsigned_abs)
}

fn is_extensions(mut rest: &[u8]) -> bool {
    while !rest.is_empty() {
        match after_extension(rest) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

fn after_extension(rest: &[u8]) -> Option<&[u8]> {
    let rest = skip_white(skip_white(rest).strip_prefix(b";")?);
    let name = token_length(rest);
    let rest = rest.get(name..).filter(|_| name > 0)?;
    let Some(value) = skip_white(rest).strip_prefix(b"=") else {
        return Some(rest);
    };
    let value = skip_white(value);
    match token_length(value) {
        0 => after_quoted(value),
        length => Some(&value[length..]),
    }
}

/// What follows a quoted string (RFC 9110 §5.6.4) at the front of `bytes`.
fn after_quoted(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.strip_prefix(b"\"")?;
    loop {
        match rest {
            [b'"', after @ ..] => return Some(after),
            [b'\\', escaped, after @ ..] if is_text(*escaped) => rest = after,
            [b'\\', ..] | [] => return None,
            [byte, after @ ..] if is_text(*byte) => rest = after,
            [..] => return None,
        }
    }
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || !byte.is_ascii_control()
}

fn skip_white(bytes: &[u8]) -> &[u8] {
    let white = bytes.iter().take_while(|byte| is_ows(**byte)).count();
    &bytes[white..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expect: Result<u64, Malformed>) {
        assert_eq!(size(line.as_bytes()), expect, "{line:?}");
    }

    #[test]
    fn sizes_are_hexadecimal() {
        check("5\r", Ok(5));
        check("aF\r", Ok(0xaf));
        check("00000000000000000000005\r", Ok(5));
        check("7FFFFFFFFFFFFFFF\r", Ok(i64::MAX as u64));
        check("8000000000000000\r", Err(Malformed::EntityTooLarge));
        check("FFFFFFFFFFFFFFFFF\r", Err(Malformed::EntityTooLarge));
        for line in
            ["\r", "+5\r", "-5\r", "0x5\r", "G\r", "5,5\r", "5 5\r", "5\0\r", " 5\r", "5 \r", "5\rhello\r", "5_0\r"]
        {
            check(line, Err(Malformed::Chunk));
        }
        check("5", Err(Malformed::InvalidCrLf));
    }

    #[test]
    fn extensions_are_read_and_forgotten() {
        for line in ["5;a\r", "5;a=b\r", "5 ; a = b ;c\r", "5;a=\"b\\\"; c\"\r", "5;a=\"\";b\r"] {
            check(line, Ok(5));
        }
        for line in ["5;\r", "5;;a\r", "5;a=\r", "5;a=\"b\r", "5;a=\"b\\\r", "5;a b\r", "5;a=\"\u{1}\"\r", "5;a \r"] {
            check(line, Err(Malformed::Chunk));
        }
    }
}
