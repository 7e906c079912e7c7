//! Lines in the code page of Western Windows machines, for `logInUTF8="false"` (IIS reference §6.1).

/// What Windows-1252 has in place of the control characters 0x80 to 0x9F; 0 where it has nothing.
const HIGH_CONTROLS: [u16; 32] = [
    0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0, 0,
    0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178,
];

/// Turns everything from `start` on from UTF-8 into Windows-1252; what that does not have becomes `?`.
pub(crate) fn turn(line: &mut Vec<u8>, start: usize) {
    if line[start..].is_ascii() {
        return;
    }
    let text = String::from_utf8_lossy(&line[start..]).into_owned();
    line.truncate(start);
    line.extend(text.chars().map(byte));
}

fn byte(character: char) -> u8 {
    let code = u32::from(character);
    let high = || HIGH_CONTROLS.iter().position(|own| *own != 0 && u32::from(*own) == code);
    match code {
        0..=0x7F | 0xA0..=0xFF => code as u8,
        _ => high().map_or(b'?', |place| 0x80 + place as u8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[u8]) {
        let mut line = b"\xff kept ".to_vec();
        line.extend_from_slice(text.as_bytes());
        turn(&mut line, 7);
        assert_eq!(&line[7..], expected, "{text}");
        assert_eq!(&line[..7], b"\xff kept ");
    }

    #[test]
    fn western_characters() {
        check("plain", b"plain");
        check("caf\u{e9}", b"caf\xe9");
        check("\u{20ac} \u{178}", b"\x80 \x9f");
        check("\u{85} \u{4e2d} \u{1f600}", b"? ? ?");
    }
}
