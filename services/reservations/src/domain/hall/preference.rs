//! Where a party would like to sit. Pure. A preference moves a party to other places; it never splits a party
//! and never refuses it.

use std::ops::Range;

use super::{Plan, plan::Row};

/// A row further from where the party would like to sit, per person: more than any place in the middle of
/// the row makes good.
const A_ROW_AWAY: i32 = 40;
/// No place on an aisle, per person: more than the whole way from front to back.
const NO_AISLE: i32 = 10_000;

/// The part of a hall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Front,
    Back,
}

/// What a party would like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preference {
    /// At least one place on an aisle.
    pub(crate) aisle: bool,
    pub(crate) part: Option<Part>,
}

impl Preference {
    pub(crate) const fn is_none(self) -> bool {
        !self.aisle && self.part.is_none()
    }

    /// What a window of a row costs more because of it; never less than nothing.
    pub(super) fn cost(self, plan: &Plan, row: &Row, window: Range<usize>) -> i32 {
        let people = i32::try_from(window.len()).unwrap_or(i32::MAX);
        let away = match self.part {
            None => 0,
            Some(Part::Front) => plan.seats[row.seats.start].row_place,
            Some(Part::Back) => plan.last_row - plan.seats[row.seats.start].row_place,
        };
        let on_aisle = !self.aisle || plan.seats[window].iter().any(|seat| seat.has("aisle"));
        let per_person = away.saturating_mul(A_ROW_AWAY).saturating_add(if on_aisle { 0 } else { NO_AISLE });
        per_person.saturating_mul(people)
    }
}
