//! What a display keeps for itself, for the time in which it hears nothing.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Base, Class, Content, Facts, House, HouseState, Kind, Line, Profile, View, Way, compose, words};

/// The content of an evacuation, before there is one.
#[must_use]
pub fn leave_the_house(base: &Arc<Base>, now: DateTime<Utc>) -> Content {
    let house = House { state: HouseState::Evacuating, since: now, about: None, exercise: false };
    compose(
        &View { base: base.clone(), standing_in: Vec::new() },
        &Facts { house: Some(house), ..Facts::default() },
        now,
    )
}

/// What stays true when nothing else is known: where things are, else the ways out of the house, else a welcome. Whether a
/// lift works does not: of a way over one it says that nobody knows.
#[must_use]
pub fn stay_calm(base: &Arc<Base>) -> Content {
    let welcome = base.setup.welcome.clone();
    let ways = match base.setup.profile {
        // At the car park the ways out are for cars that must leave.
        _ if !base.setup.wayfinding.is_empty() => &base.setup.wayfinding[..],
        Profile::Parking => &[],
        _ => &base.setup.exits[..],
    };
    let known = |way: &Way| match way.lift.is_empty() {
        true => Line::way(way, base),
        false => Line::over_a_lift(way, base, None),
    };
    let mut lines: Vec<Line> = ways.iter().map(known).collect();
    let mut headline = words::way();
    if lines.is_empty() {
        headline = welcome.clone();
        lines.push(Line::new(Kind::Default, welcome.clone(), base.configured_at, "house"));
    }
    Content { class: Class::Default, headline, lines, fallback: welcome, exercise: false }
}
