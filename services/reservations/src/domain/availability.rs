//! How many places of a showing are free, for whom, and why not. Pure.

use chrono::{DateTime, Utc};

use super::{
    Audience, Channel, Need, Place, Quota, Seat, Showing, ShowingState,
    hall::{Hall, Plan},
};

/// General places that a channel holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) places: u32,
    /// When the first of these holds runs out.
    pub(crate) until: Option<DateTime<Utc>>,
}

impl Held {
    pub(crate) fn add(&mut self, places: u32, until: Option<DateTime<Utc>>) {
        self.places += places;
        self.until = [self.until, until].into_iter().flatten().min();
    }
}

/// The claims on a showing's places, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) sold: u32,
    pub(crate) held: u32,
    pub(crate) held_online: Held,
    pub(crate) held_door: Held,
    pub(crate) held_staff: Held,
    pub(crate) held_school: Held,
    // Of sold and held together:
    /// General places taken from the door's quota.
    pub(crate) door: u32,
    /// General places taken from the staff's quota.
    pub(crate) staff: u32,
    /// General places taken from the schools' quota.
    pub(crate) school: u32,
    pub(crate) general: u32,
    pub(crate) wheelchair: u32,
    /// Places of any kind that the house does not sell: nobody's, and counted as taken.
    pub(crate) blocked: u32,
}

impl Counts {
    pub(super) const fn held_by(&mut self, channel: Channel) -> &mut Held {
        match channel {
            Channel::Online => &mut self.held_online,
            Channel::Door => &mut self.held_door,
            Channel::Staff => &mut self.held_staff,
            Channel::School => &mut self.held_school,
        }
    }

    /// When the first of the held places may come back to a channel; None: none does. What another channel holds of its
    /// own quota goes back there; what it holds beyond that, or after the release, goes back to all.
    pub(super) fn held_until(&self, showing: &Showing, channel: Channel, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (mut back, mut kept) = (self.held_online, 0);
        for (other, quota, taken, held) in [
            (Channel::Door, showing.door, self.door, self.held_door),
            (Channel::Staff, showing.staff, self.staff, self.held_staff),
            (Channel::School, showing.school, self.school, self.held_school),
        ] {
            let is_kept = channel != Channel::Staff && channel != other;
            let own = if is_kept { quota.kept(0, showing.starts_at, now) } else { 0 };
            kept += own.saturating_sub(taken);
            let beyond = taken.saturating_sub(own).min(held.places);
            if beyond > 0 {
                back.add(beyond, held.until);
            }
        }
        // Staff may have taken what was kept for others: that is theirs again before anybody else gets a place.
        let owed = kept.saturating_sub(showing.general_free(self.general));
        if back.places > owed { back.until } else { None }
    }
}

/// Why a showing is or is not bookable online.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Free,
    Few,
    AllHeld,
    SoldOut,
    Cancelled,
    Past,
    NotPublic,
    NotYetOnSale,
}

/// How many places are free, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Availability {
    pub(crate) counts: Counts,
    /// General places that nobody has, whatever quota they belong to.
    pub(crate) free: u32,
    pub(crate) free_online: u32,
    pub(crate) free_door: u32,
    pub(crate) free_school: u32,
    pub(crate) wheelchair_free: u32,
    /// When the first of the held places may come back to those who book online.
    pub(crate) held_until: Option<DateTime<Utc>>,
    pub(crate) reason: Reason,
}

impl Availability {
    /// Wheelchair and companion places are counted apart: they are no general places.
    pub(crate) fn of(showing: &Showing, counts: Counts, now: DateTime<Utc>) -> Self {
        let free = showing.general_free(counts.general);
        let kept = |quota: Quota, taken: u32| quota.kept(taken, showing.starts_at, now);
        let for_staff = kept(showing.staff, counts.staff);
        let for_door = kept(showing.door, counts.door);
        let for_school = kept(showing.school, counts.school);
        let on_sale = showing.not_before(now).is_none();
        let cancelled = showing.state == ShowingState::Cancelled;
        let online = on_sale && !cancelled && now < showing.starts_at && showing.audience == Audience::Public;
        let free_online = if online { free.saturating_sub(for_staff + for_door + for_school) } else { 0 };
        let kept_at_all = showing.staff.places + showing.door.places + showing.school.places;
        let few = showing.capacity.saturating_sub(kept_at_all) / 10;
        let held_until = counts.held_until(showing, Channel::Online, now);
        let reason = match showing.state {
            ShowingState::Cancelled => Reason::Cancelled,
            _ if now >= showing.starts_at => Reason::Past,
            _ if showing.audience != Audience::Public => Reason::NotPublic,
            _ if !on_sale => Reason::NotYetOnSale,
            _ if free_online == 0 && held_until.is_some() => Reason::AllHeld,
            _ if free_online == 0 => Reason::SoldOut,
            _ if free_online <= few => Reason::Few,
            _ => Reason::Free,
        };
        // Shortly before the start the door has whatever is left, kept or protected.
        let free_door = if cancelled {
            0
        } else if showing.protected_open(Channel::Door, now) {
            showing.capacity.saturating_sub(counts.sold + counts.held + counts.blocked)
        } else {
            free.saturating_sub(for_staff + for_school)
        };
        Self {
            counts,
            free,
            free_online,
            free_door,
            free_school: free.saturating_sub(for_staff + for_door),
            wheelchair_free: showing.wheelchair_places.saturating_sub(counts.wheelchair),
            held_until,
            reason,
        }
    }

    /// How many general places this channel may take.
    pub(crate) const fn free_for(&self, channel: Channel) -> u32 {
        match channel {
            Channel::Online => self.free_online,
            Channel::Door => self.free_door,
            Channel::Staff => self.free,
            Channel::School => self.free_school,
        }
    }
}

/// When one of the places that others hold may come back to somebody with a need; None: none is held.
pub(crate) fn need_held_until(
    plan: &Plan,
    need: Need,
    held: impl Iterator<Item = (usize, DateTime<Utc>)>,
) -> Option<DateTime<Utc>> {
    let may_meet = |seat: &Seat| match need {
        Need::Wheelchair => seat.place() == Place::Wheelchair,
        // It comes back with its wheelchair place, or that place comes back to it.
        Need::Companion => seat.place() != Place::General,
        Need::HearingLoop | Need::StepFree | Need::GuideDog => seat.place() == Place::General && seat.has(need.name()),
    };
    held.filter(|(at, _)| may_meet(&plan.seats()[*at])).map(|(_, until)| until).min()
}

/// What is left for a need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NeedFree {
    pub(crate) need: Need,
    pub(crate) free: u32,
    /// None is free, and one that is held may come back then.
    pub(crate) held_until: Option<DateTime<Utc>>,
}

/// What of the free places can be booked online for a need, and for how many side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) needs: Vec<NeedFree>,
    pub(crate) together: u32,
}

impl Offer {
    /// `held` are the places that somebody has for a time only.
    pub(crate) fn of(hall: &Hall, held: &[(usize, DateTime<Utc>)], availability: &Availability) -> Self {
        let is_open = matches!(availability.reason, Reason::Free | Reason::Few | Reason::AllHeld | Reason::SoldOut);
        let count = |places: usize| u32::try_from(places).unwrap_or(u32::MAX);
        let left_for = |need: Need| {
            let there = count(hall.free_for(need));
            let free = match need {
                _ if !is_open => 0,
                Need::Wheelchair | Need::Companion => there,
                Need::HearingLoop | Need::StepFree | Need::GuideDog => there.min(availability.free_online),
            };
            let held_until = match (free, there) {
                (0, 0) if is_open => need_held_until(hall.plan(), need, held.iter().copied()),
                // There are some, kept for others: whatever comes back lets one of them be sold.
                (0, _) if is_open => availability.held_until,
                _ => None,
            };
            NeedFree { need, free, held_until }
        };
        Self {
            needs: Need::ALL.into_iter().map(left_for).collect(),
            together: if is_open { count(hall.longest_run()).min(availability.free_online) } else { 0 },
        }
    }
}
