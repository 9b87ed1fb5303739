//! The front desk: the next showings with sold, arrived and missing, the scan field, the zones, the house.
//! The block `live` makes the page's figures and every update; forms in which somebody types stand outside.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use chrono::TimeDelta;
use futures::StreamExt;
use kernel::values::{from_timestamp, timestamp};
use sky_proto::{
    flow::v1::{
        Admission, AdmissionState, FlowSnapshot, GetFlowRequest, HouseState, Quality, WatchFlowRequest, ZoneLevel,
    },
    journey::v1::ListMissingRequest,
};
use uuid::Uuid;

use super::programme::hall;
use crate::{
    edge::{Edge, answer, first},
    live::{self, After, Fragment},
    page::{self, DESK, Frame, html},
    problem::Problem,
    session::Guest,
    words::Words,
};

/// A desk looks this far ahead, and back at what still runs.
const AHEAD: TimeDelta = TimeDelta::hours(12);
/// On one screen.
const MOST_SHOWINGS: usize = 8;

#[derive(Template)]
#[template(path = "desk.html", blocks = ["live"])]
struct DeskPage {
    w: Frame,
    revision: u64,
    showings: Vec<Row>,
    zones: Vec<ZoneView>,
    house: HouseView,
    observed: String,
    /// For the scan form: the showing that is being let in comes first.
    lanes: Vec<Lane>,
    nonce: String,
}

pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) hall: String,
    pub(crate) starts: String,
    pub(crate) starts_iso: String,
    pub(crate) ends: String,
    pub(crate) doors: String,
    pub(crate) delayed: u32,
    pub(crate) state: String,
    pub(crate) state_kind: &'static str,
    pub(crate) booked: u32,
    pub(crate) admitted: u32,
    pub(crate) missing: u32,
    pub(crate) capacity: u32,
    pub(crate) moves: Vec<Move>,
}

pub(crate) struct Move {
    pub(crate) to: i32,
    pub(crate) label: String,
    pub(crate) main: bool,
}

struct ZoneView {
    id: String,
    name: String,
    count: String,
    capacity: u32,
    level: String,
    level_kind: &'static str,
    quality: String,
    source: String,
    as_of: String,
}

struct HouseView {
    state: String,
    kind: &'static str,
    since: String,
    by: String,
    cleared_by: String,
    evacuating: bool,
}

struct Lane {
    id: String,
    label: String,
}

const fn state_of(state: AdmissionState) -> (&'static str, &'static str) {
    match state {
        AdmissionState::Unspecified | AdmissionState::Planned => ("admission-planned", "plain"),
        AdmissionState::DoorsOpen => ("admission-doors-open", "good"),
        AdmissionState::LastCall => ("admission-last-call", "few"),
        AdmissionState::Running => ("admission-running", "plain"),
        AdmissionState::Egress => ("admission-egress", "plain"),
        AdmissionState::Turnover => ("admission-turnover", "plain"),
        AdmissionState::Closed => ("admission-closed", "plain"),
        AdmissionState::Cancelled => ("admission-cancelled", "bad"),
        AdmissionState::Aborted => ("admission-aborted", "bad"),
    }
}

/// The buttons for a state; the usual next one first.
fn moves(w: &Words, state: AdmissionState) -> Vec<Move> {
    let to: &[(AdmissionState, &str)] = match state {
        AdmissionState::Planned => &[(AdmissionState::DoorsOpen, "move-doors-open")],
        AdmissionState::DoorsOpen => {
            &[(AdmissionState::LastCall, "move-last-call"), (AdmissionState::Running, "move-running")]
        }
        AdmissionState::LastCall => {
            &[(AdmissionState::Running, "move-running"), (AdmissionState::DoorsOpen, "move-doors-again")]
        }
        AdmissionState::Running => &[(AdmissionState::Egress, "move-egress")],
        AdmissionState::Egress | AdmissionState::Aborted => &[(AdmissionState::Turnover, "move-turnover")],
        AdmissionState::Turnover => &[(AdmissionState::Closed, "move-closed")],
        AdmissionState::Unspecified | AdmissionState::Closed | AdmissionState::Cancelled => &[],
    };
    to.iter()
        .enumerate()
        .map(|(at, (state, key))| Move { to: (*state).into(), label: w.t(key), main: at == 0 })
        .collect()
}

pub(crate) fn row(w: &Words, admission: &Admission) -> Row {
    let state = admission.state();
    let (key, state_kind) = state_of(state);
    Row {
        id: admission.showing_id.clone(),
        title: w.text(&admission.title),
        hall: hall(w, &admission.hall),
        starts: w.time(&admission.starts_at),
        starts_iso: w.iso(&admission.starts_at),
        ends: w.time(&admission.ends_at),
        doors: w.time(&admission.doors_at),
        delayed: admission.delayed_minutes,
        state: w.t(key),
        state_kind,
        booked: admission.booked,
        admitted: admission.admitted,
        missing: admission.booked.saturating_sub(admission.admitted),
        capacity: admission.capacity,
        moves: moves(w, state),
    }
}

fn zone(w: &Words, zone: &sky_proto::flow::v1::Zone) -> ZoneView {
    let (key, level_kind) = match zone.level() {
        ZoneLevel::Unspecified | ZoneLevel::Green => ("level-green", "good"),
        ZoneLevel::Amber => ("level-amber", "few"),
        ZoneLevel::Red => ("level-red", "bad"),
        ZoneLevel::Stop => ("level-stop", "bad"),
    };
    ZoneView {
        id: zone.zone_id.clone(),
        name: w.text(&zone.name),
        count: zone.count.map_or_else(|| "–".to_owned(), |count| count.to_string()),
        capacity: zone.capacity,
        level: w.t(key),
        level_kind,
        quality: w.t(match zone.quality() {
            Quality::Live => "quality-live",
            Quality::Manual => "quality-manual",
            Quality::Degraded => "quality-degraded",
            Quality::Estimated | Quality::Unspecified => "quality-estimated",
        }),
        source: zone.capacity_source.clone(),
        as_of: w.time(&zone.observed_at),
    }
}

fn house(w: &Words, house: &sky_proto::flow::v1::House) -> HouseView {
    let state = house.state();
    let (key, kind) = match state {
        HouseState::Unspecified | HouseState::Normal => ("house-normal", "good"),
        HouseState::Crowded => ("house-crowded", "few"),
        HouseState::AdmissionStopped => ("house-stopped", "bad"),
        HouseState::Evacuating => ("house-evacuating", "bad"),
        HouseState::AllClear => ("house-all-clear", "good"),
    };
    HouseView {
        state: w.t(key),
        kind,
        since: w.time(&house.since),
        by: house.by.clone(),
        cleared_by: house.cleared_by.clone(),
        evacuating: state == HouseState::Evacuating,
    }
}

fn view(edge: &Edge, w: Frame, flow: &FlowSnapshot) -> DeskPage {
    let until = edge.now() + AHEAD;
    let open = |admission: &&Admission| {
        !matches!(admission.state(), AdmissionState::Closed | AdmissionState::Cancelled)
            && from_timestamp(admission.starts_at) < until
    };
    // What was never opened yesterday is no work of today.
    let fresh = |admission: &&Admission| {
        from_timestamp(admission.ends_at) > edge.now() - TimeDelta::hours(1)
            || admission.state() != AdmissionState::Planned
    };
    let shown: Vec<&Admission> = flow.admissions.iter().filter(open).filter(fresh).take(MOST_SHOWINGS).collect();
    let mut lanes: Vec<(bool, Lane)> = shown
        .iter()
        .map(|admission| {
            let admits = matches!(admission.state(), AdmissionState::DoorsOpen | AdmissionState::LastCall);
            let label = format!("{} {}", w.time(&admission.starts_at), w.text(&admission.title));
            (!admits, Lane { id: admission.showing_id.clone(), label })
        })
        .collect();
    lanes.sort_by_key(|(later, _)| *later);
    DeskPage {
        revision: flow.revision,
        showings: shown.into_iter().map(|admission| row(&w, admission)).collect(),
        zones: flow.zones.iter().map(|known| zone(&w, known)).collect(),
        house: house(&w, &flow.house.clone().unwrap_or_default()),
        observed: w.time(&flow.observed_at),
        lanes: lanes.into_iter().map(|(_, lane)| lane).collect(),
        nonce: Uuid::new_v4().to_string(),
        w,
    }
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let flow = first(edge.flow(&caller).watch_flow(WatchFlowRequest { after_revision: 0 })).await?;
    page::page(&view(&edge, guest.frame(guest.words.t("desk-title")), &flow))
}

pub(crate) async fn live(State(edge): State<Arc<Edge>>, guest: Guest, after: After) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let flows = answer(edge.flow(&caller).watch_flow(WatchFlowRequest { after_revision: after.after })).await?;
    let frame = guest.frame(String::new());
    let stream_edge = edge.clone();
    let fragments = flows.map(move |flow| {
        let flow = flow?;
        let view = view(&stream_edge, frame.clone(), &flow);
        Ok(Fragment { revision: flow.revision, html: html(view.as_live().render())? })
    });
    Ok(live::respond(&edge, fragments))
}

#[derive(Template)]
#[template(path = "desk-showing.html")]
struct ShowingPage {
    w: Frame,
    row: Row,
    parties: Vec<MissingView>,
    booked: u32,
    admitted: u32,
    key: String,
}

struct MissingView {
    reference: String,
    size: u32,
    admitted: u32,
    whereabouts: String,
    assistance: bool,
}

/// One showing: who is missing, and the commands that everything follows.
pub(crate) async fn showing(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let now = edge.now();
    let window = GetFlowRequest {
        from: Some(timestamp(now - TimeDelta::days(1))),
        until: Some(timestamp(now + TimeDelta::days(15))),
    };
    let (mut flow, mut journey) = (edge.flow(&caller), edge.journey(&caller));
    let (flow, missing) = tokio::join!(
        answer(flow.get_flow(window)),
        answer(journey.list_missing(ListMissingRequest { showing_id: id.to_string() })),
    );
    let flow = flow?;
    let admission =
        flow.admissions.iter().find(|admission| admission.showing_id == id.to_string()).ok_or_else(Problem::no_page)?;
    let missing = missing?;
    let w = guest.frame(guest.words.text(&admission.title));
    let parties = missing
        .parties
        .iter()
        .map(|party| MissingView {
            reference: party.reference.clone(),
            size: party.size,
            admitted: party.admitted,
            whereabouts: w.t(match party.whereabouts.as_str() {
                "in_car_park" => "whereabouts-car-park",
                "partly_in" => "whereabouts-partly-in",
                _ => "whereabouts-unknown",
            }),
            assistance: party.assistance,
        })
        .collect();
    page::page(&ShowingPage {
        row: row(&w, admission),
        parties,
        booked: missing.booked,
        admitted: missing.admitted,
        key: Uuid::new_v4().to_string(),
        w,
    })
}
