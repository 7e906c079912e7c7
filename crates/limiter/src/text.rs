//! Client text made safe to show: bounded, and without anything a terminal or a log could act on.

use std::fmt::Write;

/// The text with control characters (C0, DEL, C1), the backslash and bytes that are not UTF-8 written as escapes,
/// cut to `chars_max` characters.
pub(crate) fn escape(text: &[u8], chars_max: usize) -> String {
    // A character has at most four bytes and no escape is shorter than its source.
    let text = &text[..text.len().min(chars_max.saturating_mul(4))];
    let mut escaped = String::new();
    for chunk in text.utf8_chunks() {
        chunk.valid().chars().for_each(|character| push(&mut escaped, character));
        for byte in chunk.invalid() {
            let _ = write!(escaped, "\\x{byte:02x}");
        }
    }
    escaped.chars().take(chars_max).collect()
}

fn push(escaped: &mut String, character: char) {
    match character {
        '\\' => escaped.push_str("\\\\"),
        control if control.is_control() => {
            let _ = write!(escaped, "\\x{:02x}", u32::from(control));
        }
        plain => escaped.push(plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &[u8], expected: &str) {
        assert_eq!(escape(text, 20), expected);
    }

    #[test]
    fn controls_backslashes_and_broken_text_are_escaped() {
        check(b"/index.html", "/index.html");
        check(b"a\r\nb", "a\\x0d\\x0ab");
        check(b"\x1b[2J\x7f", "\\x1b[2J\\x7f");
        check("\u{9b}2J".as_bytes(), "\\x9b2J");
        check(b"c:\\x", "c:\\\\x");
        check(b"\xff\xfeok", "\\xff\\xfeok");
        check("käse".as_bytes(), "käse");
    }

    #[test]
    fn length_is_bounded() {
        assert_eq!(escape(&[b'a'; 5000], 20).len(), 20);
        assert_eq!(escape(&[1; 5000], 20).len(), 20);
    }

    proptest! {
        #[test]
        fn nothing_a_terminal_acts_on_survives(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let escaped = escape(&text, 64);
            prop_assert!(escaped.chars().count() <= 64);
            prop_assert!(!escaped.chars().any(char::is_control));
        }
    }
}
