//! That the house is to be left, above everything else on the visit's page; else what directives and faults mean for whoever is
//! on the way to its showing. It has a stream of its own, so that it comes while journey is away, and is said once and not
//! with every change of the visit.

use std::{sync::Arc, time::Duration};

use askama::Template;
use axum::{extract::State, response::Response};
use chrono::TimeDelta;
use futures::{
    StreamExt,
    future::ready,
    stream::{self, BoxStream},
};
use kernel::{
    Caller,
    values::{day_of, from_timestamp},
};
use sky_proto::{
    journey::v1::{GetVisitRequest, Visit, VisitState, WatchVisitRequest},
    reservations::v1::{GetBookingRequest, Need},
};
use tokio::time::timeout;
use uuid::Uuid;

use super::visit::current;
use crate::{
    alarm::{self, AlarmView, Known, ToldView},
    edge::{Edge, answer},
    live::{self, Fragment},
    page::html,
    problem::Problem,
    session::Guest,
    words::Words,
};

/// Longer nobody waits to hear that the house is to be left.
const PATIENCE: Duration = Duration::from_secs(2);
/// So long guests stay after their showing.
const STAY: TimeDelta = TimeDelta::hours(2);

/// What the house says to a visit.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "visit-told.html")]
pub(super) struct Said {
    /// None: there is no evacuation, or it concerns nobody of this visit.
    pub(super) alarm: Option<AlarmView>,
    pub(super) told: Vec<ToldView>,
}

/// What the page of a visit says of what is known; `visit`: as it was heard last.
pub(super) async fn view(
    edge: &Edge,
    w: &Words,
    caller: &Caller,
    id: Uuid,
    known: &Known,
    visit: Option<&Visit>,
) -> Said {
    if known.evacuation.is_none() && known.told.is_empty() && !known.stopped {
        return Said::default();
    }
    let (mut journey, mut reservations) = (edge.journey(caller), edge.reservations(caller));
    let asked = async {
        match visit {
            Some(visit) => Some(visit.clone()),
            None => {
                let request = GetVisitRequest { visit_id: id.to_string() };
                timeout(PATIENCE, answer(journey.get_visit(request))).await.ok().and_then(Result::ok)
            }
        }
    };
    let (visit, booking) = tokio::join!(
        asked,
        timeout(PATIENCE, answer(reservations.get_booking(GetBookingRequest { visit_id: id.to_string() }))),
    );
    // What cannot be asked now is taken to be so: too much is said rather than too little.
    let is_step_free = booking.ok().and_then(Result::ok).is_none_or(|booking| {
        booking.tickets.iter().any(|ticket| matches!(ticket.need(), Need::Wheelchair | Need::StepFree))
    });
    let concerned = known.evacuation.as_ref().filter(|_| visit.as_ref().is_none_or(|visit| is_today(edge, visit)));
    let alarm = concerned.map(|evacuation| AlarmView::of(w, evacuation, is_step_free));
    let told = match visit.filter(is_on_the_way) {
        Some(visit) => {
            // The whole house lets nobody in: whoever comes only this evening need not know.
            let is_stopped = known.stopped && known.evacuation.is_none() && visit.clock.is_some();
            let stop = is_stopped.then(|| ToldView { text: w.t("told-house-stopped"), step_free: String::new() });
            let others = known.told.iter().filter_map(|it| it.to(w, &visit.showing_id, is_step_free));
            stop.into_iter().chain(others).collect()
        }
        None => Vec::new(),
    };
    Said { alarm, told }
}

/// Whoever is in, or does not come, is not on the way.
fn is_on_the_way(visit: &Visit) -> bool {
    let comes = matches!(visit.state(), VisitState::AwaitingPayment | VisitState::Confirming | VisitState::Confirmed);
    comes && visit.admitted < visit.party_size
}

/// Whoever comes another day is at home. A showing may end after midnight, and its guests stay a while.
fn is_today(edge: &Edge, visit: &Visit) -> bool {
    let last = from_timestamp(visit.ends_at) + STAY;
    (day_of(from_timestamp(visit.starts_at))..=day_of(last)).contains(&day_of(edge.now()))
}

/// What was heard, of the house or of the visit.
enum Heard {
    House(Known),
    Visit(Box<Visit>),
}

/// The visit and its changes, while journey is there: somebody who goes in is not on the way any more.
fn visits(edge: &Arc<Edge>, caller: &Caller, id: Uuid) -> BoxStream<'static, Heard> {
    let mut journey = edge.journey(caller);
    let watched = async move {
        answer(journey.watch_visit(WatchVisitRequest { visit_id: id.to_string(), after_revision: 0 })).await
    };
    let visits = stream::once(watched).filter_map(|visits| ready(visits.ok())).flatten();
    visits.filter_map(|visit| ready(visit.ok().map(|visit| Heard::Visit(Box::new(visit))))).boxed()
}

/// `/visit/alarm`
pub(crate) async fn live(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let (_, id, caller) = current(&edge, &guest).await?;
    let frame = guest.frame(String::new());
    let stream_edge = edge.clone();
    let heard = stream::select(alarm::heard(&edge).map(Heard::House), visits(&edge, &caller, id));
    let mut last: (Option<Known>, Option<Box<Visit>>) = (None, None);
    let known = heard.filter_map(move |heard| {
        match heard {
            Heard::House(known) => last.0 = Some(known),
            Heard::Visit(visit) => last.1 = Some(visit),
        }
        let (known, visit) = last.clone();
        ready(known.map(|known| (known, visit)))
    });
    let fragments = known.then(move |(known, visit)| {
        let (edge, caller, frame) = (stream_edge.clone(), caller.clone(), frame.clone());
        async move {
            let said = view(&edge, &frame, &caller, id, &known, visit.as_deref()).await;
            Ok(Fragment { revision: 0, html: html(said.render())? })
        }
    });
    Ok(live::respond(&edge, fragments))
}
