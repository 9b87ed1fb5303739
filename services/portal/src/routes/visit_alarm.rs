//! That the house is to be left, above everything else on the visit's page; else what directives and faults mean for whoever is
//! on the way to its showing, and messages about safety for whoever is here. It has a stream of its own, so that it comes while
//! journey is away, and is said once and not with every change of the visit.

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
    alarm::{self, AlarmView, Known, Party, ToldView},
    edge::{Edge, answer},
    live::{self, Fragment},
    page::html,
    problem::Problem,
    session::Guest,
    words::Words,
};

/// Longer nobody waits to hear that the house is to be left.
const PATIENCE: Duration = Duration::from_secs(2);
/// When journey is away it is asked again after so long.
const AGAIN: Duration = Duration::from_secs(5);
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

/// What the page of a visit says of what is known; `visit`: as it was heard last. None: nobody knows whether something of it
/// is for this visit, so what the page says already stays.
pub(super) async fn view(
    edge: &Edge,
    w: &Words,
    caller: &Caller,
    id: Uuid,
    known: &Known,
    visit: Option<&Visit>,
) -> Option<Said> {
    if let Some(visit) = visit {
        edge.alarm.parties.put(id, party(visit));
    }
    if known.is_quiet(id) {
        return Some(Said::default());
    }
    let party = match visit {
        Some(visit) => Some(party(visit)),
        None => heard_of(edge, caller, id).await,
    };
    if party.is_none() && known.evacuation.is_none() {
        return None;
    }
    let evacuation = known.evacuation.as_ref().filter(|_| party.as_ref().is_none_or(|party| is_today(edge, party)));
    let is_here = party.as_ref().is_some_and(|party| is_today(edge, party) && party.is_here());
    let coming = party.filter(|party| party.is_on_the_way);
    let is_told = |party: &Party| known.told.iter().any(|it| it.concerns(&party.showing_id));
    // All pages ask in the same moment: only those that say something else to whoever needs another way.
    let is_step_free =
        (evacuation.is_some() || coming.as_ref().is_some_and(is_told)) && may_be_step_free(edge, caller, id).await;
    let alarm = evacuation.map(|evacuation| AlarmView::of(w, evacuation, is_step_free));
    let mut told = if is_here && known.evacuation.is_none() { to_all_here(w, known) } else { Vec::new() };
    if let Some(party) = coming {
        // The whole house lets nobody in: whoever comes only this evening need not know.
        let is_stopped = known.stopped && known.evacuation.is_none() && party.has_clock;
        told.extend(is_stopped.then(|| plain(w.t("told-house-stopped"))));
        told.extend(known.call_of(w, id).map(plain));
        told.extend(known.told.iter().filter_map(|it| it.to(w, &party.showing_id, is_step_free)));
    }
    Some(Said { alarm, told })
}

const fn plain(text: String) -> ToldView {
    ToldView { text, step_free: String::new() }
}

/// What displays say in the same moment.
fn to_all_here(w: &Words, known: &Known) -> Vec<ToldView> {
    let cleared = known.cleared.then(|| plain(w.t("told-all-clear")));
    cleared.into_iter().chain(known.safety.iter().map(|it| plain(w.text(&it.text)))).collect()
}

/// A visit of which nothing has come yet: as journey says, else as it was heard last.
async fn heard_of(edge: &Edge, caller: &Caller, id: Uuid) -> Option<Party> {
    let request = GetVisitRequest { visit_id: id.to_string() };
    let mut journey = edge.journey(caller);
    match timeout(PATIENCE, answer(journey.get_visit(request))).await {
        Ok(Ok(visit)) => {
            let party = party(&visit);
            edge.alarm.parties.put(id, party.clone());
            Some(party)
        }
        Ok(Err(_)) | Err(_) => edge.alarm.parties.get(&id),
    }
}

fn party(visit: &Visit) -> Party {
    let comes = matches!(visit.state(), VisitState::AwaitingPayment | VisitState::Confirming | VisitState::Confirmed);
    Party {
        showing_id: visit.showing_id.clone(),
        is_on_the_way: comes && visit.admitted < visit.party_size,
        is_in: comes && visit.admitted > 0,
        has_clock: visit.clock.is_some(),
        starts_at: from_timestamp(visit.starts_at),
        ends_at: from_timestamp(visit.ends_at),
    }
}

/// Whether somebody of the party cannot use stairs. What cannot be asked now is taken to be so: too much is said rather
/// than too little.
async fn may_be_step_free(edge: &Edge, caller: &Caller, id: Uuid) -> bool {
    let mut reservations = edge.reservations(caller);
    let asked = reservations.get_booking(GetBookingRequest { visit_id: id.to_string() });
    let booking = timeout(PATIENCE, answer(asked)).await;
    booking.ok().and_then(Result::ok).is_none_or(|booking| {
        booking.tickets.iter().any(|ticket| matches!(ticket.need(), Need::Wheelchair | Need::StepFree))
    })
}

/// Whoever comes another day is at home. A showing may end after midnight, and its guests stay a while.
fn is_today(edge: &Edge, party: &Party) -> bool {
    let last = party.ends_at + STAY;
    (day_of(party.starts_at)..=day_of(last)).contains(&day_of(edge.now()))
}

/// The visit and its changes, when journey may be there again.
fn visits_again(edge: &Arc<Edge>, caller: &Caller, id: Uuid) -> BoxStream<'static, Visit> {
    let pause = stream::once(tokio::time::sleep(AGAIN)).filter_map(|()| ready(None));
    pause.chain(visits(edge, caller, id)).boxed()
}

/// The visit and its changes, while journey is there.
fn visits(edge: &Arc<Edge>, caller: &Caller, id: Uuid) -> BoxStream<'static, Visit> {
    let mut journey = edge.journey(caller);
    let watched = async move {
        answer(journey.watch_visit(WatchVisitRequest { visit_id: id.to_string(), after_revision: 0 })).await
    };
    let visits = stream::once(watched).filter_map(|visits| ready(visits.ok())).flatten();
    visits.filter_map(|visit| ready(visit.ok())).boxed()
}

/// What the house says, and, only while it says something, the visit as it was heard last: somebody who goes in is not on
/// the way any more.
struct Heard {
    id: Uuid,
    house: BoxStream<'static, Known>,
    known: Option<Known>,
    visits: Option<BoxStream<'static, Visit>>,
    /// None: it is to be asked for.
    visit: Option<Visit>,
}

impl Heard {
    /// The next change of either. None: nothing is heard of the house any more.
    async fn next(&mut self, follow: impl Fn(bool) -> BoxStream<'static, Visit>) -> Option<(Known, Option<Visit>)> {
        loop {
            let visits = self.visits.as_mut();
            let visit = async {
                match visits {
                    Some(visits) => visits.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                known = self.house.next() => {
                    let known = known?;
                    if known.is_quiet(self.id) {
                        (self.visits, self.visit) = (None, None);
                    } else if self.visits.is_none() {
                        self.visits = Some(follow(false));
                    }
                    self.known = Some(known);
                }
                visit = visit => {
                    // Journey has gone away: what it said last holds until it is back.
                    if visit.is_none() {
                        self.visits = Some(follow(true));
                        continue;
                    }
                    self.visit = visit;
                }
            }
            if let Some(known) = self.known.clone() {
                return Some((known, self.visit.clone()));
            }
        }
    }
}

/// `/visit/alarm`
pub(crate) async fn live(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let (_, id, caller) = current(&edge, &guest).await?;
    let frame = guest.frame(String::new());
    let stream_edge = edge.clone();
    let heard = Heard { id, house: alarm::heard(&edge).boxed(), known: None, visits: None, visit: None };
    let fragments = stream::unfold(heard, move |mut heard| {
        let (edge, caller, frame) = (stream_edge.clone(), caller.clone(), frame.clone());
        async move {
            let follow = |again: bool| match again {
                true => visits_again(&edge, &caller, id),
                false => visits(&edge, &caller, id),
            };
            let (known, visit) = heard.next(follow).await?;
            let said = view(&edge, &frame, &caller, id, &known, visit.as_ref()).await;
            let fragment = said.map(|said| html(said.render()).map(|html| Fragment { revision: 0, html }));
            Some((fragment, heard))
        }
    });
    let fragments = fragments.filter_map(ready);
    Ok(live::respond(&edge, fragments))
}
