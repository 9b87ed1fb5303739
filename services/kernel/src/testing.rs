//! Test support: a whole process on a database of its own and a NATS prefix of its own, with a clock
//! that the test moves. Real PostgreSQL, real NATS: `TEST_DATABASE_URL` and `TEST_NATS_URL` name them
//! (`deploy/test` starts both).

mod broker;
mod database;

use std::{collections::BTreeMap, sync::OnceLock, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64;
use prost::{Message, Name};
use sqlx::PgPool;
use tokio::sync::OnceCell;
use tonic::{service::interceptor::InterceptedService, transport::Channel};
use uuid::Uuid;

use crate::{
    Boot, BoxFuture, Caller, Clock, Context, Event, Failure, Parts, Role, Running, Service, Settings, Tx,
    broker::Broker,
    identity::Keys,
    keeping,
    operations::{Room, Rooms},
    relay::{PUB_SEQ, Relay},
};

pub use broker::{TestBroker, free_port};
pub use database::TestDb;

/// When test houses open: a Saturday noon in Halle.
#[must_use]
pub fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_863_600, 0).unwrap_or_default()
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run the tests with deploy/test, or under `sky servers -- cargo test …`")
    })
}

/// By so many minutes [`noon`] is ahead of the machine's clock; the same for all processes of a test.
pub fn ahead_to_noon() -> i32 {
    static AHEAD: OnceLock<i32> = OnceLock::new();
    *AHEAD.get_or_init(|| i32::try_from((noon() - crate::clock::wall_now()).num_minutes()).unwrap_or_default())
}

/// The clock of processes that are started with [`settings`].
#[must_use]
pub fn process_clock() -> Clock {
    Clock::ahead(TimeDelta::minutes(ahead_to_noon().into()))
}

/// A running process for a test.
#[derive(Debug)]
pub struct House {
    /// The process.
    pub running: Running,
    /// The clock that the test moves.
    pub clock: Clock,
    /// The house's keys.
    pub keys: Keys,
    /// Its settings, for starting a second process on the same house.
    pub settings: Settings,
    services: Vec<Service>,
    // Dropped last.
    db: TestDb,
}

/// Settings on a fresh database and prefix. A process that is started with them opens at [`noon`] whenever the test runs,
/// and its clock goes on.
#[must_use]
pub fn settings(db: &TestDb) -> Settings {
    crate::tls::install();
    Settings {
        database_url: db.url.clone(),
        nats_url: variable("TEST_NATS_URL"),
        identity_key: BASE64.encode(&[7; 32]),
        ticket_key: BASE64.encode(&[8; 32]),
        nats_prefix: format!("t-{}", Uuid::new_v4().simple()),
        grpc_listen: "127.0.0.1:0".to_owned(),
        http_listen: "127.0.0.1:0".to_owned(),
        pool_size: 5,
        clock_ahead_minutes: ahead_to_noon(),
        ..Settings::default()
    }
}

impl House {
    /// Starts services at [`noon`] on the house's clock, which stands still until moved.
    pub async fn start(services: &[Service]) -> Self {
        Self::start_at(services, Clock::manual(noon()), BTreeMap::new()).await
    }

    /// Starts services with a clock and settings of single services.
    pub async fn start_at(
        services: &[Service],
        clock: Clock,
        own: BTreeMap<String, BTreeMap<String, toml::Value>>,
    ) -> Self {
        Self::start_with(services, clock, |settings| settings.services = own).await
    }

    /// Starts services with settings changed by the test.
    pub async fn start_with(services: &[Service], clock: Clock, change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_on(TestDb::migrated(services).await, services, clock, change).await
    }

    /// The same on a database that has all tables, and perhaps more.
    async fn start_on(db: TestDb, services: &[Service], clock: Clock, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings(&db);
        change(&mut settings);
        let boot =
            Boot { services: services.to_vec(), settings: settings.clone(), clock: clock.clone(), migrate: false };
        let running = crate::run(boot).await.expect("the test house starts");
        let keys = settings.keys().expect("test keys");
        Self { running, clock, keys, settings, services: services.to_vec(), db }
    }

    /// Ends the process and starts it again on the same data.
    pub async fn restart(self) -> Self {
        self.restart_with(|_| {}).await
    }

    /// The same with settings that have changed meanwhile.
    pub async fn restart_with(self, change: impl FnOnce(&mut Settings)) -> Self {
        let Self { running, clock, mut settings, services, db, .. } = self;
        running.shutdown().await;
        change(&mut settings);
        let keys = settings.keys().expect("test keys");
        let boot = Boot { services: services.clone(), settings: settings.clone(), clock: clock.clone(), migrate: true };
        let running = crate::run(boot).await.expect("the test house starts again");
        Self { running, clock, keys, settings, services, db }
    }

    /// Ends the process. What it has written is there as long as the answer is.
    pub async fn stop(self) -> TestDb {
        self.running.shutdown().await;
        self.db
    }

    fn room(&self, service: &str) -> &Room {
        self.running.by_name.get(service).unwrap_or_else(|| panic!("{service} does not run in this test"))
    }

    /// A service's schema, to look into.
    #[must_use]
    pub fn pool(&self, service: &str) -> &PgPool {
        self.room(service).db.pool()
    }

    /// A service's door to its schema.
    #[must_use]
    pub fn db(&self, service: &str) -> &crate::Db {
        &self.room(service).db
    }

    /// The URL of the house's database.
    #[must_use]
    pub fn database_url(&self) -> &str {
        &self.db.url
    }

    /// A network channel to the process as somebody: `XClient::new(house.channel(&caller))`.
    pub fn channel(
        &self,
        caller: &Caller,
    ) -> InterceptedService<
        Channel,
        impl FnMut(tonic::Request<()>) -> Result<tonic::Request<()>, tonic::Status> + Clone + use<>,
    > {
        self.channel_with((*caller != Caller::Nobody).then(|| self.keys.sign(caller)))
    }

    /// The same with this very token, or none.
    pub fn channel_with(
        &self,
        token: Option<String>,
    ) -> InterceptedService<
        Channel,
        impl FnMut(tonic::Request<()>) -> Result<tonic::Request<()>, tonic::Status> + Clone + use<>,
    > {
        let channel = Channel::from_shared(format!("http://{}", self.running.grpc)).expect("an address").connect_lazy();
        InterceptedService::new(channel, move |mut request: tonic::Request<()>| {
            if let Some(token) = &token {
                request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().expect("ASCII"));
            }
            Ok(request)
        })
    }

    /// Runs one reaction of `service` to an event of `producer`, outside of positions and order:
    /// call it twice, late or in another order to test that the domain can bear it.
    ///
    /// # Errors
    /// The reaction's.
    pub async fn react<M: Message + Name>(
        &self,
        service: &str,
        producer: &str,
        aggregate: &str,
        event: &M,
    ) -> Result<(), Failure> {
        let follower = self
            .room(service)
            .followers
            .iter()
            .find(|follower| follower.producer == producer)
            .unwrap_or_else(|| panic!("{service} does not consume {producer}"));
        follower
            .react_alone(Event {
                pub_seq: 0,
                event_id: Uuid::now_v7(),
                aggregate_id: aggregate.to_owned(),
                aggregate_version: 1,
                type_name: M::full_name(),
                payload: event.encode_to_vec(),
                occurred_at: self.clock.now(),
                traceparent: String::new(),
            })
            .await
    }

    /// Appends an event to a service's outbox as a command would; it travels the real way.
    pub async fn emit<M: Message + Name + 'static>(&self, producer: &str, aggregate: &str, event: M) {
        let aggregate = aggregate.to_owned();
        self.transact(producer, move |tx| Box::pin(async move { tx.append(&aggregate, &event).await }))
            .await
            .expect("event appended");
    }

    /// Runs something in a service's transaction.
    ///
    /// # Errors
    /// What it answers.
    pub async fn transact<T: Send + 'static, E: From<sqlx::Error> + Send + 'static>(
        &self,
        service: &str,
        work: impl for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    ) -> Result<T, E> {
        self.room(service).db.transact(work).await
    }

    /// The events of a service of one type, in order, decoded.
    pub async fn events<M: Message + Name + Default>(&self, service: &str) -> Vec<M> {
        let payloads: Vec<Vec<u8>> = sqlx::query_scalar("select payload from outbox where type = $1 order by seq")
            .bind(M::full_name())
            .fetch_all(self.pool(service))
            .await
            .expect("outbox read");
        payloads.iter().map(|payload| M::decode(payload.as_slice()).expect("our own event")).collect()
    }

    /// Waits until every event is published and every consumer of this process is at its producer's
    /// head; at most a minute of real time.
    pub async fn settle(&self) {
        let settled = tokio::time::timeout(Duration::from_secs(60), async {
            while !self.is_settled().await {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        assert!(settled.is_ok(), "events did not settle: {:#?}", self.running.health().await);
    }

    /// Looks twice: what a reaction appended during the first look is seen by the second.
    async fn is_settled(&self) -> bool {
        self.nothing_under_way().await && self.nothing_under_way().await
    }

    async fn nothing_under_way(&self) -> bool {
        let rooms = self.running.by_name.values();
        for room in rooms.clone() {
            let waiting = "select exists (select 1 from outbox where pub_seq is null)";
            if sqlx::query_scalar(waiting).fetch_one(room.db.pool()).await.unwrap_or(true) {
                return false;
            }
        }
        for follower in rooms.flat_map(|room| &room.followers) {
            let Some(producer) = self.running.by_name.get(follower.producer) else {
                continue;
            };
            let head = Rooms::head(&producer.db).await.unwrap_or(i64::MAX);
            if follower.reached.behind(follower.position().await.unwrap_or(-1)) < head {
                return false;
            }
        }
        true
    }
}

/// What many tests of a process begin with, made once: each starts on a copy of it.
#[derive(Debug, Default)]
pub struct Furnished(OnceCell<TestDb>);

impl Furnished {
    /// Nothing is made yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceCell::const_new())
    }

    /// A house that `furnish` was done in, at [`noon`]. Its event logs are empty: all that was told is applied.
    pub async fn start(
        &self,
        services: &[Service],
        clock: Clock,
        furnish: impl AsyncFnOnce(&House),
        change: impl FnOnce(&mut Settings),
    ) -> House {
        let furnished = self.0.get_or_init(async || {
            let house = House::start(services).await;
            furnish(&house).await;
            house.settle().await;
            let db = house.stop().await;
            db.freeze(services).await;
            db
        });
        House::start_on(furnished.await.copy().await, services, clock, change).await
    }
}

/// Looking into the event log, and bending it, for the fault tests.
impl House {
    /// Hands events to a service's consumer as the bus would, in the given order.
    pub async fn deliver(&self, service: &str, producer: &str, events: &[Event]) {
        let follower = self
            .room(service)
            .followers
            .iter()
            .find(|follower| follower.producer == producer)
            .expect("a consumer of that producer");
        follower.apply_all(events).await;
    }

    fn relay(&self, service: &str, broker: Broker) -> Relay {
        Relay::new(self.room(service).db.clone(), broker, self.settings.event_log_days)
    }

    /// What the relay does about old events now and then. Answers how many it deleted.
    pub async fn delete_old_events(&self, service: &str) -> u64 {
        let db = &self.room(service).db;
        let before = self.clock.now() - TimeDelta::days(self.settings.event_log_days.into());
        keeping::delete_old(&mut db.reader().await.expect("a connection"), before).await.expect("deleted").events
    }

    /// Lets a consumer ask its producer for what it has not applied; true when it then is at the head.
    pub async fn catches_up(&self, service: &str, producer: &str) -> bool {
        let follower = self.room(service).followers.iter().find(|follower| follower.producer == producer);
        follower.expect("a consumer of that producer").catch_up().await;
        let head = Rooms::head(&self.room(producer).db).await.expect("head");
        self.position(service, producer).await == head
    }

    /// The process's metrics, as `/metrics` shows them.
    #[must_use]
    pub fn metrics(&self) -> String {
        crate::telemetry::metrics().render()
    }

    /// A second relay of a service, at work although it does not lead; ends with the house.
    pub async fn second_relay(&self, service: &str) {
        let broker =
            Broker::connect(&self.settings.nats_url, &self.settings.nats_prefix, "second-relay").await.expect("broker");
        self.running.background().spawn_until_stop(self.relay(service, broker).run());
    }

    /// A relay that slept since before `pub_seq` was published tries to publish it now.
    ///
    /// # Errors
    /// The broker's refusal.
    pub async fn relay_wakes_up_late(&self, service: &str, pub_seq: i64) -> Result<(), String> {
        let broker = Broker::connect(&self.settings.nats_url, &self.settings.nats_prefix, "late-relay")
            .await
            .map_err(|error| error.to_string())?;
        self.relay(service, broker).wake_up_late(pub_seq).await
    }

    /// The last row and the last place in the stream that a relay goes on from when it looked at the stream
    /// after `last` events and at the marks only now.
    ///
    /// # Errors
    /// The broker's or the database's.
    pub async fn relay_compares_late(&self, service: &str, last: i64) -> Result<(i64, u64), String> {
        let broker = Broker::connect(&self.settings.nats_url, &self.settings.nats_prefix, "late-relay")
            .await
            .map_err(|error| error.to_string())?;
        self.relay(service, broker).compare_late(last).await
    }

    /// The positions (`Sky-Pub-Seq`) of the messages in a service's stream, in stream order.
    pub async fn stream_positions(&self, service: &str) -> Vec<i64> {
        let broker =
            Broker::connect(&self.settings.nats_url, &self.settings.nats_prefix, "look").await.expect("broker");
        let stream = broker.jetstream.get_stream(broker.stream_name(service)).await.expect("stream");
        let state = stream.get_info().await.expect("info").state;
        let mut positions = Vec::new();
        for sequence in state.first_sequence..=state.last_sequence {
            let message = stream.direct_get(sequence).await.expect("message");
            positions.push(message.headers.get(PUB_SEQ).expect("position").as_str().parse().expect("number"));
        }
        positions
    }

    /// How many of `producer`'s messages the bus has still to bring to `service`, or brings again until they are
    /// acknowledged.
    pub async fn on_the_bus(&self, service: &str, producer: &str) -> u64 {
        let broker =
            Broker::connect(&self.settings.nats_url, &self.settings.nats_prefix, "look").await.expect("broker");
        let consumer = broker.provision_consumer(producer, service).await.expect("consumer");
        let info = consumer.get_info().await.expect("info");
        info.num_pending + info.num_ack_pending as u64
    }

    /// The position up to which `service` has applied `producer`'s events.
    pub async fn position(&self, service: &str, producer: &str) -> i64 {
        let follower = self.room(service).followers.iter().find(|follower| follower.producer == producer);
        let follower = follower.expect("a consumer of that producer");
        follower.reached.behind(follower.position().await.expect("position"))
    }
}

/// A stand-in for a service that a test needs only as a producer of events (with [`House::emit`]):
/// real outbox, real relay, real log, no domain.
#[must_use]
pub const fn producer(name: &'static str) -> Service {
    fn build(_: Context) -> BoxFuture<'static, anyhow::Result<Parts>> {
        Box::pin(async { Ok(Parts::default()) })
    }
    Service {
        name,
        migrations: || sqlx::migrate::Migrator { ignore_missing: true, ..sqlx::migrate::Migrator::DEFAULT },
        build,
    }
}

/// A member of staff with one role.
#[must_use]
pub fn staff(role: Role) -> Caller {
    Caller::Staff { account: format!("test-{}", role.name()), roles: vec![role] }
}

/// A visitor who has opened a visit's page.
#[must_use]
pub fn visitor(visit: Option<Uuid>) -> Caller {
    Caller::Visitor { session: "test".to_owned(), visit }
}
