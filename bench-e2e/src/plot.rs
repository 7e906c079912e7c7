//! The ratios to nginx as a picture: one bar a scenario, with its spread and what is to be reached.

use std::fmt::Write as _;

use crate::report::{Result, Spread};
use crate::scenario::Target;
use crate::subject::Subject;

const ROW: usize = 24;
const TOP: usize = 56;
const WIDTH: usize = 900;
/// Where labels end and the axis begins.
const LEFT: f64 = 200.0;
const RIGHT: f64 = 840.0;
/// The ends of the axis. It is logarithmic, since a half and a double are equally far from one.
const AXIS: (f64, f64) = (0.5, 20.0);
const MARKS: [f64; 8] = [0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0];

/// One scenario in the picture.
struct Bar {
    label: String,
    ratio: Spread,
    least: Option<f64>,
}

/// An SVG of what Doorward reached in each scenario that has nginx beside it.
pub fn ratios(results: &[Result<'_>]) -> String {
    let bars: Vec<Bar> = results.iter().flat_map(bars_of).collect();
    let (bottom, height) = (TOP + ROW * bars.len() + 4, TOP + ROW * bars.len() + 30);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"8\" y=\"20\" font-size=\"15\">How many times nginx's requests Doorward answers with the same CPU time</text>\n\
         <text x=\"8\" y=\"40\" fill=\"#555\">Memory: how many times as much nginx takes. Line: the rounds one by one. Diamond: the least to be reached.</text>\n"
    );
    for mark in MARKS {
        let (x, colour) = (place(mark), if (mark - 1.0_f64).abs() < 1e-9 { "black" } else { "#ccc" });
        let _infallible = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"{colour}\"/><text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{mark}</text>",
            bottom + 16
        );
    }
    for (index, bar) in bars.iter().enumerate() {
        draw(&mut svg, TOP + ROW * index + ROW / 2 + 2, bar);
    }
    svg.push_str("</svg>\n");
    svg
}

fn bars_of<'r>(result: &'r Result<'_>) -> impl Iterator<Item = Bar> + 'r {
    let own = result.rows.iter().zip(result.lines()).filter(|(row, _)| row.subject == Subject::Doorward);
    own.filter_map(|(row, line)| {
        let ratio = line.ratio.filter(|ratio| ratio.middle.is_finite())?;
        let least = match result.scenario.target {
            Some(Target::TimesNginx(least, _)) => Some(least),
            // The ratio that would be ours with as much as is allowed.
            Some(Target::AtMost(most, _)) => Some(ratio.middle * line.median / most),
            Some(Target::OfFirst(..)) | None => None,
        };
        let name = result.scenario.name;
        let label = if row.variant.is_empty() { name.to_owned() } else { format!("{name}, {}", row.variant) };
        Some(Bar { label, ratio, least })
    })
}

fn draw(svg: &mut String, y: usize, Bar { label, ratio, least }: &Bar) {
    let (one, end) = (place(1.0), place(ratio.middle));
    let (x, width) = (one.min(end), (end - one).abs());
    let colour = match least {
        Some(least) if ratio.middle < *least => "#c55",
        None if ratio.middle < 1.0 => "#c55",
        Some(_) | None => "#2a7",
    };
    let _infallible = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{label}</text>\
         <rect x=\"{x:.1}\" y=\"{}\" width=\"{width:.1}\" height=\"14\" fill=\"{colour}\"/>\
         <line x1=\"{:.1}\" y1=\"{y}\" x2=\"{:.1}\" y2=\"{y}\" stroke=\"black\"/>\
         <text x=\"{:.1}\" y=\"{}\">{:.2}</text>",
        LEFT - 10.0,
        y + 5,
        y - 7,
        place(ratio.least),
        place(ratio.most),
        place(ratio.most.max(ratio.middle).max(least.unwrap_or(1.0))) + 8.0,
        y + 5,
        ratio.middle,
    );
    if let Some(least) = least {
        let x = place(*least);
        let _infallible =
            writeln!(svg, "<path d=\"M{x:.1} {} l5 5 l-5 5 l-5 -5 z\" fill=\"white\" stroke=\"black\"/>", y - 5);
    }
}

fn place(ratio: f64) -> f64 {
    let (low, high) = AXIS;
    LEFT + (RIGHT - LEFT) * (ratio.clamp(low, high) / low).ln() / (high / low).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_is_logarithmic_and_has_ends() {
        let half = place(1.0) - place(0.5);
        assert!((place(2.0) - place(1.0) - half).abs() < 1e-9 && half > 0.0);
        assert!((place(0.1) - LEFT).abs() < 1e-9 && (place(1000.0) - RIGHT).abs() < 1e-9);
    }
}
