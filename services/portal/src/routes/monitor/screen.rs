//! What signage computed for a display, as the HTML that a monitor shows. German first, then English, then
//! plain German: a monitor cannot ask who stands in front of it.

use askama::Template;
use kernel::values::from_timestamp;
use sky_proto::{
    kernel::v1::LocalizedText,
    signage::v1::{Content, Line, PriorityClass},
};

use crate::{
    page,
    problem::Problem,
    words::{Language, Words},
};

const GERMAN: Words = Words::speaking(Language::German);
const ENGLISH: Words = Words::speaking(Language::English);

/// The part of the page that changes.
#[derive(Template)]
#[template(path = "screen.html")]
struct Screen {
    /// Of the scripts and style sheets that this HTML belongs to.
    version: &'static str,
    class: &'static str,
    /// An evacuation is a drill.
    exercise: bool,
    headline: Voices,
    lines: Vec<LineView>,
}

/// A picture or a film, played by the monitor's script.
struct MediaView {
    id: String,
    path: String,
    is_film: bool,
    seconds: u32,
}

/// The same in three voices; English and plain German are empty when they say nothing else.
#[derive(Default)]
struct Voices {
    de: String,
    en: String,
    plain: String,
}

struct LineView {
    kind: String,
    text: Voices,
    detail: Voices,
    /// Of showings on another day.
    day: Voices,
    time: String,
    start_millis: i64,
    places: Voices,
    status: Voices,
    status_kind: &'static str,
    arrow: String,
    arrow_label: &'static str,
    step_free: bool,
    /// In place of `detail` and `step_free`, when the house was not heard for minutes; empty: they stay.
    unheard: Voices,
    /// Where a figure is no exact one.
    quality: Voices,
    /// Of when it is, where whoever tells it is silent; 0 and empty: of now.
    stand: Voices,
    stand_millis: i64,
    media: Option<MediaView>,
    /// A warning that stands above what takes turns.
    pinned: bool,
    /// True until the house is set up otherwise, however long nothing was heard.
    of_house: bool,
    /// 0: it has no end of its own.
    until_millis: i64,
}

fn voices(text: &Option<LocalizedText>) -> Voices {
    let Some(text) = text else { return Voices::default() };
    let other = |other: &String| if *other == text.de { String::new() } else { other.clone() };
    Voices { de: text.de.clone(), en: other(&text.en), plain: other(&text.plain) }
}

/// What a key says, and in plain German the key beside it.
fn all(key: &str, say: impl Fn(&Words, &str) -> String) -> Voices {
    let (de, easy) = (say(&GERMAN, key), say(&GERMAN, &format!("{key}-easy")));
    Voices { en: say(&ENGLISH, key), plain: if easy == de { String::new() } else { easy }, de }
}

fn line(line: &Line) -> LineView {
    let (status, status_kind) = match line.status.as_str() {
        "doors_open" => ("monitor-doors-open", "good"),
        "last_call" => ("monitor-last-call", "few"),
        "running" => ("monitor-running", "plain"),
        "delayed" => ("monitor-delayed", "few"),
        "cancelled" => ("monitor-cancelled", "bad"),
        _ => ("", "plain"),
    };
    // The time until something that will not happen, or has begun, is no news.
    let counts = matches!(line.status.as_str(), "planned" | "doors_open" | "last_call" | "delayed");
    LineView {
        kind: line.kind.clone(),
        text: voices(&line.text),
        detail: voices(&line.detail),
        day: voices(&line.day),
        time: line.starts_at.map(|at| GERMAN.time(&Some(at))).unwrap_or_default(),
        // Nor is it when nobody knows whether it will.
        start_millis: if counts && !line.stale { GERMAN.millis(&line.starts_at) } else { 0 },
        places: line.places_left.map(|left| all("monitor-places", |words, key| words.n(key, left))).unwrap_or_default(),
        status: if status.is_empty() { Voices::default() } else { all(status, Words::t) },
        status_kind,
        arrow_label: match line.arrow.as_str() {
            "up" => "nach oben",
            "down" => "nach unten",
            "left" => "nach links",
            "right" => "nach rechts",
            _ => "geradeaus",
        },
        arrow: line.arrow.clone(),
        step_free: line.step_free,
        unheard: voices(&line.unheard),
        quality: match line.quality.as_str() {
            "estimated" => all("monitor-estimated", Words::t),
            "degraded" => all("monitor-degraded", Words::t),
            _ => Voices::default(),
        },
        stand: match line.stale {
            true => all("monitor-stand", |words, key| words.with(key, "time", &words.time(&line.observed_at))),
            false => Voices::default(),
        },
        stand_millis: if line.stale { GERMAN.millis(&line.observed_at) } else { 0 },
        media: line.media.as_ref().map(|media| MediaView {
            id: media.media_id.clone(),
            path: media.path.clone(),
            is_film: media.media_type.starts_with("video/"),
            seconds: media.seconds,
        }),
        pinned: line.source == "warning",
        // A way is where it is, also one of which flow has told that its zone is full or its lift does not work.
        of_house: line.source == "house" || line.kind == "wayfinding",
        until_millis: GERMAN.millis(&line.valid_until),
    }
}

/// The class as style sheets name it.
pub(crate) fn class(content: PriorityClass) -> &'static str {
    match content {
        PriorityClass::Unspecified | PriorityClass::Default => "default",
        PriorityClass::Scheduled => "scheduled",
        PriorityClass::Operations => "operations",
        PriorityClass::Safety => "safety",
        PriorityClass::Evacuation => "evacuation",
    }
}

/// A content as HTML.
pub(crate) fn html(content: &Content) -> Result<String, Problem> {
    let screen = Screen {
        version: page::version(),
        class: class(content.priority_class()),
        exercise: content.exercise,
        headline: voices(&content.headline),
        lines: content.lines.iter().map(line).collect(),
    };
    page::html(screen.render())
}

/// "14:32", when a content was computed.
pub(super) fn as_of(content: &Content) -> String {
    GERMAN.clock(from_timestamp(content.computed_at))
}

/// From so far the letters of a usual panel, 685 mm on its shorter side, can be read; further away no sentence would fit,
/// and the panel must be larger.
const USUAL_PANEL: (u32, u32) = (15, 685);

/// How many centimetres the shorter side of the panel must have so that it is read from this far; None: a usual one will do.
pub(crate) fn panel_cm(metres: u32) -> Option<u32> {
    let (from, millimetres) = USUAL_PANEL;
    (metres > from).then(|| (metres * millimetres).div_ceil(from * 10))
}

/// The smallest step of letter sizes that can be read from this far.
pub(crate) fn far(metres: u32) -> u32 {
    [5, 8, 10, 12].into_iter().find(|step| metres <= *step).unwrap_or(15)
}

#[cfg(test)]
mod tests {
    use kernel::values::{Text, timestamp};

    use super::*;

    #[test]
    fn a_way_outlives_the_network_and_one_over_a_failed_lift_promises_nothing_by_it() {
        let line = |kind: &str, source: &str, step_free| Line {
            kind: kind.to_owned(),
            source: source.to_owned(),
            step_free,
            ..Default::default()
        };
        let lines = vec![
            line("wayfinding", "house", true),
            line("wayfinding", "flow", false),
            line("showing", "programme", false),
            line("notice", "flow", false),
        ];
        let html = html(&Content { lines, ..Default::default() }).unwrap_or_default();
        let told: Vec<(bool, bool)> =
            html.split("<li").skip(1).map(|it| (it.contains("data-house=\"yes\""), it.contains('♿'))).collect();
        assert_eq!(told, [(true, true), (true, false), (false, false), (false, false)], "{html}");
    }

    #[test]
    fn a_way_over_a_lift_brings_with_it_what_it_says_when_nobody_is_heard() {
        let text = |de: &str| Some(Text::new(de, "").to_proto());
        let way = |unheard| Line {
            kind: "wayfinding".to_owned(),
            detail: text("Räume"),
            step_free: true,
            unheard,
            ..Default::default()
        };
        let lines = vec![way(text("nicht bekannt")), way(None)];
        let html = html(&Content { lines, ..Default::default() }).unwrap_or_default();
        let lines: Vec<(usize, usize)> = html
            .split("<li")
            .skip(1)
            .map(|it| (it.matches(" heard\"").count(), it.matches("class=\"unheard\">nicht bekannt").count()))
            .collect();
        // Its second line and its sign go, the sentence comes; a way on one floor stays as it is.
        assert_eq!(lines, [(2, 1), (0, 0)], "{html}");
    }

    #[test]
    fn a_showing_of_another_day_reads_its_day_before_its_time_in_three_voices() {
        let at = chrono::DateTime::from_timestamp(1_795_979_400, 0).expect("in range");
        let line = |day: Option<LocalizedText>| Line {
            kind: "showing".to_owned(),
            text: Some(Text::new("Sterne", "Stars").to_proto()),
            starts_at: Some(timestamp(at)),
            day,
            ..Default::default()
        };
        let day = Text { de: "So".to_owned(), en: "Sun".to_owned(), plain: "Sonntag".to_owned() };
        let content = Content { lines: vec![line(Some(day.to_proto())), line(None)], ..Default::default() };
        let html = html(&content).unwrap_or_default();
        let time = GERMAN.clock(at);
        assert_eq!(html.matches(&format!("{time}</span>")).count(), 2, "{html}");
        assert_eq!(html.matches("class=\"day\"").count(), 1, "{html}");
        for part in
            ["<span class=\"day\">So ", "lang=\"en\" class=\"second or-easy\">Sun<", "class=\"second easy\">Sonntag<"]
        {
            assert!(html.contains(part), "{part} in {html}");
        }
    }
}
