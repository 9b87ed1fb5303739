//! Smart monitors: what each display of the house shows, computed from what the other services tell.
//!
//! Facts come in as events and are kept in a copy of our own, in memory and in the database; after each of them the
//! contents are computed again, once per distinct view, and only those that really changed get a new revision.
//! Nothing here may show personal data, and evacuation is never decided here: it comes from flow.

pub mod board;
pub mod cap;
pub mod commands;
pub mod domain;
pub mod error;
pub mod events;
mod feeds;
pub mod grpc;
pub mod house;
mod http;
pub mod ical;
pub mod reactions;
pub mod screens;
pub mod sightings;
pub mod smil;
pub mod store;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use kernel::{
    BoxFuture, Combiner, Consumer, Context, Db, Event, Failure, Live, Parts, Remembered, Service, Tx, clock::wall_now,
    heard::Word,
};
use serde::Deserialize;
use sky_proto::signage::v1::{
    alerts_server::AlertsServer, displays_server::DisplaysServer, programmes_server::ProgrammesServer,
    signage_server::SignageServer,
};
use tonic::service::Routes;

use board::Board;
use domain::{Fact, Silence, TELLERS, Told};
use error::Error;
use feeds::Feeds;
use screens::Screens;
use sightings::Sightings;

/// The service, for the kernel to run.
pub const SERVICE: Service = Service { name: "signage", migrations: || sqlx::migrate!(), build };

/// The live topic of the wall, and its only key.
pub(crate) const BOARD: &str = "board";

/// Showings pass and messages run out without any event: all contents are looked at this often.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// Facts that can no longer be shown are removed this often.
const TIDY: Duration = Duration::from_secs(3600);

/// In an evacuation all displays say at once that they show it: so many are noted in one transaction …
const TOGETHER: usize = 1000;
/// … and so many may wait.
const WAITING: usize = 20_000;
/// Of the players of so many displays it is remembered what they fetched.
const FETCHED: usize = 10_000;
/// Silent displays are looked for this often.
const WATCH_OVER: Duration = Duration::from_secs(5);
/// A service of which nothing was heard for so long is silent: three times the kernel's follower has asked in vain.
const SILENT: Duration = Duration::from_secs(45);
/// Hints from other replicas may be lost: each looks at the database this often, by the machine's clock.
const LOOK: Duration = Duration::from_secs(1);

fn build(context: Context) -> BoxFuture<'static, anyhow::Result<Parts>> {
    Box::pin(async move {
        let board = Board::default();
        every(&context, &board, "contents", LOOK_AGAIN, |tx, board| Box::pin(commands::look_again(tx, board)));
        every(&context, &board, "old facts", TIDY, |tx, board| Box::pin(commands::tidy(tx, board)));
        let Settings { warnings, senders, grace_seconds } = context.settings.service(context.service)?;
        let feeds = Feeds::new(&warnings, senders)?;
        follow_warnings(&context, &board, &feeds);
        watch_over(&context, &board, Duration::from_secs(grace_seconds));
        listen(&context, &board);
        follow_others(&context, &board.screens);
        let sightings = Sightings::keep(&context);
        let acknowledgements =
            Combiner::start(&context, WAITING, TOGETHER, |tx, said| Box::pin(commands::acknowledge(tx, said)));
        let open = http::Open {
            fetched: Arc::new(Remembered::new(FETCHED)),
            said: Arc::new(Remembered::new(FETCHED)),
            db: context.db.clone(),
            sightings: sightings.clone(),
            acknowledgements: acknowledgements.clone(),
        };
        let api = grpc::Api {
            db: context.db.clone(),
            board: board.clone(),
            sightings,
            acknowledgements,
            feeds,
            stop: context.tasks.stopping(),
        };
        let told = |producer, facts, heeds| told(&context.db, &board, producer, facts).heeding(heeds);
        let consumers = vec![
            told("reservations", reactions::of_reservations, reactions::OF_RESERVATIONS),
            told("flow", reactions::of_flow, reactions::OF_FLOW),
            told("parking", reactions::of_parking, reactions::OF_PARKING),
            told("gastro", reactions::of_gastro, reactions::OF_GASTRO),
            Consumer::new("portal", reactions::from_portal).heeding(reactions::OF_PORTAL),
        ];
        Ok(Parts {
            // A film comes in pieces, a screenshot whole.
            grpc: Routes::new(SignageServer::new(api.clone()))
                .add_service(DisplaysServer::new(api.clone()))
                .add_service(ProgrammesServer::new(api.clone()))
                .add_service(AlertsServer::new(api)),
            http: http::router(open),
            access: vec![grpc::ACCESS, grpc::devices::ACCESS, grpc::programmes::ACCESS, grpc::alerts::ACCESS],
            consumers,
            house: Some(house::LOADER),
        })
    })
}

/// What an event says, if it says something here.
type Facts = fn(&Event) -> Result<Option<Fact>, Failure>;

/// What an event says. One that has a place in its teller's log comes behind all that was told of the same thing before, also
/// where it was dead and is applied again; only tests deliver events without a place, in any order.
fn told_by(event: &Event, facts: Facts) -> Result<Option<Told>, Failure> {
    Ok(facts(event)?.map(|fact| Told { fact, in_order: event.pub_seq > 0 }))
}

/// Keeps what a service tells, and shows it: nearly always in one statement, else in a transaction.
fn told(db: &Db, board: &Board, producer: &'static str, facts: Facts) -> Consumer {
    let (db, board, kept) = (db.clone(), board.clone(), board.clone());
    Consumer::new(producer, move |tx, event| {
        Box::pin(async move {
            if let Some(told) = told_by(event, facts)? {
                commands::learn(tx, told);
            }
            Ok(())
        })
    })
    .at_once()
    .and_then(move |tx| {
        let board = kept.clone();
        Box::pin(async move { Ok(commands::show(tx, &board).await?) })
    })
    .in_one_statement(move |step, events| {
        let (db, board) = (db.clone(), board.clone());
        Box::pin(async move {
            let told = events.iter().filter_map(|event| told_by(event, facts).transpose());
            let facts: Vec<Told> = told.collect::<Result<_, _>>()?;
            Ok(commands::show_at_once(&db, &board, step, &facts).await?)
        })
    })
}

/// `[services.signage]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// Where official warnings are read: CAP 1.2, or the warning app's list for a place. None: staff paste them.
    warnings: Vec<String>,
    /// Whose warnings are taken, wherever they come from: their `sender`, in the app's list their `provider`. Empty:
    /// everybody's, since only staff and the addresses above bring any.
    senders: Vec<String>,
    /// A process that has just begun has heard of nobody yet: so long no display counts as silent.
    grace_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { warnings: Vec::new(), senders: Vec::new(), grace_seconds: 60 }
    }
}

/// Reads the feeds of official warnings, if there are any.
fn follow_warnings(context: &Context, board: &Board, feeds: &Feeds) {
    if feeds.names().next().is_none() {
        return;
    }
    let (db, board, feeds) = (context.db.clone(), board.clone(), feeds.clone());
    context.every("official warnings", feeds::PAUSE, move || {
        let (db, board, feeds) = (db.clone(), board.clone(), feeds.clone());
        Box::pin(async move { feeds.turn(&db, &board).await.map_err(Failure::from) })
    });
}

type Turn = for<'t> fn(&'t mut Tx, &'t Board) -> BoxFuture<'t, Result<(), Error>>;

/// A turn of the wall that comes again and again.
fn every(context: &Context, board: &Board, name: &'static str, pause: Duration, turn: Turn) {
    let (db, board) = (context.db.clone(), board.clone());
    context.every(name, pause, move || {
        let (db, board) = (db.clone(), board.clone());
        Box::pin(async move {
            db.transact(move |tx| Box::pin(async move { turn(tx, &board).await })).await.map_err(Failure::from)
        })
    });
}

/// Looks for new and for silent displays. For silent ones not when a process has just begun: then they may only be on their
/// way back.
fn watch_over(context: &Context, board: &Board, grace: Duration) {
    let (db, board, begun) = (context.db.clone(), board.clone(), Instant::now());
    context.every("silent displays", WATCH_OVER, move || {
        let (db, board) = (db.clone(), board.clone());
        Box::pin(async move {
            let fits = board.clone();
            db.transact(move |tx| Box::pin(async move { commands::devices::fit(tx, &fits).await })).await?;
            if begun.elapsed() < grace {
                return Ok(());
            }
            // In a transaction of its own: the one before has the wall until its end.
            db.transact(move |tx| Box::pin(async move { commands::devices::watch_over(tx, &board, wall_now()).await }))
                .await
                .map_err(Failure::from)
        })
    });
}

/// Looks which services are silent.
fn listen(context: &Context, board: &Board) {
    let (db, board, heard) = (context.db.clone(), board.clone(), context.heard.clone());
    context.every("silent services", WATCH_OVER, move || {
        let (db, board, heard) = (db.clone(), board.clone(), heard.clone());
        Box::pin(async move {
            let speed = i32::try_from(db.clock().speed()).unwrap_or(i32::MAX);
            let now = db.clock().now();
            let silence = |producer: &str| {
                let since = match heard.of(producer, SILENT) {
                    Word::Unknown => return None,
                    Word::Lately => None,
                    Word::Silent(ago) => Some(now - TimeDelta::from_std(ago).unwrap_or_default() * speed),
                };
                Some(Silence { producer: producer.to_owned(), since })
            };
            let silences: Vec<Silence> = TELLERS.into_iter().filter_map(silence).collect();
            db.transact(move |tx| Box::pin(async move { commands::listen(tx, &board, &silences).await }))
                .await
                .map_err(Failure::from)
        })
    });
}

/// Hears of what other replicas have changed: by their hints, and by looking.
fn follow_others(context: &Context, screens: &Screens) {
    let (db, hinted) = (context.db.clone(), screens.clone());
    let hints = Live::new(context, BOARD, move |_| {
        let (db, screens) = (db.clone(), hinted.clone());
        Box::pin(async move { Ok((0, screens.catch_up(&db).await?)) })
    });
    hints.keep(BOARD);
    let (db, screens) = (context.db.clone(), screens.clone());
    context.tasks.spawn_until_stop(async move {
        loop {
            if let Err(error) = screens.catch_up(&db).await {
                tracing::debug!(%error, "the wall was not looked at; displays keep what they show");
            }
            screens.tidy();
            tokio::time::sleep(LOOK).await;
        }
    });
}
