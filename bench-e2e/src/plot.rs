//! The ratios to nginx as a picture: one bar a scenario, with its spread.

use std::fmt::Write as _;

use crate::report::{Line, Result};
use crate::subject::Subject;

const ROW: usize = 26;
const LEFT: usize = 330;
const WIDTH: usize = 900;
/// Pixels of a factor of ten; the axis is logarithmic, since a half and a double are equally far from one.
const DECADE: f64 = 420.0;
/// The left end of the axis.
const LOWEST: f64 = 0.5;

/// An SVG of what Doorward reached in each scenario that has nginx beside it.
pub fn ratios(results: &[Result<'_>]) -> String {
    let bars: Vec<(String, (f64, f64, f64))> = results.iter().flat_map(bars_of).collect();
    let height = ROW * (bars.len() + 2);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"8\" y=\"18\">How many times nginx's requests Doorward answers with the same CPU time (memory: the other way round)</text>\n"
    );
    for mark in [0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0] {
        let (x, colour) = (place(mark), if (mark - 1.0_f64).abs() < 1e-9 { "black" } else { "#ccc" });
        let bottom = height - 20;
        let _infallible = writeln!(
            svg,
            "<line x1=\"{x:.0}\" y1=\"26\" x2=\"{x:.0}\" y2=\"{bottom}\" stroke=\"{colour}\"/><text x=\"{x:.0}\" y=\"{}\" text-anchor=\"middle\">{mark}</text>",
            bottom + 15
        );
    }
    for (index, (label, (middle, least, most))) in bars.iter().enumerate() {
        bar(&mut svg, ROW * (index + 1), label, (*middle, *least, *most));
    }
    svg.push_str("</svg>\n");
    svg
}

fn bars_of<'r>(result: &'r Result<'_>) -> impl Iterator<Item = (String, (f64, f64, f64))> + 'r {
    let own = result.rows.iter().zip(result.lines()).filter(|(row, _)| row.subject == Subject::Doorward);
    own.filter_map(|(row, Line { ratio, .. })| {
        let name = result.scenario.name;
        let label = if row.variant.is_empty() { name.to_owned() } else { format!("{name}, {}", row.variant) };
        Some((label, ratio.filter(|(middle, ..)| middle.is_finite())?))
    })
}

fn bar(svg: &mut String, top: usize, label: &str, (middle, least, most): (f64, f64, f64)) {
    let (one, end) = (place(1.0), place(middle));
    let (x, width, y) = (one.min(end), (end - one).abs(), top + ROW / 2);
    let colour = if middle >= 1.0 { "#2a7" } else { "#c55" };
    let _infallible = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{label}</text>\
         <rect x=\"{x:.1}\" y=\"{}\" width=\"{width:.1}\" height=\"14\" fill=\"{colour}\"/>\
         <line x1=\"{:.1}\" y1=\"{y}\" x2=\"{:.1}\" y2=\"{y}\" stroke=\"black\"/>\
         <text x=\"{:.0}\" y=\"{}\">{middle:.2}</text>",
        LEFT - 60,
        y + 5,
        y - 7,
        place(least),
        place(most),
        place(most.max(middle)) + 6.0,
        y + 5,
    );
}

fn place(ratio: f64) -> f64 {
    LEFT as f64 - 40.0 + (ratio.clamp(LOWEST, 20.0) / LOWEST).log10() * DECADE * 0.85
}
