//! A line chart with two logarithmic axes as SVG: readable in light and dark, and named for who does not see
//! it. Colour is never the only difference: the series have marks of their own and stand at their ends.

use std::fmt::Write;

/// One line.
pub struct Series {
    /// What it shows.
    pub name: &'static str,
    /// Clients and what they did in a second.
    pub points: Vec<(usize, f64)>,
}

const WIDTH: f64 = 820.0;
const HEIGHT: f64 = 500.0;
const LEFT: f64 = 78.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 78.0;
const BOTTOM: f64 = 62.0;

const STYLE: &str = ".back{fill:#fff}.ink{fill:#1d2330}.soft{fill:#4c5566}.grid{stroke:#d5dae3}.axis{stroke:#4c5566}\
text{font-family:system-ui,sans-serif;font-size:14px}.title{font-size:18px;font-weight:600}\
.s0{stroke:#0b57a4;fill:#0b57a4}.s1{stroke:#a8450d;fill:#a8450d}polyline{fill:none!important;stroke-width:2.5}\
text.s0,text.s1{stroke:none}.value{paint-order:stroke;stroke:#fff;stroke-width:5px}\
@media (prefers-color-scheme:dark){.back{fill:#12161f}.value{stroke:#12161f}.ink{fill:#eef1f7}.soft{fill:#b4bdcd}.grid{stroke:#2c3443}\
.axis{stroke:#8b95a8}.s0{stroke:#7fbcff;fill:#7fbcff}.s1{stroke:#ffad7a;fill:#ffad7a}}";

/// Where a value stands between two others on a logarithmic scale, 0 to 1.
fn place(value: f64, low: f64, high: f64) -> f64 {
    (value / low).ln() / (high / low).ln()
}

/// 1, 2 and 5 times the powers of ten from the last one below `low` to the first one above `high`.
fn steps(low: f64, high: f64) -> Vec<f64> {
    let all: Vec<f64> = (0..8).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power))).collect();
    let first = all.iter().rposition(|step| *step <= low).unwrap_or(0);
    let last = all.iter().position(|step| *step >= high).unwrap_or(all.len() - 1);
    all[first..=last.max(first + 1)].to_vec()
}

/// 15488.2 as "15,488".
fn number(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The picture.
pub fn draw(series: &[Series]) -> String {
    let points = || series.iter().flat_map(|series| &series.points);
    let mut clients: Vec<usize> = points().map(|(clients, _)| *clients).collect();
    clients.sort_unstable();
    clients.dedup();
    let most = clients.last().map_or(2.0, |most| (*most).max(2) as f64);
    // Room below the lowest point for its value.
    let low = points().map(|(_, rate)| *rate).fold(f64::INFINITY, f64::min).max(1.0) * 0.8;
    let high = points().map(|(_, rate)| *rate).fold(1.0, f64::max) * 1.15;
    let steps = steps(low, high);
    let (low, high) = (steps[0], steps[steps.len() - 1]);
    let x = |clients: usize| LEFT + 24.0 + place(clients as f64, 1.0, most) * (WIDTH - LEFT - RIGHT - 48.0);
    let y = |rate: f64| HEIGHT - BOTTOM - place(rate, low, high) * (HEIGHT - TOP - BOTTOM);

    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-labelledby=\"title desc\">\n<title id=\"title\">Throughput against clients</title>\n<desc id=\"desc\">"
    );
    for line in series {
        let told: Vec<String> = line.points.iter().map(|(n, rate)| format!("{n} clients {}", number(*rate))).collect();
        let _ = write!(out, "{}, per second: {}. ", line.name, told.join(", "));
    }
    let _ = writeln!(out, "</desc>\n<style>{STYLE}</style>\n<rect class=\"back\" width=\"100%\" height=\"100%\"/>");
    let _ = writeln!(out, "<text class=\"ink title\" x=\"20\" y=\"30\">Throughput against clients</text>");
    for step in &steps {
        let at = y(*step);
        let (end, label) = (WIDTH - RIGHT, number(*step));
        let _ = writeln!(out, "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{end}\" y2=\"{at:.1}\"/>");
        let (left, down) = (LEFT - 10.0, at + 5.0);
        let _ = writeln!(out, "<text class=\"soft\" x=\"{left}\" y=\"{down:.1}\" text-anchor=\"end\">{label}</text>");
    }
    let (foot, end) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    let _ = writeln!(out, "<line class=\"axis\" x1=\"{LEFT}\" y1=\"{foot}\" x2=\"{end}\" y2=\"{foot}\"/>");
    for count in &clients {
        let (at, down) = (x(*count), foot + 20.0);
        let _ = writeln!(out, "<text class=\"soft\" x=\"{at:.1}\" y=\"{down}\" text-anchor=\"middle\">{count}</text>");
    }
    let (middle, down) = (f64::midpoint(LEFT, end), HEIGHT - 14.0);
    let _ = writeln!(
        out,
        "<text class=\"ink\" x=\"{middle}\" y=\"{down}\" text-anchor=\"middle\">clients at a time (logarithmic)</text>"
    );
    let _ = writeln!(out, "<text class=\"soft\" x=\"20\" y=\"60\">per second (logarithmic)</text>");
    for place in 0..series.len() {
        draw_series(&mut out, place, series, &x, &y);
    }
    out.push_str("</svg>\n");
    out
}

fn draw_series(out: &mut String, place: usize, all: &[Series], x: &impl Fn(usize) -> f64, y: &impl Fn(f64) -> f64) {
    let line = &all[place];
    let path: Vec<String> = line.points.iter().map(|(n, rate)| format!("{:.1},{:.1}", x(*n), y(*rate))).collect();
    let _ = writeln!(out, "<polyline class=\"s{place}\" points=\"{}\"/>", path.join(" "));
    for (clients, rate) in &line.points {
        let (at, height) = (x(*clients), y(*rate));
        mark(out, place, at, height);
        // Of two values for as many clients the higher one stands above its mark, the lower one below.
        let mut others = all.iter().enumerate().filter(|(number, _)| *number != place);
        let is_above = others.all(|(number, other)| {
            let beside = other.points.iter().find(|(n, _)| n == clients);
            beside.map_or(place < number, |(_, other)| rate > other)
        });
        let value = height + if is_above { -12.0 } else { 22.0 };
        let rate = number(*rate);
        let _ = writeln!(
            out,
            "<text class=\"ink value\" x=\"{at:.1}\" y=\"{value:.1}\" text-anchor=\"middle\">{rate}</text>"
        );
    }
    let (at, height) = (250.0 + 275.0 * place as f64, 55.0);
    mark(out, place, at, height);
    let _ = writeln!(out, "<text class=\"s{place}\" x=\"{}\" y=\"60\">{}</text>", at + 14.0, line.name);
}

fn mark(out: &mut String, place: usize, x: f64, y: f64) {
    let _ = if place == 0 {
        writeln!(out, "<circle class=\"s0\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/>")
    } else {
        let (left, top) = (x - 4.5, y - 4.5);
        writeln!(out, "<rect class=\"s{place}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"9\" height=\"9\"/>")
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_the_picture_and_nothing_leaves_it() {
        let svg = draw(&[
            Series { name: "ours", points: vec![(1, 812.0), (64, 15_488.2)] },
            Series { name: "floor", points: vec![(1, 930.0), (32, 1_556.0)] },
        ]);
        for text in ["812", "15,488", "930", "1,556", "ours", "floor", "clients at a time"] {
            assert!(svg.contains(&format!(">{text}")), "{text} is missing");
        }
        for key in [" x=\"", " y=\"", "cx=\"", "cy=\""] {
            for value in svg.split(key).skip(1).filter_map(|rest| rest.split('"').next()?.parse::<f64>().ok()) {
                assert!((0.0..=WIDTH).contains(&value), "{key}{value}");
            }
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn steps_enclose_the_values() {
        assert_eq!(steps(300.0, 1_700.0), [200.0, 500.0, 1_000.0, 2_000.0]);
        assert_eq!(steps(1.0, 1.0), [1.0, 2.0]);
    }
}
