//! Decimal numbers by hand: `format!` would cost more than the rest of the line.

/// Appends a number in decimal.
pub(crate) fn put_number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    let mut rest = number;
    loop {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
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
        [0, 9, 10, 99, 100, u64::from(u32::MAX), u64::MAX].into_iter().for_each(check);
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
