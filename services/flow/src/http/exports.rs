//! How full the house is, for others: FIWARE's `CrowdFlowObserved`, and a live status in the words of theme parks.
//! Numbers only, no person; small; with an `ETag` that changes at most once a minute.

use axum::{extract::State, http::HeaderMap, response::Response};
use chrono::{DateTime, DurationRound, SecondsFormat, TimeDelta, Utc};
use kernel::{
    Db,
    open_data::reply,
    values::{day_of, from_timestamp},
};
use serde_json::{Value, json};
use sky_proto::flow::v1::{CallGroup, CallGroupState, Estimate, EstimateKind};
use uuid::Uuid;

use crate::{
    commands,
    domain::{
        Admission, AdmissionState, HouseState, Level,
        calls::Group,
        queue::{self, Chance, Number, NumberState},
        zones::Kind,
    },
    error::Error,
    events,
    grpc::board::estimates,
    store,
};

/// So far back people are counted by direction.
const OBSERVED: TimeDelta = TimeDelta::minutes(15);
/// Showings of so many hours ahead are told.
const AHEAD: TimeDelta = TimeDelta::hours(18);

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `GET /open/v1/crowd-flow-observed`
pub(super) async fn crowd_flow(State(db): State<Db>, headers: HeaderMap) -> Response {
    reply(observed(&db).await, &headers)
}

async fn observed(db: &Db) -> Result<Value, Error> {
    let now = db.clock().now();
    let until = now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now);
    let from = until - OBSERVED;
    let mut conn = db.pool().acquire().await?;
    let zones = store::zones(&mut conn).await?;
    let traffic = store::history::traffic(&mut conn, from, until).await?;
    let entity = |zone: &crate::domain::Zone| {
        let mut entity = json!({
            "id": format!("urn:ngsi-ld:CrowdFlowObserved:{}", zone.id),
            "type": "CrowdFlowObserved",
            "name": zone.name.de,
            "dateObservedFrom": rfc3339(from),
            "dateObservedTo": rfc3339(until),
            "congested": zone.level >= Level::Red,
            "direction": "inbound",
        });
        // What is not known is left out; it is not 0.
        if let Some(people) = zone.told() {
            entity["peopleCount"] = people.into();
        }
        // Nor are those all who came and went whom the others have seen beside a silent counter.
        let seen = traffic.iter().find(|(id, ..)| *id == zone.id && zone.told().is_some() && !zone.silent);
        if let Some((_, came, gone)) = seen {
            entity["peopleCountTowards"] = (*came).into();
            entity["peopleCountAway"] = (*gone).into();
        }
        entity
    };
    Ok(zones.iter().filter(|zone| zone.kind != Kind::Level).map(entity).collect())
}

/// `GET /open/v1/live`
pub(super) async fn live(State(db): State<Db>, headers: HeaderMap) -> Response {
    reply(status(&db).await, &headers)
}

async fn status(db: &Db) -> Result<Value, Error> {
    let now = db.clock().now();
    let mut conn = db.pool().acquire().await?;
    let house = store::house(&mut conn).await?;
    let zones = store::zones(&mut conn).await?;
    let admissions = store::admissions(&mut conn, now - TimeDelta::hours(6), now + AHEAD).await?;
    let waits = estimates(&mut conn, &zones, &admissions, now).await?;
    let ids: Vec<Uuid> = admissions.iter().map(|admission| admission.showing).collect();
    let groups = store::groups(&mut conn, &ids).await?;
    let (policy, foyer) = (store::policy(&mut conn).await?, commands::foyer(&zones));
    let numbers = store::numbers(&mut conn, day_of(now)).await?;
    let to_come = |admission: &&Admission| {
        !matches!(admission.state, AdmissionState::Cancelled | AdmissionState::Turnover | AdmissionState::Closed)
    };
    let mut halls: Vec<&str> = admissions.iter().map(|admission| admission.hall.as_str()).collect();
    halls.sort_unstable();
    halls.dedup();
    let entities = halls.into_iter().map(|hall| {
        let here: Vec<&Admission> =
            admissions.iter().filter(|admission| admission.hall == hall).filter(to_come).collect();
        let status = match house.state {
            HouseState::Evacuating | HouseState::AdmissionStopped => "DOWN",
            _ if here.is_empty() => "CLOSED",
            _ => "OPERATING",
        };
        let wait = wait_minutes(&waits, &here);
        let returns = return_time(&here, &numbers, policy.no_shows_percent, status == "DOWN", now);
        let mut queues = json!({"STANDBY": {"waitTime": wait}, "RETURN_TIME": returns});
        // Of the showing that people are let in to, else of the next one.
        let is_let_in = |it: &&&Admission| {
            let waits =
                matches!(it.state, AdmissionState::Planned | AdmissionState::DoorsOpen | AdmissionState::LastCall);
            // One whose doors were never opened is over all the same.
            waits && it.is_on(now)
        };
        if let Some(next) = here.iter().filter(is_let_in).min_by_key(|it| it.starts_at) {
            let of_it: Vec<Group> = groups.iter().filter(|group| group.showing == next.showing).cloned().collect();
            let told = events::groups(&of_it, next, policy, foyer);
            if !told.is_empty() {
                queues["BOARDING_GROUP"] = boarding(&told, status == "DOWN", wait);
            }
        }
        json!({
            "id": hall,
            "status": status,
            "queue": queues,
            "showtimes": here.iter().map(|admission| json!({
                "type": "PERFORMANCE",
                "startTime": rfc3339(admission.starts_at),
                "endTime": rfc3339(admission.predicted_end_at),
            })).collect::<Vec<_>>(),
        })
    });
    Ok(json!({"liveData": entities.collect::<Vec<_>>()}))
}

/// When somebody without a ticket would come back who took a place now: between doors and last entry of the next showing for
/// everybody that has one left for them, behind those who wait with a number. The house calls numbers, and gives none of them a
/// time of its own. As the door knows it: somebody may be buying one just now.
fn return_time(here: &[&Admission], numbers: &[Number], no_shows: u32, is_down: bool, now: DateTime<Utc>) -> Value {
    use AdmissionState::{DoorsOpen, LastCall, Planned};
    let is_to_come =
        |it: &&&Admission| it.is_public && matches!(it.state, Planned | DoorsOpen | LastCall) && now < it.last_entry_at;
    let one = |showing: Uuid| Number {
        day: day_of(now),
        number: u32::MAX,
        showing: Some(showing),
        people: 1,
        state: NumberState::Waiting,
        issued_at: now,
        called_at: None,
    };
    let has_place = |it: &&&Admission| {
        let hall = (it.capacity.saturating_sub(it.booked), it.capacity);
        queue::estimate(&one(it.showing), numbers, Some(hall), no_shows).chance == Chance::Likely
    };
    let to_come = || here.iter().filter(is_to_come);
    let next = to_come().filter(has_place).min_by_key(|it| it.starts_at).filter(|_| !is_down);
    let state = match next {
        Some(_) => "AVAILABLE",
        None if to_come().next().is_some() => "TEMP_FULL",
        None => "FINISHED",
    };
    json!({
        "state": state,
        "returnStart": next.map(|it| rfc3339(it.doors_at.max(now))),
        "returnEnd": next.map(|it| rfc3339(it.last_entry_at)),
    })
}

/// Which groups are called to a door, and when the next one is. Without numbers: the one that needs assistance.
fn boarding(groups: &[CallGroup], is_down: bool, wait: Option<u32>) -> Value {
    use CallGroupState::{Boarding, Called, Formed, Recalled};
    let is_calling = |group: &&CallGroup| matches!(group.state(), Called | Boarding | Recalled);
    let calling = || groups.iter().filter(is_calling).filter(|group| !group.assistance).map(|group| group.number);
    let next = groups.iter().find(|group| group.state() == Formed);
    let status = match next {
        Some(next) if is_down || next.held_back.is_some() => "PAUSED",
        None if !groups.iter().any(|group| is_calling(&group)) => "CLOSED",
        _ if is_down => "PAUSED",
        _ => "AVAILABLE",
    };
    json!({
        "allocationStatus": status,
        "currentGroupStart": calling().min(),
        "currentGroupEnd": calling().max(),
        "nextAllocationTime": next.filter(|_| status == "AVAILABLE").map(|it| rfc3339(from_timestamp(it.due_at))),
        "estimatedWait": wait,
    })
}

/// Minutes that the queue at the door takes at its pace, rounded up; null: not known.
fn wait_minutes(waits: &[Estimate], here: &[&Admission]) -> Option<u32> {
    let at_door = |wait: &&Estimate| {
        wait.kind() == EstimateKind::Door
            && here.iter().any(|admission| admission.showing.to_string() == wait.showing_id)
    };
    waits.iter().find(at_door).map(|wait| (wait.people * 60).div_ceil(wait.per_hour.max(1)))
}
