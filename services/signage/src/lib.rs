//! Smart monitors: what each display of the house shows, computed from what the other services tell.
//!
//! Facts come in as events and are kept in a copy of our own; after each of them the contents of all
//! displays are computed again, and only those that really changed get a new revision. Nothing here
//! may show personal data, and evacuation is never decided here: it comes from flow.

pub mod commands;
pub mod domain;
pub mod error;
pub mod events;
pub mod grpc;
pub mod house;
pub mod reactions;
pub mod store;

use std::time::Duration;

use kernel::{BoxFuture, Consumer, Context, Failure, Live, Parts, Service};
use sky_proto::signage::v1::signage_server::SignageServer;

/// The service, for the kernel to run.
pub const SERVICE: Service = Service { name: "signage", migrations: || sqlx::migrate!(), build };

/// The live topic of the displays; its keys are display ids.
pub(crate) const DISPLAY: &str = "display";

/// Showings pass and messages run out without any event: all contents are looked at this often.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// Facts that can no longer be shown are removed this often.
const TIDY: Duration = Duration::from_secs(3600);

fn build(context: Context) -> BoxFuture<'static, anyhow::Result<Parts>> {
    Box::pin(async move {
        let db = context.db.clone();
        context.every("contents", LOOK_AGAIN, move || {
            let db = db.clone();
            Box::pin(async move { db.transact(|tx| Box::pin(commands::look_again(tx))).await.map_err(Failure::from) })
        });
        let db = context.db.clone();
        context.every("old facts", TIDY, move || {
            let db = db.clone();
            Box::pin(async move { db.transact(|tx| Box::pin(commands::tidy(tx))).await.map_err(Failure::from) })
        });
        let db = context.db.clone();
        let contents = Live::new(&context, DISPLAY, move |display_id| {
            let db = db.clone();
            Box::pin(async move {
                let shown = store::shown(db.pool(), &display_id).await?;
                Ok((shown.revision.unsigned_abs(), shown))
            })
        });
        let api = grpc::Api { db: context.db.clone(), contents };
        Ok(Parts {
            grpc: tonic::service::Routes::new(SignageServer::new(api)),
            access: vec![grpc::ACCESS],
            consumers: vec![
                Consumer::new("reservations", reactions::from_reservations).and_then(reactions::show),
                Consumer::new("flow", reactions::from_flow).and_then(reactions::show),
                Consumer::new("parking", reactions::from_parking).and_then(reactions::show),
                Consumer::new("gastro", reactions::from_gastro).and_then(reactions::show),
            ],
            house: Some(house::LOADER),
            ..Parts::default()
        })
    })
}
