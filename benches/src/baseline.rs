//! The committed counts: one line for each work, its name and the instructions of one time.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;

/// A change of more than so many per cent has to be committed with its reason.
const TOLERATED_PER_CENT: f64 = 3.0;

const HEAD: &str = "\
# Instructions of one time of each work, by callgrind (longest: of the longest of many). A change of more than 3 % fails the check: find out why, then
#     cargo run --release -p doorward-benches -- check --commit
# and say the reason in the commit.
";

pub type Counts = BTreeMap<String, f64>;

fn path() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/baseline.txt"))
}

/// Reads the committed counts.
pub fn read() -> anyhow::Result<Counts> {
    let text = std::fs::read_to_string(path()).context("benches/baseline.txt")?;
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(|line| parsed(line).with_context(|| format!("benches/baseline.txt: `{line}`"))).collect()
}

fn parsed(line: &str) -> Option<(String, f64)> {
    let (name, count) = line.split_once(' ')?;
    Some((name.to_owned(), count.trim().parse().ok()?))
}

/// Writes new ones.
pub fn write(counts: &Counts) -> anyhow::Result<()> {
    let lines: Vec<String> = counts.iter().map(|(name, count)| format!("{name:<26} {count:>10.1}")).collect();
    std::fs::write(path(), format!("{HEAD}{}\n", lines.join("\n"))).context("benches/baseline.txt")
}

/// What is to be said of a count, and whether it fails the check.
pub fn judged(count: f64, known: Option<f64>) -> (String, bool) {
    let Some(known) = known else { return ("not in the baseline".to_owned(), true) };
    let change = (count / known - 1.0) * 100.0;
    let fails = change.abs() > TOLERATED_PER_CENT;
    (format!("{change:+.1} %{}", if fails { "  CHANGED" } else { "" }), fails)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(count: f64, known: Option<f64>, fails: bool) {
        assert_eq!(judged(count, known).1, fails, "{count} {known:?}");
    }

    #[test]
    fn three_per_cent_either_way_are_tolerated() {
        check(102.9, Some(100.0), false);
        check(97.1, Some(100.0), false);
        check(103.1, Some(100.0), true);
        check(96.9, Some(100.0), true);
        check(100.0, None, true);
    }

    #[test]
    fn a_line_is_a_name_and_a_number() {
        assert_eq!(parsed("route-exact     12.5"), Some(("route-exact".to_owned(), 12.5)));
        assert_eq!(parsed("route-exact"), None);
        assert_eq!(parsed("route-exact x"), None);
    }

    #[test]
    fn every_work_has_its_baseline() {
        let names: Vec<String> = read().unwrap().into_keys().collect();
        let mut known: Vec<_> =
            crate::work::ALL.iter().chain(crate::work::LONGEST).map(|work| work.name.to_owned()).collect();
        known.sort();
        assert_eq!(names, known);
    }
}
