//! What is ahead of a visit: where to go next and how, how long that takes, by when to be there, and what is offered to
//! whoever will not make it.

use sky_proto::{
    journey::v1::{Risk, Step, Stretch, Visit},
    kernel::v1::LocalizedText,
};
use uuid::Uuid;

use super::arrival::{self, ArrivalView};
use crate::words::{Language, Words};

/// One stretch of the way.
pub(crate) struct StretchView {
    /// "Park the car"
    pub(crate) what: String,
    /// "Main entrance"; empty: the house says nothing.
    pub(crate) to: String,
    pub(crate) way: String,
    /// "about 5 minutes"
    pub(crate) takes: String,
    /// "13:48"; empty: nobody knows.
    pub(crate) by: String,
    pub(crate) iso: String,
    pub(crate) blocked: bool,
}

/// Another showing.
pub(crate) struct OfferView {
    /// Empty: there is none.
    pub(crate) showing: String,
    pub(crate) title: String,
    pub(crate) starts: String,
    /// Pressing twice moves once.
    pub(crate) key: String,
}

/// The visit's clock.
pub(crate) struct AheadView {
    /// A sentence on how it looks; empty: nothing need be said.
    pub(crate) risk: String,
    pub(crate) kind: &'static str,
    pub(crate) todo: String,
    pub(crate) offer: Option<OfferView>,
    pub(crate) next: Option<StretchView>,
    /// Whoever is not here is asked when they will be.
    pub(crate) arrival: Option<ArrivalView>,
    pub(crate) later: Vec<StretchView>,
    /// "13:31"; empty: it is the usual way, to plan with.
    pub(crate) as_of: String,
}

/// Plain German where the visit asks for it and the house has it.
pub(super) fn said(w: &Words, plain: bool, text: &Option<LocalizedText>) -> String {
    match text {
        Some(text) if plain && !text.plain.is_empty() => text.plain.clone(),
        text => w.text(text),
    }
}

/// "about 12 minutes": whole minutes up to ten, then by fives, never less than it takes.
fn about(w: &Words, seconds: u32) -> String {
    let minutes = seconds.div_ceil(60);
    match minutes {
        0 | 1 => w.t("clock-a-minute"),
        2..=10 => w.n("clock-about", minutes),
        _ => w.n("clock-about", minutes.div_ceil(5) * 5),
    }
}

/// How to go to a step of the day; None: the house says nothing of it, or the way ahead does.
pub(crate) fn to_step(w: &Words, visit: &Visit, step: &Step) -> Option<StretchView> {
    step.way.as_ref().map(|way| stretch(w, is_plain(w, visit), way))
}

/// Whether the visit is read in plain German.
pub(super) fn is_plain(w: &Words, visit: &Visit) -> bool {
    visit.language == "de-x-ls" && w.language == Language::German
}

fn stretch(w: &Words, plain: bool, it: &Stretch) -> StretchView {
    let leg = it.leg.clone().unwrap_or_default();
    let key = match leg.kind.as_str() {
        "drive" => "clock-drive",
        "park" => "clock-park",
        "walk" => "clock-walk",
        "desk" => "clock-desk",
        "queue" => "clock-queue",
        "meal" => "clock-meal",
        _ => "clock-seat",
    };
    let takes = if leg.unknown || it.blocked { String::new() } else { about(w, leg.seconds) };
    StretchView {
        what: w.t(key),
        to: said(w, plain, &it.to),
        way: said(w, plain, &it.way),
        takes,
        by: if it.be_there_by.is_some() { w.time(&it.be_there_by) } else { String::new() },
        iso: w.iso(&it.be_there_by),
        blocked: it.blocked,
    }
}

/// No way leads over a car park that cannot be used: the page says above where to park instead.
fn elsewhere(w: &Words, it: &Stretch, view: &mut StretchView) {
    match it.leg.as_ref().map_or("", |leg| leg.kind.as_str()) {
        "drive" => view.way = w.t("clock-elsewhere"),
        "park" => (view.to, view.way) = (String::new(), w.t("clock-elsewhere")),
        "walk" => view.way = String::new(),
        _ => {}
    }
}

/// The way in words: the first stretch, and those that come then.
fn stretches(w: &Words, visit: &Visit, ahead: &[Stretch]) -> (Option<StretchView>, Vec<StretchView>) {
    let (plain, parks_elsewhere) = (is_plain(w, visit), super::elsewhere::view(w, visit).is_some());
    let mut stretches = ahead.iter().map(|it| {
        let mut view = stretch(w, plain, it);
        if parks_elsewhere {
            elsewhere(w, it, &mut view);
        }
        view
    });
    (stretches.next(), stretches.collect())
}

/// The way as it usually is, before the clock runs: nothing of it is measured, and nobody is asked when they will be here.
fn planned(w: &Words, visit: &Visit) -> Option<AheadView> {
    let (next, later) = stretches(w, visit, &visit.ways);
    next.is_some().then(|| AheadView {
        risk: String::new(),
        kind: "plain",
        todo: String::new(),
        offer: None,
        next,
        arrival: None,
        later,
        as_of: String::new(),
    })
}

/// None long before, and once everybody is in.
pub(crate) fn ahead(w: &Words, visit: &Visit) -> Option<AheadView> {
    let Some(clock) = &visit.clock else { return planned(w, visit) };
    let closes = w.time(&clock.door_closes_at);
    let here = matches!(clock.whereabouts.as_str(), "in_foyer" | "in_car_park" | "partly_in");
    let known = here || clock.arrives_at.is_some();
    let (risk, kind, todo) = match clock.risk() {
        Risk::AtRisk => (w.with("clock-at-risk", "time", &closes), "few", w.t("clock-at-risk-do")),
        Risk::Missed => (w.t("clock-missed"), "bad", w.t("clock-missed-do")),
        Risk::InTime if known && !clock.ahead.is_empty() => (w.t("clock-in-time"), "good", String::new()),
        Risk::InTime | Risk::Unknown | Risk::Unspecified => (String::new(), "plain", String::new()),
    };
    let helped = matches!(clock.risk(), Risk::AtRisk | Risk::Missed);
    let offer = visit.offer.as_ref().filter(|_| helped).map(|offer| OfferView {
        showing: offer.showing_id.clone(),
        title: w.text(&offer.title),
        starts: w.time(&offer.starts_at),
        key: Uuid::new_v5(
            &Uuid::NAMESPACE_OID,
            format!("{}{}{}", visit.visit_id, offer.showing_id, w.iso(&offer.valid_until)).as_bytes(),
        )
        .to_string(),
    });
    let (next, later) = stretches(w, visit, &clock.ahead);
    (next.is_some() || helped).then(|| AheadView {
        risk,
        kind,
        todo,
        offer,
        next,
        arrival: arrival::view(w, visit),
        later,
        as_of: w.time(&clock.observed_at),
    })
}

#[cfg(test)]
mod tests {
    use sky_proto::{
        journey::v1::{Leg, VisitClock},
        parking::v1::{Right, RightState, Suspension},
    };

    use super::*;

    #[test]
    fn minutes_are_said_as_people_say_them() {
        let w = Words::speaking(Language::English);
        for (seconds, said) in [
            (0, "a minute"),
            (60, "a minute"),
            (61, "about 2 minutes"),
            (600, "about 10 minutes"),
            (601, "about 15 minutes"),
            (1500, "about 25 minutes"),
        ] {
            assert!(about(&w, seconds).contains(said), "{seconds}: {}", about(&w, seconds));
        }
    }

    #[test]
    fn no_way_leads_over_a_car_park_that_cannot_be_used() {
        let said = |text: &str| Some(LocalizedText { de: text.to_owned(), ..LocalizedText::default() });
        let leg = |kind: &str| Stretch {
            leg: Some(Leg { kind: kind.to_owned(), ..Leg::default() }),
            to: said("Ziel"),
            way: said("Einfahrt Holzplatz"),
            ..Stretch::default()
        };
        let clock = VisitClock { ahead: ["drive", "park", "walk", "queue"].map(leg).to_vec(), ..VisitClock::default() };
        let mut visit = Visit { clock: Some(clock), parking: Some(Right::default()), ..Visit::default() };
        let ways = |visit: &Visit| {
            let ahead = ahead(&Words::default(), visit).expect("a way");
            ahead.next.into_iter().chain(ahead.later).map(|it| it.way).collect::<Vec<_>>()
        };
        assert_eq!(ways(&visit), ["Einfahrt Holzplatz"; 4]);
        let right = visit.parking.as_mut().expect("a right");
        right.state = RightState::Suspended.into();
        right.suspension = Some(Suspension::default());
        let instead = Words::default().t("clock-elsewhere");
        assert_eq!(ways(&visit), [instead.as_str(), &instead, "", "Einfahrt Holzplatz"]);
    }

    #[test]
    fn a_step_after_the_showing_says_where_how_and_how_long() {
        let way = |blocked| Stretch {
            leg: Some(Leg { kind: "meal".to_owned(), seconds: 130, ..Leg::default() }),
            to: Some(LocalizedText { de: "Theke".to_owned(), ..LocalizedText::default() }),
            way: Some(LocalizedText {
                de: "Durch das Foyer".to_owned(),
                plain: "Durch die Halle".to_owned(),
                ..LocalizedText::default()
            }),
            blocked,
            ..Stretch::default()
        };
        let step = |blocked| Step { way: Some(way(blocked)), ..Step::default() };
        let (w, visit) = (Words::default(), Visit::default());
        let told = to_step(&w, &visit, &step(false)).expect("a way");
        assert_eq!(
            (told.to.as_str(), told.way.as_str(), told.takes.as_str()),
            ("Theke", "Durch das Foyer", "etwa 3 Minuten")
        );
        let told = to_step(&w, &visit, &step(true)).expect("a way");
        assert!(told.blocked && told.takes.is_empty(), "how long it takes without the lift nobody knows");
        let plain = Visit { language: "de-x-ls".to_owned(), ..Visit::default() };
        assert_eq!(to_step(&w, &plain, &step(false)).expect("a way").way, "Durch die Halle");
        assert!(to_step(&w, &visit, &Step::default()).is_none());
    }

    #[test]
    fn who_plans_the_way_reads_it_before_the_clock_runs() {
        let leg = |kind: &str, seconds| Stretch {
            leg: Some(Leg { kind: kind.to_owned(), seconds, unknown: seconds == 0, ..Leg::default() }),
            be_there_by: Some(prost_types::Timestamp { seconds: 1_790_000_000, nanos: 0 }),
            ..Stretch::default()
        };
        let visit = Visit { ways: vec![leg("drive", 0), leg("walk", 300)], ..Visit::default() };
        let planned = ahead(&Words::default(), &visit).expect("a way");
        assert_eq!(planned.later[0].takes, "etwa 5 Minuten");
        assert!(!planned.next.expect("a drive").by.is_empty(), "by when to be there");
        assert!(
            planned.arrival.is_none() && planned.as_of.is_empty() && planned.risk.is_empty(),
            "nothing is measured"
        );
    }

    #[test]
    fn nothing_is_ahead_without_a_clock() {
        assert!(ahead(&Words::default(), &Visit::default()).is_none());
    }
}
