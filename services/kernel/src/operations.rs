//! What the kernel serves for all services of a process: their event logs, their health, their dead
//! events, and the loading of a house file.

use std::{collections::HashMap, sync::Arc, sync::atomic::Ordering};

use sky_proto::kernel::v1::{self as pb, event_log_server::EventLog, operations_server::Operations};
use tonic::{Request, Response, Status};

use crate::{
    Access, Caller, Db, Event, HouseLoader, Role, Who,
    broker::Broker,
    error::{self, Code, Failure},
    follower::Follower,
    keeping, values,
};

/// Who may call the kernel's own services.
pub(crate) const ACCESS: [Access; 2] = [
    Access {
        service: "sky.kernel.v1.EventLog",
        methods: &[("Read", &[Who::AnyService]), ("Head", &[Who::AnyService])],
    },
    Access {
        service: "sky.kernel.v1.Operations",
        methods: &[
            ("GetHealth", &[Who::AnyService, Who::Staff(Role::Admin)]),
            ("ListDeadEvents", &[Who::AnyService, Who::Staff(Role::Admin)]),
            ("ReplayDeadEvent", &[Who::Service("sky"), Who::Staff(Role::Admin)]),
            ("LoadHouse", &[Who::Service("sky"), Who::Staff(Role::Admin)]),
        ],
    },
];

/// When the oldest event that the broker does not have was told, and how many are dead.
const WAITING: &str = "select least(
        (select min(occurred_at) from outbox where pub_seq is null),
        (select min(o.occurred_at) from outbox o, outbox_head h
         where o.pub_seq > h.published_up_to and o.published_at is null)),
    (select count(*) from dead_events)";

/// One running service, as operations sees it.
#[derive(Clone)]
pub(crate) struct Room {
    pub db: Db,
    pub followers: Vec<Follower>,
    pub house: Option<HouseLoader>,
}

/// All services of this process.
#[derive(Clone)]
pub(crate) struct Rooms {
    rooms: Arc<HashMap<&'static str, Room>>,
    broker: Broker,
}

/// A row of the dead events.
#[derive(sqlx::FromRow)]
struct Dead {
    producer: String,
    #[sqlx(flatten)]
    event: Event,
    error: String,
    attempts: i32,
    parked: bool,
    died_at: chrono::DateTime<chrono::Utc>,
}

impl Rooms {
    pub(crate) fn new(rooms: HashMap<&'static str, Room>, broker: Broker) -> Self {
        Self { rooms: Arc::new(rooms), broker }
    }

    fn room(&self, service: &str) -> Result<&Room, Status> {
        values::slug("service", service)?;
        self.rooms.get(service).ok_or_else(|| Status::not_found(format!("service: \"{service}\" does not run here")))
    }

    /// The position of the newest published event of a service.
    pub(crate) async fn head(db: &Db) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar("select last_pub_seq from outbox_head").fetch_one(db.pool()).await
    }

    /// Health of one service.
    pub(crate) async fn health(&self, name: &str, room: &Room) -> pb::ServiceHealth {
        let now = room.db.clock().now();
        let oldest: Result<(Option<chrono::DateTime<chrono::Utc>>, i64), sqlx::Error> =
            sqlx::query_as(WAITING).fetch_one(room.db.pool()).await;
        let mut consumers = Vec::new();
        for follower in &room.followers {
            let position = follower.reached.behind(follower.position().await.unwrap_or(0));
            let lag = (follower.head.load(Ordering::Relaxed) - position).max(0).unsigned_abs();
            metrics::gauge!("sky_consumer_lag", "service" => room.db.service(), "producer" => follower.producer)
                .set(lag as f64);
            consumers.push(pb::ConsumerHealth {
                producer: follower.producer.to_owned(),
                position: position.unsigned_abs(),
                lag,
                other_log: follower.other_log.load(Ordering::Relaxed),
                stuck: follower.stuck.load(Ordering::Relaxed),
            });
        }
        let (age, dead) = oldest.as_ref().map_or((0, 0), |(oldest, dead)| {
            (oldest.map_or(0, |at| (now - at).num_milliseconds().max(0).unsigned_abs()), dead.unsigned_abs())
        });
        metrics::gauge!("sky_outbox_age_seconds", "service" => room.db.service()).set(age as f64 / 1000.0);
        metrics::gauge!("sky_dead_events", "service" => room.db.service()).set(dead as f64);
        pb::ServiceHealth {
            service: name.to_owned(),
            database_ok: oldest.is_ok(),
            broker_ok: self.broker.client.connection_state() == async_nats::connection::State::Connected,
            outbox_age_ms: age,
            dead_events: dead,
            consumers,
        }
    }

    /// Health of all services, in the order of their names.
    pub(crate) async fn health_of_all(&self) -> Vec<pb::ServiceHealth> {
        let mut names: Vec<&&str> = self.rooms.keys().collect();
        names.sort();
        let mut all = Vec::new();
        for name in names {
            all.push(self.health(name, &self.rooms[*name]).await);
        }
        all
    }
}

#[tonic::async_trait]
impl EventLog for Rooms {
    async fn read(&self, request: Request<pb::ReadRequest>) -> Result<Response<pb::ReadResponse>, Status> {
        let pb::ReadRequest { service, after, limit } = request.into_inner();
        let room = self.room(&service)?;
        let limit = match limit {
            0 => 500,
            1..=1000 => i64::from(limit),
            _ => return Err(values::invalid("limit", "must be 1 to 1000, or 0 for 500").into()),
        };
        let after = i64::try_from(after).map_err(|_| values::invalid("after", "is larger than any position"))?;
        let events: Vec<Event> = sqlx::query_as(
            "select pub_seq, event_id, aggregate_id, aggregate_version, type, payload, occurred_at,
                    coalesce(headers ->> 'traceparent', '') as traceparent
             from outbox where pub_seq > $1 order by pub_seq limit $2",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(room.db.pool())
        .await
        .map_err(Failure::from)?;
        let events = events.iter().map(Event::to_logged).collect();
        Ok(Response::new(pb::ReadResponse { events }))
    }

    async fn head(&self, request: Request<pb::HeadRequest>) -> Result<Response<pb::HeadResponse>, Status> {
        let caller = Caller::of(&request);
        let pb::HeadRequest { service, position } = request.into_inner();
        let room = self.room(&service)?;
        let head = Self::head(&room.db).await.map_err(Failure::from)?;
        if let (Caller::Service(consumer), Some(position)) = (caller, position) {
            let position =
                i64::try_from(position).map_err(|_| values::invalid("position", "is larger than any position"))?;
            // Whoever is ahead of this log has applied another one.
            if position <= head {
                keeping::heard(&room.db, &consumer, position).await.map_err(Failure::from)?;
            }
        }
        Ok(Response::new(pb::HeadResponse { pub_seq: head.unsigned_abs() }))
    }
}

#[tonic::async_trait]
impl Operations for Rooms {
    async fn get_health(&self, _: Request<pb::GetHealthRequest>) -> Result<Response<pb::GetHealthResponse>, Status> {
        Ok(Response::new(pb::GetHealthResponse { services: self.health_of_all().await }))
    }

    async fn list_dead_events(
        &self,
        request: Request<pb::ListDeadEventsRequest>,
    ) -> Result<Response<pb::ListDeadEventsResponse>, Status> {
        let wanted = request.into_inner().service;
        if !wanted.is_empty() {
            self.room(&wanted)?;
        }
        let mut events = Vec::new();
        for (name, room) in self.rooms.iter().filter(|(name, _)| wanted.is_empty() || **name == wanted) {
            let dead: Vec<Dead> = sqlx::query_as("select * from dead_events order by producer, pub_seq")
                .fetch_all(room.db.pool())
                .await
                .map_err(Failure::from)?;
            events.extend(dead.into_iter().map(|dead| pb::DeadEvent {
                service: (*name).to_owned(),
                event: Some(dead.event.to_logged()),
                producer: dead.producer,
                error: dead.error,
                attempts: dead.attempts.unsigned_abs(),
                parked: dead.parked,
                died_at: Some(values::timestamp(dead.died_at)),
            }));
        }
        Ok(Response::new(pb::ListDeadEventsResponse { events }))
    }

    async fn replay_dead_event(
        &self,
        request: Request<pb::ReplayDeadEventRequest>,
    ) -> Result<Response<pb::ReplayDeadEventResponse>, Status> {
        let request = request.into_inner();
        let room = self.room(&request.service)?;
        values::slug("producer", &request.producer)?;
        let follower =
            room.followers.iter().find(|follower| follower.producer == request.producer).ok_or_else(|| {
                Status::not_found(format!("producer: {} does not consume \"{}\"", request.service, request.producer))
            })?;
        let pub_seq =
            i64::try_from(request.pub_seq).map_err(|_| values::invalid("pub_seq", "is larger than any position"))?;
        let applied = follower.replay(pub_seq).await?;
        Ok(Response::new(pb::ReplayDeadEventResponse { applied }))
    }

    async fn load_house(
        &self,
        request: Request<pb::LoadHouseRequest>,
    ) -> Result<Response<pb::LoadHouseResponse>, Status> {
        let pb::LoadHouseRequest { service, house_toml, check_only } = request.into_inner();
        let room = self.room(&service)?;
        let Some(loader) = room.house else {
            return Ok(Response::new(pb::LoadHouseResponse { summary: String::new() }));
        };
        let summary = (loader.check)(&house_toml).map_err(|problem| values::invalid("house_toml", problem))?;
        // Some of what is wrong only the database knows. So a check applies it too, and takes it back.
        let applied = room.db.transact(move |tx| {
            Box::pin(async move {
                (loader.apply)(tx, &house_toml).await.map_err(NotLoaded::Failed)?;
                if check_only { Err(NotLoaded::Checked) } else { Ok(()) }
            })
        });
        match applied.await {
            Ok(()) | Err(NotLoaded::Checked) => Ok(Response::new(pb::LoadHouseResponse { summary })),
            Err(NotLoaded::Failed(failure)) => Err(match failure.code {
                Code::Internal | Code::Unavailable => failure.into(),
                code => Status::new(code.grpc(), error::shortened(failure.message)),
            }),
        }
    }
}

/// Why a house file's transaction is taken back.
enum NotLoaded {
    Failed(Failure),
    /// It was to be checked alone.
    Checked,
}

impl From<sqlx::Error> for NotLoaded {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}
