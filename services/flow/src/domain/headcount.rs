//! How many people may be where, as a range: for an evacuation, where a wrong number is worse than a wide one, and a
//! wide one worse than a narrow one that is true. Pure.
//!
//! Each room has the range that its own count allows. How many are in the house altogether is bounded besides by what
//! can be: by those who hold tickets for now (under the house's stated assumptions), and by who went through the
//! counted doors of the house since it was last seen empty. Nobody is in two rooms, so the bound of the house narrows
//! its rooms. A bound that is contradicted by what was counted is not used.
//!
//! In an evacuation people leave unscanned, by whatever door is near: from its beginning on, nobody is said to be
//! certainly in a room that no counter watches, and no other room is narrowed by who was there before.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Admission, AdmissionState,
    zones::{Level, Quality, Zone},
};

/// What the house assumes where nobody counts; data of the house file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Policy {
    /// Guests come at the earliest so long before their showing's doors open …
    pub(crate) early_minutes: u32,
    /// … and have left at the latest so long after its end.
    pub(crate) stay_minutes: u32,
    /// Guests without a ticket at once: of the café, at the till. They come whether or not something is shown.
    pub(crate) guests: u32,
    /// Staff on duty.
    pub(crate) staff: u32,
    /// Of a hundred in a hall, who may have left it without being scanned.
    pub(crate) unseen_percent: u32,
    /// People into or out of one room within a minute.
    pub(crate) per_minute: u32,
    /// Of a hundred people, whom a counter or a count by hand gets wrong.
    pub(crate) wrong_percent: u32,
    /// The people counters over all doors of the house; empty: not all have one.
    pub(crate) doors: Vec<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            early_minutes: 60,
            stay_minutes: 90,
            guests: 60,
            staff: 8,
            unseen_percent: 10,
            per_minute: 25,
            wrong_percent: 3,
            doors: Vec::new(),
        }
    }
}

/// So many people go through a door together.
const PARTY: u32 = 6;

/// At least, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) low: u32,
    pub(crate) high: u32,
}

/// Who went through the doors of the house since it was seen empty, where all of them were counted all the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Doors {
    pub(crate) came: u32,
    pub(crate) gone: u32,
    /// The oldest of what the counters said last.
    pub(crate) heard_at: DateTime<Utc>,
}

/// An evacuation of the house, or a drill of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Evacuation {
    pub(crate) began_at: DateTime<Utc>,
    /// When two people had cleared it; None: it goes on.
    pub(crate) over_at: Option<DateTime<Utc>>,
}

impl Evacuation {
    /// Whether whoever was there at that time may have left unseen since.
    fn may_have_emptied(self, seen_at: DateTime<Utc>) -> bool {
        self.over_at.is_none_or(|over_at| seen_at < over_at)
    }
}

/// All that is known.
pub(crate) struct Known<'a> {
    pub(crate) rooms: &'a [&'a Zone],
    pub(crate) admissions: &'a [Admission],
    pub(crate) policy: &'a Policy,
    /// A hall is empty so long after its showing's end.
    pub(crate) egress: TimeDelta,
    /// When somebody walked through the house and found nobody.
    pub(crate) empty_at: Option<DateTime<Utc>>,
    pub(crate) doors: Option<Doors>,
    /// Until when somebody may have passed a counter unseen, if ever.
    pub(crate) blind_until: Option<DateTime<Utc>>,
    /// The latest one, if there was one of late.
    pub(crate) evacuation: Option<Evacuation>,
}

/// What bounds the number of people in the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Basis {
    /// Its rooms, added up.
    Rooms,
    /// Who holds a ticket for now, guests without one, and staff.
    Tickets,
    /// The counters over its doors.
    Doors,
    /// It was seen empty of visitors, and nobody can have come since: staff at most.
    SeenEmpty,
}

/// The answer: a range and its quality for each room, and all together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Headcount {
    pub(crate) rooms: Vec<(Range, Quality)>,
    pub(crate) total: Range,
    pub(crate) basis: Basis,
}

/// Counts heads.
pub(crate) fn headcount(known: &Known<'_>, now: DateTime<Utc>) -> Headcount {
    let mut rooms: Vec<(Range, Quality)> = known.rooms.iter().map(|zone| known.room(zone, now)).collect();
    let low = rooms.iter().map(|(range, _)| range.low).fold(0, u32::saturating_add);
    let (total, basis) = known.total(&rooms, low, now);
    for (range, _) in &mut rooms {
        let elsewhere = low - range.low;
        range.high = range.high.min(total.high.saturating_sub(elsewhere)).max(range.low);
    }
    Headcount { rooms, total, basis }
}

/// Whether somebody has looked, or a counter has: what bounds rest on assumptions must not contradict.
const fn seen(quality: Quality) -> bool {
    matches!(quality, Quality::Live | Quality::Manual)
}

impl Known<'_> {
    /// What a room's own count allows.
    fn room(&self, zone: &Zone, now: DateTime<Utc>) -> (Range, Quality) {
        if let Some(hall) = zone.hall()
            && !zone.counted
            && zone.quality != Quality::Manual
        {
            return self.hall(zone, hall, now);
        }
        let full = zone.count.max(zone.thresholds.most(Level::Stop, zone.capacity));
        let range = match zone.quality {
            Quality::Live | Quality::Manual => {
                let off = self.wrong(zone.count).saturating_add(self.moved(zone.observed_at, now));
                let off = off.saturating_add(zone.unsure);
                Range { low: zone.count.saturating_sub(off), high: zone.count.saturating_add(off).min(full) }
            }
            // Nobody counts who comes and goes: what the bounds of the house leave.
            Quality::Estimated | Quality::Degraded => Range { low: 0, high: full },
        };
        match self.evacuation {
            Some(evacuation) if !zone.counted && zone.by_hand_at.is_none_or(|at| evacuation.may_have_emptied(at)) => {
                match zone.quality {
                    // Somebody has looked since the alarm.
                    Quality::Manual if zone.by_hand_at.is_some_and(|at| at >= evacuation.began_at) => {
                        (Range { low: 0, ..range }, zone.quality)
                    }
                    Quality::Degraded => (range, zone.quality),
                    // Those from elsewhere come through it faster than guests walk.
                    Quality::Live | Quality::Manual | Quality::Estimated => {
                        (Range { low: 0, high: full }, Quality::Estimated)
                    }
                }
            }
            Some(_) | None => (range, zone.quality),
        }
    }

    /// Whether an evacuation may have emptied a hall of whom its scans let in. Whoever comes back is not scanned again.
    fn may_have_left(&self, admission: &Admission) -> bool {
        self.evacuation
            .is_some_and(|evacuation| evacuation.may_have_emptied(admission.doors_at.min(admission.starts_at)))
    }

    /// A hall that scans fill: who was scanned in and not out, until its showing and the egress are over.
    fn hall(&self, zone: &Zone, hall: &str, now: DateTime<Utc>) -> (Range, Quality) {
        let (mut low, mut high, mut quality, mut used) = (0_u32, 0_u32, Quality::Estimated, false);
        for admission in self.admissions.iter().filter(|admission| admission.hall == hall) {
            let inside = admission.inside();
            match admission.state {
                AdmissionState::DoorsOpen | AdmissionState::LastCall | AdmissionState::Running => {
                    high = high.saturating_add(inside);
                    used = true;
                    // Nobody has said that it is over; it should be.
                    let overdue =
                        admission.state == AdmissionState::Running && now > admission.predicted_end_at + self.egress;
                    if !overdue && !self.may_have_left(admission) {
                        low = low.saturating_add(inside.saturating_sub(percent(inside, self.policy.unseen_percent)));
                        quality = Quality::Live;
                    }
                }
                AdmissionState::Planned => {}
                // On their way out.
                AdmissionState::Egress
                | AdmissionState::Turnover
                | AdmissionState::Closed
                | AdmissionState::Cancelled
                | AdmissionState::Aborted => {
                    let over = over_at(admission);
                    if now < over + self.egress {
                        high = high.saturating_add(inside);
                    }
                }
            }
        }
        // Somebody has counted besides, and scans went on from there.
        if used && zone.quality == Quality::Live {
            low = low.min(zone.count.saturating_sub(self.wrong(zone.count)));
            high = high.max(zone.count);
        }
        (Range { low, high: high.saturating_add(self.wrong(high)) }, quality)
    }

    /// All together: the rooms added up, or less where less can be.
    fn total(&self, rooms: &[(Range, Quality)], low: u32, now: DateTime<Utc>) -> (Range, Basis) {
        let counted: u32 =
            self.rooms.iter().zip(rooms).filter(|(_, (_, quality))| seen(*quality)).map(|(zone, _)| zone.count).sum();
        if self.nobody_since(now) && counted == 0 {
            // Nobody writes down when staff come and go.
            return (Range { low: 0, high: self.policy.staff }, Basis::SeenEmpty);
        }
        let sum = rooms.iter().map(|(range, _)| range.high).fold(self.policy.staff, u32::saturating_add);
        let mut total = (Range { low, high: sum }, Basis::Rooms);
        let holds = |high: u32| high >= counted.max(low);
        let by_tickets = self.by_tickets(now);
        if by_tickets < total.0.high && holds(by_tickets) {
            total = (Range { low, high: by_tickets }, Basis::Tickets);
        }
        if let Some(doors) = self.doors
            && let by_doors = self.by_doors(doors, now)
            && by_doors.high < total.0.high
            && holds(by_doors.high)
        {
            total = (Range { low: low.max(by_doors.low), high: by_doors.high }, Basis::Doors);
        }
        total
    }

    /// Who may be here by their tickets, with guests without one, and staff.
    fn by_tickets(&self, now: DateTime<Utc>) -> u32 {
        let present = self.admissions.iter().filter(|admission| {
            let (from, until) = self.stay(admission, now);
            from <= now && now < until
        });
        let mut people = 0_u32;
        for admission in present {
            people = people.saturating_add(match admission.state {
                AdmissionState::Planned
                | AdmissionState::DoorsOpen
                | AdmissionState::LastCall
                | AdmissionState::Running => admission.booked.max(admission.admitted),
                // Whoever came too late has gone, or is a guest as others are.
                AdmissionState::Egress
                | AdmissionState::Turnover
                | AdmissionState::Closed
                | AdmissionState::Aborted => admission.admitted,
                // Their tickets are void; they may be here.
                AdmissionState::Cancelled => admission.capacity,
            });
        }
        people.saturating_add(self.policy.guests).saturating_add(self.policy.staff)
    }

    fn by_doors(&self, doors: Doors, now: DateTime<Utc>) -> Range {
        let people = doors.came.saturating_sub(doors.gone);
        let off = self.wrong(doors.came.saturating_add(doors.gone)).saturating_add(self.moved(doors.heard_at, now));
        // In an evacuation people leave by doors that nobody counts.
        let unseen = self
            .evacuation
            .is_some_and(|evacuation| self.empty_at.is_none_or(|empty_at| evacuation.may_have_emptied(empty_at)));
        Range {
            low: if unseen { 0 } else { people.saturating_sub(off) },
            // Staff stay in while it is found empty of visitors.
            high: people.saturating_add(off).saturating_add(self.policy.staff),
        }
    }

    /// Whether it was seen empty, and since then no guests were due and nobody was counted at its doors. Where a counter
    /// was silent or has lost something since, somebody may have come unseen, whatever it says now.
    fn nobody_since(&self, now: DateTime<Utc>) -> bool {
        let Some(empty_at) = self.empty_at else { return false };
        let due = self.admissions.iter().any(|admission| {
            let (from, until) = self.stay(admission, now);
            from <= now && empty_at < until
        });
        let unseen = self.rooms.iter().any(|zone| zone.quality == Quality::Degraded)
            || self.blind_until.is_some_and(|until| until > empty_at);
        !due && !unseen && self.doors.is_none_or(|doors| doors.came == 0)
    }

    /// From when until when guests of a showing may be in the house.
    fn stay(&self, admission: &Admission, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let minutes = |minutes: u32| TimeDelta::minutes(minutes.into());
        let from = admission.doors_at.min(admission.starts_at) - minutes(self.policy.early_minutes);
        let over = over_at(admission);
        let until = match admission.state {
            AdmissionState::DoorsOpen | AdmissionState::LastCall | AdmissionState::Running => over.max(now),
            _ => over,
        } + minutes(self.policy.stay_minutes);
        // Whoever was seen to have left has left.
        let gone = self.empty_at.filter(|empty| admission.state.has_ended() && over <= *empty);
        (from, gone.unwrap_or(until))
    }

    fn wrong(&self, people: u32) -> u32 {
        percent(people, self.policy.wrong_percent)
    }

    /// How many may have come or gone through one room's doors since: a party at once, however short that is.
    fn moved(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> u32 {
        if since >= now {
            return 0;
        }
        let seconds = u64::try_from((now - since).num_seconds()).unwrap_or(0);
        let people = (seconds * u64::from(self.policy.per_minute)).div_ceil(60);
        u32::try_from(people).unwrap_or(u32::MAX).max(PARTY)
    }
}

/// When a showing was over, or will be.
fn over_at(admission: &Admission) -> DateTime<Utc> {
    match admission.state {
        AdmissionState::Cancelled => admission.state_since.unwrap_or(admission.predicted_end_at),
        _ => admission.predicted_end_at,
    }
}

fn percent(people: u32, percent: u32) -> u32 {
    u32::try_from((u64::from(people) * u64::from(percent)).div_ceil(100)).unwrap_or(u32::MAX)
}

mod words;

#[cfg(test)]
mod tests;
