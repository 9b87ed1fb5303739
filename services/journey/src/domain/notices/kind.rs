//! What there is to tell a visitor by e-mail, how long each waits for more of its kind, and what it makes needless. Pure.

use chrono::TimeDelta;

/// Changes that come one after the other are told as one: the first waits this long for the others.
const QUIET: TimeDelta = TimeDelta::seconds(60);
/// A visit that has moved to another showing is told of once its bay and its meal have followed.
const SETTLE: TimeDelta = TimeDelta::seconds(10);
/// What a notice is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Confirmed,
    /// It was ordered and never paid: nothing comes of it.
    NotCompleted,
    DayBefore,
    /// It begins at another time.
    Delayed,
    /// How that is said to whoever was told a later time before; kept as `Delayed`.
    Earlier,
    /// The house has given the party other places in its showing.
    Reseated,
    /// The old codes admit nobody any more.
    Reissued,
    Cancelled,
    Refunded,
    /// The bay cannot be reached: where else to park.
    ParkingSuspended,
    ParkingRestored,
    /// It can be reached again, and the bay is somebody else's.
    ParkingLost,
    /// There is no bay for the visit any more.
    ParkingOff,
    MealMoved,
    /// Another dish than was ordered.
    MealChanged,
    /// The kitchen cannot make it as ordered: the visitor may choose.
    MealAsked,
    /// What came of that.
    MealSettled,
    MealOff,
    AtRisk,
    RebookingOffered,
    Rebooked,
    /// On the waiting list.
    WaitListed,
    /// From the waiting list: places are held, and may be ordered.
    PlacesOffered,
    /// Not on the waiting list any more.
    WaitOver,
}

impl Kind {
    pub(crate) const ALL: [Self; 24] = [
        Self::Confirmed,
        Self::NotCompleted,
        Self::DayBefore,
        Self::Delayed,
        Self::Earlier,
        Self::Reseated,
        Self::Reissued,
        Self::Cancelled,
        Self::Refunded,
        Self::ParkingSuspended,
        Self::ParkingRestored,
        Self::ParkingLost,
        Self::ParkingOff,
        Self::MealMoved,
        Self::MealChanged,
        Self::MealAsked,
        Self::MealSettled,
        Self::MealOff,
        Self::AtRisk,
        Self::RebookingOffered,
        Self::Rebooked,
        Self::WaitListed,
        Self::PlacesOffered,
        Self::WaitOver,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::NotCompleted => "not_completed",
            Self::DayBefore => "day_before",
            Self::Delayed => "delayed",
            Self::Earlier => "earlier",
            Self::Reseated => "reseated",
            Self::Reissued => "reissued",
            Self::Cancelled => "cancelled",
            Self::Refunded => "refunded",
            Self::ParkingSuspended => "parking_suspended",
            Self::ParkingRestored => "parking_restored",
            Self::ParkingLost => "parking_lost",
            Self::ParkingOff => "parking_off",
            Self::MealMoved => "meal_moved",
            Self::MealChanged => "meal_changed",
            Self::MealAsked => "meal_asked",
            Self::MealSettled => "meal_settled",
            Self::MealOff => "meal_off",
            Self::AtRisk => "at_risk",
            Self::RebookingOffered => "rebooking_offered",
            Self::Rebooked => "rebooked",
            Self::WaitListed => "wait_listed",
            Self::PlacesOffered => "places_offered",
            Self::WaitOver => "wait_over",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// How long it waits for others of its kind.
    pub(super) const fn quiet(self) -> TimeDelta {
        match self {
            // Money that comes late makes a booking of it after all.
            Self::NotCompleted
            | Self::Delayed
            | Self::Earlier
            | Self::Reseated
            | Self::MealMoved
            | Self::MealChanged
            | Self::MealAsked
            | Self::MealSettled
            | Self::ParkingSuspended
            | Self::ParkingRestored
            | Self::ParkingLost => QUIET,
            Self::Rebooked => SETTLE,
            Self::Confirmed
            | Self::DayBefore
            | Self::Reissued
            | Self::Cancelled
            | Self::Refunded
            | Self::ParkingOff
            | Self::MealOff
            | Self::AtRisk
            | Self::RebookingOffered
            | Self::WaitListed
            | Self::PlacesOffered
            | Self::WaitOver => TimeDelta::zero(),
        }
    }

    /// Kinds that say nothing any more once this one is to be told.
    pub(crate) const fn overtakes(self) -> &'static [Self] {
        match self {
            // The delay's notice has the new time of the meal too.
            Self::Delayed | Self::Earlier => &[Self::Delayed, Self::MealMoved],
            Self::MealMoved => &[Self::MealMoved],
            Self::MealAsked => &[Self::MealAsked],
            // Its letter has the meal as it is now.
            Self::MealSettled => &[Self::MealAsked, Self::MealSettled, Self::MealMoved],
            Self::MealOff => &[Self::MealMoved, Self::MealChanged, Self::MealAsked, Self::MealSettled],
            Self::ParkingSuspended | Self::ParkingRestored | Self::ParkingLost => {
                &[Self::ParkingSuspended, Self::ParkingRestored]
            }
            Self::ParkingOff => &[Self::ParkingSuspended, Self::ParkingRestored, Self::ParkingLost],
            Self::Reseated => &[Self::Reseated],
            Self::Reissued => &[Self::Reissued],
            Self::Rebooked => &[Self::AtRisk, Self::RebookingOffered, Self::Delayed, Self::Reseated, Self::Rebooked],
            Self::Confirmed => &[Self::NotCompleted],
            Self::PlacesOffered => &[Self::WaitListed],
            Self::WaitOver => &[Self::WaitListed, Self::PlacesOffered],
            Self::NotCompleted
            | Self::DayBefore
            | Self::Cancelled
            | Self::Refunded
            | Self::MealChanged
            | Self::AtRisk
            | Self::RebookingOffered
            | Self::WaitListed => &[],
        }
    }
}

impl Kind {
    /// Of this nobody was told yet, and then nobody needs to be told that it is over.
    pub(crate) const fn undoes(self) -> Option<Self> {
        match self {
            Self::ParkingRestored => Some(Self::ParkingSuspended),
            _ => None,
        }
    }
}

/// Said of who will not make it: over as soon as they do.
pub(crate) const OF_RISK: [Kind; 2] = [Kind::AtRisk, Kind::RebookingOffered];
