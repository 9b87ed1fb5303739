//! Parts of a payment that go back while its visit takes place: how much, and which way. Pure decisions.

use chrono::{DateTime, Utc};
use kernel::values::day_of;
use uuid::Uuid;

use super::{Method, Payment, State};

/// How far a part is on its way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartState {
    /// The provider is asked.
    Returning,
    /// It waits at the desk.
    AtDesk,
    /// Nothing had been paid yet: so much less is due.
    LessDue,
    Done,
    /// There was nothing left to give back, or the whole payment goes back.
    Covered,
}

impl PartState {
    const ALL: [Self; 5] = [Self::Returning, Self::AtDesk, Self::LessDue, Self::Done, Self::Covered];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Returning => "returning",
            Self::AtDesk => "at_desk",
            Self::LessDue => "less_due",
            Self::Done => "done",
            Self::Covered => "covered",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// Somebody is to get a part of a payment back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartWish {
    /// The key of its cause.
    pub(crate) id: Uuid,
    pub(crate) visit: Uuid,
    pub(crate) cents: i64,
    pub(crate) reason: String,
}

/// A part that goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) id: Uuid,
    pub(crate) payment: Uuid,
    pub(crate) visit: Uuid,
    pub(crate) cents: i64,
    pub(crate) state: PartState,
    /// Counts its changes.
    pub(crate) revision: u32,
    /// How often the desk has noted it as handed out and taken that back.
    pub(crate) round: u32,
    /// When and by whom the desk handed it out.
    pub(crate) paid_out: Option<(DateTime<Utc>, String)>,
}

impl Part {
    /// One that is new.
    pub(crate) const fn new(wish: &PartWish, payment: Uuid, cents: i64, state: PartState) -> Self {
        Self { id: wish.id, payment, visit: wish.visit, cents, state, revision: 1, round: 0, paid_out: None }
    }

    pub(crate) fn becomes(&mut self, state: PartState) {
        self.state = state;
        self.revision += 1;
    }

    /// Whether a payout may be taken back: on the day on which it was noted, before the desk has counted its drawer.
    pub(crate) fn may_be_taken_back(&self, now: DateTime<Utc>) -> bool {
        self.paid_out.as_ref().is_some_and(|(at, _)| day_of(*at) == day_of(now))
    }
}

/// What the desk or the provider has to give back, as the desk sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payout {
    pub(crate) part: Part,
    /// It was paid there; else the provider does not give it back, or has not yet.
    pub(crate) paid_at_desk: bool,
    pub(crate) reason: String,
    /// Since when it waits where it is.
    pub(crate) since: DateTime<Utc>,
    pub(crate) attempts: u32,
}

/// The key of the part that is all that was left of a payment, where the provider does not give that back.
pub(crate) fn whole(payment: Uuid) -> Uuid {
    Uuid::new_v5(&payment, b"whole")
}

impl Payment {
    /// What may still go back of it.
    pub(crate) const fn left(&self) -> i64 {
        self.cents - self.given_back
    }

    /// How much of a wish goes back, and which way. Never more than is left.
    pub(crate) fn part(&self, wanted: i64) -> (i64, PartState) {
        let cents = wanted.min(self.left());
        match (self.state, self.method) {
            _ if cents <= 0 => (0, PartState::Covered),
            (State::Paid, Method::Online) => (cents, PartState::Returning),
            (State::Paid, Method::AtDesk | Method::Free) => (cents, PartState::AtDesk),
            (State::DueAtDesk, _) => (cents, PartState::LessDue),
            // Nothing was paid, or all of it goes back.
            (State::Pending | State::Failed | State::Refunding | State::Refunded | State::Voided, _) => {
                (0, PartState::Covered)
            }
        }
    }
}
