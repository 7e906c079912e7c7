//! Decimal numbers by hand: `format!` would cost more than the rest of the line.

/// Two digits of every number below 100.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// Appends a number in decimal.
#[inline]
pub(crate) fn put_number(out: &mut Vec<u8>, number: u64) {
    match number {
        0..10 => out.push(b'0' + number as u8),
        10..100 => out.extend_from_slice(&PAIRS[number as usize]),
        // Most are a status.
        100..1000 => {
            let [tens, ones] = PAIRS[(number % 100) as usize];
            out.extend_from_slice(&[b'0' + (number / 100) as u8, tens, ones]);
        }
        1000.. => put_long_number(out, number),
    }
}

fn put_long_number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    let mut rest = number;
    while rest >= 10 {
        start -= 2;
        digits[start..start + 2].copy_from_slice(&PAIRS[(rest % 100) as usize]);
        rest /= 100;
    }
    if rest > 0 {
        start -= 1;
        digits[start] = b'0' + rest as u8;
    }
    out.extend_from_slice(&digits[start..]);
}

/// Appends the last two digits of a small number, with a leading zero.
pub(crate) fn put_two_digits(out: &mut Vec<u8>, number: i8) {
    let number = number.unsigned_abs() % 100;
    out.extend_from_slice(&[b'0' + number / 10, b'0' + number % 10]);
}

/// Appends a year in four digits.
pub(crate) fn put_year(out: &mut Vec<u8>, year: i16) {
    let year = year.unsigned_abs();
    put_two_digits(out, (year / 100 % 100) as i8);
    put_two_digits(out, (year % 100) as i8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(number: u64) {
        let mut out = Vec::new();
        put_number(&mut out, number);
        assert_eq!(out, number.to_string().into_bytes());
    }

    #[test]
    fn edges() {
        [0, 9, 10, 99, 100, 999, 1000, 1001, 10_000, 99_999, 100_000, u64::from(u32::MAX), u64::MAX]
            .into_iter()
            .for_each(check);
    }

    #[test]
    fn short_forms() {
        let mut out = Vec::new();
        put_year(&mut out, 2004);
        put_two_digits(&mut out, 7);
        put_two_digits(&mut out, 31);
        assert_eq!(out, b"20040731");
    }

    proptest! {
        #[test]
        fn same_as_the_standard_library(number: u64) {
            check(number);
        }
    }
}
