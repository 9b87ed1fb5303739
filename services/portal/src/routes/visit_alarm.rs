//! That the house is to be left, above everything else on the visit's page. It has a stream of its own, so that it comes
//! while journey is away, and is said once and not with every change of the visit.

use std::{sync::Arc, time::Duration};

use askama::Template;
use axum::{extract::State, response::Response};
use chrono::TimeDelta;
use futures::StreamExt;
use kernel::{
    Caller,
    values::{day_of, from_timestamp},
};
use sky_proto::{
    journey::v1::{GetVisitRequest, Visit},
    reservations::v1::{GetBookingRequest, Need},
};
use tokio::time::timeout;
use uuid::Uuid;

use super::visit::current;
use crate::{
    alarm::{self, AlarmView, Evacuation},
    edge::{Edge, answer},
    live::{self, Fragment},
    page::{Frame, html},
    problem::Problem,
    session::Guest,
    words::Words,
};

/// Longer nobody waits to hear that the house is to be left.
const PATIENCE: Duration = Duration::from_secs(2);
/// So long guests stay after their showing.
const STAY: TimeDelta = TimeDelta::hours(2);

#[derive(Template)]
#[template(path = "visit-alarm.html")]
struct Part {
    alarm: Option<AlarmView>,
}

/// What the page of a visit says of an evacuation; None: there is none, or it concerns nobody of this visit.
pub(super) async fn view(
    edge: &Edge,
    w: &Words,
    caller: &Caller,
    id: Uuid,
    evacuation: Option<Evacuation>,
) -> Option<AlarmView> {
    let evacuation = evacuation?;
    let (mut journey, mut reservations) = (edge.journey(caller), edge.reservations(caller));
    let (visit, booking) = tokio::join!(
        timeout(PATIENCE, answer(journey.get_visit(GetVisitRequest { visit_id: id.to_string() }))),
        timeout(PATIENCE, answer(reservations.get_booking(GetBookingRequest { visit_id: id.to_string() }))),
    );
    // What cannot be asked now is taken to be so: too much is said rather than too little.
    if visit.is_ok_and(|visit| visit.is_ok_and(|visit| !is_today(edge, &visit))) {
        return None;
    }
    let is_step_free = booking.ok().and_then(Result::ok).is_none_or(|booking| {
        booking.tickets.iter().any(|ticket| matches!(ticket.need(), Need::Wheelchair | Need::StepFree))
    });
    Some(AlarmView::of(w, &evacuation, is_step_free))
}

/// Whoever comes another day is at home. A showing may end after midnight, and its guests stay a while.
fn is_today(edge: &Edge, visit: &Visit) -> bool {
    let last = from_timestamp(visit.ends_at) + STAY;
    (day_of(from_timestamp(visit.starts_at))..=day_of(last)).contains(&day_of(edge.now()))
}

/// `/visit/alarm`
pub(crate) async fn live(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let (_, id, caller) = current(&edge, &guest).await?;
    let frame: Frame = guest.frame(String::new());
    let stream_edge = edge.clone();
    let fragments = alarm::heard(&edge).then(move |known| {
        let (edge, caller, frame) = (stream_edge.clone(), caller.clone(), frame.clone());
        async move {
            let alarm = view(&edge, &frame, &caller, id, known.evacuation).await;
            Ok(Fragment { revision: 0, html: html(Part { alarm }.render())? })
        }
    });
    Ok(live::respond(&edge, fragments))
}
