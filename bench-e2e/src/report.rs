//! Medians, spreads and ratios, and how they are written down.

use std::fmt::Write as _;

use crate::load::Outcome;
use crate::measure::Row;
use crate::scenario::{Scenario, Target, Work};
use crate::subject::Subject;

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
    pub ratio: Option<Spread>,
    /// Ours by that of the same server's first setup.
    pub of_first: Option<Spread>,
    /// Ours by that of the same server's setup before, where that is not the first.
    pub of_previous: Option<Spread>,
    /// The ceiling's value by ours.
    pub of_ceiling: Option<f64>,
}

/// A middle value with the least and the most of the rounds.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub middle: f64,
    pub least: f64,
    pub most: f64,
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
        let is_server = !row.subject.is_nginx() && row.subject != Subject::Ceiling;
        let ratio = self.nginx(row.variant).filter(|_| is_server).map(|best| {
            let middle = median(&best.values) / median(&row.values);
            Spread { middle, ..spread(&best.values, &row.values) }
        });
        let first = self.rows.iter().find(|other| other.subject == row.subject);
        let first = first.filter(|first| first.variant != row.variant);
        // Two setups of one server in one round had the same neighbours: their ratio is what says most.
        let of_first = first.map(|first| spread(&row.values, &first.values));
        let before = self.rows.iter().take_while(|other| !std::ptr::eq(*other, row));
        let previous = before.filter(|other| other.subject == row.subject).skip(1).last();
        let of_previous = previous.map(|previous| spread(&row.values, &previous.values));
        let is_ceiling = |other: &&Row| other.subject == Subject::Ceiling && other.variant == row.variant;
        let ceiling = self.rows.iter().find(is_ceiling).filter(|_| row.subject != Subject::Ceiling);
        let of_ceiling = ceiling.map(|ceiling| median(&ceiling.values) / median(&row.values));
        let (median, least, most) = (median(&row.values), least(&row.values), most(&row.values));
        Line { label, median, least, most, ratio, of_first, of_previous, of_ceiling }
    }

    /// The better of nginx's configurations.
    fn nginx(&self, variant: &str) -> Option<&Row> {
        let both = self.rows.iter().filter(|row| row.subject.is_nginx() && row.variant == variant);
        both.min_by(|one, other| median(&one.values).total_cmp(&median(&other.values)))
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
        let mut text = format!("### {}\n\n`{}`{}\n\n", self.scenario.about, self.scenario.name, self.target());
        let lines = self.lines();
        let columns: Vec<Column> = self.columns(&lines);
        let head = columns.iter().map(|column| format!(" {} |", column.head)).collect::<Vec<_>>().concat();
        let _infallible = writeln!(text, "| server |{head}\n|---|{}", "---:|".repeat(columns.len()));
        for (line, row) in lines.iter().zip(&self.rows) {
            let cells: Vec<String> = columns.iter().map(|column| format!(" {} |", (column.cell)(line, row))).collect();
            let _infallible = writeln!(text, "| {} |{}", line.label, cells.concat());
        }
        text.push_str(&self.lost());
        text
    }

    fn target(&self) -> String {
        match self.scenario.target {
            None => String::new(),
            Some(Target::TimesNginx(least, aim)) => format!(", to reach: {least} × nginx, aim {aim}"),
            Some(Target::OfFirst(most, aim)) => {
                format!(", to reach: at most {most} × the first, aim {aim}")
            }
            Some(Target::AtMost(most, aim)) => format!(", to reach: at most {most}, aim {aim}"),
        }
    }

    /// The columns there is something to say in.
    fn columns(&self, lines: &[Line]) -> Vec<Column> {
        let mut columns = vec![Column { head: self.unit(), cell: |line, _| format!("{:.2}", line.median) }];
        if self.counts_requests() {
            columns.extend([
                Column { head: "of these", cell: |line, _| format!("{:.2}–{:.2}", line.least, line.most) },
                Column { head: "requests/CPU-s", cell: |line, _| format!("{:.0}", 1e6 / line.median) },
                Column { head: "p50 µs", cell: |_, row| middle(row, |outcome| outcome.p50_us) },
                Column { head: "p99 µs", cell: |_, row| middle(row, |outcome| outcome.p99_us) },
            ]);
        }
        if self.scenario.setups.iter().any(|(_, setup)| setup.tickets) {
            columns.push(Column { head: "resumed", cell: |_, row| resumed(row) });
        }
        if lines.iter().any(|line| line.ratio.is_some()) {
            columns.extend([
                Column { head: "× nginx", cell: |line, _| bold(line.ratio) },
                Column { head: "of these", cell: |line, _| range(line.ratio) },
            ]);
        }
        if lines.iter().any(|line| line.of_first.is_some()) {
            columns.extend([
                Column { head: "× the first", cell: |line, _| bold(line.of_first) },
                Column { head: "of these", cell: |line, _| range(line.of_first) },
            ]);
        }
        if lines.iter().any(|line| line.of_previous.is_some()) {
            columns.extend([
                Column { head: "× the one before", cell: |line, _| bold(line.of_previous) },
                Column { head: "of these", cell: |line, _| range(line.of_previous) },
            ]);
        }
        if lines.iter().any(|line| line.of_ceiling.is_some()) {
            let cell = |line: &Line, _: &Row| line.of_ceiling.map(|of| format!("{of:.2}")).unwrap_or_default();
            columns.push(Column { head: "of the ceiling", cell });
        }
        columns
    }

    /// Connections that ended before their answer, where there were any or they are the question.
    fn lost(&self) -> String {
        let sum = |row: &Row, of: fn(&Outcome) -> u64| row.outcomes.iter().map(of).sum::<u64>();
        let expects = matches!(self.scenario.work, Work::Requests(requests) if requests.expected == 0);
        let is_asked = matches!(self.scenario.work, Work::Reload(_));
        let mut text = String::new();
        for row in self.rows.iter().filter(|_| !expects) {
            let (lost, all) = (sum(row, |outcome| outcome.lost), sum(row, |outcome| outcome.requests));
            if lost > 0 || is_asked {
                let name = row.subject.name();
                let _infallible = writeln!(
                    text,
                    "\n{name}: {lost} of {all} requests failed: the connection ended before the answer."
                );
            }
        }
        text
    }
}

/// One column: what stands above it, and in it.
struct Column {
    head: &'static str,
    cell: fn(&Line, &Row) -> String,
}

fn bold(spread: Option<Spread>) -> String {
    spread.map(|spread| format!("**{:.2}**", spread.middle)).unwrap_or_default()
}

fn range(spread: Option<Spread>) -> String {
    spread.map(|spread| format!("{:.2}–{:.2}", spread.least, spread.most)).unwrap_or_default()
}

fn middle(row: &Row, of: fn(&Outcome) -> u32) -> String {
    format!("{:.0}", median(&row.outcomes.iter().map(|outcome| f64::from(of(outcome))).collect::<Vec<_>>()))
}

/// How many of the handshakes were resumed.
fn resumed(row: &Row) -> String {
    let sum = |of: fn(&Outcome) -> u64| row.outcomes.iter().map(of).sum::<u64>() as f64;
    format!("{:.0} %", sum(|outcome| outcome.resumed) / sum(|outcome| outcome.handshakes).max(1.0) * 100.0)
}

/// One by the other, round by round.
fn spread(above: &[f64], below: &[f64]) -> Spread {
    let each: Vec<f64> = above.iter().zip(below).map(|(above, below)| above / below).collect();
    Spread { middle: median(&each), least: least(&each), most: most(&each) }
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
    fn each_setup_by_the_first_and_by_the_one_before() {
        let row = |subject, variant, value| Row { subject, variant, values: vec![value], outcomes: Vec::new() };
        let rows = [("one", 2.0), ("two", 3.0), ("three", 6.0)].into_iter().flat_map(|(variant, value)| {
            [row(Subject::Doorward, variant, value), row(Subject::Ceiling, variant, value / 2.0)]
        });
        let result = Result { scenario: &crate::scenario::ALL[0], rows: rows.collect() };
        let middle = |spread: Option<Spread>| spread.map(|spread| spread.middle);
        let ratios = result
            .lines()
            .into_iter()
            .map(|line| (line.label, middle(line.of_first), middle(line.of_previous), line.of_ceiling));
        let ratios: Vec<_> = ratios.filter(|(label, ..)| label.starts_with("doorward")).collect();
        let expected = [
            ("doorward, one".to_owned(), None, None, Some(0.5)),
            ("doorward, two".to_owned(), Some(1.5), None, Some(0.5)),
            ("doorward, three".to_owned(), Some(3.0), Some(2.0), Some(0.5)),
        ];
        assert_eq!(ratios, expected);
    }

    #[test]
    fn the_middle_one() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0]) - 2.5).abs() < 1e-9);
        assert!(median(&[]).is_nan());
    }
}
