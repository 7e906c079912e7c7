//! What a command leaves behind.

/// The end of a command: what it prints, and its exit code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// For standard output, line by line as IIS prints it; lines end with a line feed.
    pub output: String,
    /// For standard error: what IIS does not say, such as places and hints.
    pub errors: String,
    /// IIS's exit code, a Win32 error number; 0 is success. It may need more than the 8 bits that a process has here.
    pub exit_code: u32,
}

impl Outcome {
    /// A success that prints these lines.
    pub fn done(lines: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut outcome = Self::default();
        lines.into_iter().for_each(|line| outcome.say(line));
        outcome
    }

    /// Adds a line for standard output.
    pub fn say(&mut self, line: impl AsRef<str>) {
        self.output.push_str(line.as_ref());
        self.output.push('\n');
    }

    /// Adds a line for standard error.
    pub fn note(&mut self, line: impl AsRef<str>) {
        self.errors.push_str(line.as_ref());
        self.errors.push('\n');
    }

    /// The same with more lines for standard error.
    #[must_use]
    pub fn noting(mut self, notes: &[String]) -> Self {
        for note in notes {
            self.note(note);
        }
        self
    }

    /// What another command left, behind what is here; the last exit code stays.
    pub fn append(&mut self, other: &Self) {
        self.output.push_str(&other.output);
        self.errors.push_str(&other.errors);
        self.exit_code = other.exit_code;
    }

    /// What a process can hand to its caller: the low 8 bits, and never 0 for a failure.
    pub fn process_code(&self) -> u8 {
        match (self.exit_code, self.exit_code as u8) {
            (1.., 0) => 1,
            (_, low) => low,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_never_ends_with_0() {
        let code = |exit_code| Outcome { exit_code, ..Outcome::default() }.process_code();
        assert_eq!([0, 87, 256, 1168, 4312].map(code), [0, 87, 1, 144, 216]);
    }
}
