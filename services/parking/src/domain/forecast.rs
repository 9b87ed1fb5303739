//! Cars expected in the coming hours, with a band that says how sure that is: from rights, from those that stand there,
//! from showings' predicted ends, and from the bays that will still be booked meanwhile. Pure.
//!
//! Cars are no coins that are thrown one by one: a showing that ends later keeps all of its cars, and a day on which many
//! book is one on which still more will. So the band adds up what each car does by itself, what a showing's cars do
//! together, and what nobody knows of those who book later.
//!
//! What nobody can know beforehand is not in it: a showing that will be cancelled, a way that will be closed.

pub(crate) mod bands;
pub(crate) mod habits;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::QUARTER;
use uuid::Uuid;

use self::{bands::Bands, habits::Habits};
use super::{Right, RightState};

/// Somebody without a right stays so long, on average; an assumption.
const STRANGERS_STAY: f64 = 120.0;
/// Bays are booked until the till opens, half an hour before the start; who comes then comes without.
const BOOKED_UNTIL: TimeDelta = TimeDelta::minutes(30);
/// How far back the house looks for who books, and who came without a right.
pub(crate) const LOOK_BACK: TimeDelta = TimeDelta::hours(2);
/// Before anybody has booked, one bay of a showing is expected in so long; an assumption that two hours of a day outweigh.
const ONE_BAY_IN: TimeDelta = TimeDelta::hours(2);
/// So many minutes sooner or later all cars of a showing come and leave together; an assumption.
const TOGETHER: f64 = 5.0;
/// Less is never told: one car that nobody reckoned with is always possible.
const LEAST_SPREAD: f64 = 0.5;

/// A showing for which bays may still be booked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnSale {
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    /// Bays that were booked for it in the last two hours.
    pub(crate) booked: u32,
}

/// What is known at the moment of the forecast.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) now: DateTime<Utc>,
    pub(crate) capacity: u32,
    /// Cars without a right that stand there.
    pub(crate) strangers: u32,
    /// Cars without a right that came in the last two hours.
    pub(crate) strangers_came: u32,
    /// Rights that may still matter.
    pub(crate) rights: Vec<Right>,
    /// None while nothing is sold.
    pub(crate) on_sale: Vec<OnSale>,
    pub(crate) habits: Habits,
    pub(crate) bands: Bands,
}

/// One quarter of an hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quarter {
    pub(crate) from: DateTime<Utc>,
    pub(crate) arrivals: f64,
    pub(crate) departures: f64,
    /// Cars at its end, and their standard deviation.
    pub(crate) cars: f64,
    pub(crate) spread: f64,
}

impl Quarter {
    /// Free bays at its end: expected, at least, at most. The band is so many standard deviations on either side.
    pub(crate) fn free(&self, capacity: u32, band: f64) -> (u32, u32, u32) {
        let capacity = f64::from(capacity);
        let whole = |bays: f64| {
            let bays = bays.clamp(0.0, capacity);
            // Between 0 and the capacity, which is a u32.
            (0..=u32::MAX).take_while(|count| f64::from(*count) <= bays).last().unwrap_or(0)
        };
        let margin = band * self.spread;
        let free = capacity - self.cars;
        (whole(free + 0.5), whole(free - margin), whole((free + margin).ceil()))
    }
}

pub(crate) fn minutes(span: TimeDelta) -> f64 {
    f64::from(i32::try_from(span.num_seconds()).unwrap_or(i32::MAX)) / 60.0
}

/// How likely a car has come by an instant, and has left; and how much likelier it stands there if its showing's cars
/// are a minute later.
#[derive(Clone, Copy, Debug, Default)]
struct Course {
    came: f64,
    left: f64,
    slide: f64,
}

/// Minutes since the start of what a right is for. One that follows no showing is used from the beginning of its window.
fn since_start(right: &Right, habits: &Habits, at: DateTime<Utc>) -> f64 {
    match right.lead {
        Some(lead) => minutes(at - right.window.from - lead),
        None => minutes(at - right.window.from) + habits.comes.middle,
    }
}

/// Minutes since its end, which follows the predicted end of a showing.
fn since_end(right: &Right, habits: &Habits, at: DateTime<Utc>) -> f64 {
    match right.stay {
        Some(stay) => minutes(at - right.window.until + stay),
        None => minutes(at - right.window.until) + habits.leaves.middle,
    }
}

fn course(right: &Right, habits: &Habits, now: DateTime<Utc>, at: DateTime<Utc>) -> Course {
    let (comes, leaves) = (habits.comes, habits.leaves);
    let after_end = since_end(right, habits, at);
    let (left, leaving) = (leaves.by(after_end), leaves.pace(after_end));
    match right.state {
        RightState::CheckedIn => {
            // Whoever is still there has not left yet.
            let here = (1.0 - leaves.by(since_end(right, habits, now))).max(f64::MIN_POSITIVE);
            Course { came: 1.0, left: (1.0 - (1.0 - left) / here).max(0.0), slide: (leaving / here).min(1.0) }
        }
        RightState::Confirmed => {
            // The longer somebody is not there, the likelier they do not come at all.
            let before = comes.by(since_start(right, habits, now));
            let come = habits.come / (1.0 - habits.come * before).max(f64::MIN_POSITIVE);
            let after_start = since_start(right, habits, at);
            let came = come * (comes.by(after_start) - before);
            Course { came, left: came * left, slide: came * leaving - (1.0 - left) * come * comes.pace(after_start) }
        }
        _ => Course::default(),
    }
}

/// Bays that will have been booked for a showing by an instant: came, left, and the variance of those that are there.
fn booked_later(it: OnSale, habits: &Habits, now: DateTime<Utc>, at: DateTime<Utc>) -> (f64, f64, f64) {
    let selling = minutes(at.min(it.starts_at - BOOKED_UNTIL) - now).max(0.0);
    // Seen and assumed together: so many bays in so many minutes. The fewer were seen, the less the pace is known.
    let seen = f64::from(it.booked) + 1.0;
    let booked = seen / minutes(LOOK_BACK + ONE_BAY_IN) * selling;
    let came = booked * habits.come * habits.comes.by(minutes(at - it.starts_at));
    let left = came * habits.leaves.by(minutes(at - it.ends_at));
    let there = came - left;
    (came, left, there + there * there / seen)
}

/// Cars by an instant.
#[derive(Clone, Copy, Debug)]
struct Look {
    came: f64,
    left: f64,
    variance: f64,
}

fn look(known: &Known, at: DateTime<Utc>) -> Look {
    let Known { now, ref habits, .. } = *known;
    let mut look = Look { came: 0.0, left: 0.0, variance: 0.0 };
    let mut together: BTreeMap<Uuid, f64> = BTreeMap::new();
    for right in &known.rights {
        let course = course(right, habits, now, at);
        look.came += if right.state == RightState::CheckedIn { 0.0 } else { course.came };
        look.left += course.left;
        let there = course.came - course.left;
        look.variance += there * (1.0 - there);
        *together.entry(right.showing).or_default() += course.slide;
    }
    look.variance += together.values().map(|slide| (slide * TOGETHER).powi(2)).sum::<f64>();
    for it in &known.on_sale {
        let (came, left, variance) = booked_later(*it, habits, now, at);
        look.came += came;
        look.left += left;
        look.variance += variance;
    }
    // Strangers: those that are there leave by and by, others come as in the last two hours.
    let strangers = f64::from(known.strangers);
    let stay = (-minutes(at - now) / STRANGERS_STAY).exp();
    let rate = f64::from(known.strangers_came) / minutes(LOOK_BACK);
    let (come, newcomers) = (rate * minutes(at - now), rate * STRANGERS_STAY * (1.0 - stay));
    look.came += come;
    look.left += strangers * (1.0 - stay) + come - newcomers;
    look.variance += strangers * stay * (1.0 - stay) + newcomers;
    look
}

/// The quarters from now on.
pub(crate) fn forecast(known: &Known, quarters: u32) -> Vec<Quarter> {
    let inside = known.rights.iter().filter(|right| right.state == RightState::CheckedIn).count();
    let here = f64::from(known.strangers) + f64::from(u32::try_from(inside).unwrap_or(u32::MAX));
    let mut before = Look { came: 0.0, left: 0.0, variance: 0.0 };
    let mut told = Vec::new();
    for place in 0..i32::try_from(quarters).unwrap_or(0) {
        let from = known.now + QUARTER * place;
        let then = look(known, from + QUARTER);
        told.push(Quarter {
            from,
            arrivals: (then.came - before.came).max(0.0),
            departures: (then.left - before.left).max(0.0),
            cars: (here + then.came - then.left).max(0.0),
            spread: then.variance.max(0.0).sqrt().max(LEAST_SPREAD),
        });
        before = then;
    }
    told
}

#[cfg(test)]
mod calibration;
#[cfg(test)]
mod tests;
