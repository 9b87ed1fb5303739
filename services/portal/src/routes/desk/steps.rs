//! Steps at the doors and in the queue that somebody has made just now, and takes back with one touch.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};
use chrono::{DateTime, Utc};
use kernel::values::from_timestamp;
use sky_proto::flow::v1::{DoorStep, FlowSnapshot, UndoStepRequest};
use uuid::Uuid;

use super::super::desk_actions::{from, outcome};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::DESK,
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

/// A step that can still be taken back.
#[derive(Debug)]
pub(crate) struct StepView {
    pub(crate) id: String,
    /// "Mars: gestartet"
    pub(crate) what: String,
    pub(crate) by: String,
}

/// The newest first.
pub(crate) fn undoable(w: &Words, flow: &FlowSnapshot, now: DateTime<Utc>) -> Vec<StepView> {
    let lasts = |it: &&DoorStep| from_timestamp(it.undo_until) > now;
    let view = |it: &DoorStep| StepView { id: it.step_id.clone(), what: w.text(&it.what), by: it.by.clone() };
    flow.undoable.iter().filter(lasts).map(view).collect()
}

/// That was a mistake.
pub(crate) async fn undo(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let undone = answer(edge.door(&caller).undo_step(UndoStepRequest { step_id: id.to_string() })).await;
    let w = &guest.words;
    let say = |it: DoorStep| Notice::good(w.with("step-undone", "what", &w.text(&it.what)));
    outcome(&edge, &guest, undone, say, from(&sent)).await
}
