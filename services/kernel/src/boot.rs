//! Boot: any subset of services in one process, in one order: configuration, broker, database,
//! migrations, parts, listeners, background work. And the way back: first no new calls and no new
//! background work, then the tasks under way, at most ten seconds in all.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use axum::{Router, extract::ConnectInfo, middleware, routing::get};
use futures::StreamExt;
use sky_proto::kernel::v1::{event_log_server::EventLogServer, operations_server::OperationsServer};
use sqlx::migrate::MigrateError;
use tokio::{net::TcpListener, sync::broadcast};
use tonic::service::Routes;
use uuid::Uuid;

use crate::{
    Clock, Context, Db, Service, Settings, Tasks, Transport,
    broker::{Broker, STREAM_DAYS},
    follower::Follower,
    heard::Heard,
    identity::{Gate, admit},
    leader::Leader,
    live::Hub,
    operations::{self, Room, Rooms},
    position::Durable,
    relay::Relay,
    serving::{self, Patience},
    transport::Transports,
};

/// What a process is to run.
#[derive(Debug)]
pub struct Boot {
    /// The services, in any order.
    pub services: Vec<Service>,
    /// The configuration.
    pub settings: Settings,
    /// The house's clock.
    pub clock: Clock,
    /// False: refuse to start when a migration is missing (a release step runs them).
    pub migrate: bool,
}

/// A running process.
pub struct Running {
    /// Where gRPC is served.
    pub grpc: SocketAddr,
    /// Where HTTP is served.
    pub http: SocketAddr,
    tasks: Tasks,
    background: Tasks,
    transports: Transports,
    pub(crate) rooms: Rooms,
    pub(crate) by_name: HashMap<&'static str, Room>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Running").field("grpc", &self.grpc).field("http", &self.http).finish_non_exhaustive()
    }
}

/// So long consumers may write down how far they are when all else has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long an orderly end may take.
const SHUTDOWN_CAP: Duration = Duration::from_secs(10);

/// Runs the migrations of some services.
///
/// # Errors
/// A database that cannot be reached, a migration that fails.
pub async fn migrate(services: &[Service], settings: &Settings) -> anyhow::Result<()> {
    for service in services {
        let name = service.name;
        crate::db::migrate(settings.database_url(name), name, (service.migrations)()).await.map_err(|error| match error {
            MigrateError::VersionMissing(version) => anyhow::anyhow!(
                "database of {name}: a newer program has used it (this one does not know its migration {version}); run the newer one"
            ),
            error => anyhow::anyhow!("database of {name}: {error}. Check SKY_DATABASE_URL and that PostgreSQL runs."),
        })?;
    }
    Ok(())
}

/// Starts everything and returns when calls are served.
///
/// # Errors
/// One line that says what is wrong: broker, database, migration, port.
pub async fn run(boot: Boot) -> anyhow::Result<Running> {
    let Boot { services, settings, clock, migrate: with_migrations } = boot;
    crate::telemetry::metrics();
    crate::tls::install();
    anyhow::ensure!(
        !settings.database_url.is_empty(),
        "SKY_DATABASE_URL is not set (postgres://user:password@host/database)"
    );
    anyhow::ensure!(!settings.nats_url.is_empty(), "SKY_NATS_URL is not set (nats://host:4222)");
    anyhow::ensure!(
        settings.event_log_days > STREAM_DAYS,
        "event_log_days is {}; it must be more than {STREAM_DAYS}, because the broker keeps events so long",
        settings.event_log_days
    );
    if settings.clock_ahead_minutes != 0 {
        tracing::warn!(minutes = settings.clock_ahead_minutes, "clock_ahead_minutes is set: a rehearsal, no operation");
    }
    let keys = settings.keys()?;
    let grpc_listener = bind("grpc_listen", &settings.grpc_listen).await?;
    let http_listener = bind("http_listen", &settings.http_listen).await?;
    let broker = Broker::connect(&settings.nats_url, &settings.nats_prefix, "sky").await?;
    if with_migrations {
        migrate(&services, &settings).await?;
    }
    let settings = Arc::new(settings);
    let (tasks, background) = (Tasks::default(), Tasks::default());
    background.spawn_until_stop(crate::telemetry::keep_metrics_small());
    let transports = Transports::new(&settings.peers, keys.clone())?;

    let mut rooms = HashMap::new();
    let mut access = operations::ACCESS.to_vec();
    let mut grpc = Router::new();
    let mut http = Router::new();
    let mut leaders = Vec::new();
    for service in &services {
        let name = service.name;
        let url = settings.database_url(name);
        let hub = Hub::new();
        let db = Db::connect(url, name, settings.pool_size, clock.clone(), tasks.clone(), hub.clone()).await.map_err(
            |error| anyhow::anyhow!("database of {name}: {error}. Check SKY_DATABASE_URL and that PostgreSQL runs."),
        )?;
        if !with_migrations {
            let pending = crate::db::pending_migrations(db.pool(), (service.migrations)()).await;
            anyhow::ensure!(pending == 0, "{name}: {pending} migration(s) have not been run; run `sky migrate` first");
        }
        let heard = Heard::default();
        let leader = Leader::stand_for(name, crate::db::connect_options(url, name)?, &background);
        let context = Context {
            service: name,
            db: db.clone(),
            clock: clock.clone(),
            settings: settings.clone(),
            keys: keys.clone(),
            tasks: background.clone(),
            heard: heard.clone(),
            leader: leader.clone(),
            transports: transports.clone(),
        };
        let parts = (service.build)(context).await.map_err(|error| error.context(format!("{name} cannot start")))?;
        grpc = grpc.merge(parts.grpc.prepare().into_axum_router().reset_fallback());
        http = http.merge(parts.http);
        access.extend(parts.access);
        let followers = parts
            .consumers
            .iter()
            .map(|consumer| {
                let log = transports.to(consumer.producer, name);
                Follower::new(db.clone(), consumer, log, broker.clone(), heard.clone())
            })
            .collect();
        rooms.insert(name, Room { db, followers, house: parts.house });
        leaders.push((name, leader, hub));
    }

    let by_name = rooms.clone();
    let rooms = Rooms::new(rooms, broker.clone());
    let kernel = Routes::new(EventLogServer::new(rooms.clone())).add_service(OperationsServer::new(rooms.clone()));
    let grpc = grpc
        .merge(kernel.prepare().into_axum_router().reset_fallback())
        .fallback(|| async {
            tonic::Status::permission_denied("Nobody may call this method.").into_http::<axum::body::Body>()
        })
        .layer(middleware::from_fn_with_state(Gate::new(&access, keys), admit));
    for service in &services {
        transports.here(service.name, grpc.clone());
    }

    for (name, leader, hub) in leaders {
        let room = &by_name[name];
        let (db, broker_, days) = (room.db.clone(), broker.clone(), settings.event_log_days);
        leader.while_leading(&background, move || Relay::new(db.clone(), broker_.clone(), days).run());
        for follower in &room.followers {
            let follower = follower.clone();
            leader.while_leading(&background, move || follower.clone().run());
        }
        carry_hints(name, &broker, &hub, &background);
    }

    let grpc_address = serving::grpc(grpc_listener, grpc, Patience::USUAL, &tasks, &background)?;
    let http = http.merge(kernel_pages(rooms.clone()));
    let http_address = serving::http(http_listener, http, Patience::USUAL, &tasks, &background)?;
    tracing::info!(grpc = %grpc_address, http = %http_address, services = ?services.iter().map(|service| service.name).collect::<Vec<_>>(), "ready");
    Ok(Running { grpc: grpc_address, http: http_address, tasks, background, transports, rooms, by_name })
}

impl Running {
    /// A way to a service, with the authority of `caller`: for the `sky` binary's own commands.
    #[must_use]
    pub fn transport(&self, to: &'static str, caller: &'static str) -> Transport {
        self.transports.to(to, caller)
    }

    /// Health of all services of this process.
    pub async fn health(&self) -> Vec<sky_proto::kernel::v1::ServiceHealth> {
        self.rooms.health_of_all().await
    }

    #[cfg(feature = "testing")]
    pub(crate) const fn background(&self) -> &Tasks {
        &self.background
    }

    /// Ends in order: background work and listeners, then open calls and transactions.
    /// False: something did not end within ten seconds and is cut off.
    pub async fn shutdown(self) -> bool {
        let started = tokio::time::Instant::now();
        // Streams, relays, consumers and timers watch `background`; the listeners' graceful end too.
        let quiet = self.background.shutdown(SHUTDOWN_CAP).await;
        let done = self.tasks.shutdown(SHUTDOWN_CAP.saturating_sub(started.elapsed())).await;
        // What is not written down then is passed over again at the next start.
        let followers = self.by_name.values().flat_map(|room| &room.followers);
        let written = futures::future::join_all(followers.map(|follower| follower.write_down(Durable::Yes)));
        let left = SHUTDOWN_CAP.saturating_sub(started.elapsed()).min(LAST_WORDS);
        let _ = tokio::time::timeout(left, written).await;
        if !(quiet && done) {
            tracing::warn!("some tasks did not end within ten seconds and are cut off");
        }
        quiet && done
    }
}

async fn bind(key: &str, address: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "{key}: the port of {address} is taken; end the other program or set SKY_{} to another one",
            key.to_uppercase()
        ),
        _ => anyhow::anyhow!("{key}: cannot listen on {address}: {error}"),
    })
}

/// Liveness, readiness and metrics, for whatever watches the process.
fn kernel_pages(rooms: Rooms) -> Router {
    let ready = rooms.clone();
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route(
            "/readyz",
            get(move || {
                let rooms = ready.clone();
                async move {
                    let bad: Vec<String> = rooms
                        .health_of_all()
                        .await
                        .into_iter()
                        .filter(|health| !health.database_ok)
                        .map(|health| health.service)
                        .collect();
                    if bad.is_empty() {
                        (http::StatusCode::OK, "ready".to_owned())
                    } else {
                        (http::StatusCode::SERVICE_UNAVAILABLE, format!("no database: {}", bad.join(", ")))
                    }
                }
            }),
        )
        .route(
            "/metrics",
            get(move |ConnectInfo(from): ConnectInfo<SocketAddr>, headers: http::HeaderMap| {
                let rooms = rooms.clone();
                async move {
                    if !is_from_this_machine(from, &headers) {
                        return Err((http::StatusCode::NOT_FOUND, "metrics are for programs on this machine"));
                    }
                    rooms.health_of_all().await;
                    Ok(crate::telemetry::metrics().render())
                }
            }),
        )
}

/// The port is the visitors' too, and how the house is doing is not theirs to know: neither directly nor through the
/// proxy in front of it, which says for whom it asks.
fn is_from_this_machine(from: SocketAddr, headers: &http::HeaderMap) -> bool {
    let is_for_others = ["forwarded", "x-forwarded-for"].iter().any(|name| headers.contains_key(*name));
    from.ip().to_canonical().is_loopback() && !is_for_others
}

/// So long after a change the other replicas are told of it.
const HINT_AFTER: Duration = Duration::from_millis(2);

/// Tells the other replicas of a service, lossily, what has changed here, and listens to theirs.
fn carry_hints(service: &'static str, broker: &Broker, hub: &Hub, tasks: &Tasks) {
    let me = Uuid::new_v4().to_string();
    let subject = broker.hint_subject(service);
    let (client, mine, mut changes) = (broker.client.clone(), me.clone(), hub.subscribe());
    let to = subject.clone();
    tasks.spawn_until_stop(async move {
        loop {
            let first = match changes.recv().await {
                Ok(change) => Some(change),
                Err(broadcast::error::RecvError::Lagged(_)) => None,
                Err(broadcast::error::RecvError::Closed) => return,
            };
            // The event goes first: somebody waits for what becomes of it in this process. And a crowd is told once.
            tokio::time::sleep(HINT_AFTER).await;
            let rest = std::iter::from_fn(|| changes.try_recv().ok());
            let local = first.into_iter().chain(rest).filter(|change| change.local);
            let changed: HashSet<(String, String)> = local.map(|change| (change.topic, change.key)).collect();
            for (topic, key) in changed {
                // Lossy by design: watchers look again every 15 s.
                let _ = client.publish(to.clone(), format!("{mine} {topic} {key}").into()).await;
            }
        }
    });
    let (client, hub) = (broker.client.clone(), hub.clone());
    tasks.spawn_until_stop(async move {
        let Ok(mut hints) = client.subscribe(subject).await else {
            return;
        };
        while let Some(hint) = hints.next().await {
            let text = String::from_utf8_lossy(&hint.payload);
            let mut words = text.splitn(3, ' ');
            if let (Some(who), Some(topic), Some(key)) = (words.next(), words.next(), words.next())
                && who != me
            {
                hub.touched_elsewhere(topic.to_owned(), key.to_owned());
                hub.wake_relay();
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_for_programs_on_this_machine() {
        let asked = |from: &str, header: Option<&'static str>| {
            let headers = header.map(|name| (name.parse().expect("a name"), http::HeaderValue::from_static("x")));
            is_from_this_machine(from.parse().expect("an address"), &headers.into_iter().collect())
        };
        assert!(asked("127.0.0.1:4000", None) && asked("[::1]:4000", None) && asked("[::ffff:127.0.0.1]:4000", None));
        assert!(!asked("192.0.2.7:4000", None) && !asked("[2001:db8::7]:4000", None));
        assert!(!asked("127.0.0.1:4000", Some("x-forwarded-for")) && !asked("[::1]:4000", Some("forwarded")));
    }
}
