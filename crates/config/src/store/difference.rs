//! What another hand has changed in a file, for the person whose edit is refused because of it.

/// Lines that are shown at most.
const LINES_MAX: usize = 20;

/// The first stretch of lines that differ, with its line number: `-` as the edit knew it, `+` as it is now.
pub(super) fn difference(known: &str, now: &str) -> String {
    let (known, now): (Vec<&str>, Vec<&str>) = (known.split('\n').collect(), now.split('\n').collect());
    let same = |one: &str, other: &str| one == other;
    let head = known.iter().zip(&now).take_while(|(one, other)| same(one, other)).count();
    let (known, now) = (&known[head..], &now[head..]);
    let tail = known.iter().rev().zip(now.iter().rev()).take_while(|(one, other)| same(one, other)).count();
    let gone = known[..known.len() - tail].iter().map(|line| format!("-{}", line.replace('\r', "\\r")));
    let come = now[..now.len() - tail].iter().map(|line| format!("+{}", line.replace('\r', "\\r")));
    let lines: Vec<String> = gone.chain(come).collect();
    let more = lines.len().saturating_sub(LINES_MAX);
    let mut shown = vec![format!("from line {}:", head + 1)];
    shown.extend(lines.into_iter().take(LINES_MAX));
    if more > 0 {
        shown.push(format!("and {more} lines more"));
    }
    shown.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(known: &str, now: &str, expected: &str) {
        assert_eq!(difference(known, now), expected, "{known:?} {now:?}");
    }

    #[test]
    fn the_lines_that_differ() {
        check("a\nb\nc", "a\nx\nc", "from line 2:\n-b\n+x");
        check("a\nc", "a\nb\nc", "from line 2:\n+b");
        check("a\nb", "a", "from line 2:\n-b");
        check("", "a", "from line 1:\n-\n+a");
        check("a\r\nb", "a\nb", "from line 1:\n-a\\r\n+a");
        check("a", "a", "from line 2:");
    }

    #[test]
    fn a_long_one_is_cut() {
        let long = "x\n".repeat(30);
        let shown = difference("", &long);
        assert_eq!(shown.lines().count(), 22, "{shown}");
        assert!(shown.ends_with("and 10 lines more"), "{shown}");
    }
}
