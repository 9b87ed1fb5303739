//! The gRPC face of the barriers: for staff, and for the controllers of lanes. No decisions.

use std::pin::Pin;

use chrono::{DateTime, TimeDelta, Utc};
use futures::{Stream, StreamExt};
use kernel::{
    Access, Caller, Context, Db, EndedDevices, Live, Role, Tx, Who,
    identity::{IssuedAt, Keys},
    values::{self, InvalidField, day_of, invalid, midnight},
};
use prost::Message;
use prost_types::Timestamp;
use sky_proto::parking::v1::{self as pb, gates_server::Gates};
use tonic::{Request, Response, Status};

use super::{bay_class, shown};
use crate::{
    commands::{
        gates::{self, Wanted},
        journal::{self, Passed},
        plates,
    },
    domain::{
        BayClass,
        gates::{Action, MOST_ENTRIES, Step},
        lanes::Credential,
    },
    error::Error,
    events, store,
};

const LANE: &[Who] = &[Who::Device("lane")];

/// Who may call what.
pub(crate) const ACCESS: Access = Access {
    service: "sky.parking.v1.Gates",
    methods: &[
        ("ListLanes", &[Who::Staff(Role::Attendant), Who::Staff(Role::Operator), Who::Staff(Role::Desk)]),
        ("CommandGate", &[Who::Staff(Role::Attendant), Who::Staff(Role::Operator)]),
        ("WatchOrders", LANE),
        ("ReportLane", LANE),
        ("ConfirmCommand", LANE),
        ("FetchLocalList", LANE),
        ("SubmitLaneJournal", LANE),
    ],
};

const LONGEST_REASON: usize = 200;
/// So many commands of each lane are shown to staff.
const LATEST: i64 = 5;

/// The server.
#[derive(Debug)]
pub(crate) struct GatesGrpc {
    db: Db,
    keys: Keys,
    orders: Live<()>,
    devices: EndedDevices,
}

impl GatesGrpc {
    pub(crate) fn new(context: &Context, devices: EndedDevices) -> Self {
        let db = context.db.clone();
        // The value is what it rings for: the orders are fetched, and so dispatched, by each controller that hears it.
        let orders = Live::new(context, gates::ORDERS_TOPIC, move |lane| {
            let db = db.clone();
            Box::pin(async move {
                let mut conn = db.pool().acquire().await.map_err(Error::from)?;
                let lane = store::gates::lane(&mut conn, &lane).await?.ok_or(Error::NoLane(lane))?;
                Ok((lane.revision, ()))
            })
        });
        Self { db: context.db.clone(), keys: context.keys.clone(), orders, devices }
    }
}

/// A controller speaks for its own lane alone.
pub(super) fn own_lane(caller: &Caller, lane: &str) -> Result<String, Status> {
    let lane = values::slug("lane", lane)?.to_owned();
    match caller {
        Caller::Device { id, .. } if *id == lane => Ok(lane),
        _ => Err(Status::permission_denied("A controller speaks for its own lane alone.")),
    }
}

fn action(value: i32) -> Result<Action, InvalidField> {
    match values::choice("action", value)? {
        pb::GateAction::Open => Ok(Action::Open),
        pb::GateAction::HoldOpen => Ok(Action::HoldOpen),
        pb::GateAction::Close => Ok(Action::Close),
        pb::GateAction::Unspecified => Err(invalid("action", "is missing")),
    }
}

/// What a device says in words of its own, as far as it is shown. No word of it keeps back that it was heard.
fn device_words(text: &str) -> String {
    let words =
        text.split(|letter: char| letter.is_whitespace() || letter.is_control()).filter(|word| !word.is_empty());
    match words.collect::<Vec<_>>().join(" ") {
        // It says something, and nobody knows what.
        said if said.is_empty() && !text.trim().is_empty() => "?".to_owned(),
        said => said.chars().take(LONGEST_REASON).collect(),
    }
}

fn step(request: &pb::ConfirmCommandRequest) -> Result<Step, InvalidField> {
    use pb::confirm_command_request::Step as Told;
    match values::choice("step", request.step)? {
        Told::Acknowledged => Ok(Step::Acknowledged),
        Told::Confirmed => Ok(Step::Confirmed),
        Told::Failed => Ok(Step::Failed(device_words(&request.failure))),
        Told::Unspecified => Err(invalid("step", "is missing")),
    }
}

async fn fetch(db: &Db, lane: String) -> Result<pb::LaneOrders, Error> {
    db.transact(move |tx: &mut Tx| {
        Box::pin(async move {
            let (lane, orders) = gates::orders(tx, &lane).await?;
            Ok(events::gates::orders(&lane, &orders))
        })
    })
    .await
}

/// An instant by a device's clock, which may stand in any year; None: it is no time at all.
fn device_time(at: Option<Timestamp>) -> Option<DateTime<Utc>> {
    let at = at?;
    DateTime::from_timestamp(at.seconds, u32::try_from(at.nanos).ok()?)
}

/// A car of a journal, as far as that can be read: it has passed. None: it has no id, so that nobody could tell it from a
/// repeat.
fn passed(keys: &Keys, entry: &pb::JournalEntry, skew: TimeDelta, now: DateTime<Utc>) -> Option<Passed> {
    let class = bay_class(entry.bay_class).unwrap_or(BayClass::Standard);
    Some(Passed {
        key: values::id("entries.entry_id", &entry.entry_id).ok()?,
        at: device_time(entry.at).and_then(|at| at.checked_add_signed(skew)).unwrap_or(now),
        credential: shown(keys, &entry.code).unwrap_or(Credential::Anonymous(Some(class))),
        by_hand: entry.by_hand,
        class,
    })
}

#[tonic::async_trait]
impl Gates for GatesGrpc {
    type WatchOrdersStream = Pin<Box<dyn Stream<Item = Result<pb::LaneOrders, Status>> + Send>>;

    async fn list_lanes(&self, _: Request<pb::ListLanesRequest>) -> Result<Response<pb::ListLanesResponse>, Status> {
        let now = self.db.clock().now();
        Ok(Response::new(pb::ListLanesResponse { lanes: self.lanes(now).await? }))
    }

    async fn command_gate(
        &self,
        request: Request<pb::CommandGateRequest>,
    ) -> Result<Response<pb::GateCommand>, Status> {
        let by = Caller::of(&request).for_the_record();
        let request = request.into_inner();
        let wanted = Wanted {
            key: values::id("idempotency_key", &request.idempotency_key)?,
            lane: values::slug("lane", &request.lane)?.to_owned(),
            action: action(request.action)?,
            reason: values::text("reason", &request.reason, LONGEST_REASON)?,
            by,
        };
        if wanted.reason.is_empty() {
            return Err(invalid("reason", "is missing; a few words are enough").into());
        }
        let command = self.db.transact(move |tx| Box::pin(gates::command(tx, wanted))).await?;
        Ok(Response::new(events::gates::command(&command)))
    }

    async fn watch_orders(
        &self,
        request: Request<pb::WatchOrdersRequest>,
    ) -> Result<Response<Self::WatchOrdersStream>, Status> {
        let (caller, issued_at) = (self.devices.hear(&request).await?, IssuedAt::of(&request));
        let lane = own_lane(&caller, &request.get_ref().lane)?;
        let rings = self.orders.watch(&lane, request.get_ref().after_revision).await?;
        let (db, devices) = (self.db.clone(), self.devices.clone());
        let orders = rings.then(move |ring| {
            let (db, devices, caller, lane) = (db.clone(), devices.clone(), caller.clone(), lane.clone());
            async move {
                ring?;
                devices.admit(&caller, issued_at).await?;
                Ok(fetch(&db, lane).await?)
            }
        });
        Ok(Response::new(Box::pin(orders)))
    }

    async fn report_lane(&self, request: Request<pb::ReportLaneRequest>) -> Result<Response<pb::LaneOrders>, Status> {
        let lane = own_lane(&self.devices.hear(&request).await?, &request.get_ref().lane)?;
        let request = request.into_inner();
        let fault = device_words(&request.fault);
        let orders = self.db.transact(move |tx| {
            Box::pin(async move {
                let (lane, orders) = gates::report(tx, &lane, request.held_open, fault).await?;
                Ok::<_, Error>(events::gates::orders(&lane, &orders))
            })
        });
        Ok(Response::new(orders.await?))
    }

    async fn confirm_command(
        &self,
        request: Request<pb::ConfirmCommandRequest>,
    ) -> Result<Response<pb::GateCommand>, Status> {
        let Caller::Device { id: lane, .. } = self.devices.hear(&request).await? else {
            return Err(Status::permission_denied("A controller speaks for its own lane alone."));
        };
        let request = request.into_inner();
        let id = values::id("command_id", &request.command_id)?;
        let step = step(&request)?;
        let command =
            self.db.transact(move |tx| Box::pin(async move { gates::confirm(tx, &lane, id, step).await })).await?;
        Ok(Response::new(events::gates::command(&command)))
    }

    async fn fetch_local_list(
        &self,
        request: Request<pb::FetchLocalListRequest>,
    ) -> Result<Response<pb::SignedLocalList>, Status> {
        let lane = own_lane(&self.devices.hear(&request).await?, &request.get_ref().lane)?;
        let of = lane.clone();
        let list = self.db.transact(move |tx| Box::pin(async move { journal::local_list(tx, &of).await })).await?;
        let list = events::gates::local_list(&lane, &list, |day| plates::day_key(&self.keys, day))?.encode_to_vec();
        let signature = self.keys.sign_list(&list);
        let (public_key, earlier_public_keys) = (self.keys.ticket_public_key(), self.keys.earlier_ticket_public_keys());
        Ok(Response::new(pb::SignedLocalList { list, signature, public_key, earlier_public_keys }))
    }

    async fn submit_lane_journal(
        &self,
        request: Request<pb::SubmitLaneJournalRequest>,
    ) -> Result<Response<pb::SubmitLaneJournalResponse>, Status> {
        let lane = own_lane(&self.devices.hear(&request).await?, &request.get_ref().lane)?;
        let request = request.into_inner();
        if request.entries.len() > MOST_ENTRIES {
            return Err(invalid("entries", "are more than 1000; send them in parts").into());
        }
        let now = self.db.clock().now();
        // A clock of which nothing is told is taken for right.
        let skew = device_time(request.device_now).map_or(TimeDelta::zero(), |device| now - device);
        let entries: Vec<Passed> =
            request.entries.iter().filter_map(|entry| passed(&self.keys, entry, skew, now)).collect();
        let refused = request.entries.len() - entries.len();
        let summary =
            self.db.transact(move |tx| Box::pin(async move { journal::submit(tx, &lane, entries).await })).await?;
        Ok(Response::new(events::gates::summary(summary, refused)))
    }
}

/// Pure reads.
impl GatesGrpc {
    async fn lanes(&self, now: DateTime<Utc>) -> Result<Vec<pb::Lane>, Error> {
        let mut conn = self.db.pool().acquire().await?;
        let lanes = store::gates::lanes(&mut conn).await?;
        let commands = store::gates::latest(&mut conn, LATEST).await?;
        let by_hand = store::gates::told_by_hand(&mut conn, midnight(day_of(now))).await?;
        let clocks = store::plates::wrong_clocks(&mut conn).await?;
        Ok(lanes.iter().map(|lane| events::gates::lane(lane, &commands, &by_hand, &clocks, now)).collect())
    }
}
