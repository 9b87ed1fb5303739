//! The legs of the way to the seats: the drive, into a bay, to the house's door, the desk, the queue at the hall, to
//! the seats. Each takes the time that the service which knows it has told, with its uncertainty.

use chrono::{DateTime, TimeDelta, Utc};

use super::policy::{Policy, seconds};
use crate::domain::{Bay, Money, Visit, missing::Whereabouts};

pub(crate) const DRIVE: &str = "drive";
pub(crate) const PARK: &str = "park";
pub(crate) const WALK: &str = "walk";
pub(crate) const DESK: &str = "desk";
pub(crate) const QUEUE: &str = "queue";
pub(crate) const SEAT: &str = "seat";

/// Where the car park has not told how long it takes from the barrier into a bay and out of the car …
pub(crate) const USUAL_PARK: Estimate = Estimate { time: TimeDelta::minutes(3), uncertainty: TimeDelta::seconds(90) };
/// … and how far it is from there to the door.
pub(crate) const USUAL_WALK: Estimate = Estimate::of_a_walk(TimeDelta::minutes(5));
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

impl Estimate {
    /// A walk of which nobody says how sure its minutes are: strangers look for the way, and others know it.
    pub(crate) const fn of_a_walk(time: TimeDelta) -> Self {
        Self { time, uncertainty: TimeDelta::seconds(time.num_seconds() / 2) }
    }
}

/// What the car park tells of the ways from its barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CarParkLegs {
    pub(crate) walk_minutes: u32,
    /// 0: not told.
    pub(crate) walk_uncertainty_seconds: u32,
    /// 0: not told.
    pub(crate) park_seconds: u32,
    pub(crate) park_uncertainty_seconds: u32,
}

impl CarParkLegs {
    /// To the house's door.
    pub(crate) fn walk(&self) -> Estimate {
        let walk = Estimate::of_a_walk(TimeDelta::minutes(self.walk_minutes.into()));
        match self.walk_uncertainty_seconds {
            0 => walk,
            told => Estimate { uncertainty: seconds(told), ..walk },
        }
    }

    /// Into a bay and out of the car.
    pub(crate) fn park(&self) -> Option<Estimate> {
        (self.park_seconds > 0)
            .then(|| Estimate { time: seconds(self.park_seconds), uncertainty: seconds(self.park_uncertainty_seconds) })
    }
}

/// What the door tells of a showing: how long until everybody who is expected is in, with the band of its last errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Door {
    /// Who are expected and not in.
    pub(crate) people: u32,
    pub(crate) per_hour: u32,
    pub(crate) time: TimeDelta,
    pub(crate) low: TimeDelta,
    pub(crate) high: TimeDelta,
}

impl Door {
    /// Whether it is a queue that its time is made of. Else it waits for the last one to come, who comes when they
    /// come: that is no time that a party stands there.
    fn is_a_queue(&self) -> bool {
        let queue = i64::from(self.people) * 3600 / i64::from(self.per_hour.max(1));
        self.people > 0 && self.per_hour > 0 && self.time.num_seconds() <= queue + 1
    }

    /// What so many of its people take of it, in halves of a person: as large a part of the time and of the band.
    fn part(&self, halves: u32) -> Estimate {
        let all = i64::from(self.people).max(1) * 2;
        let of = |time: TimeDelta| TimeDelta::seconds(time.num_seconds() * i64::from(halves).min(all) / all);
        let time = of(self.time);
        Estimate { time, uncertainty: (time - of(self.low)).max(of(self.high) - time) }
    }
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
    pub(crate) walk: Estimate,
    /// Of the door: how long people are at the desk.
    pub(crate) desk: Estimate,
    /// Of the house file.
    pub(crate) seat: Estimate,
    /// Of the house file: how far what a party says of its way may be out.
    pub(crate) drive_uncertainty_percent: u32,
    pub(crate) drive_uncertainty: TimeDelta,
    pub(crate) step_free_percent: u32,
    pub(crate) pace: Pace,
    /// Of the door; None: it tells nothing of the showing now.
    pub(crate) door: Option<Door>,
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
            door: None,
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

/// What a walk takes a party: longer if one of them walks slowly.
pub(crate) fn slowly(visit: &Visit, step_free_percent: u32, it: Estimate) -> Estimate {
    let is_slow = visit.party.iter().any(|line| SLOW_WALKERS.contains(&line.need.as_str()));
    let percent = if is_slow { i32::try_from(step_free_percent).unwrap_or(100) } else { 100 };
    Estimate { time: it.time * percent / 100, uncertainty: it.uncertainty * percent / 100 }
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
    let slowly = |it: Estimate| slowly(visit, takes.step_free_percent, it);
    let mut legs = Vec::new();
    match (at.whereabouts, at.seen_at) {
        (Whereabouts::OnTheWay, _) => {
            legs.push(takes.drive(at.arrives_at, now));
            // A bicycle's stand is at the house.
            if visit.has_bay() && !visit.bay.as_ref().is_some_and(Bay::is_for_a_bicycle) {
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
    legs.push(Leg::new(QUEUE, at_the_door(visit.size().saturating_sub(visit.admitted), at.ahead, takes)));
    legs.push(Leg::new(SEAT, slowly(takes.seat)));
    legs
}

/// Whose bay cannot be reached parks further away: the furthest place is reckoned with. Everybody else walks from here.
fn walk_from_elsewhere(visit: &Visit) -> Option<Estimate> {
    let suspended = visit.bay.as_ref()?.suspension.as_ref()?;
    let furthest = suspended.alternatives.iter().map(|(_, minutes)| *minutes).max()?;
    Some(Estimate::of_a_walk(TimeDelta::minutes(furthest.into())))
}

/// What is left of parking and walking after `gone`.
fn from_the_barrier(gone: TimeDelta, takes: &Estimates, walk: Estimate) -> impl Iterator<Item = Leg> {
    let park_left = (takes.park.time - gone).max(TimeDelta::zero());
    let walk_left = (walk.time - (gone - (takes.park.time - park_left))).max(TimeDelta::zero());
    // As much of the uncertainty is left as of the leg.
    let left = |time: TimeDelta, of: Estimate| Estimate {
        time,
        uncertainty: TimeDelta::seconds(
            of.uncertainty.num_seconds() * time.num_seconds() / of.time.num_seconds().max(1),
        ),
    };
    [Leg::new(PARK, left(park_left, takes.park)), Leg::new(WALK, left(walk_left, walk))]
        .into_iter()
        .filter(|leg| leg.time > TimeDelta::zero())
}

/// Nobody knows who stands before whom: between none and all of those who are here. Then all of the party are scanned.
/// What the door itself tells of its queue, with its band, goes before a pace; and whatever the pace is, nobody stands
/// there longer than until the last one is in.
fn at_the_door(missing: u32, ahead: u32, takes: &Estimates) -> Estimate {
    if let Some(door) = takes.door.filter(Door::is_a_queue) {
        let part = door.part(ahead.saturating_add(missing.saturating_mul(2)));
        return Estimate { uncertainty: part.uncertainty + door.part(ahead).time, ..part };
    }
    let people = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    let queue = takes.pace.per_person * people(ahead) / 2;
    let scan = takes.pace.per_person * people(missing);
    let longest = takes.door.map_or(TimeDelta::MAX, |door| door.high.max(scan));
    Estimate { time: (queue + scan).min(longest), uncertainty: (queue + scan / 3).min(longest) }
}

/// The sum of legs.
pub(crate) fn sum(legs: &[Leg]) -> Estimate {
    Estimate { time: legs.iter().map(|leg| leg.time).sum(), uncertainty: legs.iter().map(|leg| leg.uncertainty).sum() }
}
