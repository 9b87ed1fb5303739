//! The lanes on the car park's board: how each is, what was asked of its barrier and how far that has come. Below a
//! confirmed movement it reads "requested", never "open".

use std::sync::Arc;

use axum::{extract::State, response::Response};
use kernel::Caller;
use sky_proto::parking::v1::{
    CameraClock, CommandGateRequest, CommandState, Confirmation, Direction, GateAction, GateCommand, Lane, LaneState,
    ListLanesRequest,
};

use super::{SITE, outcome};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

/// One lane.
pub(crate) struct LaneView {
    pub(crate) id: String,
    pub(crate) direction: Direction,
    pub(crate) state: String,
    /// A shape beside the colour.
    pub(crate) shape: &'static str,
    pub(crate) kind: &'static str,
    /// What else there is to know; empty: nothing.
    pub(crate) note: String,
    /// What drivers read at the barrier now, while it has no link; empty: nothing.
    pub(crate) told_to_drivers: String,
    /// Its cameras whose clocks are wrong.
    pub(crate) clocks: Vec<String>,
    /// That its controller mixes cars up; empty: it does not.
    pub(crate) reused: String,
    pub(crate) by_hand: u32,
    pub(crate) unknown: u32,
    pub(crate) held: bool,
    pub(crate) commands: Vec<String>,
    pub(crate) key: String,
}

/// "12:04 Öffnen: angefordert"
fn command(w: &Words, command: &GateCommand) -> String {
    let action = w.t(action(command.action()));
    let state = w.t(match (command.state(), command.confirmation()) {
        (CommandState::Succeeded, Confirmation::PhysicallyConfirmed) => "gate-done",
        (CommandState::Failed, _) => "gate-failed",
        (CommandState::Rejected, _) => "gate-rejected",
        (CommandState::Expired, _) => "gate-expired",
        (CommandState::Cancelled, _) => "gate-cancelled",
        (_, Confirmation::DeviceAcknowledged) => "gate-acknowledged",
        _ => "gate-requested",
    });
    let why = w.text(&command.failure_text);
    let told = format!("{} {action}: {state}", w.time(&command.requested_at));
    if why.is_empty() { told } else { format!("{told}. {why}") }
}

const fn action(action: GateAction) -> &'static str {
    match action {
        GateAction::HoldOpen => "gate-hold-open",
        GateAction::Close => "gate-close",
        GateAction::Open | GateAction::Unspecified => "gate-open",
    }
}

/// "camera-out-1 (-40 s)", and what to do about it.
fn clock(w: &Words, clock: &CameraClock) -> String {
    let camera = format!("{} ({:+} s)", clock.camera, clock.behind_seconds.saturating_neg());
    w.with("lane-clock", "camera", &camera)
}

fn view(w: &Words, lane: &Lane) -> LaneView {
    let (key, kind, shape) = match lane.state() {
        LaneState::Unspecified => ("lane-unknown", "plain", "○"),
        LaneState::Normal => ("lane-normal", "good", "●"),
        LaneState::LinkLost => ("lane-link-lost", "bad", "▲"),
        LaneState::LocalList => ("lane-local-list", "few", "◆"),
        LaneState::HeldOpen if lane.hold_confirmed => ("lane-held-open", "few", "◆"),
        LaneState::HeldOpen => ("lane-held-open-requested", "few", "◇"),
        LaneState::Fault => ("lane-fault", "bad", "▲"),
    };
    let note = match lane.state() {
        LaneState::Fault => lane.fault.clone(),
        LaneState::HeldOpen if lane.by_evacuation => w.t("lane-by-evacuation"),
        LaneState::LinkLost | LaneState::LocalList => w.with("lane-heard", "time", &w.time(&lane.heartbeat_at)),
        _ => String::new(),
    };
    let reused = if lane.direction() == Direction::In { "lane-key-reused-in" } else { "lane-key-reused" };
    LaneView {
        id: lane.lane.clone(),
        direction: lane.direction(),
        state: w.t(key),
        shape,
        kind,
        note,
        told_to_drivers: w.text(&lane.told_to_drivers),
        clocks: lane.wrong_clocks.iter().map(|it| clock(w, it)).collect(),
        reused: lane.key_reused_at.map(|at| w.with(reused, "time", &w.time(&Some(at)))).unwrap_or_default(),
        by_hand: lane.opened_by_hand,
        unknown: lane.unknown_cars,
        held: lane.state() == LaneState::HeldOpen && !lane.by_evacuation,
        commands: lane.commands.iter().map(|it| command(w, it)).collect(),
        key: uuid::Uuid::new_v4().to_string(),
    }
}

/// All lanes.
pub(super) async fn views(edge: &Edge, w: &Words, caller: &Caller) -> Result<Vec<LaneView>, Problem> {
    let lanes = answer(edge.gates(caller).list_lanes(ListLanesRequest {})).await?.lanes;
    Ok(lanes.iter().map(|lane| view(w, lane)).collect())
}

/// Why a barrier is opened by hand, in the words of the log: each a button, because a car waits.
pub(super) fn reasons(w: &Words) -> Vec<String> {
    ["gate-unread", "gate-booked", "gate-service"].map(|key| w.t(key)).into()
}

/// `POST /carpark/gate`
pub(crate) async fn order(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(SITE)?;
    // With one touch, else as it was typed.
    let (action, reason) = match sent.get("open") {
        "" => (sent.choice("action"), sent.get("reason")),
        reason => (GateAction::Open.into(), reason),
    };
    let request = CommandGateRequest {
        idempotency_key: sent.idempotency_key()?,
        lane: sent.get("lane").to_owned(),
        action,
        reason: reason.to_owned(),
    };
    let w = guest.words;
    let asked = answer(edge.gates(&caller).command_gate(request)).await.map(|told| {
        let text = command(&w, &told);
        if told.state() == CommandState::Rejected { Notice::bad(text) } else { Notice::good(text) }
    });
    outcome(&edge, &guest, asked, |notice| notice, "/carpark").await
}
