//! Counting: the people counters with their state and tokens, what each has sent, an empty house set to nobody, and
//! where others read how full it is.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use futures::StreamExt;
use kernel::{Caller, Role};
use sky_proto::flow::v1::{
    FlowSnapshot, IssueSensorTokenRequest, ListSensorPushesRequest, RezeroZonesRequest, RezeroZonesResponse, Sensor,
    SensorState, SetSensorStateRequest, WatchFlowRequest,
};

use super::{
    super::desk_actions::{outcome, refused},
    ticking, zones,
};
use crate::{
    edge::{Edge, answer, first},
    fields::Fields,
    live::{self, After, Fragment},
    page::{self, DESK, Frame, html},
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

const HERE: &str = "/desk/counters";
/// Enough to see a pattern.
const MOST_PUSHES: u32 = 30;

#[derive(Template)]
#[template(path = "desk-counters.html", blocks = ["live"])]
struct CountersPage {
    w: Frame,
    revision: u64,
    observed: String,
    sensors: Vec<SensorView>,
    /// When something came last whose token is none; empty: nothing today.
    refused: String,
    /// Puts counters to work and gives them tokens; the desk looks on.
    may_set: bool,
}

struct SensorView {
    id: String,
    name: String,
    state: String,
    kind: &'static str,
    shape: &'static str,
    problem: String,
    since: String,
    /// Empty: nothing has ever come from it.
    seen: String,
    zones: String,
    lost: i64,
    skew: i64,
    moves: Vec<(i32, String)>,
}

fn may_set(caller: &Caller) -> bool {
    let works = |role: &Role| matches!(role, Role::Operator | Role::Admin);
    matches!(caller, Caller::Staff { roles, .. } if roles.iter().any(works))
}

fn sensor(w: &Words, flow: &FlowSnapshot, it: &Sensor) -> SensorView {
    use SensorState::{Commissioning, Degraded, Offline, Online, Retired, Unspecified};
    let (key, kind, shape, moves): (_, _, _, &[(SensorState, &str)]) = match it.state() {
        Commissioning | Unspecified => {
            ("sensor-trial", "plain", "○", &[(Online, "sensor-to-work"), (Retired, "sensor-retire")])
        }
        Online => ("sensor-online", "good", "●", &[(Commissioning, "sensor-to-trial"), (Retired, "sensor-retire")]),
        Degraded => ("sensor-degraded", "few", "▲", &[(Online, "sensor-to-work"), (Commissioning, "sensor-to-trial")]),
        Offline => ("sensor-offline", "bad", "✕", &[(Commissioning, "sensor-to-trial"), (Retired, "sensor-retire")]),
        Retired => ("sensor-retired", "plain", "■", &[(Commissioning, "sensor-to-trial")]),
    };
    let named = |id: &String| flow.zones.iter().find(|zone| zone.zone_id == *id).map(|zone| w.text(&zone.name));
    let zones: Vec<String> = it.zone_ids.iter().filter_map(named).collect();
    SensorView {
        id: it.sensor_id.clone(),
        name: w.text(&it.name),
        state: w.t(key),
        kind,
        shape,
        problem: w.text(&it.problem),
        since: w.day_and_time(&it.since),
        seen: match it.last_seen_at {
            Some(_) => w.day_and_time(&it.last_seen_at),
            None => String::new(),
        },
        zones: zones.join(", "),
        lost: i64::try_from(it.lost_packages).unwrap_or(i64::MAX),
        skew: it.clock_skew_seconds.into(),
        moves: moves.iter().map(|(to, key)| ((*to).into(), w.t(key))).collect(),
    }
}

fn view(w: Frame, caller: &Caller, flow: &FlowSnapshot) -> CountersPage {
    CountersPage {
        revision: flow.revision,
        observed: w.time(&flow.observed_at),
        sensors: flow.sensors.iter().map(|it| sensor(&w, flow, it)).collect(),
        refused: flow.refused_push_at.map(|at| w.time(&Some(at))).unwrap_or_default(),
        may_set: may_set(caller),
        w,
    }
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let flow = first(edge.flow(&caller).watch_flow(WatchFlowRequest { after_revision: 0 })).await?;
    page::page(&view(guest.frame(guest.words.t("counters-title")), &caller, &flow))
}

pub(crate) async fn live(State(edge): State<Arc<Edge>>, guest: Guest, _: After) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let flows = answer(edge.flow(&caller).watch_flow(WatchFlowRequest { after_revision: 0 })).await?;
    let frame = guest.frame(String::new());
    let fragments = ticking(flows).map(move |flow| {
        let flow = flow?;
        let view = view(frame.clone(), &caller, &flow);
        Ok(Fragment { revision: flow.revision, html: html(view.as_live().render())? })
    });
    Ok(live::respond(&edge, fragments))
}

/// On trial, to work, or retired.
pub(crate) async fn set_state(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = SetSensorStateRequest { sensor_id: id, state: sent.choice("to") };
    let set = answer(edge.zones(&caller).set_sensor_state(request)).await;
    let w = &guest.words;
    let say = |it: Sensor| {
        let view = sensor(w, &FlowSnapshot::default(), &it);
        Notice::good(format!("{}: {}", view.name, view.state))
    };
    outcome(&edge, &guest, set, say, HERE).await
}

#[derive(Template)]
#[template(path = "desk-token.html")]
struct TokenPage {
    w: Frame,
    sensor: String,
    token: String,
}

/// A new token, shown once: it is on this page and nowhere else.
pub(crate) async fn issue_token(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = IssueSensorTokenRequest { sensor_id: id.clone() };
    match answer(edge.zones(&caller).issue_sensor_token(request)).await {
        Ok(issued) => {
            let mut w = guest.frame(guest.words.t("token-title"));
            // The language links cannot issue it again.
            HERE.clone_into(&mut w.path);
            page::page(&TokenPage { w, sensor: id, token: issued.token })
        }
        Err(status) => refused(&edge, &guest, status, HERE).await,
    }
}

#[derive(Template)]
#[template(path = "desk-pushes.html")]
struct PushesPage {
    w: Frame,
    sensor: String,
    pushes: Vec<PushView>,
}

struct PushView {
    at: String,
    status: u32,
    is_good: bool,
    size: u64,
    problem: String,
}

/// What a counter has sent, and what it was answered.
pub(crate) async fn pushes(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = ListSensorPushesRequest { sensor_id: id.clone(), limit: MOST_PUSHES };
    let list = answer(edge.zones(&caller).list_sensor_pushes(request)).await?;
    let w = guest.frame(guest.words.t("pushes-title"));
    let pushes = list.pushes.into_iter().map(|push| PushView {
        at: w.day_and_time(&push.at),
        status: push.status,
        is_good: push.status < 300,
        size: push.size,
        problem: push.problem,
    });
    page::page(&PushesPage { pushes: pushes.collect(), sensor: id, w })
}

/// Nobody is in: somebody has walked through the whole house.
pub(crate) async fn rezero(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let w = &guest.words;
    if !sent.is_on("sure") {
        return outcome(&edge, &guest, Ok(()), |()| Notice::bad(w.t("desk-unsure")), HERE).await;
    }
    let done = answer(edge.zones(&caller).rezero_zones(RezeroZonesRequest { verified_empty: true })).await;
    let say = |done: RezeroZonesResponse| {
        let rooms = done.zones.iter().filter(|zone| zones::is_room(zone)).count();
        Notice::good(w.n("rezero-done", i64::try_from(rooms).unwrap_or(i64::MAX)))
    };
    outcome(&edge, &guest, done, say, HERE).await
}
