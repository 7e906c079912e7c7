//! Random inputs through the targets whose promise is about every input rather than about rare ones.
//!
//! `DOORWARD_CASES` says how many (without it 100 000, and a tenth of that in a debug build, which takes ten times as long);
//! a failure names the input, which may then join the corpus.

#![cfg(test)]

/// Bytes that mean something in some format.
const TELLING: &[u8] = b"\r\n\t \"',;#%&*+-./:=?\\|\x00\x1b\x7f\x80\x85\xa0\xa8\xae\xc2\xe2\xf0\xff";

/// A small generator (xorshift64*): the same inputs on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    fn byte(&mut self) -> u8 {
        let number = self.next();
        match number % 4 {
            0 => TELLING[(number >> 8) as usize % TELLING.len()],
            1 => b'a' + (number >> 8) as u8 % 26,
            _ => (number >> 8) as u8,
        }
    }

    fn bytes(&mut self, length_max: u64) -> Vec<u8> {
        let length = self.next() % length_max;
        (0..length).map(|_| self.byte()).collect()
    }
}

fn cases() -> u32 {
    let usual = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
    std::env::var("DOORWARD_CASES").map_or(usual, |text| text.parse().unwrap())
}

/// Runs a target over so many random inputs.
fn check(name: &str, cases: u32, bytes_max: u64) {
    let target = doorward_fuzz::target(name).unwrap();
    let mut random = Random(0x5DEE_CE66_D00D_4106);
    for case in 0..cases {
        let input = random.bytes(bytes_max);
        let told = std::panic::catch_unwind(|| target(&input));
        assert!(told.is_ok(), "case {case} breaks a promise: {input:?}");
    }
}

#[test]
fn any_record_is_one_line_and_is_read_back() {
    check("log_line", cases(), 400);
}

#[test]
fn any_sequence_of_edits_means_what_a_model_means() {
    // Each edit reads and writes a file.
    check("edit_sequence", cases() / 200, 48);
}
