//! `sky simulate`: one day of the house, played fast through its public gRPC and HTTP interfaces as its
//! people would: visitors book, pay, cancel, drive in, walk in, are scanned and eat; others come to the café only; staff open doors,
//! start shows, delay one and cancel one; a later showing goes on sale with a waiting room; monitors watch; and things
//! go wrong (see `troubles`). At the end a table and `sky verify`.
//!
//! It runs on throw-away servers of its own and touches no other house.

mod api;
mod arrival;
mod cafe;
mod crowd;
mod desk;
mod estimates;
mod forecast;
mod heads;
mod places;
mod programme;
mod report;
mod sale;
mod staff;
mod troubles;
mod visitor;

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::Berlin;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use kernel::{Boot, Clock, Running, Settings, Tasks};
use tokio::sync::watch;

use crate::{config, house, run, servers, services, up, verify};
use api::{Api, Door};
use report::Report;

/// Options of `sky simulate`.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// The day to play; without it, the next Saturday.
    #[arg(long, value_parser = crate::date)]
    day: Option<NaiveDate>,
    /// How many times faster than real time.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=3600))]
    speed: u32,
    /// First minute to play, Halle's time.
    #[arg(long, default_value = "08:30", value_parser = time)]
    from: NaiveTime,
    /// Last minute to play.
    #[arg(long, default_value = "23:00", value_parser = time)]
    until: NaiveTime,
    /// The same seed plays the same day.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The house.
    #[arg(long, value_name = "FILE", default_value = "deploy/houses/halle.toml")]
    house: PathBuf,
}

fn time(text: &str) -> Result<NaiveTime, String> {
    NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| format!("\"{text}\" is not a time such as 09:30"))
}

/// What everybody in the simulation shares.
pub struct World {
    clock: Clock,
    api: Api,
    report: Report,
    tasks: Tasks,
    /// The scanners of the lanes.
    lanes: Vec<Door>,
    desk: desk::Desk,
    /// Whether the monitor that dies is dead.
    dead_screen: watch::Sender<bool>,
    opens: DateTime<Utc>,
    closes: DateTime<Utc>,
}

/// Two lanes lead into the dome.
const LANES: usize = 2;

impl World {
    /// Waits until an instant of the house's time.
    async fn until(&self, at: DateTime<Utc>) {
        let wait = (at - self.clock.now()).to_std().unwrap_or_default();
        self.clock.sleep(wait).await;
    }

    /// Waits for a span of the house's time.
    async fn wait(&self, seconds: u64) {
        self.clock.sleep(Duration::from_secs(seconds)).await;
    }
}

/// Plays the day. Nothing of the configuration is asked: a database, a printer or a mail server that stands there is a
/// real house's.
pub async fn command(options: Options) -> anyhow::Result<ExitCode> {
    let mut settings = Settings { log: "error".to_owned(), ..Settings::default() };
    let _telemetry = kernel::telemetry::init(&settings)?;
    let mut stop = run::Stop::listen()?;
    let folder = servers::Folder::new(None)?;
    let fast = servers::Options { fast: true, ..servers::Options::default() };
    let servers = servers::Servers::start(folder.path(), fast).await?;
    settings.database_url = servers.database_url().to_owned();
    settings.nats_url = servers.nats_url().to_owned();
    settings.identity_key = config::key(folder.path(), "identity")?;
    settings.ticket_key = config::key(folder.path(), "ticket")?;
    settings.grpc_listen = "127.0.0.1:0".to_owned();
    settings.http_listen = "127.0.0.1:0".to_owned();
    let outcome = tokio::select! {
        outcome = play(settings, &options) => outcome,
        () = stop.told() => Ok(false),
    };
    servers.stop().await?;
    Ok(if outcome? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn play(mut settings: Settings, options: &Options) -> anyhow::Result<bool> {
    let day = options.day.unwrap_or_else(next_saturday);
    let at = |time: NaiveTime| {
        Berlin
            .from_local_datetime(&day.and_time(time))
            .earliest()
            .context("no such time that day")
            .map(|at| at.to_utc())
    };
    let (opens, closes) = (at(options.from)?, at(options.until)?);
    let least = programme::BEFORE + programme::AFTER;
    anyhow::ensure!(
        opens + least < closes,
        "--until must be more than {} minutes after --from: people come before a showing and stay after it",
        least.num_minutes()
    );
    let clock = Clock::scaled(opens, options.speed);
    let provider = up::DemoProvider::start_if_wanted(&mut settings, None).await?;
    let boot =
        Boot { services: services::ALL.to_vec(), settings: settings.clone(), clock: clock.clone(), migrate: true };
    let running = kernel::run(boot).await?;
    house::load(&options.house, false, |service| running.transport(service, "sky")).await?;
    let result = day_of_the_house(&settings, options, &running, clock, (opens, closes), provider.is_some()).await;
    let good = match result {
        Ok(world) => {
            let verified = verify::verify(&settings).await;
            world.report.print(&world.api).await;
            println!();
            let held = verify::print(&verified?);
            let unmet = world.report.unmet();
            for why in &unmet {
                println!("NOT AS IT SHOULD BE: {why}");
            }
            held && unmet.is_empty()
        }
        Err(error) => {
            running.shutdown().await;
            return Err(error);
        }
    };
    let orderly = running.shutdown().await;
    if !orderly {
        println!("NOT AS IT SHOULD BE: the house did not end in order");
    }
    Ok(good && orderly)
}

fn next_saturday() -> NaiveDate {
    let today = kernel::clock::wall_now().with_timezone(&Berlin).date_naive();
    let ahead = (5 + 7 - i64::from(today.weekday().num_days_from_monday())) % 7;
    today + TimeDelta::days(ahead)
}

async fn day_of_the_house(
    settings: &Settings,
    options: &Options,
    running: &Running,
    clock: Clock,
    (opens, closes): (DateTime<Utc>, DateTime<Utc>),
    online: bool,
) -> anyhow::Result<Arc<World>> {
    let url = settings.database_urls.get("portal").unwrap_or(&settings.database_url);
    let api = Api::connect(running.grpc, running.http, url).await?;
    let mut lanes = Vec::new();
    for lane in 1..=LANES {
        lanes.push(api.device("scanner", &format!("scanner-{lane}")).await?);
    }
    let (report, tasks) = (Report::default(), Tasks::default());
    let world = Arc::new(World {
        clock,
        api,
        report,
        tasks,
        lanes,
        desk: desk::Desk::default(),
        dead_screen: watch::Sender::new(false),
        opens,
        closes,
    });
    let showings = programme::showings(&world).await?;
    anyhow::ensure!(
        !showings.is_empty(),
        "no public showing that day between --from and --until; choose another --day"
    );
    let parties = crowd::plan(&world, &showings, options.seed, online);
    println!(
        "{}: {} showings, {} parties, {} people, {}× real time",
        opens.with_timezone(&Berlin).format("%A %F"),
        showings.len(),
        parties.len(),
        parties.iter().map(crowd::Party::people).sum::<u32>(),
        world.clock.speed()
    );
    places::count(&world).await?;
    heads::count(&world).await?;
    staff::begin(&world, &showings).await?;
    forecast::begin(&world);
    sale::begin(&world).await?;
    troubles::begin(&world, &showings);
    let coach = parties.iter().find(|party| party.class).map(crowd::Party::comes_at);
    arrival::begin(&world, &showings, coach);
    cafe::begin(&world, options.seed);
    for party in parties {
        let world_ = world.clone();
        world.tasks.spawn_until_stop(async move { visitor::visit(&world_, party).await });
    }
    let seconds = (closes - opens).num_seconds().unsigned_abs();
    let bar = ProgressBar::new(seconds).with_style(ProgressStyle::with_template("{msg} {wide_bar} {percent:>3} %")?);
    while world.clock.now() < closes {
        bar.set_position((world.clock.now() - opens).num_seconds().unsigned_abs().min(seconds));
        bar.set_message(format!(
            "{} {}",
            world.clock.now().with_timezone(&Berlin).format("%H:%M"),
            world.report.line()
        ));
        world.api.renew().await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bar.finish_and_clear();
    world.tasks.shutdown(Duration::from_secs(10)).await;
    Ok(world)
}
