//! What a delay does to everything after it: the showings in the hall, the meals and the bays of their visits,
//! and those who are missing. Pure; the same figures are shown before and carried out after.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Kitchen, Part, Visit,
    missing::{MissingParty, Outlook},
};

/// The hall needs so long between two showings (egress, cleaning), where the door has told nothing else.
pub(crate) const USUAL_TURNOVER: TimeDelta = TimeDelta::minutes(20);
/// Later showings are another day's.
pub(crate) const SAME_DAY: TimeDelta = TimeDelta::hours(14);

/// A showing in the hall, as it is planned now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InHall {
    pub(crate) id: Uuid,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    /// As it was first planned.
    pub(crate) scheduled_starts_at: DateTime<Utc>,
}

impl InHall {
    fn late(self) -> TimeDelta {
        (self.starts_at - self.scheduled_starts_at).max(TimeDelta::zero())
    }
}

/// Whether two showings get into each other's way if the later one does not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clash {
    None,
    ShortTurnover,
    Overlap,
}

/// A following showing: how far it must move (below zero: how far it can come back), and what happens if it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Follower {
    pub(crate) showing: InHall,
    pub(crate) shift: TimeDelta,
    /// Between the end before it and its start, if it does not move.
    pub(crate) gap: TimeDelta,
    pub(crate) clash: Clash,
}

/// The following showings that a delay reaches, and the first that it does not: each gap takes up what it has
/// above the turnover (the end of one showing to the start of the next). A gap that is planned shorter than the turnover takes up nothing, and stays as it is.
/// A delay below zero is one that is shortened.
pub(crate) fn cascade(held: InHall, following: &[InHall], delay: TimeDelta, turnover: TimeDelta) -> Vec<Follower> {
    if delay < TimeDelta::zero() {
        return come_back(held, following, -delay, turnover);
    }
    let mut reached = Vec::new();
    let (mut before, mut pushed) = (held, delay);
    for showing in following {
        let planned = showing.starts_at - before.ends_at;
        let gap = planned - pushed;
        let shift = whole_minutes((pushed - (planned - turnover).max(TimeDelta::zero())).max(TimeDelta::zero()));
        let clash = match () {
            () if shift.is_zero() => Clash::None,
            () if gap < TimeDelta::zero() => Clash::Overlap,
            () => Clash::ShortTurnover,
        };
        reached.push(Follower { showing: *showing, shift, gap, clash });
        if shift.is_zero() {
            break;
        }
        (before, pushed) = (*showing, shift);
    }
    reached
}

/// The following showings that come back with one whose delay is shortened, and the first that does not: none further
/// than the one before it, none before it was planned, and each with the turnover it needs, or what was planned of it.
fn come_back(held: InHall, following: &[InHall], earlier: TimeDelta, turnover: TimeDelta) -> Vec<Follower> {
    let mut reached = Vec::new();
    let (mut before, mut earlier) = (held, earlier);
    for showing in following {
        let planned = showing.scheduled_starts_at - (before.ends_at - before.late());
        let gap = showing.starts_at - (before.ends_at - earlier);
        let room = gap - turnover.min(planned);
        let back = TimeDelta::minutes(earlier.min(showing.late()).min(room).num_minutes().max(0));
        reached.push(Follower { showing: *showing, shift: -back, gap, clash: Clash::None });
        if back.is_zero() {
            break;
        }
        (before, earlier) = (*showing, back);
    }
    reached
}

/// Delays are said in minutes; less than one more is one more.
fn whole_minutes(time: TimeDelta) -> TimeDelta {
    let minutes = time.num_minutes();
    let rest = time > TimeDelta::minutes(minutes);
    TimeDelta::minutes(minutes + i64::from(rest))
}

/// One showing of a delay that was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) showing: Uuid,
    pub(crate) minutes: i32,
    /// When it began as whoever decided has read it; None: not said. If it begins at another time by then, it does not move.
    #[serde(default)]
    pub(crate) expected_starts_at: Option<DateTime<Utc>>,
}

/// A meal whose pickup moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MovedMeal {
    pub(crate) number: u32,
    pub(crate) pickup_at: DateTime<Utc>,
    pub(crate) then_at: DateTime<Utc>,
}

/// What the visits of one showing lose or gain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Knock {
    pub(crate) meals: Vec<MovedMeal>,
    pub(crate) bays: u32,
    pub(crate) last_bay_until: Option<DateTime<Utc>>,
}

impl Knock {
    /// Adds a showing that moves. Meals that are being made already stay where they are.
    pub(crate) fn add(&mut self, visits: &[Visit], shift: TimeDelta) {
        for visit in visits {
            if let Some(meal) = &visit.meal
                && meal.part == Part::Confirmed
                && meal.kitchen == Kitchen::Scheduled
            {
                let then_at = meal.pickup_at + shift;
                self.meals.push(MovedMeal { number: meal.number, pickup_at: meal.pickup_at, then_at });
            }
            if let Some(bay) = &visit.bay
                && bay.part == Part::Confirmed
                && visit.left_at.is_none()
            {
                self.bays += 1;
                self.last_bay_until = self.last_bay_until.max(Some(bay.until + shift));
            }
        }
        self.meals.sort_by_key(|meal| (meal.pickup_at, meal.number));
    }
}

/// Missing people, by whether they make it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Makes {
    pub(crate) in_time: u32,
    pub(crate) close: u32,
    pub(crate) unknown: u32,
}

/// Who makes it if the doors stay open so much longer.
pub(crate) fn makes(parties: &[MissingParty], longer: TimeDelta) -> Makes {
    let mut makes = Makes::default();
    for party in parties {
        match party.outlook_with(longer) {
            Outlook::InTime => makes.in_time += party.missing(),
            Outlook::Close => makes.close += party.missing(),
            Outlook::Unknown => makes.unknown += party.missing(),
            Outlook::TooLate => {}
        }
    }
    makes
}

#[cfg(test)]
mod tests;
