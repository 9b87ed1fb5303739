//! Showings, parties, bookings and what is decided about them. Pure: no I/O, no clock, no proto.

mod accompanied;
mod availability;
pub(crate) mod hall;
pub(crate) mod sale;
pub(crate) mod schedule;
mod showing;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use accompanied::OnlyWith;
pub(crate) use availability::{Availability, Counts, Held, NeedFree, Offer, Reason};
pub(crate) use showing::{Audience, Quota, Release, Showing, ShowingState};

/// The largest party: two school classes with their carers.
pub(crate) const LARGEST_PARTY: u32 = 60;
/// No hold lives longer than this after it was made, however often it is extended: half an hour to choose, which journey
/// keeps to, a quarter of an hour to pay for what was ordered at the last minute of it, and as long as it takes to learn
/// whether it was, if the provider is away: journey gives that up after twenty minutes, and holds two minutes ahead.
pub(crate) const LONGEST_HOLD: TimeDelta = TimeDelta::minutes(67);
/// What a person needs of a place. The requirement is kept, never its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Need {
    Wheelchair,
    /// Beside the party's wheelchair place.
    Companion,
    HearingLoop,
    StepFree,
    GuideDog,
}

impl Need {
    pub(crate) const ALL: [Self; 5] =
        [Self::Wheelchair, Self::Companion, Self::HearingLoop, Self::StepFree, Self::GuideDog];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Wheelchair => "wheelchair",
            Self::Companion => "companion",
            Self::HearingLoop => "hearing_loop",
            Self::StepFree => "step_free",
            Self::GuideDog => "guide_dog",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|need| need.name() == name)
    }

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Wheelchair => "wheelchair place",
            Self::Companion => "companion place beside the wheelchair place",
            Self::HearingLoop => "seat in the hearing loop",
            Self::StepFree => "step-free seat",
            Self::GuideDog => "seat with room for a guide dog",
        }
    }
}

/// A numbered place of a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) label: String,
    pub(crate) row: String,
    /// The row's place from the front, from 0.
    pub(crate) row_place: i32,
    pub(crate) number: i32,
    /// Names of features, as on the wire.
    pub(crate) features: Vec<String>,
}

/// What kind of place it is: who may be given it by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    General,
    Wheelchair,
    Companion,
}

impl Place {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Wheelchair => "wheelchair",
            Self::Companion => "companion",
        }
    }
}

impl Seat {
    pub(crate) fn has(&self, feature: &str) -> bool {
        self.features.iter().any(|known| known == feature)
    }

    pub(crate) fn place(&self) -> Place {
        if self.has(Need::Wheelchair.name()) {
            Place::Wheelchair
        } else if self.has(Need::Companion.name()) {
            Place::Companion
        } else {
            Place::General
        }
    }
}

/// Some people of a party who pay the same and need the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartyLine {
    pub(crate) class: String,
    pub(crate) count: u32,
    pub(crate) need: Option<Need>,
}

/// One person of a party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) class: String,
    pub(crate) need: Option<Need>,
}

/// The people of a party, one by one.
pub(crate) fn people(party: &[PartyLine]) -> Vec<Person> {
    party
        .iter()
        .flat_map(|line| (0..line.count).map(|_| Person { class: line.class.clone(), need: line.need }))
        .collect()
}

/// A place given to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeldSeat {
    pub(crate) label: String,
    pub(crate) features: Vec<String>,
    pub(crate) class: String,
    pub(crate) need: Option<Need>,
    /// They sit where they like: the place is the row that counts, and nobody is told it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) free_seating: bool,
}

impl HeldSeat {
    pub(crate) fn person(&self) -> Person {
        Person { class: self.class.clone(), need: self.need }
    }
}

/// One charged line with the dated rows that it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) label: Text,
    pub(crate) quantity: u32,
    pub(crate) cents: i64,
    pub(crate) tariff_id: String,
    pub(crate) tax_id: String,
    pub(crate) tax_basis_points: u32,
}

/// A dated price of a class of visitors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tariff {
    pub(crate) id: String,
    pub(crate) category: String,
    pub(crate) class: String,
    pub(crate) label: Text,
    pub(crate) cents: i64,
    pub(crate) tax_id: String,
    pub(crate) tax_basis_points: u32,
    pub(crate) valid_from: NaiveDate,
    pub(crate) only_with: OnlyWith,
}

/// The tariffs of a category that hold on a day, in the house's order: of each class the latest.
/// `tariffs` are in that order already.
pub(crate) fn tariffs_on<'a>(tariffs: &'a [Tariff], category: &str, day: NaiveDate) -> Vec<&'a Tariff> {
    let mut current: Vec<&Tariff> = Vec::new();
    for tariff in tariffs.iter().filter(|tariff| tariff.category == category && tariff.valid_from <= day) {
        match current.iter_mut().find(|known| known.class == tariff.class) {
            Some(known) if known.valid_from < tariff.valid_from => *known = tariff,
            Some(_) => {}
            None => current.push(tariff),
        }
    }
    current
}

/// What a party pays, one line per class; the class that has no tariff, if there is one.
pub(crate) fn charge(party: &[PartyLine], tariffs: &[&Tariff]) -> Result<Vec<Item>, String> {
    let mut items: Vec<Item> = Vec::new();
    for line in party {
        let tariff = tariffs.iter().find(|tariff| tariff.class == line.class).ok_or_else(|| line.class.clone())?;
        match items.iter_mut().find(|item| item.tariff_id == tariff.id) {
            Some(item) => item.quantity += line.count,
            None => items.push(Item {
                label: tariff.label.clone(),
                quantity: line.count,
                cents: tariff.cents,
                tariff_id: tariff.id.clone(),
                tax_id: tariff.tax_id.clone(),
                tax_basis_points: tariff.tax_basis_points,
            }),
        }
    }
    Ok(items)
}

/// From which quota places are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    Online,
    Door,
    Staff,
    /// Staff for a school.
    School,
}

impl Channel {
    const ALL: [Self; 4] = [Self::Online, Self::Door, Self::Staff, Self::School];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Door => "door",
            Self::Staff => "staff",
            Self::School => "school",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }
}

/// The life of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BookingState {
    Held,
    Released,
    Expired,
    Confirmed,
    Refused,
    Cancelled,
}

impl BookingState {
    const ALL: [Self; 6] = [Self::Held, Self::Released, Self::Expired, Self::Confirmed, Self::Refused, Self::Cancelled];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Released => "released",
            Self::Expired => "expired",
            Self::Confirmed => "confirmed",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A visit's places in a showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Booking {
    pub(crate) visit: Uuid,
    pub(crate) showing: Uuid,
    pub(crate) state: BookingState,
    pub(crate) channel: Channel,
    pub(crate) reference: String,
    pub(crate) seats: Vec<HeldSeat>,
    pub(crate) items: Vec<Item>,
    pub(crate) held_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
}

impl Booking {
    pub(crate) fn labels(&self) -> Vec<&str> {
        self.seats.iter().map(|held| held.label.as_str()).collect()
    }

    /// Whether its visit cannot hold other places: it has these, or had them for good.
    pub(crate) fn has_places(&self, now: DateTime<Utc>) -> bool {
        match self.state {
            BookingState::Held => self.expires_at > now,
            BookingState::Confirmed | BookingState::Cancelled => true,
            BookingState::Released | BookingState::Expired | BookingState::Refused => false,
        }
    }
}

/// One person's ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) id: Uuid,
    pub(crate) seat: String,
    pub(crate) class: String,
    pub(crate) need: Option<Need>,
}

#[cfg(test)]
mod tests;
