//! Parties that are called to the door together: formed by how many the foyer still takes, guests who need
//! assistance first.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};
use kernel::Caller;
use sky_proto::flow::v1::{
    CallGroup, CallGroupState, CallGroups, FormCallGroupsRequest, ListCallGroupsRequest, MoveCallGroupRequest,
};
use uuid::Uuid;

use super::super::desk_actions::outcome;
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{DESK, own_path},
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

/// Parties that are called together.
#[derive(Debug)]
pub(crate) struct GroupView {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) rows: String,
    pub(crate) people: u32,
    pub(crate) admitted: u32,
    pub(crate) state: String,
    pub(crate) kind: &'static str,
    pub(crate) shape: &'static str,
    /// When the clock would call it; empty: it is called already.
    pub(crate) due: String,
    /// Why the clock does not propose its call; empty: it does.
    pub(crate) held: String,
    /// What may be pressed, the usual one first.
    pub(crate) moves: Vec<(i32, String)>,
}

/// The groups of a showing.
#[derive(Debug, Default)]
pub(crate) struct CallsView {
    pub(crate) groups: Vec<GroupView>,
    /// So many people the foyer still takes at once.
    pub(crate) room_for: u32,
}

fn group(w: &Words, it: &CallGroup) -> GroupView {
    use CallGroupState::{Boarded, Boarding, Called, Closed, Formed, Late, Recalled, Unspecified};
    let (key, kind, shape, moves): (_, _, _, &[(CallGroupState, &str)]) = match it.state() {
        Formed | Unspecified => ("group-formed", "plain", "○", &[(Called, "group-call")]),
        Called => ("group-called", "good", "●", &[(Boarding, "group-boarding-do"), (Recalled, "group-recall")]),
        Boarding => ("group-boarding", "good", "→", &[(Boarded, "group-boarded-do"), (Recalled, "group-recall")]),
        Recalled => ("group-recalled", "few", "▲", &[(Boarded, "group-boarded-do"), (Late, "group-late-do")]),
        Boarded => ("group-boarded", "plain", "✓", &[]),
        Late => ("group-late", "few", "▲", &[(Closed, "group-close")]),
        Closed => ("group-closed", "plain", "■", &[]),
    };
    let waits = matches!(it.state(), Formed | Unspecified);
    GroupView {
        id: it.group_id.clone(),
        name: if it.assistance { w.t("group-assistance") } else { w.n("group-number", it.number) },
        rows: it.rows.join(", "),
        people: it.people,
        admitted: it.admitted,
        state: w.t(key),
        kind,
        shape,
        held: w.text(&it.held_back),
        due: if waits && it.due_at.is_some() { w.time(&it.due_at) } else { String::new() },
        moves: moves.iter().map(|(to, key)| ((*to).into(), w.t(key))).collect(),
    }
}

fn view(w: &Words, calls: &CallGroups) -> CallsView {
    // They are called in their order: what would be refused is no button.
    let waits = |it: &&CallGroup| it.state() == CallGroupState::Formed && it.admitted < it.people;
    let next = calls.groups.iter().filter(waits).map(|it| it.number).min().unwrap_or(u32::MAX);
    let mut groups: Vec<GroupView> = calls.groups.iter().map(|it| group(w, it)).collect();
    for (view, it) in groups.iter_mut().zip(&calls.groups) {
        if it.state() == CallGroupState::Formed && it.number > next {
            view.moves.clear();
        }
    }
    CallsView { groups, room_for: calls.room_for }
}

/// The groups of one showing; none when the door does not say.
pub(crate) async fn of(edge: &Edge, caller: &Caller, w: &Words, showing: &str) -> CallsView {
    let request = ListCallGroupsRequest { showing_id: showing.to_owned() };
    answer(edge.door(caller).list_call_groups(request)).await.map(|calls| view(w, &calls)).unwrap_or_default()
}

pub(crate) async fn form(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = FormCallGroupsRequest { showing_id: id.to_string() };
    let formed = answer(edge.door(&caller).form_call_groups(request)).await;
    let w = &guest.words;
    let say = |calls: CallGroups| {
        let count = i64::try_from(calls.groups.len()).unwrap_or(i64::MAX);
        Notice::good(w.n("groups-formed", count)).with(w.n("groups-room", calls.room_for))
    };
    outcome(&edge, &guest, formed, say, &format!("/operator/{id}#groups")).await
}

pub(crate) async fn step(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = MoveCallGroupRequest { group_id: id.to_string(), to: sent.choice("to") };
    let moved = answer(edge.door(&caller).move_call_group(request)).await;
    let w = &guest.words;
    let say = |it: CallGroup| {
        let view = group(w, &it);
        Notice::good(format!("{}: {}", view.name, view.state))
    };
    let back = own_path(sent.get("back"));
    outcome(&edge, &guest, moved, say, if back.is_empty() { "/operator" } else { back }).await
}
