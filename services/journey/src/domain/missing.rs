//! Who is missing before a showing, what is known of each party, and how much time it has left. Pure.
//! Knows only what somebody has seen: whoever has not been seen is unknown, never "late".

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Part, Visit};

/// One person at one lane, when nobody has been scanned lately.
const USUAL_PACE: TimeDelta = TimeDelta::seconds(5);
const FASTEST_PACE: TimeDelta = TimeDelta::seconds(1);
const SLOWEST_PACE: TimeDelta = TimeDelta::seconds(20);
/// The door's pace is looked for in so long a span before now: its busiest minute, because a door at which
/// nobody queues is slow without being slow.
pub(crate) const PACE_SPAN: TimeDelta = TimeDelta::minutes(10);
const PACE_MINUTE: TimeDelta = TimeDelta::minutes(1);
/// Fewer people in the busiest minute say nothing of the door.
const ENOUGH_PEOPLE: u32 = 4;
/// From the barrier into the bay and out of the car.
const DRIVE_IN: TimeDelta = TimeDelta::minutes(3);
/// Step-free ways lead over the lift.
const STEP_FREE_WALK: (i32, i32) = (3, 2);
/// Whoever was seen in the foyer is taken to be there for so long.
pub(crate) const SEEN_VALID: TimeDelta = TimeDelta::minutes(60);
/// Needs, by the contract's names, for which the walk takes longer.
const SLOW_WALKERS: [&str; 3] = ["NEED_WHEELCHAIR", "NEED_STEP_FREE", "NEED_GUIDE_DOG"];

/// What is known of where a party is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Whereabouts {
    /// Some of them are in; the others are taken to stand behind them.
    PartlyIn,
    /// Seen in the house: paid at the desk, collected a meal.
    Foyer,
    CarPark,
    /// A bay waits for them and their car has not come.
    OnTheWay,
    Unknown,
}

impl Whereabouts {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::PartlyIn => "partly_in",
            Self::Foyer => "in_foyer",
            Self::CarPark => "in_car_park",
            Self::OnTheWay => "on_the_way",
            Self::Unknown => "unknown",
        }
    }

    /// Somebody has seen them on the site.
    pub(crate) const fn is_here(self) -> bool {
        matches!(self, Self::PartlyIn | Self::Foyer | Self::CarPark)
    }
}

/// One stretch that is still to go: it takes `time`, or `uncertainty` less or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leg {
    pub(crate) kind: &'static str,
    pub(crate) time: TimeDelta,
    pub(crate) uncertainty: TimeDelta,
}

/// Whether a party can still make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outlook {
    TooLate,
    Close,
    InTime,
    Unknown,
}

/// A booked party of which somebody is not in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MissingParty {
    pub(crate) visit: Uuid,
    pub(crate) size: u32,
    pub(crate) admitted: u32,
    pub(crate) whereabouts: Whereabouts,
    pub(crate) seen_at: Option<DateTime<Utc>>,
    pub(crate) legs: Vec<Leg>,
    pub(crate) slack: TimeDelta,
    pub(crate) uncertainty: TimeDelta,
    pub(crate) outlook: Outlook,
    pub(crate) needs: Vec<String>,
    pub(crate) bay_class: Option<String>,
}

impl MissingParty {
    pub(crate) const fn missing(&self) -> u32 {
        self.size.saturating_sub(self.admitted)
    }

    /// How it would look if the doors stayed open so much longer.
    pub(crate) fn outlook_with(&self, longer: TimeDelta) -> Outlook {
        outlook(self.whereabouts, self.slack + longer, self.uncertainty)
    }
}

/// How many people the door had let in by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DoorCount {
    pub(crate) at: DateTime<Utc>,
    pub(crate) admitted: u32,
}

/// How long the door takes for one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    pub(crate) per_person: TimeDelta,
    pub(crate) is_measured: bool,
}

/// The pace of the busiest minute. `counts` in the order of time.
pub(crate) fn pace(counts: &[DoorCount]) -> Pace {
    let before = |at: DateTime<Utc>| {
        let earlier = counts.iter().rev().find(|count| count.at <= at - PACE_MINUTE);
        earlier.or(counts.first()).map_or(0, |count| count.admitted)
    };
    let busiest = counts.iter().map(|count| count.admitted.saturating_sub(before(count.at))).max().unwrap_or(0);
    match i32::try_from(busiest) {
        Ok(people) if busiest >= ENOUGH_PEOPLE => {
            Pace { per_person: (PACE_MINUTE / people).clamp(FASTEST_PACE, SLOWEST_PACE), is_measured: true }
        }
        _ => Pace { per_person: USUAL_PACE, is_measured: false },
    }
}

/// What the slack of every party is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Situation {
    pub(crate) now: DateTime<Utc>,
    /// None: the showing's times are not known.
    pub(crate) door_closes_at: Option<DateTime<Utc>>,
    /// From the car park to the door.
    pub(crate) walk: TimeDelta,
    pub(crate) pace: Pace,
}

/// The parties of which somebody is missing, least time left first, unknown ones last. `visits` come with
/// when they were seen in the foyer.
pub(crate) fn missing(visits: &[(Visit, Option<DateTime<Utc>>)], at: &Situation) -> Vec<MissingParty> {
    let late = || visits.iter().filter(|(visit, _)| visit.admitted < visit.size());
    let here: u32 = late()
        .filter(|(visit, seen)| whereabouts(visit, *seen, at.now).0.is_here())
        .map(|(visit, _)| visit.size() - visit.admitted)
        .sum();
    let mut parties: Vec<MissingParty> = late().map(|(visit, seen)| party(visit, *seen, here, at)).collect();
    parties.sort_by_key(|party| (party.outlook == Outlook::Unknown, party.slack, party.visit));
    parties
}

/// Where a party is, and since when that is known.
pub(crate) fn whereabouts(
    visit: &Visit,
    seen_in_foyer: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> (Whereabouts, Option<DateTime<Utc>>) {
    if visit.admitted > 0 {
        return (Whereabouts::PartlyIn, None);
    }
    let has_left = visit.left_at.is_some();
    let fresh = seen_in_foyer.filter(|seen| now - *seen < SEEN_VALID && visit.left_at.is_none_or(|left| left < *seen));
    if fresh.is_some() {
        return (Whereabouts::Foyer, fresh);
    }
    match visit.entered_at {
        Some(entered) if !has_left => (Whereabouts::CarPark, Some(entered)),
        Some(_) => (Whereabouts::Unknown, None),
        None if visit.bay.as_ref().is_some_and(|bay| bay.part == Part::Confirmed) => (Whereabouts::OnTheWay, None),
        None => (Whereabouts::Unknown, None),
    }
}

fn party(visit: &Visit, seen_in_foyer: Option<DateTime<Utc>>, here: u32, at: &Situation) -> MissingParty {
    let (whereabouts, seen_at) = whereabouts(visit, seen_in_foyer, at.now);
    let missing = visit.size() - visit.admitted;
    let mut needs: Vec<String> =
        visit.party.iter().filter(|line| !line.need.is_empty()).map(|line| line.need.clone()).collect();
    needs.sort_unstable();
    needs.dedup();
    let ahead = if whereabouts.is_here() { here - missing } else { here };
    let slow = needs.iter().any(|need| SLOW_WALKERS.contains(&need.as_str()));
    let mut legs = way_to_the_foyer(whereabouts, seen_at, slow, at);
    legs.extend(at_the_door(missing, ahead, at.pace));
    let takes: TimeDelta = legs.iter().map(|leg| leg.time).sum();
    let uncertainty = legs.iter().map(|leg| leg.uncertainty).sum();
    let slack = at.door_closes_at.map_or(TimeDelta::zero(), |closes| closes - at.now - takes);
    MissingParty {
        visit: visit.id,
        size: visit.size(),
        admitted: visit.admitted,
        whereabouts,
        seen_at,
        legs,
        slack,
        uncertainty,
        outlook: at.door_closes_at.map_or(Outlook::Unknown, |_| outlook(whereabouts, slack, uncertainty)),
        needs,
        bay_class: visit.bay.as_ref().filter(|bay| bay.part == Part::Confirmed).map(|bay| bay.class.clone()),
    }
}

/// What is left of the drive and the walk. Whoever is in the car park has been walking since the barrier.
fn way_to_the_foyer(whereabouts: Whereabouts, seen_at: Option<DateTime<Utc>>, slow: bool, at: &Situation) -> Vec<Leg> {
    let walk = if slow { at.walk * STEP_FREE_WALK.0 / STEP_FREE_WALK.1 } else { at.walk };
    let gone = match (whereabouts, seen_at) {
        (Whereabouts::OnTheWay, _) => TimeDelta::zero(),
        (Whereabouts::CarPark, Some(entered)) => (at.now - entered).max(TimeDelta::zero()),
        _ => return Vec::new(),
    };
    let drive_left = (DRIVE_IN - gone).max(TimeDelta::zero());
    let walk_left = (walk - (gone - (DRIVE_IN - drive_left))).max(TimeDelta::zero());
    let leg = |kind, time| Leg { kind, time, uncertainty: time / 2 };
    [leg("drive_in", drive_left), leg("walk", walk_left)]
        .into_iter()
        .filter(|leg| leg.time > TimeDelta::zero())
        .collect()
}

/// Nobody knows who stands before whom: between none and all of those who are here.
fn at_the_door(missing: u32, ahead: u32, pace: Pace) -> [Leg; 2] {
    let people = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    let queue = pace.per_person * people(ahead) / 2;
    let scan = pace.per_person * people(missing);
    [Leg { kind: "queue", time: queue, uncertainty: queue }, Leg { kind: "scan", time: scan, uncertainty: scan / 3 }]
}

fn outlook(whereabouts: Whereabouts, slack: TimeDelta, uncertainty: TimeDelta) -> Outlook {
    if slack + uncertainty < TimeDelta::zero() {
        Outlook::TooLate
    } else if !whereabouts.is_here() {
        Outlook::Unknown
    } else if slack < uncertainty {
        Outlook::Close
    } else {
        Outlook::InTime
    }
}

#[cfg(test)]
mod tests;
