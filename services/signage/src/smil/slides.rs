//! What a player without scripts shows at once: letters are as large as the distance wants, and what does not fit beside
//! them takes turns on slides, first all with English below the German, then all with plain German. Nothing can be
//! measured here, so heights are estimated, rather too high than too low.

use kernel::values::Text;

use crate::domain::{Class, Kind, Line, figures};

/// Lengths are hundredths of a vmin, which is a hundredth of a panel's shorter side.
type Length = usize;

/// From so far a usual panel is read; further away the panel must be larger, and nearer than this it is read anyway.
const METRES: (i32, i32) = (5, 15);
const MARGIN: Length = 300;
/// Wide letters, in hundredths of their size; a bold one is wider.
const LETTER: usize = 58;
const BOLD: usize = 64;

/// The panel of a display.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// From how far it is read.
    pub metres: i32,
    /// It hangs upright.
    pub portrait: bool,
}

impl Panel {
    /// The size of a first line: its capitals are 1/250 of the distance high, on a panel of 685 mm.
    pub(super) fn letters(self) -> Length {
        let metres = self.metres.clamp(METRES.0, METRES.1).unsigned_abs();
        (usize::try_from(metres).unwrap_or_default() * 875).div_ceil(10)
    }

    /// The size of all other lines: 1/380.
    pub(super) fn small(self) -> Length {
        self.letters() * 66 / 100
    }

    /// Width and height of what can be written on.
    fn room(self) -> (Length, Length) {
        let (short, long) = (10_000, 17_777);
        let (width, height) = if self.portrait { (short, long) } else { (long, short) };
        (width - 2 * MARGIN, height - 2 * MARGIN)
    }
}

/// What stands below the German.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Second {
    English,
    Plain,
}

impl Second {
    /// Its words, and their language; none where they are no others. Where there is no plain German, it is English.
    pub(super) fn of(self, text: &Text) -> Option<(&'static str, &str)> {
        let other = |words: &String| !words.is_empty() && *words != text.de;
        match self {
            Self::Plain if other(&text.plain) => Some(("de-x-ls", &text.plain)),
            _ => other(&text.en).then_some(("en", &text.en)),
        }
    }
}

/// What is shown at once.
#[derive(Clone, Debug)]
pub(super) struct Slide<'l> {
    pub(super) headline: bool,
    pub(super) german: bool,
    pub(super) second: Option<Second>,
    pub(super) lines: Vec<&'l Line>,
}

/// In an evacuation the first line of a slide is the way out, and the instruction is a second line: it is long.
pub(super) fn is_small(class: Class, line: &Line) -> bool {
    class == Class::Evacuation && line.kind == Kind::Notice
}

/// The slides of some lines in their turns; never none.
pub(super) fn slides<'l>(class: Class, headline: &Text, lines: &[&'l Line], panel: Panel) -> Vec<Slide<'l>> {
    let mut order = lines.to_vec();
    order.sort_by_key(|line| is_small(class, line));
    let lead = order.first().copied().filter(|it| class == Class::Evacuation && !is_small(class, it));
    let easy = |line: &&Line| Second::Plain.of(&line.text).is_some_and(|(language, _)| language != "en");
    let rounds = if order.iter().any(easy) { &[Second::English, Second::Plain][..] } else { &[Second::English] };
    let fits = |slide: &Slide<'_>| height(class, headline, slide, panel) <= panel.room().1;
    let mut slides = Vec::new();
    for second in rounds {
        let slide = |headline, lines| Slide { headline, german: true, second: Some(*second), lines };
        let mut open: Option<Slide<'l>> = Some(slide(true, Vec::new()));
        for line in &order {
            if let Some(more) = open.clone().map(|it| Slide { lines: [&it.lines[..], &[*line]].concat(), ..it })
                && fits(&more)
            {
                open = Some(more);
                continue;
            }
            slides.extend(open.take().filter(|it| !it.lines.is_empty()));
            let beside: Vec<&Line> = lead.filter(|lead| lead != line).into_iter().chain([*line]).collect();
            let ways = [slide(true, beside.clone()), slide(false, beside), slide(false, vec![*line])];
            open = ways.into_iter().find(|it| fits(it));
            if open.is_none() {
                // From very far one language is all that fits.
                slides.push(Slide { second: None, ..slide(false, vec![*line]) });
                slides.push(Slide { german: false, ..slide(false, vec![*line]) });
            }
        }
        slides.extend(open.filter(|it| !it.lines.is_empty()));
    }
    if slides.is_empty() {
        slides.push(Slide { headline: true, german: true, second: Some(Second::English), lines: Vec::new() });
    }
    slides
}

fn height(class: Class, headline: &Text, slide: &Slide<'_>, panel: Panel) -> Length {
    let (width, _) = panel.room();
    let (large, small) = (panel.letters(), panel.small());
    let said = |text: &Text, size, letter| {
        let german = if slide.german { rows(&text.de, size * letter / 100, width) * size } else { 0 };
        let second = slide.second.and_then(|second| second.of(text));
        german + second.map_or(0, |(_, words)| rows(words, small * LETTER / 100, width) * small)
    };
    let mut letters = if slide.headline { said(headline, large, BOLD) } else { 0 };
    for line in &slide.lines {
        let first = if is_small(class, line) { small } else { large };
        // The arrow, the time and the sign of a step-free way stand in the first line, as wide as so many letters.
        let signs = [line.arrow.is_some(), line.step_free, line.starts_at.is_some(), line.starts_at.is_some()];
        let signs = "000 ".repeat(signs.into_iter().filter(|it| *it).count());
        let text = Text { de: format!("{signs}{} {}", line.day.de, line.text.de), ..line.text.clone() };
        letters += said(&text, first, BOLD) + large / 4;
        letters += std::iter::once(line.detail.clone())
            .chain(figures(line))
            .filter(|it| !it.de.is_empty())
            .map(|more| said(&more, small, LETTER))
            .sum::<Length>();
    }
    // Lines stand a fifth of their size apart.
    letters * 12 / 10
}

/// In how many rows words stand: they are broken between words, and a long one within.
fn rows(words: &str, letter: Length, width: Length) -> usize {
    let row = (width / letter.max(1)).max(1);
    let (mut rows, mut used) = (1, 0);
    for word in words.split_whitespace() {
        let letters = word.chars().count();
        if used > 0 && used + 1 + letters > row {
            rows += 1;
            used = 0;
        }
        rows += letters.saturating_sub(1) / row;
        used += letters.min(row) + usize::from(used > 0);
    }
    rows
}
