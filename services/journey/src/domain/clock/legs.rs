//! The legs of the way to the seats: the drive, into a bay, to the house's door, the desk, the queue at the hall, to
//! the seats. Each takes the time that the service which knows it has told, with its uncertainty.

use chrono::{DateTime, TimeDelta, Utc};

use super::policy::{Policy, seconds};
use crate::domain::{Money, Visit, missing::Whereabouts};

pub(crate) const DRIVE: &str = "drive";
pub(crate) const PARK: &str = "park";
pub(crate) const WALK: &str = "walk";
pub(crate) const DESK: &str = "desk";
pub(crate) const QUEUE: &str = "queue";
pub(crate) const SEAT: &str = "seat";

/// Where the car park has not told how long it takes from the barrier into a bay and out of the car …
pub(crate) const USUAL_PARK: Estimate = Estimate { time: TimeDelta::minutes(3), uncertainty: TimeDelta::seconds(90) };
/// … and how far it is from there to the door.
pub(crate) const USUAL_WALK: TimeDelta = TimeDelta::minutes(5);
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
/// Needs, by the contract's names, for which each way takes longer.
const SLOW_WALKERS: [&str; 3] = ["NEED_WHEELCHAIR", "NEED_STEP_FREE", "NEED_GUIDE_DOG"];
/// Needs for which a way must have no step.
const STEP_FREE: [&str; 2] = ["NEED_WHEELCHAIR", "NEED_STEP_FREE"];

/// It takes `time`, or `uncertainty` less or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Estimate {
    pub(crate) time: TimeDelta,
    pub(crate) uncertainty: TimeDelta,
}

/// One stretch that is still to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leg {
    pub(crate) kind: &'static str,
    pub(crate) time: TimeDelta,
    pub(crate) uncertainty: TimeDelta,
    /// False: nobody knows; it counts for nothing.
    pub(crate) is_known: bool,
}

impl Leg {
    pub(crate) const fn new(kind: &'static str, takes: Estimate) -> Self {
        Self { kind, time: takes.time, uncertainty: takes.uncertainty, is_known: true }
    }

    pub(crate) const fn unknown(kind: &'static str) -> Self {
        Self { kind, time: TimeDelta::zero(), uncertainty: TimeDelta::zero(), is_known: false }
    }

    /// The kind with this name, of those that there are.
    pub(crate) fn kind_named(name: &str) -> Option<&'static str> {
        [DRIVE, PARK, WALK, DESK, QUEUE, SEAT].into_iter().find(|kind| *kind == name)
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

/// The pace of the busiest minute; where that says nothing, what the door itself tells (people an hour).
/// `counts` in the order of time.
pub(crate) fn pace(counts: &[DoorCount], per_hour: Option<u32>) -> Pace {
    let before = |at: DateTime<Utc>| {
        let earlier = counts.iter().rev().find(|count| count.at <= at - PACE_MINUTE);
        earlier.or(counts.first()).map_or(0, |count| count.admitted)
    };
    let busiest = counts.iter().map(|count| count.admitted.saturating_sub(before(count.at))).max().unwrap_or(0);
    let measured = |span: TimeDelta, people: i32| Pace {
        per_person: (span / people).clamp(FASTEST_PACE, SLOWEST_PACE),
        is_measured: true,
    };
    match (i32::try_from(busiest), per_hour.and_then(|people| i32::try_from(people).ok())) {
        (Ok(people), _) if busiest >= ENOUGH_PEOPLE => measured(PACE_MINUTE, people),
        (_, Some(people)) if people > 0 => measured(TimeDelta::hours(1), people),
        _ => Pace { per_person: USUAL_PACE, is_measured: false },
    }
}

/// What each leg takes now, by who knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Estimates {
    /// Of the car park.
    pub(crate) park: Estimate,
    pub(crate) walk: TimeDelta,
    /// Of the door: how long people are at the desk.
    pub(crate) desk: Estimate,
    /// Of the house file.
    pub(crate) seat: Estimate,
    /// Of the house file: how far what a party says of its way may be out.
    pub(crate) drive_uncertainty_percent: u32,
    pub(crate) drive_uncertainty: TimeDelta,
    pub(crate) step_free_percent: u32,
    pub(crate) pace: Pace,
}

impl Estimates {
    /// With what the house file says, as long as nobody tells anything.
    pub(crate) fn of(policy: &Policy, pace: Pace) -> Self {
        let estimate = |time, uncertainty| Estimate { time: seconds(time), uncertainty: seconds(uncertainty) };
        Self {
            park: USUAL_PARK,
            walk: USUAL_WALK,
            desk: estimate(policy.desk_seconds, policy.desk_uncertainty_seconds),
            seat: estimate(policy.seat_seconds, policy.seat_uncertainty_seconds),
            drive_uncertainty_percent: policy.drive_uncertainty_percent,
            drive_uncertainty: seconds(policy.drive_uncertainty_seconds),
            step_free_percent: policy.step_free_percent,
            pace,
        }
    }

    /// When a party will be at the house by its own word; None once that has turned out wrong.
    pub(crate) fn holds(&self, arrives_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        arrives_at.filter(|at| now <= *at + self.drive_uncertainty)
    }

    /// The way to the house, of whoever has said when they will be there.
    fn drive(&self, arrives_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Leg {
        let Some(at) = self.holds(arrives_at, now) else { return Leg::unknown(DRIVE) };
        let time = (at - now).max(TimeDelta::zero());
        let share = time * i32::try_from(self.drive_uncertainty_percent).unwrap_or(100) / 100;
        Leg::new(DRIVE, Estimate { time, uncertainty: share.max(self.drive_uncertainty) })
    }
}

/// The needs of a visit's people, each once.
pub(crate) fn needs(visit: &Visit) -> Vec<String> {
    let mut needs: Vec<String> =
        visit.party.iter().filter(|line| !line.need.is_empty()).map(|line| line.need.clone()).collect();
    needs.sort_unstable();
    needs.dedup();
    needs
}

/// Whether one of them cannot use stairs.
pub(crate) fn needs_step_free(visit: &Visit) -> bool {
    visit.party.iter().any(|line| STEP_FREE.contains(&line.need.as_str()))
}

/// Where a party is, and who stands before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) whereabouts: Whereabouts,
    pub(crate) seen_at: Option<DateTime<Utc>>,
    /// When it will be at the house, as it says itself.
    pub(crate) arrives_at: Option<DateTime<Utc>>,
    /// People who are here and not in, without its own.
    pub(crate) ahead: u32,
}

/// What a party has still to go, in the order in which it goes it.
pub(crate) fn legs(visit: &Visit, at: Standing, takes: &Estimates, now: DateTime<Utc>) -> Vec<Leg> {
    let is_slow = visit.party.iter().any(|line| SLOW_WALKERS.contains(&line.need.as_str()));
    let slowly = |time: TimeDelta| {
        if is_slow { time * i32::try_from(takes.step_free_percent).unwrap_or(100) / 100 } else { time }
    };
    let mut legs = Vec::new();
    match (at.whereabouts, at.seen_at) {
        (Whereabouts::OnTheWay, _) => {
            legs.push(takes.drive(at.arrives_at, now));
            if visit.has_bay() {
                let walk = walk_from_elsewhere(visit).unwrap_or(takes.walk);
                legs.extend(from_the_barrier(TimeDelta::zero(), takes, slowly(walk)));
            }
        }
        (Whereabouts::Unknown, _) => legs.push(Leg::unknown(DRIVE)),
        // Whoever is in the car park has been parking and walking since the barrier.
        (Whereabouts::CarPark, Some(entered)) => {
            legs.extend(from_the_barrier((now - entered).max(TimeDelta::zero()), takes, slowly(takes.walk)));
        }
        (Whereabouts::CarPark | Whereabouts::Foyer | Whereabouts::PartlyIn, _) => {}
    }
    // Whoever pays there was seen there: then nothing is due any more.
    if visit.money == Money::DueAtDesk && at.whereabouts != Whereabouts::PartlyIn {
        legs.push(Leg::new(DESK, takes.desk));
    }
    legs.push(Leg::new(QUEUE, at_the_door(visit.size().saturating_sub(visit.admitted), at.ahead, takes.pace)));
    let seat = Estimate { time: slowly(takes.seat.time), uncertainty: slowly(takes.seat.uncertainty) };
    legs.push(Leg::new(SEAT, seat));
    legs
}

/// Whose bay cannot be reached parks further away: the furthest place is reckoned with. Everybody else walks from here.
fn walk_from_elsewhere(visit: &Visit) -> Option<TimeDelta> {
    let suspended = visit.bay.as_ref()?.suspension.as_ref()?;
    let furthest = suspended.alternatives.iter().map(|(_, minutes)| *minutes).max()?;
    Some(TimeDelta::minutes(furthest.into()))
}

/// What is left of parking and walking after `gone`.
fn from_the_barrier(gone: TimeDelta, takes: &Estimates, walk: TimeDelta) -> impl Iterator<Item = Leg> {
    let park_left = (takes.park.time - gone).max(TimeDelta::zero());
    let walk_left = (walk - (gone - (takes.park.time - park_left))).max(TimeDelta::zero());
    // As much of the uncertainty is left as of the leg.
    let all = takes.park.time.num_seconds().max(1);
    let park_uncertain = TimeDelta::seconds(takes.park.uncertainty.num_seconds() * park_left.num_seconds() / all);
    [
        Leg::new(PARK, Estimate { time: park_left, uncertainty: park_uncertain }),
        Leg::new(WALK, Estimate { time: walk_left, uncertainty: walk_left / 2 }),
    ]
    .into_iter()
    .filter(|leg| leg.time > TimeDelta::zero())
}

/// Nobody knows who stands before whom: between none and all of those who are here. Then all of the party are scanned.
fn at_the_door(missing: u32, ahead: u32, pace: Pace) -> Estimate {
    let people = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    let queue = pace.per_person * people(ahead) / 2;
    let scan = pace.per_person * people(missing);
    Estimate { time: queue + scan, uncertainty: queue + scan / 3 }
}

/// The sum of legs.
pub(crate) fn sum(legs: &[Leg]) -> Estimate {
    Estimate { time: legs.iter().map(|leg| leg.time).sum(), uncertainty: legs.iter().map(|leg| leg.uncertainty).sum() }
}
