//! Smart monitors: what each display of the house shows, computed from what the other services tell.
//!
//! Facts come in as events and are kept in a copy of our own, in memory and in the database; after each of them the
//! contents are computed again, once per distinct view, and only those that really changed get a new revision.
//! Nothing here may show personal data, and evacuation is never decided here: it comes from flow.

pub mod acknowledgements;
pub mod board;
pub mod commands;
pub mod domain;
pub mod error;
pub mod events;
pub mod grpc;
pub mod house;
pub mod reactions;
pub mod screens;
pub mod sightings;
pub mod store;

use std::time::Duration;

use kernel::{BoxFuture, Consumer, Context, Failure, Live, Parts, Service, Tx};
use sky_proto::signage::v1::signage_server::SignageServer;

use acknowledgements::Acknowledgements;
use board::Board;
use error::Error;
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

/// Hints from other replicas may be lost: each looks at the database this often, by the machine's clock.
const LOOK: Duration = Duration::from_secs(1);

fn build(context: Context) -> BoxFuture<'static, anyhow::Result<Parts>> {
    Box::pin(async move {
        let board = Board::default();
        every(&context, &board, "contents", LOOK_AGAIN, |tx, board| Box::pin(commands::look_again(tx, board)));
        every(&context, &board, "old facts", TIDY, |tx, board| Box::pin(commands::tidy(tx, board)));
        follow_others(&context, &board.screens);
        let sightings = Sightings::keep(&context);
        let acknowledgements = Acknowledgements::take(&context);
        let api = grpc::Api {
            db: context.db.clone(),
            board: board.clone(),
            sightings,
            acknowledgements,
            stop: context.tasks.stopping(),
        };
        let show = |consumer: Consumer| {
            let board = board.clone();
            consumer.and_then(move |tx| {
                let board = board.clone();
                Box::pin(async move { Ok(commands::show(tx, &board).await?) })
            })
        };
        Ok(Parts {
            grpc: tonic::service::Routes::new(SignageServer::new(api)),
            access: vec![grpc::ACCESS],
            consumers: vec![
                show(Consumer::new("reservations", reactions::from_reservations)),
                show(Consumer::new("flow", reactions::from_flow)),
                show(Consumer::new("parking", reactions::from_parking)),
                show(Consumer::new("gastro", reactions::from_gastro)),
            ],
            house: Some(house::LOADER),
            ..Parts::default()
        })
    })
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
