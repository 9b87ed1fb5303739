//! The visit's page while its bay cannot be used: why, until when, where to park instead and how far that is to walk; and,
//! when the bay was given to somebody else, what is left.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use sky_proto::{
    journey::v1::Visit,
    parking::v1::{RightState, SiteState, TakeLeftBayRequest},
};

use super::{carpark::class, desk_actions::refused, visit::current};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

/// What the page says of it.
pub(crate) struct ElsewhereView {
    pub(crate) headline: String,
    pub(crate) reason: String,
    pub(crate) until: String,
    /// "Spitze", "9 Minuten zu Fuß"
    pub(crate) places: Vec<(String, String)>,
    pub(crate) lost: bool,
    /// Bays that may be taken at no extra charge.
    pub(crate) left: Vec<(i32, String)>,
}

/// None: the bay is as it should be, or there is none.
pub(crate) fn view(w: &Words, visit: &Visit) -> Option<ElsewhereView> {
    let right = visit.parking.as_ref()?;
    let told = right.suspension.as_ref()?;
    let lost = told.lost && right.state() == RightState::Cancelled;
    if !lost && right.state() != RightState::Suspended {
        return None;
    }
    let headline = match told.state() {
        _ if lost => "elsewhere-lost",
        SiteState::Closed => "elsewhere-closed",
        _ => "elsewhere-unreachable",
    };
    let places = told.alternatives.iter();
    Some(ElsewhereView {
        headline: w.t(headline),
        reason: if lost { String::new() } else { w.text(&told.reason) },
        until: match &told.until {
            _ if lost => String::new(),
            Some(_) => w.with("site-until", "time", &format!("{} {}", w.day(&told.until), w.time(&told.until))),
            None => w.t("elsewhere-open-end"),
        },
        places: places
            .map(|place| (place.name.clone(), w.with("elsewhere-walk", "minutes", &place.walk_minutes.to_string())))
            .collect(),
        lost,
        left: told.left().map(|bay| (bay.into(), class(w, bay))).collect(),
    })
}

/// `POST /visit/bay`
pub(crate) async fn take(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let (_, visit, caller) = current(&edge, &guest).await?;
    let request = TakeLeftBayRequest { visit_id: visit.to_string(), bay_class: sent.choice("bay") };
    match answer(edge.parking(&caller).take_left_bay(request)).await {
        Ok(_) => guest.tell(&edge, Notice::good(guest.words.t("elsewhere-taken"))).await?,
        Err(status) => return refused(&edge, &guest, status, "/visit").await,
    }
    Ok(Redirect::to("/visit").into_response())
}
