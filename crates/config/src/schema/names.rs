//! Which known name somebody probably meant.

/// The nearest of `known`, when it is near enough to be a slip: another case, or an edit in three letters or so.
pub(crate) fn near_name<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let slips_max = 1 + written.chars().count() / 5;
    if written.len() > 64 {
        return None;
    }
    let lower = written.to_lowercase();
    known
        .into_iter()
        .map(|name| (distance(&lower, &name.to_lowercase()), name))
        .filter(|&(slips, _)| slips <= slips_max)
        .min_by_key(|&(slips, _)| slips)
        .map(|(_, name)| name)
}

/// Edits between two words: insertion, deletion, replacement, or a swap of neighbours (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (i, &l) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &r) in right.iter().enumerate() {
            let replaced = above[j] + usize::from(l != r);
            let mut best = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && l == right[j - 1] && left[i - 1] == r {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(written: &str, expected: Option<&str>) {
        let known = ["name", "id", "denyByRequestRate", "denyByConcurrentRequests", "serverAutoStart"];
        assert_eq!(near_name(written, known), expected, "{written}");
    }

    #[test]
    fn slips() {
        check("nmae", Some("name"));
        check("Name", Some("name"));
        check("denyByRequestsRate", Some("denyByRequestRate"));
        check("serverAutostrat", Some("serverAutoStart"));
        check("physicalPath", None);
        check("", None);
    }
}
