//! The portal: the web edge. Pages for visitors, desk, kitchen, car park and monitors, and the house's
//! door: staff accounts, browsers' sessions, paired devices. It owns nothing of a visit: every page is
//! made of what the other services answer, asked on behalf of whoever looks at it.

mod accounts;
mod alarm;
mod commands;
mod domain;
mod edge;
mod error;
mod fields;
mod grpc;
mod house;
mod http;
mod lately;
mod live;
mod order_code;
mod page;
mod party;
mod problem;
mod refusal;
mod rooms;
mod routes;
mod secrets;
mod session;
mod store;
mod whence;
mod words;

use std::{sync::Arc, time::Duration};

use kernel::{Context, Parts, Service};
use sky_proto::portal::v1::{access_server::AccessServer, waiting_rooms_server::WaitingRoomsServer};
use tonic::service::Routes;

pub use crate::{
    accounts::{add_account, disable_account, enable_account, list_accounts},
    error::Error,
};

/// The service as the kernel runs it.
pub const SERVICE: Service = Service {
    name: "portal",
    migrations: || sqlx::migrate!(),
    build: |context| Box::pin(async move { build(&context).await }),
};

async fn build(context: &Context) -> anyhow::Result<Parts> {
    let edge = Arc::new(edge::Edge::new(context).await?);
    let db = context.db.clone();
    context.every("sessions that ran out", Duration::from_secs(3600), move || {
        let db = db.clone();
        Box::pin(async move { Ok(db.transact(|tx| Box::pin(commands::clean_up(tx))).await?) })
    });
    let rooms = edge.clone();
    context.every("waiting rooms", domain::waiting_room::TURN, move || {
        let edge = rooms.clone();
        Box::pin(async move { rooms::turn(&edge).await })
    });
    let grpc = Routes::new(AccessServer::new(grpc::AccessGrpc(edge.clone())))
        .add_service(WaitingRoomsServer::new(grpc::waiting_rooms::WaitingRoomsGrpc(edge.clone())));
    Ok(Parts {
        grpc,
        access: vec![grpc::ACCESS, grpc::waiting_rooms::ACCESS],
        http: http::router(edge),
        ..Parts::default()
    })
}
