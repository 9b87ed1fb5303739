//! The API: checks what comes in, calls commands, answers. Decides nothing else than who may act for
//! which display.

pub mod alerts;
pub mod devices;
pub mod programmes;
mod stream;
mod wire;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Access, Caller, Combiner, Db, Role, Who,
    clock::wall_now,
    values::{self, Text, invalid, timestamp},
};
use serde_json::json;
use sky_proto::signage::v1::{self as pb, signage_server::Signage};
use stream::{Updates, Watcher};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::{
    board::Board,
    commands,
    domain::{Class, LONGEST_MESSAGE, Message, leave_the_house, stay_calm},
    error::Error,
    events,
    feeds::Feeds,
    sightings::Sightings,
    store::{self, Said},
};

const DESK: Who = Who::Staff(Role::Desk);
const OPERATOR: Who = Who::Staff(Role::Operator);
const KITCHEN: Who = Who::Staff(Role::Kitchen);
const ATTENDANT: Who = Who::Staff(Role::Attendant);
const DISPLAY: Who = Who::Device("display");

/// Who may call what.
pub const ACCESS: Access = Access {
    service: "sky.signage.v1.Signage",
    methods: &[
        ("ListDisplays", &[DESK, OPERATOR, KITCHEN, ATTENDANT, Who::Service("portal"), Who::Service("sky")]),
        ("GetContent", &[DISPLAY, DESK, OPERATOR, KITCHEN, ATTENDANT, Who::Service("portal")]),
        ("WatchDisplay", &[DISPLAY, DESK, OPERATOR, KITCHEN, ATTENDANT, Who::Service("portal")]),
        ("AcknowledgeContent", &[DISPLAY]),
        ("PublishMessage", &[DESK, OPERATOR]),
        ("WithdrawMessage", &[DESK, OPERATOR]),
        ("ListMessages", &[DESK, OPERATOR, KITCHEN, ATTENDANT, Who::Service("portal")]),
        ("GetStandby", &[DISPLAY, DESK, OPERATOR, KITCHEN, ATTENDANT, Who::Service("portal")]),
        ("RestoreMessage", &[DESK, OPERATOR]),
        ("ListAudit", &[DESK, OPERATOR]),
    ],
};

/// The longest message, in characters a language.
const LONGEST_TEXT: usize = 200;
/// Acts on a page of the audit log.
const AUDIT_PAGE: u32 = 50;
const LONGEST_AUDIT_PAGE: u32 = 200;

/// The gRPC services.
#[derive(Clone, Debug)]
pub struct Api {
    /// Its schema.
    pub db: Db,
    /// The wall, and the displays that watch.
    pub board: Board,
    /// Which displays are there.
    pub sightings: Sightings,
    /// What displays say that they show.
    pub acknowledgements: Combiner<Said, (), Error>,
    /// The feeds of official warnings.
    pub feeds: Feeds,
    /// When the process stops.
    pub stop: CancellationToken,
}

#[tonic::async_trait]
impl Signage for Api {
    async fn list_displays(
        &self,
        _: Request<pb::ListDisplaysRequest>,
    ) -> Result<Response<pb::ListDisplaysResponse>, Status> {
        Ok(Response::new(pb::ListDisplaysResponse { displays: self.listed(false).await? }))
    }

    async fn get_content(&self, request: Request<pb::GetContentRequest>) -> Result<Response<pb::Content>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let display_id = values::slug("display_id", &request.display_id)?;
        may_act_for(&caller, display_id)?;
        let shown = store::shown(self.db.pool(), display_id).await?;
        Ok(Response::new(wire::content(display_id, shown.revision, &shown.content, shown.computed_at)))
    }

    type WatchDisplayStream = Updates;

    async fn watch_display(&self, request: Request<pb::WatchDisplayRequest>) -> Result<Response<Updates>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let display_id = values::slug("display_id", &request.display_id)?.to_owned();
        may_act_for(&caller, &display_id)?;
        let told = self.board.screens.watch(&self.db, &display_id).await?;
        // Staff who look at a display's content do not make the display alive.
        let sightings = matches!(caller, Caller::Device { .. }).then(|| self.sightings.clone());
        if let Some(sightings) = &sightings {
            sightings.note(&display_id, None);
        }
        let watcher = Watcher::new(display_id, told, request.after_revision, sightings, self.db.clock().clone());
        Ok(Response::new(watcher.updates(self.stop.clone())))
    }

    async fn acknowledge_content(
        &self,
        request: Request<pb::AcknowledgeContentRequest>,
    ) -> Result<Response<pb::AcknowledgeContentResponse>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let display_id = values::slug("display_id", &request.display_id)?.to_owned();
        may_act_for(&caller, &display_id)?;
        let revision = i64::try_from(request.revision).unwrap_or(i64::MAX);
        self.acknowledgements.run(Said { display_id, revision }).await?;
        Ok(Response::new(pb::AcknowledgeContentResponse {}))
    }

    async fn publish_message(
        &self,
        request: Request<pb::PublishMessageRequest>,
    ) -> Result<Response<pb::Message>, Status> {
        let who = Caller::of(&request).for_the_record();
        let (request, board) = (request.into_inner(), self.board.clone());
        let key = values::id("idempotency_key", &request.idempotency_key)?;
        let published = self.db.transact(move |tx| {
            Box::pin(async move {
                if let Some(first) = tx.first_answer("PublishMessage", key, &request).await? {
                    return Ok::<_, Error>(first);
                }
                let message = new_message(&request, tx.now())?;
                commands::publish(tx, &board, &message).await?;
                commands::record(tx, &who, "publish_message", &message.message_id.to_string(), said(&message)).await?;
                let answer = events::message(&message);
                tx.remember("PublishMessage", key, &request, &answer).await?;
                Ok(answer)
            })
        });
        Ok(Response::new(published.await?))
    }

    async fn withdraw_message(
        &self,
        request: Request<pb::WithdrawMessageRequest>,
    ) -> Result<Response<pb::Message>, Status> {
        let who = Caller::of(&request).for_the_record();
        let message_id = values::id("message_id", &request.into_inner().message_id)?;
        let board = self.board.clone();
        let withdrawn = self
            .db
            .transact(move |tx| {
                Box::pin(async move {
                    let message = commands::withdraw(tx, &board, message_id).await?;
                    commands::record(tx, &who, "withdraw_message", &message_id.to_string(), said(&message)).await?;
                    Ok::<_, Error>(message)
                })
            })
            .await?;
        Ok(Response::new(events::message(&withdrawn)))
    }

    async fn restore_message(
        &self,
        request: Request<pb::RestoreMessageRequest>,
    ) -> Result<Response<pb::Message>, Status> {
        let who = Caller::of(&request).for_the_record();
        let message_id = values::id("message_id", &request.into_inner().message_id)?;
        let board = self.board.clone();
        let restored = self
            .db
            .transact(move |tx| {
                Box::pin(async move {
                    let message = commands::restore(tx, &board, message_id).await?;
                    commands::record(tx, &who, "restore_message", &message_id.to_string(), said(&message)).await?;
                    Ok::<_, Error>(message)
                })
            })
            .await?;
        Ok(Response::new(events::message(&restored)))
    }

    async fn list_messages(
        &self,
        _: Request<pb::ListMessagesRequest>,
    ) -> Result<Response<pb::ListMessagesResponse>, Status> {
        let found = store::standby::messages(self.db.pool(), self.db.clock().now()).await?;
        let screens = store::standby::screens(self.db.pool()).await?;
        let expired = |message| pb::Message { state: pb::MessageState::Expired.into(), ..events::message(message) };
        Ok(Response::new(pb::ListMessagesResponse {
            messages: found.shown.iter().map(|message| wire::message(message, &screens)).collect(),
            just_withdrawn: found.withdrawn.iter().map(events::message).collect(),
            just_expired: found.expired.iter().map(expired).collect(),
        }))
    }

    async fn list_audit(
        &self,
        request: Request<pb::ListAuditRequest>,
    ) -> Result<Response<pb::ListAuditResponse>, Status> {
        let request = request.into_inner();
        let limit = match request.limit {
            0 => AUDIT_PAGE,
            limit if limit <= LONGEST_AUDIT_PAGE => limit,
            _ => return Err(invalid("limit", "must be 1 to 200, or 0 for 50").into()),
        };
        let before =
            i64::try_from(request.before_id).map_err(|_| invalid("before_id", "is none that ListAudit answered"))?;
        let about = values::text("about", &request.about, LONGEST_TEXT)?;
        let acts = store::audit::page(self.db.pool(), before, &about, limit.into()).await?;
        let is_full = acts.len() == usize::try_from(limit).unwrap_or(usize::MAX);
        let next = acts.last().filter(|_| is_full).map_or(0, |act| act.id.unsigned_abs());
        let entry = |act: store::audit::Act| pb::AuditEntry {
            id: act.id.unsigned_abs(),
            at: Some(timestamp(act.at)),
            who: act.who,
            act: act.act,
            about: act.about,
            what: act.what.to_string(),
        };
        Ok(Response::new(pb::ListAuditResponse {
            entries: acts.into_iter().map(entry).collect(),
            next_before_id: next,
        }))
    }

    async fn get_standby(&self, request: Request<pb::GetStandbyRequest>) -> Result<Response<pb::Standby>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let display_id = values::slug("display_id", &request.display_id)?;
        may_act_for(&caller, display_id)?;
        let (base, metres) = store::standby::setup(self.db.pool(), display_id).await?;
        let now = self.db.clock().now();
        Ok(Response::new(pb::Standby {
            display_id: display_id.to_owned(),
            profile: base.setup.profile.name().to_owned(),
            viewing_distance_m: metres.unsigned_abs(),
            evacuation: Some(wire::content(display_id, 0, &leave_the_house(&base, now), now)),
            calm: Some(wire::content(display_id, 0, &stay_calm(&base), now)),
        }))
    }
}

/// A message for the record.
fn said(message: &Message) -> serde_json::Value {
    json!({
        "class": events::class(message.class).as_str_name(),
        "text": message.text.de,
        "group": message.group,
        "until": message.valid_until,
    })
}

impl Api {
    /// All displays that hang, or all that are retired, with their states.
    async fn listed(&self, retired: bool) -> Result<Vec<pb::Display>, Error> {
        self.sightings.write(&self.db).await?;
        let displays = store::list(self.db.pool(), retired).await?;
        let there = displays.iter().filter(|display| display.there);
        let dark: HashMap<&str, bool> = there.map(|it| (it.display_id.as_str(), it.dark)).collect();
        let mut standing_in: HashMap<String, Vec<String>> = HashMap::new();
        for display in displays.iter().filter(|display| display.silent) {
            // As Wall::stand_in does.
            let there = display.neighbours.iter().filter_map(|id| dark.get_key_value(id.as_str()));
            if let Some((neighbour, _)) = there.min_by_key(|(_, dark)| **dark) {
                standing_in.entry((*neighbour).to_owned()).or_default().push(display.display_id.clone());
            }
        }
        let (now, clock) = (wall_now(), self.db.clock());
        let answer = displays.into_iter().map(|display| {
            let since = display.shown_since.map_or(TimeDelta::zero(), |at| clock.now() - at);
            let standing_in_for = standing_in.remove(&display.display_id).unwrap_or_default();
            wire::listed(display, standing_in_for, since / i32::try_from(clock.speed()).unwrap_or(i32::MAX), now)
        });
        Ok(answer.collect())
    }
}

/// A display acts for itself only; staff were judged by the access table.
fn may_act_for(caller: &Caller, display_id: &str) -> Result<(), Error> {
    match caller {
        Caller::Device { id, .. } if id != display_id => Err(Error::OtherDisplay),
        _ => Ok(()),
    }
}

fn new_message(request: &pb::PublishMessageRequest, now: DateTime<Utc>) -> Result<Message, Error> {
    let class = match values::choice::<pb::PriorityClass>("priority_class", request.priority_class)? {
        pb::PriorityClass::Scheduled => Class::Scheduled,
        pb::PriorityClass::Operations => Class::Operations,
        pb::PriorityClass::Safety => Class::Safety,
        pb::PriorityClass::Evacuation => {
            return Err(invalid("priority_class", "evacuation is set for the whole house, with SetHouseState").into());
        }
        pb::PriorityClass::Default | pb::PriorityClass::Unspecified => {
            return Err(invalid("priority_class", "must be SCHEDULED, OPERATIONS or SAFETY").into());
        }
    };
    let text = Text::checked("text", request.text.clone(), LONGEST_TEXT, true)?;
    let group = match request.group.as_str() {
        "" => None,
        group => Some(values::slug("group", group)?.to_owned()),
    };
    let valid_until = values::time("valid_until", request.valid_until)?;
    if valid_until <= now {
        return Err(invalid("valid_until", "is in the past").into());
    }
    if valid_until > now + LONGEST_MESSAGE {
        return Err(invalid("valid_until", "is more than 24 hours ahead").into());
    }
    Ok(Message {
        beside: false,
        gravity: 0,
        hazard: None,
        message_id: values::new_id(now),
        class,
        text,
        group,
        published_at: now,
        valid_until,
        withdrawn: false,
        withdrawn_at: None,
        ended_by: None,
        earlier: Vec::new(),
    })
}
