//! The operator's page: one showing at a time, in type that is read from the mixing desk. What it waits for,
//! who is missing, the one next step, and what comes after it in the hall.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use futures::StreamExt;
use kernel::{Caller, values::from_timestamp};
use sky_proto::flow::v1::{Admission, AdmissionState, FlowSnapshot, WatchFlowRequest};
use uuid::Uuid;

use super::desk::{
    at_work,
    calls::{self, CallsView},
    clock, hold,
    missing::{self, MissingView},
    showings::{Row, is_before_start, row},
    steps::{self, StepView},
    ticking,
    waits::{self, WaitView},
    zones::{HouseView, house},
};
use crate::{
    edge::{Edge, answer, first},
    live::{self, After, Fragment},
    page::{self, DESK, Frame, html},
    problem::Problem,
    session::Guest,
};

const MOST_PARTIES: usize = 6;

#[derive(Template)]
#[template(path = "operator.html", blocks = ["live"])]
struct OperatorPage {
    w: Frame,
    revision: u64,
    /// None: nothing is planned for the next hours.
    row: Option<Row>,
    next: Option<Row>,
    others: Vec<Row>,
    /// Halls that are being emptied or cleaned meanwhile.
    turnovers: Vec<Row>,
    undoable: Vec<StepView>,
    calls: CallsView,
    missing: MissingView,
    is_before_start: bool,
    house: HouseView,
    /// How long one waits where people queue.
    waits: Vec<WaitView>,
    usual: [i32; 3],
    observed: String,
    /// Of this page and its stream: with the showing that somebody has chosen.
    here: String,
}

/// The showing that was chosen, else the one that needs somebody now: what runs before what comes.
fn current<'f>(work: &[&'f Admission], chosen: Option<Uuid>) -> Option<&'f Admission> {
    let chosen = chosen.map(|id| id.to_string());
    let asked = work.iter().find(|admission| Some(&admission.showing_id) == chosen.as_ref());
    // Cleaning goes on by itself while the next one is let in.
    let needs = work.iter().find(|admission| admission.state() != AdmissionState::Turnover);
    asked.or(needs).or(work.first()).copied()
}

async fn view(edge: &Edge, caller: &Caller, w: Frame, flow: &FlowSnapshot, chosen: Option<Uuid>) -> OperatorPage {
    let now = edge.now();
    let work = at_work(edge, flow);
    let shown = current(&work, chosen);
    let after = shown.and_then(|shown| {
        work.iter()
            .find(|other| other.hall == shown.hall && from_timestamp(other.starts_at) > from_timestamp(shown.starts_at))
    });
    let is_before_start = shown.is_some_and(|shown| is_before_start(shown.state()));
    let missing = match shown {
        Some(shown) if is_before_start && shown.admitted < shown.booked => {
            missing::of(edge, caller, &w, shown, MOST_PARTIES).await
        }
        _ => MissingView::default(),
    };
    let calls = match shown {
        Some(shown) if is_before_start => calls::of(edge, caller, &w, &shown.showing_id).await,
        _ => CallsView::default(),
    };
    let put_off = clock::put_off(edge).await;
    let turns = |other: &&Admission| {
        matches!(other.state(), AdmissionState::Egress | AdmissionState::Turnover | AdmissionState::Aborted)
            && shown.is_none_or(|shown| shown.showing_id != other.showing_id)
    };
    OperatorPage {
        revision: flow.revision,
        calls,
        undoable: steps::undoable(&w, flow, now),
        turnovers: work.iter().copied().filter(turns).map(|other| row(&w, other, now)).collect(),
        row: shown.map(|shown| Row {
            wait: waits::door(&w, flow, shown, now),
            ..clock::quiet(&w, row(&w, shown, now), &put_off)
        }),
        next: after.map(|other| row(&w, other, now)),
        others: work.iter().take(6).map(|other| row(&w, other, now)).collect(),
        missing,
        is_before_start,
        house: house(&w, &flow.house.clone().unwrap_or_default(), now),
        waits: waits::queues(&w, flow, now),
        usual: hold::USUAL,
        observed: w.time(&flow.observed_at),
        here: chosen.map_or_else(|| "/operator".to_owned(), |id| format!("/operator/{id}")),
        w,
    }
}

async fn show(edge: &Edge, guest: &Guest, chosen: Option<Uuid>) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let flow = first(edge.flow(&caller).watch_flow(WatchFlowRequest { after_revision: 0 })).await?;
    let mut frame = guest.frame(guest.words.t("operator-title"));
    if chosen.is_none() {
        frame.path = "/operator".to_owned();
    }
    page::page(&view(edge, &caller, frame, &flow, chosen).await)
}

async fn follow(edge: &Arc<Edge>, guest: &Guest, chosen: Option<Uuid>) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let flows = answer(edge.flow(&caller).watch_flow(WatchFlowRequest { after_revision: 0 })).await?;
    let frame = guest.frame(String::new());
    let stream_edge = edge.clone();
    let fragments = ticking(flows).then(move |flow| {
        let (edge, caller, frame) = (stream_edge.clone(), caller.clone(), frame.clone());
        async move {
            let flow = flow?;
            let view = view(&edge, &caller, frame, &flow, chosen).await;
            Ok(Fragment { revision: flow.revision, html: html(view.as_live().render())? })
        }
    });
    Ok(live::respond(edge, fragments))
}

/// Whatever needs somebody now.
pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    show(&edge, &guest, None).await
}

/// One showing, chosen.
pub(crate) async fn showing(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    show(&edge, &guest, Some(id)).await
}

pub(crate) async fn live(State(edge): State<Arc<Edge>>, guest: Guest, _: After) -> Result<Response, Problem> {
    follow(&edge, &guest, None).await
}

pub(crate) async fn live_of(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    _: After,
) -> Result<Response, Problem> {
    follow(&edge, &guest, Some(id)).await
}
