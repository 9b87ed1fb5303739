//! The floor: what the machine's PostgreSQL, NATS and gRPC need for the hops that the product cannot
//! avoid, and beside it, in the same run, the product's own chain from a desk command to the change on
//! a monitor's stream.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use async_nats::jetstream::{self, consumer::pull};
use futures::StreamExt;
use sky_proto::{
    flow::v1::{AdmissionState, GetFlowRequest, MoveAdmissionRequest, flow_client::FlowClient},
    kernel::v1::HeadResponse,
    signage::v1::{WatchDisplayRequest, display_update::Update, signage_client::SignageClient},
};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::sync::watch;
use tonic::Status;

use crate::{
    house::{HALLE, House},
    push,
    report::{Figure, Latencies, Report, median},
};

const ROUNDS: usize = 400;
/// Nobody at a desk presses a button more often: what one command has set going is over when the next one comes.
const PACE: Duration = Duration::from_millis(50);
/// So many of these.
const PACED: usize = 100;

/// Measures everything in turn, `runs` times.
pub async fn measure(report: &mut Report, runs: u32) -> anyhow::Result<()> {
    let house = House::fresh_as(&with_late_showings(&std::fs::read_to_string(HALLE)?)?).await?;
    let bare = Bare::prepare(&house).await?;
    let mut results: [Vec<Latencies>; 6] = Default::default();
    for run in 1..=runs {
        results[0].push(bare.commits().await?);
        results[1].push(bare.publishes().await?);
        results[2].push(bare.chain(ROUNDS, Duration::ZERO).await?);
        results[3].push(product(&house, ROUNDS, Duration::ZERO).await?);
        results[4].push(bare.chain(PACED, PACE).await?);
        results[5].push(product(&house, PACED, PACE).await?);
        let line: Vec<String> =
            results.iter().filter_map(|all| all.last()).map(|last| format!("{:.2}", last.median_ms())).collect();
        println!(
            "run {run}: commit, publish; bare chain, product chain; the same one at a time = {} ms",
            line.join(", ")
        );
    }
    let folder = house.stop().await?;
    std::fs::remove_dir_all(folder)?;
    let names = [
        "commit",
        "publish acknowledged by the stream",
        "bare chain, one after the other",
        "desk to monitor, one after the other",
        "bare chain, one every 50 ms",
        "desk to monitor, one every 50 ms",
    ];
    let floors: Vec<f64> = results.iter().map(|all| median(all.iter().map(Latencies::median_ms).collect())).collect();
    for (place, (metric, all)) in names.into_iter().zip(&results).enumerate() {
        report.add(Figure {
            scenario: "floor",
            metric,
            unit: "ms",
            median: median(all.iter().map(Latencies::median_ms).collect()),
            p99: Some(median(all.iter().map(Latencies::p99_ms).collect())),
            floor: matches!(place, 3 | 5).then(|| floors[place - 1]),
        })?;
    }
    Ok(())
}

/// The house with a showing late in every evening: whenever this is measured, the door's monitor has one to show.
fn with_late_showings(file: &str) -> anyhow::Result<String> {
    let late = "weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
        times = ['23:00']
        title = 'planeten'
        layout = 'dome-a'
        door_quota = 11
        staff_quota = 5";
    let mut house: toml::Table = toml::from_str(file)?;
    let schedule = house.get_mut("reservations").and_then(|it| it.get_mut("schedule")).and_then(|it| it.as_array_mut());
    schedule.context("the house file has no schedule")?.push(toml::from_str::<toml::Value>(late)?);
    Ok(toml::to_string(&house)?)
}

/// The bare parts: a table, a stream, a watch channel.
struct Bare {
    database_url: String,
    jetstream: jetstream::Context,
}

impl Bare {
    async fn prepare(house: &House) -> anyhow::Result<Self> {
        let mut admin = PgConnection::connect(&house.database_url).await?;
        admin.execute("create database floor").await?;
        let (base, _) = house.database_url.rsplit_once('/').unwrap_or_default();
        let database_url = format!("{base}/floor");
        let mut connection = PgConnection::connect(&database_url).await?;
        connection
            .execute("create table source (n bigint not null, payload bytea); create table effect (n bigint not null)")
            .await?;
        let address: async_nats::ServerAddr = house.nats_url.parse()?;
        let (user, password) = (address.username().unwrap_or_default(), address.password().unwrap_or_default());
        let options = async_nats::ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned());
        let jetstream = jetstream::new(options.connect(address).await?);
        let config = jetstream::stream::Config {
            name: "floor".to_owned(),
            subjects: vec!["floor.>".to_owned()],
            ..Default::default()
        };
        jetstream.create_stream(config).await?;
        Ok(Self { database_url, jetstream })
    }

    async fn commits(&self) -> anyhow::Result<Latencies> {
        let mut connection = PgConnection::connect(&self.database_url).await?;
        let mut latencies = Latencies::new();
        for n in 0..ROUNDS as i64 {
            let started = Instant::now();
            insert(&mut connection, "source", n).await?;
            latencies.add(started.elapsed());
        }
        Ok(latencies)
    }

    async fn publishes(&self) -> anyhow::Result<Latencies> {
        let mut latencies = Latencies::new();
        for _ in 0..ROUNDS {
            let started = Instant::now();
            self.jetstream.publish("floor.bare", vec![0; 200].into()).await?.await?;
            latencies.add(started.elapsed());
        }
        Ok(latencies)
    }

    /// commit → publish → receive → commit → push to a gRPC stream, with nothing else around.
    async fn chain(&self, rounds: usize, pace: Duration) -> anyhow::Result<Latencies> {
        let stream = self.jetstream.get_stream("floor").await?;
        stream.purge().await?;
        let consumer = stream
            .create_consumer(pull::Config {
                deliver_policy: jetstream::consumer::DeliverPolicy::New,
                ..Default::default()
            })
            .await?;
        let mut messages = consumer.messages().await?;
        let (sender, receiver) = watch::channel(HeadResponse::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let tasks = kernel::Tasks::default();
        push::serve(listener, receiver, &tasks);
        // The effect's side: receive, commit, tell the stream.
        let mut effects = PgConnection::connect(&self.database_url).await?;
        tasks.spawn_until_stop(async move {
            while let Some(Ok(message)) = messages.next().await {
                let n = i64::from_be_bytes(message.payload[..8].try_into().unwrap_or_default());
                if insert(&mut effects, "effect", n).await.is_err() || message.ack().await.is_err() {
                    return;
                }
                sender.send_replace(HeadResponse { pub_seq: n.unsigned_abs() });
            }
        });
        let mut pushed = push::watch::<HeadResponse>(push::connect(address).await?).await?;
        let mut commands = PgConnection::connect(&self.database_url).await?;
        let mut latencies = Latencies::new();
        for n in 1..=rounds as i64 {
            tokio::time::sleep(pace).await;
            let started = Instant::now();
            insert(&mut commands, "source", n).await?;
            let mut payload = vec![0; 200];
            payload[..8].copy_from_slice(&n.to_be_bytes());
            self.jetstream.publish("floor.chain", payload.into()).await?.await?;
            while pushed.message().await?.is_some_and(|pushed| pushed.pub_seq != n.unsigned_abs()) {}
            latencies.add(started.elapsed());
        }
        tasks.shutdown(Duration::from_secs(2)).await;
        Ok(latencies)
    }
}

async fn insert(connection: &mut PgConnection, table: &str, n: i64) -> Result<(), sqlx::Error> {
    sqlx::query(AssertSqlSafe(format!("insert into {table} (n) values ($1)"))).bind(n).execute(connection).await?;
    Ok(())
}

/// The product: the operator moves a showing between "doors open" and "last call"; the clock stops when
/// the monitor at the dome door has the change on its stream.
async fn product(house: &House, rounds: usize, pace: Duration) -> anyhow::Result<Latencies> {
    let operator = House::operator();
    let mut flow = FlowClient::new(house.channel(&operator).await?);
    let mut signage = SignageClient::new(house.channel(&operator).await?);
    let now = kernel::clock::wall_now();
    let window = GetFlowRequest {
        from: Some(kernel::values::timestamp(now)),
        until: Some(kernel::values::timestamp(now + chrono::TimeDelta::days(6))),
    };
    let admissions = flow.get_flow(window).await?.into_inner().admissions;
    // The next showing is the one on the door's monitor.
    let next = admissions.iter().min_by_key(|admission| admission.starts_at.map(|at| at.seconds));
    let soon = next
        .and_then(|admission| admission.starts_at)
        .is_some_and(|at| kernel::values::from_timestamp(Some(at)) < now + chrono::TimeDelta::hours(12));
    anyhow::ensure!(
        soon,
        "no showing begins within twelve hours, so the door's monitor shows none; measure later in the day"
    );
    let showing_id = next
        .map(|admission| admission.showing_id.clone())
        .ok_or_else(|| anyhow::anyhow!("the house has no showing"))?;
    let request = WatchDisplayRequest { display_id: "dome-door-1".to_owned(), after_revision: 0 };
    let mut monitor = signage.watch_display(request).await?.into_inner();
    let mut latencies = Latencies::new();
    for round in 0..=rounds {
        tokio::time::sleep(pace).await;
        let to = if round % 2 == 0 { AdmissionState::DoorsOpen } else { AdmissionState::LastCall };
        let word = if round % 2 == 0 { "doors_open" } else { "last_call" };
        let started = Instant::now();
        flow.move_admission(MoveAdmissionRequest { showing_id: showing_id.clone(), to: to.into() }).await?;
        let seen = tokio::time::timeout(Duration::from_secs(10), async {
            while let Some(update) = monitor.message().await? {
                if let Some(Update::Content(content)) = update.update
                    && content.lines.iter().any(|line| line.status == word)
                {
                    return Ok(());
                }
            }
            Err(Status::unavailable("the monitor's stream ended"))
        });
        seen.await.map_err(|_| anyhow::anyhow!("the monitor did not follow to {word} within ten seconds"))??;
        // The first round may find the state as it was.
        if round > 0 {
            latencies.add(started.elapsed());
        }
    }
    Ok(latencies)
}
