//! Whether all that is held of a showing is held by whoever looks at it: then nothing of it is with others, and nothing will
//! come back from them.

use kernel::{Caller, values};
use sky_proto::{
    journey::v1::{GetVisitRequest, VisitState},
    reservations::v1::{AvailabilityReason, Showing},
};
use uuid::Uuid;

use super::Badge;
use crate::{
    edge::{Edge, answer},
    session::Guest,
    words::Words,
};

/// The guest's visit that holds all that is held; None: others hold some of it too, or something is free.
pub(super) async fn holds_all(edge: &Edge, guest: &Guest, showing: &Showing) -> Option<Uuid> {
    let held = showing.availability.as_ref().filter(|it| it.reason() == AvailabilityReason::AllHeld)?.held;
    let session = guest.session.as_ref()?;
    let visit = session.visit?;
    let caller = Caller::Visitor { session: session.id.to_string(), visit: Some(visit) };
    let request = GetVisitRequest { visit_id: visit.to_string() };
    // Who does not answer leaves the page with what the seller says.
    let found = answer(edge.journey(&caller).get_visit(request)).await.ok()?;
    let is_own = matches!(found.state(), VisitState::Held | VisitState::AwaitingPayment)
        && found.showing_id == showing.showing_id
        && u32::try_from(found.seats.len()).is_ok_and(|seats| seats == held);
    if is_own { values::id("visit_id", &found.visit_id).ok() } else { None }
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
