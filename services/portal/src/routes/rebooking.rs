//! Another showing for a visit that will not make it: taken by its visitor, or by the desk in one tap.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use kernel::Caller;
use sky_proto::journey::v1::{AcceptRebookingRequest, OfferRebookingRequest, Visit};
use uuid::Uuid;

use super::{
    desk_actions::outcome,
    showing::seats::places,
    visit::current,
    waiting_room::{self, Gate},
};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::DESK,
    problem::Problem,
    refusal,
    session::{Guest, Notice},
    words::Words,
};

/// A showing that the desk may move a party to.
pub(crate) struct OptionView {
    pub(crate) showing: String,
    pub(crate) starts: String,
    pub(crate) title: String,
    pub(crate) free: u32,
}

/// What is left of the day; None: the party cannot be moved, or nobody knows.
pub(crate) async fn options(edge: &Edge, caller: &Caller, w: &Words, visit: &str) -> Option<Vec<OptionView>> {
    let request = OfferRebookingRequest { visit_id: visit.to_owned() };
    let offered = answer(edge.rebooking(caller).offer_rebooking(request)).await.ok()?;
    let view = |it: sky_proto::journey::v1::RebookingOption| OptionView {
        starts: w.time(&it.starts_at),
        title: w.text(&it.title),
        free: it.free,
        showing: it.showing_id,
    };
    Some(offered.options.into_iter().map(view).collect())
}

fn moved(w: &Words, visit: &Visit) -> Notice {
    let seats = places(w, &visit.seats);
    let to = format!("{} {}, {}", w.time(&visit.starts_at), w.text(&visit.title), seats.join(", "));
    Notice::good(w.with("clock-rebooked", "to", &to))
}

/// `POST /visit/rebook`
pub(crate) async fn by_visitor(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let (session, visit, caller) = current(&edge, &guest).await?;
    let showing = Uuid::try_parse(sent.get("showing")).map_err(|_| Problem::bad_form())?;
    let gate = waiting_room::gate(&edge, &guest, showing).await?;
    if let Some(room) = gate.closed_by() {
        // Nobody gets past those who wait for its places.
        guest.tell(&edge, Notice::plain(guest.words.t("rebook-wait"))).await?;
        return waiting_room::lead(&edge, &guest, room).await;
    }
    let request = AcceptRebookingRequest {
        idempotency_key: sent.idempotency_key()?,
        visit_id: visit.to_string(),
        showing_id: showing.to_string(),
    };
    let asked = Instant::now();
    let accepted = answer(edge.rebooking(&caller).accept_rebooking(request)).await;
    if let Gate::Passed(pass) = gate {
        edge.rooms.bought(pass.room, session, asked.elapsed(), &accepted).await;
    }
    let notice = match accepted {
        Ok(visit) => moved(&guest.words, &visit),
        Err(status) => refusal::notice(&guest.words, status)?,
    };
    guest.tell(&edge, notice).await?;
    Ok(Redirect::to("/visit").into_response())
}

/// `POST /desk/rebook`
pub(crate) async fn by_desk(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = AcceptRebookingRequest {
        idempotency_key: sent.idempotency_key()?,
        visit_id: sent.get("visit").to_owned(),
        showing_id: sent.get("showing").to_owned(),
    };
    let done = answer(edge.rebooking(&caller).accept_rebooking(request)).await;
    let say = |visit: Visit| moved(&guest.words, &visit);
    outcome(&edge, &guest, done, say, "/desk").await
}
