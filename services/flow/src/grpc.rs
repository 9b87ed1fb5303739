//! The gRPC face of flow: reads and checks what was sent, calls commands, answers. No decisions.

pub(crate) mod board;
mod calls;
mod conflicts;
pub(crate) mod directives;
mod door;
mod headcount;
mod journal;
mod scanner;
mod show_list;
pub(crate) mod zones;

use std::pin::Pin;

use chrono::{DateTime, TimeDelta, Utc};
use futures::{Stream, StreamExt};
use kernel::{
    Access, Caller, Db, Live, Role, Who,
    identity::IssuedAt,
    values::{self, InvalidField, invalid},
};
use sky_proto::flow::v1::{self as pb, flow_server::Flow};
use tonic::{Request, Response, Status};

use crate::{
    commands::{self, Code, FLOW_TOPIC},
    domain::{Admission, AdmissionState, HouseState, calls::GroupState, clock::Policy, scan::Kind},
    error::Error,
    events, store,
};

pub(crate) use door::{DOOR_ACCESS, DoorGrpc};
pub(crate) use scanner::Scanner;

/// Whoever works here may see how full the house is; visitors see the monitors.
const STAFF: &[Who] = &[
    Who::Staff(Role::Desk),
    Who::Staff(Role::Operator),
    Who::Staff(Role::Kitchen),
    Who::Staff(Role::Attendant),
    Who::Device("scanner"),
    Who::AnyService,
];
const ALARM: &[Who] =
    &[Who::Staff(Role::Desk), Who::Staff(Role::Operator), Who::Staff(Role::Kitchen), Who::Staff(Role::Attendant)];
const DOOR: &[Who] = &[Who::Staff(Role::Desk), Who::Staff(Role::Operator)];

/// Who may call what.
pub(crate) const ACCESS: Access = Access {
    service: "sky.flow.v1.Flow",
    methods: &[
        ("GetFlow", STAFF),
        ("WatchFlow", STAFF),
        ("CorrectZone", DOOR),
        ("MoveAdmission", DOOR),
        ("Scan", &[Who::Device("scanner"), Who::Staff(Role::Desk), Who::Staff(Role::Operator)]),
        // Whoever sees the fire starts an evacuation; all else is the door's.
        ("SetHouseState", ALARM),
        // The kitchen: whoever hands out finds the party of one person's ticket.
        ("FindParty", &[Who::Staff(Role::Desk), Who::Staff(Role::Operator), Who::Staff(Role::Kitchen)]),
    ],
};

/// The window of showings that a live stream shows.
pub(crate) const WATCHED_BEFORE: TimeDelta = TimeDelta::hours(6);
pub(crate) const WATCHED_AHEAD: TimeDelta = TimeDelta::hours(18);
const LONGEST_WINDOW: TimeDelta = TimeDelta::days(62);
/// More people than any zone holds is a typing error.
const MOST_PEOPLE: u32 = 10_000;

/// The server.
#[derive(Debug)]
pub(crate) struct FlowGrpc {
    db: Db,
    scans: Scanner,
    flow: Live<pb::FlowSnapshot>,
}

impl FlowGrpc {
    pub(crate) const fn new(db: Db, scans: Scanner, flow: Live<pb::FlowSnapshot>) -> Self {
        Self { db, scans, flow }
    }

    async fn find_party(&self, reference: &str) -> Result<pb::Party, Error> {
        let code = match self.scans.code(reference) {
            Ok(code) if !matches!(code, Code::Unknown | Code::Forged) => code,
            _ => {
                let problem = "is no reference like K7QM-3F9A and no code of this house; check it letter by letter";
                return Err(invalid("reference", problem).into());
            }
        };
        let mut conn = self.db.pool().acquire().await?;
        let now = self.db.clock().now();
        let party = store::party_wanted(&mut conn, code.wanted(), None, now).await?.ok_or(Error::NoParty)?;
        Ok(events::party(&party))
    }
}

/// House, zones and the admissions that start in a window.
pub(crate) async fn snapshot(db: &Db, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<pb::FlowSnapshot, Error> {
    let mut conn = db.pool().acquire().await?;
    let now = db.clock().now();
    // The revision first: a change after it is a reason to load again, never a change missed.
    let revision = store::revision(&mut conn).await?;
    // Counters before zones: beside one that is silent no number stands that it told.
    let sensors = store::sensors::all(&mut conn).await?;
    let zones = store::zones(&mut conn).await?;
    let admissions = store::admissions(&mut conn, from, until).await?;
    let policy = store::policy(&mut conn).await?;
    let showings: Vec<_> = admissions.iter().map(|admission| admission.showing).collect();
    let mut groups = store::groups(&mut conn, &showings).await?;
    groups.retain(|group| group.state != GroupState::Closed);
    let foyer = commands::foyer(&zones);
    let call_groups =
        admissions.iter().flat_map(|admission| events::groups(&groups, admission, policy, foyer)).collect();
    let mut snapshot = pb::FlowSnapshot {
        revision,
        house: Some(events::house_on_clock(&store::house(&mut conn).await?, policy)),
        zones: zones.iter().map(events::zone).collect(),
        admissions: events::admissions_on_clock(&admissions, policy),
        observed_at: Some(values::timestamp(now)),
        call_groups,
        queue_numbers: calls::numbers(&mut conn, values::day_of(now), now).await?,
        open_scan_conflicts: store::open_conflicts(&mut conn).await?,
        sensors: sensors.iter().map(events::zones::sensor).collect(),
        ..Default::default()
    };
    board::fill(&mut conn, &mut snapshot, &zones, &admissions, now).await?;
    Ok(snapshot)
}

/// An admission with what the clock proposes.
async fn on_clock(db: &Db, admission: &Admission) -> Result<pb::Admission, Error> {
    let policy: Policy = store::policy(&mut *db.reader().await?).await?;
    Ok(events::admission_on_clock(admission, policy, None))
}

/// Whether it is one of those who run the door, and so may set every state of the house.
fn runs_the_door(caller: &Caller) -> bool {
    let runs = |role: &Role| matches!(role, Role::Desk | Role::Operator | Role::Admin);
    matches!(caller, Caller::Staff { roles, .. } if roles.iter().any(runs))
}

const fn is_staff(caller: &Caller) -> bool {
    matches!(caller, Caller::Staff { .. })
}

fn admission_state(value: i32) -> Result<AdmissionState, InvalidField> {
    match values::choice("to", value)? {
        pb::AdmissionState::Planned => Ok(AdmissionState::Planned),
        pb::AdmissionState::DoorsOpen => Ok(AdmissionState::DoorsOpen),
        pb::AdmissionState::LastCall => Ok(AdmissionState::LastCall),
        pb::AdmissionState::Running => Ok(AdmissionState::Running),
        pb::AdmissionState::Egress => Ok(AdmissionState::Egress),
        pb::AdmissionState::Turnover => Ok(AdmissionState::Turnover),
        pb::AdmissionState::Closed => Ok(AdmissionState::Closed),
        pb::AdmissionState::Aborted => Ok(AdmissionState::Aborted),
        pb::AdmissionState::Cancelled => Err(invalid("to", "a showing is cancelled with CancelShowing of journey")),
        pb::AdmissionState::Unspecified => Err(invalid("to", "is missing")),
    }
}

fn house_state(value: i32) -> Result<HouseState, InvalidField> {
    match values::choice("state", value)? {
        pb::HouseState::Normal => Ok(HouseState::Normal),
        pb::HouseState::Crowded => Ok(HouseState::Crowded),
        pb::HouseState::AdmissionStopped => Ok(HouseState::AdmissionStopped),
        pb::HouseState::Evacuating => Ok(HouseState::Evacuating),
        pb::HouseState::AllClear => Ok(HouseState::AllClear),
        pb::HouseState::Unspecified => Err(invalid("state", "is missing")),
    }
}

#[tonic::async_trait]
impl Flow for FlowGrpc {
    type WatchFlowStream = Pin<Box<dyn Stream<Item = Result<pb::FlowSnapshot, Status>> + Send>>;

    async fn get_flow(&self, request: Request<pb::GetFlowRequest>) -> Result<Response<pb::FlowSnapshot>, Status> {
        let is_staff = is_staff(&self.scans.devices.hear(&request).await?);
        let request = request.into_inner();
        let (from, until) = (values::time("from", request.from)?, values::time("until", request.until)?);
        if until <= from || until - from > LONGEST_WINDOW {
            return Err(invalid("until", "must be later than `from`, by at most 62 days").into());
        }
        Ok(Response::new(board::told_to(is_staff, snapshot(&self.db, from, until).await?)))
    }

    async fn watch_flow(
        &self,
        request: Request<pb::WatchFlowRequest>,
    ) -> Result<Response<Self::WatchFlowStream>, Status> {
        let devices = self.scans.devices.clone();
        let (caller, issued_at) = (devices.hear(&request).await?, IssuedAt::of(&request));
        let stream = self.flow.watch(FLOW_TOPIC, request.into_inner().after_revision).await?;
        let told = stream.then(move |told| {
            let (devices, caller) = (devices.clone(), caller.clone());
            async move {
                devices.admit(&caller, issued_at).await?;
                Ok(board::told_to(is_staff(&caller), told?))
            }
        });
        Ok(Response::new(Box::pin(told)))
    }

    async fn correct_zone(&self, request: Request<pb::CorrectZoneRequest>) -> Result<Response<pb::Zone>, Status> {
        let by = Caller::of(&request).for_the_record();
        let request = request.into_inner();
        let id = values::slug("zone_id", &request.zone_id)?.to_owned();
        let reason = values::text("reason", &request.reason, 200)?;
        if reason.is_empty() {
            return Err(invalid("reason", "is missing; say in a few words why").into());
        }
        if request.count > MOST_PEOPLE {
            return Err(invalid("count", format!("is more than {MOST_PEOPLE}")).into());
        }
        let zone = self
            .db
            .transact(move |tx| {
                Box::pin(async move { commands::correct_zone(tx, &id, request.count, &reason, &by).await })
            })
            .await?;
        Ok(Response::new(events::zone(&zone)))
    }

    async fn move_admission(
        &self,
        request: Request<pb::MoveAdmissionRequest>,
    ) -> Result<Response<pb::Admission>, Status> {
        let by = Caller::of(&request).for_the_record();
        let request = request.into_inner();
        let showing = values::id("showing_id", &request.showing_id)?;
        let to = admission_state(request.to)?;
        let moved = match commands::move_at_once(&self.db, showing, to, &by).await {
            Ok(moved) => moved,
            // Perhaps only a connection was gone; a repeated step changes nothing.
            Err(Error::Database(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let (admission, policy) = match moved {
            Some(moved) => moved,
            None => {
                self.db
                    .transact(move |tx| Box::pin(async move { commands::move_admission(tx, showing, to, &by).await }))
                    .await?
            }
        };
        Ok(Response::new(events::admission_on_clock(&admission, policy, None)))
    }

    async fn scan(&self, request: Request<pb::ScanRequest>) -> Result<Response<pb::ScanResponse>, Status> {
        Ok(Response::new(self.scans.scan(Kind::Entry, &request).await?))
    }

    async fn set_house_state(&self, request: Request<pb::SetHouseStateRequest>) -> Result<Response<pb::House>, Status> {
        let caller = Caller::of(&request);
        let by = caller.for_the_record();
        let request = request.into_inner();
        let state = house_state(request.state)?;
        let reason = values::text("reason", &request.reason, 200)?;
        let exercise = request.exercise;
        if !runs_the_door(&caller) && (exercise || state != HouseState::Evacuating) {
            return Err(Status::permission_denied("Your role starts an evacuation, and nothing else of the house."));
        }
        if exercise && state != HouseState::Evacuating {
            return Err(invalid("exercise", "is for an evacuation only; leave it out").into());
        }
        let house = self.db.transact(move |tx| Box::pin(commands::set_house(tx, state, exercise, reason, by))).await?;
        Ok(Response::new(events::house(&house)))
    }

    async fn find_party(&self, request: Request<pb::FindPartyRequest>) -> Result<Response<pb::Party>, Status> {
        Ok(Response::new(self.find_party(&request.into_inner().reference).await?))
    }
}
