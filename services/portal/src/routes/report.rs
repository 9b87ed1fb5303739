//! What whoever works in the kitchen or at the car park tells the house: something has happened, and how many people are in
//! a room. One press reports; the desk, which has the same on its own page, decides what the monitors show. An evacuation waits
//! for nobody: whoever sees the fire starts it.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use sky_proto::flow::v1::{HouseState, SetHouseStateRequest, WatchFlowRequest};
use uuid::Uuid;

use super::{
    desk::{
        measures::{self, Choice, MeasureView},
        presets,
        zones::{self, ZoneView},
    },
    desk_actions::outcome,
};
use crate::{
    edge::{Edge, answer, first},
    fields::Fields,
    page::{self, Frame, STAFF},
    problem::Problem,
    session::{Guest, Notice},
};

#[derive(Template)]
#[template(path = "report.html")]
struct ReportPage {
    w: Frame,
    key: String,
    reports: Vec<Choice>,
    measures: Vec<MeasureView>,
    rooms: Vec<ZoneView>,
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(STAFF)?;
    let flow = first(edge.flow(&caller).watch_flow(WatchFlowRequest { after_revision: 0 })).await?;
    let w = guest.frame(guest.words.t("report-title"));
    page::page(&ReportPage {
        key: Uuid::new_v4().to_string(),
        reports: presets::reports(&w, &flow),
        measures: measures::measures(&w, &flow),
        rooms: zones::zones(&w, &flow).into_iter().filter(|zone| zone.is_room).collect(),
        w,
    })
}

/// Reports an incident, for the desk to confirm.
pub(crate) async fn incident(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    measures::report_as(&edge, &guest, &guest.staff(STAFF)?, &sent, false, "/report").await
}

/// One more or one fewer in a room.
pub(crate) async fn click(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    zones::count_one(&edge, &guest, &guest.staff(STAFF)?, &sent, "/report#rooms").await
}

/// Starts an evacuation. No tick before it: the panel that is shut is the guard, as at the desk.
pub(crate) async fn evacuate(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(STAFF)?;
    let request = SetHouseStateRequest { state: HouseState::Evacuating.into(), ..Default::default() };
    let set = answer(edge.flow(&caller).set_house_state(request)).await;
    let to = match sent.get("from") {
        "kitchen" => "/kitchen",
        "carpark" => "/carpark",
        "counter" => "/kitchen/counter",
        "hand-out" => "/kitchen/hand-out",
        _ => "/report",
    };
    outcome(&edge, &guest, set, |_| Notice::good(guest.words.t("house-set")), to).await
}
