//! What scanners brought back and the house does not agree with, lane by lane: which scan holds, how far their clocks
//! were off, and what somebody did about it: about one, or about all of a lane at once; with a way back.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use kernel::values::from_timestamp;
use sky_proto::flow::v1::{
    ConflictKind, ListScanConflictsRequest, ListScanConflictsResponse, ReopenScanConflictsRequest,
    ResolveScanConflictsRequest, ScanConflict,
};

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
    open: Vec<GroupView>,
    /// The newest first; what was resolved with one touch is taken back with one.
    resolved: Vec<GroupView>,
}

/// Conflicts of one showing and lane, or those that were resolved together.
struct GroupView {
    /// "Reise, 14:00 · dome-2", or "14:10 anna: both are seated".
    title: String,
    count: i64,
    /// Whether staff may take it back: not what an undo or a late booking has cleared up.
    reopens: bool,
    /// With commas between them.
    ids: String,
    /// What staff say who have let all of them stay.
    stays: String,
    conflicts: Vec<ConflictView>,
}

struct ConflictView {
    id: String,
    what: String,
    /// Which scan holds, if several do not agree.
    is_double: bool,
    stays: String,
    reference: String,
    seat: String,
    scans: Vec<ScanView>,
    noticed: String,
}

fn view(w: &Words, it: &ScanConflict) -> ConflictView {
    let what = match it.kind() {
        ConflictKind::Double => "conflict-double",
        ConflictKind::Cancelled => "conflict-cancelled",
        ConflictKind::WrongShowing => "conflict-wrong-showing",
        ConflictKind::Replaced => "conflict-replaced",
        ConflictKind::Forged => "conflict-forged",
        ConflictKind::AfterAdmission => "conflict-after-admission",
        ConflictKind::Unknown | ConflictKind::Unspecified => "conflict-unknown",
    };
    ConflictView {
        what: w.t(what),
        is_double: it.kind() == ConflictKind::Double,
        stays: stays(w, it),
        noticed: w.time(&it.noticed_at),
        scans: it.scans.iter().map(|line| scans::view(w, line.clone())).collect(),
        id: it.conflict_id.clone(),
        reference: it.reference.clone(),
        seat: it.seat.clone(),
    }
}

/// Of a ticket that was let in twice somebody else is there.
fn stays(w: &Words, it: &ScanConflict) -> String {
    w.t(if it.kind() == ConflictKind::Double { "conflict-both-in" } else { "conflict-stays" })
}

/// The lane of the scan that does not fit.
fn lane(it: &ScanConflict) -> &str {
    it.scans.last().map(|scan| scan.lane.as_str()).unwrap_or_default()
}

/// Open ones belong together by their showing, which its title and time do not tell apart in two halls, and lane.
fn place_key(it: &ScanConflict) -> (String, String) {
    (it.showing_id.clone(), lane(it).to_owned())
}

/// Where it happened: the showing, and the lane of the scan that does not fit.
fn place(w: &Words, it: &ScanConflict) -> String {
    let lane = lane(it);
    match &it.showing_title {
        Some(_) => format!("{}, {} · {lane}", w.text(&it.showing_title), w.time(&it.showing_starts_at)),
        None => format!("{} · {lane}", w.t("conflict-no-showing")),
    }
}

/// What the door writes down when a scan is taken back.
const BY_UNDO: &str = "undo";
/// What it calls itself when a late booking explains a scan.
const ITSELF: &str = "flow";

/// Resolved ones belong together by the act: two of one minute that say the same are two.
fn deed_key(it: &ScanConflict) -> (DateTime<Utc>, String, String) {
    (from_timestamp(it.resolved_at), it.resolved_by.clone(), it.resolution.clone())
}

/// What was done about it, when and by whom.
fn deed(w: &Words, it: &ScanConflict) -> String {
    let time = w.time(&it.resolved_at);
    match (it.resolved_by.as_str(), it.resolution.as_str()) {
        (ITSELF, _) => format!("{time} {}", w.t("conflict-by-booking")),
        (by, BY_UNDO) => format!("{time} {by}: {}", w.t("conflict-by-undo")),
        // Words of staff are erased after days.
        (by, "") => format!("{time} {by}"),
        (by, resolution) => format!("{time} {by}: {resolution}"),
    }
}

/// Puts together what belongs together, in the order in which they come.
fn groups<K: PartialEq>(
    w: &Words,
    conflicts: &[&ScanConflict],
    key: fn(&ScanConflict) -> K,
    title: fn(&Words, &ScanConflict) -> String,
) -> Vec<GroupView> {
    let mut groups: Vec<(K, GroupView)> = Vec::new();
    for it in conflicts {
        let key = key(it);
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, group)) => {
                group.count += 1;
                if group.stays != stays(w, it) {
                    group.stays = w.t("conflict-stays");
                }
                group.ids = format!("{},{}", group.ids, it.conflict_id);
                group.conflicts.push(view(w, it));
            }
            None => {
                let group = GroupView {
                    title: title(w, it),
                    count: 1,
                    reopens: it.resolved_by != ITSELF && it.resolution != BY_UNDO,
                    ids: it.conflict_id.clone(),
                    stays: stays(w, it),
                    conflicts: vec![view(w, it)],
                };
                groups.push((key, group));
            }
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Open ones first.
pub(crate) async fn list(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = ListScanConflictsRequest { include_resolved: true };
    let list = answer(edge.door(&caller).list_scan_conflicts(request)).await?.conflicts;
    let w = guest.frame(guest.words.t("conflicts-title"));
    let (mut resolved, open): (Vec<&ScanConflict>, Vec<&ScanConflict>) =
        list.iter().partition(|it| it.resolved_at.is_some());
    resolved.sort_by_key(|it| std::cmp::Reverse(from_timestamp(it.resolved_at)));
    let open = groups(&w, &open, place_key, place);
    let resolved = groups(&w, &resolved, deed_key, deed);
    page(&ConflictsPage { open, resolved, w })
}

fn ids(sent: &Fields) -> Vec<String> {
    sent.get("ids").split(',').map(str::to_owned).collect()
}

pub(crate) async fn resolve(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request =
        ResolveScanConflictsRequest { conflict_ids: ids(&sent), resolution: sent.get("resolution").to_owned() };
    let resolved = answer(edge.door(&caller).resolve_scan_conflicts(request)).await;
    let say = |_| Notice::good(guest.words.t("conflict-resolved"));
    outcome(&edge, &guest, resolved, say, "/desk/conflicts").await
}

pub(crate) async fn reopen(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = ReopenScanConflictsRequest { conflict_ids: ids(&sent) };
    let reopened = answer(edge.door(&caller).reopen_scan_conflicts(request)).await;
    // What was cleared up by an undo stays as it is, and is not said to be open.
    let say = |list: ListScanConflictsResponse| {
        let open = list.conflicts.iter().filter(|it| it.resolved_at.is_none()).count();
        Notice::good(guest.words.n("conflict-reopened", i64::try_from(open).unwrap_or(i64::MAX)))
    };
    outcome(&edge, &guest, reopened, say, "/desk/conflicts").await
}
