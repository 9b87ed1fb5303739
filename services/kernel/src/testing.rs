//! Test support: a whole process on a database of its own and a NATS prefix of its own, with a clock
//! that the test moves. Real PostgreSQL, real NATS: `TEST_DATABASE_URL` and `TEST_NATS_URL` name them
//! (`deploy/test` starts both).

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use prost::{Message, Name};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool};
use tonic::{service::interceptor::InterceptedService, transport::Channel};
use uuid::Uuid;

use crate::{
    Boot, BoxFuture, Caller, Clock, Context, Event, Failure, Parts, Role, Running, Service,
    Settings, Tx,
    identity::Keys,
    operations::{Room, Rooms},
};

/// When test houses open: a Saturday noon in Halle.
#[must_use]
pub fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_863_600, 0).unwrap_or_default()
}

/// A database that lives as long as the test.
#[derive(Debug)]
pub struct TestDb {
    /// Its URL.
    pub url: String,
    admin: String,
    name: String,
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the tests with deploy/test, or under `sky servers -- cargo test …`"))
}

impl TestDb {
    /// An empty database.
    pub async fn create() -> Self {
        let admin = variable("TEST_DATABASE_URL");
        let name = format!("t_{}", Uuid::new_v4().simple());
        let mut connection = PgConnection::connect(&admin)
            .await
            .expect("TEST_DATABASE_URL is reachable");
        connection
            .execute(AssertSqlSafe(format!("create database {name}")))
            .await
            .expect("database created");
        let (base, _) = admin.rsplit_once('/').expect("a URL with a database");
        Self {
            url: format!("{base}/{name}"),
            admin,
            name,
        }
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let (admin, name) = (self.admin.clone(), self.name.clone());
        // A runtime of its own: the test's may be gone already.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&admin)
                    .await
                    .map_err(std::io::Error::other)?;
                connection
                    .execute(AssertSqlSafe(format!(
                        "drop database if exists {name} with (force)"
                    )))
                    .await
                    .map_err(std::io::Error::other)
            })
        })
        .join();
        if !matches!(dropped, Ok(Ok(_))) {
            eprintln!("test database {} was not dropped", self.name);
        }
    }
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

/// Settings on a fresh database and prefix.
#[must_use]
pub fn settings(db: &TestDb) -> Settings {
    Settings {
        database_url: db.url.clone(),
        nats_url: variable("TEST_NATS_URL"),
        identity_key: BASE64.encode(&[7; 32]),
        ticket_key: BASE64.encode(&[8; 32]),
        nats_prefix: format!("t-{}", Uuid::new_v4().simple()),
        grpc_listen: "127.0.0.1:0".to_owned(),
        http_listen: "127.0.0.1:0".to_owned(),
        pool_size: 5,
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
        let db = TestDb::create().await;
        let mut settings = settings(&db);
        settings.services = own;
        let boot = Boot {
            services: services.to_vec(),
            settings: settings.clone(),
            clock: clock.clone(),
            migrate: true,
        };
        let running = crate::run(boot).await.expect("the test house starts");
        let keys = settings.keys().expect("test keys");
        Self {
            running,
            clock,
            keys,
            settings,
            services: services.to_vec(),
            db,
        }
    }

    /// Ends the process and starts it again on the same data.
    pub async fn restart(self) -> Self {
        let Self {
            running,
            clock,
            keys,
            settings,
            services,
            db,
        } = self;
        running.shutdown().await;
        let boot = Boot {
            services: services.clone(),
            settings: settings.clone(),
            clock: clock.clone(),
            migrate: true,
        };
        let running = crate::run(boot).await.expect("the test house starts again");
        Self {
            running,
            clock,
            keys,
            settings,
            services,
            db,
        }
    }

    fn room(&self, service: &str) -> &Room {
        self.running
            .by_name
            .get(service)
            .unwrap_or_else(|| panic!("{service} does not run in this test"))
    }

    /// A service's schema, to look into.
    #[must_use]
    pub fn pool(&self, service: &str) -> &PgPool {
        self.room(service).db.pool()
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
        let channel = Channel::from_shared(format!("http://{}", self.running.grpc))
            .expect("an address")
            .connect_lazy();
        let token = (*caller != Caller::Nobody).then(|| self.keys.sign(caller));
        InterceptedService::new(channel, move |mut request: tonic::Request<()>| {
            if let Some(token) = &token {
                request.metadata_mut().insert(
                    "authorization",
                    format!("Bearer {token}").parse().expect("ASCII"),
                );
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
    pub async fn emit<M: Message + Name + 'static>(
        &self,
        producer: &str,
        aggregate: &str,
        event: M,
    ) {
        let aggregate = aggregate.to_owned();
        self.transact(producer, move |tx| {
            Box::pin(async move { tx.append(&aggregate, &event).await })
        })
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
        let payloads: Vec<Vec<u8>> =
            sqlx::query_scalar("select payload from outbox where type = $1 order by seq")
                .bind(M::full_name())
                .fetch_all(self.pool(service))
                .await
                .expect("outbox read");
        payloads
            .iter()
            .map(|payload| M::decode(payload.as_slice()).expect("our own event"))
            .collect()
    }

    /// Waits until every event is published and every consumer of this process is at its producer's
    /// head; at most 20 s of real time.
    pub async fn settle(&self) {
        let settled = tokio::time::timeout(Duration::from_secs(20), async {
            while !self.is_settled().await {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        assert!(
            settled.is_ok(),
            "events did not settle: {:#?}",
            self.running.health().await
        );
    }

    async fn is_settled(&self) -> bool {
        for room in self.running.by_name.values() {
            let waiting: bool =
                sqlx::query_scalar("select exists (select 1 from outbox where pub_seq is null)")
                    .fetch_one(room.db.pool())
                    .await
                    .unwrap_or(true);
            if waiting {
                return false;
            }
            for follower in &room.followers {
                let Some(producer) = self.running.by_name.get(follower.producer) else {
                    continue;
                };
                let head = Rooms::head(&producer.db).await.unwrap_or(i64::MAX);
                if follower.position().await.unwrap_or(-1) < head {
                    return false;
                }
            }
        }
        true
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
        migrations: || sqlx::migrate::Migrator {
            ignore_missing: true,
            ..sqlx::migrate::Migrator::DEFAULT
        },
        build,
    }
}

/// A member of staff with one role.
#[must_use]
pub fn staff(role: Role) -> Caller {
    Caller::Staff {
        account: format!("test-{}", role.name()),
        roles: vec![role],
    }
}

/// A visitor who has opened a visit's page.
#[must_use]
pub fn visitor(visit: Option<Uuid>) -> Caller {
    Caller::Visitor {
        session: "test".to_owned(),
        visit,
    }
}
