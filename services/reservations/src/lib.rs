//! Programme, showings, seats: who may sit where and when, from the first hold to the ticket.
//!
//! Places are rows (`seat_claim`); no count is ever the guard of a place. Knows nothing of parking,
//! meals or how a visit is paid: it follows what journey says of the visit.

mod commands;
mod domain;
mod error;
mod events;
mod grpc;
mod house;
mod reactions;
mod seller;
mod store;

use std::time::Duration;

use kernel::{Consumer, Context, HouseLoader, Parts, Service};
use serde::Deserialize;
use sky_proto::reservations::v1::reservations_server::ReservationsServer;
use tonic::service::Routes;

/// The service as the kernel runs it.
pub const SERVICE: Service = Service {
    name: "reservations",
    migrations: || sqlx::migrate!(),
    build: |context| Box::pin(async move { build(&context) }),
};

/// `[services.reservations]` of the configuration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Own {
    /// How many orders for places may wait; whoever comes then is asked to come again. The default holds
    /// all that a rush for one showing sends at one instant, and is worked off in a second.
    queue: usize,
}

impl Default for Own {
    fn default() -> Self {
        Self { queue: 8192 }
    }
}

fn build(context: &Context) -> anyhow::Result<Parts> {
    let own: Own = context.settings.service(SERVICE.name)?;
    anyhow::ensure!(own.queue > 0, "configuration [services.reservations]: queue must be 1 or more");
    let view = grpc::view::View::start(context);
    let db = context.db.clone();
    // What is told of a showing is no older than a second, also where it changes by time alone.
    context.every("holds that ran out", Duration::from_millis(250), move || {
        let db = db.clone();
        Box::pin(async move { Ok(commands::sweep(&db).await?) })
    });
    let db = context.db.clone();
    context.every("what waits for a showing that was locked", Duration::from_millis(250), move || {
        let db = db.clone();
        Box::pin(async move { reactions::catch_up(&db).await })
    });
    let db = context.db.clone();
    context.every("showings of the coming days", Duration::from_secs(3600), move || {
        let db = db.clone();
        Box::pin(async move { Ok(db.transact(|tx| Box::pin(commands::schedule(tx))).await?) })
    });
    let db = context.db.clone();
    context.every("why codes were issued anew days ago", Duration::from_secs(3600), move || {
        let db = db.clone();
        Box::pin(async move { Ok(db.transact(|tx| Box::pin(commands::forget_reasons(tx))).await?) })
    });
    let db = context.db.clone();
    context.every("availability", Duration::from_millis(250), move || {
        let db = db.clone();
        Box::pin(async move { Ok(db.transact(|tx| Box::pin(commands::tell_availability(tx))).await?) })
    });
    let seller = seller::Seller::start(context, own.queue);
    let server = grpc::ReservationsGrpc::new(context.db.clone(), context.keys.clone(), view, seller);
    Ok(Parts {
        grpc: Routes::new(ReservationsServer::new(server)),
        access: vec![grpc::ACCESS],
        consumers: vec![Consumer::of_runs("journey", reactions::from_journey).heeding(reactions::OF_JOURNEY)],
        house: Some(HouseLoader { check: house::check, apply: house::apply }),
        ..Parts::default()
    })
}
