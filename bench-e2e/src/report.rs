//! Medians, spreads and ratios, and how they are written down.

use std::fmt::Write as _;

use crate::load::Outcome;
use crate::measure::Row;
use crate::scenario::{Scenario, Work};

/// What a scenario came to.
pub struct Result<'s> {
    pub scenario: &'s Scenario,
    pub rows: Vec<Row>,
}

/// One row of numbers.
pub struct Line {
    pub label: String,
    pub median: f64,
    pub least: f64,
    pub most: f64,
    /// nginx's value by ours: how many times as much it takes; median and spread over the rounds.
    pub ratio: Option<(f64, f64, f64)>,
}

impl Result<'_> {
    /// The rows as numbers, in their order.
    pub fn lines(&self) -> Vec<Line> {
        self.rows.iter().map(|row| self.line(row)).collect()
    }

    fn line(&self, row: &Row) -> Line {
        let label = match row.variant {
            "" => row.subject.name().to_owned(),
            variant => format!("{}, {variant}", row.subject.name()),
        };
        let nginx = self.rows.iter().filter(|other| other.subject.is_nginx() && other.variant == row.variant);
        let best = nginx.min_by(|one, other| median(&one.values).total_cmp(&median(&other.values)));
        let ratio = best.filter(|_| !row.subject.is_nginx()).map(|best| {
            let each: Vec<f64> = best.values.iter().zip(&row.values).map(|(theirs, own)| theirs / own).collect();
            (median(&best.values) / median(&row.values), least(&each), most(&each))
        });
        Line { label, median: median(&row.values), least: least(&row.values), most: most(&row.values), ratio }
    }

    /// The unit of the values.
    pub fn unit(&self) -> &'static str {
        match self.scenario.work {
            Work::Requests(_) | Work::Http2 | Work::Reload(_) => "CPU-µs/request",
            Work::Idle(_) => "KiB/connection",
            Work::Clients(_) => "bytes/client",
        }
    }

    fn counts_requests(&self) -> bool {
        match self.scenario.work {
            Work::Requests(_) | Work::Http2 | Work::Reload(_) => true,
            Work::Idle(_) | Work::Clients(_) => false,
        }
    }

    /// A table in Markdown.
    pub fn table(&self) -> String {
        let mut text = format!("### {}\n\n`{}`", self.scenario.about, self.scenario.name);
        if let Some((least, aim)) = self.scenario.target {
            let _infallible = write!(text, ", to reach: {least} × nginx, aim {aim}");
        }
        let _infallible = write!(
            text,
            "\n\n| server | {} | of these | requests/CPU-s | p50 µs | p99 µs | × nginx | of these |\n",
            self.unit()
        );
        text.push_str("|---|---:|---:|---:|---:|---:|---:|---:|\n");
        for (line, row) in self.lines().into_iter().zip(&self.rows) {
            let Line { label, median, least, most, ratio } = line;
            let (rate, p50, p99) =
                if self.counts_requests() { rates(median, &row.outcomes) } else { Default::default() };
            let (times, spread) = ratio.map_or_else(Default::default, |(middle, least, most)| {
                (format!("**{middle:.2}**"), format!("{least:.2}–{most:.2}"))
            });
            let _infallible = writeln!(
                text,
                "| {label} | {median:.2} | {least:.2}–{most:.2} | {rate} | {p50} | {p99} | {times} | {spread} |"
            );
        }
        text.push_str(&self.lost());
        text
    }

    /// Connections that ended before their answer, where there were any.
    fn lost(&self) -> String {
        let lost = |row: &Row| row.outcomes.iter().map(|outcome| outcome.lost).sum::<u64>();
        let expects = matches!(self.scenario.work, Work::Requests(requests) if requests.expected == 0);
        let told = self.rows.iter().filter(|row| !expects && lost(row) > 0);
        told.fold(String::new(), |text, row| {
            text + &format!("\n{}: {} connections ended before their answer.\n", row.subject.name(), lost(row))
        })
    }
}

fn rates(median_us: f64, outcomes: &[Outcome]) -> (String, String, String) {
    let middle = |of: fn(&Outcome) -> u32| median(&outcomes.iter().map(|o| f64::from(of(o))).collect::<Vec<_>>());
    let (p50, p99) = (middle(|outcome| outcome.p50_us), middle(|outcome| outcome.p99_us));
    (format!("{:.0}", 1e6 / median_us), format!("{p50:.0}"), format!("{p99:.0}"))
}

/// The middle one; not a number where there is none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => sorted[count / 2],
        count => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
    }
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_one() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0]) - 2.5).abs() < 1e-9);
        assert!(median(&[]).is_nan());
    }
}
