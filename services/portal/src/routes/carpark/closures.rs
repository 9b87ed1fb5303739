//! Closing the car park, or saying that it cannot be reached: first what that would mean, then one button, then one to
//! take it back.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use chrono::{DateTime, NaiveDateTime, Utc};
use kernel::values::timestamp;
use sky_proto::{
    kernel::v1::LocalizedText,
    parking::v1::{PreviewSiteStateRequest, SetSiteStateRequest, SiteState, UndoSiteStateRequest},
};

use super::{SITE, outcome, site_state, until};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{self, Frame},
    problem::Problem,
    routes::desk_actions::refused,
    session::{Guest, Notice},
    words,
};

#[derive(Template)]
#[template(path = "carpark-closure.html")]
struct ClosurePage {
    w: Frame,
    state: String,
    until: String,
    reason: String,
    reason_en: String,
    reason_plain: String,
    visits: u32,
    held: u32,
    cars_in: u32,
    hours: Vec<(String, u32)>,
    /// As they were sent.
    state_sent: i32,
    until_sent: String,
}

/// What `<input type="datetime-local">` sends, in Halle; empty is none.
fn typed(sent: &Fields) -> Result<Option<DateTime<Utc>>, Problem> {
    match sent.get("until") {
        "" => Ok(None),
        text => {
            let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").map_err(|_| Problem::bad_form())?;
            words::at_in_halle(local).map(Some).ok_or_else(Problem::bad_form)
        }
    }
}

/// Whether nobody may park then. Whoever does not know how the car park is keeps nobody out: there is nothing to look at first.
const fn closes(state: SiteState) -> bool {
    !matches!(state, SiteState::Open | SiteState::Unknown)
}

/// `POST /carpark/site/preview`: changes nothing.
pub(crate) async fn preview(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(SITE)?;
    let end = typed(&sent)?.map(timestamp);
    let request = PreviewSiteStateRequest { state: sent.choice("state"), until: end };
    if !closes(request.state()) {
        return set(State(edge), guest, sent).await;
    }
    let told = match answer(edge.parking(&caller).preview_site_state(request)).await {
        Ok(told) => told,
        Err(status) => return refused(&edge, &guest, status, "/carpark").await,
    };
    let w = guest.frame(guest.words.t("closure-title"));
    page::page(&ClosurePage {
        state: w.t(site_state(request.state()).0),
        until: until(&w, &request.until),
        reason: sent.get("reason").to_owned(),
        reason_en: sent.get("reason_en").to_owned(),
        reason_plain: sent.get("reason_plain").to_owned(),
        visits: told.visits,
        held: told.held,
        cars_in: told.cars_in,
        hours: told
            .hours
            .iter()
            .map(|hour| (format!("{} {}", w.day(&hour.from), w.time(&hour.from)), hour.visits))
            .collect(),
        state_sent: request.state,
        until_sent: sent.get("until").to_owned(),
        w,
    })
}

/// `POST /carpark/site`
pub(crate) async fn set(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(SITE)?;
    let reason = LocalizedText {
        de: sent.get("reason").to_owned(),
        en: sent.get("reason_en").to_owned(),
        plain: sent.get("reason_plain").to_owned(),
    };
    let state = sent.choice("state");
    let until =
        if closes(SiteState::try_from(state).unwrap_or_default()) { typed(&sent)?.map(timestamp) } else { None };
    let set =
        answer(edge.parking(&caller).set_site_state(SetSiteStateRequest { state, reason: Some(reason), until })).await;
    let set = set.map(|site| Notice::good(guest.words.t(site_state(site.state()).0)));
    outcome(&edge, &guest, set, |notice| notice, "/carpark").await
}

/// `POST /carpark/site/undo`
pub(crate) async fn undo(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(SITE)?;
    let request = UndoSiteStateRequest { closure_id: sent.get("closure").to_owned() };
    let undone = answer(edge.parking(&caller).undo_site_state(request)).await;
    let undone = undone.map(|site| Notice::good(guest.words.t(site_state(site.state()).0)));
    outcome(&edge, &guest, undone, |notice| notice, "/carpark").await
}
