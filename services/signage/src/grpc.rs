//! The API: checks what comes in, calls commands, answers. Decides nothing else than who may act for
//! which display.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt};
use kernel::{
    Access, Caller, Db, Live, Role, Who,
    clock::wall_now,
    values::{self, Text, invalid, timestamp},
};
use sky_proto::signage::v1::{self as pb, signage_server::Signage};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_stream::wrappers::IntervalStream;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    commands,
    domain::{Class, Content, LONGEST_MESSAGE, Line, Message, OFFLINE_AFTER, Status as ShowingStatus},
    error::Error,
    events,
    store::{self, Computed, Listed},
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
        ("AcknowledgeContent", &[DISPLAY, Who::Staff(Role::Admin)]),
        ("PublishMessage", &[DESK, OPERATOR]),
        ("WithdrawMessage", &[DESK, OPERATOR]),
    ],
};

/// The longest message, in characters a language.
const LONGEST_TEXT: usize = 200;
/// Real time between two beats of a watched display.
const BEAT: Duration = Duration::from_secs(2);
/// A watching display is noted as seen every so many beats.
const BEATS_PER_SIGHTING: usize = 5;

/// The gRPC service.
#[derive(Debug)]
pub struct Api {
    /// Its schema.
    pub db: Db,
    /// The contents of the displays, by id.
    pub contents: Live<Computed>,
}

type Updates = Pin<Box<dyn Stream<Item = Result<pb::DisplayUpdate, Status>> + Send>>;

#[tonic::async_trait]
impl Signage for Api {
    async fn list_displays(
        &self,
        _: Request<pb::ListDisplaysRequest>,
    ) -> Result<Response<pb::ListDisplaysResponse>, Status> {
        let displays = store::list(self.db.pool()).await?;
        let now = wall_now();
        let displays = displays.into_iter().map(|display| listed(display, now)).collect();
        Ok(Response::new(pb::ListDisplaysResponse { displays }))
    }

    async fn get_content(&self, request: Request<pb::GetContentRequest>) -> Result<Response<pb::Content>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let display_id = values::slug("display_id", &request.display_id)?;
        may_act_for(&caller, display_id)?;
        let computed = store::shown(self.db.pool(), display_id).await?;
        Ok(Response::new(content(computed)))
    }

    type WatchDisplayStream = Updates;

    async fn watch_display(&self, request: Request<pb::WatchDisplayRequest>) -> Result<Response<Updates>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let display_id = values::slug("display_id", &request.display_id)?.to_owned();
        may_act_for(&caller, &display_id)?;
        let contents = self.contents.watch(&display_id, request.after_revision).await?;
        let latest = Arc::new(AtomicU64::new(request.after_revision));
        let sent = latest.clone();
        let contents = contents.map(move |computed| {
            let content = content(computed?);
            sent.store(content.revision, Ordering::Relaxed);
            Ok(pb::DisplayUpdate { update: Some(pb::display_update::Update::Content(content)) })
        });
        // Staff who look at a display's content do not make the display alive.
        let device = matches!(caller, Caller::Device { .. }).then_some(display_id);
        if let Some(display_id) = &device {
            store::seen(self.db.pool(), display_id, wall_now()).await?;
        }
        Ok(Response::new(Box::pin(futures::stream::select(contents, self.beats(latest, device)))))
    }

    async fn acknowledge_content(
        &self,
        request: Request<pb::AcknowledgeContentRequest>,
    ) -> Result<Response<pb::AcknowledgeContentResponse>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let display_id = values::slug("display_id", &request.display_id)?.to_owned();
        may_act_for(&caller, &display_id)?;
        self.db
            .transact(move |tx| Box::pin(async move { commands::acknowledge(tx, &display_id, request.revision).await }))
            .await?;
        Ok(Response::new(pb::AcknowledgeContentResponse {}))
    }

    async fn publish_message(
        &self,
        request: Request<pb::PublishMessageRequest>,
    ) -> Result<Response<pb::Message>, Status> {
        let request = request.into_inner();
        let key = values::id("idempotency_key", &request.idempotency_key)?;
        let published = self.db.transact(move |tx| {
            Box::pin(async move {
                if let Some(first) = tx.first_answer("PublishMessage", key, &request).await? {
                    return Ok::<_, Error>(first);
                }
                let message = new_message(&request, tx.now())?;
                commands::publish(tx, &message).await?;
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
        let message_id = values::id("message_id", &request.into_inner().message_id)?;
        let withdrawn =
            self.db.transact(move |tx| Box::pin(async move { commands::withdraw(tx, message_id).await })).await?;
        Ok(Response::new(events::message(&withdrawn)))
    }
}

impl Api {
    /// A beat every two seconds of real time, so that a display notices a dead line; and the note
    /// that the display is there.
    fn beats(
        &self,
        latest: Arc<AtomicU64>,
        device: Option<String>,
    ) -> impl Stream<Item = Result<pb::DisplayUpdate, Status>> + Send + use<> {
        let mut ticks = interval_at(Instant::now() + BEAT, BEAT);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let db = self.db.clone();
        IntervalStream::new(ticks).enumerate().then(move |(count, _)| {
            let beat = pb::Beat { at: Some(timestamp(db.clock().now())), revision: latest.load(Ordering::Relaxed) };
            let sighting = device.clone().filter(|_| count % BEATS_PER_SIGHTING == BEATS_PER_SIGHTING - 1);
            let db = db.clone();
            async move {
                if let Some(display_id) = sighting
                    && let Err(error) = store::seen(db.pool(), &display_id, wall_now()).await
                {
                    tracing::debug!(display_id, %error, "sighting not noted; the next one will be");
                }
                Ok(pb::DisplayUpdate { update: Some(pb::display_update::Update::Beat(beat)) })
            }
        })
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
    Ok(Message { message_id: Uuid::now_v7(), class, text, group, published_at: now, valid_until, withdrawn: false })
}

fn listed(display: Listed, now: DateTime<Utc>) -> pb::Display {
    let state = match display.last_seen_at {
        None => pb::DisplayState::Unclaimed,
        Some(seen) if now - seen > OFFLINE_AFTER => pb::DisplayState::Offline,
        Some(_) => pb::DisplayState::Active,
    };
    let class = display.shown_class.and_then(Class::numbered).map(events::class).unwrap_or_default();
    pb::Display {
        display_id: display.display_id,
        name: Some(display.name.to_proto()),
        location: display.location,
        group: display.display_group,
        profile: display.profile,
        state: state.into(),
        revision: display.revision.unsigned_abs(),
        rendered_revision: display.rendered_revision.unsigned_abs(),
        rendered_at: display.rendered_at.map(timestamp),
        last_seen_at: display.last_seen_at.map(timestamp),
        shown_class: class.into(),
    }
}

fn content(computed: Computed) -> pb::Content {
    let Content { class, headline, lines, fallback } = computed.content.0;
    pb::Content {
        display_id: computed.display_id,
        revision: computed.revision.unsigned_abs(),
        priority_class: events::class(class).into(),
        headline: Some(headline.to_proto()),
        lines: lines.iter().map(line).collect(),
        computed_at: Some(timestamp(computed.computed_at)),
        fallback: Some(fallback.to_proto()),
    }
}

fn line(line: &Line) -> pb::Line {
    use crate::domain::{Arrow, Kind};
    let kind = match line.kind {
        Kind::Showing => "showing",
        Kind::Notice => "notice",
        Kind::Wayfinding => "wayfinding",
        Kind::Parking => "parking",
        Kind::Cafe => "cafe",
        Kind::Default => "default",
    };
    let status = line.status.map_or("", |status| match status {
        ShowingStatus::Planned => "planned",
        ShowingStatus::DoorsOpen => "doors_open",
        ShowingStatus::LastCall => "last_call",
        ShowingStatus::Running => "running",
        ShowingStatus::Delayed => "delayed",
        ShowingStatus::Cancelled => "cancelled",
    });
    let arrow = line.arrow.map_or("", |arrow| match arrow {
        Arrow::Up => "up",
        Arrow::Down => "down",
        Arrow::Left => "left",
        Arrow::Right => "right",
        Arrow::Ahead => "ahead",
    });
    pb::Line {
        kind: kind.to_owned(),
        text: Some(line.text.to_proto()),
        detail: Some(line.detail.to_proto()),
        starts_at: line.starts_at.map(timestamp),
        places_left: line.places_left,
        status: status.to_owned(),
        arrow: arrow.to_owned(),
        step_free: line.step_free,
        observed_at: Some(timestamp(line.observed_at)),
        valid_until: line.valid_until.map(timestamp),
        source: line.source.clone(),
    }
}
