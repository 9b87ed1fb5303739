//! What scanners brought back and the house does not agree with: which scan holds, how far their clocks were off, and
//! what somebody did about it.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use sky_proto::flow::v1::{ConflictKind, ListScanConflictsRequest, ResolveScanConflictRequest, ScanConflict};
use uuid::Uuid;

use super::{
    super::desk_actions::outcome,
    scans::{self, ScanView},
};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{DESK, Frame, page},
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

#[derive(Template)]
#[template(path = "desk-conflicts.html")]
struct ConflictsPage {
    w: Frame,
    conflicts: Vec<ConflictView>,
}

struct ConflictView {
    id: String,
    what: String,
    /// Which scan holds, if several do not agree.
    is_double: bool,
    reference: String,
    seat: String,
    scans: Vec<ScanView>,
    noticed: String,
    /// Empty: open.
    resolved: String,
}

fn view(w: &Words, it: ScanConflict) -> ConflictView {
    let what = match it.kind() {
        ConflictKind::Double => "conflict-double",
        ConflictKind::Cancelled => "conflict-cancelled",
        ConflictKind::WrongShowing => "conflict-wrong-showing",
        ConflictKind::Replaced => "conflict-replaced",
        ConflictKind::Unknown | ConflictKind::Unspecified => "conflict-unknown",
    };
    let resolved = match it.resolved_at {
        Some(_) => format!("{} {}: {}", w.time(&it.resolved_at), it.resolved_by, it.resolution),
        None => String::new(),
    };
    ConflictView {
        what: w.t(what),
        is_double: it.kind() == ConflictKind::Double,
        noticed: w.time(&it.noticed_at),
        resolved,
        scans: it.scans.into_iter().map(|line| scans::view(w, line)).collect(),
        id: it.conflict_id,
        reference: it.reference,
        seat: it.seat,
    }
}

/// Open ones first.
pub(crate) async fn list(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = ListScanConflictsRequest { include_resolved: true };
    let list = answer(edge.door(&caller).list_scan_conflicts(request)).await?;
    let w = guest.frame(guest.words.t("conflicts-title"));
    page(&ConflictsPage { conflicts: list.conflicts.into_iter().map(|it| view(&w, it)).collect(), w })
}

pub(crate) async fn resolve(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request =
        ResolveScanConflictRequest { conflict_id: id.to_string(), resolution: sent.get("resolution").to_owned() };
    let resolved = answer(edge.door(&caller).resolve_scan_conflict(request)).await;
    let say = |_| Notice::good(guest.words.t("conflict-resolved"));
    outcome(&edge, &guest, resolved, say, "/desk/conflicts").await
}
