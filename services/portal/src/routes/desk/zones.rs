//! The zones, the escape groups and the house: each level as colour, shape and word; a number only where one is
//! known.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use kernel::{Caller, values::from_timestamp};
use sky_proto::flow::v1::{
    ClickZoneRequest, Directive, DirectiveKind, EscapeGroup, FlowSnapshot, House, HouseState, MeasureState, Quality,
    SensorState, Zone, ZoneKind, ZoneLevel,
};

use super::super::desk_actions::outcome;
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::DESK,
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

/// A zone, or zones that share an escape route.
#[derive(Debug)]
pub(crate) struct ZoneView {
    pub(crate) id: String,
    pub(crate) name: String,
    /// "42"; empty: not known, the level is a band.
    pub(crate) count: String,
    pub(crate) capacity: u32,
    pub(crate) level: String,
    pub(crate) kind: &'static str,
    pub(crate) shape: &'static str,
    pub(crate) quality: String,
    /// The document that sets the limit.
    pub(crate) source: String,
    pub(crate) as_of: String,
    /// People stand in it, and it can be counted by hand: a storey, the house and an escape route are sums.
    pub(crate) is_room: bool,
    /// Its number is known: one more or one fewer means something.
    pub(crate) can_click: bool,
    /// The directive that stops it; empty: nobody has stopped it.
    pub(crate) stop: String,
}

/// The house.
#[derive(Debug)]
pub(crate) struct HouseView {
    pub(crate) state: String,
    pub(crate) kind: &'static str,
    pub(crate) since: String,
    pub(crate) by: String,
    pub(crate) cleared_by: String,
    pub(crate) evacuating: bool,
    /// An evacuation is over, and nobody has opened the house again.
    pub(crate) is_cleared: bool,
    pub(crate) next: Option<NextView>,
}

/// What the clock proposes for the house.
#[derive(Debug)]
pub(crate) struct NextView {
    pub(crate) to: i32,
    pub(crate) why: String,
    pub(crate) is_due: bool,
}

/// Something that somebody should look at.
#[derive(Debug)]
pub(crate) struct Alert {
    pub(crate) kind: &'static str,
    pub(crate) shape: &'static str,
    pub(crate) text: String,
}

pub(super) const fn level_of(level: ZoneLevel) -> (&'static str, &'static str, &'static str) {
    match level {
        ZoneLevel::Unspecified | ZoneLevel::Green => ("level-green", "good", "●"),
        ZoneLevel::Amber => ("level-amber", "few", "▲"),
        ZoneLevel::Red => ("level-red", "bad", "◆"),
        ZoneLevel::Stop => ("level-stop", "bad", "■"),
    }
}

pub(super) fn quality(w: &Words, quality: Quality) -> String {
    w.t(match quality {
        Quality::Live => "quality-live",
        Quality::Manual => "quality-manual",
        Quality::Degraded => "quality-degraded",
        Quality::Estimated | Quality::Unspecified => "quality-estimated",
    })
}

fn count(count: Option<u32>) -> String {
    count.map(|count| count.to_string()).unwrap_or_default()
}

/// What stops a zone, or is about to.
fn stop<'f>(flow: &'f FlowSnapshot, zone: &str) -> Option<&'f Directive> {
    let binds = |it: &Directive| !matches!(it.state(), MeasureState::Proposed | MeasureState::Ended);
    flow.directives.iter().find(|it| it.kind() == DirectiveKind::StopAdmission && it.from_zone_id == zone && binds(it))
}

fn zone(w: &Words, zone: &Zone) -> ZoneView {
    let (key, kind, shape) = level_of(zone.level());
    ZoneView {
        id: zone.zone_id.clone(),
        name: w.text(&zone.name),
        count: count(zone.count),
        capacity: zone.capacity,
        level: w.t(key),
        kind,
        shape,
        quality: quality(w, zone.quality()),
        source: zone.capacity_source.clone(),
        as_of: w.time(&zone.observed_at),
        is_room: is_room(zone),
        can_click: is_room(zone) && zone.count.is_some(),
        stop: String::new(),
    }
}

pub(super) fn is_room(zone: &Zone) -> bool {
    matches!(zone.kind(), ZoneKind::Room | ZoneKind::Unspecified)
}

fn group(w: &Words, group: &EscapeGroup) -> ZoneView {
    let (key, kind, shape) = level_of(group.level());
    ZoneView {
        id: group.group_id.clone(),
        name: w.with("group-limit", "name", &w.text(&group.name)),
        count: count(group.count),
        capacity: group.limit,
        level: w.t(key),
        kind,
        shape,
        quality: quality(w, group.quality()),
        source: group.limit_source.clone(),
        as_of: w.time(&group.observed_at),
        is_room: false,
        can_click: false,
        stop: String::new(),
    }
}

pub(crate) fn zones(w: &Words, flow: &FlowSnapshot) -> Vec<ZoneView> {
    let view = |known: &Zone| {
        let stop = stop(flow, &known.zone_id).map(|it| it.directive_id.clone()).unwrap_or_default();
        ZoneView { stop, ..zone(w, known) }
    };
    flow.zones.iter().map(view).collect()
}

pub(crate) fn groups(w: &Words, flow: &FlowSnapshot) -> Vec<ZoneView> {
    flow.escape_groups.iter().map(|known| group(w, known)).collect()
}

pub(crate) fn house(w: &Words, house: &House, now: DateTime<Utc>) -> HouseView {
    let state = house.state();
    let (key, kind) = match state {
        HouseState::Unspecified | HouseState::Normal => ("house-normal", "good"),
        HouseState::Crowded => ("house-crowded", "few"),
        HouseState::AdmissionStopped => ("house-stopped", "bad"),
        HouseState::Evacuating if house.exercise => ("house-exercise", "bad"),
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
        is_cleared: state == HouseState::AllClear,
        next: house.proposal.as_ref().map(|next| NextView {
            to: next.to,
            why: w.text(&next.why),
            is_due: from_timestamp(next.due_at) <= now,
        }),
    }
}

/// What the figures ask somebody to look at, the worst first.
pub(crate) fn alerts(w: &Words, flow: &FlowSnapshot) -> Vec<Alert> {
    let mut alerts = Vec::new();
    let levels = flow
        .zones
        .iter()
        .map(|zone| (zone.level(), w.text(&zone.name)))
        .chain(flow.escape_groups.iter().map(|known| (known.level(), group(w, known).name)));
    for (level, name) in levels {
        match level {
            ZoneLevel::Stop => {
                alerts.push(Alert { kind: "bad", shape: "■", text: w.with("alert-level", "zone", &name) });
            }
            ZoneLevel::Red => {
                alerts.push(Alert { kind: "bad", shape: "◆", text: w.with("alert-red", "zone", &name) });
            }
            ZoneLevel::Unspecified | ZoneLevel::Green | ZoneLevel::Amber => {}
        }
    }
    // Whatever its counter says by now: who passed it unseen is missing until somebody has counted.
    for zone in flow.zones.iter().filter(|zone| is_room(zone) && zone.count.is_none()) {
        let text = w.with("alert-unknown", "zone", &w.text(&zone.name));
        alerts.push(Alert { kind: "few", shape: "?", text });
    }
    for lift in flow.lifts.iter().filter(|lift| !lift.working) {
        alerts.push(Alert {
            kind: "bad",
            shape: "✕",
            text: format!("{}: {}", w.text(&lift.name), w.text(&lift.without)),
        });
    }
    for sensor in &flow.sensors {
        if matches!(sensor.state(), SensorState::Offline | SensorState::Degraded) {
            let text = format!("{}: {}", w.text(&sensor.name), w.text(&sensor.problem));
            alerts.push(Alert { kind: "few", shape: "▲", text });
        }
    }
    alerts
}

/// Back to a zone's row, so that the next touch is where the finger is.
pub(super) fn back_to(zone: &str) -> String {
    let to = format!("/desk#zone-{zone}");
    if crate::page::own_path(&to).is_empty() { "/desk".to_owned() } else { to }
}

/// One more or one fewer, by hand. The same form sent again counts once. A page that stays where it is (`stay`) has a new
/// key for each press, and reads what has become of it.
pub(crate) async fn click(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    count_one(&edge, &guest, &guest.staff(DESK)?, &sent, &back_to(sent.get("zone"))).await
}

/// The same for whoever may, and back to where they were.
pub(crate) async fn count_one(
    edge: &Edge,
    guest: &Guest,
    caller: &Caller,
    sent: &Fields,
    back: &str,
) -> Result<Response, Problem> {
    let request = ClickZoneRequest {
        idempotency_key: sent.idempotency_key()?,
        zone_id: sent.get("zone").to_owned(),
        people: sent.choice("people"),
    };
    let done = answer(edge.zones(caller).click_zone(request)).await;
    let w = &guest.words;
    let say = |it: &Zone| {
        let view = zone(w, it);
        format!("{}: {} ({})", view.name, view.count, view.level)
    };
    match &done {
        Ok(it) if sent.is_on("stay") => Ok(say(it).into_response()),
        _ => outcome(edge, guest, done, |it| Notice::good(say(&it)), back).await,
    }
}
