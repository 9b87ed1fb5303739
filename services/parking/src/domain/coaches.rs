//! Coaches: some minutes at the kerb to let the party out, the bay while they are in the house, some minutes to fetch
//! them. The bay is theirs for the whole window, so that a coach that is early, or finds the kerb taken, has somewhere to
//! wait. The kerb is counted in steps of five minutes, as the database does. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Europe::Berlin;
use kernel::values::Text;
use serde::Deserialize;

use super::{BayClass, Right, Window};

/// The kerb is given in such steps.
pub(crate) const STEP: TimeDelta = TimeDelta::minutes(5);
/// Whoever comes late is given the kerb within so much, or sees the attendant.
const LATE: TimeDelta = TimeDelta::minutes(30);

/// When a coach stands at the kerb. None: it has none, or the kerb was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stops {
    pub(crate) set_down: Option<Window>,
    pub(crate) pick_up: Option<Window>,
}

/// The kerb as the house file has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rules {
    /// So many coaches at once.
    pub(crate) places: u32,
    /// So long each, at most ten minutes.
    pub(crate) minutes: u32,
    /// From getting out until the start.
    pub(crate) before_start_minutes: u32,
    /// From the end until they are fetched.
    pub(crate) after_end_minutes: u32,
}

impl Rules {
    /// A house without a kerb.
    pub(crate) const NONE: Self = Self { places: 0, minutes: 10, before_start_minutes: 40, after_end_minutes: 10 };

    /// What is wrong with them, if anything.
    pub(crate) const fn problem(self) -> Option<&'static str> {
        if self.minutes != 5 && self.minutes != 10 {
            Some("minutes must be 5 or 10: nobody stands longer at the kerb")
        } else if self.before_start_minutes > 60 || self.after_end_minutes > 60 {
            Some("is more than an hour before the start or after the end")
        } else if self.places > 20 {
            Some("places is more than 20")
        } else {
            None
        }
    }
}

/// The kerb, and what is given of it.
#[derive(Clone, Debug)]
pub(crate) struct Kerb {
    pub(crate) rules: Rules,
    /// By five minutes; where nothing stands, nothing is given.
    pub(crate) given: BTreeMap<DateTime<Utc>, u32>,
}

fn floor(at: DateTime<Utc>) -> DateTime<Utc> {
    at - TimeDelta::seconds(at.timestamp().rem_euclid(STEP.num_seconds()))
        - TimeDelta::nanoseconds(at.timestamp_subsec_nanos().into())
}

fn ceil(at: DateTime<Utc>) -> DateTime<Utc> {
    let floor = floor(at);
    if floor == at { at } else { floor + STEP }
}

fn minutes(many: u32) -> TimeDelta {
    TimeDelta::minutes(many.into())
}

fn slots(window: Window) -> impl Iterator<Item = DateTime<Utc>> {
    std::iter::successors(Some(floor(window.from)), |at| Some(*at + STEP)).take_while(move |at| *at < window.until)
}

impl Stops {
    /// Those that need not move when a right does.
    pub(crate) fn kept(before: &Right, right: &Right) -> Self {
        let starts =
            (before.showing, before.window.from, before.lead) == (right.showing, right.window.from, right.lead);
        let ends = (before.showing, before.window.until, before.stay, before.meal)
            == (right.showing, right.window.until, right.stay, right.meal);
        Self {
            set_down: before.stops.set_down.filter(|_| starts || right.entered_at.is_some()),
            pick_up: before.stops.pick_up.filter(|_| ends),
        }
    }

    /// Without those that `others` are.
    pub(crate) fn besides(self, others: Self) -> Self {
        Self {
            set_down: self.set_down.filter(|_| others.set_down.is_none()),
            pick_up: self.pick_up.filter(|_| others.pick_up.is_none()),
        }
    }
}

impl Kerb {
    fn stop(&self, from: DateTime<Utc>) -> Window {
        Window { from, until: from + minutes(self.rules.minutes) }
    }

    fn is_free(&self, window: Window) -> bool {
        slots(window).all(|slot| self.given.get(&slot).copied().unwrap_or_default() < self.rules.places)
    }

    /// The first free of these beginnings.
    fn first(&self, beginnings: impl Iterator<Item = DateTime<Utc>>) -> Option<Window> {
        beginnings.map(|from| self.stop(from)).find(|stop| self.is_free(*stop))
    }

    /// Where a coach stands for its window: people get out as long before the start as the house wants, else earlier,
    /// else later; and are fetched as long after the end, or when they have eaten, else later, else earlier.
    pub(crate) fn place(&self, right: &Right) -> Stops {
        if right.class != BayClass::Coach || self.rules.places == 0 {
            return Stops::default();
        }
        let window = right.window;
        let before = minutes(self.rules.before_start_minutes);
        let (stop, after) = (minutes(self.rules.minutes), minutes(self.rules.after_end_minutes));
        // Until the showing's times are known, the window itself says when.
        let start = right.lead.map_or(window.from + before, |lead| window.from + lead);
        let end = right.stay.map_or(window.until - after - stop, |stay| window.until - stay);
        let earlier =
            |from, least| std::iter::successors(Some(from), |at| Some(*at - STEP)).take_while(move |at| *at >= least);
        let later =
            |from, most| std::iter::successors(Some(from), |at| Some(*at + STEP)).take_while(move |at| *at <= most);
        let (first, last) = (ceil(window.from), floor(window.until - stop));
        if last < first {
            return Stops::default();
        }
        let out = floor(start - before).max(first);
        // Whoever eats after the showing is fetched when they have eaten.
        let eaten = right.meal.needs_bay_until().map_or(end, |until| floor(until - stop));
        let fetched = ceil(end + after).max(eaten).min(last);
        Stops {
            set_down: self.first(earlier(out, first).chain(later(out + STEP, floor(start - stop).min(last)))),
            pick_up: self.first(later(fetched, last).chain(earlier(fetched - STEP, ceil(end)))),
        }
    }

    /// Stops for a window that has moved, where those that stay as they were are `kept`. Who got out before the window
    /// moved has got out.
    pub(crate) fn follow(&self, right: &Right, kept: Stops) -> Stops {
        let anew = self.place(right);
        let gets_out = if right.entered_at.is_some() { None } else { anew.set_down };
        Stops { set_down: kept.set_down.or(gets_out), pick_up: kept.pick_up.or(anew.pick_up) }
    }

    /// A coach is at the barrier: its party gets out now if the kerb is free, as soon as it is if the coach is early, and
    /// at the latest when it was to. Its own stops must have been taken back.
    pub(crate) fn arrived(&self, right: &Right, now: DateTime<Utc>) -> Stops {
        if self.rules.places == 0 {
            return right.stops;
        }
        let soon = floor(now);
        let set_down = match right.stops.set_down {
            Some(stop) if stop.from <= now && now < stop.until => Some(stop),
            Some(stop) if now < stop.from => {
                let sooner = std::iter::successors(Some(soon), |at| Some(*at + STEP)).take_while(|at| *at < stop.from);
                self.first(sooner).or(Some(stop))
            }
            Some(_) | None => {
                let later = std::iter::successors(Some(soon), |at| Some(*at + STEP));
                self.first(later.take_while(|at| *at <= now + LATE))
            }
        };
        Stops { set_down, ..right.stops }
    }

    /// Given to a coach.
    pub(crate) fn give(&mut self, stops: Stops) {
        for slot in [stops.set_down, stops.pick_up].into_iter().flatten().flat_map(slots) {
            *self.given.entry(slot).or_default() += 1;
        }
    }

    /// Given back by one.
    pub(crate) fn take_back(&mut self, stops: Stops) {
        for slot in [stops.set_down, stops.pick_up].into_iter().flatten().flat_map(slots) {
            if let Some(given) = self.given.get_mut(&slot) {
                *given = given.saturating_sub(1);
            }
        }
    }
}

/// What the barrier says to a coach's driver.
pub(crate) fn welcome(stops: Stops) -> Text {
    let clock = |at: DateTime<Utc>| at.with_timezone(&Berlin).format("%H:%M");
    match stops.set_down {
        Some(stop) => Text::new(
            format!(
                "Willkommen. Ausstieg an der Haltekante {}–{}, dann in die Busbucht.",
                clock(stop.from),
                clock(stop.until)
            ),
            format!("Welcome. Set down at the kerb {}–{}, then to the coach bay.", clock(stop.from), clock(stop.until)),
        ),
        None => Text::new(
            "Willkommen. Bitte in die Busbucht; die Haltekante ist belegt.",
            "Welcome. Please go to the coach bay; the kerb is taken.",
        ),
    }
}

#[cfg(test)]
mod tests;
