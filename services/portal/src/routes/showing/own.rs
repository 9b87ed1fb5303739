//! Whether all that is held of a showing is held by whoever looks at it: then nothing of it is with others, and nothing will
//! come back from them.

use kernel::{Caller, values};
use sky_proto::{
    journey::v1::{GetVisitRequest, Visit, VisitState},
    reservations::v1::{AvailabilityReason, Showing},
};
use uuid::Uuid;

use super::Badge;
use crate::{
    edge::{Edge, answer},
    session::Guest,
    words::Words,
};

/// What is known of the guest's own hold of a showing, for as long as their page is open. Hundreds look on while everything
/// is held: each is asked for once, and again only when as much is held as they hold themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Known {
    #[default]
    Unasked,
    /// Their visit holds nothing of the showing, and will not: whoever holds anew comes back with another page.
    Nothing,
    /// So many places, when it was last asked.
    Holds(u32),
}

impl Known {
    fn may_hold_all(self, held: u32) -> bool {
        match self {
            Self::Unasked => true,
            Self::Nothing => false,
            // That many may be others' by now.
            Self::Holds(seats) => seats == held,
        }
    }
}

/// The guest's visit that holds all that is held; None: others hold some of it too, or something is free.
pub(super) async fn holds_all(edge: &Edge, guest: &Guest, showing: &Showing, known: &mut Known) -> Option<Uuid> {
    let held = showing.availability.as_ref().filter(|it| it.reason() == AvailabilityReason::AllHeld)?.held;
    let session = guest.session.as_ref()?;
    let visit = session.visit?;
    if !known.may_hold_all(held) {
        return None;
    }
    let caller = Caller::Visitor { session: session.id.to_string(), visit: Some(visit) };
    let request = GetVisitRequest { visit_id: visit.to_string() };
    // Who does not answer leaves the page with what the seller says.
    let found = answer(edge.journey(&caller).get_visit(request)).await.ok()?;
    *known = of(&found, &showing.showing_id);
    if *known == Known::Holds(held) { values::id("visit_id", &found.visit_id).ok() } else { None }
}

fn of(visit: &Visit, showing: &str) -> Known {
    let is_held = matches!(visit.state(), VisitState::Held | VisitState::AwaitingPayment);
    match u32::try_from(visit.seats.len()) {
        Ok(seats) if is_held && visit.showing_id == showing => Known::Holds(seats),
        _ => Known::Nothing,
    }
}

/// The showing as whoever holds all of it themselves is told of it: no need is met by places that others hold.
pub(super) fn without_others(mut showing: Showing) -> Showing {
    if let Some(availability) = &mut showing.availability {
        availability.needs.retain(|need| need.held_until.is_none());
    }
    showing
}

pub(super) fn badge(w: &Words) -> Badge {
    Badge { kind: "few", text: w.t("places-held-own") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_cannot_hold_all_is_not_asked_for_again() {
        let visit = |state: VisitState, showing: &str| Visit {
            state: state.into(),
            showing_id: showing.to_owned(),
            seats: vec![Default::default(); 2],
            ..Visit::default()
        };
        assert!(Known::Unasked.may_hold_all(2), "once");
        for (state, showing, known, asked_at_2) in [
            (VisitState::Held, "this", Known::Holds(2), true),
            (VisitState::AwaitingPayment, "this", Known::Holds(2), true),
            (VisitState::Held, "other", Known::Nothing, false),
            (VisitState::Confirmed, "this", Known::Nothing, false),
            (VisitState::Expired, "this", Known::Nothing, false),
        ] {
            let it = of(&visit(state, showing), "this");
            assert_eq!(
                (it, it.may_hold_all(2), it.may_hold_all(110)),
                (known, asked_at_2, false),
                "{state:?} {showing}"
            );
        }
    }
}
